//! What is to be done: every action with its precondition, the status, and why nothing more happens.

use std::collections::BTreeMap;
use std::fmt;

use model::rollout::RolloutStatus;
use model::{Gvk, Object, Time};

use crate::traffic::{Desired, RouteWrite};

/// What to do now. Actions are carried out in their order; the first that fails ends the run, and the status of an
/// unfinished run is not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Actions in a safe order.
    pub actions: Vec<Action>,
    /// The status as it must be after the actions; written last, and only where it differs.
    pub status: RolloutStatus,
    /// What is told to people after the actions and the status are written.
    pub events: Vec<Event>,
    /// Why nothing more happens.
    pub held: Vec<Held>,
    /// When to decide again at the latest; events may come earlier.
    pub wake: Option<Time>,
}

/// An object that is changed, with what makes the change safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// It must still be this very object.
    pub uid: String,
    /// It must not have changed since, where this is not empty.
    pub resource_version: String,
}

/// One action: one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Makes a ReplicaSet, at zero pods.
    CreateReplicaSet(Object),
    /// Makes an orphan a ReplicaSet of the Rollout.
    AdoptReplicaSet(Target),
    /// Changes a ReplicaSet.
    PatchReplicaSet(ReplicaSetPatch),
    /// Deletes an old ReplicaSet.
    DeleteReplicaSet(Target),
    /// Points a Service at a version.
    PatchService(ServicePatch),
    /// Changes an object of a router.
    WriteRoute(RouteWrite),
    /// Asks a router that is only assumed (see [`crate::Routes::Assumed`]).
    AssumeRoute(Box<Desired>),
    /// Begins an analysis.
    CreateAnalysisRun(Object),
    /// Ends an analysis (`spec.terminate`).
    TerminateAnalysisRun(Target),
    /// Deletes a finished analysis.
    DeleteAnalysisRun(Target),
    /// Begins an experiment.
    CreateExperiment(Object),
    /// Ends an experiment (`spec.terminate`).
    TerminateExperiment(Target),
    /// Deletes a finished experiment.
    DeleteExperiment(Target),
    /// Makes a Service for a version of an experiment.
    CreateService(Object),
    /// Deletes a Service of an experiment.
    DeleteService(Target),
    /// Changes fields of the Rollout that are not its status.
    PatchRollout(RolloutPatch),
    /// Scales what `workloadRef` names.
    ScaleWorkload {
        /// Its kind.
        gvk: Gvk,
        /// It.
        target: Target,
        /// Pods it has by its spec.
        from: i32,
        /// Pods it gets.
        to: i32,
    },
    /// Evicts a pod; a refusal by a disruption budget (429) is no failure, the pod is tried again later.
    EvictPod(Target),
    /// Changes labels and annotations of a pod; none takes one away.
    PatchPod {
        /// The pod.
        target: Target,
        /// Labels.
        labels: BTreeMap<String, Option<String>>,
        /// Annotations.
        annotations: BTreeMap<String, Option<String>>,
    },
}

/// Changes of one ReplicaSet; what is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaSetPatch {
    /// The ReplicaSet.
    pub target: Target,
    /// Pods it must have by its spec for the change to be made, and pods it gets.
    pub replicas: Option<(i32, i32)>,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: Option<i32>,
    /// Annotations; none takes one away.
    pub annotations: BTreeMap<String, Option<String>>,
    /// Labels of its pod template; none takes one away.
    pub template_labels: BTreeMap<String, Option<String>>,
    /// Annotations of its pod template; none takes one away.
    pub template_annotations: BTreeMap<String, Option<String>>,
    /// `spec.template.spec.affinity`, whole.
    pub affinity: Option<serde_json::Value>,
}

/// Changes of one Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePatch {
    /// The Service.
    pub target: Target,
    /// Hash in its selector; none takes the key away.
    pub hash: Option<String>,
    /// Name of the Rollout for the annotation that says who manages it; none leaves or takes it away with the hash.
    pub managed_by: Option<String>,
}

/// Changes of a Rollout beside its status; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutPatch {
    /// The Rollout.
    pub target: Target,
    /// `spec.replicas`.
    pub replicas: Option<i32>,
    /// `spec.paused`.
    pub paused: Option<bool>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What is told to people, as an Event on the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// True for a Warning.
    pub warning: bool,
    /// In a word, upstream's.
    pub reason: String,
    /// In a sentence.
    pub message: String,
}

/// One thing that does not happen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub reason: HoldReason,
    /// In a sentence, with names and numbers.
    pub message: String,
}

/// Why something does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldReason {
    /// The spec, or something it names, is wrong or missing.
    InvalidSpec,
    /// `spec.paused`.
    ManuallyPaused,
    /// A pause without a length: a human or a commit must approve.
    AwaitingPromotion,
    /// A pause with a length.
    PauseStep,
    /// An analysis or an experiment could not tell good from bad.
    Inconclusive,
    /// Pods are not there yet.
    PodsNotAvailable,
    /// The stable side has too few pods to take the traffic.
    StableNotAvailable,
    /// A measurement is under way.
    AnalysisRunning,
    /// An experiment is under way.
    ExperimentRunning,
    /// The router has not followed, or cannot be written.
    Router,
    /// A Service may not be switched yet.
    ServiceNotReady,
    /// Old pods stay until their deadline.
    ScaleDownDelay,
    /// Given up: waits for Git to move, or for a retry.
    Aborted,
    /// Pods are being replaced.
    Restarting,
    /// A step that nobody here can carry out.
    UnsupportedStep,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.reason, self.message)
    }
}

impl Decision {
    /// True where nothing is to be done or written.
    pub fn is_quiet(&self, before: &RolloutStatus) -> bool {
        self.actions.is_empty() && self.events.is_empty() && self.status == *before
    }
}
