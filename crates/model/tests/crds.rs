//! The definitions against upstream's, against the files in `manifests/`, and the types against the fixtures.
#![expect(clippy::disallowed_methods, reason = "Go fetches upstream's definitions, as data to compare with")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use goyaml::JsonLayout;
use model::analysis::{AnalysisRunSpec, AnalysisRunStatus, AnalysisTemplateSpec};
use model::application::ApplicationSpec;
use model::application_set::{ApplicationSetSpec, ApplicationSetStatus};
use model::crd::{KINDS, definition};
use model::experiment::{ExperimentSpec, ExperimentStatus};
use model::project::AppProjectSpec;
use model::rollout::{RolloutSpec, RolloutStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const MANIFESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifests/crds");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/install_crds");
const KEEP_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

/// Upstream's definitions: module, and the file of each kind.
const UPSTREAM: [(&str, &[(&str, &str)]); 2] = [
    (
        "github.com/argoproj/argo-cd/v3@v3.5.2",
        &[
            ("Application", "application-crd.yaml"),
            ("ApplicationSet", "applicationset-crd.yaml"),
            ("AppProject", "appproject-crd.yaml"),
        ],
    ),
    (
        "github.com/argoproj/argo-rollouts@v1.10.1",
        &[
            ("Rollout", "rollout-crd.yaml"),
            ("AnalysisTemplate", "analysis-template-crd.yaml"),
            ("ClusterAnalysisTemplate", "cluster-analysis-template-crd.yaml"),
            ("AnalysisRun", "analysis-run-crd.yaml"),
            ("Experiment", "experiment-crd.yaml"),
        ],
    ),
];

/// Who says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Upstream,
}

/// Where we differ on purpose: `*` is one step of a path, `**` any number.
const ALLOWED: [(&str, Side, &str); 10] = [
    ("Rollout.spec.template.**", Side::Upstream, "pod templates are open"),
    ("Experiment.spec.templates[].template.**", Side::Upstream, "pod templates are open"),
    ("*.spec.metrics[].provider.job.spec.template.**", Side::Upstream, "pod templates are open"),
    ("**.directory.disableExtensionFilter", Side::Ours, "upstream's next release has it"),
    ("**.authentication.basicAuth", Side::Ours, "upstream's next release has it"),
    // Upstream's ApplicationSet is too large for kubectl apply; this is what ours leaves out to fit.
    (
        "ApplicationSet.spec.generators[].*.generators[].*.template.spec.sourceHydrator.**",
        Side::Upstream,
        "size",
    ),
    ("ApplicationSet.spec.generators[].*.generators[].*.template.spec.*.helm.**", Side::Upstream, "size"),
    (
        "ApplicationSet.spec.generators[].*.generators[].*.template.spec.*.kustomize.**",
        Side::Upstream,
        "size",
    ),
    (
        "ApplicationSet.spec.generators[].*.generators[].*.template.spec.*.directory.**",
        Side::Upstream,
        "size",
    ),
    ("ApplicationSet.spec.generators[].*.generators[].*.template.spec.*.plugin.**", Side::Upstream, "size"),
];

#[test]
fn nothing_is_looser_or_stricter_than_upstream() {
    let mut unused: BTreeSet<&str> = ALLOWED.iter().map(|(pattern, ..)| *pattern).collect();
    let mut found = Vec::new();
    for (module, files) in UPSTREAM {
        let Some(folder) = download(module) else { return };
        for (kind, file) in files {
            for difference in differences(kind, &read(&folder.join("manifests/crds").join(file))[0]) {
                match ALLOWED.iter().find(|(pattern, side, _)| difference.is(pattern, *side)) {
                    Some((pattern, ..)) => drop(unused.remove(pattern)),
                    None => found.push(difference.to_string()),
                }
            }
        }
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    assert!(unused.is_empty(), "allowed, but there is no such difference: {unused:?}");
}

#[test]
fn each_definition_fits_into_the_annotation_of_client_side_apply() {
    for kind in &KINDS {
        let text = goyaml::go_json(&definition(kind), JsonLayout::COMPACT).expect("it is plain data");
        let room = 256 * 1024 - "kubectl.kubernetes.io/last-applied-configuration\n".len();
        assert!(text.len() < room, "{} has {} bytes, and there is room for {room}", kind.kind, text.len());
    }
}

#[test]
fn manifests_are_what_the_types_say() {
    for kind in &KINDS {
        let file = Path::new(MANIFESTS).join(format!("{}.yaml", kind.plural));
        assert_eq!(read(&file), [definition(kind)], "{} is stale: run scripts/manifests.sh", kind.plural);
    }
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    fn check(path: &str, schema: &Value) {
        if schema["type"] == "object" && schema.get("additionalProperties").is_none() {
            assert_eq!(schema[KEEP_UNKNOWN], true, "{path} drops what it does not know");
        }
        children(schema)
            .into_iter()
            .filter(|(name, _)| name != ".metadata" || !path.is_empty())
            .for_each(|(name, child)| check(&format!("{path}{name}"), child));
    }
    KINDS.iter().for_each(|kind| check("", &schema(&definition(kind))));
}

#[test]
fn the_fixtures_hold_every_field() {
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let fixtures = fixtures();
    for kind in &KINDS {
        let schema = schema(&definition(kind));
        every_field(kind.kind, &schema, &mut missing);
        fixtures
            .iter()
            .filter(|object| object["kind"] == kind.kind)
            .for_each(|object| mark(&schema, object, &mut seen));
    }
    let missing: Vec<&String> =
        missing.iter().filter(|(place, _)| !seen.contains(place)).map(|(_, path)| path).collect();
    assert!(missing.is_empty(), "no fixture in {FIXTURES} has {missing:#?}");
}

#[test]
fn the_types_read_the_fixtures_and_write_them_back() {
    for object in fixtures() {
        match object["kind"].as_str().unwrap_or_default() {
            // The status and operation of an Application hold parts that are kept in the object, not in the type.
            "Application" => returns::<ApplicationSpec>(&object, "spec"),
            "AppProject" => returns::<AppProjectSpec>(&object, "spec"),
            "ApplicationSet" => {
                returns::<ApplicationSetSpec>(&object, "spec");
                returns::<ApplicationSetStatus>(&object, "status");
            }
            "Rollout" => {
                returns::<RolloutSpec>(&object, "spec");
                returns::<RolloutStatus>(&object, "status");
            }
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => {
                returns::<AnalysisTemplateSpec>(&object, "spec")
            }
            "AnalysisRun" => {
                returns::<AnalysisRunSpec>(&object, "spec");
                returns::<AnalysisRunStatus>(&object, "status");
            }
            "Experiment" => {
                returns::<ExperimentSpec>(&object, "spec");
                returns::<ExperimentStatus>(&object, "status");
            }
            other => panic!("a fixture of kind {other}"),
        }
    }
}

#[track_caller]
fn returns<T: Serialize + DeserializeOwned>(object: &Value, field: &str) {
    let Some(part) = object.get(field) else { return };
    let read: T = serde_json::from_value(part.clone())
        .unwrap_or_else(|error| panic!("{} {}: {error}", object["kind"], object["metadata"]["name"]));
    assert_eq!(serde_json::to_value(read).expect("it is plain data"), *part);
}

/// The folder of a Go module; none where Go or the module cannot be had, which is a failure in CI.
fn download(module: &str) -> Option<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .env("GOFLAGS", "-mod=mod")
        .current_dir(std::env::temp_dir())
        .output();
    let folder = output.ok().and_then(|output| {
        let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(PathBuf::from(answer.get("Dir")?.as_str()?))
    });
    if folder.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{module} cannot be had, and CI must have it"
        );
        println!("skipped: {module} cannot be had");
    }
    folder
}

fn read(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let documents =
        goyaml::documents(&text).map(|document| goyaml::to_json(document.expect("it is YAML").text));
    documents.map(|document| document.expect("it is YAML")).filter(|document| !document.is_null()).collect()
}

fn fixtures() -> Vec<Value> {
    let files = std::fs::read_dir(FIXTURES).expect("the fixtures are there");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn schema(definition: &Value) -> Value {
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// One place where the schemas, or the names around them, are not the same.
struct Difference {
    path: String,
    keyword: String,
    ours: Value,
    upstream: Value,
}

impl Difference {
    /// True where only `side` says anything, at a place that the pattern means.
    fn is(&self, pattern: &str, side: Side) -> bool {
        let silent = match side {
            Side::Ours => &self.upstream,
            Side::Upstream => &self.ours,
        };
        let steps = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        silent.is_null() && matches(&steps(pattern), &steps(&self.path))
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, keyword, ours, upstream } = self;
        write!(f, "{path} {keyword}: ours {ours}, upstream's {upstream}")
    }
}

fn matches(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((step, rest)), _) if step == "**" => {
            matches(rest, path) || path.split_first().is_some_and(|(_, path)| matches(pattern, path))
        }
        (Some((step, rest)), Some((name, path))) => (step == "*" || step == name) && matches(rest, path),
        _ => false,
    }
}

fn differences(kind: &str, upstream: &Value) -> Vec<Difference> {
    let known = KINDS.iter().find(|known| known.kind == kind).expect("the kind is ours");
    let ours = definition(known);
    let mut found = Vec::new();
    compare(kind, &schema(&ours), &schema(upstream), &mut found);
    let (ours, upstream) = (around(&ours), around(upstream));
    if ours != upstream {
        found.push(Difference { path: kind.to_owned(), keyword: "names".to_owned(), ours, upstream });
    }
    found
}

/// What a definition says beside the schema.
fn around(definition: &Value) -> Value {
    let mut spec = definition["spec"].clone();
    let version = &mut spec["versions"][0];
    version.as_object_mut().expect("a version is a map").remove("schema");
    if version.get("subresources") == Some(&json!({})) {
        version.as_object_mut().expect("a version is a map").remove("subresources");
    }
    for column in
        version.get_mut("additionalPrinterColumns").and_then(Value::as_array_mut).into_iter().flatten()
    {
        column.as_object_mut().expect("a column is a map").remove("description");
    }
    spec
}

fn compare(path: &str, ours: &Value, upstream: &Value, found: &mut Vec<Difference>) {
    let (a, b) = (keywords(ours), keywords(upstream));
    for keyword in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
        found.extend(difference(path, keyword, a.get(keyword), b.get(keyword)));
    }
    let (a, b) = (children(ours), children(upstream));
    for (name, child) in a.iter().filter(|(name, _)| named(&b, name).is_none()) {
        found.extend(difference(&format!("{path}{name}"), "field", Some(child), None));
    }
    for (name, child) in &b {
        match named(&a, name) {
            None => found.extend(difference(&format!("{path}{name}"), "field", None, Some(child))),
            Some(ours) => compare(&format!("{path}{name}"), ours, child, found),
        }
    }
}

fn difference(
    path: &str,
    keyword: &str,
    ours: Option<&Value>,
    upstream: Option<&Value>,
) -> Option<Difference> {
    let [ours, upstream] = [ours, upstream].map(|value| value.cloned().unwrap_or_default());
    (ours != upstream).then(|| Difference {
        path: path.to_owned(),
        keyword: keyword.to_owned(),
        ours,
        upstream,
    })
}

/// What a schema says about the value itself.
fn keywords(schema: &Value) -> Map<String, Value> {
    let mut said = schema.as_object().cloned().unwrap_or_default();
    for elsewhere in ["description", KEEP_UNKNOWN, "properties", "items", "additionalProperties"] {
        said.remove(elsewhere);
    }
    if said.contains_key("x-kubernetes-int-or-string") {
        // The server asks for a number or a text by itself; upstream says it twice.
        said.remove("anyOf");
    }
    if let Some(required) = said.get_mut("required").and_then(Value::as_array_mut) {
        required.sort_by_key(ToString::to_string);
    }
    said
}

/// The schemas one level below, by the step that leads there.
fn children(schema: &Value) -> Vec<(String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut below: Vec<_> = properties.map(|(name, child)| (format!(".{name}"), child)).collect();
    below.extend(schema.get("items").map(|items| ("[]".to_owned(), items)));
    // A map of anything is an object of which nothing is said.
    let named = schema.get("additionalProperties").filter(|values| **values != json!({KEEP_UNKNOWN: true}));
    below.extend(named.map(|values| ("{}".to_owned(), values)));
    below
}

fn named<'a>(children: &[(String, &'a Value)], name: &str) -> Option<&'a Value> {
    children.iter().find(|(other, _)| other == name).map(|(_, child)| *child)
}

/// A field of a type: the type is known by the names of its fields, since it may stand in many places.
type Place = (Vec<String>, String);

fn place(schema: &Value, name: &str) -> Place {
    let fields = schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned();
    let mut fields: Vec<String> = fields.collect();
    fields.sort();
    (fields, name.to_owned())
}

fn every_field(path: &str, schema: &Value, fields: &mut BTreeSet<(Place, String)>) {
    for (name, child) in children(schema) {
        let path = format!("{path}{name}");
        if let Some(name) = name.strip_prefix('.') {
            fields.insert((place(schema, name), path.clone()));
        }
        every_field(&path, child, fields);
    }
}

fn mark(schema: &Value, value: &Value, seen: &mut BTreeSet<Place>) {
    for (name, child) in children(schema) {
        match (name.strip_prefix('.'), value) {
            (Some(name), Value::Object(map)) if map.contains_key(name) => {
                seen.insert(place(schema, name));
                mark(child, &map[name], seen);
            }
            (None, Value::Array(items)) => items.iter().for_each(|item| mark(child, item, seen)),
            (None, Value::Object(map)) => map.values().for_each(|value| mark(child, value, seen)),
            _ => {}
        }
    }
}
