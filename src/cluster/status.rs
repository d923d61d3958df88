//! Writes an Application's status: only what has changed, and nothing where nothing has.

use http::Method;
use kube::Client;
use model::Object;
use model::annotations::RESOURCES_FINALIZER;
use serde_json::{Map, Value};

use super::request::{self, OWN_MANAGER};

/// Path of one Application.
pub fn application(namespace: &str, name: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{}", request::encode(name))
}

/// Sends a merge patch to an Application; the answer is the new object.
pub async fn patch_application(
    client: &Client,
    namespace: &str,
    name: &str,
    patch: &Value,
) -> Result<Object, kube::Error> {
    let path = format!("{}?fieldManager={OWN_MANAGER}", application(namespace, name));
    let asked = request::json(Method::PATCH, &path, "application/merge-patch+json", patch);
    client.request::<Value>(asked).await.and_then(request::object_of)
}

/// Takes the finalizer off those of `unused` projects that are being deleted.
pub async fn release_projects(client: &Client, namespace: &str, unused: &[String]) {
    for name in unused {
        let path = format!(
            "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/appprojects/{}",
            request::encode(name)
        );
        let Ok(project) = client.request::<Value>(request::get(&path)).await.and_then(request::object_of)
        else {
            continue;
        };
        if !project.is_deleting() {
            continue;
        }
        let left: Vec<&str> =
            project.finalizers().filter(|finalizer| *finalizer != RESOURCES_FINALIZER).collect();
        let patch = serde_json::json!({
            "metadata": {"finalizers": left, "resourceVersion": project.resource_version()},
        });
        let path = format!("{path}?fieldManager={OWN_MANAGER}");
        let asked = request::json(Method::PATCH, &path, "application/merge-patch+json", &patch);
        if let Err(error) = client.request::<Value>(asked).await {
            tracing::warn!(
                project = name,
                error = request::words(&error),
                "project's finalizer could not be taken off"
            );
        }
    }
}

/// The merge patch (RFC 7386) that makes `after` of `before`; none where they are equal.
pub fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let mut patch = Map::new();
    for (key, value) in new {
        let change = match old.get(key) {
            Some(before) => merge_patch(before, value),
            None => Some(value.clone()),
        };
        patch.extend(change.map(|change| (key.clone(), change)));
    }
    patch.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(before: Value, after: Value, expected: Option<Value>) {
        let patch = merge_patch(&before, &after);
        assert_eq!(patch, expected);
        if let Some(patch) = patch {
            let mut patched = before;
            json_patch::merge(&mut patched, &patch);
            assert_eq!(patched, after);
        }
    }

    #[test]
    fn a_patch_holds_only_what_changed() {
        check(json!({"a": 1, "b": {"c": [1], "d": 2}}), json!({"a": 1, "b": {"c": [1], "d": 2}}), None);
        check(
            json!({"a": 1, "b": {"c": 1, "d": 2}}),
            json!({"a": 1, "b": {"c": 3}}),
            Some(json!({"b": {"c": 3, "d": null}})),
        );
        check(json!({"list": [1, 2]}), json!({"list": [1]}), Some(json!({"list": [1]})));
        check(json!({}), json!({"new": {"x": 1}}), Some(json!({"new": {"x": 1}})));
    }
}
