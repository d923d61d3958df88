//! OAuth2 client credentials: a token for the next request.

use model::analysis::Oauth2;

use super::ask::{Ask, form};
use crate::net::{HttpClient, Secret};

/// A fresh token.
pub async fn token(http: &HttpClient, settings: &Oauth2) -> Result<Secret, String> {
    let Oauth2 { token_url, client_id, client_secret, scopes } = settings;
    if token_url.is_empty() || client_id.is_empty() || client_secret.is_empty() {
        return Err("missing mandatory parameter in metric for OAuth2 setup".to_owned());
    }
    let scopes = scopes.join(" ");
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(Some(("scope", scopes.as_str())).filter(|(_, scopes)| !scopes.is_empty()));
    let mut ask = Ask::post(token_url.as_str(), "application/x-www-form-urlencoded", form(&fields));
    ask.login = Some((client_id.clone(), Secret::from(client_secret.as_str())));
    let (mut status, mut body) = ask.send(http).await?;
    if status == 401 || status == 400 {
        // Some servers want both in the form.
        fields.extend([("client_id", client_id.as_str()), ("client_secret", client_secret.as_str())]);
        let ask = Ask::post(token_url.as_str(), "application/x-www-form-urlencoded", form(&fields));
        (status, body) = ask.send(http).await?;
    }
    let reply: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    match reply["access_token"].as_str() {
        Some(token) if (200..300).contains(&status) => Ok(Secret::from(format!("Bearer {token}"))),
        Some(_) | None => Err(format!("oauth2: cannot fetch token: {status}")),
    }
}
