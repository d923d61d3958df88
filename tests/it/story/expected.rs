//! What the seed expects: the objects of each application, and their content field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::seed::{Seed, read};
use crate::support::controlplane::ControlPlane;

/// One object that an application must have.
pub struct Wanted {
    /// `group/Kind namespace/name`.
    pub name: String,
    /// Kind with its group, as kubectl takes it.
    kind: String,
    namespace: String,
    object: String,
    /// Its manifest.
    pub manifest: Value,
}

/// The objects of an application after a step.
pub fn objects(seed: &Seed, step: &str, application: &str) -> Vec<Wanted> {
    let folder = seed.expected(step, application);
    let table = read(&folder.join("objects.tsv"));
    let manifests = documents(&folder.join("manifests.yaml"));
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), manifests.len(), "{} lists every manifest", folder.display());
    rows.into_iter().zip(manifests).map(|(row, manifest)| wanted(&row, manifest)).collect()
}

fn wanted(row: &[&str], manifest: Value) -> Wanted {
    let [api_version, kind, namespace, object, ..] = row else { panic!("{row:?} has no name") };
    assert_eq!(manifest["kind"], *kind, "the table has the manifests' order");
    assert_eq!(manifest["metadata"]["name"], *object, "the table has the manifests' order");
    let namespace = if *namespace == "-" { "" } else { namespace };
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let kind_of_kubectl =
        if group.is_empty() { (*kind).to_owned() } else { format!("{kind}.{version}.{group}") };
    Wanted {
        name: shown(group, kind, namespace, object),
        kind: kind_of_kubectl,
        namespace: namespace.to_owned(),
        object: (*object).to_owned(),
        manifest,
    }
}

fn shown(group: &str, kind: &str, namespace: &str, name: &str) -> String {
    format!("{group}/{kind} {namespace}/{name}")
}

fn documents(file: &Path) -> Vec<Value> {
    let text = read(file);
    let documents = serde_yaml::Deserializer::from_str(&text);
    let values = documents.map(|document| Value::deserialize(document).expect("the seed's YAML can be read"));
    values.filter(|value| !value.is_null()).collect()
}

/// The names of the objects that carry a mark: definitions never do, so that nothing prunes them.
pub fn marked(wanted: &[Wanted]) -> BTreeSet<String> {
    wanted.iter().map(|wanted| wanted.name.clone()).filter(|name| !is_definition(name)).collect()
}

/// Whether a name is a CustomResourceDefinition's.
pub fn is_definition(name: &str) -> bool {
    name.starts_with("apiextensions.k8s.io/CustomResourceDefinition ")
}

impl Wanted {
    /// Every field of the manifest that is not live as written.
    pub fn differences(&self, plane: &ControlPlane) -> Vec<String> {
        match plane.get(&self.kind, &self.namespace, &self.object) {
            None => vec![format!("{} is missing", self.name)],
            Some(live) => {
                let mut different = Vec::new();
                let mut manifest = self.manifest.clone();
                // Nobody applies a status: the server keeps it for itself.
                manifest.as_object_mut().expect("it is a map").remove("status");
                compare(&self.name, &manifest, Some(&live), &mut different);
                different
            }
        }
    }
}

/// Whether everything that is wanted is live: fields may be added, but what says something must say the same.
fn compare(place: &str, wanted: &Value, live: Option<&Value>, different: &mut Vec<String>) {
    match (wanted, live) {
        (Value::Object(wanted), Some(Value::Object(live))) => {
            for (key, value) in wanted {
                compare(&format!("{place}/{key}"), value, live.get(key), different);
            }
        }
        (Value::Array(wanted), Some(Value::Array(live))) if wanted.len() == live.len() => {
            for (index, (wanted, live)) in wanted.iter().zip(live).enumerate() {
                compare(&format!("{place}/{index}"), wanted, Some(live), different);
            }
        }
        (wanted, None) if says_nothing(wanted) => {}
        (wanted, Some(live)) if wanted == live || says_nothing(wanted) && says_nothing(live) => {}
        (wanted, live) => different.push(format!(
            "{place} is {}, not {wanted}",
            live.map_or_else(|| "absent".to_owned(), Value::to_string)
        )),
    }
}

/// What the server's types leave out when they write an object.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(Value::is_null),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

/// Everything in the cluster that carries a mark which names that very object, by the application of the mark.
pub fn tracked(plane: &ControlPlane) -> BTreeMap<String, BTreeSet<String>> {
    let mut tracked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (application, name) in everything(plane).iter().filter_map(own_mark) {
        tracked.entry(application).or_default().insert(name);
    }
    tracked
}

/// Who wrote which fields and when, for every object that carries its own mark: an apply that changes nothing leaves
/// this as it is, any other does not.
pub fn versions(plane: &ControlPlane) -> BTreeMap<String, String> {
    let version = |object: &Value| {
        let (_, name) = own_mark(object)?;
        let fields = object["metadata"]["managedFields"].as_array()?.iter();
        let writers = fields.filter(|entry| entry["subresource"].is_null()).cloned();
        Some((name, Value::from_iter(writers).to_string()))
    };
    everything(plane).iter().filter_map(version).collect()
}

/// All objects but events.
fn everything(plane: &ControlPlane) -> Vec<Value> {
    let kinds = plane.must(&["api-resources", "--verbs=list", "-o", "name"]);
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !kind.starts_with("events")).collect();
    let text = plane.must(&["get", &kinds.join(","), "-A", "-o", "json", "--show-managed-fields"]);
    let list: Value = serde_json::from_str(&text).expect("kubectl writes JSON");
    list["items"].as_array().cloned().unwrap_or_default()
}

/// Controllers copy annotations to what they make, so a mark counts only where it names its bearer.
fn own_mark(object: &Value) -> Option<(String, String)> {
    let mark = object.pointer("/metadata/annotations/argocd.argoproj.io~1tracking-id")?.as_str()?;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, namespace, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
    let group = text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    let (application, rest) = mark.split_once(':')?;
    let names_it = rest.starts_with(&format!("{group}/{kind}:")) && rest.ends_with(&format!("/{name}"));
    names_it.then(|| (application.to_owned(), shown(group, kind, namespace, name)))
}
