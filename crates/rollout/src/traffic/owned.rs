//! Objects that a router makes and the Rollout owns.

use model::{Object, ObjectKey};
use serde_json::{Value, json};

use super::Owner;
use super::error::RouteError;

/// The owner reference of an object that goes with the Rollout.
pub fn reference(owner: &Owner) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": owner.name, "uid": owner.uid,
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// Whether the Rollout controls the object.
pub fn is_controlled(object: &Object, owner: &Owner) -> bool {
    object.owner_references().iter().any(|one| {
        one.get("controller") == Some(&Value::Bool(true))
            && one.get("uid").and_then(Value::as_str) == Some(&owner.uid)
    })
}

/// Refuses an object that is somebody else's.
pub fn check(object: &Object, owner: &Owner, key: &ObjectKey, what: String) -> Result<(), RouteError> {
    if is_controlled(object, owner) {
        return Ok(());
    }
    Err(RouteError::NotOwned { object: Box::new(key.clone()), what })
}
