//! Looks that webhooks ask for: one at a time for each repository and never close together, however many ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::Time;
use report::application::AppKey;

/// What has been asked for. Pure: the time is handed in.
#[derive(Debug, Default)]
pub(super) struct Hurry(BTreeMap<Arc<str>, Asked>);

#[derive(Debug)]
struct Asked {
    /// Applications that wait for the next look.
    waiting: BTreeSet<AppKey>,
    /// Applications that the look under way is for.
    looking: Option<BTreeSet<AppKey>>,
    /// No look before this.
    not_before: Time,
    failures: u32,
}

/// The shortest time between the starts of two looks at one repository.
const APART: Duration = Duration::from_secs(1);
/// The wait after a look that failed, doubled each time.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Failures in a row after which the poll has to find what has moved.
const GIVE_UP: u32 = 5;

impl Hurry {
    /// Asks for a look on behalf of `apps`. One under way does not count: it may have begun before the push.
    pub fn ask(&mut self, repository: Arc<str>, apps: BTreeSet<AppKey>, now: Time) {
        let fresh = || Asked { waiting: BTreeSet::new(), looking: None, not_before: now, failures: 0 };
        self.0.entry(repository).or_insert_with(fresh).waiting.extend(apps);
    }

    /// The repositories to look at now.
    pub fn take_due(&mut self, now: Time) -> Vec<Arc<str>> {
        let mut due = Vec::new();
        for (repository, asked) in &mut self.0 {
            if asked.is_ready() && asked.not_before <= now {
                asked.looking = Some(std::mem::take(&mut asked.waiting));
                asked.not_before = now.plus(APART);
                due.push(repository.clone());
            }
        }
        // What nobody waits for is forgotten once it would be looked at without delay again.
        self.0.retain(|_, asked| {
            asked.looking.is_some() || !asked.waiting.is_empty() || asked.not_before > now
        });
        due
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Time> {
        self.0.values().filter(|asked| asked.is_ready()).map(|asked| asked.not_before).min()
    }

    /// Ends a look: for whom it was. After a failure they wait for another one.
    pub fn done(&mut self, repository: &str, well: bool, now: Time) -> BTreeSet<AppKey> {
        let Some(asked) = self.0.get_mut(repository) else { return BTreeSet::new() };
        let apps = asked.looking.take().unwrap_or_default();
        if well || asked.failures >= GIVE_UP {
            asked.failures = 0;
            return apps;
        }
        asked.waiting.extend(apps);
        asked.not_before = now.plus(AFTER_FAILURE.saturating_mul(1 << asked.failures));
        asked.failures += 1;
        BTreeSet::new()
    }
}

impl Asked {
    fn is_ready(&self) -> bool {
        self.looking.is_none() && !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Time {
        "2024-05-01T12:00:00Z"
            .parse::<Time>()
            .expect("it is a time")
            .plus(Duration::from_millis(milliseconds))
    }

    fn apps(names: &[&str]) -> BTreeSet<AppKey> {
        names.iter().map(|name| AppKey { namespace: "argocd".into(), name: (*name).into() }).collect()
    }

    fn due(hurry: &mut Hurry, now: Time) -> String {
        hurry.take_due(now).join(" ")
    }

    #[test]
    fn who_asks_during_a_look_gets_the_next_one() {
        let mut hurry = Hurry::default();
        hurry.ask("a".into(), apps(&["shop"]), at(0));
        hurry.ask("a".into(), apps(&["blog"]), at(0));
        assert_eq!(due(&mut hurry, at(0)), "a");
        hurry.ask("a".into(), apps(&["docs"]), at(10));
        assert_eq!(due(&mut hurry, at(10)), "", "one look at a time");
        assert_eq!(hurry.done("a", true, at(20)), apps(&["blog", "shop"]));
        assert_eq!(hurry.next(), Some(at(1000)));
        assert_eq!(due(&mut hurry, at(999)), "", "never close together");
        assert_eq!(due(&mut hurry, at(1000)), "a");
        assert_eq!(hurry.done("a", true, at(1001)), apps(&["docs"]));
        assert_eq!(hurry.next(), None);
    }

    #[test]
    fn a_look_that_fails_is_tried_again_a_few_times() {
        let mut hurry = Hurry::default();
        hurry.ask("a".into(), apps(&["shop"]), at(0));
        let mut now = at(0);
        for _ in 0..GIVE_UP {
            assert_eq!(due(&mut hurry, now), "a");
            assert_eq!(hurry.done("a", false, now), apps(&[]));
            now = hurry.next().expect("it is tried again");
        }
        assert_eq!(now, at(5_000 * 31));
        assert_eq!(due(&mut hurry, now), "a");
        assert_eq!(hurry.done("a", false, now), apps(&["shop"]), "the poll takes over");
    }

    #[test]
    fn what_nobody_waits_for_is_forgotten() {
        let mut hurry = Hurry::default();
        hurry.ask("a".into(), apps(&["shop"]), at(0));
        hurry.take_due(at(0));
        hurry.done("a", true, at(5));
        hurry.take_due(at(5));
        assert_eq!(hurry.0.len(), 1, "the next look may not be close to the last");
        hurry.take_due(at(2000));
        assert!(hurry.0.is_empty());
    }
}
