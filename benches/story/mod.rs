//! Objects by the number, as manifests and as a cluster would have them.
#![allow(dead_code, reason = "each bench uses its own part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::kinds::ServedVersion;
use model::settings::Settings;
use model::tree::{MemoryTree, TreePath};
use model::{Gvk, Kinds, Object};
use serde_json::{Value, json};
use sync::desired::{Context, Desired, Exclusions, Tracking};
use sync::diff::MANAGER;
use sync::render::{Manifest, Origin, Rendered};

/// Sizes that are measured.
pub const SIZES: [usize; 3] = [10, 100, 1000];

/// Kinds of the objects, one after the other.
const KINDS: [(&str, &str, &str); 4] = [
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "ServiceAccount", "serviceaccounts"),
    ("v1", "Service", "services"),
    ("apps/v1", "Deployment", "deployments"),
];

/// What the cluster serves.
pub fn kinds() -> Kinds {
    let mut kinds = Kinds::default();
    for (version, kind, plural) in KINDS.into_iter().chain([("v1", "Namespace", "namespaces")]) {
        let gvk = Gvk::new(version, kind);
        let served = ServedVersion {
            version: gvk.version.clone(),
            plural: plural.to_owned(),
            namespaced: kind != "Namespace",
            verbs: vec!["get".to_owned(), "watch".to_owned()],
        };
        kinds.insert(gvk.group_kind(), served);
    }
    kinds
}

/// One manifest; `word` is what a commit changes.
pub fn manifest(index: usize, word: &str) -> Value {
    let (version, kind, _) = KINDS[index % KINDS.len()];
    let name = format!("object-{index:04}");
    let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop"});
    let mut object = json!({
        "apiVersion": version, "kind": kind,
        "metadata": {"name": name, "labels": labels, "annotations": {"example.com/word": word}},
    });
    match kind {
        "ConfigMap" => object["data"] = json!({"word": word, "settings.yaml": "colour: blue\nsize: 3\n"}),
        "Service" => {
            object["spec"] = json!({"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]});
        }
        "Deployment" => object["spec"] = deployment(&name, word),
        _ => {}
    }
    object
}

fn deployment(name: &str, word: &str) -> Value {
    let container = json!({
        "name": "web", "image": format!("registry.example.com/web:{word}"),
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "WORD", "value": word}, {"name": "COLOUR", "value": "blue"}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
    });
    json!({
        "replicas": 2, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
    })
}

/// A folder of manifests, one file each.
pub fn tree(number: usize) -> MemoryTree {
    let mut tree = MemoryTree::new("0123456789abcdef0123456789abcdef01234567");
    for index in 0..number {
        let mut text = String::new();
        write_yaml(&mut text, &manifest(index, "first"), 0);
        tree.insert(&TreePath::new(&format!("deploy/{index:04}.yaml")).expect("a path"), text.into_bytes());
    }
    tree
}

/// Block-style YAML, as people write manifests.
fn write_yaml(text: &mut String, value: &Value, depth: usize) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(_) => {
                writeln!(text, "{indent}{name}:").expect("a text takes it");
                write_yaml(text, value, depth + 1);
            }
            other => writeln!(text, "{indent}{name}: {other}").expect("a text takes it"),
        }
    }
}

/// The desired set of so many manifests.
pub fn desired(number: usize, word: &str) -> Desired {
    let manifests = (0..number).map(|index| Manifest {
        object: Object::manifest(manifest(index, word)).expect("it is a manifest"),
        origin: Origin { source: 0, file: format!("deploy/{index:04}.yaml"), line: 1 },
    });
    let rendered = Rendered {
        source_types: Vec::new(),
        manifests: manifests.collect(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let (settings, tracking, kinds) = (Settings::default(), Tracking::default(), kinds());
    let exclusions = Exclusions { settings: &settings, server: "https://kubernetes.default.svc" };
    let context = Context {
        instance: "shop",
        namespace: "shop",
        kinds: &kinds,
        tracking: &tracking,
        exclusions: &exclusions,
    };
    Desired::from_render(rendered, &context).expect("the set is complete")
}

/// An object as the cluster has it after it was applied: identity, defaults, field sets.
pub fn live(object: &Object, index: usize) -> Object {
    let mut value = object.to_value();
    let fields = field_set(&value, true);
    let metadata = &mut value["metadata"];
    metadata["uid"] = format!("00000000-0000-0000-0000-{index:012}").into();
    metadata["resourceVersion"] = (1000 + index).to_string().into();
    metadata["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    metadata["generation"] = 1.into();
    let entry = json!({
        "manager": MANAGER, "operation": "Apply", "apiVersion": object.api_version(),
        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    });
    metadata["managedFields"] = json!([entry]);
    if value["kind"] == "Deployment" {
        value["spec"]["progressDeadlineSeconds"] = 600.into();
        value["spec"]["revisionHistoryLimit"] = 10.into();
        value["status"] = json!({"observedGeneration": 1, "replicas": 2, "readyReplicas": 2});
    }
    Object::from_value(value).expect("it is an object")
}

/// The field set of a manifest: maps field by field, named list items by their name, other lists whole.
fn field_set(value: &Value, root: bool) -> Value {
    let mut set: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let identity = root && matches!(name.as_str(), "apiVersion" | "kind");
        if identity || matches!(name.as_str(), "name" | "namespace" if set.contains_key("identity")) {
            continue;
        }
        let below = match value {
            Value::Object(_) if name == "metadata" => metadata_set(value),
            Value::Object(_) => field_set(value, false),
            Value::Array(items) if items.iter().all(|item| item["name"].is_string()) => {
                items_set(name, items)
            }
            _ => json!({}),
        };
        set.insert(format!("f:{name}"), below);
    }
    json!(set)
}

fn metadata_set(metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    metadata.as_object_mut().expect("it is a map").retain(|name, _| name != "name" && name != "namespace");
    field_set(&metadata, false)
}

fn items_set(list: &str, items: &[Value]) -> Value {
    let mut set = BTreeMap::new();
    for item in items {
        let key = match list {
            "ports" if item["port"].is_number() => json!({"port": item["port"], "protocol": "TCP"}),
            "ports" => json!({"containerPort": item["containerPort"], "protocol": "TCP"}),
            _ => json!({"name": item["name"]}),
        };
        let mut fields = field_set(item, false);
        fields["."] = json!({});
        set.insert(format!("k:{key}"), fields);
    }
    json!(set)
}
