//! Desired, live, verdicts, policy, progress and the time -> Plan: every action in order, and why the rest waits.
//!
//! [`plan`] is called again and again until nothing is to do. All it remembers between calls is in the
//! Application's `status.operationState` and `status.resources`, so a stop at any point leaves a state from which
//! the next call goes on (promise S3). Nothing blocks: waiting is data ([`Plan::held`], [`Plan::wake`]).
//!
//! By default only what differs is applied, which is all that server-side apply would change; what is already as
//! wanted gets its result row without a request.

mod board;
mod cause;
mod conditions;
mod cycles;
mod deletion;
mod discovery;
mod display;
mod gates;
mod held;
mod hooks;
mod input;
mod operation;
mod options;
mod order;
mod outcome;
mod prerequisites;
mod prune;
mod removed;
mod run;
mod tasks;
mod turn;
mod validate;
mod verdict;

use model::application::{Condition, OperationState, ResourceStatus, SyncStatusCode};
use model::time::Time;

pub use cause::cause;
pub use cycles::cycles;
pub use display::Show;
pub use gates::{Pinned, pinned};
pub use held::{Held, HoldReason};
pub use input::{Answer, Input, Item, Live, NamespaceSeen, Pace, Revision, Seen, join};
pub use operation::keeps_history;
pub use outcome::{Outcome, object_words, record};

use std::collections::BTreeMap;
use std::sync::Arc;

use model::annotations::Phase;
use model::key::{Gvk, ObjectKey};
use model::object::Object;

/// What to do now, in order, and why the rest is not done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Actions: batches one after the other, the actions of one batch side by side. A failure stops no later batch.
    pub batches: Vec<Batch>,
    /// What is not done, with its reason.
    pub held: Vec<Held>,
    /// When to plan again at the latest; events may come earlier.
    pub wake: Option<Time>,
    /// The operation as it is to be recorded; none where it has not changed.
    pub operation: Option<OperationState>,
    /// The operation that ended in this call (also one that a newer revision has overtaken). Plan again at once.
    pub ended: Option<OperationState>,
    /// True where the request in the Application's `operation` is done with and is to be taken away.
    pub clear_request: bool,
    /// True where `operation` must be written before the actions are carried out: a hook must not run twice.
    pub record_first: bool,
    /// Desired against live.
    pub sync: Compared,
    /// `status.conditions` as they are to be: this plan's own and those of other owners.
    pub conditions: Vec<Condition>,
}

/// Desired against live, for the whole and for each object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// The Application's verdict.
    pub status: SyncStatusCode,
    /// `status.resources`, sorted by key.
    pub resources: Vec<ResourceStatus>,
}

/// Actions that may run side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The phase they belong to.
    pub phase: Phase,
    /// Their wave.
    pub wave: i64,
    /// The actions; never empty.
    pub actions: Vec<Action>,
}

/// One change to the cluster, or the question whether it would be accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask the server whether it would accept this. Forget an older answer first.
    DryRun(Apply),
    /// Make or label the destination namespace. It is not tracked, so it is never pruned.
    CreateNamespace {
        /// Its name.
        name: String,
        /// Labels it must have.
        labels: BTreeMap<String, String>,
        /// Annotations it must have.
        annotations: BTreeMap<String, String>,
    },
    /// Apply one object.
    Apply(Apply),
    /// Delete an object that the source no longer holds.
    Prune(Removal),
    /// Delete a hook.
    DeleteHook(Removal),
    /// Delete an object because its Application goes.
    Delete(Removal),
    /// Take finalizers off the Application itself.
    RemoveFinalizers {
        /// Which.
        finalizers: Vec<String>,
    },
}

/// One object to apply, with all its options.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    /// Which object.
    pub key: ObjectKey,
    /// Its kind at the version it is written in.
    pub gvk: Gvk,
    /// The object.
    pub object: Arc<Object>,
    /// Its content hash: an answer to a dry run holds for this hash and the live `resourceVersion`.
    pub hash: u64,
    /// Phase of its row in the result.
    pub phase: Phase,
    /// Hook type where it is one.
    pub hook: bool,
    /// How it is written.
    pub how: How,
    /// Deletes and makes it again where it cannot be changed.
    pub force: bool,
    /// Strict field validation; without it unknown fields are ignored.
    pub validate: bool,
    /// Ignored fields keep their live values.
    pub respect_ignore_differences: bool,
    /// Takes fields of earlier client-side managers over, once.
    pub take_over: bool,
    /// What the plan saw.
    pub expects: Expects,
}

/// How an object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// Server-side apply; the default here, unlike upstream.
    #[default]
    ServerSide,
    /// Client-side apply: `ServerSideApply=false`.
    ClientSide,
    /// Create or replace: `Replace=true`.
    Replace,
}

/// What a plan saw of an object: where it is otherwise now, the plan is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expects {
    /// It did not exist.
    Absent,
    /// It existed as this.
    Present {
        /// Its uid.
        uid: String,
        /// Its `resourceVersion`; a precondition of replacing, not of server-side apply.
        resource_version: String,
    },
}

/// One object to delete, with its preconditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Which object.
    pub key: ObjectKey,
    /// The API version it was read at.
    pub version: String,
    /// Precondition.
    pub uid: String,
    /// Precondition.
    pub resource_version: String,
    /// How dependents go.
    pub propagation: Propagation,
    /// Phase of its row in the result.
    pub phase: Phase,
    /// True where upstream's hook finalizer must be taken off first.
    pub strip_finalizer: bool,
}

/// How the dependents of a deleted object go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Dependents first; upstream's default.
    #[default]
    Foreground,
    /// Dependents later.
    Background,
    /// Dependents stay.
    Orphan,
}

impl Propagation {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

impl Action {
    /// The object it is about; none for the Application itself.
    pub fn key(&self) -> Option<ObjectKey> {
        match self {
            Self::DryRun(apply) | Self::Apply(apply) => Some(apply.key.clone()),
            Self::CreateNamespace { name, labels: _, annotations: _ } => {
                Some(ObjectKey::new("", "Namespace", "", name.as_str()))
            }
            Self::Prune(removal) | Self::DeleteHook(removal) | Self::Delete(removal) => {
                Some(removal.key.clone())
            }
            Self::RemoveFinalizers { finalizers: _ } => None,
        }
    }
}

/// Decides what to do now.
///
/// Never fails: what is wrong is in the plan's conditions, results and held reasons.
pub fn plan(input: &Input<'_>) -> Plan {
    if input.app.deletion_timestamp.is_some() {
        return deletion::plan(input);
    }
    let found = verdict::compare(input);
    let step = operation::advance(input, &found);
    conditions::assemble(input, found, step)
}
