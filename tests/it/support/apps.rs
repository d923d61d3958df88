//! Applications as tests write them, and what is seen of them.

use serde_json::{Value, json};

use super::controlplane::{ControlPlane, wait_for};

/// An automated Application of one path of a repository, with prune, self-heal and the cascade finalizer.
pub fn application(namespace: &str, name: &str, repository: &str, path: &str, target: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": namespace, "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": repository, "path": path},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": target},
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": true},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    })
}

/// A ConfigMap as a manifest.
pub fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: '{value}'}}\n")
}

/// A text in a value, empty where it is not there.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl ControlPlane {
    /// An Application, or an empty value.
    pub fn app(&self, namespace: &str, name: &str) -> Value {
        self.get("application", namespace, name).unwrap_or_default()
    }

    /// Sends a merge patch.
    #[track_caller]
    pub fn patch(&self, kind: &str, namespace: &str, name: &str, patch: &Value) {
        self.must(&["patch", kind, name, "-n", namespace, "--type=merge", "-p", &patch.to_string()]);
    }

    /// Waits until an Application is Synced and Healthy and its last sync has succeeded.
    #[track_caller]
    pub fn wait_until_well(&self, namespace: &str, name: &str) -> Value {
        wait_for(&format!("{name} to be Synced and Healthy"), || {
            let app = self.app(namespace, name);
            let is_well = text(&app, "/status/sync/status") == "Synced"
                && text(&app, "/status/health/status") == "Healthy"
                && text(&app, "/status/operationState/phase") == "Succeeded";
            if is_well { Ok(app) } else { Err(app["status"].to_string()) }
        })
    }

    /// Waits until an Application has a condition of this type with these words; its message.
    #[track_caller]
    pub fn wait_for_condition(&self, namespace: &str, name: &str, kind: &str, words: &[&str]) -> String {
        wait_for(&format!("{name} to have the condition {kind} with {words:?}"), || {
            let app = self.app(namespace, name);
            let conditions = app.pointer("/status/conditions").and_then(Value::as_array);
            let messages = conditions.into_iter().flatten().filter(|condition| condition["type"] == kind);
            let mut messages = messages.map(|condition| text(condition, "/message").to_owned());
            let found = messages.find(|message| words.iter().all(|part| message.contains(part)));
            found.ok_or_else(|| app["status"].to_string())
        })
    }
}
