//! cert-manager.

use model::Object;

use crate::health::read::{by_condition, conditions};
use crate::health::{Table, Verdict, progressing};

pub(super) const TABLE: Table = &[
    ("cert-manager.io", "Certificate", certificate),
    ("cert-manager.io", "Issuer", issuer),
    ("cert-manager.io", "ClusterIssuer", cluster_issuer),
];

fn certificate(object: &Object) -> Option<Verdict<'_>> {
    // A certificate that is being renewed is still Ready: issuing is looked at first.
    match conditions(object).find(|condition| condition.is("Issuing", "True")) {
        Some(issuing) => progressing(issuing.message()),
        None => by_condition(object, "Ready", "Waiting for certificate"),
    }
}

fn issuer(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Initializing issuer")
}

fn cluster_issuer(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Ready", "Initializing ClusterIssuer")
}
