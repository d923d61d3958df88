//! Git's smart protocol over the one HTTP client.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use git2::Remote;
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use http::header::{ACCEPT, CACHE_CONTROL, USER_AGENT};

use crate::net::{Access, Body, HttpClient, HttpError, HttpLimits, HttpReply, HttpRequest, Target};

/// The scheme libgit2 is given; the real URL is in the session, so that it never appears in its messages.
pub(super) const SCHEME: &str = "windlass";
/// The URL that leads libgit2 to the session of its thread.
pub(super) const URL: &str = "windlass://session/";

/// Everything a conversation with one server needs.
pub(super) struct Session {
    client: HttpClient,
    access: Access,
    limits: SessionLimits,
    /// The repository's URL; a redirect of the first request moves it, as in Git itself.
    base: RefCell<Target>,
    failure: RefCell<Option<Failure>>,
}

/// What a conversation may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionLimits {
    /// Bytes of a pack.
    pub pack_bytes: u64,
    /// Time for each answer.
    pub time: Duration,
}

/// Why a conversation failed, kept apart because libgit2 carries text only.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The request failed.
    Http(HttpError),
    /// The server answers, but not as a Git server.
    NotGit(String),
}

/// The longest list of references, in bytes: about half a million.
const LIST_BYTES: u64 = 64 << 20;

thread_local! {
    static SESSION: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
}

impl Session {
    pub fn new(client: HttpClient, base: Target, access: Access, limits: SessionLimits) -> Self {
        Self { client, access, limits, base: RefCell::new(base), failure: RefCell::new(None) }
    }

    /// Runs `talk` with this session as the one of the thread; remotes at [`URL`] then speak through it.
    ///
    /// # Errors
    /// The failure noted on the way, if any, else libgit2's own.
    pub fn run<T>(
        self,
        talk: impl FnOnce() -> Result<T, git2::Error>,
    ) -> Result<T, (git2::Error, Option<Failure>)> {
        let session = Rc::new(self);
        let before = SESSION.replace(Some(session.clone()));
        let result = talk();
        SESSION.replace(before);
        result.map_err(|error| (error, session.failure.take()))
    }

    fn fail(&self, failure: Failure) -> io::Error {
        let words = match &failure {
            Failure::Http(error) => error.to_string(),
            Failure::NotGit(why) => why.clone(),
        };
        self.failure.replace(Some(failure));
        io::Error::other(words)
    }

    /// Asks for the list of references.
    fn list(&self) -> io::Result<HttpReply> {
        const EXPECTED: &str = "application/x-git-upload-pack-advertisement";
        let target = self.at("info/refs", Some("service=git-upload-pack"))?;
        let limits = HttpLimits { bytes: LIST_BYTES, time: self.limits.time };
        let headers = [(ACCEPT, EXPECTED), (CACHE_CONTROL, "no-cache"), (USER_AGENT, AGENT)];
        let request = HttpRequest { headers: &headers, limits, ..HttpRequest::default() };
        let reply = self.client.send_blocking(target, &self.access, request);
        let reply = reply.map_err(|error| self.fail(not_found_as_words(error)))?;
        let found = reply.header("content-type").unwrap_or("no content type").to_owned();
        if found != EXPECTED {
            let found: String = found.chars().take(100).collect();
            return Err(self.fail(Failure::NotGit(format!("it answers with {found}"))));
        }
        self.follow(&reply);
        Ok(reply)
    }

    /// Where the list came from, the packs are, too. Credentials stay with the origin they were made for.
    fn follow(&self, reply: &HttpReply) {
        let mut base = self.base.borrow_mut();
        let mut url = reply.url().clone();
        let Some(path) = url.path().strip_suffix("/info/refs").map(str::to_owned) else { return };
        url.set_path(&path);
        url.set_query(None);
        if crate::net::Origin::of(&url) == crate::net::Origin::of(&base.url) {
            // User info is part of the URL as written and would be lost in the answer's.
            base.url.set_path(&path);
        }
    }

    fn pack(&self, wants: Vec<u8>) -> io::Result<HttpReply> {
        let target = self.at("git-upload-pack", None)?;
        let limits = HttpLimits { bytes: self.limits.pack_bytes, time: self.limits.time };
        let headers = [(ACCEPT, "application/x-git-upload-pack-result"), (USER_AGENT, AGENT)];
        let body = Body::Post { content_type: "application/x-git-upload-pack-request", bytes: wants.into() };
        let request = HttpRequest { body, headers: &headers, limits, any_status: false };
        self.client
            .send_blocking(target, &self.access, request)
            .map_err(|error| self.fail(not_found_as_words(error)))
    }

    fn at(&self, file: &str, query: Option<&str>) -> io::Result<Target> {
        let mut target = self.base.borrow().clone();
        let path = format!("{}/{file}", target.url.path().trim_end_matches('/'));
        target.url.set_path(&path);
        target.url.set_query(query);
        Ok(target)
    }
}

/// Some servers answer programs other than Git with web pages.
const AGENT: &str = concat!("git/2.0 (windlass ", env!("CARGO_PKG_VERSION"), ")");

fn not_found_as_words(error: HttpError) -> Failure {
    match error {
        HttpError::Status { status: 404, .. } => {
            Failure::NotGit("it answers 404: not found, or not visible without credentials".to_owned())
        }
        error => Failure::Http(error),
    }
}

/// Opens the transport of [`URL`].
pub(super) fn open(remote: &Remote<'_>) -> Result<Transport, git2::Error> {
    Transport::smart(remote, true, Subtransport)
}

/// The error of schemes that may not reach the network past the one client.
pub(super) fn refused() -> git2::Error {
    git2::Error::from_str("this scheme is served by the HTTP client only")
}

/// The session lives with its thread, as libgit2 wants what it keeps to be sendable.
struct Subtransport;

impl SmartSubtransport for Subtransport {
    fn action(&self, _url: &str, action: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        match action {
            Service::UploadPackLs => Ok(Box::new(Stream { wants: None, answer: Answer::default() })),
            Service::UploadPack => {
                Ok(Box::new(Stream { wants: Some(Vec::new()), answer: Answer::default() }))
            }
            Service::ReceivePackLs | Service::ReceivePack => {
                Err(git2::Error::from_str("windlass never pushes"))
            }
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// One request and its answer: what is written is sent when the first byte is read.
struct Stream {
    wants: Option<Vec<u8>>,
    answer: Answer,
}

#[derive(Default)]
struct Answer {
    reply: Option<HttpReply>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let session = SESSION.with_borrow(Clone::clone).ok_or_else(|| io::Error::other("no session"))?;
        if self.answer.reply.is_none() {
            self.answer.reply = Some(match self.wants.take() {
                None => session.list()?,
                Some(wants) => session.pack(wants)?,
            });
        }
        self.answer.read(&session, buffer)
    }
}

impl Answer {
    fn read(&mut self, session: &Session, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let Some(reply) = &mut self.reply else { return Ok(0) };
            let next = session.client.chunk_blocking(reply);
            match next.map_err(|error| session.fail(Failure::Http(error)))? {
                Some(chunk) => (self.chunk, self.at) = (chunk, 0),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.chunk.len() - self.at);
        buffer[..length].copy_from_slice(&self.chunk[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.wants {
            Some(wants) => wants.extend_from_slice(bytes),
            None => return Err(io::Error::other("the request was sent already")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
