//! An Application's status, as upstream writes it (reference section 1.7), from what a run has seen and done.

use model::application::{
    ApplicationStatus, ComparedTo, HealthCode, HealthStatus, OperationInitiator, OperationState,
    RevisionHistory, Summary, SyncStatus,
};
use model::{Application, Time};
use sync::plan::{Plan, Revision, keeps_history};

/// What a run has come to.
pub struct Facts<'a> {
    /// The application, with the operation as it stands now.
    pub app: &'a Application,
    /// The last plan.
    pub plan: &'a Plan,
    /// Operations that have ended in the run.
    pub ended: &'a [OperationState],
    /// Health of its objects.
    pub health: (HealthCode, String),
    /// What the desired set was made from; none where there is none.
    pub revision: Option<&'a Revision>,
    /// Kinds of its sources.
    pub source_types: Vec<String>,
    /// Images in use.
    pub images: Vec<String>,
    /// Links of its objects.
    pub links: Vec<String>,
    /// Namespace of the agent.
    pub control_namespace: &'a str,
    /// The time.
    pub now: Time,
}

/// Entries kept in `status.history` where the spec says nothing.
const HISTORY: i64 = 10;

/// The status that follows from `facts`. Times move only with what they belong to, so that a status in which nothing
/// has changed is equal to the one before.
pub fn status(facts: &Facts<'_>) -> ApplicationStatus {
    let before = &facts.app.status;
    let mut status = ApplicationStatus {
        resources: facts.plan.sync.resources.clone(),
        sync: sync_status(facts),
        health: health(facts),
        history: history(facts),
        conditions: facts.plan.conditions.clone(),
        reconciled_at: before.reconciled_at,
        operation_state: before.operation_state.clone(),
        source_type: if facts.app.spec.sources.is_empty() {
            facts.source_types.first().cloned().unwrap_or_default()
        } else {
            String::new()
        },
        source_types: if facts.app.spec.sources.is_empty() { Vec::new() } else { facts.source_types.clone() },
        summary: summary(facts),
        resource_health_source: "appTree".to_owned(),
        controller_namespace: facts.control_namespace.to_owned(),
    };
    if facts.source_types.is_empty() {
        (status.source_type, status.source_types) = (before.source_type.clone(), before.source_types.clone());
    }
    if status != *before || before.reconciled_at.is_none() {
        status.reconciled_at = Some(facts.now.whole_seconds());
    }
    status
}

fn sync_status(facts: &Facts<'_>) -> SyncStatus {
    let spec = &facts.app.spec;
    let before = &facts.app.status.sync;
    let (revision, revisions) = match facts.revision {
        Some(revision) => (revision.revision.clone(), revision.revisions.clone()),
        None => (before.revision.clone(), before.revisions.clone()),
    };
    SyncStatus {
        status: facts.plan.sync.status,
        compared_to: Some(ComparedTo {
            source: spec.source.clone().filter(|_| spec.sources.is_empty()),
            sources: spec.sources.clone(),
            destination: spec.destination.clone(),
            ignore_differences: spec.ignore_differences.clone(),
        }),
        revision,
        revisions,
    }
}

fn health(facts: &Facts<'_>) -> HealthStatus {
    let (code, message) = facts.health.clone();
    let before = &facts.app.status.health;
    let since = before.last_transition_time.filter(|_| before.status == Some(code));
    HealthStatus {
        status: Some(code),
        message,
        last_transition_time: Some(since.unwrap_or_else(|| facts.now.whole_seconds())),
    }
}

fn history(facts: &Facts<'_>) -> Vec<RevisionHistory> {
    let mut history = facts.app.status.history.clone();
    for ended in facts.ended.iter().filter(|ended| keeps_history(ended)) {
        let result = ended.sync_result.clone().unwrap_or_default();
        history.push(RevisionHistory {
            id: history.last().map_or(0, |last| last.id + 1),
            revision: result.revision,
            revisions: result.revisions,
            source: result.source,
            sources: result.sources,
            deploy_started_at: ended.started_at,
            deployed_at: ended.finished_at,
            initiated_by: OperationInitiator::clone(&ended.operation.initiated_by),
        });
    }
    let limit = facts.app.spec.revision_history_limit.unwrap_or(HISTORY);
    let keep = usize::try_from(limit).unwrap_or(0);
    history.drain(..history.len().saturating_sub(keep));
    history
}

fn summary(facts: &Facts<'_>) -> Summary {
    let sorted = |texts: &[String]| {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    let rows = &facts.plan.sync.resources;
    Summary {
        external_urls: sorted(&facts.links),
        images: sorted(&facts.images),
        is_app_of_apps: rows.iter().any(|row| row.group == "argoproj.io" && row.kind == "Application"),
    }
}
