//! When to look at which remote: one look for each repository and interval, however many Applications share it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use model::time::Time;

/// The timetable of all remotes. Pure: the time is handed in, and jitter comes from a seed.
#[derive(Clone, Debug)]
pub struct Timetable {
    interval: Duration,
    jitter: Duration,
    seed: u64,
    entries: BTreeMap<Arc<str>, Appointment>,
}

#[derive(Clone, Copy, Debug)]
struct Appointment {
    due: Time,
    looks: u64,
    failures: u32,
}

/// A remote that fails is asked again this soon, then after twice the wait each time, up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// Longest wait after a failure where polling is off.
const LAST_RETRY: Duration = Duration::from_secs(120);

impl Timetable {
    /// Looks every `interval` (none where it is zero) plus up to `jitter`, spread by `seed`.
    pub fn new(interval: Duration, jitter: Duration, seed: u64) -> Self {
        Self { interval, jitter, seed, entries: BTreeMap::new() }
    }

    /// Takes changed settings; appointments already made stay.
    pub fn set(&mut self, interval: Duration, jitter: Duration) {
        (self.interval, self.jitter) = (interval, jitter);
    }

    /// Keeps appointments for these repositories only. A new one was looked at when it was first used, so its first
    /// appointment is an interval away. The new ones come back.
    pub fn keep(&mut self, repositories: &BTreeSet<Arc<str>>, now: Time) -> Vec<Arc<str>> {
        self.entries.retain(|id, _| repositories.contains(id));
        let fresh: Vec<Arc<str>> =
            repositories.iter().filter(|id| !self.entries.contains_key(*id)).cloned().collect();
        for id in &fresh {
            let entry = Appointment { due: now, looks: 0, failures: 0 };
            let due = self.after(id, entry, now);
            self.entries.insert(id.clone(), Appointment { due, ..entry });
        }
        fresh
    }

    /// The repositories whose time has come. Each is due again later, whatever becomes of the look.
    pub fn take_due(&mut self, now: Time) -> Vec<Arc<str>> {
        let due = self.entries.iter().filter(|(_, entry)| self.counts(entry) && entry.due <= now);
        let due: Vec<_> = due.map(|(id, _)| id.clone()).collect();
        for id in &due {
            self.put_off(id, now, |_| {});
        }
        due
    }

    /// Notes a look that brought an answer, whoever asked for it: the next one is an interval away.
    pub fn looked(&mut self, repository: &str, now: Time) {
        self.put_off(repository, now, |entry| entry.failures = 0);
    }

    /// Notes a look that failed: the next one comes soon, and later each time.
    pub fn failed(&mut self, repository: &str, now: Time) {
        self.put_off(repository, now, |entry| entry.failures = entry.failures.saturating_add(1));
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Time> {
        self.entries.values().filter(|entry| self.counts(entry)).map(|entry| entry.due).min()
    }

    /// Without polling only what has failed is asked again, until it answers.
    fn counts(&self, entry: &Appointment) -> bool {
        !self.interval.is_zero() || entry.failures > 0
    }

    fn put_off(&mut self, repository: &str, now: Time, note: impl FnOnce(&mut Appointment)) {
        let Some((id, entry)) = self.entries.get_key_value(repository) else { return };
        let (id, mut entry) = (id.clone(), *entry);
        note(&mut entry);
        entry.looks += 1;
        entry.due = self.after(&id, entry, now);
        self.entries.insert(id, entry);
    }

    fn after(&self, repository: &str, entry: Appointment, now: Time) -> Time {
        let longest = if self.interval.is_zero() { LAST_RETRY } else { self.interval };
        let wait = match entry.failures {
            0 => longest,
            failures => FIRST_RETRY.saturating_mul(1 << (failures - 1).min(16)).min(longest),
        };
        if wait < longest {
            return now.plus(wait);
        }
        now.plus(wait.saturating_add(self.jitter.mul_f64(self.fraction(repository, entry.looks))))
    }

    /// A number from 0 to 1 that differs from repository to repository and from look to look.
    fn fraction(&self, repository: &str, look: u64) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, repository, look).hash(&mut hasher);
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Something that comes again and again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beat {
    every: Duration,
    next: Option<Time>,
}

impl Beat {
    /// Comes every `every` from `now` on; never where that is zero. A beat that is not changed keeps its time.
    pub fn set(&mut self, every: Duration, now: Time) {
        if every != self.every {
            (self.every, self.next) = (every, (!every.is_zero()).then(|| now.plus(every)));
        }
    }

    /// When it comes next.
    pub fn next(&self) -> Option<Time> {
        self.next
    }

    /// True where it has come; the next one is as far away as ever.
    pub fn take(&mut self, now: Time) -> bool {
        let has_come = self.next.is_some_and(|next| next <= now);
        if has_come {
            self.next = Some(now.plus(self.every));
        }
        has_come
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        "2024-05-01T12:00:00Z".parse::<Time>().expect("it is a time").plus(Duration::from_secs(seconds))
    }

    fn two(jitter: u64) -> Timetable {
        let mut table = Timetable::new(Duration::from_secs(120), Duration::from_secs(jitter), 7);
        table.keep(&BTreeSet::from(["a".into(), "b".into()]), at(0));
        table
    }

    #[track_caller]
    fn check(table: &mut Timetable, seconds: u64, expected: &[&str]) {
        let due: Vec<String> = table.take_due(at(seconds)).iter().map(ToString::to_string).collect();
        assert_eq!(due, expected, "after {seconds} s");
    }

    #[test]
    fn one_look_for_each_repository_and_interval() {
        let mut table = two(0);
        check(&mut table, 119, &[]);
        check(&mut table, 120, &["a", "b"]);
        check(&mut table, 121, &[]);
        table.looked("a", at(200));
        check(&mut table, 240, &["b"]);
        check(&mut table, 320, &["a"]);
    }

    #[test]
    fn jitter_spreads_within_its_bound() {
        let table = two(60);
        let next: Vec<Time> = table.entries.values().map(|entry| entry.due).collect();
        assert!(next.iter().all(|due| *due >= at(120) && *due <= at(180)), "{next:?}");
        assert_ne!(next[0], next[1]);
        assert_eq!(table.next(), next.iter().min().copied());
    }

    #[test]
    fn failures_are_asked_again_soon_then_less_often_and_an_answer_ends_it() {
        let mut table = two(0);
        for (failed_at, due) in [(0, 5), (5, 15), (15, 35), (35, 75), (75, 155), (155, 275), (275, 395)] {
            table.failed("a", at(failed_at));
            assert_eq!(table.entries["a"].due, at(due));
        }
        table.looked("a", at(395));
        assert_eq!(table.entries["a"].due, at(515));
    }

    #[test]
    fn a_beat_comes_again_and_again_until_it_is_stopped() {
        let mut beat = Beat::default();
        beat.set(Duration::from_secs(60), at(0));
        beat.set(Duration::from_secs(60), at(30));
        assert_eq!([59, 60, 61, 120].map(|seconds| beat.take(at(seconds))), [false, true, false, true]);
        beat.set(Duration::ZERO, at(120));
        assert_eq!((beat.next(), beat.take(at(999))), (None, false));
    }

    #[test]
    fn without_polling_only_failures_are_asked_again() {
        let mut table = two(0);
        table.set(Duration::ZERO, Duration::ZERO);
        table.failed("a", at(0));
        assert_eq!(table.next(), Some(at(5)));
        check(&mut table, 999, &["a"]);
        table.looked("a", at(999));
        check(&mut table, 9999, &[]);
    }

    #[test]
    fn zero_switches_polling_off_and_strangers_are_dropped() {
        let mut table = two(0);
        table.keep(&BTreeSet::from(["b".into()]), at(60));
        check(&mut table, 120, &["b"]);
        table.set(Duration::ZERO, Duration::ZERO);
        check(&mut table, 9999, &[]);
        assert_eq!(table.next(), None);
    }
}
