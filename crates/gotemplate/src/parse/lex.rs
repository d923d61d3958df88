//! From template text to tokens.

use super::token::{Kind, Token, keyword};
use crate::{fmt, unicode, utf8};

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
const SPACES: &[u8] = b" \t\r\n";

/// Reads one token after the other.
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    pos: usize,
    start: usize,
    line: u32,
    start_line: u32,
    parens: u32,
    inside_action: bool,
    /// Set once a token of kind `Error` came.
    pub(super) message: String,
    failed: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t [u8]) -> Lexer<'t> {
        Lexer {
            text,
            pos: 0,
            start: 0,
            line: 1,
            start_line: 1,
            parens: 0,
            inside_action: false,
            message: String::new(),
            failed: false,
        }
    }

    /// The next token; `Eof` again and again at the end.
    pub(super) fn next_token(&mut self) -> Token {
        if self.failed {
            return Token { kind: Kind::Eof, start: 0, end: 0, line: self.start_line };
        }
        if self.inside_action { self.inside_action() } else { self.text() }
    }

    fn rest(&self) -> &'t [u8] {
        &self.text[self.pos..]
    }

    /// Ends the token here.
    fn emit(&mut self, kind: Kind) -> Token {
        self.line += newlines(&self.text[self.start..self.pos]);
        let token = Token { kind, start: self.start, end: self.pos, line: self.start_line };
        self.start = self.pos;
        self.start_line = self.line;
        token
    }

    /// Passes over what was read.
    fn ignore(&mut self) {
        self.line += newlines(&self.text[self.start..self.pos]);
        self.start = self.pos;
        self.start_line = self.line;
    }

    fn error(&mut self, message: impl Into<String>) -> Token {
        self.message = message.into();
        self.failed = true;
        Token { kind: Kind::Error, start: self.start, end: self.start, line: self.start_line }
    }

    fn text(&mut self) -> Token {
        loop {
            let Some(at) = find(self.rest(), LEFT) else {
                self.pos = self.text.len();
                return self.emit(if self.pos > self.start { Kind::Text } else { Kind::Eof });
            };
            if let Some(token) = (at > 0).then(|| self.text_before(self.pos + at)).flatten() {
                return token;
            }
            if let Some(token) = self.left_delimiter() {
                return token;
            }
        }
    }

    /// The text up to the delimiter, without what a trim marker takes away.
    fn text_before(&mut self, delimiter: usize) -> Option<Token> {
        let mut end = delimiter;
        if left_trim_marker(&self.text[delimiter + LEFT.len()..]) {
            end = self.start + trim_end(&self.text[self.start..delimiter]).len();
        }
        self.pos = end;
        let token = (end > self.start).then(|| self.emit(Kind::Text));
        self.pos = delimiter;
        self.ignore();
        token
    }

    /// `{{`, with its trim marker, or a whole comment, which is no token.
    fn left_delimiter(&mut self) -> Option<Token> {
        let after = self.pos + LEFT.len();
        let marker = if left_trim_marker(&self.text[after..]) { 2 } else { 0 };
        if self.text[after + marker..].starts_with(b"/*") {
            self.pos = after + marker;
            self.ignore();
            return self.comment();
        }
        self.pos = after;
        let token = self.emit(Kind::LeftDelim);
        self.inside_action = true;
        self.pos = after + marker;
        self.ignore();
        self.parens = 0;
        Some(token)
    }

    /// `None` when the comment is well-formed.
    fn comment(&mut self) -> Option<Token> {
        let Some(end) = find(&self.rest()[2..], b"*/") else {
            return Some(self.error("unclosed comment"));
        };
        self.pos += 2 + end + 2;
        let Some(trim) = self.at_right_delimiter() else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        self.pos += RIGHT.len() + if trim { 2 } else { 0 };
        if trim {
            self.skip_spaces();
        }
        self.ignore();
        None
    }

    fn skip_spaces(&mut self) {
        self.pos += self.rest().iter().take_while(|byte| SPACES.contains(byte)).count();
    }

    /// Whether `}}` comes here, and whether with a trim marker.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if right_trim_marker(rest) && rest[2..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delimiter(&mut self, trim: bool) -> Token {
        if trim {
            self.pos += 2;
            self.ignore();
        }
        self.pos += RIGHT.len();
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.skip_spaces();
            self.ignore();
        }
        self.inside_action = false;
        token
    }

    fn inside_action(&mut self) -> Token {
        if let Some(trim) = self.at_right_delimiter() {
            if self.parens == 0 {
                return self.right_delimiter(trim);
            }
            return self.error("unclosed left paren");
        }
        let Some((c, length)) = utf8::decode(self.rest()) else {
            return self.error("unclosed action");
        };
        if SPACES.contains(&self.text[self.pos]) {
            return self.space();
        }
        if alphanumeric(c) && !c.is_ascii_digit() {
            return self.identifier();
        }
        self.pos += length;
        match c {
            '=' => self.emit(Kind::Assign),
            ':' if self.rest().first() == Some(&b'=') => {
                self.pos += 1;
                self.emit(Kind::Declare)
            }
            ':' => self.error("expected :="),
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted(b'"', Kind::Str, "unterminated quoted string"),
            '\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.raw_string(),
            '$' => self.field_or_variable(Kind::Variable),
            '.' if !self.rest().first().is_some_and(u8::is_ascii_digit) && !self.rest().is_empty() => {
                self.field_or_variable(Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.pos -= 1;
                self.number()
            }
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            ')' if self.parens == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.emit(Kind::RightParen)
            }
            c if c.is_ascii_graphic() => self.emit(Kind::Char),
            c => self.error(format!("unrecognized character in action: {}", code_point(c))),
        }
    }

    fn space(&mut self) -> Token {
        let spaces = self.rest().iter().take_while(|byte| SPACES.contains(byte)).count();
        self.pos += spaces;
        let last = &self.text[self.pos - 1..];
        if right_trim_marker(last) && last[2..].starts_with(RIGHT) {
            // The last space belongs to the trim marker.
            self.pos -= 1;
            if spaces == 1 {
                return self.right_delimiter(true);
            }
        }
        self.emit(Kind::Space)
    }

    /// Passes over letters, digits and underscores.
    fn skip_word(&mut self) {
        while let Some((c, length)) = utf8::decode(self.rest()) {
            if !alphanumeric(c) {
                break;
            }
            self.pos += length;
        }
    }

    fn identifier(&mut self) -> Token {
        self.skip_word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        match &self.text[self.start..self.pos] {
            b"true" | b"false" => self.emit(Kind::Bool),
            word => self.emit(keyword(word).unwrap_or(Kind::Identifier)),
        }
    }

    fn field_or_variable(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        self.skip_word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind)
    }

    fn bad_character(&mut self) -> Token {
        let c = utf8::decode(self.rest()).map_or(utf8::REPLACEMENT, |(c, _)| c);
        self.error(format!("bad character {}", code_point(c)))
    }

    fn at_terminator(&self) -> bool {
        match self.rest().first() {
            None => true,
            Some(byte) => SPACES.contains(byte) || b".,|:)(".contains(byte) || self.rest().starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, mark: u8, kind: Kind, unterminated: &str) -> Token {
        loop {
            match self.rest().first() {
                None | Some(b'\n') => return self.error(unterminated),
                Some(b'\\') => match self.rest().get(1) {
                    None | Some(b'\n') => return self.error(unterminated),
                    Some(_) => self.pos += 2,
                },
                Some(&byte) => {
                    self.pos += 1;
                    if byte == mark {
                        return self.emit(kind);
                    }
                }
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        match find(self.rest(), b"`") {
            Some(end) => {
                self.pos += end + 1;
                self.emit(Kind::RawString)
            }
            None => self.error("unterminated raw quoted string"),
        }
    }

    fn number(&mut self) -> Token {
        let mut well_formed = self.scan_number();
        let mut kind = Kind::Number;
        if well_formed && matches!(self.rest().first(), Some(b'+' | b'-')) {
            well_formed = self.scan_number() && self.text[self.pos - 1] == b'i';
            kind = Kind::Complex;
        }
        if well_formed {
            return self.emit(kind);
        }
        let text = fmt::quote(&self.text[self.start..self.pos]);
        self.error(format!("bad number syntax: {text}"))
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let fits = self.rest().first().is_some_and(|byte| valid.contains(byte));
        self.pos += usize::from(fits);
        fits
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        let (mut decimal, mut hexadecimal) = (true, false);
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
                (decimal, hexadecimal) = (false, true);
            } else if self.accept(b"oO") {
                digits = b"01234567_";
                decimal = false;
            } else if self.accept(b"bB") {
                digits = b"01_";
                decimal = false;
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if decimal && self.accept(b"eE") || hexadecimal && self.accept(b"pP") {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        match utf8::decode(self.rest()) {
            Some((c, length)) if alphanumeric(c) => {
                self.pos += length;
                false
            }
            _ => true,
        }
    }
}

/// Cuts the spaces that a trim marker takes off the end.
fn trim_end(text: &[u8]) -> &[u8] {
    let spaces = text.iter().rev().take_while(|byte| SPACES.contains(byte)).count();
    &text[..text.len() - spaces]
}

fn left_trim_marker(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if SPACES.contains(space))
}

fn right_trim_marker(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if SPACES.contains(space))
}

fn alphanumeric(c: char) -> bool {
    c == '_' || unicode::is_letter(c) || unicode::is_digit(c)
}

/// Go's `%#U`
fn code_point(c: char) -> String {
    let shown = if unicode::is_print(c) { format!(" '{c}'") } else { String::new() };
    format!("U+{:04X}{shown}", u32::from(c))
}

fn newlines(text: &[u8]) -> u32 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u32
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted[0];
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|&byte| byte == first) {
        from += at;
        if text[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
    None
}
