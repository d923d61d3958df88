//! CloudWatch: `GetMetricData` in its JSON protocol.

use super::super::measure::Outcome;
use super::{is_success, json, words};

/// Reads a reply: a list of results, each with its `Values`.
pub fn cloud_watch(status: u16, body: &[u8]) -> Outcome {
    let reply = match json(body) {
        Ok(reply) => reply,
        Err(_) if !is_success(status) => {
            return Outcome::error(format!("CloudWatch answered {status}: {}", words(body)));
        }
        Err(why) => return Outcome::error(why),
    };
    if !is_success(status) {
        let kind =
            reply["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
        let message = reply["message"].as_str().or(reply["Message"].as_str()).unwrap_or_default();
        return Outcome::error(format!("CloudWatch answered {status} {kind}: {message}"));
    }
    match reply.get("MetricDataResults") {
        Some(results) if results.is_array() => Outcome::result(results.clone()),
        Some(_) | None => Outcome::error("CloudWatch answered without MetricDataResults"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::Found;
    use super::*;

    #[test]
    fn results_and_refusals() {
        let good = cloud_watch(200, br#"{"MetricDataResults":[{"Id":"rate","Values":[0.5]}]}"#);
        let Found::Result { text, .. } = good.found else { panic!("it has a result") };
        assert_eq!(text, r#"[{"Id":"rate","Values":[0.5]}]"#);
        let refused =
            cloud_watch(400, br#"{"__type":"com.amazon.coral.service#AccessDenied","message":"no"}"#);
        assert_eq!(refused, Outcome::error("CloudWatch answered 400 AccessDenied: no"));
        assert_eq!(cloud_watch(200, b"{}"), Outcome::error("CloudWatch answered without MetricDataResults"));
        assert_eq!(cloud_watch(503, b"<html>"), Outcome::error("CloudWatch answered 503: <html>"));
    }
}
