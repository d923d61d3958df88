//! Local repositories, watched: a push is seen at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use notify::event::CreateKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::git::Repository;

/// Watches the references of local repositories and says which repository moved. Dropping it ends the watch.
pub struct Watch {
    watcher: RecommendedWatcher,
    watched: Arc<Mutex<Watched>>,
}

/// Why a repository is not watched; its changes are still found when it is polled.
#[derive(Debug, thiserror::Error)]
#[error("could not watch {place}; a push to it is seen only when it is looked at")]
pub struct WatchError {
    /// What was to be watched.
    place: String,
    /// The system's words.
    source: notify::Error,
}

/// Folders that hold references, and the repository each belongs to.
type Watched = BTreeMap<PathBuf, Arc<str>>;

/// Something was seen.
struct Seen {
    repository: Arc<str>,
    /// A folder appeared: references may have come into it before it was watched.
    look_again: bool,
}

/// Events closer together than this are one push.
const QUIET: Duration = Duration::from_millis(10);
/// After this long a new folder's references are certain to be watched or written.
const SETTLED: Duration = Duration::from_millis(150);
/// Repositories that keep moving are reported at least after this many events.
const BURST: usize = 1000;

impl Watch {
    /// Starts watching nothing yet; the id of each repository that moves is sent to `moved`.
    ///
    /// # Errors
    /// When the system offers no watch.
    pub fn start(moved: mpsc::Sender<Arc<str>>) -> Result<Self, WatchError> {
        let watched: Arc<Mutex<Watched>> = Arc::default();
        let (seen, sightings) = channel();
        let known = watched.clone();
        let watcher =
            notify::recommended_watcher(move |event: notify::Result<Event>| notice(&event, &known, &seen));
        let watcher =
            watcher.map_err(|source| WatchError { place: "local repositories".to_owned(), source })?;
        thread::Builder::new().name("watch".to_owned()).spawn(move || forward(&sightings, &moved)).map_err(
            |error| WatchError { place: "local repositories".to_owned(), source: notify::Error::io(error) },
        )?;
        Ok(Self { watcher, watched })
    }

    /// Watches a repository; nothing to do for one that is watched already, or not local.
    ///
    /// # Errors
    /// When the system refuses (often: too many watches).
    pub fn add(&mut self, repository: &Repository) -> Result<(), WatchError> {
        for folder in repository.reference_folders() {
            if self.lock().contains_key(&folder) {
                continue;
            }
            let refs = folder.join("refs");
            let fail = |source| WatchError { place: folder.display().to_string(), source };
            // HEAD and packed-refs lie in the folder itself; objects below it are of no interest.
            self.watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(fail)?;
            if refs.is_dir() {
                self.watcher.watch(&refs, RecursiveMode::Recursive).map_err(fail)?;
            }
            self.lock().insert(folder, repository.id().clone());
        }
        Ok(())
    }

    /// Stops watching all repositories but these.
    pub fn keep(&mut self, repositories: &BTreeSet<Arc<str>>) {
        let gone: Vec<_> = self
            .lock()
            .iter()
            .filter(|(_, id)| !repositories.contains(*id))
            .map(|(f, _)| f.clone())
            .collect();
        for folder in gone {
            self.lock().remove(&folder);
            // Fails where the folder is gone, and the watch with it.
            let _ = self.watcher.unwatch(&folder.join("refs"));
            let _ = self.watcher.unwatch(&folder);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns a system event into sightings. Reads are no event: they are often our own.
fn notice(event: &notify::Result<Event>, watched: &Mutex<Watched>, seen: &Sender<Seen>) {
    let watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
    let event = match event {
        Ok(event) if !event.need_rescan() => event,
        // The system lost count: anything may have moved.
        Ok(_) | Err(_) => {
            for repository in watched.values() {
                let _ = seen.send(Seen { repository: repository.clone(), look_again: false });
            }
            return;
        }
    };
    if matches!(event.kind, EventKind::Access(_)) {
        return;
    }
    let look_again = matches!(event.kind, EventKind::Create(CreateKind::Folder | CreateKind::Any));
    for path in &event.paths {
        let of = path.ancestors().find_map(|folder| Some((folder, watched.get(folder)?)));
        if let Some((folder, repository)) = of.filter(|(folder, _)| holds_references(folder, path)) {
            let _ = seen.send(Seen {
                repository: repository.clone(),
                look_again: look_again && path.as_path() != folder,
            });
        }
    }
}

/// Whether a path below a repository's folder says where references point. Git writes them as `.lock` files first.
fn holds_references(folder: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(folder) else { return false };
    let lock = below.extension().is_some_and(|extension| extension == "lock");
    !lock && (below.starts_with("refs") || below == Path::new("HEAD") || below == Path::new("packed-refs"))
}

/// Sends the first sighting on at once, and what follows closely behind it once more when it is over. Ends when
/// either side is gone.
fn forward(sightings: &Receiver<Seen>, moved: &mpsc::Sender<Arc<str>>) {
    while let Ok(first) = sightings.recv() {
        let mut again = first.look_again;
        if moved.blocking_send(first.repository.clone()).is_err() {
            return;
        }
        let mut rest = if again { BTreeSet::from([first.repository]) } else { BTreeSet::new() };
        for _ in 0..BURST {
            let Ok(next) = sightings.recv_timeout(if again { SETTLED } else { QUIET }) else { break };
            again |= next.look_again;
            rest.insert(next.repository);
        }
        for repository in rest {
            if moved.blocking_send(repository).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: bool) {
        let folder = Path::new("/srv/web.git");
        assert_eq!(holds_references(folder, &folder.join(path)), expected, "{path}");
    }

    #[test]
    fn only_references_count() {
        for path in ["HEAD", "packed-refs", "refs/heads/main", "refs/tags/v1", "refs/heads/feature"] {
            check(path, true);
        }
        for path in
            ["HEAD.lock", "refs/heads/main.lock", "packed-refs.lock", "objects/ab/cd", "config", "FETCH_HEAD"]
        {
            check(path, false);
        }
    }

    #[test]
    fn sightings_close_together_are_two_at_most() {
        let (seen, sightings) = channel();
        let (moved, mut heard) = mpsc::channel(100);
        for name in ["a", "a", "b", "a"] {
            seen.send(Seen { repository: name.into(), look_again: false }).expect("the other end is open");
        }
        drop(seen);
        forward(&sightings, &moved);
        drop(moved);
        let heard: Vec<String> =
            std::iter::from_fn(|| heard.blocking_recv()).map(|id| id.to_string()).collect();
        assert_eq!(heard, ["a", "a", "b"]);
    }
}
