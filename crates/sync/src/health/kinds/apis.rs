//! What extends the API server: CustomResourceDefinitions and APIServices.

use model::Object;

use crate::health::read::{Condition, conditions, unsupported};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[
    ("apiextensions.k8s.io", "CustomResourceDefinition", custom_resource_definition),
    ("apiregistration.k8s.io", "APIService", api_service),
];

fn custom_resource_definition(object: &Object) -> Option<Verdict<'_>> {
    if object.is_deleting() {
        return progressing("CRD is terminating");
    }
    if conditions(object).next().is_none() {
        return progressing("Status conditions not found");
    }
    let find = |kind: &str, status: &str| conditions(object).find(|condition| condition.is(kind, status));
    if let Some(found) = find("Terminating", "True") {
        return progressing(format!("CRD is terminating: {}", found.message()));
    }
    if let Some(found) = find("NamesAccepted", "False") {
        return degraded(format!("CRD names have not been accepted: {}", found.message()));
    }
    if find("Established", "True").is_none() {
        let installing = find("Established", "False").filter(|found| found.reason() == "Installing");
        return match installing {
            Some(found) => progressing(found.message_or("CRD is being installed")),
            None => degraded("CRD is not established"),
        };
    }
    if let Some(found) = find("NonStructuralSchema", "True") {
        return degraded(format!("Schema violations found: {}", found.message()));
    }
    healthy("CRD is healthy")
}

fn api_service(object: &Object) -> Option<Verdict<'_>> {
    if !matches!(object.api_version(), "apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1") {
        return unsupported(object);
    }
    let words = |found: Condition<'_>| format!("{}: {}", found.reason(), found.message());
    match conditions(object).find(|condition| condition.kind() == "Available") {
        Some(found) if found.status() == "True" => healthy(words(found)),
        Some(found) => progressing(words(found)),
        None => progressing("Waiting to be processed"),
    }
}
