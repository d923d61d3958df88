//! How floating point numbers become text (strconv.FormatFloat and fmt's flags on top).

use super::Printer;

/// Beyond so many digits a `float64` has only zeros.
const MOST_DIGITS: usize = 1_100;

/// `%v` of a `float64`: the shortest digits that read back equal, with an exponent below 1e-4 and from 1e6... on
/// as Go lays them out.
pub fn float_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e6 && (number != 0.0 || number.is_sign_positive()) {
        return (number as i64).to_string();
    }
    format_float(number, 'g', None)
}

/// Decimal digits and where the point stands: `0.d1d2d3... * 10^point`.
#[derive(Debug)]
pub(crate) struct Decimal {
    pub digits: Vec<u8>,
    pub point: i32,
}

/// The shortest digits of a finite number's absolute value; zero has no digits.
pub(crate) fn shortest(number: f64) -> Decimal {
    let mut buffer = zmij::Buffer::new();
    read_decimal(buffer.format(number.abs()))
}

/// Takes apart `123.45`, `1.5e300` and the like.
fn read_decimal(text: &str) -> Decimal {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..leading);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = whole.len() as i32 - leading as i32 + exponent;
    Decimal { point: if digits.is_empty() { 0 } else { point }, digits }
}

/// Rounded to so many significant digits, exactly.
fn rounded(number: f64, digits: usize) -> Decimal {
    let precision = digits.saturating_sub(1).min(MOST_DIGITS);
    let text = format!("{:.precision$e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 {
        return Decimal { digits: Vec::new(), point: 0 };
    }
    Decimal { digits, point: exponent + 1 }
}

/// Go's `strconv.FormatFloat(number, verb, precision, 64)`; no precision means the shortest text.
pub(crate) fn format_float(number: f64, verb: char, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return if number > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let body = match verb {
        'b' => binary(number),
        'x' | 'X' => hexadecimal(number, verb, precision),
        'f' | 'F' => fixed(number, precision),
        'e' | 'E' => {
            let decimal = match precision {
                Some(precision) => rounded(number, precision + 1),
                None => shortest(number),
            };
            exponential(&decimal, precision.unwrap_or(decimal.digits.len().saturating_sub(1)), verb)
        }
        _ => general(number, verb, precision),
    };
    format!("{sign}{body}")
}

/// `%g`: with an exponent only where the number is very small or large.
fn general(number: f64, verb: char, precision: Option<usize>) -> String {
    let (decimal, mut digits, threshold) = match precision {
        None => {
            let decimal = shortest(number);
            let digits = decimal.digits.len();
            (decimal, digits, 6)
        }
        Some(precision) => {
            let precision = precision.max(1);
            let mut decimal = rounded(number, precision);
            while decimal.digits.last() == Some(&b'0') {
                decimal.digits.pop();
            }
            let digits = decimal.digits.len();
            let long = precision > digits && digits as i32 >= decimal.point;
            (decimal, precision.min(digits), if long { digits as i32 } else { precision as i32 })
        }
    };
    let exponent = decimal.point - 1;
    if exponent < -4 || exponent >= threshold {
        digits = digits.min(decimal.digits.len());
        return exponential(&decimal, digits.saturating_sub(1), if verb == 'G' { 'E' } else { 'e' });
    }
    plain(&decimal, (digits as i32 - decimal.point).max(0) as usize)
}

fn fixed(number: f64, precision: Option<usize>) -> String {
    match precision {
        None => {
            let decimal = shortest(number);
            let places = (decimal.digits.len() as i32 - decimal.point).max(0);
            plain(&decimal, places as usize)
        }
        Some(precision) => {
            let shown = precision.min(MOST_DIGITS);
            format!("{:.shown$}{}", number.abs(), "0".repeat(precision - shown))
        }
    }
}

/// Digits without an exponent, with so many places behind the point.
fn plain(decimal: &Decimal, places: usize) -> String {
    let digit = |at: i32| {
        usize::try_from(at).ok().and_then(|at| decimal.digits.get(at)).map_or('0', |&d| char::from(d))
    };
    let mut out = String::new();
    if decimal.point > 0 {
        out.extend((0..decimal.point).map(digit));
    } else {
        out.push('0');
    }
    if places > 0 {
        out.push('.');
        out.extend((0..places as i32).map(|at| digit(decimal.point + at)));
    }
    out
}

/// `d.ddde+xx`
fn exponential(decimal: &Decimal, places: usize, verb: char) -> String {
    let mut out = String::new();
    let digit = |at: usize| decimal.digits.get(at).map_or('0', |&digit| char::from(digit));
    out.push(digit(0));
    if places > 0 {
        out.push('.');
        out.extend((1..=places).map(digit));
    }
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push(verb);
    out.push_str(&format!("{sign}{:02}", exponent.abs()));
    out
}

/// Mantissa and exponent so that the number is `mantissa * 2^exponent`, the mantissa of 53 bits.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let exponent = ((bits >> 52) & 0x7FF) as i32;
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 { (mantissa, -1074) } else { (mantissa | (1 << 52), exponent - 1075) }
}

/// `%b`: decimal mantissa, binary exponent.
fn binary(number: f64) -> String {
    let (mantissa, exponent) = parts(number);
    format!("{mantissa}p{exponent:+}")
}

/// `%x`: hexadecimal mantissa, binary exponent.
fn hexadecimal(number: f64, verb: char, precision: Option<usize>) -> String {
    let (mut mantissa, exponent) = parts(number);
    let mut exponent = if mantissa == 0 { 0 } else { exponent + 52 };
    // The leading one goes to bit 60: fifteen digits follow it.
    mantissa <<= 8;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|&precision| precision < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        Some(precision) => {
            digits.truncate(precision);
            digits.push_str(&"0".repeat(precision - digits.len()));
        }
        None => digits.truncate(digits.trim_end_matches('0').len()),
    }
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{}{point}{digits}p{sign}{:02}", (mantissa >> 60) & 1, exponent.abs());
    if verb == 'X' { text.to_uppercase() } else { text }
}

impl Printer {
    /// A `float64` with a verb of floats; `false` when the verb is none.
    pub(super) fn float(&mut self, number: f64, verb: char) -> bool {
        let (verb, precision) = match verb {
            'v' => ('g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            'f' | 'e' | 'E' => (verb, Some(6)),
            'F' => ('f', Some(6)),
            _ => return false,
        };
        let plain = self.flags.width.is_none() && self.flags.precision.is_none();
        if plain && verb == 'g' && !self.flags.plus && !self.flags.space && !self.flags.sharp {
            self.out.extend_from_slice(float_text(number).as_bytes());
            return true;
        }
        self.float_with_flags(number, verb, self.flags.precision.or(precision));
        true
    }

    fn float_with_flags(&mut self, number: f64, verb: char, precision: Option<usize>) {
        if !self.has_room(precision.unwrap_or(0)) {
            return;
        }
        let mut text = format_float(number, verb, precision);
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        if self.flags.space && text.starts_with('+') && !self.flags.plus {
            text.replace_range(..1, " ");
        }
        if !number.is_finite() {
            let bare = number.is_nan() && !self.flags.space && !self.flags.plus;
            let hide_plus = !bare && number.is_infinite() && text.starts_with('+') && !self.flags.plus;
            return self.pad_without_zeros(&text.as_bytes()[usize::from(bare || hide_plus)..]);
        }
        if self.flags.sharp && verb != 'b' {
            text = with_point(&text, verb, precision);
        }
        if !self.flags.plus && text.starts_with('+') {
            return self.pad(&text.as_bytes()[1..]);
        }
        let width = self.flags.width.unwrap_or(0);
        if self.flags.zero && !self.flags.minus && width > text.len() {
            self.out.extend_from_slice(&text.as_bytes()[..1]);
            self.write_padding(width - text.len());
            self.out.extend_from_slice(&text.as_bytes()[1..]);
        } else {
            self.pad(text.as_bytes());
        }
    }
}

/// The `#` flag: always a decimal point, and `%g` keeps its trailing zeros. `text` begins with its sign.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let keeps_zeros = matches!(verb, 'g' | 'G' | 'x');
    let hexadecimal = matches!(verb, 'x' | 'X');
    let end = if hexadecimal { text.find(['p', 'P']) } else { text.find(['e', 'E']) };
    let (number, tail) = text.split_at(end.unwrap_or(text.len()));
    let body = &number[1..];
    let significant = body.chars().filter(|&c| c != '.').skip_while(|&c| c == '0').count();
    let mut missing = if keeps_zeros { precision.unwrap_or(6) as i64 - significant as i64 } else { 0 };
    let mut out = number.to_string();
    if !body.contains('.') {
        if body == "0" {
            missing -= 1;
        }
        out.push('.');
    }
    out.extend((0..missing.max(0)).map(|_| '0'));
    out + tail
}
