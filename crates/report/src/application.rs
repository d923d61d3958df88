//! The report of one application: all that the page says about it.

use std::sync::Arc;

use model::application::{Condition, HealthCode, OperationPhase, SyncStatusCode};
use model::{ObjectKey, Time};
use rollout::Progress;

/// Which application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    /// Namespace of the Application.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl AppKey {
    /// The Application as an object.
    pub fn object(&self) -> ObjectKey {
        ObjectKey::new("argoproj.io", "Application", self.namespace.as_str(), self.name.as_str())
    }

    /// The application that an object is.
    pub fn of(object: &ObjectKey) -> Self {
        Self { namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// All that the page says about one application. Strings may hold anything a tenant can write: they are text, never
/// markup (rule R8).
#[derive(Clone, Debug, PartialEq)]
pub struct AppReport {
    /// The application.
    pub key: AppKey,
    /// The Application that it is part of, where one made it.
    pub parent: Option<AppKey>,
    /// Its project.
    pub project: String,
    /// Where its manifests come from.
    pub sources: Vec<SourceLine>,
    /// Destination server or cluster name.
    pub destination: String,
    /// Destination namespace.
    pub destination_namespace: String,
    /// Desired against live.
    pub sync: SyncStatusCode,
    /// Health of its objects.
    pub health: HealthCode,
    /// Why the health is what it is.
    pub health_message: String,
    /// One sentence of cause where it is not well, with the next step.
    pub cause: Option<String>,
    /// True where Git pushes are followed without asking.
    pub automated: bool,
    /// True while its deletion is under way.
    pub deleting: bool,
    /// The last or running sync.
    pub last_sync: Option<LastSync>,
    /// What is wrong or worth knowing.
    pub conditions: Vec<Condition>,
    /// Its objects, sorted by group, kind, namespace and name.
    pub resources: Vec<ResourceLine>,
    /// Where its Rollouts stand, by key.
    pub rollouts: Vec<(ObjectKey, Arc<Progress>)>,
    /// Successful syncs, newest first.
    pub history: Vec<HistoryLine>,
    /// Images in use.
    pub images: Vec<String>,
    /// Links of its objects; only http and https are shown as links.
    pub links: Vec<String>,
    /// When this was observed (promise S5).
    pub observed_at: Time,
}

/// One source and the revision that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// Repository, without user information.
    pub repository: String,
    /// Folder, or chart name.
    pub place: String,
    /// `Helm`, `Kustomize`, `Directory`; empty before the first render.
    pub kind: String,
    /// What the Application asks for.
    pub target_revision: String,
    /// What that is now; empty before it is known.
    pub revision: String,
    /// The commit, where it is one.
    pub commit: Option<CommitLine>,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitLine {
    /// First line of its message.
    pub subject: String,
    /// Name of its author.
    pub author: String,
    /// When it was authored.
    pub date: Option<Time>,
}

/// The last or running sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSync {
    /// How far it is.
    pub phase: OperationPhase,
    /// In a sentence.
    pub message: String,
    /// Revision.
    pub revision: String,
    /// When it started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// Retries so far.
    pub retries: i64,
}

/// One object of the application.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceLine {
    /// The object.
    pub key: ObjectKey,
    /// API version of its manifest.
    pub version: String,
    /// Desired against live; none for hooks.
    pub sync: Option<SyncStatusCode>,
    /// Its health; none for kinds without an opinion.
    pub health: Option<HealthCode>,
    /// Why the health is what it is.
    pub health_message: String,
    /// Its wave.
    pub wave: i64,
    /// True for a hook.
    pub hook: bool,
    /// True where only the cluster has it.
    pub requires_pruning: bool,
    /// Why nothing happens to it, or what the last sync said of it.
    pub note: String,
    /// By which Rollout which fields are held; empty where none are.
    pub held_by: String,
    /// The difference as unified text, Secrets masked.
    pub diff: Option<Arc<str>>,
    /// File and line of its manifest.
    pub origin: String,
    /// Objects that its controller has made.
    pub children: Vec<TreeNode>,
}

/// An object below a managed one.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeNode {
    /// The object.
    pub key: ObjectKey,
    /// Its health; none for kinds without an opinion.
    pub health: Option<HealthCode>,
    /// Why.
    pub health_message: String,
    /// When it was made, as the server wrote it.
    pub created: String,
    /// Images of its pod.
    pub images: Vec<String>,
    /// Objects below it.
    pub children: Vec<TreeNode>,
}

/// One successful sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// Counts up.
    pub id: i64,
    /// Revision.
    pub revision: String,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub deployed_at: Option<Time>,
    /// `automated`, or a user's name.
    pub initiated_by: String,
    /// The commit, where it is known.
    pub commit: Option<CommitLine>,
}
