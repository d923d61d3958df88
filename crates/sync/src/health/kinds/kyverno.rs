//! Kyverno.

use model::Object;

use crate::health::read::conditions;
use crate::health::{Table, Verdict, healthy, progressing};

pub(super) const TABLE: Table = &[("kyverno.io", "Policy", policy)];

fn policy(object: &Object) -> Option<Verdict<'_>> {
    let ready = |condition: crate::health::read::Condition<'_>| {
        condition.is("Ready", "True") && condition.reason() == "Succeeded"
    };
    if conditions(object).any(ready) {
        return healthy("Policy is ready");
    }
    progressing("Waiting for Policy to be ready")
}
