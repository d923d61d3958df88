//! Small pieces of a time's text: numbers, names, fractions, offsets.

use super::layout::OffsetStyle;

/// Why one element does not fit.
pub(super) enum Misfit {
    Bad,
    OutOfRange(&'static str),
}

/// What was found and the rest of the text.
pub(super) type Fit<'a, T> = Result<(T, &'a [u8]), Misfit>;

/// Steps over plain text of the layout; runs of blanks count as one, and the text may end inside one.
pub(super) fn skip<'a>(mut value: &'a [u8], mut text: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    while let Some(first) = text.first() {
        if *first == b' ' {
            if value.first().is_some_and(|byte| *byte != b' ') {
                return Err(value);
            }
            text = trim_blanks(text);
            value = trim_blanks(value);
            continue;
        }
        if value.first() != Some(first) {
            return Err(value);
        }
        (text, value) = (&text[1..], &value[1..]);
    }
    Ok(value)
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| **byte == b' ').count()..]
}

pub(super) fn without_blanks(value: &[u8], most: usize) -> &[u8] {
    &value[value.iter().take(most).take_while(|byte| **byte == b' ').count()..]
}

/// The index of the name that stands here, in any case.
pub(super) fn name<'a>(value: &'a [u8], names: &[&str]) -> Fit<'a, usize> {
    names
        .iter()
        .position(|name| {
            value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        })
        .map(|index| (index, &value[names[index].len()..]))
        .ok_or(Misfit::Bad)
}

fn digit(value: &[u8], at: usize) -> Option<i64> {
    value.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'))
}

/// One or two digits; two where they are fixed.
pub(super) fn number(value: &[u8], fixed: bool) -> Fit<'_, i64> {
    match (digit(value, 0), digit(value, 1)) {
        (Some(tens), Some(ones)) => Ok((tens * 10 + ones, &value[2..])),
        (Some(ones), None) if !fixed => Ok((ones, &value[1..])),
        _ => Err(Misfit::Bad),
    }
}

/// One to three digits; three where they are fixed.
pub(super) fn number3(value: &[u8], fixed: bool) -> Fit<'_, i64> {
    let count = (0..3).take_while(|at| digit(value, *at).is_some()).count();
    if count == 0 || fixed && count != 3 {
        return Err(Misfit::Bad);
    }
    let (digits, rest) = value.split_at(count);
    Ok((digits.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')), rest))
}

pub(super) fn ranged<'a>(
    value: &'a [u8],
    fixed: bool,
    range: std::ops::RangeInclusive<i64>,
    field: &'static str,
) -> Fit<'a, i64> {
    let (found, rest) = number(value, fixed)?;
    Ok((within(found, range, field)?, rest))
}

pub(super) fn within(
    found: i64,
    range: std::ops::RangeInclusive<i64>,
    field: &'static str,
) -> Result<i64, Misfit> {
    if range.contains(&found) { Ok(found) } else { Err(Misfit::OutOfRange(field)) }
}

/// A whole number with an optional sign.
pub(super) fn signed(text: &[u8]) -> Result<i64, Misfit> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Misfit::Bad);
    }
    let number = digits.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0'));
    Ok(if text.starts_with(b"-") { -number } else { number })
}

/// How many digits stand behind a point or comma.
pub(super) fn fraction_digits(value: &[u8]) -> usize {
    match value.first() {
        Some(b'.' | b',') => value[1..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    }
}

/// A point or comma and digits, of which nine count.
pub(super) fn nanoseconds(fraction: &[u8]) -> Result<u32, Misfit> {
    if !matches!(fraction.first(), Some(b'.' | b',')) {
        return Err(Misfit::Bad);
    }
    let digits = &fraction[1..fraction.len().min(10)];
    let value = signed(digits)?;
    if value < 0 {
        return Err(Misfit::OutOfRange("fractional second"));
    }
    Ok((0..9 - digits.len()).fold(value as u32, |nanos, _| nanos * 10))
}

pub(super) fn read_offset(value: &[u8], style: OffsetStyle) -> Fit<'_, i64> {
    let colon = usize::from(style.colons);
    let minutes_at = 3 + colon;
    let seconds_at = minutes_at + 2 + colon;
    let length = match style {
        OffsetStyle { seconds: true, .. } => seconds_at + 2,
        OffsetStyle { minutes: true, .. } => minutes_at + 2,
        _ => 3,
    };
    let (text, rest) = value.split_at_checked(length).ok_or(Misfit::Bad)?;
    let colons_stand = !style.colons || text[3] == b':' && (!style.seconds || text[6] == b':');
    if !colons_stand {
        return Err(Misfit::Bad);
    }
    let two = |at: usize| number(&text[at..at + 2], true).map(|(number, _)| number);
    let hours = two(1)?;
    let minutes = if style.minutes { two(minutes_at)? } else { 0 };
    let seconds = if style.seconds { two(seconds_at)? } else { 0 };
    // Some people write 24 hours, 60 minutes or 60 seconds.
    within(seconds, 0..=60, "time zone offset second")?;
    within(minutes, 0..=60, "time zone offset minute")?;
    within(hours, 0..=24, "time zone offset hour")?;
    let offset = hours * 3600 + minutes * 60 + seconds;
    match text[0] {
        b'+' => Ok((offset, rest)),
        b'-' => Ok((-offset, rest)),
        _ => Err(Misfit::Bad),
    }
}

/// How long the zone abbreviation at the start is: three capitals, four or five that end in T, or `+03`.
pub(super) fn zone_name_length(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if matches!(value[0], b'+' | b'-') {
        return Some(signed_hours_length(value)).filter(|length| *length > 0);
    }
    match value.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count() {
        5 if value[4] == b'T' => Some(5),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and a number up to 23; 0 where there is none.
fn signed_hours_length(value: &[u8]) -> usize {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let digits = value[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hours = value[1..1 + digits]
        .iter()
        .fold(0u64, |hours, byte| hours.saturating_mul(10).saturating_add(u64::from(byte - b'0')));
    if digits == 0 || hours > 23 { 0 } else { 1 + digits }
}
