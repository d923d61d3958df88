//! Escapes, such as `\d`, `\p{Greek}`, `\x41` and `\.`.

use regex_syntax::hir::ClassUnicode;

use super::classes;
use super::syntax::{Fault, SyntaxError};

/// `\pL`, `\p{Greek}`, `\d` and their complements at the start of `text`, and the length.
pub(super) fn scan_class(text: &str, fold: bool) -> Result<Option<(ClassUnicode, usize)>, SyntaxError> {
    let Some(rest) = text.strip_prefix('\\') else { return Ok(None) };
    match rest.as_bytes().first() {
        Some(b'p' | b'P') => scan_unicode_class(text, fold).map(Some),
        Some(letter) => Ok(classes::perl(*letter).map(|named| (named.resolve(fold), 2))),
        None => Ok(None),
    }
}

fn scan_unicode_class(text: &str, fold: bool) -> Result<(ClassUnicode, usize), SyntaxError> {
    let unknown = |part: &str| SyntaxError::new(Fault::CharRange, part);
    let (name, length) = match text[2..].chars().next() {
        Some('{') => {
            let end = text.find('}').ok_or_else(|| unknown(text))?;
            (&text[3..end], end + 1)
        }
        letter => {
            let length = 2 + letter.map_or(0, char::len_utf8);
            (&text[2..length], length)
        }
    };
    let (inverted, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let class = classes::unicode(name).ok_or_else(|| unknown(&text[..length]))?;
    let negated = text.starts_with(r"\P") != inverted;
    Ok((classes::Named { class, negated }.resolve(fold), length))
}

/// The character of an escape at the start of `text`, and the length; `None` is one that no text holds.
pub(super) fn scan_character(text: &str) -> Result<(Option<char>, usize), SyntaxError> {
    let mut letters = text.char_indices().skip(1);
    let Some((_, letter)) = letters.next() else {
        return Err(SyntaxError::new(Fault::TrailingBackslash, ""));
    };
    let length = 1 + letter.len_utf8();
    let bad = |length: usize| SyntaxError::new(Fault::Escape, &text[..length]);
    let simple = match letter {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '0' => return Ok(octal(text)),
        // A single digit would be a back-reference.
        '1'..='7' if text.as_bytes().get(2).is_some_and(|byte| matches!(byte, b'0'..=b'7')) => {
            return Ok(octal(text));
        }
        'x' => return hexadecimal(text).map_err(bad),
        _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => letter,
        _ => return Err(bad(length)),
    };
    Ok((Some(simple), length))
}

/// Up to three octal digits.
fn octal(text: &str) -> (Option<char>, usize) {
    let digits: Vec<u32> =
        text.bytes().skip(1).take(3).map_while(|byte| char::from(byte).to_digit(8)).collect();
    (char::from_u32(digits.iter().fold(0, |number, digit| number * 8 + digit)), 1 + digits.len())
}

/// `\x41` or `\x{41}`; on failure, how far the escape was read.
fn hexadecimal(text: &str) -> Result<(Option<char>, usize), usize> {
    let mut letters = text.char_indices().skip(2).map(|(at, letter)| (letter, at + letter.len_utf8()));
    let Some((first, mut end)) = letters.next() else { return Err(2) };
    let mut number = 0;
    if first != '{' {
        let Some((second, end)) = letters.next() else { return Err(end) };
        let (Some(high), Some(low)) = (first.to_digit(16), second.to_digit(16)) else { return Err(end) };
        return Ok((char::from_u32(high * 16 + low), end));
    }
    for (count, (letter, behind)) in letters.enumerate() {
        end = behind;
        if letter == '}' {
            return if count > 0 { Ok((char::from_u32(number), end)) } else { Err(end) };
        }
        let Some(digit) = letter.to_digit(16) else { return Err(end) };
        number = number * 16 + digit;
        if number > u32::from(char::MAX) {
            return Err(end);
        }
    }
    Err(end)
}
