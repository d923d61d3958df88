//! Walking over bytes as Go walks over a string: bad bytes are U+FFFD, one at a time.

/// The character that stands for a byte which is not UTF-8.
pub const REPLACEMENT: char = '\u{FFFD}';

/// The first character of `bytes` and its length; a bad byte is U+FFFD with length 1.
///
/// Returns `None` at the end.
#[inline]
pub fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let length = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Some((REPLACEMENT, 1)),
    };
    let decoded = bytes.get(..length).and_then(|head| std::str::from_utf8(head).ok());
    Some(decoded.and_then(|text| text.chars().next()).map_or((REPLACEMENT, 1), |c| (c, length)))
}

/// The last character of `bytes` and its length; a bad byte is U+FFFD with length 1.
pub fn decode_last(bytes: &[u8]) -> Option<(char, usize)> {
    let end = bytes.len();
    for start in (end.saturating_sub(4)..end).rev() {
        if bytes[start] & 0xC0 == 0x80 {
            continue;
        }
        return match decode(&bytes[start..]) {
            Some((c, length)) if start + length == end => Some((c, length)),
            _ => Some((REPLACEMENT, 1)),
        };
    }
    (end > 0).then_some((REPLACEMENT, 1))
}

/// The characters of `bytes` as Go's `range` over a string sees them.
pub fn chars(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    char_indices(bytes).map(|(_, c)| c)
}

/// The characters of `bytes` with the offset of each.
pub fn char_indices(bytes: &[u8]) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, length) = decode(&bytes[at..])?;
        at += length;
        Some((at - length, c))
    })
}

/// The bytes as text, each bad byte replaced by U+FFFD.
pub fn replace_invalid(bytes: &[u8]) -> String {
    chars(bytes).collect()
}
