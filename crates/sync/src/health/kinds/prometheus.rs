//! The Prometheus operator.

use model::Object;

use crate::health::read::conditions;
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[("monitoring.coreos.com", "Prometheus", prometheus)];

fn prometheus(object: &Object) -> Option<Verdict<'_>> {
    let Some(available) = conditions(object).rfind(|condition| condition.kind() == "Available") else {
        return progressing("Waiting for initialization");
    };
    if available.status() == "True" {
        return healthy("All instances are available");
    }
    let message = available.message_or(available.reason());
    if available.reason() == "SomePodsNotReady" { progressing(message) } else { degraded(message) }
}
