//! Repositories on this machine: opened in place, never written to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{ErrorCode, Oid};

use super::error::GitError;
use super::resolve::References;
use super::store::{Handle, Store};

/// The folders below which local repositories may lie (`--local-repository`).
#[derive(Clone, Debug, Default)]
pub(super) struct LocalFolders(Vec<PathBuf>);

impl LocalFolders {
    /// Takes the folders as given; one that does not exist yet covers nothing until it does.
    pub fn new(folders: &[PathBuf]) -> Self {
        Self(folders.to_vec())
    }

    /// Whether a path without links lies below one of the folders.
    fn covers(&self, path: &Path) -> bool {
        self.0.iter().any(|folder| fs::canonicalize(folder).is_ok_and(|folder| path.starts_with(folder)))
    }

    /// Opens the repository at `path`, refusing whatever leads out of the folders: links, a `.git` file, borrowed
    /// objects. What is outside is not even told apart from what does not exist.
    pub fn open(&self, path: &Path) -> Result<(PathBuf, Arc<Store>), GitError> {
        let outside = || GitError::NotLocal { path: path.to_owned() };
        let real = self.existing(path).ok_or_else(outside)?;
        if !self.covers(&real) {
            return Err(outside());
        }
        let store = Store::open(&real).map_err(|error| not_a_repository(path, &error))?;
        let handle = store.handle().map_err(|error| not_a_repository(path, &error))?;
        self.keeps_inside(path, &handle)?;
        drop(handle);
        Ok((real, store))
    }

    /// The path without links; `x.git` stands in for `x`, as Git has it. A path that is missing below one of the
    /// folders is left as it is, so that the error can say that nothing is there.
    fn existing(&self, path: &Path) -> Option<PathBuf> {
        let with_suffix = || {
            let mut name = path.file_name()?.to_owned();
            name.push(".git");
            fs::canonicalize(path.with_file_name(name)).ok()
        };
        let parent = || Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
        fs::canonicalize(path).ok().or_else(with_suffix).or_else(parent)
    }

    fn keeps_inside(&self, path: &Path, handle: &Handle) -> Result<(), GitError> {
        let escapes = |through| GitError::Escapes { path: path.to_owned(), through };
        let inside = |place: &Path| fs::canonicalize(place).is_ok_and(|place| self.covers(&place));
        if !inside(handle.path()) || !inside(handle.commondir()) {
            return Err(escapes("its .git file"));
        }
        let objects = handle.commondir().join("objects");
        if !inside(&objects) {
            return Err(escapes("its objects folder"));
        }
        let borrowed = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
        let mut borrowed = borrowed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        if borrowed.any(|line| !inside(&objects.join(line))) {
            return Err(escapes("objects/info/alternates"));
        }
        Ok(())
    }
}

fn not_a_repository(path: &Path, error: &git2::Error) -> GitError {
    let why = match error.code() {
        ErrorCode::NotFound if !path.exists() => "nothing is there".to_owned(),
        ErrorCode::NotFound => "it holds neither a bare repository nor a .git folder".to_owned(),
        _ => error.message().to_owned(),
    };
    GitError::NotARepository { path: path.to_owned(), why }
}

/// A local repository's names, read when they are asked for.
pub(super) struct LocalRefs<'a> {
    pub handle: &'a Handle,
    pub repository: &'a str,
}

impl LocalRefs<'_> {
    fn failed(&self, error: &git2::Error) -> GitError {
        GitError::Git {
            attempt: "read the references of",
            repository: self.repository.to_owned(),
            why: error.message().to_owned(),
        }
    }

    fn commit(
        &self,
        found: Result<git2::Reference<'_>, git2::Error>,
    ) -> Result<Option<(String, Oid)>, GitError> {
        let reference = match found {
            Ok(reference) => reference,
            Err(error)
                if matches!(
                    error.code(),
                    ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::UnbornBranch
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.failed(&error)),
        };
        // A tag may also lead to a file: that is no revision.
        let Ok(commit) = reference.peel_to_commit() else { return Ok(None) };
        Ok(Some((String::from_utf8_lossy(reference.name_bytes()).into_owned(), commit.id())))
    }
}

impl References for LocalRefs<'_> {
    fn head(&self) -> Result<Option<(String, Oid)>, GitError> {
        self.commit(self.handle.head())
    }

    fn find(&self, name: &str) -> Result<Option<Oid>, GitError> {
        Ok(self.commit(self.handle.find_reference(name))?.map(|(_, id)| id))
    }

    fn tags(&self) -> Result<Vec<String>, GitError> {
        let names = self.handle.tag_names(None).map_err(|error| self.failed(&error))?;
        Ok(names.iter().flatten().flatten().map(|name| format!("refs/tags/{name}")).collect())
    }
}
