//! Wrapping and abbreviating, in bytes as the library below Sprig does it.

use super::super::FunctionError;
use crate::{Context, Str, Value};

/// Breaks the text at blanks so that lines have at most `width` bytes; `long_words` breaks those too.
pub(super) fn wrap(
    ctx: &mut Context<'_>,
    text: &[u8],
    width: i64,
    newline: &[u8],
    long_words: bool,
) -> Result<Value, FunctionError> {
    let newline = if newline.is_empty() { b"\n" } else { newline };
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        ctx.spend_bytes(newline.len() as u64 + 1)?;
        let (end, next) = match rest[..=width].iter().rposition(|&byte| byte == b' ') {
            Some(blank) => (blank, blank + 1),
            None if long_words => (width, width),
            None => match rest[width..].iter().position(|&byte| byte == b' ') {
                Some(blank) => (width + blank, width + blank + 1),
                None => break,
            },
        };
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(newline);
        rest = &rest[next..];
    }
    out.extend_from_slice(rest);
    Ok(Value::str(out))
}

/// The text from `offset` on in at most `width` bytes, with dots for what is left out.
pub(super) fn abbrev(offset: i64, width: i64, text: &Str) -> Result<Value, FunctionError> {
    if width < 4 || offset > 0 && width < 7 {
        return Ok(Value::Str(text.clone()));
    }
    let (offset, width) =
        (usize::try_from(offset).unwrap_or(0), usize::try_from(width).unwrap_or(usize::MAX));
    Ok(Value::str(abbreviated(text.as_bytes(), offset, width)))
}

fn abbreviated(text: &[u8], offset: usize, width: usize) -> Vec<u8> {
    if text.len() <= width {
        return text.to_vec();
    }
    let room = width - 3;
    let mut offset = offset.min(text.len());
    if text.len() - offset < room {
        offset = text.len() - room;
    }
    if offset <= 4 {
        return [&text[..room], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + room < text.len() {
        return [b"...".as_slice(), &abbreviated(&text[offset..], 0, room)].concat();
    }
    [b"...".as_slice(), &text[text.len() - room..]].concat()
}
