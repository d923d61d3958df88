//! How long pauses lasted, from the status that says they have begun to the one that says they are over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;

use super::group::rollouts;
use super::one;
use crate::table::shown;
use crate::watching::{Sight, watch};

/// Lengths of all pauses so far.
#[derive(Default)]
pub struct Pauses(Vec<Duration>);

/// A walk that is watched: when each step began, and when its pause was first seen.
pub struct Watched {
    end: Sight,
    seen: Arc<Mutex<Vec<(Instant, Instant)>>>,
}

impl Pauses {
    /// Watches one Rollout through so many pauses.
    pub async fn watch(&self, client: &Client, name: &str, steps: usize) -> Watched {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (sink, mut begun) = (seen.clone(), None);
        let end = watch(rollouts(client), one(name), move |rollout| {
            let status = &rollout.data["status"];
            let step = status["currentStepIndex"].as_u64().unwrap_or(0) as usize;
            let is_paused = status["pauseConditions"].is_array();
            let now = Instant::now();
            if let Some((_, at)) = begun.take_if(|(index, _)| *index != step) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).push((at, now));
            }
            if is_paused && begun.is_none() {
                begun = Some((step, now));
            }
            sink.lock().unwrap_or_else(PoisonError::into_inner).len() >= steps
        });
        Watched { end: end.await, seen }
    }

    /// Takes what was seen, once it is over.
    pub async fn take(&mut self, watched: Watched) {
        watched.end.at().await;
        let seen = watched.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.extend(seen.iter().map(|(from, to)| *to - *from));
    }

    /// By how much the middle one was longer than it should be, and the rest in words.
    pub fn shown(mut self, wanted: Duration) -> (String, String) {
        self.0.sort_unstable();
        let late = |length: &Duration| match length.checked_sub(wanted) {
            Some(late) => format!("{} late", shown(late)),
            None => format!("{} early", shown(wanted - *length)),
        };
        let (first, last) = (self.0.first().map(late), self.0.last().map(late));
        let notes = format!(
            "median of {}, from {} to {}, as a watch saw them",
            self.0.len(),
            first.unwrap_or_default(),
            last.unwrap_or_default()
        );
        (late(&self.0[self.0.len() / 2]), notes)
    }
}
