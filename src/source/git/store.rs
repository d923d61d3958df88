//! One repository on disk, with open handles to share.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{Oid, Repository, RepositoryOpenFlags};

use super::object::Folders;

/// One repository on disk. libgit2's handles serve one thread each, so idle ones are kept here for the next render.
pub(super) struct Store {
    folder: PathBuf,
    idle: Mutex<Vec<Repository>>,
    /// Folders parsed from its objects.
    pub folders: Folders,
    damaged: AtomicBool,
    retired: AtomicBool,
}

/// Handles kept open while nobody uses them.
const IDLE: usize = 4;

impl Store {
    /// Opens the repository in `folder` itself, looking neither above nor anywhere else for it.
    pub fn open(folder: &Path) -> Result<Arc<Self>, git2::Error> {
        let store = Arc::new(Self {
            folder: folder.to_owned(),
            idle: Mutex::default(),
            folders: Folders::default(),
            damaged: AtomicBool::new(false),
            retired: AtomicBool::new(false),
        });
        drop(store.handle()?);
        Ok(store)
    }

    /// Makes an empty bare repository in `folder`.
    pub fn create(folder: &Path) -> Result<Arc<Self>, git2::Error> {
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).no_reinit(true).mkpath(true).external_template(false);
        Repository::init_opts(folder, &options)?;
        Self::open(folder)
    }

    /// A handle for this thread.
    pub fn handle(self: &Arc<Self>) -> Result<Handle, git2::Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let repository = match idle {
            Some(repository) => repository,
            None => Repository::open_ext(&self.folder, RepositoryOpenFlags::NO_SEARCH, [] as [&Path; 0])?,
        };
        Ok(Handle { repository: Some(repository), store: self.clone() })
    }

    /// Where it is on disk.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes that an object could not be read (F08).
    pub fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether an object could not be read.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Removes it from disk once the last reader is gone.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Relaxed) {
            // A cache: what cannot be removed now is swept at the next start.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// An open repository that goes back to its store when dropped.
pub(super) struct Handle {
    repository: Option<Repository>,
    store: Arc<Store>,
}

impl Handle {
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The commit and its root folder; none where it is not here.
    pub fn root_of(&self, commit: Oid) -> Result<Option<Oid>, git2::Error> {
        match self.find_commit(commit) {
            Ok(commit) => Ok(Some(commit.tree_id())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Deref for Handle {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        self.repository.as_ref().expect("it is taken in drop only")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut idle = self.store.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE && !self.store.is_damaged() {
            idle.extend(self.repository.take());
        }
    }
}
