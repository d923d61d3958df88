//! What a Rollout writes into objects that Git also describes.

use model::{Object, ObjectKey};
use serde_json::Value;

use crate::{HASH_LABEL, MANAGED_BY};

/// A field that a router writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The object; its name is empty where labels select it.
    pub object: ObjectKey,
    /// The field, with `[name]` for one element of a list and `[*]` for each.
    pub field: String,
}

impl Written {
    pub(super) fn new(object: ObjectKey, field: impl Into<String>) -> Self {
        Self { object, field: field.into() }
    }

    /// The whole object, which the Rollout owns.
    pub(super) fn whole(object: ObjectKey) -> Self {
        Self::new(object, "")
    }
}

/// Puts what a Rollout wrote into a Service about to be applied: the hash in its selector, and the annotation that
/// names the Rollout. A selector without the hash would send traffic to the pods of all versions.
pub fn hold_service(git: &mut Object, live: &Object) {
    let Some(rollout) = live.annotation(MANAGED_BY) else { return };
    git.set_annotation(MANAGED_BY, rollout);
    let Some(hash) = live.pointer("/spec/selector").and_then(|selector| selector.get(HASH_LABEL)) else {
        return;
    };
    if let Some(selector) = super::json::map_mut(git, &["spec", "selector"]) {
        selector.insert(HASH_LABEL.to_owned(), hash.clone());
    }
}

/// Puts the number of pods into a workload about to be applied: its Rollout scales it.
pub fn hold_replicas(git: &mut Object, live: &Object) {
    let Some(replicas) = live.pointer("/spec/replicas").cloned() else { return };
    if let Some(spec) = super::json::map_mut(git, &["spec"]) {
        spec.insert("replicas".to_owned(), replicas);
    }
}

/// Copies one annotation from the live object, or takes it away where the live one has none.
pub(super) fn hold_annotation(git: &mut Object, live: &Object, name: &str) {
    match live.annotation(name) {
        Some(value) => git.set_annotation(name, value),
        None => git.remove_annotation(name),
    }
}

/// Copies the weight of the element of `live` that is the same destination.
pub(super) fn hold_weight(git: &mut Value, live: &[Value], same: impl Fn(&Value, &Value) -> bool) {
    let Some(found) = live.iter().find(|one| same(git, one)) else { return };
    match (found.get("weight"), git.as_object_mut()) {
        (Some(weight), Some(map)) => {
            map.insert("weight".to_owned(), weight.clone());
        }
        (None, Some(map)) => {
            map.shift_remove("weight");
        }
        (_, None) => {}
    }
}
