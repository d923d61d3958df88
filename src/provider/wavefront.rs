//! Wavefront.

use model::Time;
use model::analysis::Wavefront;
use rollout::analysis::{Outcome, replies};

use super::ask::{Ask, url};
use super::{Providers, SecretData, key};
use crate::net::Secret;

impl Providers {
    /// Asks Wavefront. Its Secret has a token for each address.
    pub(super) async fn wavefront(
        &self,
        metric: &Wavefront,
        secret: &SecretData,
        now: Time,
    ) -> Result<Outcome, String> {
        let token = key(secret, &metric.address).map_err(|_| "API token not found".to_owned())?;
        let start = now.0.as_second();
        let moment = (start * 1000).to_string();
        let host = &metric.address;
        let address = if host.contains("://") { host.clone() } else { format!("https://{host}") };
        let query: [(&str, &str); 4] =
            [("q", metric.query.as_str()), ("s", &moment), ("g", "s"), ("strict", "true")];
        let ask = Ask::get(url(&address, "api/v2/chart/api", &query)?);
        let ask = ask.header("authorization", Secret::from(format!("Bearer {}", token.expose())));
        let (status, body) = ask.send(&self.http).await?;
        Ok(replies::wavefront(status, &body, start))
    }
}
