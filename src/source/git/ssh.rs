//! Git over SSH: keys from memory, and host keys checked against known_hosts.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use git2::{CertificateCheckStatus, Cred, CredentialType, RemoteCallbacks};

use crate::net::{Reach, Secret, guarded_addresses};
use crate::source::known_hosts::{KnownHosts, Verdict};
use crate::source::url::SshPlace;

/// How to log in to one SSH server.
#[derive(Clone)]
pub(super) struct SshAccess {
    /// Where.
    pub place: SshPlace,
    /// Private key in PEM or OpenSSH form; without one nobody can log in.
    pub key: Option<Secret>,
    /// Host keys that are trusted.
    pub known_hosts: Arc<KnownHosts>,
    /// Takes any host key (`insecure`).
    pub insecure: bool,
    /// Which addresses may be connected to.
    pub reach: Reach,
}

/// Why a conversation failed, kept apart because libgit2 carries text only.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The host key is not trusted.
    HostKey(String),
    /// We are not let in.
    Authentication(String),
    /// There is no way there.
    Unreachable(String),
}

/// What was noted during one conversation.
pub(super) type Noted = Rc<RefCell<Option<Failure>>>;

impl SshAccess {
    /// URLs to try, one for each address that may be connected to. They name the address, not the host, so that
    /// what was checked is what is connected to; the host key is still checked against the name.
    ///
    /// # Errors
    /// When the host has no address that may be connected to.
    pub fn urls(&self) -> Result<Vec<String>, Failure> {
        let SshPlace { host, port, .. } = &self.place;
        let addresses =
            guarded_addresses(host, *port, self.reach).map_err(|e| Failure::Unreachable(e.to_string()))?;
        Ok(addresses.iter().map(|address| self.url(address)).collect())
    }

    fn url(&self, address: &SocketAddr) -> String {
        let SshPlace { user, host: _, port, path, short } = &self.place;
        let ip = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        if *short { format!("{user}@{ip}:{path}") } else { format!("ssh://{user}@{ip}:{port}{path}") }
    }

    /// Callbacks that log in with the key and check the host's.
    pub fn callbacks(&self, noted: &Noted) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        let login = noted.clone();
        let mut tried = false;
        callbacks.credentials(move |_, _, allowed| {
            let refuse = |why: &str| {
                login.replace(Some(Failure::Authentication(why.to_owned())));
                Err(git2::Error::from_str(why))
            };
            if allowed.contains(CredentialType::USERNAME) {
                return Cred::username(&self.place.user);
            }
            let Some(key) = &self.key else {
                return refuse(
                    "no SSH key is configured: add sshPrivateKey to a repository or repo-creds Secret",
                );
            };
            // Asked again means that the server has refused the first answer.
            if std::mem::replace(&mut tried, true) {
                return refuse(
                    "the SSH key configured was refused: it may be wrong or without the right to read",
                );
            }
            Cred::ssh_key_from_memory(&self.place.user, None, key.expose(), None)
        });
        let checked = noted.clone();
        callbacks.certificate_check(move |certificate, _| {
            let key = certificate.as_hostkey().and_then(|key| key.hostkey());
            match self.check(key) {
                Ok(()) => Ok(CertificateCheckStatus::CertificateOk),
                Err(why) => {
                    checked.replace(Some(Failure::HostKey(why)));
                    Err(git2::Error::from_str("the host key is not trusted"))
                }
            }
        });
        callbacks
    }

    fn check(&self, key: Option<&[u8]>) -> Result<(), String> {
        if self.insecure {
            return Ok(());
        }
        let key = key.ok_or("the server showed none")?;
        let SshPlace { host, port, .. } = &self.place;
        match self.known_hosts.check(host, *port, key) {
            Verdict::Known => Ok(()),
            Verdict::Revoked => Err("it is revoked in known_hosts".to_owned()),
            Verdict::Changed => Err(format!(
                "known_hosts holds another key for {host}: someone may be in between, or the server has a new key; \
                 correct ssh_known_hosts in argocd-ssh-known-hosts-cm"
            )),
            Verdict::Unknown => Err(format!(
                "known_hosts names no key for {host}: add it to ssh_known_hosts in argocd-ssh-known-hosts-cm"
            )),
        }
    }
}
