//! Dates and times of TOML as the BurntSushi library holds them: each is a `time.Time`, and the name of its zone says
//! which of the four kinds it was.

use super::{Time, Zone};
use crate::Value;

const OFFSET: &str = "2006-01-02T15:04:05.999999999Z07:00";
const DATETIME: (&str, &str) = ("2006-01-02T15:04:05.999999999", "datetime-local");
const DATE: (&str, &str) = ("2006-01-02", "date-local");
const CLOCK: (&str, &str) = ("15:04:05.999999999", "time-local");
/// The same without seconds, which the library reads, too.
const SHORT_OFFSET: &str = "2006-01-02T15:04Z07:00";
const SHORT: [(&str, &str); 2] = [("2006-01-02T15:04", DATETIME.1), ("15:04", CLOCK.1)];

/// The time that a TOML date, time, or both stands for; nothing where the text is none of them. Those without an
/// offset are read at Greenwich.
pub fn from_toml(text: &str) -> Option<Value> {
    let local = [DATETIME, DATE, CLOCK].map(|(layout, zone)| (layout, fixed(zone)));
    let short = SHORT.map(|(layout, zone)| (layout, fixed(zone)));
    let layouts = [(OFFSET, Zone::Utc)].into_iter().chain(local);
    let mut layouts = layouts.chain([(SHORT_OFFSET, Zone::Utc)]).chain(short);
    let (layout, time) =
        layouts.find_map(|(layout, zone)| Some((layout, Time::parse(layout, text, &zone).ok()?)))?;
    (!misses_a_zero(text, layout)).then(|| Value::object(time))
}

/// Whether a number of one digit stands where the layout has two, which Go's reader of times lets pass.
fn misses_a_zero(text: &str, layout: &str) -> bool {
    let layout = layout.bytes().take_while(|byte| !matches!(byte, b'.' | b'Z'));
    layout.zip(text.bytes()).any(|(expected, found)| !expected.is_ascii_digit() && expected != found)
}

/// A time as TOML writes it; nothing for other values.
pub fn to_toml(value: &Value) -> Option<String> {
    let time = value.as_object::<Time>()?;
    let local = [DATETIME, DATE, CLOCK].into_iter().find(|(_, zone)| time.zone().name() == *zone);
    Some(match local {
        Some((layout, _)) => time.in_zone(Zone::Utc).format(layout),
        None => time.format(OFFSET),
    })
}

fn fixed(name: &str) -> Zone {
    Zone::Fixed { name: name.to_owned(), offset: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, printed: &str) {
        let time = from_toml(text).expect("it is a time");
        assert_eq!(crate::fmt::to_text(&time).to_string(), printed);
        assert_eq!(to_toml(&time).as_deref(), Some(text));
    }

    #[test]
    fn each_kind_prints_its_zone_and_is_written_as_it_was() {
        check("2024-05-06T07:08:09Z", "2024-05-06 07:08:09 +0000 UTC");
        check("2024-05-06T07:08:09.5+02:00", "2024-05-06 07:08:09.5 +0200 +0200");
        check("2024-05-06T07:08:09", "2024-05-06 07:08:09 +0000 datetime-local");
        check("2024-05-06", "2024-05-06 00:00:00 +0000 date-local");
        check("07:08:09", "0000-01-01 07:08:09 +0000 time-local");
        assert!(from_toml("2024-05-06T07:08").is_some() && from_toml("07:08").is_some());
        assert!(from_toml("7:08:09").is_none() && from_toml("2024-5-6").is_none());
        assert!(from_toml("noon").is_none());
    }
}
