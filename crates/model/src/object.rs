//! One untyped manifest with typed access to its identity.

use serde_json::{Map, Value};

use crate::key::{Gvk, ObjectKey};
use crate::time::Time;

/// A Kubernetes object as it was written or read: fields nobody here knows are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Map<String, Value>);

/// Why a value is not an object that can be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnObject {
    /// The document is a list, a text or another scalar.
    #[error("a manifest must be a map, not {found}")]
    NotAMap {
        /// What stands there instead.
        found: &'static str,
    },
    /// `apiVersion`, `kind` or `metadata.name` is missing or not a text.
    #[error("Object '{field}' is missing")]
    Missing {
        /// The field's path.
        field: &'static str,
    },
}

impl Object {
    /// Takes a value as an object without asking for its identity.
    pub fn from_value(value: Value) -> Result<Self, NotAnObject> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            other => Err(NotAnObject::NotAMap { found: type_name(&other) }),
        }
    }

    /// Takes a value as an object that can be applied: kind, version and a name (or `generateName`) are there.
    pub fn manifest(value: Value) -> Result<Self, NotAnObject> {
        let object = Self::from_value(value)?;
        if object.kind().is_empty() {
            return Err(NotAnObject::Missing { field: "Kind" });
        }
        if object.api_version().is_empty() {
            return Err(NotAnObject::Missing { field: "apiVersion" });
        }
        if object.name().is_empty() && object.generate_name().is_empty() {
            return Err(NotAnObject::Missing { field: "metadata.name" });
        }
        Ok(object)
    }

    /// `apiVersion`, empty where missing.
    pub fn api_version(&self) -> &str {
        text(self.0.get("apiVersion"))
    }

    /// `kind`, empty where missing.
    pub fn kind(&self) -> &str {
        text(self.0.get("kind"))
    }

    /// API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Kind with its API version.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(self.api_version(), self.kind())
    }

    /// Which object this is.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.group(), self.kind(), self.namespace(), self.name())
    }

    /// `metadata.name`, empty where missing.
    pub fn name(&self) -> &str {
        text(self.meta("name"))
    }

    /// `metadata.generateName`, empty where missing.
    pub fn generate_name(&self) -> &str {
        text(self.meta("generateName"))
    }

    /// `metadata.namespace`, empty where missing.
    pub fn namespace(&self) -> &str {
        text(self.meta("namespace"))
    }

    /// `metadata.uid`, empty before the server has seen the object.
    pub fn uid(&self) -> &str {
        text(self.meta("uid"))
    }

    /// `metadata.resourceVersion`, empty before the server has seen the object.
    pub fn resource_version(&self) -> &str {
        text(self.meta("resourceVersion"))
    }

    /// `metadata.generation`, 0 where missing.
    pub fn generation(&self) -> i64 {
        self.meta("generation").and_then(Value::as_i64).unwrap_or(0)
    }

    /// `metadata.deletionTimestamp`: when a deletion was asked for.
    pub fn deletion_timestamp(&self) -> Option<Time> {
        text(self.meta("deletionTimestamp")).parse().ok()
    }

    /// True once a deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        !text(self.meta("deletionTimestamp")).is_empty()
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.meta("annotations")?.get(key)?.as_str()
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.meta("labels")?.get(key)?.as_str()
    }

    /// Annotations whose value is a text, in the order written.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        texts(self.meta("annotations"))
    }

    /// Labels whose value is a text, in the order written.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        texts(self.meta("labels"))
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.meta("finalizers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`, as written.
    pub fn owner_references(&self) -> &[Value] {
        self.meta("ownerReferences").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// `metadata.managedFields`, as written.
    pub fn managed_fields(&self) -> &[Value] {
        self.meta("managedFields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The value below an RFC 6901 pointer such as `/spec/replicas`.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) = pointer.strip_prefix('/')?.split_once('/').unwrap_or((&pointer[1..], ""));
        let first = first.replace("~1", "/").replace("~0", "~");
        let value = self.0.get(&first)?;
        if rest.is_empty() { Some(value) } else { value.pointer(&pointer[pointer.len() - rest.len() - 1..]) }
    }

    /// One top-level field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The fields, to read.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fields, to change.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// `metadata`, made where it is missing or not a map.
    pub fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        map_in(&mut self.0, "metadata")
    }

    /// Sets `metadata.namespace`; an empty one is taken away.
    pub fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            self.metadata_mut().shift_remove("namespace");
        } else {
            self.metadata_mut().insert("namespace".into(), namespace.into());
        }
    }

    /// Sets `metadata.name`.
    pub fn set_name(&mut self, name: &str) {
        self.metadata_mut().insert("name".into(), name.into());
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        map_in(self.metadata_mut(), "annotations").insert(key.into(), value.into());
    }

    /// Takes one annotation away, and the map with its last one.
    pub fn remove_annotation(&mut self, key: &str) {
        remove_in(self.metadata_mut(), "annotations", key);
    }

    /// Sets one label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        map_in(self.metadata_mut(), "labels").insert(key.into(), value.into());
    }

    /// Takes one label away, and the map with its last one.
    pub fn remove_label(&mut self, key: &str) {
        remove_in(self.metadata_mut(), "labels", key);
    }

    /// The object as a JSON value.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// A copy of the object as a JSON value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    fn meta(&self, field: &str) -> Option<&Value> {
        self.0.get("metadata")?.get(field)
    }
}

/// The JSON name of a value's type, for messages.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = (&str, &str)> {
    let map = value.and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

fn map_in<'a>(map: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(field).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made a map above")
}

fn remove_in(map: &mut Map<String, Value>, field: &str, key: &str) {
    let Some(inner) = map.get_mut(field).and_then(Value::as_object_mut) else { return };
    inner.shift_remove(key);
    if inner.is_empty() {
        map.shift_remove(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service() -> Object {
        Object::manifest(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"a/b": "c"}},
            "spec": {"ports": [{"port": 80}]},
        }))
        .expect("it is a manifest")
    }

    #[test]
    fn identity_is_read_from_the_manifest() {
        assert_eq!(service().key(), ObjectKey::new("", "Service", "shop", "web"));
        assert_eq!(service().annotation("a/b"), Some("c"));
    }

    #[test]
    fn pointers_reach_into_lists_and_escaped_names() {
        assert_eq!(service().pointer("/spec/ports/0/port"), Some(&json!(80)));
        assert_eq!(service().pointer("/metadata/annotations/a~1b"), Some(&json!("c")));
        assert_eq!(service().pointer("/spec"), service().get("spec"));
        assert_eq!(service().pointer("spec"), None);
    }

    #[test]
    fn the_last_annotation_takes_its_map_with_it() {
        let mut object = service();
        object.remove_annotation("a/b");
        assert_eq!(object.pointer("/metadata/annotations"), None);
    }

    #[test]
    fn a_manifest_without_identity_is_refused_by_field() {
        let error = |value| Object::manifest(value).expect_err("it is no manifest").to_string();
        assert_eq!(error(json!([1])), "a manifest must be a map, not a list");
        assert_eq!(error(json!({"apiVersion": "v1"})), "Object 'Kind' is missing");
        assert_eq!(error(json!({"apiVersion": "v1", "kind": "A"})), "Object 'metadata.name' is missing");
    }
}
