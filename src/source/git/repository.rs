//! One repository: revisions resolved, trees opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::Oid;

use super::commit::CommitInfo;
use super::error::GitError;
use super::local::LocalRefs;
use super::mirror::Mirror;
use super::resolve::{CommitId, Meaning, Resolved, Versions, Wanted, resolve};
use super::store::{Handle, Store};
use super::tree::GitTree;

/// One repository: a mirror of a remote, or a local one in place.
pub struct Repository {
    pub(super) id: Arc<str>,
    pub(super) shown: String,
    pub(super) largest_file: u64,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Local { folder: PathBuf, store: Arc<Store> },
    Remote(Box<Mirror>),
}

impl Repository {
    /// What it is called inside windlass: equal for two URLs exactly when they share it. Holds no secret.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The URL as it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Its folder, where it is a local one: to be watched, not polled.
    pub fn local_folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Local { folder, store: _ } => Some(folder),
            Kind::Remote(_) => None,
        }
    }

    /// The folders that hold a local repository's references: to be watched. None for a remote one.
    pub fn reference_folders(&self) -> Vec<PathBuf> {
        let Kind::Local { store, .. } = &self.kind else { return Vec::new() };
        let Ok(handle) = store.handle() else { return Vec::new() };
        let mut folders = vec![handle.commondir().to_owned(), handle.path().to_owned()];
        folders.dedup();
        // The system reports paths without a slash at the end.
        folders.into_iter().map(|folder| folder.components().collect()).collect()
    }

    pub(super) fn mirror(&self) -> Option<&Mirror> {
        match &self.kind {
            Kind::Local { .. } => None,
            Kind::Remote(mirror) => Some(mirror),
        }
    }

    /// Lists a remote's names, so that `resolve` knows the present ones; callers at the same time share one look.
    /// True where something moved. Local repositories need no look and answer true.
    ///
    /// # Errors
    /// When the remote cannot be asked; what was known before stays in force.
    pub fn look(&self) -> Result<bool, GitError> {
        self.mirror().map_or(Ok(true), |mirror| Ok(mirror.look()?.1))
    }

    /// Why the last look failed; none where it did not. What was known before is in force until then.
    pub fn trouble(&self) -> Option<GitError> {
        self.mirror().and_then(Mirror::trouble)
    }

    /// The commit of a revision, by the names as last looked at; a remote never looked at is looked at now, and
    /// one that was away is left to those who look. A full commit id costs nothing.
    ///
    /// # Errors
    /// When there is no such revision, or the remote had to be asked and could not.
    pub fn resolve(&self, wanted: Wanted<'_>, versions: &dyn Versions) -> Result<Resolved, GitError> {
        let meaning = match &self.kind {
            Kind::Local { store, .. } => {
                let handle = self.handle(store)?;
                resolve(wanted, &LocalRefs { handle: &handle, repository: &self.shown }, versions)?
            }
            Kind::Remote(mirror) => match wanted.revision.parse() {
                Ok(commit) => Meaning::Commit(commit),
                Err(_) => {
                    let known = match (mirror.known(), mirror.trouble()) {
                        (Some(known), _) => known,
                        // Polling asks one that is away again; whoever only wants to read is not kept waiting.
                        (None, Some(trouble)) if trouble.is_passing() => return Err(trouble),
                        (None, _) => mirror.look()?.0,
                    };
                    resolve(wanted, &*known, versions)?
                }
            },
        };
        match meaning {
            Meaning::Named(found) => Ok(found),
            Meaning::Commit(commit) => Ok(Resolved { commit, reference: None }),
            Meaning::Abbreviated => self.expand(wanted.revision.trim()),
            Meaning::Unknown(hint) => Err(self.unknown(wanted.revision, hint)),
        }
    }

    /// The files of a commit, fetched where they are missing.
    ///
    /// # Errors
    /// When the commit is not there and cannot be fetched.
    pub fn tree(&self, commit: CommitId) -> Result<GitTree, GitError> {
        let handle = self.with_commit(commit)?;
        let root = handle.root_of(commit.0).map_err(|error| self.failed("read", &error))?;
        let root =
            root.ok_or_else(|| self.unknown(&commit.to_string(), "it is no commit of it".to_owned()))?;
        Ok(GitTree::new(handle, commit.0, root, self.largest_file))
    }

    /// What a commit says about itself.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn commit(&self, commit: CommitId) -> Result<CommitInfo, GitError> {
        let handle = self.with_commit(commit)?;
        match CommitInfo::read(&handle, commit.0) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => {
                Err(self.unknown(&commit.to_string(), "it is no commit of it".to_owned()))
            }
            read => read.map_err(|error| self.failed("read", &error)),
        }
    }

    fn with_commit(&self, commit: CommitId) -> Result<Handle, GitError> {
        match &self.kind {
            Kind::Local { store, .. } => self.handle(store),
            Kind::Remote(mirror) => self.handle(&mirror.with_commit(commit.0)?),
        }
    }

    /// The commit that an abbreviated id means: among what is here, else among everything the remote has.
    fn expand(&self, short: &str) -> Result<Resolved, GitError> {
        let unknown = || self.unknown(short, "no branch, tag or commit has this name".to_owned());
        let here = match &self.kind {
            Kind::Local { store, .. } => return self.expand_in(store, short)?.ok_or_else(unknown),
            Kind::Remote(mirror) => mirror,
        };
        if let Some(known) = here.known() {
            let mut fitting = known.names.values().filter(|id| id.to_string().starts_with(short));
            if let Some(id) = fitting.next() {
                return if fitting.all(|other| other == id) {
                    Ok(plain(*id))
                } else {
                    Err(self.ambiguous(short))
                };
            }
        }
        if let Some(found) = here.sound().map(|store| self.expand_in(&store, short)).transpose()?.flatten() {
            return Ok(found);
        }
        self.expand_in(&here.with_everything()?, short)?.ok_or_else(unknown)
    }

    fn expand_in(&self, store: &Arc<Store>, short: &str) -> Result<Option<Resolved>, GitError> {
        let handle = self.handle(store)?;
        match handle.find_object_by_prefix(short, None).and_then(|object| object.peel_to_commit()) {
            Ok(commit) => Ok(Some(plain(commit.id()))),
            Err(error) if error.code() == git2::ErrorCode::Ambiguous => Err(self.ambiguous(short)),
            Err(_) => Ok(None),
        }
    }

    fn handle(&self, store: &Arc<Store>) -> Result<Handle, GitError> {
        store.handle().map_err(|error| self.failed("open", &error))
    }

    fn unknown(&self, revision: &str, hint: String) -> GitError {
        let revision = revision.chars().take(100).collect();
        GitError::UnknownRevision { repository: self.shown.clone(), revision, hint }
    }

    fn ambiguous(&self, revision: &str) -> GitError {
        GitError::AmbiguousRevision { repository: self.shown.clone(), revision: revision.to_owned() }
    }

    fn failed(&self, attempt: &'static str, error: &git2::Error) -> GitError {
        GitError::Git { attempt, repository: self.shown.clone(), why: error.message().to_owned() }
    }
}

fn plain(id: Oid) -> Resolved {
    Resolved { commit: CommitId(id), reference: None }
}
