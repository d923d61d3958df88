//! What is due, when, at most one run for each application.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use model::Time;

/// Why an application is looked at, weakest first: a stronger reason swallows a weaker one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Only what the page shows has changed, or a status is owed that can wait: never more than a few at once.
    Tree,
    /// A live object has changed.
    Live,
    /// The source or the application may have changed.
    Source,
    /// A user asks: the remote is asked anew.
    Refresh,
    /// A user asks for everything anew, renders and comparisons too.
    Hard,
}

/// Runs at once that can wait: what matters must not wait for them.
const TREES: usize = 4;

/// Applications that wait, the moment each is due (by [`super::clock::steady`]), and those that run.
#[derive(Debug)]
pub struct Queue<K> {
    due: BTreeMap<(Time, u64), K>,
    waiting: HashMap<K, (Time, u64, Depth)>,
    running: HashMap<K, Depth>,
    ticket: u64,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), waiting: HashMap::new(), running: HashMap::new(), ticket: 0 }
    }
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    /// Asks for a run at `when` at the latest; two wishes become one, the earlier and the deeper.
    pub fn push(&mut self, key: K, when: Time, depth: Depth) {
        let (when, depth) = match self.waiting.remove(&key) {
            Some((at, ticket, before)) => {
                self.due.remove(&(at, ticket));
                (at.min(when), before.max(depth))
            }
            None => (when, depth),
        };
        self.ticket += 1;
        self.due.insert((when, self.ticket), key.clone());
        self.waiting.insert(key, (when, self.ticket, depth));
    }

    /// The next application that is due at `now` and does not run already; it counts as running from here on.
    pub fn pop(&mut self, now: Time) -> Option<(K, Depth)> {
        let room = self.has_room_for_trees();
        let ready = self.due.range(..=(now, u64::MAX)).find(|(_, key)| self.may_run(key, room));
        let place = *ready?.0;
        let key = self.due.remove(&place)?;
        let (_, _, depth) = self.waiting.remove(&key)?;
        self.running.insert(key.clone(), depth);
        Some((key, depth))
    }

    /// Ends a run.
    pub fn done(&mut self, key: &K) {
        self.running.remove(key);
    }

    /// Forgets an application.
    pub fn forget(&mut self, key: &K) {
        if let Some((at, ticket, _)) = self.waiting.remove(key) {
            self.due.remove(&(at, ticket));
        }
    }

    /// When the next run is due: none where all that waits runs already, or waits for room.
    pub fn next_due(&self) -> Option<Time> {
        let room = self.has_room_for_trees();
        self.due.iter().find(|(_, key)| self.may_run(key, room)).map(|((when, _), _)| *when)
    }

    fn may_run(&self, key: &K, room_for_trees: bool) -> bool {
        let is_tree = || self.waiting.get(key).is_some_and(|(_, _, depth)| *depth == Depth::Tree);
        !self.running.contains_key(key) && (room_for_trees || !is_tree())
    }

    fn has_room_for_trees(&self) -> bool {
        self.running.values().filter(|depth| **depth == Depth::Tree).count() < TREES
    }

    /// How many are due and wait for a place.
    pub fn due(&self, now: Time) -> usize {
        self.due.range(..=(now, u64::MAX)).filter(|(_, key)| !self.running.contains_key(*key)).count()
    }

    /// True where `key` has a run under way.
    pub fn is_running(&self, key: &K) -> bool {
        self.running.contains_key(key)
    }

    /// How many wait and how many run.
    pub fn sizes(&self) -> (usize, usize) {
        (self.waiting.len(), self.running.len())
    }

    /// All that wait.
    pub fn keys(&self) -> BTreeSet<&K> {
        self.waiting.keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Time {
        let start: Time = "2024-05-01T12:00:00Z".parse().expect("it is a time");
        start.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn two_wishes_become_the_earlier_and_the_deeper() {
        let mut queue = Queue::default();
        queue.push("shop", at(10), Depth::Hard);
        queue.push("shop", at(5), Depth::Live);
        assert_eq!(queue.pop(at(4)), None);
        assert_eq!(queue.pop(at(5)), Some(("shop", Depth::Hard)));
        assert_eq!(queue.sizes(), (0, 1));
    }

    #[test]
    fn what_can_wait_leaves_room_for_what_cannot() {
        let mut queue = Queue::default();
        (0..TREES + 1).for_each(|number| queue.push(number, at(0), Depth::Tree));
        let begun: Vec<usize> = std::iter::from_fn(|| queue.pop(at(1))).map(|(number, _)| number).collect();
        assert_eq!(begun, [0, 1, 2, 3]);
        assert_eq!(queue.next_due(), None, "nobody is woken for what has no room");
        queue.push(9, at(1), Depth::Live);
        assert_eq!(queue.pop(at(1)), Some((9, Depth::Live)));
        queue.done(&0);
        assert_eq!(queue.pop(at(1)), Some((TREES, Depth::Tree)));
    }

    #[test]
    fn an_application_runs_once_at_a_time_and_holds_up_nobody() {
        let mut queue = Queue::default();
        queue.push("shop", at(0), Depth::Live);
        assert_eq!(queue.pop(at(0)), Some(("shop", Depth::Live)));
        queue.push("shop", at(0), Depth::Live);
        queue.push("blog", at(1), Depth::Live);
        assert_eq!(queue.pop(at(1)), Some(("blog", Depth::Live)));
        assert_eq!(queue.pop(at(1)), None);
        assert_eq!(queue.next_due(), None);
        queue.done(&"shop");
        assert_eq!(queue.next_due(), Some(at(0)));
        assert_eq!(queue.pop(at(1)), Some(("shop", Depth::Live)));
    }
}
