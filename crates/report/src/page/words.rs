//! Verdicts, revisions and times in the words of the page.

use model::Time;
use model::application::{HealthCode, OperationPhase, SyncStatusCode};

use super::shapes;
use crate::AppReport;

/// A verdict as shape, word and colour; a word always, so that nothing hangs on colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge {
    /// A shape for the eye: an outline in a square of 16.
    pub shape: &'static str,
    /// The verdict.
    pub word: &'static str,
    /// Class that the style sheet gives a colour.
    pub class: &'static str,
}

impl Badge {
    /// Desired against live.
    pub fn of_sync(code: SyncStatusCode) -> Self {
        let (shape, class) = match code {
            SyncStatusCode::Synced => (shapes::CHECKED, "good"),
            SyncStatusCode::OutOfSync => (shapes::ARROWS, "warn"),
            SyncStatusCode::Unknown => (shapes::QUESTION, "unknown"),
        };
        Self { shape, word: code.as_str(), class }
    }

    /// Health.
    pub fn of_health(code: HealthCode) -> Self {
        let (shape, class) = match code {
            HealthCode::Healthy => (shapes::HEART, "good"),
            HealthCode::Suspended => (shapes::PAUSED, "busy"),
            HealthCode::Progressing => (shapes::HALF, "busy"),
            HealthCode::Missing => (shapes::RING, "warn"),
            HealthCode::Degraded => (shapes::CROSSED, "bad"),
            HealthCode::Unknown => (shapes::QUESTION, "unknown"),
        };
        Self { shape, word: code.as_str(), class }
    }

    /// How far a sync is.
    pub fn of_phase(phase: OperationPhase) -> Self {
        let (shape, class) = match phase {
            OperationPhase::Running => (shapes::PLAYING, "busy"),
            OperationPhase::Terminating => (shapes::STOPPED, "busy"),
            OperationPhase::Failed | OperationPhase::Error => (shapes::CROSSED, "bad"),
            OperationPhase::Succeeded => (shapes::CHECKED, "good"),
        };
        Self { shape, word: phase.as_str(), class }
    }
}

impl Badge {
    /// How a Rollout stands.
    pub fn of_rollout(phase: &str) -> Self {
        match phase {
            "Healthy" => Self { shape: shapes::HEART, word: "Healthy", class: "good" },
            "Paused" => Self { shape: shapes::PAUSED, word: "Paused", class: "busy" },
            "Degraded" => Self { shape: shapes::CROSSED, word: "Degraded", class: "bad" },
            "" => Self { shape: shapes::QUESTION, word: "Unknown", class: "unknown" },
            _ => Self { shape: shapes::HALF, word: "Progressing", class: "busy" },
        }
    }

    /// How an analysis or one of its metrics stands.
    pub fn of_analysis(phase: &str) -> Self {
        match phase {
            "Successful" => Self { shape: shapes::CHECKED, word: "Successful", class: "good" },
            "Failed" => Self { shape: shapes::CROSSED, word: "Failed", class: "bad" },
            "Error" => Self { shape: shapes::CROSSED, word: "Error", class: "bad" },
            "Inconclusive" => Self { shape: shapes::QUESTION, word: "Inconclusive", class: "warn" },
            "Running" => Self { shape: shapes::PLAYING, word: "Running", class: "busy" },
            _ => Self { shape: shapes::RING, word: "Pending", class: "busy" },
        }
    }
}

/// Whether somebody has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Something is wrong, or waits for somebody.
    Unwell,
    /// It is under way by itself.
    Busy,
    /// All is as it should be.
    Well,
}

impl Standing {
    /// In the order of the page's counts.
    pub const ALL: [Self; 3] = [Self::Unwell, Self::Busy, Self::Well];

    /// How an application stands.
    pub fn of(app: &AppReport) -> Self {
        let phase = app.last_sync.as_ref().map(|last| last.phase);
        let runs = phase.is_some_and(|phase| !phase.is_completed());
        let failed = matches!(phase, Some(OperationPhase::Failed | OperationPhase::Error));
        let wrong = failed || app.conditions.iter().any(|condition| is_error(&condition.kind));
        let sync = match app.sync {
            SyncStatusCode::Synced => Self::Well,
            SyncStatusCode::OutOfSync if runs => Self::Busy,
            SyncStatusCode::OutOfSync | SyncStatusCode::Unknown => Self::Unwell,
        };
        let health = match app.health {
            HealthCode::Healthy => Self::Well,
            HealthCode::Suspended | HealthCode::Progressing => Self::Busy,
            HealthCode::Missing if runs => Self::Busy,
            HealthCode::Missing | HealthCode::Degraded | HealthCode::Unknown => Self::Unwell,
        };
        match (sync, health) {
            _ if wrong => Self::Unwell,
            _ if app.deleting => Self::Busy,
            (Self::Unwell, _) | (_, Self::Unwell) => Self::Unwell,
            (Self::Busy, _) | (_, Self::Busy) => Self::Busy,
            (Self::Well, Self::Well) if runs => Self::Busy,
            (Self::Well, Self::Well) => Self::Well,
        }
    }

    /// A shape for the eye, as a [`Badge`] has.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Unwell => shapes::WARNING,
            Self::Busy => shapes::DOTS,
            Self::Well => shapes::TICK,
        }
    }

    /// Class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Unwell => "unwell",
            Self::Busy => "busy",
            Self::Well => "well",
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unwell => "needs a look",
            Self::Busy => "under way",
            Self::Well => "well",
        }
    }
}

/// True for a condition that says that something is wrong, by upstream's way of naming its types.
pub fn is_error(kind: &str) -> bool {
    kind.ends_with("Error")
}

/// One sentence of cause where an application is not well; the best that its report has.
pub fn cause(app: &AppReport) -> Option<&str> {
    let told = [
        app.cause.as_deref(),
        app.deleting.then_some("It is being deleted."),
        app.conditions.iter().find(|condition| is_error(&condition.kind)).map(|found| found.message.as_str()),
        Some(app.health_message.as_str()),
        app.last_sync.as_ref().map(|last| last.message.as_str()),
    ];
    match Standing::of(app) {
        Standing::Well => app.cause.as_deref(),
        Standing::Unwell | Standing::Busy => told
            .into_iter()
            .flatten()
            .find(|told| !told.is_empty())
            .or((app.sync == SyncStatusCode::OutOfSync).then_some("Live objects differ from Git.")),
    }
}

/// A revision as people quote it: seven digits of a commit, anything else whole.
pub fn short(revision: &str) -> &str {
    let is_commit = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &revision[..7] } else { revision }
}

/// A moment, for machines and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As Kubernetes writes it.
    pub at: String,
    /// Such as `3 minutes ago`.
    pub words: String,
}

impl Moment {
    /// A moment seen from `now`.
    pub fn seen(at: Time, now: Time) -> Self {
        Self { at: at.to_string(), words: ago(at, now) }
    }
}

/// How long until then, such as `in 20 seconds`; `which is now` once it is there.
pub fn ahead(at: Time, now: Time) -> String {
    let seconds = at.since(now).as_secs();
    let (number, unit) = match seconds {
        0 => return "which is now".to_owned(),
        1..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        _ => (seconds / 3_600, "hour"),
    };
    format!("in {number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// How long ago, in one unit; `just now` for the last seconds and for clocks that run ahead.
pub fn ago(at: Time, now: Time) -> String {
    let seconds = now.since(at).as_secs();
    let (number, unit) = match seconds {
        0..5 => return "just now".to_owned(),
        5..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(at: &str, expected: &str) {
        let time = |text: &str| text.parse::<Time>().expect("it is a time");
        assert_eq!(ago(time(at), time("2024-05-02T12:00:00Z")), expected);
    }

    #[test]
    fn times_are_told_from_now() {
        check("2024-05-02T12:00:09Z", "just now");
        check("2024-05-02T11:59:57Z", "just now");
        check("2024-05-02T11:59:30Z", "30 seconds ago");
        check("2024-05-02T11:58:40Z", "1 minute ago");
        check("2024-05-02T09:00:00Z", "3 hours ago");
        check("2024-04-01T12:00:00Z", "31 days ago");
    }

    #[test]
    fn times_ahead_are_told_from_now() {
        let time = |text: &str| text.parse::<Time>().expect("it is a time");
        let now = time("2024-05-02T12:00:00Z");
        for (at, expected) in [
            ("2024-05-02T11:00:00Z", "which is now"),
            ("2024-05-02T12:00:01Z", "in 1 second"),
            ("2024-05-02T12:02:10Z", "in 2 minutes"),
            ("2024-05-02T15:00:00Z", "in 3 hours"),
        ] {
            assert_eq!(ahead(time(at), now), expected);
        }
    }

    #[test]
    fn a_commit_is_quoted_short() {
        assert_eq!(short("0123456789abcdef0123456789abcdef01234567"), "0123456");
        for whole in ["1.2.3", "", "main", "日本日本日本日本日本日本日本"] {
            assert_eq!(short(whole), whole);
        }
    }
}
