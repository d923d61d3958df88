//! The letter box between webhooks and the loop: bounded, and two letters about the same become one (threat T12).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::source::webhook::Push;

/// Pushes that wait for the loop.
#[derive(Debug, Default)]
pub struct Pushes {
    waiting: Mutex<BTreeMap<About, Push>>,
    news: Notify,
}

/// What makes two pushes one: the same revision of the same repository.
type About = (Vec<String>, String);

/// Pushes that wait at most; beyond them webhooks are told to come back.
const MOST: usize = 256;
/// Beyond so many the lists of changed files are dropped: whoever waits then is looked at whatever has changed.
const MOST_WITH_FILES: usize = 16;
/// Files that one push keeps; a longer list is dropped as a whole.
const MOST_FILES: usize = 10_000;
/// Longest name of a revision or repository that can mean anything, in bytes.
const LONGEST_NAME: usize = 4_096;

impl Pushes {
    /// Takes a push. False where too many wait already.
    pub fn offer(&self, mut push: Push) -> bool {
        let names = push.repositories.iter().chain([&push.revision]);
        if names.map(String::len).any(|length| length > LONGEST_NAME) {
            return true;
        }
        let mut waiting = self.lock();
        let is_full = waiting.len() >= MOST;
        if waiting.len() >= MOST_WITH_FILES {
            push.changed = None;
        }
        match waiting.entry((push.repositories.clone(), push.revision.clone())) {
            Entry::Vacant(_) if is_full => return false,
            Entry::Vacant(place) => {
                place.insert(push);
            }
            Entry::Occupied(mut place) => merge(place.get_mut(), push),
        }
        drop(waiting);
        self.news.notify_one();
        true
    }

    /// The next push; waits for one. Nothing is lost where the wait is given up.
    pub async fn next(&self) -> Push {
        loop {
            if let Some((_, push)) = self.lock().pop_first() {
                return push;
            }
            self.news.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<About, Push>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One push from the older's start to the newer's end, with the files of both.
fn merge(older: &mut Push, newer: Push) {
    let Push { repositories: _, revision: _, before: _, after, is_default_branch, changed } = newer;
    older.after = after;
    older.is_default_branch |= is_default_branch;
    older.changed = match (older.changed.take(), changed) {
        (Some(mut files), Some(more)) => {
            files.extend(more);
            files.sort_unstable();
            files.dedup();
            (files.len() <= MOST_FILES).then_some(files)
        }
        (None, _) | (_, None) => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(repository: &str, after: &str, files: &[&str]) -> Push {
        Push {
            repositories: vec![repository.to_owned()],
            revision: "main".to_owned(),
            before: "0".to_owned(),
            after: after.to_owned(),
            is_default_branch: true,
            changed: Some(files.iter().map(|file| (*file).to_owned()).collect()),
        }
    }

    #[tokio::test]
    async fn pushes_about_the_same_become_one() {
        let pushes = Pushes::default();
        assert!(pushes.offer(push("a", "1", &["x"])));
        assert!(pushes.offer(push("b", "1", &["z"])));
        assert!(pushes.offer(push("a", "2", &["y", "x"])));
        assert_eq!(pushes.next().await, Push { before: "0".into(), ..push("a", "2", &["x", "y"]) });
        assert_eq!(pushes.next().await.repositories, ["b"]);
    }

    #[tokio::test]
    async fn a_full_box_refuses_what_is_new_and_forgets_lists_of_files() {
        let pushes = Pushes::default();
        for number in 0..MOST {
            assert!(pushes.offer(push(&format!("r{number:03}"), "1", &["x"])));
        }
        assert!(!pushes.offer(push("one too many", "1", &["x"])));
        assert!(pushes.offer(push("r000", "2", &["y"])), "what waits already can still be told of");
        let first = pushes.next().await;
        assert_eq!((first.after.as_str(), first.changed), ("2", None));
    }

    #[tokio::test]
    async fn names_that_mean_nothing_take_no_room() {
        let pushes = Pushes::default();
        assert!(pushes.offer(push(&"x".repeat(LONGEST_NAME + 1), "1", &[])));
        assert!(pushes.lock().is_empty());
    }
}
