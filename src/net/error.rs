//! Why an HTTP request brought no answer.

use std::error::Error as _;
use std::time::Duration;

use super::egress::Refused;

/// Why a request brought no usable answer. Names hosts, never user info, and no body of the other side.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The text is not a URL.
    #[error("the URL cannot be read: {why}")]
    NotAUrl {
        /// The reader's words.
        why: String,
    },
    /// A scheme other than http and https.
    #[error("scheme {scheme:?} is not supported here: only http and https are")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The egress policy forbids the host or its address.
    #[error(
        "{host} may not be asked: {why}; an operator can allow it with a repository Secret or a rewrite rule"
    )]
    Forbidden {
        /// The host.
        host: String,
        /// Which rule forbids it.
        why: String,
    },
    /// No connection.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// The network's words.
        why: String,
    },
    /// The host's certificate is not trusted, or encryption failed.
    #[error("{host} could not be trusted: {why}; add its CA to argocd-tls-certs-cm under the host's name")]
    Tls {
        /// The host.
        host: String,
        /// The TLS library's words.
        why: String,
    },
    /// Certificates handed in cannot be read.
    #[error("the {what} for {host} cannot be read: {why}")]
    Certificates {
        /// Which ones.
        what: &'static str,
        /// The host.
        host: String,
        /// The reader's words.
        why: String,
    },
    /// 401 or 403.
    #[error("{host} answered {status} {}", if *with_credentials {
        "to the credentials configured: they may be wrong, expired or without the right to read"
    } else {
        "to a request without credentials: add a repository or repo-creds Secret for this URL"
    })]
    Unauthorised {
        /// The host.
        host: String,
        /// The status code.
        status: u16,
        /// Whether credentials were sent.
        with_credentials: bool,
    },
    /// Any other status that is not a success.
    #[error("{url} answered {status}")]
    Status {
        /// The URL, without user info.
        url: String,
        /// The status code.
        status: u16,
    },
    /// Too many redirects, or one that may not be followed.
    #[error("{host} redirects {why}")]
    Redirect {
        /// The host that redirects.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The answer is longer than allowed.
    #[error("{url} answered with more than {limit} bytes")]
    TooLarge {
        /// The URL, without user info.
        url: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The answer took too long.
    #[error("{host} did not answer in full within {}", seconds(.limit))]
    TooSlow {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The answer ended too early.
    #[error("the answer of {host} broke off: {why}")]
    Truncated {
        /// The host.
        host: String,
        /// The network's words.
        why: String,
    },
}

impl HttpError {
    /// True where asking again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TooSlow { .. } | Self::Truncated { .. } => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            Self::NotAUrl { .. }
            | Self::Scheme { .. }
            | Self::Forbidden { .. }
            | Self::Tls { .. }
            | Self::Certificates { .. }
            | Self::Unauthorised { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    /// The error of a request to `host` that failed on the way.
    pub(super) fn of_request(host: &str, error: &reqwest::Error, limit: Duration) -> Self {
        let host = host.to_owned();
        if let Some(refused) = cause::<Refused>(error) {
            return Self::Forbidden { host, why: refused.to_string() };
        }
        if cause::<rustls::Error>(error).is_some() {
            return Self::Tls { host, why: innermost(error) };
        }
        if error.is_timeout() {
            return Self::TooSlow { host, limit };
        }
        if error.is_body() || error.is_decode() {
            return Self::Truncated { host, why: innermost(error) };
        }
        Self::Unreachable { host, why: innermost(error) }
    }
}

/// The first error of type `T` in the chain, looking into `io::Error`s, which hide their own.
fn cause<T: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inside {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The last words of the chain: the ones before it repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut words = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        words = error.to_string();
        next = error.source();
    }
    if words.is_empty() { "the connection failed".to_owned() } else { words }
}

/// An error with all its causes, as one sentence.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}

fn seconds(limit: &Duration) -> String {
    format!("{} s", limit.as_secs_f32())
}
