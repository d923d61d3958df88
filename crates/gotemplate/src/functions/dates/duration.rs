//! Go's durations: nanoseconds in 64 bits, written as `1h2m3.5s`.

use std::fmt;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A span of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration(pub i64);

/// Why a text is not a duration; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is empty, has no digits where they belong, or is out of range.
    #[error("time: invalid duration {}", quote(.0))]
    Invalid(String),
    /// A number stands without its unit.
    #[error("time: missing unit in duration {}", quote(.0))]
    MissingUnit(String),
    /// A unit Go does not know.
    #[error("time: unknown unit {} in duration {}", quote(.unit), quote(.text))]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl Duration {
    /// Reads texts such as `1.5h`, `-2h45m` and `300ms`.
    ///
    /// # Errors
    /// When the text is empty, a number has no known unit, or the span does not fit 64 bits.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (part, behind) = parse_part(rest, text)?;
            rest = behind;
            total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        }
        match (negative, i64::try_from(total)) {
            (false, Ok(total)) => Ok(Self(total)),
            (false, Err(_)) => Err(invalid()),
            // The lowest value has no positive twin: negating it in place gives itself.
            (true, _) => Ok(Self((total as i64).wrapping_neg())),
        }
    }

    /// The nearest multiple of a second; halves go away from zero.
    pub fn rounded_to_seconds(self) -> Self {
        self.rounded_to(Self(SECOND as i64))
    }

    /// The nearest multiple of the step; halves go away from zero. A step that is none changes nothing.
    pub fn rounded_to(self, step: Self) -> Self {
        if step.0 <= 0 {
            return self;
        }
        let rest = self.0 % step.0;
        let towards_zero = self.0 - rest;
        // Doubling in place could overflow.
        let nearer = rest.unsigned_abs() < step.0.unsigned_abs() - rest.unsigned_abs();
        Self(match (nearer, self.0 < 0) {
            (true, _) => towards_zero,
            (false, true) => towards_zero.saturating_sub(step.0),
            (false, false) => towards_zero.saturating_add(step.0),
        })
    }

    /// The multiple of the step towards zero.
    pub fn truncated_to(self, step: Self) -> Self {
        if step.0 <= 0 { self } else { Self(self.0 - self.0 % step.0) }
    }

    /// The largest unit only, such as `2h` or `3mo`, as Sprig's `durationRound` writes it.
    pub fn largest_unit(self) -> String {
        let units =
            [(365 * DAY, "y"), (30 * DAY, "mo"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
        let size = self.0.unsigned_abs();
        match units.into_iter().find(|(unit, _)| size > *unit) {
            Some((unit, name)) => format!("{}{name}", size / unit),
            None => "0s".to_owned(),
        }
    }

    /// The span in hours.
    pub fn hours(self) -> f64 {
        self.in_units(HOUR)
    }

    /// The span in minutes.
    pub fn minutes(self) -> f64 {
        self.in_units(MINUTE)
    }

    /// The span in seconds.
    pub fn seconds(self) -> f64 {
        self.in_units(SECOND)
    }

    /// Whole and rest are divided apart, as Go does, so that the last digit agrees.
    fn in_units(self, unit: u64) -> f64 {
        let unit = unit as i64;
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }
}

/// One number with its unit, in nanoseconds, and the rest of the text.
fn parse_part<'a>(text: &'a str, whole_text: &str) -> Result<(u64, &'a str), DurationError> {
    let invalid = || DurationError::Invalid(whole_text.to_owned());
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let value: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
    if value > 1 << 63 {
        return Err(invalid());
    }
    let end = rest.bytes().position(|byte| byte == b'.' || byte.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return Err(DurationError::MissingUnit(whole_text.to_owned()));
    }
    let unit = unit(name)
        .ok_or_else(|| DurationError::UnknownUnit { unit: name.to_owned(), text: whole_text.to_owned() })?;
    let whole_span = value.checked_mul(unit).filter(|span| *span <= 1 << 63).ok_or_else(invalid)?;
    let (digits, scale) = leading_fraction(fraction);
    // Go multiplies in floating point here; so the same rounding is needed.
    let part_span = (digits as f64 * (unit as f64 / scale)) as u64;
    let span = whole_span.checked_add(part_span).filter(|span| *span <= 1 << 63).ok_or_else(invalid)?;
    Ok((span, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

/// The digits as a number and its power of ten; digits beyond 63 bits are dropped.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0u64, 1f64);
    for digit in digits.bytes().map(|byte| u64::from(byte - b'0')) {
        if value > (i64::MAX as u64) / 10 || value * 10 + digit > 1 << 63 {
            break;
        }
        value = value * 10 + digit;
        scale *= 10.0;
    }
    (value, scale)
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

impl fmt::Display for Duration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        if self.0 < 0 {
            out.write_str("-")?;
        }
        match size {
            0 => out.write_str("0s"),
            1..MICROSECOND => write!(out, "{size}ns"),
            MICROSECOND..MILLISECOND => write_fraction(out, size, MICROSECOND, "\u{b5}s"),
            MILLISECOND..SECOND => write_fraction(out, size, MILLISECOND, "ms"),
            _ => write_clock(out, size),
        }
    }
}

fn write_clock(out: &mut fmt::Formatter<'_>, size: u64) -> fmt::Result {
    if size >= HOUR {
        write!(out, "{}h", size / HOUR)?;
    }
    if size >= MINUTE {
        write!(out, "{}m", size % HOUR / MINUTE)?;
    }
    write_fraction(out, size % MINUTE, SECOND, "s")
}

/// `size` in `unit` with as many decimals as are needed.
fn write_fraction(out: &mut fmt::Formatter<'_>, size: u64, unit: u64, name: &str) -> fmt::Result {
    write!(out, "{}", size / unit)?;
    let rest = size % unit;
    if rest > 0 {
        let width = unit.ilog10() as usize;
        write!(out, ".{}", format!("{rest:0width$}").trim_end_matches('0'))?;
    }
    out.write_str(name)
}

/// Quoting as Go's time package does it: bytes outside ASCII as `\xNN`.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            ' '..='\x7f' => quoted.push(letter),
            _ => {
                let mut bytes = [0; 4];
                letter
                    .encode_utf8(&mut bytes)
                    .bytes()
                    .for_each(|byte| quoted.push_str(&format!("\\x{byte:02x}")));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = match Duration::parse(text) {
            Ok(duration) => duration.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn durations_are_read_and_written() {
        check("0", "0s");
        check("1h", "1h0m0s");
        check("-1.5h", "-1h30m0s");
        check("1h2m3.5s", "1h2m3.5s");
        check(".5ms", "500\u{b5}s");
        check("1500ns", "1.5\u{b5}s");
        check("100m", "1h40m0s");
        check("9223372036854775807ns", "2562047h47m16.854775807s");
        check("-9223372036854775808ns", "-2562047h47m16.854775808s");
    }

    #[test]
    fn other_texts_name_their_fault() {
        check("", "time: invalid duration \"\"");
        check("1", "time: missing unit in duration \"1\"");
        check("1d", "time: unknown unit \"d\" in duration \"1d\"");
        check("1é", "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\"");
        check("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\"");
        check(".s", "time: invalid duration \".s\"");
    }

    #[test]
    fn rounding_keeps_the_largest_unit() {
        let largest = |text| Duration::parse(text).unwrap().largest_unit();
        assert_eq!(largest("2h10m5s"), "2h");
        assert_eq!(largest("2400h10m5s"), "3mo");
        assert_eq!(largest("1h"), "60m");
        assert_eq!(Duration(1_500_000_000).rounded_to_seconds(), Duration(2_000_000_000));
        assert_eq!(Duration(-1_500_000_000).rounded_to_seconds(), Duration(-2_000_000_000));
    }
}
