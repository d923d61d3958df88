//! Numbers as Go's strconv and encoding/json read and write them.

use crate::scalar::Scalar;

/// Reads an integer with Go's prefixes: `0x`, `0o`, `0b`, and a leading `0` for base 8.
pub(crate) fn parse_integer(text: &str) -> Option<Scalar<'static>> {
    let (negative, signed, digits) = match text.as_bytes() {
        [b'-', ..] => (true, true, &text[1..]),
        [b'+', ..] => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let magnitude = parse_magnitude(digits)?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Scalar::Int(number)),
        // Beyond 63 bits Go reads without a sign, and then takes none.
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Uint(magnitude)),
    }
}

fn parse_magnitude(digits: &str) -> Option<u64> {
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
        [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    // The standard library would take a sign here.
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Reads `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`; what is too large is no number.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(end);
    end += whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if whole == 0 && fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent == 0 {
            return None;
        }
        end += 1 + sign + exponent;
    }
    if end != bytes.len() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads a float as strconv does, which takes underscores between digits.
pub(crate) fn parse_go_float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return parse_float(text);
    }
    let bytes = text.as_bytes();
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let stands_well = |place: usize| place > 0 && is_digit(place - 1) && is_digit(place + 1);
    if text.match_indices('_').all(|(place, _)| stands_well(place)) {
        parse_float(&text.replace('_', ""))
    } else {
        None
    }
}

/// The shortest digits of a number that read back equal, and the power of ten of the first one.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn new(number: impl zmij::Float, negative: bool) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(number).trim_start_matches('-');
        let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0');
        if digits.is_empty() {
            return Self { negative, digits: "0".to_owned(), exponent: 0 };
        }
        let power: i32 = power.parse().unwrap_or(0);
        let exponent = whole.len() as i32 - 1 - leading as i32 + power;
        Self { negative, digits: digits.to_owned(), exponent }
    }

    /// `1.5e+06`, the exponent padded to so many digits.
    fn scientific(&self, width: usize) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:0width$}", self.sign(), self.exponent.abs())
    }

    /// `1500000`, `0.0015`.
    fn plain(&self) -> String {
        let sign = self.sign();
        let digits = &self.digits;
        if self.exponent < 0 {
            return format!("{sign}0.{}{digits}", "0".repeat((-self.exponent - 1) as usize));
        }
        let whole = self.exponent as usize + 1;
        if digits.len() > whole {
            return format!("{sign}{}.{}", &digits[..whole], &digits[whole..]);
        }
        format!("{sign}{digits}{}", "0".repeat(whole - digits.len()))
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn general(&self) -> String {
        // For shortest digits Go takes the precision to be 6 here.
        if self.exponent < -4 || self.exponent >= 6 { self.scientific(2) } else { self.plain() }
    }
}

/// A number as encoding/json writes it: with an exponent below 1e-6 and from 1e21.
///
/// Infinities and NaN, which JSON lacks, come out as `+Inf`, `-Inf` and `NaN`.
pub fn json_float(number: f64) -> String {
    if !number.is_finite() {
        return non_finite(number).to_owned();
    }
    let decimal = Decimal::new(number, number.is_sign_negative());
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        decimal.scientific(1)
    } else {
        decimal.plain()
    }
}

/// A number as strconv formats it with `g` and shortest digits: what YAML emitters print.
pub fn shortest_float(number: f64) -> String {
    if !number.is_finite() {
        return non_finite(number).to_owned();
    }
    Decimal::new(number, number.is_sign_negative()).general()
}

/// A number at single precision, as sigs.k8s.io/yaml writes the keys of maps.
pub(crate) fn shortest_single_float(number: f64) -> String {
    let single = number as f32;
    if !single.is_finite() {
        return non_finite(f64::from(single)).to_owned();
    }
    Decimal::new(single, single.is_sign_negative()).general()
}

/// Go's names of the numbers that are none.
pub(crate) fn non_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    }
}
