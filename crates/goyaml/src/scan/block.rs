//! Block scalars: literal and folded.

use std::borrow::Cow;

use super::cursor::{Mark, is_blank};
use super::fault::Fault;
use super::scalars::stops;
use super::token::{Style, Token, TokenKind};
use super::{Scanned, Scanner};

/// Bytes at which a line may end.
const LINE_STOPS: [bool; 256] = stops(b"\r\n\xC2\xE2");

impl<'a> Scanner<'a> {
    pub(super) fn scan_block_scalar(&mut self) -> Scanned<Token<'a>> {
        let start = self.cursor.mark();
        let literal = self.cursor.peek() == b'|';
        self.cursor.skip(1);
        let (chomping, increment) = self.scan_block_header(start)?;
        self.finish_line(start)?;
        let mut indent = increment.map(|increment| self.indent.max(0) + increment);
        let mut text = String::new();
        let mut breaks = String::new();
        let mut end = self.scan_block_breaks(&mut indent, &mut breaks, start)?;
        let (mut line_break, mut after_blank) = ("", false);
        while self.is_block_line(indent) {
            let blank = is_blank(self.cursor.peek());
            if !literal && line_break == "\n" && !after_blank && !blank {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(line_break);
            }
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            text.push_str(self.take_line());
            line_break = self.cursor.take_break();
            end = self.scan_block_breaks(&mut indent, &mut breaks, start)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        let style = if literal { Style::Literal } else { Style::Folded };
        Ok(Token { kind: TokenKind::Scalar { text: Cow::Owned(text), style }, start, end })
    }

    /// Reads the chomping sign and the indentation digit, in either order.
    fn scan_block_header(&mut self, start: Mark) -> Scanned<(Chomping, Option<i32>)> {
        let mut chomping = self.scan_chomping();
        let increment = match self.cursor.peek() {
            b'0' => {
                let problem = "found an indentation indicator equal to 0";
                return Err(Fault::scanner(problem, self.cursor.mark(), start));
            }
            digit @ b'1'..=b'9' => {
                self.cursor.skip(1);
                Some(i32::from(digit - b'0'))
            }
            _ => None,
        };
        if chomping.is_none() && increment.is_some() {
            chomping = self.scan_chomping();
        }
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn scan_chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.cursor.peek() {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.cursor.skip(1);
        Some(chomping)
    }

    fn is_block_line(&self, indent: Option<i32>) -> bool {
        Some(self.cursor.column() as i32) == indent && !self.cursor.is_end()
    }

    fn take_line(&mut self) -> &'a str {
        let begin = self.cursor.pos();
        loop {
            self.run_to(&LINE_STOPS);
            if self.cursor.is_breakz() {
                return self.cursor.slice(begin, self.cursor.pos());
            }
            self.pass_character();
        }
    }

    /// Passes indentation and empty lines; where the indentation is not known yet, the deepest blank run gives it.
    fn scan_block_breaks(
        &mut self,
        indent: &mut Option<i32>,
        breaks: &mut String,
        start: Mark,
    ) -> Scanned<Mark> {
        let mut end = self.cursor.mark();
        let mut deepest = 0;
        loop {
            let within = |column: usize| indent.is_none_or(|indent| (column as i32) < indent);
            while within(self.cursor.column()) && self.cursor.peek() == b' ' {
                self.cursor.skip(1);
            }
            deepest = deepest.max(self.cursor.column() as i32);
            if within(self.cursor.column()) && self.cursor.peek() == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return Err(Fault::scanner(problem, self.cursor.mark(), start));
            }
            match self.cursor.take_break() {
                "" => break,
                line_break => breaks.push_str(line_break),
            }
            end = self.cursor.mark();
        }
        if indent.is_none() {
            *indent = Some(deepest.max(self.indent + 1).max(1));
        }
        Ok(end)
    }
}

/// What happens to the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Clip,
    Strip,
    Keep,
}
