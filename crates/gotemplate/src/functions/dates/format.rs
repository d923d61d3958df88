//! Times written by a Go layout.

use std::fmt::{self, Write};

use super::civil::day_of_year;
use super::layout::{
    Element, Fraction, LONG_MONTHS, LONG_WEEKDAYS, OffsetStyle, SHORT_MONTHS, SHORT_WEEKDAYS, next_element,
};
use super::time::{Reading, Time};
use super::zone::Zone;

impl Time {
    /// The time as the layout says.
    pub fn format(&self, layout: &str) -> String {
        let reading = self.reading();
        let mut out = String::with_capacity(layout.len() + 10);
        let mut rest = layout;
        while !rest.is_empty() {
            let (text, element, behind) = next_element(rest);
            out.push_str(text);
            if let Some((element, _)) = element {
                // Writing to a String cannot fail.
                let _ = write_element(&mut out, element, &reading, self.nanosecond());
            }
            rest = behind;
        }
        out
    }

    /// The Go expression that makes this time, as `%#v` prints it.
    pub(super) fn to_go(&self) -> String {
        let Reading { civil, hour, minute, second, .. } = self.reading();
        let month = LONG_MONTHS[usize::from(civil.month) - 1];
        let zone = match self.zone() {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Local(_) => "time.Local".to_owned(),
            named => format!("time.Location({})", crate::fmt::quote(named.name().as_bytes())),
        };
        let (year, day, nanos) = (civil.year, civil.day, self.nanosecond());
        format!("time.Date({year}, time.{month}, {day}, {hour}, {minute}, {second}, {nanos}, {zone})")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

fn write_element(out: &mut String, element: Element, at: &Reading, nanos: u32) -> fmt::Result {
    // Noon and midnight are 12, not 0.
    let hour12 = (at.hour + 11) % 12 + 1;
    let civil = at.civil;
    match element {
        Element::Year => write!(out, "{:02}", civil.year.unsigned_abs() % 100),
        Element::LongYear => write_year(out, civil.year),
        Element::Month => out.write_str(SHORT_MONTHS[usize::from(civil.month) - 1]),
        Element::LongMonth => out.write_str(LONG_MONTHS[usize::from(civil.month) - 1]),
        Element::NumMonth => write!(out, "{}", civil.month),
        Element::ZeroMonth => write!(out, "{:02}", civil.month),
        Element::Weekday => out.write_str(SHORT_WEEKDAYS[usize::from(at.weekday)]),
        Element::LongWeekday => out.write_str(LONG_WEEKDAYS[usize::from(at.weekday)]),
        Element::Day => write!(out, "{}", civil.day),
        Element::UnderDay => write!(out, "{:2}", civil.day),
        Element::ZeroDay => write!(out, "{:02}", civil.day),
        Element::UnderYearDay => write!(out, "{:3}", day_of_year(civil)),
        Element::ZeroYearDay => write!(out, "{:03}", day_of_year(civil)),
        Element::Hour => write!(out, "{:02}", at.hour),
        Element::Hour12 => write!(out, "{hour12}"),
        Element::ZeroHour12 => write!(out, "{hour12:02}"),
        Element::Minute => write!(out, "{}", at.minute),
        Element::ZeroMinute => write!(out, "{:02}", at.minute),
        Element::Second => write!(out, "{}", at.second),
        Element::ZeroSecond => write!(out, "{:02}", at.second),
        Element::UpperPm => out.write_str(if at.hour >= 12 { "PM" } else { "AM" }),
        Element::LowerPm => out.write_str(if at.hour >= 12 { "pm" } else { "am" }),
        Element::ZoneName if at.shown.abbreviation.is_empty() => {
            let plain = OffsetStyle { zulu: false, colons: false, minutes: true, seconds: false };
            write_offset(out, plain, at.shown.offset)
        }
        Element::ZoneName => out.write_str(&at.shown.abbreviation),
        Element::Offset(style) => write_offset(out, style, at.shown.offset),
        Element::Fraction(fraction) => write_fraction(out, fraction, nanos),
    }
}

/// Four digits at least; the sign of a year before the first does not count among them.
fn write_year(out: &mut String, year: i64) -> fmt::Result {
    let sign = if year < 0 { "-" } else { "" };
    write!(out, "{sign}{:04}", year.unsigned_abs())
}

fn write_offset(out: &mut String, style: OffsetStyle, offset: i64) -> fmt::Result {
    if style.zulu && offset == 0 {
        return out.write_str("Z");
    }
    // Go takes the sign from whole minutes, so an offset of -30 seconds has a plus.
    let minutes = offset / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let seconds = if minutes < 0 { -offset % 60 } else { offset % 60 };
    let colon = if style.colons { ":" } else { "" };
    write!(out, "{sign}{:02}", minutes.abs() / 60)?;
    if style.minutes {
        write!(out, "{colon}{:02}", minutes.abs() % 60)?;
    }
    if style.seconds {
        write!(out, "{colon}{seconds:02}")?;
    }
    Ok(())
}

fn write_fraction(out: &mut String, style: Fraction, nanos: u32) -> fmt::Result {
    if style.trimmed && nanos == 0 {
        return Ok(());
    }
    let digits = format!("{nanos:09}");
    let digits = digits.get(..style.digits).unwrap_or(&digits);
    let digits = if style.trimmed { digits.trim_end_matches('0') } else { digits };
    if style.trimmed && digits.is_empty() {
        return Ok(());
    }
    write!(out, "{}{digits}", if style.comma { ',' } else { '.' })
}
