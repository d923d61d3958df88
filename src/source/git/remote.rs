//! Talking to one remote: its list of names, and its packs.

use std::cell::RefCell;
use std::rc::Rc;

use git2::{AutotagOption, Direction, FetchOptions, FetchPrune, RemoteCallbacks};

use super::error::GitError;
use super::resolve::RemoteRefs;
use super::room::Room;
use super::ssh::{self, SshAccess};
use super::store::Handle;
use super::talk::{Conversation, Observer, Talk};
use super::transport::{self, Session, SessionLimits};
use crate::agent::clock;
use crate::net::{Access, HttpClient, Target};

/// How to talk to a remote.
#[derive(Clone)]
pub(super) struct Remote {
    /// The repository as messages name it.
    pub name: String,
    /// By which way.
    pub way: Way,
    /// What each conversation may cost.
    pub limits: SessionLimits,
    /// Is told of each conversation.
    pub observer: Observer,
}

/// The ways there are.
#[derive(Clone)]
pub(super) enum Way {
    /// Through the one HTTP client.
    Http { client: HttpClient, target: Target, access: Access },
    /// Through libssh2.
    Ssh(SshAccess),
}

/// Depth that means "all of it", also to repair a shallow store.
const FULL: i32 = i32::MAX;

/// How much history to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The wanted commit alone.
    Shallow,
    /// Everything.
    Full,
}

impl Remote {
    /// Lists the remote's names.
    pub fn list(&self) -> Result<RemoteRefs, GitError> {
        self.observed(Conversation::List, "list the references of", |url, callbacks| {
            let mut remote = git2::Remote::create_detached(url)?;
            let connection = remote.connect_auth(Direction::Fetch, Some(callbacks), None)?;
            let mut refs = RemoteRefs::default();
            for head in connection.list()? {
                refs.insert(head.name(), head.oid(), head.symref_target());
            }
            Ok(refs)
        })
    }

    /// Fetches what the refspecs name.
    pub fn fetch(&self, into: &Handle, refspecs: &[String], depth: Depth) -> Result<(), GitError> {
        let room = Room::of(into.path());
        let fetched = self.observed(Conversation::Fetch, "fetch from", |url, mut callbacks| {
            if !room.is_left() {
                return Err(git2::Error::from_str("the disk is full"));
            }
            let watched = room.clone();
            callbacks.transfer_progress(move |_| watched.is_left());
            let mut options = FetchOptions::new();
            options.remote_callbacks(callbacks).download_tags(AutotagOption::None).prune(FetchPrune::Off);
            options.update_fetchhead(false).depth(match depth {
                Depth::Shallow => 1,
                Depth::Full => FULL,
            });
            into.remote_anonymous(url)?.fetch(refspecs, Some(&mut options), None)
        });
        fetched.map_err(|error| room.complaint().map_or(error, |why| self.not_kept(why)))
    }

    fn observed<T>(
        &self,
        what: Conversation,
        attempt: &'static str,
        conversation: impl FnMut(&str, RemoteCallbacks<'_>) -> Result<T, git2::Error>,
    ) -> Result<T, GitError> {
        let begun = clock::monotonic();
        let said = self.talk(attempt, conversation);
        let took = clock::monotonic().duration_since(begun);
        let error = said.as_ref().err();
        self.observer.tell(&Talk { repository: &self.name, conversation: what, took, error });
        said
    }

    fn talk<T>(
        &self,
        attempt: &'static str,
        mut conversation: impl FnMut(&str, RemoteCallbacks<'_>) -> Result<T, git2::Error>,
    ) -> Result<T, GitError> {
        match &self.way {
            Way::Http { client, target, access } => {
                let session = Session::new(client.clone(), target.clone(), access.clone(), self.limits);
                let said = session.run(|| conversation(transport::URL, RemoteCallbacks::new()));
                said.map_err(|(error, failure)| self.over_http(attempt, &error, failure))
            }
            Way::Ssh(access) => self.over_ssh(access, attempt, conversation),
        }
    }

    /// Tries one address after the other, as far as they cannot be connected to.
    fn over_ssh<T>(
        &self,
        access: &SshAccess,
        attempt: &'static str,
        mut conversation: impl FnMut(&str, RemoteCallbacks<'_>) -> Result<T, git2::Error>,
    ) -> Result<T, GitError> {
        let mut last = ssh::Failure::Unreachable("its host has no address".to_owned());
        for url in access.urls().map_err(|failure| self.ssh_failed(failure))? {
            let noted: ssh::Noted = Rc::new(RefCell::new(None));
            let error = match conversation(&url, access.callbacks(&noted)) {
                Ok(said) => return Ok(said),
                Err(error) => error,
            };
            let failure = noted.take();
            match (failure, error.class()) {
                (Some(failure), _) => return Err(self.ssh_failed(failure)),
                (None, git2::ErrorClass::Os | git2::ErrorClass::Net) => {
                    last = ssh::Failure::Unreachable(error.message().to_owned());
                }
                (None, _) => return Err(self.failed(attempt, &error)),
            }
        }
        Err(self.ssh_failed(last))
    }

    fn over_http(
        &self,
        attempt: &'static str,
        error: &git2::Error,
        failure: Option<transport::Failure>,
    ) -> GitError {
        let repository = self.name.clone();
        match failure {
            Some(transport::Failure::Http(source)) => GitError::Http { repository, source },
            Some(transport::Failure::NotGit(why)) => GitError::NotGit { repository, why },
            // The network is not libgit2's here: what the system refuses it is the disk.
            None if error.class() == git2::ErrorClass::Os => self.not_kept(error.message().to_owned()),
            None => self.failed(attempt, error),
        }
    }

    fn ssh_failed(&self, failure: ssh::Failure) -> GitError {
        let repository = self.name.clone();
        match failure {
            ssh::Failure::HostKey(why) => GitError::HostKey { repository, why },
            ssh::Failure::Authentication(why) => GitError::SshAuthentication { repository, why },
            ssh::Failure::Unreachable(why) => GitError::Unreachable { repository, why },
        }
    }

    fn not_kept(&self, why: String) -> GitError {
        GitError::Cache { attempt: "write", repository: self.name.clone(), why }
    }

    fn failed(&self, attempt: &'static str, error: &git2::Error) -> GitError {
        GitError::Git { attempt, repository: self.name.clone(), why: error.message().to_owned() }
    }
}
