//! Why a repository could not be read.

use std::path::PathBuf;

use crate::net::HttpError;
use crate::source::url::UrlError;

/// Why a repository, or a revision of it, could not be read: each names what was tried on what, and the next step.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GitError {
    /// The text is no repository URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// No branch, tag or commit has this name.
    #[error("revision {revision} is not in {repository}: {hint}")]
    UnknownRevision {
        /// The repository.
        repository: String,
        /// What was asked for.
        revision: String,
        /// What to look at.
        hint: String,
    },
    /// The text can be no revision.
    #[error("revision {revision:?} is refused: {why}")]
    BadRevision {
        /// What was asked for.
        revision: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Several commits start with this abbreviation.
    #[error("revision {revision} means several commits of {repository}: write more of the id")]
    AmbiguousRevision {
        /// The repository.
        repository: String,
        /// What was asked for.
        revision: String,
    },
    /// A path that no `--local-repository` covers.
    #[error("{path} is not below a local repository folder: start windlass with --local-repository for it", path = .path.display())]
    NotLocal {
        /// The path as written.
        path: PathBuf,
    },
    /// A local path that holds no repository.
    #[error("{path} is not a Git repository: {why}", path = .path.display())]
    NotARepository {
        /// The path.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A local repository that reads files of another place.
    #[error("{path} leads out of its local repository folder through {through}", path = .path.display())]
    Escapes {
        /// The repository.
        path: PathBuf,
        /// The link or file that leads out.
        through: &'static str,
    },
    /// The remote could not be asked over HTTP.
    #[error("could not read {repository}")]
    Http {
        /// The repository.
        repository: String,
        /// Why.
        source: HttpError,
    },
    /// The remote answers HTTP, but not as a Git server.
    #[error("{repository} does not answer as a Git repository ({why}): check the URL")]
    NotGit {
        /// The repository.
        repository: String,
        /// What was found instead.
        why: String,
    },
    /// The SSH server's key is not the one expected, or is not known at all.
    #[error("the host key of {repository} is not trusted: {why}")]
    HostKey {
        /// The repository.
        repository: String,
        /// What is wrong with it, with the next step.
        why: String,
    },
    /// SSH did not let us in.
    #[error("{repository} refuses us: {why}")]
    SshAuthentication {
        /// The repository.
        repository: String,
        /// What was tried, with the next step.
        why: String,
    },
    /// The SSH server cannot be reached.
    #[error("could not reach {repository}: {why}")]
    Unreachable {
        /// The repository.
        repository: String,
        /// The network's words.
        why: String,
    },
    /// The credentials of the repository name a way that is not supported.
    #[error("the credentials of {repository} cannot be used: {why}")]
    Credentials {
        /// The repository.
        repository: String,
        /// Which way, and what to use instead.
        why: String,
    },
    /// The Git library failed.
    #[error("could not {attempt} {repository}: {why}")]
    Git {
        /// What was tried.
        attempt: &'static str,
        /// The repository.
        repository: String,
        /// The library's words.
        why: String,
    },
    /// The store on disk failed: it is only a cache, so the next try starts it afresh.
    #[error(
        "could not {attempt} the cache of {repository}: {why}; its folder (--cache-dir) must be writable and have room"
    )]
    Cache {
        /// What was tried.
        attempt: &'static str,
        /// The repository.
        repository: String,
        /// The system's words.
        why: String,
    },
}

impl GitError {
    /// True where asking again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Http { source, .. } => source.is_passing(),
            Self::Unreachable { .. } | Self::Cache { .. } | Self::Git { .. } => true,
            Self::Url(_)
            | Self::UnknownRevision { .. }
            | Self::BadRevision { .. }
            | Self::AmbiguousRevision { .. }
            | Self::NotLocal { .. }
            | Self::NotARepository { .. }
            | Self::Escapes { .. }
            | Self::NotGit { .. }
            | Self::HostKey { .. }
            | Self::SshAuthentication { .. }
            | Self::Credentials { .. } => false,
        }
    }
}
