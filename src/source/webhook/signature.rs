//! Whether a webhook comes from who it says.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

use super::providers::Provider;
use super::{WebhookSecrets, text};
use crate::net::Secret;

/// Checks the provider's own kind of signature; true where no secret is configured for it. In constant time.
pub(super) fn is_good(
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &WebhookSecrets,
) -> bool {
    match provider {
        Provider::Azure => {
            is_login(&secrets.azure_user, &secrets.azure_password, text(headers, "authorization"))
        }
        Provider::Gogs => is_hmac(&secrets.gogs, text(headers, "x-gogs-signature"), body),
        Provider::GitHub => is_prefixed_hmac(&secrets.github, text(headers, "x-hub-signature-256"), body),
        Provider::GitLab => is_token(&secrets.gitlab, text(headers, "x-gitlab-token")),
        Provider::Bitbucket => is_token(&secrets.bitbucket_uuid, text(headers, "x-hook-uuid")),
        Provider::BitbucketServer => {
            is_prefixed_hmac(&secrets.bitbucket_server, text(headers, "x-hub-signature"), body)
        }
    }
}

fn is_token(secret: &Secret, offered: &str) -> bool {
    secret.is_empty() || secret.matches(offered.as_bytes())
}

fn is_hmac(secret: &Secret, offered: &str, body: &[u8]) -> bool {
    if secret.is_empty() {
        return true;
    }
    let Ok(offered) = HEXLOWER_PERMISSIVE.decode(offered.as_bytes()) else { return false };
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
    mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(&offered).is_ok())
}

fn is_prefixed_hmac(secret: &Secret, offered: &str, body: &[u8]) -> bool {
    secret.is_empty() || offered.strip_prefix("sha256=").is_some_and(|offered| is_hmac(secret, offered, body))
}

fn is_login(user: &Secret, password: &Secret, offered: &str) -> bool {
    if user.is_empty() && password.is_empty() {
        return true;
    }
    let Some(Ok(offered)) = offered.strip_prefix("Basic ").map(|login| BASE64.decode(login.as_bytes()))
    else {
        return false;
    };
    Secret::from(format!("{}:{}", user.expose(), password.expose())).matches(&offered)
}
