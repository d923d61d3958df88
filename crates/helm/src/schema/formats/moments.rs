//! Dates, times and durations (RFC 3339).

use super::{Fault, number, quoted, refused};

/// `2006-01-02`.
pub(super) fn date(text: &str) -> Fault {
    gotemplate::functions::dates::check("2006-01-02", text)
}

/// A date, `T`, and a time.
pub(super) fn date_time(text: &str) -> Fault {
    if text.len() < 20 {
        return refused("less than 20 characters long");
    }
    let is_split = matches!(text.as_bytes()[10], b't' | b'T');
    let Some((day, clock)) = text.split_at_checked(10).filter(|_| is_split) else {
        return refused("11th character must be t or T");
    };
    date(day).map_err(|why| format!("invalid date element: {why}"))?;
    time(&clock[1..]).map_err(|why| format!("invalid time element: {why}"))
}

/// `15:04:05` with a fraction and an offset; a leap second only where the day ends in UTC.
pub(super) fn time(text: &str) -> Fault {
    if text.len() < 9 {
        return refused("less than 9 characters long");
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    if part(2, 3) != ":" || part(5, 6) != ":" {
        return refused("missing colon in correct place");
    }
    let clock = [part(0, 2), part(3, 5), part(6, 8)].map(number);
    let [Ok(hour), Ok(minute), Ok(second)] = clock else { return refused("invalid hour/min/sec") };
    if hour < 0 || minute < 0 || second < 0 {
        return refused("non-positive hour/min/sec");
    }
    if hour > 23 || minute > 59 || second > 60 {
        return refused("hour/min/sec out of range");
    }
    let mut rest = text.get(8..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if rest.len() == fraction.len() {
            return refused("no digits in second fraction");
        }
    }
    let ahead = offset(rest)?;
    let of_day = (hour * 60 + minute - ahead).rem_euclid(24 * 60);
    if second == 60 && of_day != 24 * 60 - 1 { refused("invalid leap second") } else { Ok(()) }
}

/// Minutes ahead of UTC.
fn offset(text: &str) -> Result<i64, String> {
    if text.eq_ignore_ascii_case("z") {
        return Ok(0);
    }
    let no = |words: &str| Err(words.to_owned());
    if text.len() != 6 {
        return no("offset must be 6 characters long");
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return no("offset must begin with plus/minus"),
    };
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    if part(3, 4) != ":" {
        return no("missing colon in offset in correct place");
    }
    let [Ok(hours), Ok(minutes)] = [part(1, 3), part(4, 6)].map(number) else {
        return no("invalid hour/min in offset");
    };
    if hours < 0 || minutes < 0 {
        return no("non-positive hour/min in offset");
    }
    if hours > 23 || minutes > 59 {
        return no("hour/min in offset out of range");
    }
    Ok(sign * (hours * 60 + minutes))
}

/// ISO 8601: weeks alone, or years to seconds in their order, each with a whole number.
pub(super) fn duration(text: &str) -> Fault {
    let Some(text) = text.strip_prefix('P') else { return refused("must start with P") };
    if text.is_empty() {
        return refused("nothing after P");
    }
    if let Some(weeks) = text.strip_suffix('W') {
        let is_number = weeks.bytes().all(|byte| byte.is_ascii_digit());
        return match (weeks.is_empty(), is_number) {
            (true, _) => refused("no number in week"),
            (false, false) => refused("invalid week"),
            (false, true) => Ok(()),
        };
    }
    for (place, part) in text.split('T').enumerate() {
        if place > 0 && part.is_empty() {
            return refused("no time elements");
        }
        match place {
            0 => in_order(part, "YMD")?,
            1 => in_order(part, "HMS")?,
            _ => return refused("more than one T"),
        }
    }
    Ok(())
}

fn in_order(mut text: &str, all: &str) -> Fault {
    let mut units = all;
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return refused("missing number");
        }
        let Some(unit) = text[digits..].chars().next() else { return refused("missing unit") };
        let Some(place) = units.find(unit) else {
            let words = if all.contains(unit) { ("unit", " out of order") } else { ("invalid unit", "") };
            return Err(format!("{} {}{}", words.0, quoted(unit), words.1));
        };
        units = &units[place + 1..];
        text = &text[digits + unit.len_utf8()..];
    }
    Ok(())
}
