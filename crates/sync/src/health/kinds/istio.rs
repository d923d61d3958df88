//! Istio: only its operator's kind has a health; VirtualService, DestinationRule and Gateway have none.

use model::Object;
use serde_json::Value;

use crate::health::read::at;
use crate::health::{Table, Verdict, degraded, healthy, progressing, unknown};

pub(super) const TABLE: Table = &[("install.istio.io", "IstioOperator", istio_operator)];

fn istio_operator(object: &Object) -> Option<Verdict<'_>> {
    let status = at(object, &["status", "status"]);
    // The operator writes the name or the number of its states.
    let state = match status.and_then(Value::as_str).unwrap_or_default() {
        "NONE" => Some(0),
        "UPDATING" => Some(1),
        "RECONCILING" => Some(2),
        "HEALTHY" => Some(3),
        "ERROR" => Some(4),
        _ => status.and_then(Value::as_i64),
    };
    match state {
        Some(0) => unknown("Component is not present."),
        Some(1) => progressing("Component is being updated to a different version."),
        Some(2) => {
            progressing("Controller has started but not yet completed reconciliation loop for the component.")
        }
        Some(3) => healthy("Component is healthy."),
        Some(4) => degraded("Component is in an error state."),
        _ => progressing("Waiting for Istio Control Plane"),
    }
}
