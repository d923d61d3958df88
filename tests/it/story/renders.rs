//! Each chart of the seed renders to exactly the objects that are expected of it: from the bare repositories, without
//! a cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::kinds::ServedVersion;
use model::settings::Settings;
use model::{Application, GroupKind, Kinds, Object};
use serde_json::{Map, Value};
use sync::desired::{Desired, Tracking};
use sync::project::Cluster;
use tokio::runtime::{Builder, Runtime};
use windlass::agent::charts::Charts;
use windlass::agent::render::{Inputs, Renderer, World, render};
use windlass::net::{EgressPolicy, HttpClient, HttpOptions};
use windlass::source::git::{GitOptions, Repositories};

use super::expected::{Wanted, objects};
use super::seed::{Seed, read};

#[test]
fn each_chart_of_the_story_renders_to_exactly_what_is_expected() {
    let Some(seed) = Seed::serve() else { return };
    let desk = Desk::new(&seed);
    let root = |seed: &Seed| Object::from_value(document(&read(&seed.environment().join("apps.yaml"))));
    for step in ["01-setup", "02-release-bad", "03-release-good", "05-newer-argo-rollouts", "04-cleanup"] {
        seed.play(&format!("{step}.sh"));
        let root = root(&seed).expect("it is an object");
        let found = desk.check(&seed, step, &root);
        for child in &found {
            desk.check(&seed, step, child);
        }
    }
}

/// What is needed to render, without a cluster.
struct Desk {
    renderer: Renderer,
    world: World,
    _folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Desk {
    fn new(seed: &Seed) -> Self {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let egress = EgressPolicy { allow_loopback: true, ..EgressPolicy::default() };
        let http =
            HttpClient::new(HttpOptions { egress, ..HttpOptions::default() }, runtime.handle().clone());
        let renderer = Renderer {
            repositories: Arc::new(Repositories::new(
                GitOptions::new(folder.path().join("git")),
                http.clone(),
            )),
            charts: Arc::new(Charts::new(http.clone(), folder.path())),
            http,
        };
        let rules = seed.rewrite_rules();
        let pairs = rules.iter().filter_map(|rule| rule.split_once('='));
        renderer.rewrite(&pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).collect::<Vec<_>>());
        let names = seed.expected_file("api-versions.txt");
        let settings = Settings::default();
        let world = World {
            number: 0,
            kinds: Arc::new(kinds(&names)),
            api_versions: names.lines().map(str::to_owned).collect(),
            kube_version: "v1.33.4".to_owned(),
            tracking: Tracking::from_settings(&settings),
            settings: Arc::new(settings),
        };
        Self { renderer, world, _folder: folder, _runtime: runtime }
    }

    /// Renders an Application, compares where the seed expects something of it, and hands its objects on.
    #[track_caller]
    fn check(&self, seed: &Seed, step: &str, application: &Object) -> Vec<Object> {
        let app = Application::read(application).expect("the story's Applications can be read");
        let desired = self.render(&app);
        if seed.expected(step, &app.name).is_dir() {
            let wanted = objects(seed, step, &app.name);
            same(step, &app, &desired, &wanted);
        }
        desired.objects().iter().map(|object| Object::clone(&object.object)).collect()
    }

    #[track_caller]
    fn render(&self, app: &Application) -> Arc<Desired> {
        let inputs = Inputs {
            app,
            sources: app.spec.sources_in_force(),
            pinned: &[],
            cluster: &Cluster::in_cluster(),
            world: &self.world,
            control_namespace: "argocd",
            look: true,
            anew: false,
        };
        let kept = render(&self.renderer, &inputs, None);
        kept.desired.unwrap_or_else(|refused| panic!("{}: {refused}", app.name))
    }
}

/// The same objects with the same content, but for our mark, the namespaces that were filled in, and nulls.
#[track_caller]
fn same(step: &str, app: &Application, desired: &Desired, wanted: &[Wanted]) {
    let place = |name: &str| format!("{step}/{}: {name}", app.name);
    let found: Vec<String> = desired
        .objects()
        .iter()
        .map(|object| {
            let key = &object.key;
            format!("{}/{} {}/{}", key.group, key.kind, key.namespace, key.name)
        })
        .collect();
    let mut names: Vec<String> = wanted.iter().map(|wanted| wanted.name.clone()).collect();
    let mut sorted = found.clone();
    sorted.sort();
    names.sort();
    assert_eq!(sorted, names, "{}", place("its objects"));
    for (object, name) in desired.objects().iter().zip(found) {
        let wanted = wanted.iter().find(|wanted| wanted.name == name).expect("the names are equal");
        let found = Value::Object(object.object.fields().clone());
        let namespace = &object.key.namespace;
        let mut different = Vec::new();
        let (wanted, found) = (bare(wanted.manifest.clone(), namespace), bare(found, namespace));
        differences("", &wanted, &found, &mut different);
        assert!(different.is_empty(), "{}: {}", place(&name), different.join("; "));
    }
}

/// Every place at which two values are not the same.
fn differences(place: &str, wanted: &Value, found: &Value, different: &mut Vec<String>) {
    let (Value::Object(left), Value::Object(right)) = (wanted, found) else {
        if wanted != found {
            different.push(format!("{place} is {found}, not {wanted}"));
        }
        return;
    };
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for key in keys {
        differences(&format!("{place}/{key}"), &wanted[key], &found[key], different);
    }
}

/// An object without what windlass adds, and without nulls.
fn bare(mut object: Value, namespace: &str) -> Value {
    let metadata = object["metadata"].as_object_mut().expect("an object has metadata");
    if !namespace.is_empty() {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("argocd.argoproj.io/tracking-id");
    }
    metadata.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
    without_nulls(&mut object);
    object
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A cluster that serves what the seed was rendered for.
fn kinds(names: &str) -> Kinds {
    const CLUSTER_SCOPED: [&str; 4] =
        ["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"];
    let mut kinds = Kinds::default();
    for name in names.lines() {
        let Some((version, kind)) =
            name.rsplit_once('/').filter(|(_, kind)| kind.starts_with(char::is_uppercase))
        else {
            continue;
        };
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let served = ServedVersion {
            version: version.to_owned(),
            plural: kind.to_lowercase(),
            namespaced: !CLUSTER_SCOPED.contains(&kind),
            verbs: vec!["list".to_owned()],
        };
        kinds.insert(GroupKind::new(group, kind), served);
    }
    kinds
}

fn document(text: &str) -> Value {
    serde_yaml::from_str(text).expect("the seed's YAML can be read")
}
