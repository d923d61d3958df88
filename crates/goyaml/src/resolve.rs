//! Which type a scalar has: the rules of go-yaml v2 (YAML 1.1) and v3 (mostly 1.2).

use std::borrow::Cow;

use crate::number::{parse_float, parse_go_float, parse_integer};
use crate::scalar::Scalar;
use crate::scan::fault::Dialect;
use crate::timestamp;

const PREFIX: &str = "tag:yaml.org,2002:";

/// Resolves a scalar without a tag.
#[inline]
pub(crate) fn resolve_plain<'a>(dialect: Dialect, text: Cow<'a, str>) -> Scalar<'a> {
    match typed(dialect, &text, None) {
        Some(scalar) => scalar,
        None => Scalar::String(text),
    }
}

/// Whether a text written plainly would read as something else than this text, and so has to be quoted.
pub(crate) fn is_typed(dialect: Dialect, text: &str) -> bool {
    if typed(dialect, text, None).is_some() {
        return true;
    }
    text.as_bytes().first().is_some_and(u8::is_ascii_digit) && timestamp::canonical(text).is_some()
}

/// Resolves a scalar with a tag; the error tells which types do not fit.
pub(crate) fn resolve_tagged<'a>(
    dialect: Dialect,
    tag: &str,
    text: Cow<'a, str>,
) -> Result<Scalar<'a>, String> {
    let wanted = match tag.strip_prefix(PREFIX) {
        Some("str") => return Ok(Scalar::String(text)),
        Some("binary") => return decode_binary(&text),
        Some(wanted @ ("bool" | "int" | "float" | "null" | "timestamp")) => wanted,
        // Unknown tags say nothing, and what they mark stays text.
        _ => return Ok(Scalar::String(text)),
    };
    let resolved = typed(dialect, &text, Some(wanted));
    match (wanted, &resolved) {
        ("bool", Some(Scalar::Bool(_)))
        | ("null", Some(Scalar::Null))
        | ("float", Some(Scalar::Float(_)))
        | ("int", Some(Scalar::Int(_) | Scalar::Uint(_))) => Ok(resolved.unwrap_or(Scalar::Null)),
        ("float", Some(Scalar::Int(number))) => Ok(Scalar::Float(*number as f64)),
        // Through `any`, v2 gives moments back as they were written.
        ("timestamp", Some(Scalar::Timestamp(_))) if dialect == Dialect::V2 => Ok(Scalar::String(text)),
        ("timestamp", Some(Scalar::Timestamp(_))) => Ok(resolved.unwrap_or(Scalar::Null)),
        _ => Err(format!("cannot decode !!{} `{text}` as a !!{wanted}", tag_name(resolved.as_ref()))),
    }
}

fn tag_name(resolved: Option<&Scalar<'_>>) -> &'static str {
    match resolved {
        None | Some(Scalar::String(_)) => "str",
        Some(Scalar::Null) => "null",
        Some(Scalar::Bool(_)) => "bool",
        Some(Scalar::Int(_) | Scalar::Uint(_)) => "int",
        Some(Scalar::Float(_)) => "float",
        Some(Scalar::Timestamp(_)) => "timestamp",
    }
}

/// The type that the text alone shows; `None` for text. `wanted` is the name of an explicit tag.
#[inline]
fn typed(dialect: Dialect, text: &str, wanted: Option<&str>) -> Option<Scalar<'static>> {
    let Some(first) = text.as_bytes().first() else {
        return Some(Scalar::Null);
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(dialect, text),
        b'.' => special_float(text).or_else(|| parse_go_float(text).map(Scalar::Float)),
        b'0'..=b'9' | b'+' | b'-' => number_or_moment(dialect, text, wanted),
        _ => None,
    }
}

fn word(dialect: Dialect, text: &str) -> Option<Scalar<'static>> {
    if text.len() > 5 {
        return None;
    }
    match text {
        "true" | "True" | "TRUE" => Some(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => Some(Scalar::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        _ if dialect == Dialect::V2 => old_bool(text).map(Scalar::Bool),
        _ => None,
    }
}

/// The booleans of YAML 1.1 that YAML 1.2 reads as text.
pub(crate) fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn special_float(text: &str) -> Option<Scalar<'static>> {
    let value = match text {
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some(Scalar::Float(value))
}

fn number_or_moment(dialect: Dialect, text: &str, wanted: Option<&str>) -> Option<Scalar<'static>> {
    if let Some(special) = special_float(text) {
        return Some(special);
    }
    let moments_count = match wanted {
        // Without a tag v2 reads moments as text, which they are without this look.
        None => dialect == Dialect::V3,
        Some(wanted) => wanted == "timestamp",
    };
    if moments_count && let Some(moment) = timestamp::canonical(text) {
        return Some(Scalar::Timestamp(Cow::Owned(moment)));
    }
    if text.contains('_') {
        return plain_number(dialect, &text.replace('_', ""));
    }
    plain_number(dialect, text)
}

fn plain_number(dialect: Dialect, text: &str) -> Option<Scalar<'static>> {
    if let Some(integer) = parse_integer(text) {
        return Some(integer);
    }
    if let Some(float) = parse_float(text) {
        return Some(Scalar::Float(float));
    }
    // Behind these prefixes go-yaml tries once more, and there a sign may stand.
    let signed = text.strip_prefix("0b").map(|digits| (digits, 2));
    let signed = match dialect {
        Dialect::V2 => signed,
        Dialect::V3 => signed.or_else(|| text.strip_prefix("0o").map(|digits| (digits, 8))),
    };
    let (digits, radix) = signed?;
    i64::from_str_radix(digits, radix).ok().map(Scalar::Int)
}

/// Whether a text looks like a number to base 60, which other readers of YAML 1.1 would take it for.
pub(crate) fn is_base_60(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (head, tail) = match digits.split_once(':') {
        Some((head, tail)) if head.starts_with(|first: char| first.is_ascii_digit()) => (head, tail),
        _ => return false,
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let (groups, fraction) = tail.split_once('.').unwrap_or((tail, ""));
    is_digits(head) && is_digits(fraction) && groups.split(':').all(is_sixtieth)
}

fn is_sixtieth(group: &str) -> bool {
    match group.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    }
}

/// Decodes `!!binary`; bytes that are no UTF-8 become replacement characters, one for each, as Go's JSON has it.
fn decode_binary(text: &str) -> Result<Scalar<'static>, String> {
    let bytes = decode_base64(text).ok_or("!!binary value contains invalid base64 data")?;
    Ok(Scalar::String(Cow::Owned(go_text(&bytes))))
}

/// A text in which each byte that is no UTF-8 is a replacement character.
pub(crate) fn go_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for digit in &digits[..digits.len() - padding] {
        bits = bits << 6 | base64_value(*digit)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn base64_value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
