//! Why something is not done: reasons that the page prints.

use model::key::ObjectKey;
use model::time::Time;

/// Something that is not done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The object; the Application itself where the whole is held.
    pub key: ObjectKey,
    /// Why.
    pub reason: HoldReason,
}

/// Why something is not done now. `Display` is a sentence for the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoldReason {
    /// Automated sync is off.
    #[error("automated sync is off: ask for a sync, or set spec.syncPolicy.automated")]
    AutomationOff,
    /// The comparison is not known, so nothing is changed.
    #[error("nothing is changed while the comparison is Unknown")]
    ComparisonUnknown,
    /// A sync of this revision has failed for good.
    #[error("the sync of {revision} has failed: it is tried again when the source changes")]
    AlreadyFailed {
        /// The revision.
        revision: String,
    },
    /// The object drifted and self-heal is off.
    #[error("the cluster has drifted since the last sync and selfHeal is off")]
    SelfHealOff,
    /// Self-heal waits.
    #[error("self-heal waits until {until}, after {attempts} in a row")]
    SelfHealBackoff {
        /// When it goes on.
        until: Time,
        /// How often it healed at this revision.
        attempts: i64,
    },
    /// A failed sync waits for its retry.
    #[error("retry {attempt} starts at {until}")]
    RetryBackoff {
        /// When it starts.
        until: Time,
        /// Which retry.
        attempt: i64,
    },
    /// A sync window is closed.
    #[error("outside of the project's sync windows")]
    OutsideWindow,
    /// An earlier wave is not healthy yet.
    #[error("waiting for wave {wave} of {phase}: {waiting_for} is {health}")]
    EarlierWave {
        /// The phase that is waited for.
        phase: &'static str,
        /// Its wave.
        wave: i64,
        /// The first object that is not there yet.
        waiting_for: ObjectKey,
        /// What it is instead.
        health: String,
    },
    /// A wave has just been applied; health is read a moment later.
    #[error("the next wave starts at {until}")]
    WaveDelay {
        /// When.
        until: Time,
    },
    /// A hook runs.
    #[error("waiting for completion of hook {hook}")]
    HookRunning {
        /// The hook.
        hook: ObjectKey,
    },
    /// A hook of an earlier run is being deleted.
    #[error("waiting for deletion of the hook's earlier run")]
    HookDeleting,
    /// The object is being deleted.
    #[error("it is being deleted{}; it is made again once it is gone", waits_on(finalizers))]
    Terminating {
        /// Finalizers it waits for.
        finalizers: Vec<String>,
    },
    /// A pruned object of an earlier wave is not gone yet.
    #[error("waiting for deletion of {waiting_for}{}", waits_on(finalizers))]
    AwaitingDeletion {
        /// The object.
        waiting_for: ObjectKey,
        /// Finalizers it waits for.
        finalizers: Vec<String>,
    },
    /// The destination namespace is being deleted.
    #[error("namespace {namespace} is being deleted: waiting until it is gone")]
    NamespaceTerminating {
        /// The namespace.
        namespace: String,
    },
    /// Whether the destination namespace exists is not known.
    #[error("namespace {namespace} could not be read: {why}")]
    NamespaceUnknown {
        /// The namespace.
        namespace: String,
        /// The server's words.
        why: String,
    },
    /// Discovery did not answer for the kind.
    #[error("the API group {group} does not answer: {why}")]
    DiscoveryUnknown {
        /// The group.
        group: String,
        /// The server's words.
        why: String,
    },
    /// A Namespace or CustomResourceDefinition of the set must be there first.
    #[error("waiting for {prerequisite}")]
    AwaitingPrerequisite {
        /// The object.
        prerequisite: ObjectKey,
    },
    /// A prune or deletion must be confirmed.
    #[error(
        "deletion must be confirmed: set the annotation argocd.argoproj.io/deletion-approved on the Application"
    )]
    AwaitingConfirmation,
    /// The object could not be looked at, so nothing is done to it.
    #[error("it could not be read, so it is left alone: {why}")]
    CouldNotBeRead {
        /// The server's words.
        why: String,
    },
    /// Pruning is off.
    #[error(
        "it is no longer in the source and prune is off: ask for a sync with prune, or set automated.prune"
    )]
    PruneOff,
    /// The object must not be pruned.
    #[error("it is no longer in the source and is not pruned: {why}")]
    NotPruned {
        /// Which rule keeps it.
        why: &'static str,
    },
    /// Another Application claims the object too.
    #[error("Application {other} claims it too: take it out of one of them")]
    Shared {
        /// The other Application.
        other: String,
    },
    /// The project is missing, so nothing may be deleted.
    #[error(
        "AppProject {project} does not exist: make it again, so that the Application's objects can be deleted"
    )]
    ProjectMissing {
        /// The project.
        project: String,
    },
    /// The destination is a cluster that this agent does not reach.
    #[error("{why}: nothing can be deleted there")]
    ClusterNotServed {
        /// Which cluster, in words.
        why: String,
    },
    /// Hooks around a deletion cannot be read.
    #[error("hooks of the deletion cannot be run, for the source cannot be rendered: {why}")]
    DeletionHooks {
        /// The render's words.
        why: String,
    },
}

fn waits_on(finalizers: &[String]) -> String {
    if finalizers.is_empty() { String::new() } else { format!(" (finalizers: {})", finalizers.join(", ")) }
}
