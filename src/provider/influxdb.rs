//! InfluxDB.

use model::analysis::Influxdb;
use rollout::analysis::{Outcome, replies};
use serde_json::json;

use super::ask::{Ask, url};
use super::{Providers, SecretData, key};
use crate::net::Secret;

impl Providers {
    /// Asks InfluxDB.
    pub(super) async fn influxdb(&self, metric: &Influxdb, secret: &SecretData) -> Result<Outcome, String> {
        let (address, org) = (key(secret, "address")?, key(secret, "org")?);
        let token = format!("Token {}", key(secret, "authToken")?.expose());
        let dialect =
            json!({"annotations": ["datatype", "group", "default"], "delimiter": ",", "header": true});
        let body = json!({"query": metric.query, "type": "flux", "dialect": dialect}).to_string();
        let at = url(address.expose(), "api/v2/query", &[("org", org.expose())])?;
        let ask = Ask::post(at, "application/json", body).header("authorization", Secret::from(token));
        let (status, body) = ask.header("accept", "text/csv").send(&self.http).await?;
        Ok(replies::influxdb(status, &body))
    }
}
