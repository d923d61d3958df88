//! The door to all repositories.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::GitError;
use super::library;
use super::local::LocalFolders;
use super::mirror::{self, Mirror};
use super::remote::{Remote, Way};
use super::repository::{Kind, Repository};
use super::ssh::SshAccess;
use super::talk::Observer;
use super::transport::SessionLimits;
use crate::net::{HttpClient, Target};
use crate::source::credentials::{Credentials, RepositorySecret};
use crate::source::known_hosts::KnownHosts;
use crate::source::url::{Place, RepositoryUrl};

/// Where mirrors lie, and what reading them may cost.
#[derive(Clone, Debug)]
pub struct GitOptions {
    /// Folder for the mirrors; made when missing. Everything in it can be thrown away at any time.
    pub cache: PathBuf,
    /// Folders below which `file://` URLs and paths may lie (`--local-repository`).
    pub local: Vec<PathBuf>,
    /// Bytes all mirrors may take on disk; beyond it the ones longest unused are thrown away.
    pub cache_bytes: u64,
    /// The largest file that is read from a tree, in bytes.
    pub largest_file: u64,
    /// The largest pack that is fetched, in bytes.
    pub pack_bytes: u64,
    /// Longest time for one answer of a server, a whole pack included.
    pub time: Duration,
    /// Is told of every conversation with a remote.
    pub observer: Observer,
}

impl GitOptions {
    /// Usual limits.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            local: Vec::new(),
            cache_bytes: 4 << 30,
            largest_file: 16 << 20,
            pack_bytes: 2 << 30,
            time: Duration::from_secs(300),
            observer: Observer::default(),
        }
    }
}

/// All repositories, one for each URL and each set of credentials: an Application must not read through a mirror
/// what its own project's credentials do not open.
pub struct Repositories {
    options: GitOptions,
    folders: LocalFolders,
    http: HttpClient,
    trust: RwLock<Trust>,
    open: Mutex<HashMap<String, Arc<Repository>>>,
    uses: AtomicU64,
}

#[derive(Clone, Default)]
struct Trust {
    credentials: Arc<Credentials>,
    known_hosts: Arc<KnownHosts>,
}

impl Repositories {
    /// No repository open yet; touches neither disk nor network.
    pub fn new(options: GitOptions, http: HttpClient) -> Self {
        library::prepare();
        let folders = LocalFolders::new(&options.local);
        Self {
            options,
            folders,
            http,
            trust: RwLock::default(),
            open: Mutex::default(),
            uses: AtomicU64::new(0),
        }
    }

    /// Swaps the credentials; the next `find` of each repository uses them.
    pub fn set_credentials(&self, credentials: Arc<Credentials>) {
        self.trust.write().unwrap_or_else(PoisonError::into_inner).credentials = credentials;
    }

    /// Swaps the trusted host keys.
    pub fn set_known_hosts(&self, known_hosts: Arc<KnownHosts>) {
        self.trust.write().unwrap_or_else(PoisonError::into_inner).known_hosts = known_hosts;
    }

    /// The credentials in force.
    pub fn credentials(&self) -> Arc<Credentials> {
        self.trust.read().unwrap_or_else(PoisonError::into_inner).credentials.clone()
    }

    /// The repository that an Application of `project` names by `url`. Asks no network; cheap when it is open.
    ///
    /// # Errors
    /// When the URL is refused, or names no local repository that may be read.
    pub fn find(&self, url: &str, project: &str) -> Result<Arc<Repository>, GitError> {
        let written = RepositoryUrl::parse(url)?;
        let rewritten = self.http.rewrite().apply(written.as_written());
        let vouched = rewritten.is_some();
        let target = rewritten.map_or_else(|| Ok(written.clone()), |url| RepositoryUrl::parse(&url))?;
        match target.place() {
            Place::Local(path) => self.local(&written, path),
            Place::Http(_) | Place::Ssh(_) => self.remote(&written, &target, vouched, project),
        }
    }

    fn local(&self, written: &RepositoryUrl, path: &Path) -> Result<Arc<Repository>, GitError> {
        let key = format!("file://{}", path.display());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Opened before: still there, and still inside (opening anew would cost every Application of a big set).
        if let Some(known) = open.get(&key).filter(|known| known.local_folder().is_some_and(Path::exists)) {
            return Ok(known.clone());
        }
        let (real, store) = self.folders.open(path)?;
        let repository = Arc::new(Repository {
            id: key.clone().into(),
            shown: written.to_string(),
            largest_file: self.options.largest_file,
            kind: Kind::Local { folder: real, store },
        });
        open.insert(key, repository.clone());
        Ok(repository)
    }

    fn remote(
        &self,
        written: &RepositoryUrl,
        target: &RepositoryUrl,
        vouched: bool,
        project: &str,
    ) -> Result<Arc<Repository>, GitError> {
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner).clone();
        let secret = trust.credentials.find(written.as_written(), project);
        let remote = self.way(written, target, vouched, secret.as_ref(), &trust)?;
        let by = secret.map(|secret| secret.secret).unwrap_or_default();
        let key = format!("{} as {by} {}", target.key(), target.login());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let repository = open.entry(key).or_insert_with_key(|key| {
            let stem = self.options.cache.join(hashed(key));
            Arc::new(Repository {
                id: hashed(key).into(),
                shown: written.to_string(),
                largest_file: self.options.largest_file,
                kind: Kind::Remote(Box::new(Mirror::open(stem, remote.clone()))),
            })
        });
        let repository = repository.clone();
        drop(open);
        if let Kind::Remote(mirror) = &repository.kind {
            mirror.set_remote(remote);
            mirror.touch(self.uses.fetch_add(1, Ordering::Relaxed));
        }
        Ok(repository)
    }

    fn way(
        &self,
        written: &RepositoryUrl,
        target: &RepositoryUrl,
        vouched: bool,
        secret: Option<&RepositorySecret>,
        trust: &Trust,
    ) -> Result<Remote, GitError> {
        let name = written.to_string();
        if let Some(why) = secret.and_then(|secret| secret.login.unsupported) {
            return Err(GitError::Credentials { repository: name, why: why.to_owned() });
        }
        let way = match target.place() {
            Place::Http(url) => Way::Http {
                client: self.http.clone(),
                target: Target { url: url.clone(), vouched },
                access: secret.map(RepositorySecret::access).unwrap_or_default(),
            },
            Place::Ssh(place) => Way::Ssh(SshAccess {
                place: place.clone(),
                key: secret.map(|secret| secret.login.ssh_private_key.clone()).filter(|key| !key.is_empty()),
                known_hosts: trust.known_hosts.clone(),
                insecure: secret.is_some_and(|secret| secret.insecure),
                reach: self.http.egress().reach(vouched || secret.is_some()),
            }),
            Place::Local(path) => return Err(GitError::NotLocal { path: path.clone() }),
        };
        let limits = SessionLimits { pack_bytes: self.options.pack_bytes, time: self.options.time };
        Ok(Remote { name, way, limits, observer: self.options.observer.clone() })
    }

    /// Throws away mirrors until the rest fits the cache's bytes: first the ones of earlier runs that nobody uses
    /// any more, then the ones longest unused. Call it now and then.
    pub fn sweep(&self) {
        let open: Vec<_> =
            self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mirrors = open.iter().filter_map(|repository| repository.mirror());
        let mut sized: Vec<(u64, &Mirror, u64)> = mirrors.map(|m| (m.last_used(), m, m.bytes())).collect();
        sized.sort_by_key(|(used, _, _)| *used);
        let strangers = self.strangers(&open);
        let in_use: u64 = sized.iter().map(|(_, _, bytes)| bytes).sum();
        let mut total = in_use + strangers.iter().map(|(_, bytes)| bytes).sum::<u64>();
        for (folder, bytes) in strangers {
            if total <= self.options.cache_bytes {
                return;
            }
            // What cannot be removed now is tried again at the next sweep.
            let _ = std::fs::remove_dir_all(folder);
            total -= bytes;
        }
        for (_, mirror, bytes) in sized {
            if total <= self.options.cache_bytes {
                return;
            }
            mirror.empty();
            total -= bytes;
        }
    }

    /// Mirrors on disk that belong to no repository opened so far, with their bytes.
    fn strangers(&self, open: &[Arc<Repository>]) -> Vec<(PathBuf, u64)> {
        let listed = std::fs::read_dir(&self.options.cache).into_iter().flatten().flatten();
        let stranger = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let (id, _) = name.strip_suffix(".git")?.split_once('.')?;
            let known = open.iter().any(|repository| **repository.id() == *id);
            (!known).then(|| (entry.path(), mirror::bytes_of(&entry.path())))
        };
        listed.filter_map(stranger).collect()
    }
}

fn hashed(key: &str) -> String {
    let hash = Sha256::digest(key);
    hash[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
