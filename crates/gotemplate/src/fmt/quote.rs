//! Go's quoting (strconv).

use crate::{unicode, utf8};

/// `%q`: the bytes between double quotes, with Go's escapes.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    quoted_with(&mut out, bytes, false);
    out
}

/// Appends the quoted form.
pub(crate) fn quote_into(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|byte| (b' '..=b'~').contains(byte) && !matches!(byte, b'"' | b'\\')) {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        out.extend_from_slice(quote(bytes).as_bytes());
    }
}

/// `%+q`: as [`quote`], with everything beyond ASCII escaped.
pub(crate) fn quote_to_ascii(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    quoted_with(&mut out, bytes, true);
    out
}

/// `%q` of a character: between single quotes; with `ascii` everything beyond ASCII is escaped.
pub fn quote_char(c: char, ascii: bool) -> String {
    let mut out = String::from("'");
    escape_char(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

/// Whether the text can stand between back-quotes.
pub(super) fn can_backquote(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    text.chars().all(|c| c != '`' && c != '\u{FEFF}' && c != '\u{7F}' && (c >= ' ' || c == '\t'))
}

fn quoted_with(out: &mut String, mut bytes: &[u8], ascii: bool) {
    out.push('"');
    while let Some((c, length)) = utf8::decode(bytes) {
        if c == utf8::REPLACEMENT && length == 1 {
            out.push_str(&format!("\\x{:02x}", bytes[0]));
        } else {
            escape_char(out, c, '"', ascii);
        }
        bytes = &bytes[length..];
    }
    out.push('"');
}

fn escape_char(out: &mut String, c: char, mark: char, ascii: bool) {
    match c {
        _ if c == mark || c == '\\' => out.extend(['\\', c]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0C' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0B' => out.push_str("\\v"),
        _ if c.is_ascii() && (' '..='~').contains(&c) => out.push(c),
        _ if !ascii && unicode::is_print(c) => out.push(c),
        _ if c < ' ' || c == '\x7F' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        _ if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// What one escape or character of a quoted text stands for.
pub(crate) enum Unquoted {
    /// A character.
    Char(char),
    /// A byte, from `\xNN` or an octal escape.
    Byte(u8),
}

/// Reads one character of a text quoted with `mark`; gives what it stands for and its length.
///
/// Returns `None` where Go says "invalid syntax".
pub(crate) fn unquote_char(text: &[u8], mark: u8) -> Option<(Unquoted, usize)> {
    let (c, length) = utf8::decode(text)?;
    if c != '\\' {
        let bad = u32::from(c) == u32::from(mark) || c == '\n';
        return (!bad).then_some((
            if length == 1 && c == utf8::REPLACEMENT { Unquoted::Byte(text[0]) } else { Unquoted::Char(c) },
            length,
        ));
    }
    let simple = |c| Some((Unquoted::Char(c), 2));
    match *text.get(1)? {
        b'a' => simple('\x07'),
        b'b' => simple('\x08'),
        b'f' => simple('\x0C'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\x0B'),
        b'\\' => simple('\\'),
        escaped @ (b'\'' | b'"') => (escaped == mark).then_some((Unquoted::Char(char::from(escaped)), 2)),
        b'x' => Some((Unquoted::Byte(u8::try_from(number(text.get(2..4)?, 16)?).ok()?), 4)),
        b'u' => Some((Unquoted::Char(char::from_u32(number(text.get(2..6)?, 16)?)?), 6)),
        b'U' => Some((Unquoted::Char(char::from_u32(number(text.get(2..10)?, 16)?)?), 10)),
        b'0'..=b'7' => Some((Unquoted::Byte(u8::try_from(number(text.get(1..4)?, 8)?).ok()?), 4)),
        _ => None,
    }
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, &digit| {
        number.checked_mul(base)?.checked_add(char::from(digit).to_digit(base)?)
    })
}
