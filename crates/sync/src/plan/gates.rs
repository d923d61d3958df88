//! Whether automation may begin an operation, and which revision a running one is tied to (reference 4.11).

use std::time::Duration;

use model::application::{
    Application, Automated, Operation, OperationPhase, OperationState, ResourceStatus, Source, SyncOperation,
    SyncOperationResource, SyncStatusCode,
};
use model::time::Time;

use super::input::{Input, Item, Live, Pace};
use super::options::Effective;
use super::verdict::{Found, namespace_metadata_differs};
use super::{Held, HoldReason, operation, prune};

/// What automation may do.
#[derive(Clone, Debug)]
pub(super) enum Gate {
    /// Begin this operation.
    Open(Box<Operation>),
    /// Nothing now; without a reason there is nothing to do.
    Shut { held: Option<Box<Held>>, wake: Option<Time> },
    /// Nothing, and that is an error: the text of the SyncError condition.
    Refused(String),
}

impl Gate {
    fn shut(input: &Input<'_>, reason: HoldReason) -> Self {
        Self::Shut { held: Some(Box::new(Held { key: input.app.key(), reason })), wake: None }
    }
}

/// The revision and source that an operation is tied to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pinned {
    /// Revision of a single source: a commit, or what the request says.
    pub revision: String,
    /// Revisions of several sources.
    pub revisions: Vec<String>,
    /// The request's own source, instead of the spec's.
    pub source: Option<Source>,
    /// The request's own sources, instead of the spec's.
    pub sources: Vec<Source>,
}

/// What is to be rendered instead of the spec's own revision: a requested or running operation that is tied to one.
///
/// None where the newest revision counts: nothing runs, or automation is on and the operation names no revision of
/// its own, so that a newer commit may overtake it.
pub fn pinned(app: &Application) -> Option<Pinned> {
    let state = app.status.operation_state.as_ref().filter(|state| !state.phase.is_completed());
    let operation = state.map(|state| &state.operation).or(app.operation.as_ref())?;
    let sync = operation.sync.as_ref()?;
    let is_between_retries = state.is_some_and(|state| state.finished_at.is_some());
    let refreshes = operation.retry.as_ref().is_some_and(|retry| retry.refresh) && is_between_retries;
    if !is_pinned(app, operation) || refreshes {
        return None;
    }
    let result = state.and_then(|state| state.sync_result.as_ref());
    let resolved = result.filter(|result| !result.revision.is_empty() || !result.revisions.is_empty());
    let (revision, revisions) = match resolved {
        Some(result) => (result.revision.clone(), result.revisions.clone()),
        None => (sync.revision.clone(), sync.revisions.clone()),
    };
    let pinned = Pinned { revision, revisions, source: sync.source.clone(), sources: sync.sources.clone() };
    (pinned != Pinned::default()).then_some(pinned)
}

/// Whether an operation stays at its revision when a newer one appears.
pub(super) fn is_pinned(app: &Application, operation: &Operation) -> bool {
    let names_its_own = operation.sync.as_ref().is_some_and(|sync| {
        !sync.revision.is_empty()
            || !sync.revisions.is_empty()
            || sync.source.is_some()
            || !sync.sources.is_empty()
    });
    app.spec.automated().is_none() || (names_its_own && !operation.initiated_by.automated)
}

/// Whether automation begins an operation now.
pub(super) fn automated(input: &Input<'_>, found: &Found) -> Gate {
    let status = found.compared.status;
    let Some(policy) = input.app.spec.automated() else {
        if status == SyncStatusCode::OutOfSync {
            return Gate::shut(input, HoldReason::AutomationOff);
        }
        return Gate::Shut { held: None, wake: None };
    };
    match status {
        SyncStatusCode::Synced => return Gate::Shut { held: None, wake: None },
        SyncStatusCode::Unknown => return Gate::shut(input, HoldReason::ComparisonUnknown),
        SyncStatusCode::OutOfSync => {}
    }
    let rows = &found.compared.resources;
    let different =
        || rows.iter().filter(|row| row.status.is_some_and(|status| status != SyncStatusCode::Synced));
    if !policy.prune && different().next().is_some() && different().all(|row| row.requires_pruning) {
        return Gate::shut(input, HoldReason::PruneOff);
    }
    if let Some(state) = already_attempted(input) {
        return again(input, found, policy, state);
    }
    if let Some(message) = would_wipe_out(input, policy, rows) {
        return Gate::Refused(message);
    }
    Gate::Open(Box::new(automated_operation(input, Vec::new(), 0)))
}

/// Prune is on and nothing but prunes would be left: upstream's guard against an empty source.
fn would_wipe_out(input: &Input<'_>, policy: &Automated, rows: &[ResourceStatus]) -> Option<String> {
    let all = policy.prune
        && !policy.allow_empty
        && !rows.is_empty()
        && rows.iter().all(|row| row.requires_pruning);
    all.then(|| {
        format!(
            "Skipping sync attempt to {}: auto-sync will wipe out all resources. Set automated.allowEmpty if that \
             is meant.",
            input.revision
        )
    })
}

/// The last operation, where it was at this very revision and source.
fn already_attempted<'a>(input: &Input<'a>) -> Option<&'a OperationState> {
    let state = input.app.status.operation_state.as_ref()?;
    let Some(result) = &state.sync_result else { return state.phase.is_completed().then_some(state) };
    let spec = &input.app.spec;
    let same_source = if spec.sources.is_empty() {
        result.sources.is_empty() && result.source == spec.source
    } else {
        result.sources == spec.sources
    };
    let same_revision =
        result.revision == input.revision.revision && result.revisions == input.revision.revisions;
    (same_source && same_revision).then_some(state)
}

/// After an attempt at this revision: nothing if it failed, self-heal if it succeeded.
fn again(input: &Input<'_>, found: &Found, policy: &Automated, state: &OperationState) -> Gate {
    if state.phase != OperationPhase::Succeeded {
        return Gate::Refused(format!("Failed sync attempt to {}: {}", input.revision, state.message));
    }
    if namespace_metadata_differs(input) {
        return Gate::Open(Box::new(automated_operation(input, Vec::new(), 0)));
    }
    if !policy.self_heal {
        return Gate::shut(input, HoldReason::SelfHealOff);
    }
    let resources = match healable(input, found, policy) {
        Ok(resources) => resources,
        Err(held) => return Gate::Shut { held, wake: None },
    };
    let attempts = state.operation.sync.as_ref().map_or(0, |sync| sync.auto_heal_attempts_count);
    let wait = self_heal_wait(input.pace, attempts);
    if let Some(until) = state.finished_at.and_then(|finished| input.now.end_of_wait(finished, wait)) {
        let held = Held { key: input.app.key(), reason: HoldReason::SelfHealBackoff { until, attempts } };
        return Gate::Shut { held: Some(Box::new(held)), wake: Some(until) };
    }
    if let Some(message) = would_wipe_out(input, policy, &found.compared.resources) {
        return Gate::Refused(message);
    }
    Gate::Open(Box::new(automated_operation(input, resources, attempts.saturating_add(1))))
}

/// The objects a self-heal would change.
///
/// It never takes an object back from another living Application (that would be a fight without end; a new commit
/// still does, as upstream), and it is not begun for what no sync would touch.
fn healable(
    input: &Input<'_>,
    found: &Found,
    policy: &Automated,
) -> Result<Vec<SyncOperationResource>, Option<Box<Held>>> {
    let app_options = Effective::of(&automated_operation(input, Vec::new(), 0));
    let mut held = None;
    let mut resources = Vec::new();
    for item in input.items {
        let Ok(place) = found.compared.resources.binary_search_by(|row| row_key(row).cmp(&item_key(item)))
        else {
            continue;
        };
        if !matches!(
            found.compared.resources[place].status,
            Some(SyncStatusCode::OutOfSync | SyncStatusCode::Unknown)
        ) {
            continue;
        }
        let live = item.live.present();
        if let Some(live) = live.filter(|live| live.deleting) {
            held = Some(Box::new(Held { key: item.key.clone(), reason: leaving(item, live) }));
            continue;
        }
        match (item.desired, live) {
            (Some(_), live) => match live.and_then(|live| live.owner.as_deref()) {
                Some(other) if other != input.instance && (input.exists)(other) => {
                    let reason = HoldReason::Shared { other: other.to_owned() };
                    held = Some(Box::new(Held { key: item.key.clone(), reason }));
                    continue;
                }
                Some(_) | None => {}
            },
            (None, Some(live)) => match prune::fate(input, live, &app_options, policy.prune, None) {
                prune::Fate::Prune | prune::Fate::AfterConfirmation => {}
                prune::Fate::Stays { row: _, why } => {
                    let reason = HoldReason::NotPruned { why };
                    held = Some(Box::new(Held { key: item.key.clone(), reason }));
                    continue;
                }
            },
            (None, None) => continue,
        }
        resources.push(SyncOperationResource {
            group: item.key.group.clone(),
            kind: item.key.kind.clone(),
            name: item.key.name.clone(),
            namespace: item.key.namespace.clone(),
        });
    }
    if resources.is_empty() { Err(held) } else { Ok(resources) }
}

/// What is being deleted already is waited for, not healed: its end is an event of its own.
fn leaving(item: &Item<'_>, live: &Live) -> HoldReason {
    let finalizers = live.finalizers.clone();
    match item.desired {
        Some(_) => HoldReason::Terminating { finalizers },
        None => HoldReason::AwaitingDeletion { waiting_for: live.key.clone(), finalizers },
    }
}

fn row_key(row: &ResourceStatus) -> (&str, &str, &str, &str) {
    (&row.group, &row.kind, &row.namespace, &row.name)
}

fn item_key<'a>(item: &'a Item<'_>) -> (&'a str, &'a str, &'a str, &'a str) {
    (&item.key.group, &item.key.kind, &item.key.namespace, &item.key.name)
}

/// None before the first heal, then longer each time.
fn self_heal_wait(pace: Pace, attempts: i64) -> Duration {
    if attempts <= 0 {
        return Duration::ZERO;
    }
    let mut wait = pace.self_heal_base;
    for _ in 1..attempts.min(64) {
        wait = wait.saturating_mul(pace.self_heal_factor);
        if wait >= pace.self_heal_cap {
            return pace.self_heal_cap;
        }
    }
    wait.min(pace.self_heal_cap)
}

/// What automation asks for: the revision just compared, with the Application's own options.
pub(super) fn automated_operation(
    input: &Input<'_>,
    resources: Vec<SyncOperationResource>,
    attempts: i64,
) -> Operation {
    let policy = input.app.spec.sync_policy.as_ref();
    let prune = policy.and_then(|policy| policy.automated.as_ref()).is_some_and(|automated| automated.prune);
    let sync = SyncOperation {
        revision: input.revision.revision.clone(),
        revisions: input.revision.revisions.clone(),
        prune,
        resources,
        sync_options: policy.map(|policy| policy.sync_options.clone()).unwrap_or_default(),
        auto_heal_attempts_count: attempts,
        ..SyncOperation::default()
    };
    operation::automated(sync, policy.and_then(|policy| policy.retry.clone()))
}
