//! `POST /api/webhook`, the pure part: from headers and body to "look at this repository now".
//!
//! A webhook can cause a look and nothing else. The signature is checked over the raw body before anything is
//! parsed (threat T12).

mod affects;
mod providers;
mod signature;

use http::HeaderMap;

use crate::net::Secret;

pub use affects::{affects, files_are_relevant, repository_key};

/// The largest body that is read, in bytes; the server refuses longer ones before it calls [`receive`].
pub const LARGEST_BODY: usize = 1 << 20;

/// The secrets of `argocd-secret` that webhooks are signed with; an empty one leaves its provider unauthenticated, as
/// upstream does.
#[derive(Clone, Debug, Default)]
pub struct WebhookSecrets {
    /// `webhook.github.secret`.
    pub github: Secret,
    /// `webhook.gitlab.secret`.
    pub gitlab: Secret,
    /// `webhook.gogs.secret`, for Gogs and Gitea.
    pub gogs: Secret,
    /// `webhook.bitbucket.uuid`.
    pub bitbucket_uuid: Secret,
    /// `webhook.bitbucketserver.secret`.
    pub bitbucket_server: Secret,
    /// `webhook.azuredevops.username`.
    pub azure_user: Secret,
    /// `webhook.azuredevops.password`.
    pub azure_password: Secret,
}

impl WebhookSecrets {
    /// Reads the decoded data of `argocd-secret`.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let secret = |key: &str| Secret::from(get(key).unwrap_or_default());
        Self {
            github: secret("webhook.github.secret"),
            gitlab: secret("webhook.gitlab.secret"),
            gogs: secret("webhook.gogs.secret"),
            bitbucket_uuid: secret("webhook.bitbucket.uuid"),
            bitbucket_server: secret("webhook.bitbucketserver.secret"),
            azure_user: secret("webhook.azuredevops.username"),
            azure_password: secret("webhook.azuredevops.password"),
        }
    }
}

/// What a webhook turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Something was pushed.
    Push(Push),
    /// A test, or an event that moves nothing.
    Nothing,
}

/// A push, as far as the provider tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// What each of the repository's URLs has in common with others that mean it ([`repository_key`]).
    pub repositories: Vec<String>,
    /// Branch or tag, without `refs/heads/` or `refs/tags/`.
    pub revision: String,
    /// Commit before; empty where it is not told.
    pub before: String,
    /// Commit after; empty where it is not told.
    pub after: String,
    /// Whether the revision is the default branch, which `HEAD` means.
    pub is_default_branch: bool,
    /// Files that changed; none where they are not told in full.
    pub changed: Option<Vec<String>>,
}

/// Why a webhook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// No provider is recognised, or it sends an event that is none of ours.
    #[error("the event is not known")]
    UnknownEvent,
    /// The signature is missing or wrong.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// The body is too long.
    #[error("the body is longer than {LARGEST_BODY} bytes")]
    TooLarge,
    /// The body cannot be read.
    #[error("the body is not what the event says")]
    Malformed,
}

impl WebhookError {
    /// The HTTP status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::UnknownEvent | Self::BadSignature | Self::Malformed => 400,
            Self::TooLarge => 413,
        }
    }
}

/// Reads a webhook: provider by header, signature over the raw body, then the body.
///
/// # Errors
/// When the provider, the signature or the body is not in order. Nothing in the error comes from the body.
pub fn receive(headers: &HeaderMap, body: &[u8], secrets: &WebhookSecrets) -> Result<Received, WebhookError> {
    if body.len() > LARGEST_BODY {
        return Err(WebhookError::TooLarge);
    }
    let provider = providers::recognise(headers).ok_or(WebhookError::UnknownEvent)?;
    if !signature::is_good(provider, headers, body, secrets) {
        return Err(WebhookError::BadSignature);
    }
    let event = text(headers, provider.event_header());
    if !provider.is_push(event) {
        return if provider.is_other(event) {
            Ok(Received::Nothing)
        } else {
            Err(WebhookError::UnknownEvent)
        };
    }
    let body: serde_json::Value = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    providers::read(provider, &body)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
