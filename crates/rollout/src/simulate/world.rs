//! The objects of the little cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Object, Time};
use serde_json::{Value, json};

use super::measure::Readings;
use super::pods::{PodRule, Pods};
use crate::observed::{
    AnalysisRun, AnalysisTemplate, Experiment, Observed, Options, Pod, ReadError, ReplicaSet, Rollout,
    Routes, Service, Workload,
};
use crate::traffic;

/// The little cluster.
#[derive(Clone, Debug)]
pub struct World {
    /// The time.
    pub now: Time,
    /// The Rollout.
    pub rollout: Object,
    /// How pods come up: the first rule whose text is in an image of the pod; at once where none is.
    pub pod_rules: Vec<PodRule>,
    /// What providers answer; metrics that are not named are not measured.
    pub readings: Vec<Readings>,
    pub(super) next_measurement: Option<Time>,
    pub(super) workload: Option<Object>,
    pub(super) sets: Vec<Object>,
    pub(super) pods: BTreeMap<String, Pods>,
    pub(super) services: Vec<Object>,
    pub(super) routes: Option<Vec<Object>>,
    pub(super) assumed: Option<Box<traffic::Desired>>,
    pub(super) runs: Vec<Object>,
    pub(super) experiments: Vec<Object>,
    pub(super) templates: Vec<Object>,
    pub(super) exact: Vec<Time>,
    pub(super) made: u64,
}

impl World {
    /// A cluster with these objects at this time. The first Rollout is the one that is played; Services that it names
    /// and that are not among the objects are made. Routers are looked at only where one of their objects is there.
    pub fn new(objects: Vec<Object>, now: Time) -> Option<Self> {
        let mut world = Self {
            now,
            rollout: objects.iter().find(|object| object.kind() == "Rollout")?.clone(),
            pod_rules: Vec::new(),
            readings: Vec::new(),
            next_measurement: None,
            workload: None,
            sets: Vec::new(),
            pods: BTreeMap::new(),
            services: Vec::new(),
            routes: None,
            assumed: None,
            runs: Vec::new(),
            experiments: Vec::new(),
            templates: Vec::new(),
            exact: Vec::new(),
            made: 0,
        };
        let mut rollout = world.rollout.clone();
        world.admit(&mut rollout);
        world.rollout = rollout;
        for object in objects {
            world.add(object);
        }
        world.make_services();
        Some(world)
    }

    /// Puts an object into the cluster.
    pub fn add(&mut self, mut object: Object) {
        self.admit(&mut object);
        match object.kind() {
            "Rollout" => {}
            "Service" => self.services.push(object),
            "ReplicaSet" => {
                self.adopt_pods(&object);
                self.sets.push(object);
            }
            "AnalysisRun" => self.runs.push(object),
            "Experiment" => self.experiments.push(object),
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => self.templates.push(object),
            "Deployment" | "PodTemplate" => self.workload = Some(object),
            _ => self.routes.get_or_insert_default().push(object),
        }
    }

    /// What can be seen now.
    ///
    /// # Errors
    /// When an object has a field of an unexpected shape.
    pub fn observe(&self) -> Result<Observed, ReadError> {
        let rollout = Rollout::read(&self.rollout)?;
        let workload = match (&rollout.spec.workload_ref, &self.workload) {
            (None, _) => Workload::Own,
            (Some(_), None) => Workload::Missing,
            (Some(_), Some(object)) => Workload::Found(object.clone()),
        };
        let routes = match &self.routes {
            None => Routes::Assumed(self.assumed.clone()),
            Some(objects) => Routes::Seen(objects.clone()),
        };
        Ok(Observed {
            rollout,
            workload,
            replica_sets: self.sets.iter().map(ReplicaSet::read).collect(),
            pods: self.all_pods(),
            services: self.services.iter().map(Service::read).collect(),
            routes,
            analysis_runs: self.runs.iter().map(AnalysisRun::read).collect::<Result<_, _>>()?,
            experiments: self.experiments.iter().map(Experiment::read).collect::<Result<_, _>>()?,
            templates: self.templates.iter().map(AnalysisTemplate::read).collect::<Result<_, _>>()?,
            taken: Vec::new(),
            exact: self.exact.clone(),
            options: Options::default(),
        })
    }

    /// Changes the spec or the metadata of the Rollout as a user does, by a merge patch.
    pub fn edit(&mut self, patch: &Value) {
        let mut value = self.rollout.to_value();
        merge(&mut value, patch);
        value["metadata"]["generation"] = (self.rollout.generation() + 1).into();
        self.rollout = Object::from_value(value).expect("a map was merged into a map");
    }

    /// Changes the status of the Rollout as tools do, by a merge patch.
    pub fn edit_status(&mut self, patch: &Value) {
        let mut value = self.rollout.to_value();
        merge(&mut value, &json!({"status": patch}));
        self.rollout = Object::from_value(value).expect("a map was merged into a map");
    }

    /// Gives the AnalysisRun (or the Experiment) of a name its verdict; false where there is none.
    pub fn judge(&mut self, name: &str, phase: &str, message: &str) -> bool {
        let mut found = self.runs.iter_mut().chain(&mut self.experiments).filter(|run| run.name() == name);
        let Some(run) = found.next() else { return false };
        let status = json!({"phase": phase, "message": message});
        run.fields_mut().insert("status".into(), status);
        true
    }

    /// The ReplicaSets, oldest first.
    pub fn sets(&self) -> impl Iterator<Item = &Object> {
        self.sets.iter()
    }

    /// What `workloadRef` names.
    pub fn workload(&self) -> Option<&Object> {
        self.workload.as_ref()
    }

    /// The objects of routers.
    pub fn routes(&self) -> impl Iterator<Item = &Object> {
        self.routes.iter().flatten()
    }

    /// Objects that a router or a user changes by hand.
    pub fn routes_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.routes.iter_mut().flatten()
    }

    /// The AnalysisRuns, oldest first.
    pub fn runs(&self) -> &[Object] {
        &self.runs
    }

    /// The AnalysisRuns, to measure for.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.runs.iter_mut()
    }

    /// Lets time pass.
    pub fn pass(&mut self, length: Duration) {
        self.now = self.now.plus(length);
        self.run_pods();
    }

    /// What the server fills in when an object comes.
    pub(super) fn admit(&mut self, object: &mut Object) {
        self.made += 1;
        let (uid, now) = (format!("uid-{}", self.made), self.now.to_string());
        let metadata = object.metadata_mut();
        metadata.entry("namespace").or_insert_with(|| "default".into());
        metadata.entry("uid").or_insert_with(|| uid.into());
        metadata.entry("resourceVersion").or_insert_with(|| "1".into());
        metadata.entry("generation").or_insert_with(|| 1.into());
        metadata.entry("creationTimestamp").or_insert_with(|| now.into());
    }

    fn make_services(&mut self) {
        let strategy = self.rollout.pointer("/spec/strategy").cloned().unwrap_or_default();
        let selector = self.rollout.pointer("/spec/selector/matchLabels").cloned().unwrap_or_default();
        let fields = [
            "/canary/canaryService",
            "/canary/stableService",
            "/canary/pingPong/pingService",
            "/canary/pingPong/pongService",
            "/blueGreen/activeService",
            "/blueGreen/previewService",
        ];
        for name in fields.into_iter().filter_map(|field| strategy.pointer(field)?.as_str()) {
            if self.services.iter().any(|service| service.name() == name) {
                continue;
            }
            let service = json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": name},
                "spec": {"selector": selector},
            });
            self.add(Object::from_value(service).expect("it is written as a map above"));
        }
    }

    fn all_pods(&self) -> Vec<Pod> {
        let of = |set: &Object| {
            let template = set.pointer("/spec/template").cloned().unwrap_or_default();
            let pods = self.pods.get(set.name());
            let pods = pods.map(|pods| pods.observe(set, &template, self.now));
            pods.into_iter().flatten().collect::<Vec<_>>()
        };
        self.sets.iter().flat_map(of).collect()
    }
}

/// RFC 7386.
pub(super) fn merge(value: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, change) in fields {
        if change.is_null() {
            value.as_object_mut().map(|map| map.shift_remove(key));
        } else {
            merge(&mut value[key], change);
        }
    }
}
