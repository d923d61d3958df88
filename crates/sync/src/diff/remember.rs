//! A verdict is remembered for one state of everything it was made from.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::Object;
use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::ignore::IgnoreRules;

/// What a verdict depends on: as long as this is equal, the verdict still holds and no dry-run is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerdictKey {
    uid: String,
    resource_version: String,
    desired: u64,
    rules: u64,
}

impl VerdictKey {
    /// Names a comparison; `desired` is the manifest's [`fingerprint`].
    pub fn new(live: &Object, desired: u64, rules: &IgnoreRules) -> Self {
        let (uid, resource_version) = (live.uid().to_owned(), live.resource_version().to_owned());
        Self { uid, resource_version, desired, rules: rules.fingerprint() }
    }
}

/// A number for a manifest: equal manifests have equal ones.
pub fn fingerprint(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_map(object.fields(), &mut hasher, 0);
    hasher.finish()
}

fn hash_map(map: &Map<String, Value>, hasher: &mut DefaultHasher, depth: usize) {
    map.len().hash(hasher);
    for (key, value) in map {
        key.hash(hasher);
        hash_value(value, hasher, depth + 1);
    }
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher, depth: usize) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::Null => {}
        Value::Bool(bool) => bool.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(list) => {
            list.len().hash(hasher);
            list.iter().for_each(|value| hash_value(value, hasher, depth + 1));
        }
        Value::Object(map) => hash_map(map, hasher, depth),
    }
}
