//! Constants: numbers, characters and quoted strings.

use super::node::Number;
use super::token::Kind;
use crate::fmt::{Unquoted, quote, unquote_char};
use crate::numbers;

/// The number that `text` spells.
///
/// # Errors
/// Go's text of what is wrong with it.
pub(super) fn number(text: &str, kind: Kind) -> Result<Number, String> {
    match kind {
        Kind::CharConstant => return char_constant(text),
        Kind::Complex => {
            return complex(text).ok_or_else(|| format!("illegal number syntax: {}", quoted(text)));
        }
        _ => {}
    }
    if let Some(imaginary) = text.strip_suffix('i').and_then(numbers::parse_float) {
        return Ok(simplified(0.0, imaginary));
    }
    let looks_float = text.contains(['.', 'e', 'E', 'p', 'P']);
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut number = Number {
        int: numbers::parse_int(text),
        uint: numbers::parse_uint(text),
        looks_float: looks_float && (!hexadecimal || text.contains(['p', 'P'])),
        ..Number::default()
    };
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    number.float = number.int.map(|int| int as f64).or(number.uint.map(|uint| uint as f64));
    if number.float.is_some() {
        return Ok(number);
    }
    let float =
        numbers::parse_float(text).ok_or_else(|| format!("illegal number syntax: {}", quoted(text)))?;
    if !looks_float {
        return Err(format!("integer overflow: {}", quoted(text)));
    }
    Ok(Number { looks_float: number.looks_float, ..from_float(float) })
}

/// A float that is a whole number may be used as an integer too.
fn from_float(float: f64) -> Number {
    let int = (float as i64 as f64 == float && float < 9.3e18).then_some(float as i64);
    let uint = (float >= 0.0 && float as u64 as f64 == float && float < 1.85e19).then_some(float as u64);
    Number { int, uint, float: Some(float), ..Number::default() }
}

/// A complex number without imaginary part may be used as any other.
fn simplified(real: f64, imaginary: f64) -> Number {
    let mut number = if imaginary == 0.0 { from_float(real) } else { Number::default() };
    number.complex = Some((real, imaginary));
    number
}

/// `1+2i`
fn complex(text: &str) -> Option<Number> {
    let body = text.strip_suffix('i')?;
    let split = body
        .rmatch_indices(['+', '-'])
        .map(|(at, _)| at)
        .find(|&at| at > 0 && !matches!(body.as_bytes()[at - 1], b'e' | b'E' | b'p' | b'P'))?;
    Some(simplified(numbers::parse_float(&body[..split])?, numbers::parse_float(&body[split..])?))
}

fn char_constant(text: &str) -> Result<Number, String> {
    let (unquoted, length) = unquote_char(&text.as_bytes()[1..], b'\'').ok_or("invalid syntax")?;
    if &text[1 + length..] != "'" {
        return Err(format!("malformed character constant: {text}"));
    }
    let code = match unquoted {
        Unquoted::Char(c) => u32::from(c),
        Unquoted::Byte(byte) => u32::from(byte),
    };
    let (int, uint, float) = (Some(i64::from(code)), Some(u64::from(code)), Some(f64::from(code)));
    Ok(Number { int, uint, float, ..Number::default() })
}

/// What a quoted or raw string stands for; `None` is Go's "invalid syntax".
pub(super) fn unquote(quoted: &[u8]) -> Option<Vec<u8>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if quoted[0] == b'`' {
        // Go drops carriage returns from raw strings.
        return Some(inner.iter().copied().filter(|&byte| byte != b'\r').collect());
    }
    if !inner.contains(&b'\\') {
        return Some(inner.to_vec());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        let (unquoted, length) = unquote_char(&inner[at..], b'"')?;
        match unquoted {
            Unquoted::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unquoted::Byte(byte) => out.push(byte),
        }
        at += length;
    }
    Some(out)
}

fn quoted(text: &str) -> String {
    quote(text.as_bytes())
}
