//! A moment as Kubernetes writes it: whole seconds, UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, written as `metav1.Time` is (`2024-05-01T12:00:00Z`): parts of a second are kept in memory, not on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub jiff::Timestamp);

impl Time {
    /// The moment as it is written, so that a value compares equal with what comes back from the server.
    pub fn whole_seconds(self) -> Self {
        Self(jiff::Timestamp::from_second(self.0.as_second()).unwrap_or(self.0))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    /// When a wait that began at `start` and takes `length` ends, as seen from this moment; none where it is over. A
    /// start that lies ahead means that the clock was set back meanwhile: how long it has been is not known, and nobody
    /// waits for the old hour to come round again (fault F13).
    pub fn end_of_wait(self, start: Self, length: std::time::Duration) -> Option<Self> {
        let end = start.plus(length);
        (start <= self && self < end).then_some(end)
    }

    /// The moment `length` later; the last possible one where that overflows.
    pub fn plus(self, length: std::time::Duration) -> Self {
        Self(self.0.checked_add(length).unwrap_or(jiff::Timestamp::MAX))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.whole_seconds().0)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_second_stay_off_the_paper() {
        let time: Time = "2024-05-01T12:00:00.75Z".parse().expect("it is a time");
        assert_eq!(time.to_string(), "2024-05-01T12:00:00Z");
        assert!(time.whole_seconds() < time);
    }
}
