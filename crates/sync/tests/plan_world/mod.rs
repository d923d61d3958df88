//! A small world for the plan's tests: an Application in YAML, a cluster in memory that carries plans out.
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use model::application::{Application, HealthCode, HealthStatus, SyncStatusCode};
use model::key::{GroupKind, ObjectKey};
use model::kinds::{Kinds, ServedVersion};
use model::project::AppProject;
use model::settings::{Settings, TrackingMethod};
use model::{Object, Time};
use serde_json::{Value, json};
use sync::desired::{Context, Desired, Exclusions, Refused, Tracking, crd_kind};
use sync::plan::{self, Action, Answer, Input, Live, NamespaceSeen, Outcome, Pace, Plan, Revision};
use sync::project::{self, ProjectProblem};
use sync::render::{Manifest, Origin, Problem, Rendered};

/// Kinds the cluster serves from the start: API version, kind, namespaced.
const KINDS: &[(&str, &str, bool)] = &[
    ("v1", "ConfigMap", true),
    ("v1", "Service", true),
    ("v1", "Namespace", false),
    ("apps/v1", "Deployment", true),
    ("batch/v1", "Job", true),
    ("argoproj.io/v1alpha1", "Application", true),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", false),
];

/// Kinds with health.
const WITH_HEALTH: &[&str] = &["Deployment", "Job"];

#[derive(Clone, Debug)]
pub struct Stored {
    pub object: Object,
    pub hash: Option<u64>,
    pub health: Option<HealthStatus>,
    pub verdict: Option<SyncStatusCode>,
    /// Deleted, but kept by a finalizer.
    pub deleting: bool,
    pub tracked: bool,
}

pub struct World {
    pub app: Value,
    pub project: Value,
    pub project_exists: bool,
    pub wanted: Vec<Value>,
    pub problems: Vec<Problem>,
    pub cluster: BTreeMap<ObjectKey, Stored>,
    pub namespaces: BTreeSet<String>,
    pub terminating: BTreeSet<String>,
    pub unlisted: BTreeMap<GroupKind, String>,
    pub silent: BTreeMap<String, String>,
    pub answers: BTreeMap<ObjectKey, (u64, Answer)>,
    /// Names refused by the server, with its words: at a dry run, or only at the real thing.
    pub refuse: BTreeMap<String, String>,
    pub refuse_apply: BTreeMap<String, String>,
    /// Health that objects come up with, by name.
    pub comes_up: BTreeMap<String, HealthCode>,
    pub method: TrackingMethod,
    pub revision: String,
    pub others: BTreeSet<String>,
    pub cycle: Vec<ObjectKey>,
    /// Sources that could not be asked of late.
    pub stale: Vec<String>,
    /// What the server has not answered for a while.
    pub unanswered: Option<String>,
    /// Revisions that a Rollout gave up.
    pub rejected: Vec<String>,
    pub now: Time,
    pub last_write: Option<Time>,
    pub writes: usize,
    pub dry_runs: usize,
    next_uid: u64,
}

impl World {
    pub fn read(text: &str) -> Self {
        let yaml: Value = serde_yaml::from_str(text).expect("the scenario is YAML");
        let list = |key: &str| yaml[key].as_array().cloned().unwrap_or_default();
        let strings =
            |key: &str| list(key).iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        let words = |key: &str| -> BTreeMap<String, String> {
            let map = yaml[key].as_object().cloned().unwrap_or_default();
            map.into_iter()
                .map(|(name, words)| (name, words.as_str().unwrap_or_default().to_owned()))
                .collect()
        };
        let mut world = Self {
            app: app(&yaml["app"]),
            project: yaml.get("project").cloned().unwrap_or_else(open_project),
            project_exists: yaml["project"] != json!("missing"),
            wanted: list("want"),
            problems: Vec::new(),
            cluster: BTreeMap::new(),
            namespaces: strings("namespaces"),
            terminating: strings("terminating"),
            unlisted: words("unlisted").into_iter().map(|(kind, why)| (group_kind(&kind), why)).collect(),
            silent: words("silent"),
            answers: BTreeMap::new(),
            refuse: words("refuse"),
            refuse_apply: words("refuseApply"),
            comes_up: words("comesUp").into_iter().map(|(name, code)| (name, health_code(&code))).collect(),
            method: match yaml["tracking"].as_str() {
                Some("label") => TrackingMethod::Label,
                _ => TrackingMethod::Annotation,
            },
            revision: yaml["revision"].as_str().unwrap_or("abc1234def").to_owned(),
            others: strings("others"),
            cycle: list("cycle").iter().filter_map(Value::as_str).map(app_key).collect(),
            stale: list("stale").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            unanswered: yaml["unanswered"].as_str().map(str::to_owned),
            rejected: list("rejected").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            now: "2026-01-01T12:00:00Z".parse().expect("it is a time"),
            last_write: None,
            writes: 0,
            dry_runs: 0,
            next_uid: 0,
        };
        if yaml.get("namespaces").is_none() {
            world.namespaces.insert("prod".to_owned());
        }
        if let Some(cause) = yaml["broken"].as_str() {
            world.problems = Refused::because(cause, "mend it").problems;
        }
        for live in list("live") {
            world.add_live(&live);
        }
        world
    }

    pub fn add_live(&mut self, short: &Value) {
        let mut object = Object::manifest(expand(short)).expect("live is a manifest");
        if object.namespace().is_empty() && is_namespaced(&object) {
            object.set_namespace("prod");
        }
        match short["owner"].as_str() {
            Some("none") => {}
            Some(id) if id.contains(':') => object.set_annotation(model::annotations::TRACKING_ID, id),
            owner => self.tracking().stamp(&mut object, owner.unwrap_or("shop"), "prod"),
        }
        if short["controlled"] == json!(true) {
            object.metadata_mut().insert("ownerReferences".into(), json!([{"kind": "X", "name": "x"}]));
        }
        let verdict =
            short["verdict"].as_str().map(|text| serde_json::from_value(json!(text)).expect("a verdict"));
        let stored = Stored {
            hash: None,
            health: short["health"].as_str().map(health),
            verdict: verdict.or(Some(SyncStatusCode::Synced)),
            deleting: short["deleting"] == json!(true),
            tracked: short["owner"] != json!("none"),
            object,
        };
        if short["owner"].is_null()
            && short["inventory"] != json!(false)
            && self.method != TrackingMethod::Label
        {
            self.take_into_inventory(&stored.object);
        }
        self.store(stored);
    }

    fn take_into_inventory(&mut self, object: &Object) {
        let gvk = object.gvk();
        let row = json!({"group": gvk.group, "version": gvk.version, "kind": gvk.kind, "name": object.name(),
            "namespace": object.namespace(), "status": "Synced"});
        let rows = &mut self.app["status"]["resources"];
        match rows.as_array_mut() {
            Some(rows) => rows.push(row),
            None => *rows = json!([row]),
        }
    }

    pub fn tracking(&self) -> Tracking {
        Tracking { method: self.method, ..Tracking::default() }
    }

    pub fn kinds(&self) -> Kinds {
        let mut kinds = Kinds::default();
        let mut insert = |version: &str, kind: &str, namespaced| {
            let gvk = model::Gvk::new(version, kind);
            if self.silent.contains_key(&gvk.group) {
                return;
            }
            let plural = format!("{}s", kind.to_lowercase());
            let served =
                ServedVersion { version: gvk.version.clone(), plural, namespaced, verbs: vec!["get".into()] };
            kinds.insert(gvk.group_kind(), served);
        };
        KINDS.iter().for_each(|(version, kind, namespaced)| insert(version, kind, *namespaced));
        for stored in self.cluster.values() {
            let Some(kind) = crd_kind(&stored.object) else { continue };
            let namespaced = stored.object.pointer("/spec/scope") == Some(&json!("Namespaced"));
            insert(&format!("{}/v1", kind.group), &kind.kind, namespaced);
        }
        for (group, why) in &self.silent {
            kinds.silent(group.as_str(), why.as_str());
        }
        kinds
    }

    pub fn application(&self) -> Application {
        Application::read(&Object::from_value(self.app.clone()).expect("a map"))
            .expect("the Application reads")
    }

    fn desired(&self, kinds: &Kinds) -> Result<Desired, Refused> {
        let manifest = |(line, short): (usize, &Value)| Manifest {
            object: Object::manifest(expand(short)).expect("it is a manifest"),
            origin: Origin { source: 0, file: "all.yaml".into(), line: u32::try_from(line + 1).unwrap_or(0) },
        };
        let rendered = Rendered {
            source_types: Vec::new(),
            manifests: self.wanted.iter().enumerate().map(manifest).collect(),
            problems: self.problems.clone(),
            warnings: Vec::new(),
        };
        let (settings, tracking) = (Settings::default(), self.tracking());
        let exclusions = Exclusions { settings: &settings, server: "https://kubernetes.default.svc" };
        let context = Context {
            instance: "shop",
            namespace: "prod",
            kinds,
            tracking: &tracking,
            exclusions: &exclusions,
        };
        Desired::from_render(rendered, &context)
    }

    /// Plans once; nothing is changed.
    pub fn plan(&self) -> Plan {
        let (app, kinds, tracking) = (self.application(), self.kinds(), self.tracking());
        let desired = self.desired(&kinds);
        let live: Vec<Live> = self.cluster.values().map(|stored| self.live(stored, &tracking)).collect();
        let wanted = |live: &&Live| {
            live.owner.as_deref() == Some("shop")
                || desired.as_ref().is_ok_and(|desired| desired.get(&live.key).is_some())
        };
        let mut items = plan::join(
            desired.as_ref().ok(),
            live.iter().filter(wanted),
            &self.unlisted,
            &app.status.resources,
        );
        for item in &mut items {
            let Some(wanted) = item.desired else { continue };
            if let Some((hash, answer)) = self.answers.get(&item.key)
                && *hash == wanted.hash
            {
                item.answer = answer.clone();
            }
            let Some(stored) = self.cluster.get(&item.key) else { continue };
            let same = stored.hash == Some(wanted.hash);
            item.verdict = stored.verdict.unwrap_or(if same {
                SyncStatusCode::Synced
            } else {
                SyncStatusCode::OutOfSync
            });
        }
        let object = Object::from_value(json!({"metadata": {"name": "default"}, "spec": self.project}));
        let read = self
            .project_exists
            .then(|| AppProject::read(&object.expect("a map")).expect("the project reads"));
        let missing = ProjectProblem::Missing("default".to_owned());
        let cluster = project::in_cluster(&app.spec.destination);
        let namespace = self.namespace();
        plan::plan(&Input {
            app: &app,
            instance: "shop",
            control_namespace: "argocd",
            project: read.as_ref().ok_or(&missing),
            cluster: cluster.as_ref(),
            desired: desired.as_ref(),
            items: &items,
            kinds: &kinds,
            namespace: &namespace,
            revision: &Revision::single(self.revision.as_str()),
            stale: &self.stale,
            unanswered: self.unanswered.as_deref(),
            rejected: &self.rejected,
            tracking: &tracking,
            cycle: &self.cycle,
            exists: &|instance| self.others.contains(instance),
            last_write: self.last_write,
            pace: Pace::default(),
            now: self.now,
        })
    }

    /// Plans, carries the plan out, and writes the status.
    pub fn step(&mut self) -> Plan {
        let plan = self.plan();
        let mut app = self.application();
        let mut state = plan.operation.clone().or(app.status.operation_state.take());
        for action in plan.batches.iter().flat_map(|batch| &batch.actions) {
            let outcome = self.carry_out(action);
            if let Some(state) = &mut state {
                plan::record(state, action, &outcome);
            }
        }
        app.status.operation_state = state;
        app.status.resources = plan.sync.resources.clone();
        app.status.conditions = plan.conditions.clone();
        app.status.sync.status = plan.sync.status;
        self.app["status"] = serde_json::to_value(&app.status).expect("the status is JSON");
        if plan.clear_request {
            self.app.as_object_mut().expect("a map").shift_remove("operation");
        }
        plan
    }

    /// Steps until nothing is to do, sleeping where a plan says when; the plan that found nothing to do.
    pub fn settle(&mut self) -> Plan {
        for _ in 0..500 {
            let plan = self.step();
            if !plan.batches.is_empty() || plan.ended.is_some() {
                continue;
            }
            match plan.wake {
                Some(wake) if wake > self.now => self.now = wake,
                _ => return plan,
            }
        }
        panic!("the plan never comes to rest:\n{}", self.plan());
    }

    pub fn later(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// Somebody sets the clock.
    pub fn set_clock(&mut self, seconds: i64) {
        let moved = self.now.0.checked_add(jiff::SignedDuration::from_secs(seconds));
        self.now = Time(moved.expect("it stays in range"));
    }

    fn namespace(&self) -> NamespaceSeen {
        if self.terminating.contains("prod") {
            return NamespaceSeen::Terminating;
        }
        if self.namespaces.contains("prod") { NamespaceSeen::Present } else { NamespaceSeen::Absent }
    }

    fn live(&self, stored: &Stored, tracking: &Tracking) -> Live {
        Live { deleting: stored.deleting, ..Live::of(&stored.object, tracking, stored.health.clone()) }
    }

    fn store(&mut self, mut stored: Stored) {
        self.next_uid += 1;
        let key = stored.object.key();
        let uid = self
            .cluster
            .get(&key)
            .map_or_else(|| format!("u{}", self.next_uid), |old| old.object.uid().to_owned());
        let metadata = stored.object.metadata_mut();
        metadata.insert("uid".into(), uid.into());
        metadata.insert("resourceVersion".into(), self.next_uid.to_string().into());
        metadata.entry("creationTimestamp").or_insert_with(|| self.now.to_string().into());
        if key.kind == "Namespace" {
            self.namespaces.insert(key.name.clone());
        }
        self.cluster.insert(key, stored);
    }

    fn carry_out(&mut self, action: &Action) -> Outcome {
        match action {
            Action::DryRun(apply) => {
                self.dry_runs += 1;
                let answer = match self.refuse.get(&apply.key.name) {
                    Some(words) => Answer::Refused(words.clone()),
                    None => Answer::Accepted,
                };
                self.answers.insert(apply.key.clone(), (apply.hash, answer));
                Outcome::Done(String::new())
            }
            Action::CreateNamespace { name, .. } => {
                self.writes += 1;
                self.namespaces.insert(name.clone());
                Outcome::Done(String::new())
            }
            Action::Apply(apply) => {
                self.writes += 1;
                let refused = self.refuse.get(&apply.key.name).or(self.refuse_apply.get(&apply.key.name));
                if let Some(words) = refused {
                    return Outcome::Refused(words.clone());
                }
                let namespace = &apply.key.namespace;
                assert!(
                    namespace.is_empty() || self.namespaces.contains(namespace),
                    "no namespace {namespace}"
                );
                let has_health = WITH_HEALTH.contains(&apply.key.kind.as_str());
                let code = self.comes_up.get(&apply.key.name).copied();
                let health = (has_health || code.is_some()).then(|| HealthStatus {
                    status: Some(code.unwrap_or(HealthCode::Healthy)),
                    ..HealthStatus::default()
                });
                let object = (*apply.object).clone();
                let stored = Stored {
                    object,
                    hash: Some(apply.hash),
                    health,
                    verdict: None,
                    deleting: false,
                    tracked: true,
                };
                self.store(stored);
                self.last_write = Some(self.now);
                Outcome::Done(String::new())
            }
            Action::Prune(removal) | Action::DeleteHook(removal) | Action::Delete(removal) => {
                self.writes += 1;
                let Some(stored) = self.cluster.get_mut(&removal.key) else {
                    return Outcome::Done(String::new());
                };
                assert_eq!(removal.uid, stored.object.uid(), "uid is a precondition");
                assert_eq!(
                    removal.resource_version,
                    stored.object.resource_version(),
                    "so is resourceVersion"
                );
                assert!(stored.tracked, "nothing untracked may be deleted: {}", removal.key);
                if stored.object.finalizers().next().is_some() && !removal.strip_finalizer {
                    stored.deleting = true;
                } else {
                    self.cluster.remove(&removal.key);
                }
                Outcome::Done(String::new())
            }
            Action::RemoveFinalizers { finalizers } => {
                let there = self.app["metadata"]["finalizers"].as_array_mut().expect("finalizers");
                there.retain(|one| !finalizers.iter().any(|gone| one == gone));
                Outcome::Done(String::new())
            }
        }
    }

    /// What happens, call by call, until nothing more does (or `steps` calls were made).
    pub fn story(&mut self, steps: usize) -> String {
        let mut text = String::new();
        for _ in 0..steps {
            let plan = self.step();
            let actions: Vec<&Action> = plan.batches.iter().flat_map(|batch| &batch.actions).collect();
            actions.iter().for_each(|action| writeln!(text, "{action}").expect("a text takes it"));
            if let Some(ended) = &plan.ended {
                writeln!(text, "{}: {}", ended.phase.as_str(), ended.message).expect("a text takes it");
            }
            if !actions.is_empty() || plan.ended.is_some() {
                continue;
            }
            for held in &plan.held {
                writeln!(text, "held {}: {}", held.key, held.reason).expect("a text takes it");
            }
            match plan.wake {
                Some(wake) if wake > self.now => self.now = wake,
                _ => break,
            }
        }
        text
    }
}

fn app(short: &Value) -> Value {
    let mut app = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "prod"},
            "source": {"repoURL": "https://git.example.com/shop.git", "path": "deploy"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "retry": {"limit": 0}},
        },
    });
    merge(&mut app, short);
    app
}

fn open_project() -> Value {
    json!({
        "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    })
}

/// A merge patch: null takes away.
pub fn merge(into: &mut Value, patch: &Value) {
    let (Some(map), Some(patch)) = (into.as_object_mut(), patch.as_object()) else {
        if !patch.is_null() {
            *into = patch.clone();
        }
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            map.shift_remove(key);
        } else {
            merge(map.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// `{kind: Service, name: web, wave: 1, hook: PreSync, options: Prune=false, data: x}` -> a manifest.
pub fn expand(short: &Value) -> Value {
    let kind = short["kind"].as_str().unwrap_or("ConfigMap");
    let known =
        KINDS.iter().find(|(_, known, _)| *known == kind).map_or("example.com/v1", |(version, _, _)| version);
    let mut metadata = json!({});
    for key in ["name", "generateName", "namespace", "finalizers", "creationTimestamp"] {
        if let Some(value) = short.get(key) {
            metadata[key] = value.clone();
        }
    }
    let annotations = [
        ("wave", model::annotations::SYNC_WAVE),
        ("hook", model::annotations::HOOK),
        ("deletePolicy", model::annotations::HOOK_DELETE_POLICY),
        ("options", model::annotations::SYNC_OPTIONS),
        ("compare", model::annotations::COMPARE_OPTIONS),
        ("policy", model::annotations::HELM_RESOURCE_POLICY),
    ];
    for (field, annotation) in annotations {
        if let Some(value) = short.get(field) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            metadata["annotations"][annotation] = text.into();
        }
    }
    let mut object = json!({
        "apiVersion": short["apiVersion"].as_str().unwrap_or(known), "kind": kind, "metadata": metadata,
    });
    if let Some(data) = short.get("data") {
        object["data"] = json!({"value": data});
    }
    if kind == "CustomResourceDefinition" {
        let defines = short["defines"].as_str().unwrap_or("Thing");
        object["spec"] = json!({
            "group": "example.com", "scope": "Namespaced", "names": {"kind": defines},
            "versions": [{"name": "v1", "served": true}],
        });
    }
    object
}

fn is_namespaced(object: &Object) -> bool {
    KINDS.iter().find(|(_, kind, _)| *kind == object.kind()).is_none_or(|(_, _, namespaced)| *namespaced)
}

fn group_kind(text: &str) -> GroupKind {
    let (group, kind) = text.split_once('/').unwrap_or(("", text));
    GroupKind::new(group, kind)
}

fn app_key(name: &str) -> ObjectKey {
    ObjectKey::new("argoproj.io", "Application", "argocd", name)
}

pub fn health_code(text: &str) -> HealthCode {
    serde_json::from_value(json!(text)).expect("a health code")
}

fn health(text: &str) -> HealthStatus {
    HealthStatus { status: Some(health_code(text)), ..HealthStatus::default() }
}
