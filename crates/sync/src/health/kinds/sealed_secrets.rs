//! Sealed Secrets.

use model::Object;

use crate::health::read::by_condition;
use crate::health::{Table, Verdict};

pub(super) const TABLE: Table = &[("bitnami.com", "SealedSecret", sealed_secret)];

fn sealed_secret(object: &Object) -> Option<Verdict<'_>> {
    by_condition(object, "Synced", "Waiting for Sealed Secret to be decrypted")
}
