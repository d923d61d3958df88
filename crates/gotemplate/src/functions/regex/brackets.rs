//! Classes in brackets, such as `[^a-z\d[:space:]]`.

use regex_syntax::hir::ClassUnicode;

use super::classes::{self, folded};
use super::escapes;
use super::syntax::{Fault, SyntaxError};

/// A code point; those that no text holds (surrogates) may still end a range.
type Point = u32;

/// Reads the class at the start of `text`, which begins with `[`; gives it and its length.
pub(super) fn parse(text: &str, fold: bool) -> Result<(ClassUnicode, usize), SyntaxError> {
    let mut at = 1;
    let negated = text[at..].starts_with('^');
    at += usize::from(negated);
    let mut class = ClassUnicode::empty();
    let mut first = true;
    // A bracket that comes first is a member.
    while first || !text[at..].starts_with(']') {
        first = false;
        let (members, length) = member(&text[at..], text, fold)?;
        class.union(&members);
        at += length;
    }
    if negated {
        class.negate();
    }
    Ok((class, at + 1))
}

/// One member: a named class, a letter or a range.
fn member(text: &str, whole: &str, fold: bool) -> Result<(ClassUnicode, usize), SyntaxError> {
    if let Some(found) = posix_class(text, fold)? {
        return Ok(found);
    }
    if let Some(found) = escapes::scan_class(text, fold)? {
        return Ok(found);
    }
    let (low, mut length) = point(text, whole)?;
    let mut high = low;
    let rest = &text.as_bytes()[length..];
    if rest.len() >= 2 && rest[0] == b'-' && rest[1] != b']' {
        let (end, end_length) = point(&text[length + 1..], whole)?;
        high = end;
        length += 1 + end_length;
        if high < low {
            return Err(SyntaxError::new(Fault::CharRange, &text[..length]));
        }
    }
    let class = range(low, high);
    Ok((if fold { folded(class) } else { class }, length))
}

/// `[:alpha:]`; nothing where the colons do not close.
fn posix_class(text: &str, fold: bool) -> Result<Option<(ClassUnicode, usize)>, SyntaxError> {
    let Some((name, _)) = text.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
        return Ok(None);
    };
    let length = name.len() + 4;
    let named = classes::posix(name).ok_or_else(|| SyntaxError::new(Fault::CharRange, &text[..length]))?;
    Ok(Some((named.resolve(fold), length)))
}

fn point(text: &str, whole: &str) -> Result<(Point, usize), SyntaxError> {
    match text.chars().next() {
        None => Err(SyntaxError::new(Fault::MissingBracket, whole)),
        // A surrogate matches nothing, so its exact value hardly matters.
        Some('\\') => {
            escapes::scan_character(text).map(|(letter, length)| (letter.map_or(0xD800, Point::from), length))
        }
        Some(letter) => Ok((Point::from(letter), letter.len_utf8())),
    }
}

/// The range without the surrogates in it.
fn range(low: Point, high: Point) -> ClassUnicode {
    let low = if (0xD800..=0xDFFF).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..=0xDFFF).contains(&high) { 0xD7FF } else { high };
    match (char::from_u32(low), char::from_u32(high)) {
        (Some(low), Some(high)) if low <= high => classes::of(&[(low, high)]),
        _ => ClassUnicode::empty(),
    }
}
