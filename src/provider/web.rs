//! Any web service.

use std::time::Duration;

use http::Method;
use model::analysis::Web;
use rollout::analysis::{Outcome, replies};

use super::ask::Ask;
use super::{Providers, oauth2};

impl Providers {
    /// Asks a web service.
    pub(super) async fn web(&self, metric: &Web) -> Result<Outcome, String> {
        let mut ask = ask(metric)?;
        let login = metric.authentication.clone().unwrap_or_default();
        if let Some(settings) = login.oauth2.filter(|settings| !settings.token_url.is_empty()) {
            ask = ask.header("authorization", oauth2::token(&self.http, &settings).await?);
        }
        let (status, body) = ask.send(&self.http).await?;
        Ok(replies::web(status, &body, &metric.json_path))
    }
}

fn ask(metric: &Web) -> Result<Ask, String> {
    let method = match metric.method.as_str() {
        "" | "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        other => return Err(format!("method {other:?} is none of GET, POST and PUT")),
    };
    let has_body = !metric.body.is_empty();
    if has_body && metric.json_body.is_some() {
        return Err("use either Body or JSONBody; both cannot exists for WebMetric payload".to_owned());
    }
    if method == Method::GET && (has_body || metric.json_body.is_some()) {
        return Err("Body/JSONBody can only be used with POST or PUT WebMetric Method types".to_owned());
    }
    let mut ask = Ask { method, ..Ask::get(metric.url.as_str()) }.headers(&metric.headers);
    ask.body = metric.body.clone().into();
    if let Some(json) = &metric.json_body {
        // The content type follows from the body, whatever the headers say.
        ask.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        "application/json".clone_into(&mut ask.content_type);
        ask.body = serde_json::to_vec(json).map_err(|why| why.to_string())?;
    }
    ask.insecure = metric.insecure;
    let seconds = u64::try_from(metric.timeout_seconds).ok().filter(|seconds| *seconds > 0);
    ask.time = Duration::from_secs(seconds.unwrap_or(10));
    Ok(ask)
}
