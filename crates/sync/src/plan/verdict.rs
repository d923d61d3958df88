//! Desired against live, for the whole and for each object (reference 3.8).

use model::annotations::Role;
use model::application::{
    HealthCode, HealthStatus, ManagedNamespaceMetadata, ResourceStatus, SyncStatusCode,
};
use model::key::ObjectKey;

use super::input::{Input, Item, Live, Seen};
use super::options::{Permission, permission};
use super::{Compared, Held, HoldReason, hooks, prune};
use crate::desired::DesiredObject;
use crate::project;

/// What a comparison has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The verdicts.
    pub compared: Compared,
    /// What keeps the Application from being compared or synced at all; several may be wrong at once.
    pub problems: Vec<Finding>,
    /// What is worth knowing beside.
    pub warnings: Vec<Finding>,
    /// Objects that another Application's mark is on.
    pub shared: Vec<ObjectKey>,
    /// Objects left alone, whatever an operation does.
    pub held: Vec<Held>,
}

/// A condition's type and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub kind: &'static str,
    pub message: String,
}

impl Finding {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Compares.
pub(super) fn compare(input: &Input<'_>) -> Found {
    let mut found = Found { problems: problems(input), ..Found::default() };
    note_cycle(input, &mut found);
    note_stale(input, &mut found);
    note_unanswered(input, &mut found);
    note_rejected(input, &mut found);
    if !found.problems.is_empty() {
        found.compared = Compared { status: SyncStatusCode::Unknown, resources: unknown_rows(input) };
        return found;
    }
    let mut status = SyncStatusCode::Synced;
    for item in input.items {
        let Some(row) = row(input, item, &mut found) else { continue };
        status = worse(status, item, &row);
        found.compared.resources.push(permitted(input, item, row));
    }
    if status == SyncStatusCode::Synced && namespace_metadata_differs(input) {
        status = SyncStatusCode::OutOfSync;
    }
    found.compared.status = status;
    if let Ok(desired) = input.desired {
        let notes = desired.notes().iter().map(|note| Finding::new(note.kind, note.message.clone()));
        found.warnings.extend(notes);
    }
    found
}

/// What keeps the Application from being compared: its project, its destination, its sources.
fn problems(input: &Input<'_>) -> Vec<Finding> {
    let invalid = |message: String| vec![Finding::new("InvalidSpecError", message)];
    let project = match input.project {
        Ok(project) => project,
        Err(problem @ project::ProjectProblem::Missing(name)) => {
            return invalid(format!(
                "{problem}. Make an AppProject {name}, or name another one in spec.project."
            ));
        }
        Err(problem) => return invalid(format!("{problem}. Correct the AppProject.")),
    };
    let cluster = match input.cluster {
        Ok(cluster) => cluster,
        Err(problem) => return invalid(format!("{problem}. Correct spec.destination.")),
    };
    let missing = input.app.spec.missing_in_sources();
    if !missing.is_empty() {
        return missing.into_iter().map(|words| Finding::new("InvalidSpecError", words)).collect();
    }
    let denied = project::denials(project, input.app, cluster, input.control_namespace);
    if !denied.is_empty() {
        let text = |denied: &project::Denied| format!("{denied}: {}", denied.next_step());
        return denied.iter().map(|denied| Finding::new("InvalidSpecError", text(denied))).collect();
    }
    match input.desired {
        Ok(_) => Vec::new(),
        Err(refused) => {
            vec![Finding::new("ComparisonError", format!("Failed to load target state: {refused}"))]
        }
    }
}

fn note_cycle(input: &Input<'_>, found: &mut Found) {
    let app = input.app.key();
    let others: Vec<String> = input
        .cycle
        .iter()
        .filter(|key| **key != app)
        .map(|key| format!("{}/{}", key.namespace, key.name))
        .collect();
    let is_alone = input.cycle.contains(&app);
    let message = match (others.is_empty(), is_alone) {
        (true, false) => return,
        (true, true) => format!("Application {} manages itself", input.app.name),
        (false, _) => format!("Application {} manages itself through {}", input.app.name, others.join(", ")),
    };
    let step = "Take it out of its own sources; until then none of them is pruned or deleted with another.";
    found.warnings.push(Finding::new("CyclicApplicationWarning", format!("{message}. {step}")));
}

/// Without a set there is an error already; with one, what was last read stays in force.
fn note_stale(input: &Input<'_>, found: &mut Found) {
    for why in input.stale.iter().filter(|_| input.desired.is_ok()) {
        let message = format!("{why}. What was last read of it stays in force until it answers.");
        found.warnings.push(Finding::new("StaleSourceWarning", message));
    }
}

/// The condition about what the API server does not take for now.
pub(super) const UNANSWERED: &str = "UnansweredRequestWarning";

/// What may go through later without any change is tried again for as long as it takes, and nobody has to guess why.
fn note_unanswered(input: &Input<'_>, found: &mut Found) {
    if let Some(what) = input.unanswered {
        let message = format!("The API server did not take {what}. It is asked again until it does.");
        found.warnings.push(Finding::new(UNANSWERED, message));
    }
}

/// The condition about a revision that a Rollout gave up.
pub(super) const REJECTED: &str = "RejectedRevisionWarning";

/// The same revision is not tried again: what Git says next decides.
fn note_rejected(input: &Input<'_>, found: &mut Found) {
    for what in input.rejected {
        found.warnings.push(Finding::new(REJECTED, format!("{what}.")));
    }
}

/// One row; none for what does not belong to the Application.
fn row(input: &Input<'_>, item: &Item<'_>, found: &mut Found) -> Option<ResourceStatus> {
    if let Some(wanted) = item.desired {
        return wanted_row(input, item, wanted, found);
    }
    match item.live {
        Seen::Absent => None,
        Seen::Unknown(why) => {
            let reason = HoldReason::CouldNotBeRead { why: why.to_owned() };
            found.held.push(Held { key: item.key.clone(), reason });
            let old = input.app.status.resources.iter().find(|row| row.key() == item.key)?;
            Some(ResourceStatus { status: Some(SyncStatusCode::Unknown), health: None, ..old.clone() })
        }
        Seen::Present(live) if live.hook && is_our_hook(input, live) => {
            Some(ResourceStatus { hook: true, ..live_row(live) })
        }
        Seen::Present(live) => match prune::candidate(input, item) {
            Some(live) => Some(ResourceStatus {
                status: Some(SyncStatusCode::OutOfSync),
                requires_pruning: true,
                requires_deletion_confirmation: needs_confirmation(input, None, Some(live)),
                ..live_row(live)
            }),
            None => {
                note_foreign(input, live, found);
                None
            }
        },
    }
}

/// A hook is ours where it is in the inventory, or in the result of the last operation: it was made by that one.
fn is_our_hook(input: &Input<'_>, live: &Live) -> bool {
    let results = input.app.status.operation_state.iter().filter_map(|state| state.sync_result.as_ref());
    let is_made = || results.flat_map(|result| &result.resources).any(|row| row.key() == live.key);
    prune::is_ours(input, live) || (hooks::is_ours(input, live) && is_made())
}

/// What bears this Application's mark and is not in its inventory is left alone, and named.
fn note_foreign(input: &Input<'_>, live: &Live, found: &mut Found) {
    if live.owner.as_deref() == Some(input.instance) && !live.owned && !live.hook {
        let why = if input.tracking.names_objects() {
            "its mark names this Application, which never had it in its status: another installation's may have"
        } else {
            "its label may have been copied, for it was never in this Application's status"
        };
        found.held.push(Held { key: live.key.clone(), reason: HoldReason::NotPruned { why } });
    }
}

fn wanted_row(
    input: &Input<'_>,
    item: &Item<'_>,
    wanted: &DesiredObject,
    found: &mut Found,
) -> Option<ResourceStatus> {
    let live = item.live.present();
    let base = ResourceStatus {
        group: item.key.group.clone(),
        version: wanted.gvk.version.clone(),
        kind: item.key.kind.clone(),
        namespace: item.key.namespace.clone(),
        name: item.key.name.clone(),
        sync_wave: wanted.wave,
        health: health(item.live),
        ..ResourceStatus::default()
    };
    if wanted.role != Role::Resource {
        // A hook that has not run is no object of the cluster.
        return live.map(|_| ResourceStatus { hook: matches!(wanted.role, Role::Hook(_)), ..base });
    }
    let status = match item.live {
        Seen::Absent => SyncStatusCode::OutOfSync,
        Seen::Present(_) => item.verdict,
        Seen::Unknown(why) => {
            let reason = HoldReason::CouldNotBeRead { why: why.to_owned() };
            found.held.push(Held { key: item.key.clone(), reason });
            SyncStatusCode::Unknown
        }
    };
    note_shared(input, item, live, found);
    let requires_deletion_confirmation = needs_confirmation(input, Some(wanted), live);
    Some(ResourceStatus { status: Some(status), requires_deletion_confirmation, ..base })
}

fn note_shared(input: &Input<'_>, item: &Item<'_>, live: Option<&Live>, found: &mut Found) {
    let Some(other) = live.and_then(|live| live.owner.as_deref()).filter(|other| *other != input.instance)
    else {
        return;
    };
    let (kind, name, app) = (&item.key.kind, &item.key.name, input.app);
    let message = format!(
        "{kind}/{name} is part of applications {}/{} and {other}. Take it out of one of them.",
        app.namespace, app.name
    );
    found.warnings.push(Finding::new("SharedResourceWarning", message));
    found.shared.push(item.key.clone());
}

fn live_row(live: &Live) -> ResourceStatus {
    ResourceStatus {
        group: live.key.group.clone(),
        version: live.version.clone(),
        kind: live.key.kind.clone(),
        namespace: live.key.namespace.clone(),
        name: live.key.name.clone(),
        sync_wave: live.wave,
        health: live.health.clone(),
        ..ResourceStatus::default()
    }
}

fn health(live: Seen<'_>) -> Option<HealthStatus> {
    match live {
        Seen::Present(live) => live.health.clone(),
        Seen::Absent => Some(HealthStatus { status: Some(HealthCode::Missing), ..HealthStatus::default() }),
        Seen::Unknown(_) => None,
    }
}

fn needs_confirmation(input: &Input<'_>, wanted: Option<&DesiredObject>, live: Option<&Live>) -> bool {
    let app = input.app.spec.sync_options();
    let empty = model::annotations::Options::default();
    let wanted = wanted.map_or(&empty, |wanted| &wanted.options);
    let live = live.map_or(&empty, |live| &live.options);
    ["Prune", "Delete"].iter().any(|key| {
        permission(key, &app, live) == Permission::AfterConfirmation || wanted.get(key) == Some("confirm")
    })
}

/// The Application's verdict with one more object.
fn worse(so_far: SyncStatusCode, item: &Item<'_>, row: &ResourceStatus) -> SyncStatusCode {
    let is_extraneous = item.desired.is_none()
        && item.live.present().is_some_and(|live| live.compare_options.has("IgnoreExtraneous"));
    match (so_far, row.status) {
        (SyncStatusCode::Unknown, _) | (_, Some(SyncStatusCode::Unknown)) => SyncStatusCode::Unknown,
        (so_far, Some(SyncStatusCode::OutOfSync)) if is_extraneous => so_far,
        (_, Some(SyncStatusCode::OutOfSync)) => SyncStatusCode::OutOfSync,
        (so_far, Some(SyncStatusCode::Synced) | None) => so_far,
    }
}

/// A kind that the project does not allow has no verdict; the Application's own is not changed by that, so that a
/// sync is tried and says what is forbidden.
fn permitted(input: &Input<'_>, item: &Item<'_>, mut row: ResourceStatus) -> ResourceStatus {
    let Ok(project) = input.project else { return row };
    let Some(wanted) = item.desired.filter(|_| row.status.is_some()) else { return row };
    let (kind, name) = (&item.key.group_kind(), item.key.name.as_str());
    let ask = project::Use::Kind { kind, name, namespaced: wanted.namespaced };
    if project::decide(project, &ask).is_err() {
        row.status = Some(SyncStatusCode::Unknown);
    }
    row
}

/// Rows while nothing can be compared: the inventory is kept, every verdict is Unknown.
fn unknown_rows(input: &Input<'_>) -> Vec<ResourceStatus> {
    let unknown = |row: ResourceStatus| ResourceStatus {
        status: row.status.map(|_| SyncStatusCode::Unknown),
        requires_pruning: false,
        ..row
    };
    let mut rows: Vec<ResourceStatus> = input.app.status.resources.iter().cloned().map(unknown).collect();
    rows.sort_by_key(ResourceStatus::key);
    rows
}

/// Whether the namespace's labels and annotations are other than at the last sync.
pub(super) fn namespace_metadata_differs(input: &Input<'_>) -> bool {
    let wanted = namespace_metadata(input);
    let state = input.app.status.operation_state.as_ref();
    let Some(result) = state.and_then(|state| state.sync_result.as_ref()) else { return false };
    input.app.spec.sync_options().is_true("CreateNamespace")
        && result.managed_namespace_metadata.as_ref() != wanted
}

/// `syncPolicy.managedNamespaceMetadata`.
pub(super) fn namespace_metadata<'a>(input: &Input<'a>) -> Option<&'a ManagedNamespaceMetadata> {
    input.app.spec.sync_policy.as_ref()?.managed_namespace_metadata.as_ref()
}
