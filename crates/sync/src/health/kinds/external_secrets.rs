//! External Secrets.

use model::Object;

use crate::health::read::{by_condition, conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[
    ("external-secrets.io", "ExternalSecret", external_secret),
    ("external-secrets.io", "SecretStore", secret_store),
    ("external-secrets.io", "ClusterSecretStore", cluster_secret_store),
    ("external-secrets.io", "PushSecret", push_secret),
    ("external-secrets.io", "ClusterExternalSecret", cluster_external_secret),
];

fn external_secret(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Waiting for ExternalSecret")
}

fn secret_store(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Waiting for SecretStore")
}

fn cluster_secret_store(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Waiting for ClusterSecretStore")
}

fn push_secret(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Waiting for PushSecret")
}

/// New conditions are added at the end: only the last one counts.
fn cluster_external_secret(object: &Object) -> Option<Verdict<'_>> {
    match conditions(object).next_back().filter(|last| last.status() == "True") {
        Some(last) if last.kind() == "Ready" => healthy(last.message()),
        Some(last) if matches!(last.kind(), "PartiallyReady" | "NotReady") => degraded(last.message()),
        _ => progressing("Waiting for ClusterExternalSecret"),
    }
}
