//! Kayenta: a judgement that is asked for, and looked at until it is complete.

use std::time::Duration;

use model::Time;
use model::analysis::KayentaThreshold;
use serde_json::Value as Json;

use super::super::measure::{Found, Outcome};
use super::super::phase::Phase;
use super::super::value;
use super::{is_success, json, words};

/// Name of the metadata that remembers the judgement.
const EXECUTION: &str = "canaryExecutionId";
const LOOK: Duration = Duration::from_secs(15);

/// The id of a configuration by its name.
///
/// # Errors
/// When the reply is none, or has no such configuration.
pub fn kayenta_config(status: u16, body: &[u8], name: &str) -> Result<String, String> {
    let reply = read(status, body)?;
    let found = reply.as_array().into_iter().flatten().find(|config| config["name"] == name);
    let id = found.and_then(|config| config["id"].as_str());
    id.map(str::to_owned).ok_or_else(|| format!("cannot find Canary Config {name}"))
}

/// Reads the reply to a judgement that was asked for.
pub fn kayenta_execution(status: u16, body: &[u8], now: Time) -> Outcome {
    let reply = match read(status, body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    let Some(id) = reply[EXECUTION].as_str() else {
        return Outcome::error("Kayenta answered without canaryExecutionId");
    };
    let mut outcome = Outcome::new(Found::Running { resume_at: now.plus(LOOK) });
    outcome.metadata.insert(EXECUTION.to_owned(), id.to_owned());
    outcome
}

/// Reads the state of a judgement.
pub fn kayenta_verdict(status: u16, body: &[u8], threshold: &KayentaThreshold, now: Time) -> Outcome {
    let reply = match read(status, body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    if reply["complete"] != true {
        return Outcome::new(Found::Running { resume_at: now.plus(LOOK) });
    }
    if reply["executionStatus"].as_str().unwrap_or(reply["status"].as_str().unwrap_or_default())
        != "succeeded"
    {
        return Outcome::error("Kayenta could not complete the judgement");
    }
    let score = reply.pointer("/result/judgeResult/score/score").and_then(Json::as_f64);
    let Some(score) = score else { return Outcome::error("Kayenta answered without a score") };
    let phase = if score >= threshold.pass as f64 {
        Phase::Successful
    } else if score >= threshold.marginal as f64 {
        Phase::Inconclusive
    } else {
        Phase::Failed
    };
    Outcome::new(Found::Verdict { phase, text: value::number(score), message: String::new() })
}

fn read(status: u16, body: &[u8]) -> Result<Json, String> {
    if !is_success(status) {
        return Err(format!("Invalid Response: HTTP {status}: {}", words(body)));
    }
    json(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_verdicts() {
        let threshold = KayentaThreshold { pass: 90, marginal: 75 };
        let now: Time = "2026-01-01T00:00:00Z".parse().expect("it is a time");
        let phase = |score: f64| {
            let body = format!(
                r#"{{"complete":true,"status":"succeeded","result":{{"judgeResult":{{"score":{{"score":{score}}}}}}}}}"#
            );
            match kayenta_verdict(200, body.as_bytes(), &threshold, now).found {
                Found::Verdict { phase, .. } => phase,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            [phase(95.0), phase(90.0), phase(80.0), phase(10.0)].map(Phase::word),
            ["Successful", "Successful", "Inconclusive", "Failed"]
        );
        let waits = kayenta_verdict(200, br#"{"complete":false,"status":"running"}"#, &threshold, now);
        assert!(matches!(waits.found, Found::Running { .. }));
        let failed = kayenta_verdict(200, br#"{"complete":true,"status":"terminal"}"#, &threshold, now);
        assert!(matches!(failed.found, Found::Error(_)));
    }

    #[test]
    fn a_configuration_is_found_by_its_name() {
        assert_eq!(
            kayenta_config(200, br#"[{"name":"a","id":"1"},{"name":"b","id":"2"}]"#, "b"),
            Ok("2".to_owned())
        );
        assert_eq!(kayenta_config(200, b"[]", "b"), Err("cannot find Canary Config b".to_owned()));
    }
}
