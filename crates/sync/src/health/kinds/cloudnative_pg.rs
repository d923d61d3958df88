//! CloudNativePG.

use model::Object;
use model::application::HealthCode;

use crate::health::read::{condition, has_conditions, text};
use crate::health::{Table, Verdict, degraded, progressing, suspended, verdict};

pub(super) const TABLE: Table = &[("postgresql.cnpg.io", "Cluster", cluster)];

fn cluster(object: &Object) -> Option<Verdict<'_>> {
    let switched_off = ["cnpg.io/reconciliationLoop", "cnpg.io/reconciliation"]
        .iter()
        .any(|key| object.annotation(key) == Some("disabled"));
    if switched_off {
        return suspended("Cluster reconciliation is suspended");
    }
    if !has_conditions(object) {
        return progressing("Waiting for the CloudNativePG operator to report cluster status");
    }
    if let Some(found) = condition(object, "cnpg.io/hibernation") {
        return if found.status() == "True" { suspended(found.message()) } else { degraded(found.message()) };
    }
    verdict(phase(text(object, &["status", "phase"])), text(object, &["status", "phaseReason"]))
}

/// The operator's phases are sentences.
fn phase(phase: &str) -> HealthCode {
    match phase {
        "Cluster in healthy state" => HealthCode::Healthy,
        "Setting up primary"
        | "Creating a new replica"
        | "Upgrading cluster"
        | "Waiting for the instances to become active"
        | "Promoting to primary cluster" => HealthCode::Progressing,
        "Switchover in progress"
        | "Failing over"
        | "Upgrading Postgres major version"
        | "Cluster upgrade delayed"
        | "Waiting for user action"
        | "Primary instance is being restarted in-place"
        | "Primary instance is being restarted without a switchover"
        | "Cluster cannot execute instance online upgrade due to missing architecture binary"
        | "Online upgrade in progress"
        | "Applying configuration" => HealthCode::Degraded,
        "Unable to create required cluster objects"
        | "Cluster cannot proceed to reconciliation due to an unknown plugin being required"
        | "Cluster has incomplete or invalid image catalog"
        | "Cluster is unrecoverable and needs manual intervention" => HealthCode::Suspended,
        _ => HealthCode::Unknown,
    }
}
