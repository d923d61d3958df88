//! Forget what carries no meaning, so that it can neither be applied nor be drift (reference section 3.5).

use std::borrow::Cow;

use data_encoding::BASE64;
use model::Object;
use serde_json::{Map, Value};

use super::MAX_DEPTH;

/// The annotation in which client-side apply keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Metadata that only the server writes.
pub(super) const SERVER_METADATA: [&str; 7] = [
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Makes a manifest fit to apply and to compare; do it once, right after rendering.
///
/// - Null fields go: of built-in kinds all of them (the server's types drop them), of other kinds those of
///   `metadata` (elsewhere a custom resource may mean its nulls).
/// - A Secret's `stringData` moves into `data`, where a null value becomes empty.
/// - What only the server writes goes from `metadata`, as does a status that is empty or null.
pub fn for_apply(object: &mut Object) {
    if is_secret(object) {
        fold_secret(object.fields_mut());
    }
    let crd = object.kind() == "CustomResourceDefinition";
    if is_built_in(object.group()) {
        object.fields_mut().retain(|_, value| !value.is_null());
        object.fields_mut().values_mut().for_each(|value| drop_nulls(value, crd, 0));
    } else if let Some(metadata) = object.fields_mut().get_mut("metadata") {
        drop_nulls(metadata, false, 0);
    }
    if let Some(metadata) = object.fields_mut().get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVER_METADATA {
            metadata.shift_remove(field);
        }
    }
    let status = object.fields().get("status");
    if status.is_some_and(|status| status.is_null() || status.as_object().is_some_and(Map::is_empty)) {
        object.fields_mut().shift_remove("status");
    }
}

/// The object as both sides of a comparison should see it; borrowed where nothing has to change.
pub fn for_compare(object: &Object, ignore_aggregated_roles: bool) -> Cow<'_, Object> {
    match (object.group(), object.kind()) {
        ("", "Secret") => changed(object, |fields| {
            if fields.contains_key("stringData") || has_null(fields.get("data")) {
                fold_secret(fields);
            }
        }),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
            let aggregated = ignore_aggregated_roles && object.get("aggregationRule").is_some();
            let empty = object.get("rules").is_some_and(is_empty);
            if !aggregated && !empty {
                return Cow::Borrowed(object);
            }
            changed(object, |fields| {
                fields.shift_remove("rules");
            })
        }
        ("", "Endpoints") => changed(object, order_endpoints),
        _ => Cow::Borrowed(object),
    }
}

/// The object as people should see it: without what the server keeps for itself, and without its status.
///
/// Secrets are not masked here; see [`super::redact`].
pub fn presentable(object: &Object) -> Object {
    let mut shown = object.clone();
    for field in SERVER_METADATA {
        if let Some(metadata) = shown.fields_mut().get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove(field);
        }
    }
    if shown.annotation(LAST_APPLIED).is_some() {
        shown.remove_annotation(LAST_APPLIED);
    }
    shown.fields_mut().shift_remove("status");
    shown
}

/// True for the core group's Secret.
pub fn is_secret(object: &Object) -> bool {
    object.kind() == "Secret" && object.group().is_empty()
}

/// True for the groups whose kinds the API server itself defines: their types drop null and empty fields.
pub fn is_built_in(group: &str) -> bool {
    !group.contains('.')
        || matches!(
            group,
            "admissionregistration.k8s.io"
                | "apiextensions.k8s.io"
                | "apiregistration.k8s.io"
                | "authentication.k8s.io"
                | "authorization.k8s.io"
                | "certificates.k8s.io"
                | "coordination.k8s.io"
                | "discovery.k8s.io"
                | "events.k8s.io"
                | "flowcontrol.apiserver.k8s.io"
                | "networking.k8s.io"
                | "node.k8s.io"
                | "rbac.authorization.k8s.io"
                | "resource.k8s.io"
                | "scheduling.k8s.io"
                | "storage.k8s.io"
                | "storagemigration.k8s.io"
        )
}

fn changed(object: &Object, change: impl FnOnce(&mut Map<String, Value>)) -> Cow<'_, Object> {
    let mut copy = object.clone();
    change(copy.fields_mut());
    Cow::Owned(copy)
}

/// Takes null fields out of maps, at any depth; a list keeps its length.
fn drop_nulls(value: &mut Value, crd: bool, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            for (key, value) in map {
                // A schema's default, example and enum are the user's JSON, nulls included.
                if !(crd && matches!(key.as_str(), "default" | "example" | "enum")) {
                    drop_nulls(value, crd, depth + 1);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| drop_nulls(value, crd, depth + 1)),
        _ => {}
    }
}

/// Moves `stringData` into `data`, as the server does on every write.
pub(super) fn fold_secret(fields: &mut Map<String, Value>) {
    let plain = fields.shift_remove("stringData");
    if let Some(Value::Object(plain)) = plain.filter(|plain| !is_empty(plain)) {
        let data = fields.entry("data").or_insert(Value::Null);
        if data.is_null() {
            *data = Value::Object(Map::new());
        }
        if let Value::Object(data) = data {
            for (key, value) in plain {
                let value = match value {
                    Value::String(text) => Value::String(BASE64.encode(text.as_bytes())),
                    Value::Null => Value::String(String::new()),
                    // The server refuses it; kept as it is, so that its words name it.
                    other => other,
                };
                data.insert(key, value);
            }
        }
    }
    if let Some(Value::Object(data)) = fields.get_mut("data") {
        for value in data.values_mut() {
            match value {
                Value::Null => *value = Value::String(String::new()),
                // The server reads base64 over several lines and gives it back in one.
                Value::String(text) if text.contains(['\n', '\r']) => {
                    text.retain(|c| !matches!(c, '\n' | '\r'))
                }
                _ => {}
            }
        }
    }
}

fn has_null(data: Option<&Value>) -> bool {
    data.and_then(Value::as_object).is_some_and(|data| data.values().any(Value::is_null))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Fills in the default protocol and brings subsets, addresses and ports into one order.
fn order_endpoints(fields: &mut Map<String, Value>) {
    let Some(Value::Array(subsets)) = fields.get_mut("subsets") else { return };
    for subset in subsets.iter_mut() {
        for port in items(subset, "ports") {
            if let Some(port) = port.as_object_mut() {
                port.entry("protocol").or_insert_with(|| "TCP".into());
            }
        }
        for list in ["addresses", "notReadyAddresses", "ports"] {
            items(subset, list).sort_by_cached_key(sort_text);
        }
    }
    subsets.sort_by_cached_key(sort_text);
}

fn items<'a>(value: &'a mut Value, field: &str) -> &'a mut [Value] {
    value.get_mut(field).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// The value's text with its keys sorted.
fn sort_text(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().map(|(key, value)| (key, value.to_string())).collect();
            fields.sort_unstable();
            fields.into_iter().map(|(key, value)| format!("{key}\u{0}{value}\u{0}")).collect()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        Object::from_value(value).expect("it is a map")
    }

    #[track_caller]
    fn check(manifest: Value, expected: Value) {
        let mut object = object(manifest);
        for_apply(&mut object);
        assert_eq!(object.to_value(), expected);
        for_apply(&mut object);
        assert_eq!(object.to_value(), expected, "a second time changes nothing");
    }

    #[test]
    fn null_fields_of_built_in_kinds_go() {
        check(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "annotations": null},
                "spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}, "l": [null, {"httpHeaders": null}]}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
                "spec": {"strategy": {"type": "Recreate"}, "l": [null, {}]}}),
        );
        check(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": null}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}),
        );
    }

    #[test]
    fn a_custom_resource_keeps_its_own_nulls() {
        check(
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"labels": null, "creationTimestamp": null},
                "spec": {"source": {"helm": {"valuesObject": {"a": null}}}}, "status": {}}),
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {},
                "spec": {"source": {"helm": {"valuesObject": {"a": null}}}}}),
        );
        check(
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "x": null,
                "spec": {"default": {"a": null}, "enum": [null], "b": null}}),
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "spec": {"default": {"a": null}, "enum": [null]}}),
        );
    }

    #[test]
    fn string_data_becomes_data() {
        check(
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA==", "n": null, "l": "eA\n==\n"}, "stringData": {"a": "y", "b": null}}),
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eQ==", "n": "", "l": "eA==", "b": ""}}),
        );
        check(
            json!({"apiVersion": "v1", "kind": "Secret", "data": null, "stringData": {"a": "y"}}),
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eQ=="}}),
        );
        check(
            json!({"apiVersion": "v1", "kind": "Secret", "data": null, "stringData": {}}),
            json!({"apiVersion": "v1", "kind": "Secret"}),
        );
    }

    #[track_caller]
    fn check_compared(value: Value, aggregated: bool, expected: Value) {
        assert_eq!(for_compare(&object(value), aggregated).to_value(), expected);
    }

    #[test]
    fn rules_that_say_nothing_or_are_filled_by_others_are_not_compared() {
        let role = |rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": rules});
        let bare = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"});
        check_compared(role(json!([])), false, bare.clone());
        check_compared(role(json!(null)), false, bare.clone());
        check_compared(role(json!([1])), true, role(json!([1])));
        let mut aggregated = role(json!([1]));
        aggregated["aggregationRule"] = json!({});
        check_compared(aggregated.clone(), false, aggregated.clone());
        let mut expected = bare;
        expected["aggregationRule"] = json!({});
        check_compared(aggregated, true, expected);
    }

    #[test]
    fn endpoints_have_one_order_and_a_protocol() {
        let endpoints = |subsets: Value| json!({"apiVersion": "v1", "kind": "Endpoints", "subsets": subsets});
        check_compared(
            endpoints(
                json!([{"addresses": [{"ip": "2"}, {"ip": "1"}], "ports": [{"port": 2}, {"port": 1}]}]),
            ),
            false,
            endpoints(json!([{"addresses": [{"ip": "1"}, {"ip": "2"}],
                "ports": [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}]}])),
        );
    }

    #[test]
    fn people_do_not_see_what_the_server_keeps() {
        let shown = presentable(&object(json!({"kind": "A", "status": {"x": 1}, "metadata": {
            "name": "a", "uid": "u", "managedFields": [], "annotations": {LAST_APPLIED: "{}"}}})));
        assert_eq!(shown.to_value(), json!({"kind": "A", "metadata": {"name": "a"}}));
    }
}
