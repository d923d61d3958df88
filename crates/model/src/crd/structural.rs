//! From a JSON Schema to what an API server accepts as a structural schema.
//!
//! Rust types say more than Kubernetes lets a schema say (`null` as a further type, default values of the reader), and
//! less (that unknown fields are kept). The result has no references, no alternatives and no `null`.

use serde_json::{Map, Value, json};

/// Whether texts that explain a field are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptions {
    /// For `kubectl explain`.
    Kept,
    /// For a schema that would become too large to apply.
    Dropped,
}

const KEEP_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

/// Rewrites a schema, and all below it.
pub fn structural(schema: &mut Value, descriptions: Descriptions) {
    if schema.as_bool() == Some(true) {
        *schema = json!({KEEP_UNKNOWN: true});
    }
    let Some(node) = schema.as_object_mut() else { return };
    for unsaid in ["title", "$schema", "default"] {
        node.remove(unsaid);
    }
    if let Some(default) = node.remove("x-default") {
        node.insert("default".to_owned(), default);
    }
    without_null(node);
    describe(node, descriptions);
    keep_unknown(node);
    below(node, |child| structural(child, descriptions));
}

/// Calls `visit` for each schema one level below.
fn below(node: &mut Map<String, Value>, mut visit: impl FnMut(&mut Value)) {
    if let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(&mut visit);
    }
    for inner in ["items", "additionalProperties"] {
        node.get_mut(inner).into_iter().for_each(&mut visit);
    }
}

/// An optional value may be left out; it is never `null`.
fn without_null(node: &mut Map<String, Value>) {
    if let Some(types) = node.get_mut("type").filter(|types| types.is_array()) {
        let named = types.as_array().into_iter().flatten().find(|name| *name != "null").cloned();
        *types = named.unwrap_or_default();
    }
    let Some(choices) = node.remove("anyOf") else { return };
    let named = choices.as_array().into_iter().flatten().find(|choice| choice["type"] != "null");
    for (key, value) in named.and_then(Value::as_object).into_iter().flatten() {
        node.entry(key.as_str()).or_insert_with(|| value.clone());
    }
}

fn describe(node: &mut Map<String, Value>, descriptions: Descriptions) {
    match (node.get_mut("description"), descriptions) {
        (Some(Value::String(text)), Descriptions::Kept) => *text = text.replace('\n', " "),
        (Some(_), _) => drop(node.remove("description")),
        (None, _) => {}
    }
}

/// Objects, and values of any type, keep what they do not know; only a map of named things has nothing unknown.
fn keep_unknown(node: &mut Map<String, Value>) {
    if node.get("additionalProperties").is_some_and(Value::is_boolean) {
        node.remove("additionalProperties");
    }
    let is_open = match node.get("type") {
        Some(name) => name == "object" && !node.contains_key("additionalProperties"),
        None => !node.contains_key("x-kubernetes-int-or-string"),
    };
    if is_open {
        node.insert(KEEP_UNKNOWN.to_owned(), Value::Bool(true));
    }
}
