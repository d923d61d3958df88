//! Knative Serving.

use model::Object;

use crate::health::read::{Condition, conditions, has_conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[("serving.knative.dev", "Service", service)];

fn service(object: &Object) -> Option<Verdict<'_>> {
    if !has_conditions(object) {
        return progressing("Waiting for status update.");
    }
    let ready = conditions(object).filter(|condition| {
        condition.status() == "True"
            && matches!(condition.kind(), "ConfigurationsReady" | "RoutesReady" | "Ready")
    });
    let is_open = |condition: &Condition<'_>| matches!(condition.status(), "False" | "Unknown");
    if ready.count() == 3 && !conditions(object).any(|condition| is_open(&condition)) {
        return healthy("Knative Service is healthy.");
    }
    let message: String = conditions(object).filter(is_open).map(complaint).collect();
    if conditions(object).any(|condition| condition.status() == "False") {
        return degraded(message);
    }
    progressing(message)
}

fn complaint(condition: Condition<'_>) -> String {
    let mut words = format!("{} is {}", condition.kind(), condition.status());
    if !condition.reason().is_empty() {
        words.push_str(&format!(", since {}.", condition.reason()));
    }
    if !condition.message().is_empty() {
        words.push_str(&format!(" {}", condition.message()));
    }
    words.push('\n');
    words
}
