//! Cluster API.

use model::Object;
use serde_json::Value;

use crate::health::read::{conditions, is_true, text};
use crate::health::{Table, Verdict, degraded, healthy, progressing, suspended};

pub(super) const TABLE: Table = &[("cluster.x-k8s.io", "Cluster", cluster)];

fn cluster(object: &Object) -> Option<Verdict<'_>> {
    if is_true(object, &["spec", "paused"]) {
        return suspended("Cluster is paused");
    }
    let broken = conditions(object).find(|condition| {
        condition.is("Ready", "False") && condition.0.get("severity").and_then(Value::as_str) != Some("Info")
    });
    if let Some(broken) = broken {
        return degraded(broken.message());
    }
    match text(object, &["status", "phase"]) {
        "Provisioned" => healthy("Cluster is running"),
        "Failed" => degraded(""),
        _ => progressing("Waiting for clusters"),
    }
}
