//! Prometheus.

use std::time::Duration;

use model::Time;
use model::analysis::{Prometheus, RangeQuery};
use rollout::analysis::{Outcome, eval_time, replies};

use super::ask::{Ask, form, length, url};
use super::{Providers, oauth2, sigv4};
use crate::net::Secret;

const FORM: &str = "application/x-www-form-urlencoded";

impl Providers {
    /// Asks Prometheus.
    pub(super) async fn prometheus(&self, metric: &Prometheus, now: Time) -> Result<Outcome, String> {
        let ask = self.prometheus_ask(metric, now).await?;
        let (mut status, mut body) = ask.send(&self.http).await?;
        if status == 405 || status == 501 {
            // An old server, or a proxy that lets only GET through.
            let query = String::from_utf8_lossy(&ask.body).into_owned();
            let get = Ask {
                url: format!("{}?{query}", ask.url),
                headers: ask.headers,
                login: ask.login,
                ..Ask::get("")
            };
            (status, body) = Ask { insecure: ask.insecure, time: ask.time, ..get }.send(&self.http).await?;
        }
        let mut outcome = replies::prometheus(status, &body);
        outcome.about.insert("ResolvedPrometheusQuery".to_owned(), metric.query.clone());
        Ok(outcome)
    }

    async fn prometheus_ask(&self, metric: &Prometheus, now: Time) -> Result<Ask, String> {
        let own = &metric.address;
        let address = if own.is_empty() { &self.options.prometheus_address } else { own };
        if address.is_empty() {
            return Err("prometheus address is not configured".to_owned());
        }
        let timeout = metric.timeout.unwrap_or(30);
        let timeout =
            u64::try_from(timeout).map_err(|_| "prometheus timeout should not be negative".to_owned())?;
        let (path, body) = match &metric.range_query {
            None => ("api/v1/query", form(&[("query", &metric.query), ("time", &unix(now))])),
            Some(range) => ("api/v1/query_range", range_form(&metric.query, range, now)?),
        };
        let mut ask = Ask::post(url(address, path, &[])?, FORM, body).headers(&metric.headers);
        ask.insecure = metric.insecure;
        ask.time = Duration::from_secs(timeout);
        let login = metric.authentication.clone().unwrap_or_default();
        if let Some(basic) =
            login.basic_auth.filter(|basic| !basic.username.is_empty() && !basic.password.is_empty())
        {
            ask.login = Some((basic.username, Secret::from(basic.password)));
        }
        if let Some(settings) = login.oauth2.filter(|settings| !settings.token_url.is_empty()) {
            ask = ask.header("authorization", oauth2::token(&self.http, &settings).await?);
        }
        if let Some(settings) = login.sigv4.filter(|_| address.contains("aps-workspaces")) {
            let keys = self.options.aws.as_ref().ok_or("windlass has no keys for AWS")?;
            ask = sigv4::sign(ask, keys, &settings.region, "aps", now)?;
        }
        Ok(ask)
    }
}

fn range_form(query: &str, range: &RangeQuery, now: Time) -> Result<String, String> {
    let at = |field: &str, text: &str| {
        eval_time(text, now).map(unix).map_err(|why| format!("failed to parse rangeQuery.{field}: {why}"))
    };
    let step = length(&range.step, Duration::ZERO)
        .map_err(|why| format!("failed to parse rangeQuery.step: {why}"))?;
    let (start, end) = (at("start", &range.start)?, at("end", &range.end)?);
    Ok(form(&[("query", query), ("start", &start), ("end", &end), ("step", &step.as_secs_f64().to_string())]))
}

fn unix(time: Time) -> String {
    format!("{:.3}", time.0.as_millisecond() as f64 / 1000.0)
}
