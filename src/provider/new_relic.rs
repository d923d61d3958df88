//! New Relic.

use std::time::Duration;

use model::analysis::NewRelic;
use rollout::analysis::{Outcome, replies};
use serde_json::json;

use super::ask::Ask;
use super::{Providers, SecretData, key};

const QUERY: &str = "query($accountId: Int!, $query: Nrql!, $timeout: Seconds) { actor { account(id: $accountId) { \
                     nrql(query: $query, timeout: $timeout) { results } } } }";

impl Providers {
    /// Asks New Relic.
    pub(super) async fn new_relic(&self, metric: &NewRelic, secret: &SecretData) -> Result<Outcome, String> {
        let account = key(secret, "account-id")?;
        let account: i64 =
            account.expose().trim().parse().map_err(|_| "account-id is not a number".to_owned())?;
        let region =
            secret.get("region").map(|region| region.expose().to_ascii_lowercase()).unwrap_or_default();
        let own = secret.get("base-url-nerdgraph").filter(|url| !url.is_empty());
        let url = match (own, region.as_str()) {
            (Some(url), _) => url.expose().to_owned(),
            (None, "" | "us") => "https://api.newrelic.com/graphql".to_owned(),
            (None, "eu") => "https://api.eu.newrelic.com/graphql".to_owned(),
            (None, other) => return Err(format!("region {other:?} is neither us nor eu")),
        };
        let timeout =
            u64::try_from(metric.timeout.unwrap_or(5)).map_err(|_| "timeout value needs to be positive")?;
        let variables = json!({"accountId": account, "query": metric.query, "timeout": timeout});
        let body = json!({"query": QUERY, "variables": variables}).to_string();
        let mut ask =
            Ask::post(url, "application/json", body).header("api-key", key(secret, "personal-api-key")?);
        ask.time = Duration::from_secs(timeout + 5);
        let (status, body) = ask.send(&self.http).await?;
        Ok(replies::new_relic(status, &body))
    }
}
