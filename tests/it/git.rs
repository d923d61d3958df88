//! Real repositories: in place, over smart HTTP and over SSH.

mod charts;
mod http;
mod local;
mod ssh;
mod tls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::tree::{SourceTree, TreePath, read_file};
use tokio::runtime::{Builder, Runtime};
use windlass::net::{EgressPolicy, HttpClient, HttpOptions};
use windlass::source::credentials::{Credentials, RepositorySecret};
use windlass::source::git::{GitError, GitOptions, NamesOnly, Repositories, Repository, Wanted};

/// Everything a test of repositories needs, in a temporary folder of its own.
pub struct World {
    pub folder: tempfile::TempDir,
    pub http: HttpClient,
    pub repositories: Repositories,
    _runtime: Runtime,
}

impl World {
    /// May read local repositories below its folder `local` and servers on this machine.
    fn new() -> Self {
        Self::with(EgressPolicy { allow_loopback: true, ..EgressPolicy::default() })
    }

    fn with(egress: EgressPolicy) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(folder.path().join("local")).expect("a folder can be made");
        let runtime =
            Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
        let http =
            HttpClient::new(HttpOptions { egress, ..HttpOptions::default() }, runtime.handle().clone());
        let repositories = Repositories::new(options(folder.path()), http.clone());
        Self { folder, http, repositories, _runtime: runtime }
    }

    /// The same cache as a new process finds it.
    fn restart(&mut self) {
        self.restart_with(|_| ());
    }

    fn restart_with(&mut self, change: impl FnOnce(&mut GitOptions)) {
        let mut options = options(self.folder.path());
        change(&mut options);
        self.repositories = Repositories::new(options, self.http.clone());
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    #[track_caller]
    fn find(&self, url: &str) -> Arc<Repository> {
        self.repositories.find(url, "default").unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    fn log_in(&self, fields: &[(&str, &str)]) {
        let data: BTreeMap<_, _> =
            fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let secret = RepositorySecret::read("test", &data).expect("it can be read");
        self.repositories.set_credentials(Arc::new(Credentials::new([secret], [])));
    }
}

fn options(folder: &Path) -> GitOptions {
    GitOptions { local: vec![folder.join("local")], ..GitOptions::new(folder.join("cache")) }
}

/// The content of a file at a revision, or the error's whole chain.
fn content(repository: &Repository, revision: &str, path: &str) -> String {
    let read = || -> Result<String, GitError> {
        let found = repository.resolve(Wanted::new(revision), &NamesOnly)?;
        let tree = repository.tree(found.commit)?;
        Ok(text(&tree, path))
    };
    read().unwrap_or_else(|error| chain(&error))
}

fn text(tree: &dyn SourceTree, path: &str) -> String {
    let path = TreePath::new(path).expect("it is a path");
    match read_file(tree, &path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => error.to_string(),
    }
}

/// An error with its causes, as the log has it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words += &format!(": {cause}");
        next = cause.source();
    }
    words
}

#[track_caller]
fn check(repository: &Repository, revision: &str, path: &str, expected: &str) {
    assert_eq!(content(repository, revision, path), expected, "{path} at {revision}");
}
