//! Flux.

use std::borrow::Cow;

use model::Object;

use crate::health::read::{conditions, has_conditions, is_true, text};
use crate::health::{Table, Verdict, degraded, healthy, progressing, suspended};

pub(super) const TABLE: Table = &[
    ("kustomize.toolkit.fluxcd.io", "Kustomization", kustomization),
    ("helm.toolkit.fluxcd.io", "HelmRelease", helm_release),
    ("source.toolkit.fluxcd.io", "GitRepository", source),
    ("source.toolkit.fluxcd.io", "OCIRepository", source),
    ("source.toolkit.fluxcd.io", "HelmRepository", helm_repository),
    ("source.toolkit.fluxcd.io", "HelmChart", source),
    ("source.toolkit.fluxcd.io", "Bucket", source),
];

fn kustomization(object: &Object) -> Option<Verdict<'_>> {
    reconciled(object, &[], 1)
}

fn helm_release(object: &Object) -> Option<Verdict<'_>> {
    reconciled(object, &["Released", "TestSuccess"], 2)
}

fn source(object: &Object) -> Option<Verdict<'_>> {
    reconciled(object, &["ArtifactInStorage"], 2)
}

fn helm_repository(object: &Object) -> Option<Verdict<'_>> {
    if text(object, &["spec", "type"]) == "oci" && !is_true(object, &["spec", "suspend"]) {
        return healthy("Helm repositories of type 'oci' do not contain any information in the status.");
    }
    source(object)
}

/// Healthy with exactly `wanted` good signs: Ready, and each of `signs` that is True.
fn reconciled<'a>(object: &'a Object, signs: &[&str], wanted: usize) -> Option<Verdict<'a>> {
    if is_true(object, &["spec", "suspend"]) {
        return suspended(format!("{} is suspended", object.kind()));
    }
    if !has_conditions(object) {
        return progressing("Status unknown");
    }
    let (mut good, mut under_way) = (0, 0);
    let mut message = Cow::Borrowed("");
    for condition in conditions(object) {
        match (condition.kind(), condition.status()) {
            ("Ready", status) => {
                good += usize::from(status == "True");
                under_way += usize::from(status == "Unknown");
                message = Cow::Borrowed(condition.reason());
            }
            ("Reconciling", "True") => under_way += 1,
            ("ArtifactOutdated", "True") if signs.contains(&"ArtifactInStorage") => {
                message = Cow::Owned(format!("{message} {}", condition.reason()));
            }
            (sign, "True") if signs.contains(&sign) => good += 1,
            _ => {}
        }
    }
    if under_way == 2 {
        progressing(message)
    } else if good == wanted {
        healthy(message)
    } else {
        degraded(message)
    }
}
