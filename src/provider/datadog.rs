//! Datadog.

use std::time::Duration;

use model::Time;
use model::analysis::Datadog;
use rollout::analysis::{Outcome, replies};
use serde_json::json;

use super::ask::{Ask, length, url};
use super::{Providers, SecretData, key};

impl Providers {
    /// Asks Datadog.
    pub(super) async fn datadog(
        &self,
        metric: &Datadog,
        secret: &SecretData,
        now: Time,
    ) -> Result<Outcome, String> {
        let address = secret.get("address").map(|address| address.expose().to_owned());
        let address =
            address.filter(|own| !own.is_empty()).unwrap_or_else(|| "https://api.datadoghq.com".to_owned());
        let interval = length(metric.interval.as_deref().unwrap_or_default(), Duration::from_secs(300))?;
        let to = now.0.as_second();
        let from = to - i64::try_from(interval.as_secs()).unwrap_or(0);
        let is_second = metric.api_version.as_deref() == Some("v2");
        let mut ask =
            if is_second { second(metric, &address, from, to)? } else { first(metric, &address, from, to)? };
        ask.time = length(metric.request_timeout.as_deref().unwrap_or_default(), Duration::from_secs(10))?;
        let ask = ask
            .header("dd-api-key", key(secret, "api-key")?)
            .header("dd-application-key", key(secret, "app-key")?);
        let (status, body) = ask.send(&self.http).await?;
        Ok(if is_second { replies::datadog_v2(status, &body) } else { replies::datadog_v1(status, &body) })
    }
}

fn first(metric: &Datadog, address: &str, from: i64, to: i64) -> Result<Ask, String> {
    let (from, to) = (from.to_string(), to.to_string());
    Ok(Ask::get(url(address, "api/v1/query", &[("from", &from), ("to", &to), ("query", &metric.query)])?))
}

fn second(metric: &Datadog, address: &str, from: i64, to: i64) -> Result<Ask, String> {
    let aggregator = metric.aggregator.as_deref().unwrap_or("last");
    let query = |name: &str, query: &str| json!({"aggregator": aggregator, "data_source": "metrics", "name": name, "query": query});
    let several = metric.queries.iter().map(|(name, text)| query(name, text));
    let one = Some(&metric.query).filter(|query| !query.is_empty()).map(|text| query("query", text));
    let queries: Vec<_> = one.into_iter().chain(several).collect();
    let formula = Some(&metric.formula).filter(|formula| !formula.is_empty());
    let formulas: Vec<_> = formula.into_iter().map(|formula| json!({"formula": formula})).collect();
    let mut attributes = json!({"from": from * 1000, "to": to * 1000, "queries": queries});
    if !formulas.is_empty() {
        attributes["formulas"] = formulas.into();
    }
    let body = json!({"data": {"type": "scalar_request", "attributes": attributes}});
    Ok(Ask::post(url(address, "api/v2/query/scalar", &[])?, "application/json", body.to_string()))
}
