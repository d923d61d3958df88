//! Times read by a Go layout.

use super::civil::{Civil, days_in_month, is_leap};
use super::duration::{Duration, quote};
use super::layout::{
    Element, Fraction, LONG_MONTHS, LONG_WEEKDAYS, SHORT_MONTHS, SHORT_WEEKDAYS, next_element,
};
use super::scan::{
    Misfit, fraction_digits, name, nanoseconds, number, number3, ranged, read_offset, signed, skip, within,
    without_blanks, zone_name_length,
};
use super::time::Time;
use super::zone::Zone;

/// Why a text does not fit a layout; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// One element of the layout does not fit.
    #[error(
        "parsing time {} as {}: cannot parse {} as {}",
        quote(.value), quote(.layout), quote(.found), quote(.element)
    )]
    Mismatch {
        /// The whole layout.
        layout: String,
        /// The whole text.
        value: String,
        /// The element, or the plain text, that was expected.
        element: String,
        /// What stood there.
        found: String,
    },
    /// All elements fit, but what they say is impossible.
    #[error("parsing time {}: {reason}", quote(.value))]
    Impossible {
        /// The whole text.
        value: String,
        /// Such as `month out of range`.
        reason: String,
    },
}

impl Time {
    /// Reads a time; where the text names no zone, it is one of `zone`.
    ///
    /// # Errors
    /// When the text does not fit the layout, or names a day that does not exist.
    pub fn parse(layout: &str, value: &str, zone: &Zone) -> Result<Self, TimeError> {
        let mut fields = Fields::default();
        let mut rest = value.as_bytes();
        let mut layout_left = layout;
        loop {
            let (text, element, behind) = next_element(layout_left);
            let mismatch = |element: &str, found: &[u8]| TimeError::Mismatch {
                layout: layout.to_owned(),
                value: value.to_owned(),
                element: element.to_owned(),
                found: String::from_utf8_lossy(found).into_owned(),
            };
            rest = skip(rest, text.as_bytes()).map_err(|found| mismatch(text, found))?;
            let Some((element, written)) = element else { break };
            layout_left = behind;
            rest = fields.read(element, rest, behind).map_err(|misfit| match misfit {
                Misfit::Bad => mismatch(written, rest),
                Misfit::OutOfRange(field) => impossible(value, format!("{field} out of range")),
            })?;
        }
        if !rest.is_empty() {
            return Err(impossible(value, format!("extra text: {}", quote(&String::from_utf8_lossy(rest)))));
        }
        fields.into_time(zone).map_err(|reason| impossible(value, reason.to_owned()))
    }
}

fn impossible(value: &str, reason: String) -> TimeError {
    TimeError::Impossible { value: value.to_owned(), reason }
}

/// What has been read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u8>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone_name: Option<String>,
}

impl Fields {
    fn read<'a>(&mut self, element: Element, value: &'a [u8], layout: &str) -> Result<&'a [u8], Misfit> {
        let rest;
        match element {
            Element::Year => {
                let year = signed(value.get(..2).ok_or(Misfit::Bad)?)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                rest = &value[2..];
            }
            Element::LongYear => {
                let year = value.get(..4).filter(|year| year[0].is_ascii_digit()).ok_or(Misfit::Bad)?;
                self.year = signed(year)?;
                rest = &value[4..];
            }
            Element::Month => rest = self.read_month(value, &SHORT_MONTHS)?,
            Element::LongMonth => rest = self.read_month(value, &LONG_MONTHS)?,
            Element::NumMonth | Element::ZeroMonth => {
                let month;
                (month, rest) = number(value, element == Element::ZeroMonth)?;
                self.month = Some(within(month, 1..=12, "month")? as u8);
            }
            Element::Weekday => (_, rest) = name(value, &SHORT_WEEKDAYS)?,
            Element::LongWeekday => (_, rest) = name(value, &LONG_WEEKDAYS)?,
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                let value = if element == Element::UnderDay { without_blanks(value, 1) } else { value };
                let day;
                (day, rest) = number(value, element == Element::ZeroDay)?;
                self.day = Some(day);
            }
            Element::UnderYearDay | Element::ZeroYearDay => {
                let value = if element == Element::UnderYearDay { without_blanks(value, 2) } else { value };
                let day;
                (day, rest) = number3(value, element == Element::ZeroYearDay)?;
                self.year_day = Some(day);
            }
            Element::Hour => (self.hour, rest) = ranged(value, false, 0..=23, "hour")?,
            Element::Hour12 | Element::ZeroHour12 => {
                (self.hour, rest) = ranged(value, element == Element::ZeroHour12, 0..=12, "hour")?;
            }
            Element::Minute | Element::ZeroMinute => {
                (self.minute, rest) = ranged(value, element == Element::ZeroMinute, 0..=59, "minute")?;
            }
            Element::Second | Element::ZeroSecond => {
                let behind;
                (self.second, behind) = ranged(value, element == Element::ZeroSecond, 0..=59, "second")?;
                rest = self.read_unasked_fraction(behind, layout)?;
            }
            Element::UpperPm => rest = self.read_half(value, b"AM", b"PM")?,
            Element::LowerPm => rest = self.read_half(value, b"am", b"pm")?,
            Element::Offset(style) if style.zulu && value.first() == Some(&b'Z') => {
                self.utc = true;
                rest = &value[1..];
            }
            Element::Offset(style) => {
                let offset;
                (offset, rest) = read_offset(value, style)?;
                self.offset = Some(offset);
            }
            Element::ZoneName => rest = self.read_zone_name(value)?,
            Element::Fraction(style) => rest = self.read_fraction(value, style)?,
        }
        Ok(rest)
    }

    fn read_month<'a>(&mut self, value: &'a [u8], names: &[&str]) -> Result<&'a [u8], Misfit> {
        let (index, rest) = name(value, names)?;
        self.month = Some(index as u8 + 1);
        Ok(rest)
    }

    fn read_half<'a>(&mut self, value: &'a [u8], before: &[u8], after: &[u8]) -> Result<&'a [u8], Misfit> {
        let (half, rest) = value.split_at_checked(2).ok_or(Misfit::Bad)?;
        self.afternoon = Some(match half {
            half if half == after => true,
            half if half == before => false,
            _ => return Err(Misfit::Bad),
        });
        Ok(rest)
    }

    /// Fractions behind seconds are read even where the layout has none.
    fn read_unasked_fraction<'a>(&mut self, value: &'a [u8], layout: &str) -> Result<&'a [u8], Misfit> {
        let asked = matches!(next_element(layout).1, Some((Element::Fraction(_), _)));
        let digits = fraction_digits(value);
        if asked || digits == 0 {
            return Ok(value);
        }
        self.nanos = nanoseconds(&value[..1 + digits])?;
        Ok(&value[1 + digits..])
    }

    fn read_fraction<'a>(&mut self, value: &'a [u8], style: Fraction) -> Result<&'a [u8], Misfit> {
        let length = if style.trimmed {
            match fraction_digits(value) {
                0 => return Ok(value),
                digits => 1 + digits,
            }
        } else {
            1 + style.digits
        };
        let (fraction, rest) = value.split_at_checked(length).ok_or(Misfit::Bad)?;
        self.nanos = nanoseconds(fraction)?;
        Ok(rest)
    }

    fn read_zone_name<'a>(&mut self, value: &'a [u8]) -> Result<&'a [u8], Misfit> {
        if let Some(rest) = value.strip_prefix(b"UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = zone_name_length(value).ok_or(Misfit::Bad)?;
        let (name, rest) = value.split_at_checked(length).ok_or(Misfit::Bad)?;
        self.zone_name = Some(String::from_utf8_lossy(name).into_owned());
        Ok(rest)
    }

    fn into_time(self, zone: &Zone) -> Result<Time, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > i64::from(days_in_month(self.year, month)) {
            return Err("day out of range");
        }
        let civil = Civil { year: self.year, month, day: day as u8 };
        let clock = [hour, self.minute, self.second];
        let in_zone = |zone| Time::from_clock(civil, clock, self.nanos, zone);
        Ok(match (self.utc, self.offset, self.zone_name) {
            (true, _, _) => in_zone(Zone::Utc),
            (false, Some(offset), name) => {
                let moment = in_zone(Zone::Utc).plus(Duration(-offset * 1_000_000_000));
                moment.in_zone(zone_of(zone, &moment, offset, name.unwrap_or_default()))
            }
            (false, None, Some(name)) => {
                let offset = gmt_offset(&name);
                in_zone(Zone::Utc).in_zone(Zone::Fixed { name, offset })
            }
            (false, None, None) => in_zone(zone.clone()),
        })
    }

    fn month_and_day(&self) -> Result<(u8, i64), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        let (month, day) = month_and_day_of(self.year, year_day).ok_or("day-of-year out of range")?;
        if self.month.is_some_and(|seen| seen != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|seen| seen != day) {
            return Err("day-of-year does not match day");
        }
        Ok((month, day))
    }
}

fn month_and_day_of(year: i64, year_day: i64) -> Option<(u8, i64)> {
    let last = if is_leap(year) { 366 } else { 365 };
    if !(1..=last).contains(&year_day) {
        return None;
    }
    let mut left = year_day;
    for month in 1..=12 {
        let length = i64::from(days_in_month(year, month));
        if left <= length {
            return Some((month, left));
        }
        left -= length;
    }
    None
}

/// The given zone where it has this offset at the moment, else one made for it.
fn zone_of(zone: &Zone, moment: &Time, offset: i64, name: String) -> Zone {
    let shown = zone.at(moment.unix());
    if shown.offset == offset && (name.is_empty() || name == shown.abbreviation) {
        return zone.clone();
    }
    Zone::Fixed { name, offset }
}

/// A zone name says nothing about its offset, except `GMT+3`.
fn gmt_offset(name: &str) -> i64 {
    name.strip_prefix("GMT").and_then(|hours| hours.parse::<i64>().ok()).map_or(0, |hours| hours * 3600)
}
