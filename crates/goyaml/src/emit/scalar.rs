//! Texts in their five styles, folded where the dialect folds.

use data_encoding::BASE64;

use super::style::{is_break, is_printable};
use super::{Emitter, Place};
use crate::scan::fault::Dialect;
use crate::scan::token::Style;

impl Emitter {
    pub(super) fn text(&mut self, text: &str, place: Place) {
        let style = self.style(text, place);
        let indent = self.deeper(place.indent, place.parent, true);
        let folds = !place.simple_key;
        match style {
            Style::Plain => self.plain(text, folds, indent),
            Style::SingleQuoted => self.single_quoted(text, folds, indent),
            Style::DoubleQuoted => self.double_quoted(text, folds, indent),
            Style::Literal | Style::Folded => self.literal(text, indent),
        }
    }

    /// Writes bytes in base64; more than a line of it becomes a block.
    pub(super) fn binary(&mut self, bytes: &[u8], place: Place) {
        const LINE: usize = 70;
        let digits = BASE64.encode(bytes);
        let indent = self.deeper(place.indent, place.parent, true);
        if digits.len() < LINE {
            return self.plain(&digits, false, indent);
        }
        let mut lines = String::with_capacity(digits.len() + digits.len() / LINE + 1);
        for (at, digit) in digits.chars().enumerate() {
            lines.push(digit);
            if (at + 1) % LINE == 0 || at + 1 == digits.len() {
                lines.push('\n');
            }
        }
        self.literal(&lines, indent);
    }

    fn plain(&mut self, text: &str, folds: bool, indent: i32) {
        if !self.whitespace && (self.dialect == Dialect::V2 || !text.is_empty()) {
            self.put(' ');
        }
        if folds && self.column + text.len() > self.width {
            self.fold_blanks(text, indent);
        } else {
            self.put_all(text);
        }
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes a text of one line, broken at single blanks beyond the width.
    fn fold_blanks(&mut self, text: &str, indent: i32) {
        let mut after_blank = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_blank = characters.peek() == Some(&' ');
            if character == ' ' && !after_blank && !before_blank && self.column > self.width {
                self.write_indent(indent);
            } else {
                self.put(character);
            }
            after_blank = character == ' ';
            self.indention &= after_blank;
        }
    }

    fn single_quoted(&mut self, text: &str, folds: bool, indent: i32) {
        self.write_indicator("'", true, false);
        let (mut after_blank, mut after_break) = (false, false);
        let mut characters = text.char_indices().peekable();
        while let Some((place, character)) = characters.next() {
            if character == ' ' {
                let inside = place > 0 && characters.peek().is_some_and(|(_, next)| *next != ' ');
                if folds && !after_blank && self.column > self.width && inside {
                    self.write_indent(indent);
                } else {
                    self.put(' ');
                }
                after_blank = true;
            } else if is_break(character) {
                if !after_break && character == '\n' {
                    self.put_break();
                }
                self.write_break(character);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.write_indent(indent);
                }
                if character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (after_blank, after_break) = (false, false);
            }
        }
        self.write_indicator("'", false, false);
    }

    fn double_quoted(&mut self, text: &str, folds: bool, indent: i32) {
        self.write_indicator("\"", true, false);
        // go-yaml looks for the byte order mark at the text's start whichever character it is at.
        let all_escaped = text.starts_with('\u{feff}');
        let mut after_blank = false;
        let mut characters = text.char_indices().peekable();
        while let Some((place, character)) = characters.next() {
            let must_escape =
                !is_printable(character) || is_break(character) || matches!(character, '"' | '\\');
            if all_escaped || must_escape {
                self.put_escape(character);
                after_blank = false;
            } else if character == ' ' {
                let next = characters.peek().map(|(_, next)| *next);
                if folds && !after_blank && self.column > self.width && place > 0 && next.is_some() {
                    self.write_indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_blank = true;
            } else {
                self.put(character);
                after_blank = false;
            }
        }
        self.write_indicator("\"", false, false);
    }

    fn put_escape(&mut self, character: char) {
        let name = match character {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0B' => 'v',
            '\x0C' => 'f',
            '\r' => 'r',
            '\x1B' => 'e',
            '"' | '\\' => character,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => return self.put_code(character),
        };
        self.put('\\');
        self.put(name);
    }

    fn put_code(&mut self, character: char) {
        let code = u32::from(character);
        let escape = match code {
            0..=0xFF => format!("\\x{code:02X}"),
            0x100..=0xFFFF => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        self.put_all(&escape);
    }

    fn literal(&mut self, text: &str, indent: i32) {
        self.write_indicator("|", true, false);
        self.block_hints(text);
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        let mut rest = text;
        while !rest.is_empty() {
            let line = rest.find(is_break).unwrap_or(rest.len());
            if line > 0 {
                if after_break {
                    self.write_indent(indent);
                }
                self.put_all(&rest[..line]);
                self.indention = false;
                after_break = false;
            }
            if let Some(line_break) = rest[line..].chars().next() {
                self.write_break(line_break);
                self.indention = true;
                after_break = true;
                rest = &rest[line + line_break.len_utf8()..];
            } else {
                rest = "";
            }
        }
    }

    /// The indentation digit, where blanks begin the text, and the sign for what ends it.
    fn block_hints(&mut self, text: &str) {
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            let digit = self.step.to_string();
            self.write_indicator(&digit, false, false);
        }
        let mut ends = text.chars().rev();
        let sign = match (ends.next(), ends.next()) {
            (Some(last), _) if !is_break(last) => "-",
            (Some(_), None) => "+",
            (Some(_), Some(before)) if is_break(before) => "+",
            (Some(_), Some(_)) => return,
            (None, _) => "-",
        };
        self.write_indicator(sign, false, false);
    }

    fn write_break(&mut self, line_break: char) {
        if line_break == '\n' {
            return self.put_break();
        }
        self.out.push(line_break);
        self.column = 0;
        if self.dialect == Dialect::V3 {
            self.indention = true;
        }
    }

    fn put_all(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += if text.is_ascii() { text.len() } else { text.chars().count() };
    }
}
