//! The CustomResourceDefinitions in a real cluster: applied by hand, kind to what upstream's accept, strict where
//! upstream's are, and keeping what they do not know.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, shared};
use crate::support::shared::shared as material;

const DEFINITIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests/crds");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/install_crds");
const KEEP_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

#[test]
fn each_definition_can_be_applied_from_the_client_side() {
    for file in files(Path::new(DEFINITIONS)).iter().filter(|file| !file.ends_with("kustomization.yaml")) {
        let file = file.to_str().expect("it is text");
        shared().must(&["apply", "--validate=strict", "--dry-run=server", "-f", file]);
    }
}

#[test]
fn the_fixtures_and_the_story_are_accepted_and_lose_nothing() {
    let plane = shared();
    let mut objects = fixtures();
    objects.extend(story());
    let stored = dry_run(plane, &objects).unwrap_or_else(|complaint| panic!("{complaint}"));
    assert_eq!(stored.len(), objects.len());
    objects.iter().zip(&stored).for_each(|(object, stored)| kept("", object, stored));
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    let mut objects = fixtures();
    for object in &mut objects {
        let kind = object["kind"].as_str().expect("a fixture has a kind").to_owned();
        let schema = schema(&kind);
        for field in ["spec", "operation", "status"] {
            object.get_mut(field).into_iter().for_each(|part| surprise(&schema["properties"][field], part));
        }
        object["unheardOf"] = json!({"deep": [1]});
    }
    let stored = dry_run(shared(), &objects).unwrap_or_else(|complaint| panic!("{complaint}"));
    objects.iter().zip(&stored).for_each(|(object, stored)| kept("", object, stored));
}

#[test]
fn wrong_objects_are_refused_as_upstream_refuses_them() {
    let fixtures = fixtures();
    let wrong: Vec<Value> = WRONG
        .iter()
        .enumerate()
        .map(|(number, (kind, pointer, value, _))| {
            let fixture =
                fixtures.iter().find(|object| object["kind"] == *kind).expect("a fixture of the kind");
            let mut object = fixture.clone();
            object["metadata"]["name"] = format!("wrong-{number}-").into();
            change(&mut object, pointer, value);
            object
        })
        .collect();
    let complaint = dry_run(shared(), &wrong).expect_err("all are wrong");
    for (number, (kind, pointer, value, words)) in WRONG.iter().enumerate() {
        let said =
            complaint.split("\nThe ").find(|part| part.contains(&format!("\"wrong-{number}-\" is invalid")));
        let said =
            said.unwrap_or_else(|| panic!("{kind} with {pointer} = {value} was accepted:\n{complaint}"));
        assert!(said.contains(words), "{kind} with {pointer} = {value}: not '{words}' but {said}");
    }
}

/// Kind, place, what stands there (`-` for nothing), and a part of the refusal.
const WRONG: [(&str, &str, &str, &str); 44] = [
    ("Application", "/spec", "-", "spec: Required value"),
    ("Application", "/spec", "[]", "spec in body must be of type object"),
    ("Application", "/spec/project", "-", "spec.project: Required value"),
    ("Application", "/spec/project", "3", "spec.project in body must be of type string"),
    ("Application", "/spec/destination", "-", "spec.destination: Required value"),
    ("Application", "/spec/source/repoURL", "-", "spec.source.repoURL: Required value"),
    ("Application", "/spec/source/helm/parameters", "{}", "must be of type array"),
    ("Application", "/spec/source/helm/valuesObject", "3", "must be of type object"),
    ("Application", "/spec/source/kustomize/replicas/0/count", "true", "count: Invalid value"),
    ("Application", "/spec/source/kustomize/replicas/0/name", "-", "name: Required value"),
    ("Application", "/spec/source/directory/recurse", "\"yes\"", "must be of type boolean"),
    ("Application", "/spec/syncPolicy/automated/prune", "\"true\"", "must be of type boolean"),
    ("Application", "/spec/syncPolicy/retry/backoff/factor", "2.5", "must be of type integer"),
    ("Application", "/spec/ignoreDifferences/0/kind", "-", "kind: Required value"),
    ("Application", "/spec/sourceHydrator/syncSource/path", "\".\"", "path in body should match"),
    ("Application", "/spec/sourceHydrator/syncSource/path", "\"\"", "at least 1 chars long"),
    ("Application", "/spec/revisionHistoryLimit", "\"10\"", "must be of type integer"),
    ("Application", "/spec/project", "null", "spec.project"),
    ("Application", "/operation/sync/resources/0/name", "-", "name: Required value"),
    ("Application", "/status/history/0/deployedAt", "\"yesterday\"", "must be of type date-time"),
    ("Application", "/status/sourceHydrator/currentOperation/phase", "\"Wet\"", "Unsupported value"),
    ("AppProject", "/spec/clusterResourceWhitelist/0/kind", "-", "kind: Required value"),
    ("AppProject", "/spec/sourceRepos", "\"*\"", "must be of type array"),
    ("AppProject", "/spec/roles/0/jwtTokens/0/iat", "-", "iat: Required value"),
    ("ApplicationSet", "/spec/generators", "-", "spec.generators: Required value"),
    ("ApplicationSet", "/spec/template", "-", "spec.template: Required value"),
    ("ApplicationSet", "/spec/syncPolicy/applicationsSync", "\"never\"", "Unsupported value"),
    ("ApplicationSet", "/spec/generators/2/git/repoURL", "-", "git.repoURL: Required value"),
    ("ApplicationSet", "/spec/generators/0/list/template/spec/source/helm", "[]", "must be of type object"),
    ("ApplicationSet", "/spec/generators/7/matrix/generators/0/list/elements", "3", "must be of type array"),
    ("Rollout", "/spec/replicas", "\"4\"", "must be of type integer"),
    ("Rollout", "/spec/restartAt", "\"now\"", "must be of type date-time"),
    ("Rollout", "/spec/template/spec/containers", "-", "containers: Required value"),
    ("Rollout", "/spec/template/metadata/labels/app", "3", "must be of type string"),
    ("Rollout", "/spec/strategy/canary/maxSurge", "true", "maxSurge: Invalid value"),
    ("Rollout", "/spec/strategy/canary/steps/0/setWeight", "\"20%\"", "must be of type integer"),
    ("Rollout", "/spec/strategy/canary/steps/2/pause/duration", "[]", "duration: Invalid value"),
    ("Rollout", "/spec/strategy/canary/pingPong/pongService", "-", "pongService: Required value"),
    ("Rollout", "/spec/strategy/canary/trafficRouting/alb/servicePort", "-", "servicePort: Required value"),
    ("AnalysisTemplate", "/spec/metrics/0/provider", "-", "provider: Required value"),
    ("AnalysisTemplate", "/spec/metrics/3/provider/datadog/aggregator", "\"median\"", "Unsupported value"),
    ("AnalysisRun", "/spec/metrics", "-", "spec.metrics: Required value"),
    ("AnalysisRun", "/status/phase", "-", "status.phase: Required value"),
    ("Experiment", "/spec/templates/0/selector", "-", "selector: Required value"),
];

#[test]
fn the_subresources_are_upstreams() {
    let answer = shared().must(&["get", "--raw", "/apis/argoproj.io/v1alpha1"]);
    let answer: Value = serde_json::from_str(&answer).expect("it is JSON");
    let names =
        answer["resources"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
    let mut subresources: Vec<&str> = names.filter(|name| name.contains('/')).collect();
    subresources.sort_unstable();
    assert_eq!(subresources, ["applicationsets/status", "rollouts/scale", "rollouts/status"]);
}

#[test]
fn a_rollout_is_scaled_like_a_deployment_and_keeps_its_selector() {
    let plane = shared();
    let namespace = "crds-scale";
    plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"));
    let mut rollout = fixtures().into_iter().find(|object| object["kind"] == "Rollout").expect("a Rollout");
    rollout["metadata"]["namespace"] = namespace.into();
    plane.apply(&rollout.to_string());

    let stored = plane.get("rollouts", namespace, "ferry").expect("it is there");
    assert!(stored.get("status").is_none(), "the status is written through its subresource only");
    let status = json!({"status": rollout["status"]}).to_string();
    plane.must(&[
        "patch",
        "ro",
        "ferry",
        "-n",
        namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        &status,
    ]);
    plane.must(&["scale", "ro", "ferry", "-n", namespace, "--replicas=3"]);

    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts/ferry/scale");
    let scale: Value = serde_json::from_str(&plane.must(&["get", "--raw", &path])).expect("it is JSON");
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]["replicas"]), (&json!(3), &json!(5)));
    assert_eq!(scale["status"]["selector"], "app=ferry");

    let other = r#"{"spec": {"selector": {"matchLabels": {"app": "barge"}}}}"#;
    let refusal = plane.kubectl(&["patch", "ro", "ferry", "-n", namespace, "--type=merge", "-p", other]);
    assert!(refusal.expect_err("the selector stays").contains(".spec.selector is immutable"));
    plane.must(&["delete", "namespace", namespace, "--wait=false"]);
}

/// Applies without storing: what the server would keep of each object, or its complaints.
fn dry_run(plane: &ControlPlane, objects: &[Value]) -> Result<Vec<Value>, String> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), list).expect("it can be written");
    let path = file.path().to_str().expect("it is text");
    let output =
        plane.kubectl(&["apply", "--validate=strict", "--dry-run=server", "-o", "json", "-f", path])?;
    let answer: Value = serde_json::from_str(&output).expect("it is JSON");
    Ok(answer["items"].as_array().expect("a list was sent").clone())
}

/// Fails where the server dropped or changed something; what it adds does not matter.
#[track_caller]
fn kept(path: &str, sent: &Value, stored: &Value) {
    match (sent, stored) {
        // The server makes these itself.
        _ if path == ".metadata" => {}
        // A status with a subresource of its own is dropped from other writes, for upstream's kinds, too.
        _ if path == ".status" && stored.is_null() => {}
        (Value::Object(sent), Value::Object(stored)) => {
            for (name, value) in sent {
                let path = format!("{path}.{name}");
                let found = stored.get(name).or_else(|| (path == ".status").then_some(&Value::Null));
                kept(&path, value, found.unwrap_or_else(|| panic!("{path} was dropped")));
            }
        }
        (Value::Array(sent), Value::Array(stored)) => {
            assert_eq!(sent.len(), stored.len(), "{path}");
            sent.iter().zip(stored).for_each(|(sent, stored)| kept(&format!("{path}[]"), sent, stored));
        }
        _ => assert_eq!(sent, stored, "{path}"),
    }
}

/// Puts a field that nobody knows into every object that is not a map.
fn surprise(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in &mut *fields {
                let named = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                named.into_iter().for_each(|schema| surprise(schema, field));
            }
            if schema[KEEP_UNKNOWN] == true {
                fields.insert("unheardOf".to_owned(), json!({"deep": [1, {"deeper": "still"}]}));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| surprise(&schema["items"], item)),
        _ => {}
    }
}

/// Puts `value` at the place, or takes the place away where it is `-`.
fn change(object: &mut Value, pointer: &str, value: &str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = object.pointer_mut(parent).unwrap_or_else(|| panic!("no fixture has {pointer}"));
    if value == "-" {
        parent.as_object_mut().and_then(|fields| fields.remove(name)).expect("what is taken away was there");
    } else {
        let slot =
            parent.pointer_mut(&format!("/{name}")).unwrap_or_else(|| panic!("no fixture has {pointer}"));
        *slot = serde_json::from_str(value).expect("the value is JSON");
    }
}

fn schema(kind: &str) -> Value {
    let definitions = files(Path::new(DEFINITIONS));
    let mut definitions =
        definitions.iter().flat_map(|file| documents(&std::fs::read_to_string(file).expect("it is there")));
    let definition = definitions.find(|definition| definition["spec"]["names"]["kind"] == kind);
    definition.expect("the kind is defined")["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

fn fixtures() -> Vec<Value> {
    let texts = files(Path::new(FIXTURES));
    texts.iter().flat_map(|file| ours(&std::fs::read_to_string(file).expect("it is there"))).collect()
}

/// Every object of ours that the story holds: as rendered, and as written in its repositories.
fn story() -> Vec<Value> {
    let Some(seed) = material("seed") else { return Vec::new() };
    let expected = Command::new("find").arg(seed.join("expected")).args(["-name", "*.yaml"]).output();
    let expected = String::from_utf8(expected.expect("find can be run").stdout).expect("paths are text");
    let mut objects: Vec<Value> = Vec::new();
    for file in expected.lines() {
        objects.extend(ours(&std::fs::read_to_string(file).expect("it is there")));
    }
    for repository in ["argocd-production", "devops-toolkit", "devops-paradox"] {
        objects.extend(repository_files(&seed, repository).iter().flat_map(|text| ours(text)));
    }
    assert!(objects.len() > 30, "the story holds more than {} objects", objects.len());
    objects
}

/// The YAML files of a bundle's default branch, but for templates of charts.
fn repository_files(seed: &Path, name: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let archive = seed.join(format!("git/{name}.tar.gz"));
    run("tar", &["--no-same-owner", "-xzf", archive.to_str().expect("it is text")]);
    let repository = format!("vfarcic/{name}.git");
    let list = run("git", &["-C", &repository, "ls-tree", "-r", "--name-only", "HEAD"]);
    let files = list.lines().filter(|file| file.ends_with(".yaml") && !file.contains("templates/"));
    files.map(|file| run("git", &["-C", &repository, "show", &format!("HEAD:{file}")])).collect()
}

/// The objects of `argoproj.io/v1alpha1` and of our kinds, in a namespace that is there.
fn ours(text: &str) -> Vec<Value> {
    const KINDS: [&str; 8] = [
        "Application",
        "ApplicationSet",
        "AppProject",
        "Rollout",
        "AnalysisTemplate",
        "ClusterAnalysisTemplate",
        "AnalysisRun",
        "Experiment",
    ];
    let mut objects = documents(text);
    objects.retain(|object| {
        object["apiVersion"] == "argoproj.io/v1alpha1" && KINDS.iter().any(|kind| object["kind"] == *kind)
    });
    // A form for other tools to fill in (`{{.APP_ID}}`) is no object.
    objects.retain(|object| !object["metadata"]["name"].as_str().is_some_and(|name| name.contains("{{")));
    for object in objects.iter_mut().filter(|object| object["kind"] != "ClusterAnalysisTemplate") {
        object["metadata"]["namespace"] = "default".into();
    }
    objects
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|document| {
        let value = serde_yaml::Value::deserialize(document).ok()?;
        serde_json::to_value(value).ok().filter(|value| value.is_object())
    });
    documents.flatten().collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    files
}
