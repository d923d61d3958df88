//! What the words of TOML stand for.

use gotemplate::Value as Live;
use gotemplate::functions::dates;

use super::scan::Fault;

/// An integer or a float.
pub(super) fn number(text: &str, float: bool) -> Result<Live, String> {
    if float { read_float(text) } else { read_integer(text) }
}

fn read_integer(text: &str) -> Result<Live, String> {
    let shown = || gotemplate::fmt::quote(text.as_bytes());
    if !underscores_are_between_digits(text) {
        return Err(format!("Invalid integer {}: underscores must be surrounded by digits", shown()));
    }
    if has_leading_zero(text) {
        return Err(format!("Invalid integer {}: cannot have leading zeroes", shown()));
    }
    let digits = text.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        Some("0x") => (&digits[2..], 16),
        _ => (digits.as_str(), 10),
    };
    i64::from_str_radix(digits, radix)
        .map(Live::Int64)
        .map_err(|_| format!("{text} is out of range for int64"))
}

fn read_float(text: &str) -> Result<Live, String> {
    let shown = || gotemplate::fmt::quote(text.as_bytes());
    let parts: Vec<&str> = text.split(['.', 'e', 'E']).filter(|part| !part.is_empty()).collect();
    if !parts.iter().all(|part| underscores_are_between_digits(part)) {
        return Err(format!("Invalid float {}: underscores must be surrounded by digits", shown()));
    }
    if parts.first().is_some_and(|part| has_leading_zero(part)) {
        return Err(format!("Invalid float {}: cannot have leading zeroes", shown()));
    }
    if text.split('.').skip(1).any(|after| !after.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(format!("Invalid float {}: '.' must be followed by one or more digits", shown()));
    }
    let plain = text.replace('_', "");
    let number = match plain.as_str() {
        "nan" | "+nan" => f64::NAN,
        "-nan" => -f64::NAN,
        "inf" | "+inf" => f64::INFINITY,
        "-inf" => f64::NEG_INFINITY,
        _ if plain.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')) => {
            return Err(format!("Invalid float value: {}", shown()));
        }
        plain => {
            let number: f64 = plain.parse().map_err(|_| format!("Invalid float value: {}", shown()))?;
            if number.is_infinite() {
                return Err(format!("{text} is out of range for float64"));
            }
            number
        }
    };
    Ok(Live::Float(number))
}

fn has_leading_zero(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [b'0', second, ..] => !matches!(second, b'b' | b'o' | b'x'),
        [b'-' | b'+', b'0', _, ..] => true,
        _ => false,
    }
}

fn underscores_are_between_digits(text: &str) -> bool {
    if matches!(text, "nan" | "+nan" | "-nan" | "inf" | "-inf" | "+inf") {
        return true;
    }
    let mut after_digit = false;
    for c in text.chars() {
        if c == '_' && !after_digit {
            return false;
        }
        after_digit = c.is_ascii_hexdigit();
    }
    after_digit
}

/// A date, a time, or both.
pub(super) fn moment(text: &str) -> Result<Live, String> {
    let text = text.replace('z', "Z").replace(['t', ' '], "T");
    dates::from_toml(&text)
        .ok_or_else(|| format!("invalid datetime: {}", gotemplate::fmt::quote(text.as_bytes())))
}

/// A text with its escapes replaced; the scanner has checked them.
pub(super) fn unescape(text: &str, line: usize) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('\\') {
        out.push_str(plain);
        let Some(letter) = behind.chars().next() else { return Ok(out) };
        rest = &behind[letter.len_utf8()..];
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            blank @ (' ' | '\t') => return Err(Fault::new(line, format!("invalid escape: '\\{blank}'"))),
            letter => {
                out.push(escaped(letter));
                continue;
            }
        };
        let (hex, behind) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        let invalid = || Fault::new(line, format!("Escaped character '\\u{hex}' is not valid UTF-8."));
        out.push(c.ok_or_else(invalid)?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn escaped(letter: char) -> char {
    match letter {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        same => same,
    }
}
