//! What happens when sources move: a repository is looked at once, then the Applications it concerns are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::Application;
use report::application::AppKey;

use super::event::Moved;
use super::queue::Depth;
use super::seek::Order;
use super::{Agent, Entry, clock, versions};
use crate::source::git::Repository;
use crate::source::webhook::{Push, affects, repository_key};

/// Over how long looks are spread where nothing is polled.
const WITHOUT_POLL: Duration = Duration::from_secs(120);

/// Which Applications name which repository: a push to one that nobody names costs one look-up (threat T12).
#[derive(Debug, Default)]
pub(super) struct Named {
    apps: HashMap<String, BTreeSet<AppKey>>,
    repositories: HashMap<AppKey, BTreeSet<String>>,
}

impl Named {
    /// Takes the sources of an Application as they are now; none once it is gone or cannot be read.
    pub(super) fn set(&mut self, key: &AppKey, app: Option<&Application>) {
        let sources = app.iter().flat_map(|app| app.spec.sources_in_force());
        let now: BTreeSet<String> = sources.map(|source| repository_key(&source.repo_url)).collect();
        let before = self.repositories.remove(key).unwrap_or_default();
        for gone in before.difference(&now) {
            if let Some(apps) = self.apps.get_mut(gone) {
                apps.remove(key);
                if apps.is_empty() {
                    self.apps.remove(gone);
                }
            }
        }
        for fresh in now.difference(&before) {
            self.apps.entry(fresh.clone()).or_default().insert(key.clone());
        }
        if !now.is_empty() {
            self.repositories.insert(key.clone(), now);
        }
    }

    fn of(&self, repositories: &[String]) -> BTreeSet<AppKey> {
        repositories.iter().filter_map(|name| self.apps.get(name)).flatten().cloned().collect()
    }
}

/// When each repository has moved last, counted. A run that reads a repository for the first time is not yet among those
/// who are told of its moves: what moved since it began, it may have missed.
#[derive(Debug, Default)]
pub(super) struct Moves {
    count: u64,
    last: HashMap<Arc<str>, u64>,
}

impl Moves {
    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    fn note(&mut self, repository: &str) {
        self.count += 1;
        self.last.insert(repository.into(), self.count);
    }

    /// Whether a repository has moved since there were `count`.
    pub(super) fn since(&self, repository: &str, count: u64) -> bool {
        self.last.get(repository).is_some_and(|last| *last > count)
    }

    /// Forgets what nobody reads any more.
    pub(super) fn keep(&mut self, is_read: impl Fn(&str) -> bool) {
        self.last.retain(|repository, _| is_read(repository));
    }
}

impl Agent {
    /// Looks at the applications whose sources may have moved; a run under way ends at its next safe point.
    pub(super) fn source_moved(&mut self, moved: &Moved) {
        match moved {
            Moved::Repository(id) => {
                self.moves.note(id);
                self.wake_moved(self.apps_in(id), Depth::Source);
            }
            Moved::Push(push) => self.pushed(push),
            Moved::Charts => {
                let with_chart = self.apps.iter().filter(|(_, entry)| super::has_chart(entry));
                self.wake_moved(with_chart.map(|(key, _)| key.clone()).collect(), Depth::Refresh);
            }
            Moved::Everything => self.wake_moved(self.apps.keys().cloned().collect(), Depth::Hard),
            Moved::Looked { repository, first, moved } => {
                self.wake_moved(first.clone(), Depth::Source);
                if *moved {
                    self.moves.note(repository);
                    self.wake_later(self.apps_in(repository).difference(first).cloned().collect());
                }
            }
        }
    }

    /// A webhook has named a repository: it is looked at once, whoever and however many it concerns.
    fn pushed(&mut self, push: &Push) {
        let named = self.named.of(&push.repositories);
        let touched: BTreeSet<AppKey> = named
            .iter()
            .filter(|key| self.apps.get(*key).is_some_and(|entry| concerns(entry, push)))
            .cloned()
            .collect();
        let metrics = self.shell.teller.metrics();
        match named.first().and_then(|key| self.repositories_of(key, push).into_iter().next()) {
            Some(repository) => metrics.webhook(Some(repository.shown())),
            None => metrics.webhook(None),
        }
        let mut looks: BTreeMap<Arc<str>, BTreeSet<AppKey>> = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for key in touched {
            let found = self.repositories_of(&key, push);
            if found.is_empty() {
                unknown.insert(key.clone());
            }
            found.iter().for_each(|found| {
                looks.entry(found.id().clone()).or_default().insert(key.clone());
            });
        }
        // What was never read (or is no Git repository) has nobody to look for it but itself.
        self.wake_moved(unknown, Depth::Refresh);
        for (repository, first) in looks {
            let _ = self.seek.send(Order::Look(repository, first));
        }
    }

    /// The repositories that an Application reads and the push names; all that it reads where their names have been
    /// rewritten beyond recognition.
    fn repositories_of(&self, key: &AppKey, push: &Push) -> Vec<Arc<Repository>> {
        let read = self.apps.get(key).into_iter().flat_map(|entry| &entry.repositories);
        let read: Vec<Arc<Repository>> =
            read.filter_map(|id| Some(self.repositories.get(id)?.0.clone())).collect();
        let is_named = |found: &&Arc<Repository>| push.repositories.contains(&repository_key(found.shown()));
        let named: Vec<Arc<Repository>> = read.iter().filter(is_named).cloned().collect();
        if named.is_empty() { read } else { named }
    }

    fn apps_in(&self, repository: &str) -> BTreeSet<AppKey> {
        self.repositories.get(repository).map(|(_, apps)| apps.clone()).unwrap_or_default()
    }

    fn wake_moved(&mut self, apps: BTreeSet<AppKey>, depth: Depth) {
        let now = clock::steady();
        tracing::debug!(?apps, ?depth, "sources may have moved");
        for key in apps {
            if let Some(entry) = self.apps.get(&key) {
                entry.overtaken.store(true, Ordering::Relaxed);
                self.queue.push(key, now, depth);
            }
        }
    }

    /// Spreads looks over the polling interval. The repository has moved for these, too, but the push did not touch
    /// them; the next poll would find nothing new, as its names are known now, so nobody else would wake them.
    fn wake_later(&mut self, apps: BTreeSet<AppKey>) {
        let now = clock::steady();
        let interval = match self.world.settings.poll_interval {
            Duration::ZERO => WITHOUT_POLL,
            interval => interval,
        };
        let parts = u32::try_from(apps.len()).unwrap_or(u32::MAX).saturating_add(1);
        for (number, key) in (1..).zip(apps) {
            let wait = (interval / parts).saturating_mul(number);
            self.wake(key, now.plus(wait), Depth::Source);
        }
    }
}

/// Whether a push concerns an application.
fn concerns(entry: &Entry, push: &Push) -> bool {
    let Ok(app) = &entry.app else { return false };
    let paths = app.annotations.get(model::annotations::MANIFEST_GENERATE_PATHS).map(String::as_str);
    app.spec.sources_in_force().iter().any(|source| affects(source, paths, push, &versions::Semver))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_while_a_run_read_it_for_the_first_time_is_known() {
        let mut moves = Moves::default();
        moves.note("shop");
        let begun = moves.count();
        assert!(!moves.since("shop", begun), "it read what is there now");
        moves.note("blog");
        assert!(!moves.since("shop", begun) && moves.since("blog", begun));
        moves.note("shop");
        assert!(moves.since("shop", begun));
        moves.keep(|repository| repository == "blog");
        assert!(!moves.since("shop", begun) && moves.since("blog", begun));
    }
}
