//! Volume claims and snapshots.

use model::Object;

use super::read::{at, is_true, text, unsupported};
use super::{Table, Verdict, degraded, healthy, progressing, unknown};

pub(super) const TABLE: Table = &[
    ("", "PersistentVolumeClaim", persistent_volume_claim),
    ("snapshot.storage.k8s.io", "VolumeSnapshot", volume_snapshot),
];

fn persistent_volume_claim(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "v1" {
        return unsupported(object);
    }
    match text(object, &["status", "phase"]) {
        "Bound" => healthy(""),
        "Pending" => progressing(""),
        "Lost" => degraded(""),
        _ => unknown(""),
    }
}

fn volume_snapshot(object: &Object) -> Option<Verdict<'_>> {
    if is_true(object, &["status", "readyToUse"]) {
        return healthy("Ready to use");
    }
    if at(object, &["status", "error"]).is_some() {
        return degraded(text(object, &["status", "error", "message"]));
    }
    progressing("Waiting for status")
}
