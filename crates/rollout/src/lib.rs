//! Progressive delivery as a pure machine: a Rollout, what was observed and the time make a [`Decision`].
//!
//! [`observed`] is everything the machine may look at, [`decide()`] names every action in a safe order, the status as it
//! must be written, why nothing more happens, and when to look again. All memory is in the objects themselves: a stop
//! after any action leaves a state from which the next decision goes on.
//!
//! Who drives it: read what [`needs`] and [`traffic::needs`] name into an [`Observed`], [`decide()`], carry the actions
//! out one by one, write [`status_patch`], record the events, and look again when something changes or at
//! [`Decision::wake`]. Moments of the written status go into [`Observed::exact`] of the next look. Experiments have
//! [`experiment::decide`]. [`simulate`] does all that in memory.

pub mod analysis;
mod approve;
mod blue_green;
mod canary;
mod change;
mod conditions;
mod counts;
mod decide;
pub mod decision;
pub mod duration;
pub mod experiment;
mod experiments;
pub mod hash;
mod metadata;
pub mod needs;
pub mod observed;
mod old;
mod pass;
mod pauses;
pub mod progress;
mod promotion;
pub mod references;
mod refused;
pub mod replicas;
mod restart;
mod revision;
mod run_spec;
mod runs;
mod scale;
mod services;
pub mod simulate;
mod status;
mod steps;
pub mod template;
pub mod traffic;
pub mod unreadable;
mod validate;
mod view;
mod weights;
mod workload;

pub use approve::APPROVE;
pub use decide::decide;
pub use decision::{Action, Decision, Event, Held, HoldReason};
pub use needs::looks_at_pods;
pub use observed::{
    AnalysisRun, AnalysisTemplate, Experiment, Meta, Observed, Options, Pod, ReplicaSet, Rollout, Routes,
    Service, Workload,
};
pub use progress::Progress;
pub use refused::refused;
pub use services::release;
pub use status::{is_news, patch as status_patch};
pub use validate::problems;

/// Label with the hash of the pod template: on ReplicaSets, pods, runs and in the selectors of Services.
pub const HASH_LABEL: &str = "rollouts-pod-template-hash";
/// Annotation with the revision, on the Rollout and all it makes.
pub const REVISION: &str = "rollout.argoproj.io/revision";
/// Annotation of a ReplicaSet with the revisions it had before.
pub const REVISION_HISTORY: &str = "rollout.argoproj.io/revision-history";
/// Annotation of a ReplicaSet with the `spec.replicas` last applied.
pub const DESIRED_REPLICAS: &str = "rollout.argoproj.io/desired-replicas";
/// Annotation of a Rollout with the generation of its workload.
pub const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";
/// Annotation of a ReplicaSet with the metadata that was put on its pods.
pub const EPHEMERAL_METADATA: &str = "rollout.argoproj.io/ephemeral-metadata";
/// Annotation of a ReplicaSet: when it may go to zero.
pub const SCALE_DOWN_DEADLINE: &str = "scale-down-deadline";
/// Annotation of Services and DestinationRules: which Rollout manages them.
pub const MANAGED_BY: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";
/// Label that shards objects between controllers.
pub const INSTANCE_ID: &str = "argo-rollouts.argoproj.io/controller-instance-id";
