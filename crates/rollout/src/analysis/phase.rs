//! The phases of runs, metrics and measurements.

use std::fmt;

/// How far something is, ordered from best to worst as upstream orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It is good.
    Successful,
    /// It is under way.
    Running,
    /// It has not begun.
    Pending,
    /// It is neither good nor bad.
    Inconclusive,
    /// It could not be told.
    Error,
    /// It is bad.
    Failed,
}

impl Phase {
    /// The phase of a word; none where it is empty or unknown.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Successful, Self::Running, Self::Pending, Self::Inconclusive, Self::Error, Self::Failed]
            .into_iter()
            .find(|phase| phase.word() == word)
    }

    /// The word in a status.
    pub fn word(self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::Running => "Running",
            Self::Pending => "Pending",
            Self::Inconclusive => "Inconclusive",
            Self::Error => "Error",
            Self::Failed => "Failed",
        }
    }

    /// True where nothing follows.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Successful | Self::Inconclusive | Self::Error | Self::Failed => true,
            Self::Running | Self::Pending => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
