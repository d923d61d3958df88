//! From text to tokens, with the same lookahead, and so the same faults, as go-yaml.

mod block;
pub(crate) mod cursor;
pub(crate) mod fault;
mod fetch;
mod scalars;
mod tags;
pub(crate) mod token;

use std::collections::VecDeque;

use cursor::{Cursor, Mark};
use fault::{Dialect, Fault, visible_length};
use token::{Token, TokenKind};

pub(crate) type Scanned<T> = Result<T, Box<Fault>>;

/// Cuts a text into tokens.
pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    /// Behind the end of the visible text stands a character that YAML forbids.
    forbidden_ahead: bool,
    tokens: VecDeque<Token<'a>>,
    /// How many tokens were taken away; numbers the tokens.
    taken: usize,
    dialect: Dialect,
    finished: bool,
    /// Columns of the open block collections; -1 outside of any.
    indent: i32,
    indents: Vec<i32>,
    flow_level: usize,
    /// One place for a possible simple key on each flow level.
    simple_keys: Vec<SimpleKey>,
    simple_key_allowed: bool,
    depth_limit: usize,
}

/// A token that may turn out to be a key once a `:` follows it.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    /// Its token is held back until it is clear whether it is a key.
    holds_back: bool,
    token: usize,
    mark: Mark,
}

/// The longest simple key in characters, its quotes counted.
const SIMPLE_KEY_LENGTH: u32 = 1024;

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect, depth_limit: usize) -> Self {
        let visible = visible_length(text);
        let text = &text[..visible.unwrap_or(text.len())];
        Self {
            cursor: Cursor::new(text.strip_prefix('\u{feff}').unwrap_or(text)),
            forbidden_ahead: visible.is_some(),
            tokens: VecDeque::with_capacity(8),
            taken: 0,
            dialect,
            finished: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_keys: vec![SimpleKey::default()],
            simple_key_allowed: true,
            depth_limit,
        }
    }

    /// The next token, left in its place.
    #[inline]
    pub(crate) fn peek(&mut self) -> Scanned<&Token<'a>> {
        while self.needs_more_tokens()? {
            self.fetch()?;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the token that was peeked at.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Token<'a>> {
        self.taken += 1;
        self.tokens.pop_front()
    }

    #[inline]
    fn needs_more_tokens(&self) -> Scanned<bool> {
        if !self.finished && self.tokens.len() <= self.lookahead() {
            return Ok(true);
        }
        Ok(self.head_may_be_key()? && !self.finished)
    }

    /// Tokens that must wait behind the first before it is given away: v3 looks ahead for comments.
    #[inline]
    fn lookahead(&self) -> usize {
        if self.dialect == Dialect::V2 { 0 } else { 2 }
    }

    /// Whether the first token waits for a `:` that would make it a key. Tokens of possible keys grow with the level.
    #[inline]
    fn head_may_be_key(&self) -> Scanned<bool> {
        let first = match self.simple_keys.as_slice() {
            [only] => usize::from(only.token < self.taken),
            keys => keys.partition_point(|key| key.token < self.taken),
        };
        for key in &self.simple_keys[first..] {
            if key.token != self.taken {
                break;
            }
            if key.possible && key.holds_back {
                return self.is_valid_key(*key);
            }
        }
        Ok(false)
    }

    /// A simple key stands on one line and is short.
    #[inline]
    fn is_valid_key(&self, key: SimpleKey) -> Scanned<bool> {
        if !key.possible {
            return Ok(false);
        }
        let mark = self.cursor.mark();
        if key.mark.line < mark.line || key.mark.index + SIMPLE_KEY_LENGTH < mark.index {
            return if key.required { Err(self.key_without_colon(key)) } else { Ok(false) };
        }
        Ok(true)
    }

    fn key_without_colon(&self, key: SimpleKey) -> Box<Fault> {
        Fault::scanner("could not find expected ':'", self.cursor.mark(), key.mark)
    }

    /// The fault of a character that must not be here.
    fn misplaced(&self, problem: &'static str) -> Box<Fault> {
        Fault::scanner(problem, self.cursor.mark(), self.cursor.mark())
    }

    fn fetch(&mut self) -> Scanned<()> {
        let fetched = self.fetch_token();
        if self.forbidden_ahead && self.cursor.saw_end() {
            return Err(Fault::reader("control characters are not allowed"));
        }
        fetched?;
        if self.dialect == Dialect::V3 {
            self.skip_line_comment();
        }
        Ok(())
    }

    fn fetch_token(&mut self) -> Scanned<()> {
        self.skip_to_token();
        self.unroll_indent(self.cursor.column() as i32);
        if self.cursor.is_end() {
            return self.fetch_stream_end();
        }
        if self.forbidden_ahead && self.cursor.rest().len() < 4 {
            return Err(Fault::reader("control characters are not allowed"));
        }
        let byte = self.cursor.peek();
        if self.cursor.column() == 0 {
            match byte {
                b'%' => return self.fetch_directive(),
                b'-' if self.cursor.is_marker(b'-') => return self.fetch_marker(TokenKind::DocumentStart),
                b'.' if self.cursor.is_marker(b'.') => return self.fetch_marker(TokenKind::DocumentEnd),
                _ => {}
            }
        }
        let in_flow = self.flow_level > 0;
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.cursor.is_blankz(1) => self.fetch_block_entry(),
            b'?' if in_flow || self.cursor.is_blankz(1) => self.fetch_key(),
            b':' if in_flow || self.cursor.is_blankz(1) => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if !in_flow => self.fetch_block_scalar(),
            b'\'' | b'"' => self.fetch_quoted_scalar(),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => Err(self.cannot_start_token()),
            _ => self.fetch_plain_scalar(),
        }
    }

    fn cannot_start_token(&self) -> Box<Fault> {
        self.misplaced("found character that cannot start any token")
    }

    /// Passes blanks, comments and line breaks. A tab is no blank where a block key may start.
    fn skip_to_token(&mut self) {
        loop {
            self.cursor.skip_byte_order_mark();
            loop {
                match self.cursor.peek() {
                    b' ' => self.cursor.skip(1),
                    b'\t' if self.flow_level > 0 || !self.simple_key_allowed => self.cursor.skip(1),
                    _ => break,
                }
            }
            if self.cursor.peek() == b'#' {
                self.skip_comments();
            }
            if self.cursor.take_break().is_empty() {
                return;
            }
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Passes a comment. v3 takes the comments of the following lines with it, and so overlooks tabs before them.
    fn skip_comments(&mut self) {
        loop {
            self.cursor.skip_to_line_end();
            if self.dialect == Dialect::V2 || !self.cursor.comment_follows() {
                return;
            }
            while self.cursor.peek() != b'#' {
                self.cursor.skip_blanks();
                self.cursor.take_break();
            }
        }
    }

    /// Passes the comment on the line of a token, as v3 does, which so overlooks tabs before it.
    fn skip_line_comment(&mut self) {
        let behind_dash = matches!(self.tokens.back(), Some(Token { kind: TokenKind::BlockEntry, .. }));
        if !behind_dash && !self.cursor.starts_line() && self.cursor.comment_follows_on_line() {
            self.cursor.skip_to_line_end();
        }
    }

    fn push(&mut self, kind: TokenKind<'a>, start: Mark) {
        self.tokens.push_back(Token { kind, start, end: self.cursor.mark() });
    }

    /// Puts a token without width before the token of this number, or behind all if that one was taken already.
    fn insert(&mut self, number: usize, kind: TokenKind<'a>, mark: Mark) {
        let place = number.checked_sub(self.taken).unwrap_or(self.tokens.len());
        self.tokens.insert(place, Token { kind, start: mark, end: mark });
    }

    /// Notes that the next token may be a key.
    fn save_simple_key(&mut self) -> Scanned<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let required = self.flow_level == 0 && self.indent == self.cursor.column() as i32;
        let token = self.taken + self.tokens.len();
        let key = SimpleKey { possible: true, required, holds_back: true, token, mark: self.cursor.mark() };
        self.remove_simple_key()?;
        *self.current_key() = key;
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Scanned<()> {
        let key = *self.current_key();
        if key.possible && key.required {
            return Err(self.key_without_colon(key));
        }
        self.current_key().possible = false;
        Ok(())
    }

    fn current_key(&mut self) -> &mut SimpleKey {
        self.simple_keys.last_mut().expect("one simple key stays for the block level")
    }

    /// Opens a block collection at this column, unless it is open already. Its start token goes before the token of
    /// the given number, or behind all.
    fn roll_indent(&mut self, column: u32, number: usize, kind: TokenKind<'a>, mark: Mark) -> Scanned<()> {
        if self.flow_level > 0 || self.indent >= column as i32 {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as i32;
        if self.indents.len() > self.depth_limit {
            return Err(Fault::too_deep(self.depth_limit, mark));
        }
        self.insert(number, kind, mark);
        Ok(())
    }

    /// Opens a block collection here.
    fn roll_indent_here(&mut self, kind: TokenKind<'a>) -> Scanned<()> {
        let mark = self.cursor.mark();
        self.roll_indent(mark.column, self.taken + self.tokens.len(), kind, mark)
    }

    /// Closes the block collections that reach further right than `column`.
    #[inline]
    fn unroll_indent(&mut self, column: i32) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.cursor.mark());
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}
