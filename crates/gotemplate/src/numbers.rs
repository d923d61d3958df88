//! Reading numbers as Go's strconv reads them.

/// `strconv.ParseInt(text, 0, 64)`: an optional sign, then `0x`, `0o`, `0b`, a leading 0 for octal, or decimal.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, body) = signed(text);
    let magnitude = parse_uint(body)?;
    with_sign(negative, magnitude)
}

/// `strconv.ParseInt(text, base, 64)` for a fixed base: no prefix, no underscores.
pub(crate) fn parse_int_of_base(text: &str, base: u32) -> Option<i64> {
    let (negative, body) = signed(text);
    with_sign(negative, digits_of_base(body.bytes(), base)?)
}

/// `strconv.ParseUint(text, 0, 64)`
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        all => (10, all),
    };
    if text.contains('_') && !underscores_fit(text) {
        return None;
    }
    digits_of_base(digits.iter().copied().filter(|&byte| byte != b'_'), base)
}

/// `strconv.ParseFloat(text, 64)`; numbers beyond the range are refused.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (negative, body) = signed(text);
    let lower = body.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity") {
        return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    if lower == "nan" {
        return Some(f64::NAN);
    }
    if body.contains('_') && !underscores_fit(body) {
        return None;
    }
    let plain = lower.replace('_', "");
    let number = match plain.strip_prefix("0x") {
        Some(hexadecimal) => parse_hex_float(hexadecimal)?,
        None if plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') => plain.parse().ok()?,
        None => return None,
    };
    number.is_finite().then_some(if negative { -number } else { number })
}

fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn with_sign(negative: bool, magnitude: u64) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

fn digits_of_base(digits: impl Iterator<Item = u8>, base: u32) -> Option<u64> {
    let mut any = false;
    let number = digits.into_iter().try_fold(0u64, |number, digit| {
        any = true;
        number.checked_mul(u64::from(base))?.checked_add(u64::from(char::from(digit).to_digit(base)?))
    });
    number.filter(|_| any)
}

/// Go's rule: underscores stand between digits, or between a base prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let bytes = text.as_bytes();
    let prefixed = matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    let hexadecimal = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let mut before = if prefixed { b'0' } else { b'^' };
    for &byte in &bytes[if prefixed { 2 } else { 0 }..] {
        let digit = byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
        match byte {
            _ if digit => before = b'0',
            b'_' if before != b'0' => return false,
            b'_' => before = b'_',
            _ if before == b'_' => return false,
            _ => before = b'!',
        }
    }
    before != b'_'
}

/// `1.8p3` and the like, behind the `0x`, in lower case.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (negative, digits) = signed(exponent);
    let exponent = digits_of_base(digits.bytes(), 10)?.min(1 << 20) as i64;
    let mut exponent = if negative { -exponent } else { exponent } - 4 * fraction.len() as i64;
    let mut bits = 0u64;
    let mut sticky = false;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
        } else {
            sticky |= digit != 0;
            exponent += 4;
        }
    }
    Some(assemble(bits | u64::from(sticky), exponent))
}

/// `bits * 2^exponent`, rounded half to even; a set lowest bit of a full mantissa stands for more behind it.
fn assemble(mut bits: u64, mut exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let shift = bits.leading_zeros();
    bits <<= shift;
    exponent -= i64::from(shift);
    // The value is bits * 2^exponent with 64 significant bits; 53 stay, fewer for subnormal numbers.
    let drop = 11.max(-1074 - exponent);
    if drop > 64 {
        return 0.0;
    }
    let wide = u128::from(bits) << 1;
    let (kept, half) = (wide >> (drop + 1), (wide >> drop) & 1);
    let rest = wide & ((1u128 << drop) - 1);
    let round_up = half == 1 && (rest != 0 || kept & 1 == 1);
    let kept = (kept as u64) + u64::from(round_up);
    let scale = exponent + drop;
    if scale > 1100 {
        return f64::INFINITY;
    }
    // In two steps, so that neither power of two leaves the range.
    let first = scale.clamp(-1000, 1000);
    kept as f64 * 2f64.powi(first as i32) * 2f64.powi((scale - first) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, int: Option<i64>, float: Option<f64>) {
        assert_eq!((parse_int(text), parse_float(text)), (int, float), "{text}");
    }

    #[test]
    fn numbers_as_go_reads_them() {
        check("42", Some(42), Some(42.0));
        check("-0x1F", Some(-31), None);
        check("0b11", Some(3), None);
        check("0o17", Some(15), None);
        check("017", Some(15), Some(17.0));
        check("08", None, Some(8.0));
        check("1_000", Some(1000), Some(1000.0));
        check("1__000", None, None);
        check("_1", None, None);
        check("0x_1", Some(1), None);
        check("0x1p-2", None, Some(0.25));
        check("0x1.8p1", None, Some(3.0));
        check("1e400", None, None);
        check("+5", Some(5), Some(5.0));
        check("", None, None);
        check("9223372036854775808", None, Some(9_223_372_036_854_775_808.0));
        check("-9223372036854775808", Some(i64::MIN), Some(-9_223_372_036_854_775_808.0));
        check("inf", None, Some(f64::INFINITY));
    }
}
