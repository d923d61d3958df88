//! KServe.

use model::Object;

use crate::health::read::{Condition, at, conditions, has_conditions, text};
use crate::health::{Table, Verdict, degraded, healthy, progressing, suspended};

pub(super) const TABLE: Table = &[("serving.kserve.io", "InferenceService", inference_service)];

fn inference_service(object: &Object) -> Option<Verdict<'_>> {
    if !has_conditions(object) {
        return progressing("Waiting for InferenceService to report status...");
    }
    if conditions(object).any(|condition| condition.is("Stopped", "True")) {
        return suspended("InferenceService is Stopped");
    }
    let transition = text(object, &["status", "modelStatus", "transitionStatus"]);
    let (settled, under_way) = (transition == "UpToDate", transition == "InProgress");
    let known = at(object, &["status", "modelStatus"]).is_some();
    let is_open = |condition: &Condition<'_>| {
        condition.kind() != "Stopped" && matches!(condition.status(), "False" | "Unknown")
    };
    let calm = !conditions(object).any(|condition| is_open(&condition));
    if calm && (settled || !known) {
        return healthy("InferenceService is healthy.");
    }
    let mut message = String::new();
    if known && !settled {
        message.push_str(&format!("0: transitionStatus | {transition}\n"));
    }
    for (place, condition) in conditions(object).enumerate().filter(|(_, condition)| is_open(condition)) {
        let words = [condition.kind(), condition.status(), condition.reason(), condition.message()];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        message.push_str(&format!(" | {}: {}\n", place + 1, words.join(" | ")));
    }
    if known && !settled && !under_way { degraded(message) } else { progressing(message) }
}
