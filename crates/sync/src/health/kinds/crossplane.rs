//! Crossplane and Upbound: one rule for all their kinds, one more for providers.

use model::Object;
use serde_json::Value;

use crate::health::read::{at, condition, conditions, has_conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[("pkg.crossplane.io", "Provider", provider)];

const UP_TO_DATE: &str = "Resource is up-to-date.";

/// Any kind of `*.crossplane.io` and `*.upbound.io`.
pub(super) fn any(object: &Object) -> Option<Verdict<'_>> {
    let status = at(object, &["status"]);
    let empty = status.and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    // Upstream's rule binds so that every object without a status is healthy, not only kinds that never have one.
    if status.is_none() || empty && has_no_status(object) {
        return healthy(UP_TO_DATE);
    }
    if !has_conditions(object) {
        let configures = matches!(object.kind(), "ProviderConfig" | "ClusterProviderConfig");
        if configures && at(object, &["status", "users"]).is_some() {
            return healthy("Resource is in use.");
        }
        return progressing("Provisioning ...");
    }
    let upbound = object.group().ends_with(".upbound.io");
    let mut well = false;
    for condition in conditions(object) {
        match (condition.kind(), condition.status()) {
            ("LastAsyncOperation" | "Synced", "False") => return degraded(condition.message()),
            ("Ready", "True") if upbound => well = true,
            ("Healthy" | "Offered" | "Established" | "ValidPipeline" | "RevisionHealthy", "True")
                if upbound => {}
            (
                "Ready" | "Healthy" | "Offered" | "Established" | "ValidPipeline" | "RevisionHealthy",
                "True",
            ) => {
                return healthy(UP_TO_DATE);
            }
            _ => {}
        }
    }
    if well { healthy(UP_TO_DATE) } else { progressing("Provisioning ...") }
}

fn has_no_status(object: &Object) -> bool {
    let kind = object.kind();
    let everywhere = matches!(kind, "ClusterProviderConfig" | "ProviderConfig" | "ProviderConfigUsage");
    let crossplane = matches!(
        kind,
        "Composition" | "CompositionRevision" | "DeploymentRuntimeConfig" | "ControllerConfig"
    );
    everywhere || crossplane && !object.group().ends_with(".upbound.io")
}

fn provider(object: &Object) -> Option<Verdict<'_>> {
    if !has_conditions(object) {
        return progressing("Waiting for provider to be installed");
    }
    let (installed, well) = (condition(object, "Installed"), condition(object, "Healthy"));
    let is_true = |found: Option<_>| {
        found.is_some_and(|found: crate::health::read::Condition<'_>| found.status() == "True")
    };
    let reasons = [installed, well].map(|found| found.map_or("", |found| found.reason())).join(" ");
    if is_true(installed) && is_true(well) { healthy(reasons) } else { degraded(reasons) }
}
