//! Directives, anchors, aliases and tags.

use super::cursor::{Mark, is_alpha, is_blank};
use super::fault::Fault;
use super::token::{TagParts, TokenKind};
use super::{Scanned, Scanner};

impl<'a> Scanner<'a> {
    fn fault<T>(&self, problem: &'static str, start: Mark) -> Scanned<T> {
        Err(Fault::scanner(problem, self.cursor.mark(), start))
    }

    /// Reads `%YAML 1.1` or `%TAG ! prefix` to the end of its line; the mark is that of its own end.
    pub(super) fn scan_directive(&mut self, start: Mark) -> Scanned<(TokenKind<'a>, Mark)> {
        self.cursor.skip(1);
        let kind = match self.scan_directive_name(start)? {
            "YAML" => self.scan_version(start)?,
            "TAG" => TokenKind::TagDirective(Box::new(self.scan_tag_directive(start)?)),
            _ => return self.fault("found unknown directive name", start),
        };
        let end = self.cursor.mark();
        self.finish_line(start)?;
        Ok((kind, end))
    }

    /// Passes blanks and a comment up to and over the end of the line.
    pub(super) fn finish_line(&mut self, start: Mark) -> Scanned<()> {
        self.cursor.skip_blanks();
        if self.cursor.peek() == b'#' {
            self.cursor.skip_to_line_end();
        }
        if !self.cursor.is_breakz() {
            return self.fault("did not find expected comment or line break", start);
        }
        self.cursor.take_break();
        Ok(())
    }

    fn scan_directive_name(&mut self, start: Mark) -> Scanned<&'a str> {
        let name = self.take_word();
        if name.is_empty() {
            return self.fault("could not find expected directive name", start);
        }
        if !self.cursor.is_blankz(0) {
            return self.fault("found unexpected non-alphabetical character", start);
        }
        Ok(name)
    }

    fn take_word(&mut self) -> &'a str {
        let begin = self.cursor.pos();
        while is_alpha(self.cursor.peek()) {
            self.cursor.skip(1);
        }
        self.cursor.slice(begin, self.cursor.pos())
    }

    fn scan_version(&mut self, start: Mark) -> Scanned<TokenKind<'a>> {
        self.cursor.skip_blanks();
        let major = self.scan_version_number(start)?;
        if self.cursor.peek() != b'.' {
            return self.fault("did not find expected digit or '.' character", start);
        }
        self.cursor.skip(1);
        let minor = self.scan_version_number(start)?;
        Ok(TokenKind::Version { major, minor })
    }

    fn scan_version_number(&mut self, start: Mark) -> Scanned<u8> {
        let (mut number, mut length) = (0, 0);
        while self.cursor.peek().is_ascii_digit() {
            length += 1;
            if length > 2 {
                return self.fault("found extremely long version number", start);
            }
            number = number * 10 + (self.cursor.peek() - b'0');
            self.cursor.skip(1);
        }
        if length == 0 {
            return self.fault("did not find expected version number", start);
        }
        Ok(number)
    }

    fn scan_tag_directive(&mut self, start: Mark) -> Scanned<TagParts> {
        self.cursor.skip_blanks();
        let handle = self.scan_tag_handle(true, start)?.to_owned();
        if !is_blank(self.cursor.peek()) {
            return self.fault("did not find expected whitespace", start);
        }
        self.cursor.skip_blanks();
        let suffix = self.scan_tag_uri("", start)?;
        if !self.cursor.is_blankz(0) {
            return self.fault("did not find expected whitespace or line break", start);
        }
        Ok(TagParts { handle, suffix })
    }

    /// Reads `&name` or `*name`.
    pub(super) fn scan_anchor(&mut self, start: Mark) -> Scanned<TokenKind<'a>> {
        let is_alias = self.cursor.peek() == b'*';
        self.cursor.skip(1);
        let name = self.take_word();
        let ends_well = self.cursor.is_blankz(0)
            || matches!(self.cursor.peek(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends_well {
            return self.fault("did not find expected alphabetic or numeric character", start);
        }
        Ok(if is_alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) })
    }

    /// Reads `!<uri>`, `!!suffix`, `!handle!suffix`, `!suffix` or `!` alone.
    pub(super) fn scan_tag(&mut self, start: Mark) -> Scanned<TagParts> {
        let tag = if self.cursor.at(1) == b'<' {
            self.cursor.skip(2);
            let suffix = self.scan_tag_uri("", start)?;
            if self.cursor.peek() != b'>' {
                return self.fault("did not find the expected '>'", start);
            }
            self.cursor.skip(1);
            TagParts { handle: String::new(), suffix }
        } else {
            self.scan_short_tag(start)?
        };
        if !self.cursor.is_blankz(0) {
            return self.fault("did not find expected whitespace or line break", start);
        }
        Ok(tag)
    }

    fn scan_short_tag(&mut self, start: Mark) -> Scanned<TagParts> {
        let handle = self.scan_tag_handle(false, start)?;
        if handle.len() > 1 && handle.ends_with('!') {
            return Ok(TagParts { handle: handle.to_owned(), suffix: self.scan_tag_uri("", start)? });
        }
        let suffix = self.scan_tag_uri(handle, start)?;
        // The lone `!` means: as it stands.
        Ok(match suffix.is_empty() {
            true => TagParts { handle: String::new(), suffix: "!".to_owned() },
            false => TagParts { handle: "!".to_owned(), suffix },
        })
    }

    fn scan_tag_handle(&mut self, directive: bool, start: Mark) -> Scanned<&'a str> {
        if self.cursor.peek() != b'!' {
            return self.fault("did not find expected '!'", start);
        }
        let begin = self.cursor.pos();
        self.cursor.skip(1);
        let name = self.take_word();
        if self.cursor.peek() == b'!' {
            self.cursor.skip(1);
        } else if directive && !name.is_empty() {
            return self.fault("did not find expected '!'", start);
        }
        Ok(self.cursor.slice(begin, self.cursor.pos()))
    }

    /// Reads a URI; of `head`, which was read as a handle, all but the `!` belongs to it.
    fn scan_tag_uri(&mut self, head: &str, start: Mark) -> Scanned<String> {
        let mut uri = head.get(1..).unwrap_or_default().to_owned().into_bytes();
        let mut found = !head.is_empty();
        while is_uri(self.cursor.peek()) {
            if self.cursor.peek() == b'%' {
                self.scan_uri_escape(&mut uri, start)?;
            } else {
                uri.push(self.cursor.peek());
                self.cursor.skip(1);
            }
            found = true;
        }
        if !found {
            return self.fault("did not find expected tag URI", start);
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// Reads the `%XX` octets of one character.
    fn scan_uri_escape(&mut self, uri: &mut Vec<u8>, start: Mark) -> Scanned<()> {
        let mut missing = None;
        while missing != Some(0) {
            let (high, low) = (hex_value(self.cursor.at(1)), hex_value(self.cursor.at(2)));
            let (b'%', Some(high), Some(low)) = (self.cursor.peek(), high, low) else {
                return self.fault("did not find URI escaped octet", start);
            };
            let octet = high << 4 | low;
            missing = match (missing, octet) {
                (None, 0x00..=0x7F) => Some(0),
                (None, 0xC0..=0xDF) => Some(1),
                (None, 0xE0..=0xEF) => Some(2),
                (None, 0xF0..=0xF7) => Some(3),
                (None, _) => return self.fault("found an incorrect leading UTF-8 octet", start),
                (Some(count), 0x80..=0xBF) => Some(count - 1),
                (Some(_), _) => return self.fault("found an incorrect trailing UTF-8 octet", start),
            };
            uri.push(octet);
            self.cursor.skip(3);
        }
        Ok(())
    }
}

fn is_uri(byte: u8) -> bool {
    is_alpha(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}

pub(super) fn hex_value(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}
