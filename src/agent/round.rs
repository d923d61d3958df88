//! A look at everything: which applications are still to be looked at, and how long it took in the end.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use report::application::AppKey;

/// One look at everything. A run that began before it does not count.
#[derive(Debug)]
pub struct Round {
    since: Instant,
    size: usize,
    waiting: HashSet<AppKey>,
    running: HashSet<AppKey>,
}

impl Round {
    /// A look at these applications that begins now.
    pub fn new(apps: impl IntoIterator<Item = AppKey>, now: Instant) -> Self {
        let waiting: HashSet<AppKey> = apps.into_iter().collect();
        Self { since: now, size: waiting.len(), waiting, running: HashSet::new() }
    }

    /// How many applications it is about.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Notes that a run has begun.
    pub fn begun(&mut self, app: &AppKey) {
        self.running.extend(self.waiting.take(app));
    }

    /// Notes that a run has ended.
    pub fn ended(&mut self, app: &AppKey) {
        self.running.remove(app);
    }

    /// Forgets an application that is gone.
    pub fn forget(&mut self, app: &AppKey) {
        self.waiting.remove(app);
        self.running.remove(app);
    }

    /// How long it took; none while some application is still to be looked at.
    pub fn took(&self, now: Instant) -> Option<Duration> {
        (self.waiting.is_empty() && self.running.is_empty()).then(|| now.duration_since(self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::clock;

    fn app(name: &str) -> AppKey {
        AppKey { namespace: "argocd".into(), name: name.into() }
    }

    #[test]
    fn a_round_is_over_when_each_has_been_looked_at_since() {
        let start = clock::monotonic();
        let later = start + Duration::from_millis(5);
        let mut round = Round::new([app("shop"), app("blog")], start);
        round.ended(&app("shop"));
        assert_eq!(round.took(later), None, "a run from before does not count");
        round.begun(&app("shop"));
        round.forget(&app("blog"));
        assert_eq!(round.took(later), None, "it runs");
        round.ended(&app("shop"));
        assert_eq!(round.took(later), Some(Duration::from_millis(5)));
    }
}
