//! A place in a text, with the line and column that Go would name.

use std::cell::Cell;

/// A place: characters from the start, and line and column from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) index: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Walks over a text byte by byte, counting characters.
///
/// Behind the end every byte reads as 0, which is no character that YAML allows.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    /// Continuation bytes passed so far: `pos - hidden` is the number of characters.
    hidden: usize,
    line: u32,
    /// The character with which the current line starts.
    line_start: usize,
    /// Whether a byte behind the end was asked for.
    saw_end: Cell<bool>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let (bytes, saw_end) = (text.as_bytes(), Cell::new(false));
        Self { text, bytes, pos: 0, hidden: 0, line: 0, line_start: 0, saw_end }
    }

    #[inline]
    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    #[inline]
    pub(crate) fn at(&self, offset: usize) -> u8 {
        match self.bytes.get(self.pos + offset) {
            Some(byte) => *byte,
            None => {
                self.saw_end.set(true);
                0
            }
        }
    }

    /// Whether anyone looked behind the end so far.
    pub(crate) fn saw_end(&self) -> bool {
        self.saw_end.get()
    }

    #[inline]
    pub(crate) fn peek(&self) -> u8 {
        self.at(0)
    }

    /// The bytes from here to the end.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    #[inline]
    pub(crate) fn is_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    #[inline]
    pub(crate) fn column(&self) -> usize {
        self.pos - self.hidden - self.line_start
    }

    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark { index: (self.pos - self.hidden) as u32, line: self.line, column: self.column() as u32 }
    }

    /// The text between two positions that lie on character borders.
    #[inline]
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// Passes `count` ASCII characters.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        self.pos = (self.pos + count).min(self.bytes.len());
    }

    /// Goes to a later position on the same line.
    #[inline]
    pub(crate) fn advance_to(&mut self, pos: usize) {
        self.hidden += continuation_bytes(&self.bytes[self.pos..pos]);
        self.pos = pos;
    }

    /// Passes blanks, tabs too.
    pub(crate) fn skip_blanks(&mut self) {
        while is_blank(self.peek()) {
            self.skip(1);
        }
    }

    /// Goes to the end of the line.
    pub(crate) fn skip_to_line_end(&mut self) {
        let rest = self.rest();
        let mut length = 0;
        while length < rest.len() && break_width(&rest[length..]) == 0 {
            length += 1;
        }
        self.advance_to(self.pos + length);
    }

    #[inline]
    pub(crate) fn is_break(&self) -> bool {
        break_width(self.rest()) > 0
    }

    /// Whether a blank, a line break or the end stands `offset` bytes from here.
    #[inline]
    pub(crate) fn is_blankz(&self, offset: usize) -> bool {
        match self.at(offset) {
            0 | b' ' | b'\t' | b'\r' | b'\n' => true,
            0xC2 | 0xE2 => break_width(&self.bytes[self.pos + offset..]) > 0,
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn is_breakz(&self) -> bool {
        self.is_end() || self.is_break()
    }

    /// Passes a line break, if one is here, and tells how it reads in a value: line and paragraph separators stay
    /// what they are, all others are line feeds.
    #[inline]
    pub(crate) fn take_break(&mut self) -> &'a str {
        let width = break_width(self.rest());
        if width == 0 {
            return "";
        }
        let text = if width == 3 { self.slice(self.pos, self.pos + 3) } else { "\n" };
        self.advance_to(self.pos + width);
        self.new_line();
        text
    }

    /// Whether nothing but blanks stands between the last line break and here.
    pub(crate) fn starts_line(&self) -> bool {
        let blanks = self.bytes[..self.pos].iter().rev().take_while(|byte| is_blank(**byte)).count();
        let before = &self.bytes[..self.pos - blanks];
        matches!(before, [.., b'\n' | b'\r'] | [.., 0xC2, 0x85] | [.., 0xE2, 0x80, 0xA8 | 0xA9])
    }

    /// Whether the next thing on this line is a comment.
    pub(crate) fn comment_follows_on_line(&self) -> bool {
        let ahead = self.rest().iter().take(COMMENT_LOOKAHEAD).find(|byte| !is_blank(**byte));
        ahead == Some(&b'#')
    }

    /// Whether the next thing in the text is a comment, on whichever line.
    pub(crate) fn comment_follows(&self) -> bool {
        let rest = self.rest();
        let mut place = 0;
        while place < rest.len().min(COMMENT_LOOKAHEAD) {
            match break_width(&rest[place..]) {
                0 if is_blank(rest[place]) => place += 1,
                0 => return rest[place] == b'#',
                width => place += width,
            }
        }
        false
    }

    /// Takes the end of the text as the end of a line, as go-yaml does.
    pub(crate) fn finish_line(&mut self) {
        if self.column() != 0 {
            self.new_line();
        }
    }

    /// Passes a second byte order mark (the first is no part of the text).
    pub(crate) fn skip_byte_order_mark(&mut self) {
        if self.pos == 0 && self.bytes.starts_with("\u{feff}".as_bytes()) {
            self.advance_to(3);
        }
    }

    /// Whether a document marker (`---` or `...`) stands here, at the start of a line.
    #[inline]
    pub(crate) fn is_document_marker(&self) -> bool {
        self.column() == 0 && self.is_marker(b'-') | self.is_marker(b'.')
    }

    #[inline]
    pub(crate) fn is_marker(&self, mark: u8) -> bool {
        self.peek() == mark && self.at(1) == mark && self.at(2) == mark && self.is_blankz(3)
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.pos - self.hidden;
    }
}

/// How far go-yaml v3 looks for a comment.
const COMMENT_LOOKAHEAD: usize = 512;

#[inline]
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

#[inline]
pub(crate) fn is_alpha(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The bytes of the line break at the start of `rest`, 0 where there is none.
#[inline]
pub(crate) fn break_width(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xC2, 0x85, ..] => 2,
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
        _ => 0,
    }
}

#[inline]
fn continuation_bytes(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { 0 } else { bytes.iter().filter(|byte| *byte & 0xC0 == 0x80).count() }
}
