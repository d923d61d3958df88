//! What the cluster serves of what is wanted, and the words for what it does not.

use model::kinds::Lookup;
use model::object::Object;

use super::{HoldReason, removed};
use crate::desired::DesiredObject;

/// What discovery says of one wanted object.
pub(super) enum Discovered {
    Served,
    /// A CustomResourceDefinition of the set brings it.
    Comes,
    /// It is missing and its options say that this is no reason to stop.
    Passed,
    Missing(String),
    Unknown(HoldReason),
}

/// Whether a CustomResourceDefinition serves a version.
pub(super) fn defines(crd: &Object, version: &str) -> bool {
    let versions = crd.pointer("/spec/versions").and_then(serde_json::Value::as_array);
    versions.is_some_and(|versions| {
        versions.iter().any(|one| {
            one.get("name").and_then(serde_json::Value::as_str) == Some(version)
                && one.get("served") != Some(&serde_json::Value::Bool(false))
        })
    })
}

/// Why a version cannot be applied: upstream's first words, then place, reason and successor.
pub(super) fn not_served(wanted: &DesiredObject, lookup: &Lookup<'_>) -> String {
    let (gvk, key) = (&wanted.gvk, &wanted.key);
    let kind = format!("{}/{}", gvk.group, gvk.kind);
    let object = format!("{}/{}", key.namespace, key.name);
    let mut text = match lookup {
        Lookup::OtherVersions(versions) => format!(
            "The Kubernetes API could not find version \"{}\" of {kind} for requested resource {object}. Version \
             \"{}\" of {kind} is installed on the destination cluster.",
            gvk.version,
            versions.join("\", \"")
        ),
        Lookup::Served(_) | Lookup::Absent | Lookup::Unknown(_) => format!(
            "The Kubernetes API could not find {kind} for requested resource {object}. Make sure the \"{}\" CRD is \
             installed on the destination cluster.",
            gvk.kind
        ),
    };
    if let Some(gone) = removed::removed(gvk) {
        text.push_str(&format!(" {} was removed in Kubernetes {}", gvk.api_version(), gone.since));
        match gone.successor {
            "" => text.push_str(" and has no successor."),
            successor => text.push_str(&format!("; the successor is {successor}.")),
        }
    }
    text.push_str(&place(wanted));
    text
}

/// Where an object stands in the source.
pub(super) fn place(wanted: &DesiredObject) -> String {
    match (wanted.origin.file.as_str(), wanted.origin.line) {
        ("", _) => String::new(),
        (file, 0) => format!(" (in {file})"),
        (file, line) => format!(" (at {file}:{line})"),
    }
}
