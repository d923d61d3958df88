//! One bare mirror of a remote, shared by everything that reads it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use git2::Oid;

use super::error::GitError;
use super::remote::{Depth, Remote};
use super::resolve::RemoteRefs;
use super::store::Store;
use super::turn::Turns;

/// A bare mirror of one remote. It is a cache: whatever is wrong with it, it can be thrown away and fetched anew.
pub(super) struct Mirror {
    remote: Mutex<Remote>,
    name: String,
    /// `<hash>.<generation>.git` below the cache folder; this is the part before the generation.
    stem: PathBuf,
    current: RwLock<Option<Arc<Store>>>,
    generation: AtomicU64,
    known: RwLock<Option<Arc<RemoteRefs>>>,
    /// Why the last look failed; none where it did not.
    trouble: RwLock<Option<GitError>>,
    turns: Turns,
    /// When it was last used, counted in uses of the whole cache.
    used: AtomicU64,
}

/// Packs in one store before it is fetched anew: each fetch adds one, and each costs a look at every read.
const PACKS: usize = 50;

impl Mirror {
    /// The mirror with this stem, as the last run left it. Reads the disk, not the network.
    pub fn open(stem: PathBuf, remote: Remote) -> Self {
        let (generation, current) = newest_store(&stem);
        let known = current.as_deref().and_then(read_known);
        Self {
            name: remote.name.clone(),
            remote: Mutex::new(remote),
            stem,
            current: RwLock::new(current),
            generation: AtomicU64::new(generation),
            known: RwLock::new(known.map(Arc::new)),
            trouble: RwLock::default(),
            turns: Turns::default(),
            used: AtomicU64::new(0),
        }
    }

    /// Swaps how to talk to the remote: credentials and trust change while the mirror stays.
    pub fn set_remote(&self, remote: Remote) {
        *self.remote.lock().unwrap_or_else(PoisonError::into_inner) = remote;
    }

    fn remote(&self) -> Remote {
        self.remote.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names as last listed, perhaps by an earlier run; none where the remote was never reached.
    pub fn known(&self) -> Option<Arc<RemoteRefs>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the last look failed; none where it did not.
    pub fn trouble(&self) -> Option<GitError> {
        self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lists the remote's names, once for all who wait for it. True where one of them moved. A look that had begun
    /// before the call is not shared: it may have missed what the caller has heard of. One that fails is shared like
    /// any other, so that a remote which is away costs its waiters one wait and not one each.
    pub fn look(&self) -> Result<(Arc<RemoteRefs>, bool), GitError> {
        let Some(turn) = self.turns.take_unless_answered() else {
            return match (self.trouble(), self.known()) {
                (Some(trouble), _) => Err(trouble),
                (None, Some(known)) => Ok((known, true)),
                (None, None) => Err(self.cache_failed("read", "it is empty")),
            };
        };
        let listed = self.remote().list().map(Arc::new);
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = listed.as_ref().err().cloned();
        let moved = match &listed {
            Ok(listed) => {
                let before =
                    self.known.write().unwrap_or_else(PoisonError::into_inner).replace(listed.clone());
                before.is_none_or(|before| before != *listed)
            }
            Err(_) => false,
        };
        turn.answered();
        if moved {
            self.keep_known();
        }
        listed.map(|listed| (listed, moved))
    }

    /// The store with `commit` in it, fetched where it is missing.
    pub fn with_commit(&self, commit: Oid) -> Result<Arc<Store>, GitError> {
        if let Some(store) = self.sound().filter(|store| holds(store, commit)) {
            return Ok(store);
        }
        let _turn = self.turns.take();
        if let Some(store) = self.sound().filter(|store| holds(store, commit)) {
            return Ok(store);
        }
        if let Some(store) = self.sound().filter(|store| packs(store) < PACKS) {
            match self.fetch(&store, commit) {
                Ok(()) => return Ok(store),
                // What is here may be the reason: it is tried once more from nothing.
                Err(GitError::Git { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let store = self.fresh()?;
        // What does not prove itself leaves the disk again, and what was there stays in use.
        self.fetch(&store, commit).inspect_err(|_| store.retire())?;
        self.replace(&store);
        Ok(store)
    }

    /// Fetches everything, to find the commit that an abbreviated id means.
    pub fn with_everything(&self) -> Result<Arc<Store>, GitError> {
        let _turn = self.turns.take();
        let store = self.sound().map_or_else(|| self.fresh(), Ok)?;
        self.fetch_all(&store)?;
        self.replace(&store);
        Ok(store)
    }

    /// The store in use, unless an object of it could not be read (F08).
    pub fn sound(&self) -> Option<Arc<Store>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|store| !store.is_damaged())
    }

    /// By the name that leads to the commit, else by its id, else with everything: the first that brings it.
    fn fetch(&self, store: &Arc<Store>, commit: Oid) -> Result<(), GitError> {
        let remote = self.remote();
        let keep = format!("refs/windlass/{commit}");
        let name = self.known().and_then(|known| known.leading_to(commit).map(str::to_owned));
        let ways = [name, Some(commit.to_string())];
        for source in ways.into_iter().flatten() {
            let spec = [format!("+{source}:{keep}")];
            let fetched = self.handle(store).and_then(|handle| remote.fetch(&handle, &spec, Depth::Shallow));
            if fetched.is_ok() && holds(store, commit) {
                return Ok(());
            }
            // A server may refuse shallow fetches and bare ids; one that is away is not asked again.
            fetched
                .or_else(|error| if matches!(error, GitError::Git { .. }) { Ok(()) } else { Err(error) })?;
        }
        self.fetch_all(store)?;
        if holds(store, commit) {
            return Ok(());
        }
        Err(GitError::UnknownRevision {
            repository: self.name.clone(),
            revision: commit.to_string(),
            hint: "no branch or tag of the remote leads to it (any more)".to_owned(),
        })
    }

    fn fetch_all(&self, store: &Arc<Store>) -> Result<(), GitError> {
        let specs = ["heads", "tags"].map(|kind| format!("+refs/{kind}/*:refs/windlass/{kind}/*"));
        self.remote().fetch(&self.handle(store)?, &specs, Depth::Full)
    }

    fn handle(&self, store: &Arc<Store>) -> Result<super::store::Handle, GitError> {
        store.handle().map_err(|error| self.cache_failed("open", error.message()))
    }

    /// An empty store of the next generation.
    fn fresh(&self) -> Result<Arc<Store>, GitError> {
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        Store::create(&folder(&self.stem, generation))
            .map_err(|error| self.cache_failed("make", error.message()))
    }

    /// Puts a store that has proven itself in place of the one before, which goes once its readers are done.
    fn replace(&self, store: &Arc<Store>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, store)) {
            return;
        }
        if let Some(before) = current.replace(store.clone()) {
            before.retire();
        }
        drop(current);
        self.keep_known();
    }

    /// Notes the names beside the objects, for a start while the remote is away (F07). Losing them costs a look.
    fn keep_known(&self) {
        if let (Some(store), Some(known)) = (self.sound(), self.known()) {
            let _ = write_known(&store, &known);
        }
    }

    fn cache_failed(&self, attempt: &'static str, why: &str) -> GitError {
        GitError::Cache { attempt, repository: self.name.clone(), why: why.to_owned() }
    }

    /// Notes a use, for [`Self::last_used`].
    pub fn touch(&self, now: u64) {
        self.used.store(now, Ordering::Relaxed);
    }

    /// The last use noted.
    pub fn last_used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes it takes on disk.
    pub fn bytes(&self) -> u64 {
        self.sound().map_or(0, |store| bytes_of(store.folder()))
    }

    /// Throws the objects away; they are fetched again when they are needed.
    pub fn empty(&self) {
        if let Some(store) = self.current.write().unwrap_or_else(PoisonError::into_inner).take() {
            store.retire();
        }
    }
}

/// Whether a store has a commit; one that cannot tell is damaged.
fn holds(store: &Arc<Store>, commit: Oid) -> bool {
    match store.handle().and_then(|handle| handle.root_of(commit)) {
        Ok(root) => root.is_some(),
        Err(_) => {
            store.mark_damaged();
            false
        }
    }
}

fn folder(stem: &Path, generation: u64) -> PathBuf {
    let mut name = stem.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{generation}.git"));
    stem.with_file_name(name)
}

/// The newest generation that opens; all others are removed.
fn newest_store(stem: &Path) -> (u64, Option<Arc<Store>>) {
    let stem_name = stem.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let generation = |name: &str| -> Option<u64> {
        name.strip_prefix(stem_name)?.strip_prefix('.')?.strip_suffix(".git")?.parse().ok()
    };
    let listed = stem.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten();
    let mut generations: Vec<u64> =
        listed.filter_map(|entry| generation(entry.file_name().to_str()?)).collect();
    generations.sort_unstable_by(|a, b| b.cmp(a));
    let newest = generations.first().copied().unwrap_or_default();
    let mut found = None;
    for generation in generations {
        let folder = folder(stem, generation);
        if found.is_none() {
            found = Store::open(&folder).ok();
        }
        if found.as_ref().is_none_or(|store| store.folder() != folder) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
    (newest, found)
}

/// Bytes of the packs of a mirror in this folder.
pub(super) fn bytes_of(folder: &Path) -> u64 {
    pack_files(folder).map(|(_, bytes)| bytes).sum()
}

fn pack_files(folder: &Path) -> impl Iterator<Item = (String, u64)> + use<> {
    let listed = fs::read_dir(folder.join("objects/pack")).into_iter().flatten().flatten();
    listed.filter_map(|entry| Some((entry.file_name().to_str()?.to_owned(), entry.metadata().ok()?.len())))
}

fn packs(store: &Store) -> usize {
    pack_files(store.folder()).filter(|(name, _)| name.ends_with(".pack")).count()
}

/// The file beside the objects that holds the names as last listed: `id name` lines, HEAD first.
const KNOWN_FILE: &str = "windlass-refs";

fn write_known(store: &Store, known: &RemoteRefs) -> std::io::Result<()> {
    use std::fmt::Write as _;
    let mut text = String::new();
    if let Some(head) = known.head {
        let _ = writeln!(text, "{head} HEAD {}", known.head_name.as_deref().unwrap_or_default());
    }
    for (name, id) in &known.names {
        let _ = writeln!(text, "{id} {name}");
    }
    // Never torn: written aside, then renamed.
    let aside = store.folder().join("windlass-refs.new");
    fs::write(&aside, text)?;
    fs::rename(aside, store.folder().join(KNOWN_FILE))
}

fn read_known(store: &Store) -> Option<RemoteRefs> {
    let text = fs::read_to_string(store.folder().join(KNOWN_FILE)).ok()?;
    let mut known = RemoteRefs::default();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let id = Oid::from_str(words.next()?).ok()?;
        known.insert(words.next()?, id, words.next().filter(|symref| !symref.is_empty()));
    }
    Some(known)
}
