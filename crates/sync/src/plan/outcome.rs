//! What an action came to, and its row in the operation's result.

use model::annotations::Phase;
use model::application::{OperationPhase, OperationState, ResourceResult, ResultCode};
use model::key::ObjectKey;

use super::tasks::{Task, Work};
use super::{Action, Apply, Removal, run};

/// What an action came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done; the words for its row, a default where empty ([`object_words`]).
    Done(String),
    /// Refused by the server, in its words (cleaned of secrets).
    Refused(String),
    /// A precondition did not hold: the plan was stale. No row: the next plan sees what is there now.
    Stale,
    /// No answer. No row: the next plan sees whether it was done.
    Unanswered(String),
}

/// Begins the message of a hook that would not go, so that the next call does not try without end.
pub(super) const NOT_DELETED: &str = "the hook could not be deleted: ";

/// Writes an outcome into the operation, as one row for each object and phase.
pub fn record(operation: &mut OperationState, action: &Action, outcome: &Outcome) {
    let (code, words) = match outcome {
        Outcome::Done(words) => (None, words.clone()),
        Outcome::Refused(words) => (Some(ResultCode::SyncFailed), words.clone()),
        Outcome::Stale | Outcome::Unanswered(_) => return,
    };
    match action {
        Action::DryRun(_) | Action::Delete(_) | Action::RemoveFinalizers { finalizers: _ } => {}
        Action::CreateNamespace { name, labels: _, annotations: _ } => {
            let key = ObjectKey::new("", "Namespace", "", name.as_str());
            let words = or_default(words, &key, "created");
            let phase = Some(ended(code));
            put(operation, row(&key, "v1", Phase::PreSync, code.or(Some(ResultCode::Synced)), words, phase));
        }
        Action::Apply(apply) => put(operation, applied(apply, code, words)),
        Action::Prune(removal) => {
            let words = if words.is_empty() { "pruned".to_owned() } else { words };
            let phase = Some(ended(code));
            let row = removed(removal, code.or(Some(ResultCode::Pruned)), words, phase);
            put(operation, row);
        }
        Action::DeleteHook(removal) if code.is_some() => {
            let words = format!("{NOT_DELETED}{words}");
            put(
                operation,
                hook_row(removed(removal, code, words, Some(OperationPhase::Failed)), removal.phase),
            );
        }
        Action::DeleteHook(_) => {}
    }
}

fn ended(code: Option<ResultCode>) -> OperationPhase {
    if code.is_some() { OperationPhase::Failed } else { OperationPhase::Succeeded }
}

/// A row for an applied object: it runs until its health says otherwise.
fn applied(apply: &Apply, code: Option<ResultCode>, words: String) -> ResourceResult {
    let words = or_default(words, &apply.key, "serverside-applied");
    let phase = if code.is_some() { OperationPhase::Failed } else { OperationPhase::Running };
    let synced = (!apply.hook).then_some(ResultCode::Synced);
    let row = row(&apply.key, &apply.gvk.version, apply.phase, code.or(synced), words, Some(phase));
    if apply.hook { hook_row(row, apply.phase) } else { row }
}

fn removed(
    removal: &Removal,
    code: Option<ResultCode>,
    words: String,
    phase: Option<OperationPhase>,
) -> ResourceResult {
    row(&removal.key, &removal.version, removal.phase, code, words, phase)
}

fn hook_row(row: ResourceResult, phase: Phase) -> ResourceResult {
    ResourceResult { hook_type: phase.as_str().to_owned(), ..row }
}

/// A row for a task that needs no request.
pub(super) fn task_row(
    task: &Task<'_>,
    code: Option<ResultCode>,
    words: String,
    phase: Option<OperationPhase>,
) -> ResourceResult {
    let version = match &task.work {
        Work::Apply { wanted, .. } | Work::Hook { wanted, .. } => &wanted.gvk.version,
        Work::Prune { live } => &live.version,
    };
    let row = row(&task.key, version, task.phase, code, words, phase);
    if task.is_hook() { hook_row(row, task.phase) } else { row }
}

fn row(
    key: &ObjectKey,
    version: &str,
    phase: Phase,
    status: Option<ResultCode>,
    message: String,
    hook_phase: Option<OperationPhase>,
) -> ResourceResult {
    ResourceResult {
        group: key.group.clone(),
        version: version.to_owned(),
        kind: key.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        status,
        message: shortened(message),
        hook_phase,
        sync_phase: phase.as_str().to_owned(),
        ..ResourceResult::default()
    }
}

/// A server's words may be long, and an Application's status must stay small.
fn shortened(mut words: String) -> String {
    const LONGEST: usize = 4096;
    if words.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| words.is_char_boundary(*end)).unwrap_or(0);
        words.truncate(end);
        words.push('…');
    }
    words
}

fn put(operation: &mut OperationState, row: ResourceResult) {
    let rows = run::result(operation);
    let same = |old: &ResourceResult| {
        old.name == row.name && old.sync_phase == row.sync_phase && old.key() == row.key()
    };
    match rows.iter().position(same) {
        Some(place) => rows[place] = row,
        None => rows.push(row),
    }
}

fn or_default(words: String, key: &ObjectKey, verb: &str) -> String {
    if words.is_empty() { object_words(key, verb) } else { words }
}

/// Words that name their object: as they are where they do, else behind its key.
pub(super) fn named(key: &ObjectKey, words: &str) -> String {
    if words.contains(&key.name) { words.to_owned() } else { format!("{key}: {words}") }
}

/// `deployment.apps/web unchanged`: an object and what became of it, as kubectl says it.
pub fn object_words(key: &ObjectKey, verb: &str) -> String {
    let kind = key.kind.to_lowercase();
    let name = &key.name;
    match key.group.as_str() {
        "" => format!("{kind}/{name} {verb}"),
        group => format!("{kind}.{group}/{name} {verb}"),
    }
}
