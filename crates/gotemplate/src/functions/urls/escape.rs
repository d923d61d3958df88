//! Percent escapes, with Go's idea of which bytes need them where.

/// The part of a URL that a text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Why a text cannot be unescaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EscapeError {
    #[error("invalid URL escape {}", crate::fmt::quote(.0))]
    Escape(Vec<u8>),
    #[error("invalid character {} in host name", crate::fmt::quote(.0))]
    HostByte(Vec<u8>),
}

/// The text with its escapes turned into bytes.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, EscapeError> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let host = matches!(part, Part::Host | Part::Zone);
        if *byte == b'%' {
            plain.push(unescape_byte(&text[at..], part)?);
            at += 3;
            continue;
        }
        if host && byte.is_ascii() && !stands_plain(*byte, part) {
            return Err(EscapeError::HostByte(vec![*byte]));
        }
        plain.push(*byte);
        at += 1;
    }
    Ok(plain)
}

/// The byte of the escape at the start of `text`.
fn unescape_byte(text: &[u8], part: Part) -> Result<u8, EscapeError> {
    let written = &text[..text.len().min(3)];
    let bad = || EscapeError::Escape(written.to_vec());
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16)).ok_or_else(bad);
    let (high, low) = (digit(1)?, digit(2)?);
    let byte = (high * 16 + low) as u8;
    let percent = written == b"%25";
    match part {
        // In a host only bytes outside ASCII may be escaped, and the percent sign before a zone.
        Part::Host if high < 8 && !percent => Err(bad()),
        Part::Zone if !percent && byte != b' ' && !stands_plain(byte, Part::Host) => Err(bad()),
        _ => Ok(byte),
    }
}

/// The text with all bytes escaped that need it.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if stands_plain(*byte, part) {
            escaped.push(*byte);
        } else {
            escaped.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    escaped
}

fn stands_plain(byte: u8, part: Part) -> bool {
    let marks: &[u8] = match part {
        Part::Path => b"$&+,/:;=@",
        Part::Host | Part::Zone => b"!\"$&'()*+,:;<=>[]",
        Part::User => b"$&+,;=",
        Part::Fragment => b"!$&()*+,/:;=?@",
    };
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || marks.contains(&byte)
}
