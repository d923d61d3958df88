//! Flagger.

use model::Object;
use model::application::HealthCode;

use crate::health::read::{Condition, at, conditions, number, text};
use crate::health::{Table, Verdict, unknown, verdict};

pub(super) const TABLE: Table = &[("flagger.app", "Canary", canary)];

fn canary(object: &Object) -> Option<Verdict<'_>> {
    if at(object, &["status"]).is_none() {
        return unknown("No status");
    }
    let phase = text(object, &["status", "phase"]);
    let code = match phase {
        "Failed" => HealthCode::Degraded,
        "Progressing" | "Finalising" | "Promoting" => HealthCode::Progressing,
        "Succeeded" | "Initialized" => HealthCode::Healthy,
        _ => HealthCode::Unknown,
    };
    let weight = number(object, &["status", "canaryWeight"]).filter(|weight| *weight > 0);
    let weight = weight.map(|weight| format!("Canary Weight: {weight} %"));
    let said = conditions(object).map(Condition::message).map(str::to_owned);
    let words: Vec<String> = weight.into_iter().chain(said).collect();
    verdict(code, format!("{phase} --- {}", words.join(" --- ")))
}
