//! A moment in a zone, as Go's `time.Time`.

use super::civil::{Civil, civil_from_days, day_of_year, days_from_civil};
use super::duration::Duration;
use super::zone::{Shown, Zone};

const DAY: u64 = 86_400;
const NANOS: i64 = 1_000_000_000;
/// Go counts seconds from the 1st of March of the year -292277022400 in 64 bits; so times wrap where its do.
const DAYS_BEFORE_1970: i64 = 730_692_556 * 146_097 + 306 + 719_162;
/// 0001-01-01, Go's zero time, in seconds since 1970.
const ZERO_SECONDS: i64 = -62_135_596_800;

/// A moment to the nanosecond, and the zone it is shown in.
#[derive(Debug, Clone)]
pub struct Time {
    seconds: i64,
    nanos: u32,
    zone: Zone,
}

/// The reading of a clock and calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub civil: Civil,
    /// 0 is Sunday.
    pub weekday: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub shown: Shown,
}

impl Time {
    /// The moment that lies `seconds` and `nanos` after 1970 began.
    pub fn new(seconds: i64, nanos: u32, zone: Zone) -> Self {
        Self { seconds, nanos, zone }
    }

    /// Go's zero time: the first of January of the year 1.
    pub fn zero() -> Self {
        Self::new(ZERO_SECONDS, 0, Zone::Utc)
    }

    /// The moment at which a clock in `zone` shows this; fields may lie outside their ranges and carry over.
    pub(super) fn from_clock(civil: Civil, clock: [i64; 3], nanos: u32, zone: Zone) -> Self {
        let days = days_from_civil(civil.year, i64::from(civil.month), i64::from(civil.day));
        let [hour, minute, second] = clock;
        let in_day = hour * 3600 + minute * 60 + second;
        // Years at the far ends wrap, as Go's do.
        let shown = days.wrapping_mul(DAY as i64).wrapping_add(in_day);
        let seconds = shown.wrapping_sub(offset_of_clock(&zone, shown));
        Self::new(seconds, nanos, zone)
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds since 1970; wraps outside 1678 to 2262, as in Go.
    pub fn unix_nano(&self) -> i64 {
        self.seconds.wrapping_mul(NANOS).wrapping_add(i64::from(self.nanos))
    }

    /// Microseconds since 1970.
    pub fn unix_micro(&self) -> i64 {
        self.seconds.wrapping_mul(1_000_000).wrapping_add(i64::from(self.nanos / 1000))
    }

    /// Milliseconds since 1970.
    pub fn unix_milli(&self) -> i64 {
        self.seconds.wrapping_mul(1000).wrapping_add(i64::from(self.nanos / 1_000_000))
    }

    /// Nanoseconds within the second.
    pub fn nanosecond(&self) -> u32 {
        self.nanos
    }

    /// The zone it is shown in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The same moment, shown in another zone.
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, ..*self }
    }

    /// Whether this is Go's zero time.
    pub fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanos == 0
    }

    /// The moment that much later.
    pub fn plus(&self, duration: Duration) -> Self {
        let nanos = i64::from(self.nanos) + duration.0.rem_euclid(NANOS);
        let seconds =
            self.seconds.wrapping_add(duration.0.div_euclid(NANOS)).wrapping_add(nanos.div_euclid(NANOS));
        Self { seconds, nanos: nanos.rem_euclid(NANOS) as u32, zone: self.zone.clone() }
    }

    /// The same clock time, years, months and days later.
    pub fn plus_date(&self, years: i64, months: i64, days: i64) -> Self {
        let reading = self.reading();
        let civil = reading.civil;
        let bound = |count: i64| count.clamp(-1_000_000_000, 1_000_000_000);
        let day = days_from_civil(
            civil.year + bound(years),
            i64::from(civil.month) + bound(months),
            i64::from(civil.day) + bound(days),
        );
        let clock = [i64::from(reading.hour), i64::from(reading.minute), i64::from(reading.second)];
        Self::from_clock(civil_from_days(day), clock, self.nanos, self.zone.clone())
    }

    /// How long after `other` this is; stops at the bounds of a duration.
    pub fn since(&self, other: &Self) -> Duration {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let nanos = seconds * i128::from(NANOS) + i128::from(self.nanos) - i128::from(other.nanos);
        Duration(nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    /// The last multiple of the duration since the year 1.
    pub fn truncated(&self, step: Duration) -> Self {
        match self.beyond(step) {
            Some(beyond) => self.plus(Duration(beyond.wrapping_neg())),
            None => self.clone(),
        }
    }

    /// The nearest multiple of the duration since the year 1; a half goes up.
    pub fn rounded(&self, step: Duration) -> Self {
        match self.beyond(step) {
            Some(beyond) if beyond < step.0 - beyond => self.plus(Duration(-beyond)),
            Some(beyond) => self.plus(Duration(step.0 - beyond)),
            None => self.clone(),
        }
    }

    /// How far this lies beyond a multiple of the step; nothing for a step that is none.
    fn beyond(&self, step: Duration) -> Option<i64> {
        let nanos = (i128::from(self.seconds) - i128::from(ZERO_SECONDS)) * i128::from(NANOS)
            + i128::from(self.nanos);
        (step.0 > 0).then(|| nanos.rem_euclid(i128::from(step.0)) as i64)
    }

    /// The year.
    pub fn year(&self) -> i64 {
        self.reading().civil.year
    }

    /// The number of the day in its year, from 1.
    pub fn year_day(&self) -> i64 {
        day_of_year(self.reading().civil)
    }

    /// What clock and calendar show.
    pub(super) fn reading(&self) -> Reading {
        let shown = self.zone.at(self.seconds);
        let seconds = (self.seconds as u64)
            .wrapping_add(shown.offset as u64)
            .wrapping_add((DAYS_BEFORE_1970 as u64).wrapping_mul(DAY));
        let days = (seconds / DAY) as i64 - DAYS_BEFORE_1970;
        let in_day = seconds % DAY;
        Reading {
            civil: civil_from_days(days),
            // The first of January 1970 was a Thursday.
            weekday: (days + 4).rem_euclid(7) as u8,
            hour: (in_day / 3600) as u8,
            minute: (in_day / 60 % 60) as u8,
            second: (in_day % 60) as u8,
            shown,
        }
    }

    fn moment(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }
}

/// The offset to subtract from a clock reading. It is looked up as if the reading were universal time, and once more
/// with what was found; so in the hours that a change of clocks skips or repeats, the choice is Go's.
fn offset_of_clock(zone: &Zone, shown: i64) -> i64 {
    match zone.at(shown).offset {
        0 => 0,
        guess => zone.at(shown.wrapping_sub(guess)).offset,
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.moment() == other.moment()
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.moment().cmp(&other.moment())
    }
}
