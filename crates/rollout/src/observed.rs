//! Everything the machine may look at: plain values, read once from what the shell has.

use std::collections::BTreeMap;

use model::analysis::{AnalysisRunSpec, AnalysisRunStatus, AnalysisTemplateSpec};
use model::experiment::{ExperimentSpec, ExperimentStatus};
use model::rollout::{RolloutSpec, RolloutStatus};
use model::{Gvk, Object, Time};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{traffic, unreadable};

/// The world of one Rollout at one moment.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The Rollout itself.
    pub rollout: Rollout,
    /// What `spec.workloadRef` names.
    pub workload: Workload,
    /// ReplicaSets that the Rollout owns, those of its experiments left out, and orphans that its selector matches.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pods of these ReplicaSets.
    pub pods: Vec<Pod>,
    /// Services that the Rollout names; a missing one is missing here.
    pub services: Vec<Service>,
    /// What the routers' objects say.
    pub routes: Routes,
    /// AnalysisRuns that the Rollout owns. One that the status names and a cache does not have yet is read live: what
    /// is missing here is gone, and is made anew.
    pub analysis_runs: Vec<AnalysisRun>,
    /// Experiments that the Rollout owns, read as its runs are.
    pub experiments: Vec<Experiment>,
    /// AnalysisTemplates of the namespace and ClusterAnalysisTemplates.
    pub templates: Vec<AnalysisTemplate>,
    /// Names that could not be given to something new, where a live read showed that what has the name belongs to
    /// someone else or is on its way out.
    pub taken: Vec<String>,
    /// Moments that this process wrote into the status, with their parts of a second: on paper are whole seconds.
    pub exact: Vec<Time>,
    /// How this installation is set up.
    pub options: Options,
}

/// How this installation is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Label value of the objects that are this controller's; none where empty.
    pub instance_id: String,
}

/// Where the pod template comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Workload {
    /// `spec.template` of the Rollout.
    #[default]
    Own,
    /// The object that `workloadRef` names.
    Found(Object),
    /// `workloadRef` names an object that is not there.
    Missing,
}

/// What the routers' objects say.
#[derive(Clone, Debug, PartialEq)]
pub enum Routes {
    /// The objects that [`traffic::needs`] names, as they are; a missing one is missing here.
    Seen(Vec<Object>),
    /// No router is looked at, as in a simulation: what was last asked of it.
    Assumed(Option<Box<traffic::Desired>>),
}

/// Identity of an object, and what its owner and the server say about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Resource version.
    pub resource_version: String,
    /// Generation.
    pub generation: i64,
    /// When it was made.
    pub created: Option<Time>,
    /// True once a deletion was asked for.
    pub deleting: bool,
    /// UID of its controller; empty for an orphan.
    pub controller: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A Rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Identity.
    pub meta: Meta,
    /// What is wanted.
    pub spec: RolloutSpec,
    /// What was last written about it.
    pub status: RolloutStatus,
    /// The object as it came, for arguments that name one of its fields.
    pub object: Object,
}

/// A ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaSet {
    /// Identity.
    pub meta: Meta,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.selector`.
    pub selector: Value,
    /// `spec.template`.
    pub template: Value,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// `status.replicas`.
    pub current: i32,
    /// `status.readyReplicas`.
    pub ready: i32,
    /// `status.availableReplicas`.
    pub available: i32,
    /// Reason and message of its condition ReplicaFailure.
    pub failure: Option<(String, String)>,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    /// Identity; its controller is its ReplicaSet.
    pub meta: Meta,
    /// True while its condition Ready is.
    pub ready: bool,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Identity.
    pub meta: Meta,
    /// `spec.selector`.
    pub selector: BTreeMap<String, String>,
}

/// An AnalysisRun.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnalysisRun {
    /// Identity.
    pub meta: Meta,
    /// What is measured.
    pub spec: AnalysisRunSpec,
    /// What came of it.
    pub status: AnalysisRunStatus,
}

/// An Experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Identity.
    pub meta: Meta,
    /// What is compared.
    pub spec: ExperimentSpec,
    /// What came of it.
    pub status: ExperimentStatus,
}

/// An AnalysisTemplate, or a ClusterAnalysisTemplate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnalysisTemplate {
    /// Name.
    pub name: String,
    /// True for a ClusterAnalysisTemplate.
    pub cluster_scope: bool,
    /// What it says.
    pub spec: AnalysisTemplateSpec,
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{kind} {name} cannot be read: {field} has an unexpected shape")]
pub struct ReadError {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Path of the field.
    pub field: String,
    /// How so.
    pub source: serde_json::Error,
}

impl Meta {
    /// Identity of an object.
    pub fn read(object: &Object) -> Self {
        let created = object.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        let controller = object.owner_references().iter().find(|owner| owner["controller"] == true);
        Self {
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            generation: object.generation(),
            created: created.and_then(|text| text.parse().ok()),
            deleting: object.is_deleting(),
            controller: controller.and_then(|owner| owner["uid"].as_str()).unwrap_or_default().to_owned(),
            labels: owned(object.labels()),
            annotations: owned(object.annotations()),
        }
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// The hash label; empty where there is none.
    pub fn hash(&self) -> &str {
        self.label(crate::HASH_LABEL).unwrap_or_default()
    }

    /// The revision; 0 where there is none.
    pub fn revision(&self) -> i64 {
        self.annotation(crate::REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl Rollout {
    /// Reads a Rollout. Fails where a field has an unexpected shape.
    pub fn read(object: &Object) -> Result<Self, ReadError> {
        Ok(Self {
            meta: Meta::read(object),
            spec: part(object, "spec")?,
            status: part(object, "status")?,
            object: object.clone(),
        })
    }
}

impl ReplicaSet {
    /// Reads a ReplicaSet; what is missing counts as zero.
    pub fn read(object: &Object) -> Self {
        let number = |pointer| object.pointer(pointer).and_then(Value::as_i64);
        let small =
            |pointer, missing| number(pointer).map_or(missing, |n| i32::try_from(n).unwrap_or(i32::MAX));
        Self {
            meta: Meta::read(object),
            replicas: small("/spec/replicas", 1),
            min_ready_seconds: small("/spec/minReadySeconds", 0),
            selector: object.pointer("/spec/selector").cloned().unwrap_or_default(),
            template: object.pointer("/spec/template").cloned().unwrap_or_default(),
            observed_generation: number("/status/observedGeneration").unwrap_or(0),
            current: small("/status/replicas", 0),
            ready: small("/status/readyReplicas", 0),
            available: small("/status/availableReplicas", 0),
            failure: failure(object),
        }
    }
}

impl Pod {
    /// Reads a pod.
    pub fn read(object: &Object) -> Self {
        Self { meta: Meta::read(object), ready: condition(object, "Ready").is_some() }
    }
}

impl Service {
    /// Reads a Service.
    pub fn read(object: &Object) -> Self {
        let selector = object.pointer("/spec/selector").and_then(Value::as_object);
        let texts =
            selector.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        Self { meta: Meta::read(object), selector: owned(texts) }
    }
}

impl AnalysisRun {
    /// Reads an AnalysisRun. Fails where a field has an unexpected shape.
    pub fn read(object: &Object) -> Result<Self, ReadError> {
        let status: Option<AnalysisRunStatus> = part(object, "status")?;
        Ok(Self { meta: Meta::read(object), spec: part(object, "spec")?, status: status.unwrap_or_default() })
    }

    /// As whoever waits for it sees it: one whose spec cannot be read has ended in an error. Fails where its status
    /// cannot be read.
    pub fn seen(object: &Object) -> Result<Self, ReadError> {
        Self::read(object).or_else(|error| {
            let status: Option<AnalysisRunStatus> = part(object, "status")?;
            let meta = Meta::read(object);
            let status = unreadable::analysis_run(&status.unwrap_or_default(), &error, meta.created);
            Ok(Self { meta, spec: AnalysisRunSpec::default(), status })
        })
    }
}

impl Experiment {
    /// Reads an Experiment. Fails where a field has an unexpected shape.
    pub fn read(object: &Object) -> Result<Self, ReadError> {
        Ok(Self { meta: Meta::read(object), spec: part(object, "spec")?, status: part(object, "status")? })
    }
}

impl AnalysisTemplate {
    /// Reads an AnalysisTemplate or a ClusterAnalysisTemplate. Fails where a field has an unexpected shape.
    pub fn read(object: &Object) -> Result<Self, ReadError> {
        Ok(Self {
            name: object.name().to_owned(),
            cluster_scope: object.kind() == "ClusterAnalysisTemplate",
            spec: part(object, "spec")?,
        })
    }
}

/// Kind of the objects that hold a pod template for a Rollout.
pub fn workload_kinds() -> [Gvk; 3] {
    [Gvk::new("apps/v1", "Deployment"), Gvk::new("apps/v1", "ReplicaSet"), Gvk::new("v1", "PodTemplate")]
}

fn part<T: DeserializeOwned + Default>(object: &Object, field: &'static str) -> Result<T, ReadError> {
    let Some(value) = object.get(field).filter(|value| !value.is_null()) else { return Ok(T::default()) };
    serde_path_to_error::deserialize(value).map_err(|error| ReadError {
        kind: object.kind().to_owned(),
        name: object.name().to_owned(),
        field: match error.path().to_string().as_str() {
            "." => field.to_owned(),
            path => format!("{field}.{path}"),
        },
        source: error.into_inner(),
    })
}

fn failure(object: &Object) -> Option<(String, String)> {
    let condition = condition(object, "ReplicaFailure")?;
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    Some((text("reason"), text("message")))
}

/// A condition whose status is `True`.
fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn owned<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    texts.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
