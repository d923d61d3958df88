//! Plain and quoted scalars. A scalar that stands in the text as it reads is borrowed from it.

use std::borrow::Cow;

use super::cursor::{Mark, break_width, is_blank};
use super::fault::Fault;
use super::tags::hex_value;
use super::token::{Style, Token, TokenKind};
use super::{Scanned, Scanner};

/// Bytes at which a plain scalar has to be looked at.
const PLAIN_STOPS: [bool; 256] = stops(b"\0 \t\r\n:,?[]{}\xC2\xE2");
/// The same for a double quoted scalar.
const DOUBLE_STOPS: [bool; 256] = stops(b"\0 \t\r\n\"\\\xC2\xE2");
/// The same for a single quoted scalar.
const SINGLE_STOPS: [bool; 256] = stops(b"\0 \t\r\n'\xC2\xE2");

pub(super) const fn stops(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut index = 0;
    while index < bytes.len() {
        table[bytes[index] as usize] = true;
        index += 1;
    }
    table
}

/// A value under way: parts of the text, joined when they are not one.
struct Pieces<'a> {
    done: Option<String>,
    /// The part of the text that is not in `done` yet.
    start: usize,
    end: usize,
    text: std::marker::PhantomData<&'a str>,
}

impl<'a> Pieces<'a> {
    fn new(start: usize) -> Self {
        Self { done: None, start, end: start, text: std::marker::PhantomData }
    }

    /// Takes the open part into `done`, which then can be written to.
    fn flush(&mut self, scanner: &Scanner<'a>) -> &mut String {
        let part = scanner.cursor.slice(self.start, self.end);
        self.start = self.end;
        let done = self.done.get_or_insert_with(String::new);
        done.push_str(part);
        done
    }

    /// Goes on at this position of the text.
    fn resume(&mut self, pos: usize) {
        (self.start, self.end) = (pos, pos);
    }

    fn finish(mut self, scanner: &Scanner<'a>) -> Cow<'a, str> {
        match self.done {
            None => Cow::Borrowed(scanner.cursor.slice(self.start, self.end)),
            Some(_) => {
                self.flush(scanner);
                Cow::Owned(self.done.unwrap_or_default())
            }
        }
    }
}

/// Line breaks inside a flow scalar: one folds into a blank, of several the first is dropped.
#[derive(Default)]
struct Fold {
    first: &'static str,
    more: String,
}

impl Fold {
    fn add(&mut self, line_break: &str) {
        let line_break = match line_break {
            "\u{2028}" => "\u{2028}",
            "\u{2029}" => "\u{2029}",
            _ => "\n",
        };
        if self.first.is_empty() {
            self.first = line_break;
        } else {
            self.more.push_str(line_break);
        }
    }

    fn write_to(&self, out: &mut String) {
        match (self.first, self.more.as_str()) {
            ("\n", "") => out.push(' '),
            ("\n", more) => out.push_str(more),
            (first, more) => {
                out.push_str(first);
                out.push_str(more);
            }
        }
    }
}

impl<'a> Scanner<'a> {
    /// Goes to the next byte of the table.
    #[inline]
    pub(super) fn run_to(&mut self, table: &[bool; 256]) {
        let rest = self.cursor.rest();
        let length = rest.iter().position(|byte| table[*byte as usize]).unwrap_or(rest.len());
        self.cursor.advance_to(self.cursor.pos() + length);
    }

    /// Passes a character that looked like the start of a line break, or a blank between words.
    #[inline]
    pub(super) fn pass_character(&mut self) {
        let width = match self.cursor.peek() {
            0xC2 => 2,
            0xE2 => 3,
            _ => 1,
        };
        self.cursor.advance_to(self.cursor.pos() + width);
    }

    pub(super) fn scan_plain_scalar(&mut self) -> Scanned<Token<'a>> {
        let start = self.cursor.mark();
        let mut end = start;
        let mut pieces = Pieces::new(self.cursor.pos());
        let indent = self.indent + 1;
        let mut fold = None;
        loop {
            if self.cursor.is_document_marker() || self.cursor.peek() == b'#' {
                break;
            }
            let begin = self.cursor.pos();
            self.run_plain_word();
            if self.cursor.pos() > begin {
                if let Some(fold) = fold.take() {
                    Fold::write_to(&fold, pieces.flush(self));
                    pieces.resume(begin);
                }
                pieces.end = self.cursor.pos();
                end = self.cursor.mark();
            }
            if !is_blank(self.cursor.peek()) && !self.cursor.is_break() {
                break;
            }
            self.skip_plain_space(indent, start, &mut fold)?;
            if self.flow_level == 0 && (self.cursor.column() as i32) < indent {
                break;
            }
        }
        if fold.is_some() {
            self.simple_key_allowed = true;
        }
        let kind = TokenKind::Scalar { text: pieces.finish(self), style: Style::Plain };
        Ok(Token { kind, start, end })
    }

    /// Passes what belongs to a plain scalar up to the next blank, line break or indicator.
    fn run_plain_word(&mut self) {
        loop {
            self.run_to(&PLAIN_STOPS);
            let ends = match self.cursor.peek() {
                b':' => self.cursor.is_blankz(1),
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow_level > 0,
                _ => self.cursor.is_blankz(0),
            };
            if ends {
                return;
            }
            self.pass_character();
        }
    }

    fn skip_plain_space(&mut self, indent: i32, start: Mark, fold: &mut Option<Fold>) -> Scanned<()> {
        loop {
            if is_blank(self.cursor.peek()) {
                let violates =
                    fold.is_some() && (self.cursor.column() as i32) < indent && self.cursor.peek() == b'\t';
                if violates {
                    let problem = "found a tab character that violates indentation";
                    return Err(Fault::scanner(problem, self.cursor.mark(), start));
                }
                self.cursor.skip(1);
                continue;
            }
            match self.cursor.take_break() {
                "" => return Ok(()),
                line_break => fold.get_or_insert_with(Fold::default).add(line_break),
            }
        }
    }

    pub(super) fn scan_quoted_scalar(&mut self) -> Scanned<Token<'a>> {
        let start = self.cursor.mark();
        let quote = self.cursor.peek();
        self.cursor.skip(1);
        let mut pieces = Pieces::new(self.cursor.pos());
        loop {
            if self.cursor.is_document_marker() {
                return self.quoted_fault("found unexpected document indicator", start);
            }
            if self.cursor.is_end() {
                return self.quoted_fault("found unexpected end of stream", start);
            }
            let escaped_break = match quote {
                b'"' => self.run_double_quoted(&mut pieces, start)?,
                _ => self.run_single_quoted(&mut pieces),
            };
            pieces.end = pieces.end.max(self.cursor.pos());
            if self.cursor.peek() == quote {
                break;
            }
            self.fold_quoted_space(&mut pieces, escaped_break);
        }
        self.cursor.skip(1);
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        let kind = TokenKind::Scalar { text: pieces.finish(self), style };
        Ok(Token { kind, start, end: self.cursor.mark() })
    }

    fn quoted_fault<T>(&self, problem: &'static str, start: Mark) -> Scanned<T> {
        Err(Fault::scanner(problem, self.cursor.mark(), start))
    }

    /// Passes a single quoted word up to a blank, a line break or the closing quote.
    fn run_single_quoted(&mut self, pieces: &mut Pieces<'a>) -> bool {
        loop {
            self.run_to(&SINGLE_STOPS);
            if self.cursor.peek() == b'\'' && self.cursor.at(1) == b'\'' {
                self.cursor.skip(1);
                pieces.end = self.cursor.pos();
                pieces.flush(self);
                self.cursor.skip(1);
                pieces.resume(self.cursor.pos());
            } else if self.cursor.peek() == b'\'' || self.cursor.is_blankz(0) {
                return false;
            } else {
                self.pass_character();
            }
        }
    }

    /// Passes a double quoted word; true when it ended with an escaped line break.
    fn run_double_quoted(&mut self, pieces: &mut Pieces<'a>, start: Mark) -> Scanned<bool> {
        loop {
            self.run_to(&DOUBLE_STOPS);
            match self.cursor.peek() {
                b'\\' => {
                    pieces.end = self.cursor.pos();
                    if break_width(&self.cursor.rest()[1..]) > 0 {
                        pieces.flush(self);
                        self.cursor.skip(1);
                        self.cursor.take_break();
                        pieces.resume(self.cursor.pos());
                        return Ok(true);
                    }
                    let character = self.scan_escape(start)?;
                    pieces.flush(self).push(character);
                    pieces.resume(self.cursor.pos());
                }
                b'"' => return Ok(false),
                _ if self.cursor.is_blankz(0) => return Ok(false),
                _ => self.pass_character(),
            }
        }
    }

    fn scan_escape(&mut self, start: Mark) -> Scanned<char> {
        let character = match self.cursor.at(1) {
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\x0B',
            b'f' => '\x0C',
            b'r' => '\r',
            b'e' => '\x1B',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.scan_code(2, start),
            b'u' => return self.scan_code(4, start),
            b'U' => return self.scan_code(8, start),
            _ => return self.quoted_fault("found unknown escape character", start),
        };
        self.cursor.skip(2);
        Ok(character)
    }

    fn scan_code(&mut self, length: usize, start: Mark) -> Scanned<char> {
        self.cursor.skip(2);
        let mut code = 0u32;
        for offset in 0..length {
            let Some(digit) = hex_value(self.cursor.at(offset)) else {
                return self.quoted_fault("did not find expected hexdecimal number", start);
            };
            code = code << 4 | u32::from(digit);
        }
        let Some(character) = char::from_u32(code) else {
            return self.quoted_fault("found invalid Unicode character escape code", start);
        };
        self.cursor.skip(length);
        Ok(character)
    }

    /// Passes blanks and line breaks inside quotes: blanks within a line stay, those around line breaks go.
    fn fold_quoted_space(&mut self, pieces: &mut Pieces<'a>, escaped_break: bool) {
        let mut fold = Fold::default();
        let mut at_line_start = escaped_break;
        let word_end = self.cursor.pos();
        loop {
            if is_blank(self.cursor.peek()) {
                self.cursor.skip(1);
                continue;
            }
            match self.cursor.take_break() {
                "" => break,
                // Behind an escaped break there is no first one to drop or to fold.
                line_break if escaped_break => fold.more.push_str(line_break),
                line_break => {
                    at_line_start = true;
                    fold.add(line_break);
                }
            }
        }
        if at_line_start {
            pieces.end = word_end;
            fold.write_to(pieces.flush(self));
            pieces.resume(self.cursor.pos());
        } else {
            pieces.end = self.cursor.pos();
        }
    }
}
