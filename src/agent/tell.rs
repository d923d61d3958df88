//! What a run has come to, told: status, events, report, metrics.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kube::Client;
use model::annotations::{REFRESH, TRACKING_ID};
use model::application::{
    ApplicationStatus, Condition, HealthCode, OperationPhase, OperationState, ReadApplicationError,
    SyncStatusCode,
};
use model::{Application, ObjectKey, Time};
use report::application::{
    AppKey, AppReport, CommitLine, HistoryLine, LastSync, ResourceLine, SourceLine, TreeNode,
};
use report::status::{Facts, status};
use serde_json::{Value, json};
use sync::plan::{self, Plan};
use tokio::sync::mpsc;

use super::clock;
use super::health;
use super::held;
use super::observe::Observed;
use super::put_off::put_off;
use super::render::Kept;
use super::sync::{Progress, Run};
use crate::cluster::cache::Cache;
use crate::cluster::events::{Event, Kind, record};
use crate::cluster::tally::RequestCounts;
use crate::cluster::{request, status as write};
use crate::server::Reports;
use crate::source::url;
use crate::telemetry::Metrics;

/// Who else is told, beside the cluster.
pub struct Audience {
    /// Reports for the page.
    pub reports: Arc<Reports>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Requests, counted for each Application.
    pub requests: Arc<RequestCounts>,
}

/// Who records upstream's Events on Applications.
const COMPONENT: &str = "argocd-application-controller";

/// What came of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The status says it, or said it already.
    Written,
    /// Nothing but the revision has moved: it is written then.
    Later(Time),
    /// The status could not be written.
    Failed,
}

/// Where what happened is told.
pub struct Teller {
    client: Client,
    cache: Arc<Cache>,
    audience: Audience,
    events: mpsc::UnboundedSender<Event>,
    control_namespace: String,
}

impl Teller {
    /// A teller; its Events are recorded by a task of their own, so that nobody waits for them.
    pub fn new(client: Client, cache: Arc<Cache>, audience: Audience, control_namespace: String) -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        tokio::spawn(record_all(client.clone(), waiting));
        Self { client, cache, audience, events, control_namespace }
    }

    /// Where reports are.
    pub fn reports(&self) -> &Reports {
        &self.audience.reports
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.audience.metrics
    }

    /// Forgets an Application that is gone.
    pub fn forget(&self, key: &AppKey) {
        self.audience.reports.remove(key);
        self.audience.metrics.forget(key);
        self.audience.requests.forget(&key.namespace, &key.name);
    }

    /// Writes the operation and the inventory before the first change (promise S1). Where that fails nothing is lost:
    /// the next write says the same.
    pub async fn record(&self, run: &mut Run, progress: &Progress, plan: &Plan, observed: &Observed) {
        let facts = self.facts(run, progress, plan, observed, &[]);
        let after = status(&facts);
        self.write(run, &after, progress.clear_request).await;
    }

    /// Tells what the run has come to.
    pub async fn tell(&self, run: &mut Run, progress: &Progress, plan: &Plan, observed: &Observed) -> Told {
        let facts = self.facts(run, progress, plan, observed, &progress.ended);
        let after = status(&facts);
        let told = match put_off(run, progress, &after) {
            Some(when) => Told::Later(when),
            None if self.write(run, &after, progress.clear_request).await => Told::Written,
            None => Told::Failed,
        };
        if told == Told::Written {
            self.announce(&run.app, &run.told.status, &after, progress);
            run.told = run.app.clone();
        }
        let report = self.report(run, plan, observed);
        self.audience.reports.set(report);
        told
    }

    /// Reports an Application that cannot be read; the condition that says so comes back.
    pub fn unreadable(&self, key: &AppKey, error: &ReadApplicationError) -> Condition {
        let message = format!("{error}; correct the field");
        let condition = Condition {
            kind: "InvalidSpecError".to_owned(),
            message: message.clone(),
            last_transition_time: Some(clock::now().whole_seconds()),
        };
        self.audience.reports.set(AppReport {
            key: key.clone(),
            parent: None,
            project: String::new(),
            sources: Vec::new(),
            destination: String::new(),
            destination_namespace: String::new(),
            sync: SyncStatusCode::Unknown,
            health: HealthCode::Unknown,
            health_message: String::new(),
            cause: Some(message),
            automated: false,
            deleting: false,
            last_sync: None,
            conditions: vec![condition.clone()],
            resources: Vec::new(),
            rollouts: Vec::new(),
            history: Vec::new(),
            images: Vec::new(),
            links: Vec::new(),
            observed_at: clock::now(),
        });
        condition
    }

    fn facts<'a>(
        &'a self,
        run: &'a Run,
        progress: &'a Progress,
        plan: &'a Plan,
        observed: &'a Observed,
        ended: &'a [OperationState],
    ) -> Facts<'a> {
        let kept = run.memory.render.as_ref();
        Facts {
            app: &progress.app,
            plan,
            ended,
            health: health::aggregate(plan, observed, &progress.app),
            revision: kept.map(|kept| &kept.revision).filter(|revision| !revision.to_string().is_empty()),
            source_types: source_types(kept),
            images: self.images(observed),
            links: links(&progress.app, observed),
            control_namespace: &self.control_namespace,
            now: clock::now(),
        }
    }

    /// Sends what differs from the status as last read. True where it is on paper, or the application is gone.
    async fn write(&self, run: &mut Run, after: &ApplicationStatus, clear_request: bool) -> bool {
        let asks = (clear_request && run.app.operation.is_some()) || run.refresh_asked;
        if run.app.status == *after && !asks {
            return true;
        }
        let value = |status: &ApplicationStatus| serde_json::to_value(status).unwrap_or_default();
        let mut patch = match write::merge_patch(&value(&run.app.status), &value(after)) {
            Some(mut change) => {
                // The definition requires it wherever there is a `sync`.
                if let Some(sync) = change.get_mut("sync") {
                    sync["status"] = after.sync.status.as_str().into();
                }
                json!({"status": change})
            }
            None if asks => json!({}),
            None => return true,
        };
        if clear_request {
            patch["operation"] = Value::Null;
        }
        if run.refresh_asked {
            patch["metadata"] = json!({"annotations": {REFRESH: null}});
        }
        match write::patch_application(&self.client, &run.app.namespace, &run.app.name, &patch).await {
            Ok(object) => {
                if let Ok(app) = Application::read(&object) {
                    run.app = Arc::new(app);
                }
                run.refresh_asked = false;
                true
            }
            Err(error) if request::code(&error) == Some(404) => true,
            Err(error) => {
                tracing::warn!(error = request::words(&error), "status could not be written");
                false
            }
        }
    }

    fn announce(
        &self,
        app: &Application,
        before: &ApplicationStatus,
        after: &ApplicationStatus,
        progress: &Progress,
    ) {
        let say = |kind, reason, message| {
            let _ = self.events.send(Event {
                about: app.key(),
                uid: app.uid.clone(),
                resource_version: app.resource_version.clone(),
                kind,
                component: COMPONENT,
                reason: Cow::Borrowed(reason),
                message,
            });
        };
        let (old, new) = (before.sync.status, after.sync.status);
        if old != new && !(before.reconciled_at.is_none() && new == SyncStatusCode::Unknown) {
            say(
                Kind::Normal,
                "ResourceUpdated",
                format!("Updated sync status: {} -> {}", shown(before, old.as_str()), new.as_str()),
            );
        }
        let code = |status: &ApplicationStatus| status.health.status.map_or("", HealthCode::as_str);
        if code(before) != code(after) {
            say(
                Kind::Normal,
                "ResourceUpdated",
                format!("Updated health status: {} -> {}", code(before), code(after)),
            );
        }
        for revision in started(before, after, &progress.ended) {
            say(Kind::Normal, "OperationStarted", format!("Initiated automated sync to '{revision}'"));
        }
        for failure in fresh_failures(before, after) {
            say(Kind::Warning, "StatusRefreshed", failure.to_owned());
        }
        for ended in &progress.ended {
            let (kind, message) = ending(ended);
            self.audience.metrics.synced(app, ended);
            say(kind, "OperationCompleted", message);
        }
    }

    fn images(&self, observed: &Observed) -> Vec<String> {
        let roots = observed.whole.values().map(|(_, whole)| whole.live.uid.as_str());
        let below = roots.flat_map(|uid| self.cache.descendants(uid));
        let mut images: Vec<String> = below.flat_map(|(_, live)| live.stub.images.clone()).collect();
        images.sort_unstable();
        images.dedup();
        images
    }

    fn report(&self, run: &Run, plan: &Plan, observed: &Observed) -> AppReport {
        let app = &run.app;
        let kept = run.memory.render.as_ref();
        let status = &app.status;
        let health = status.health.status.unwrap_or_default();
        let key = AppKey { namespace: app.namespace.clone(), name: app.name.clone() };
        let before = self.audience.reports.get(&key);
        AppReport {
            parent: self.parent(app),
            key,
            project: app.spec.project_name().to_owned(),
            sources: source_lines(app, kept),
            destination: [&app.spec.destination.name, &app.spec.destination.server]
                .into_iter()
                .find(|text| !text.is_empty())
                .cloned()
                .unwrap_or_default(),
            destination_namespace: app.spec.destination.namespace.clone(),
            sync: plan.sync.status,
            health,
            health_message: status.health.message.clone(),
            cause: plan::cause(plan, status.operation_state.as_ref(), &status.health),
            automated: app.spec.automated().is_some(),
            deleting: app.deletion_timestamp.is_some(),
            last_sync: status.operation_state.as_ref().map(last_sync),
            conditions: plan.conditions.clone(),
            resources: self.resource_lines(run, plan, observed),
            rollouts: observed.walks.clone(),
            history: status
                .history
                .iter()
                .rev()
                .map(|entry| history_line(entry, kept, before.as_deref()))
                .collect(),
            images: status.summary.images.clone(),
            links: status.summary.external_urls.clone(),
            observed_at: clock::now(),
        }
    }

    /// The Application that made this one, by its own tracking mark.
    pub fn parent(&self, app: &Application) -> Option<AppKey> {
        let mark = app.annotations.get(TRACKING_ID)?;
        let (instance, own) = mark.split_once(':')?;
        let is_own = own == format!("argoproj.io/Application:{}/{}", app.namespace, app.name);
        let (namespace, name) = instance.split_once('_').unwrap_or((&self.control_namespace, instance));
        is_own.then(|| AppKey { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    fn resource_lines(&self, run: &Run, plan: &Plan, observed: &Observed) -> Vec<ResourceLine> {
        let results = run.app.status.operation_state.iter().filter_map(|state| state.sync_result.as_ref());
        let said: BTreeMap<ObjectKey, &str> = results
            .flat_map(|result| &result.resources)
            .map(|row| (row.key(), row.message.as_str()))
            .collect();
        let held_back: BTreeMap<&ObjectKey, String> =
            plan.held.iter().map(|held| (&held.key, held.reason.to_string())).collect();
        let desired = run.memory.render.as_ref().and_then(|kept| kept.desired.as_ref().ok());
        plan.sync
            .resources
            .iter()
            .map(|row| {
                let key = row.key();
                let whole = observed.whole.get(&key).map(|(_, whole)| whole);
                let health = whole.and_then(|whole| whole.live.health.clone());
                let said = said.get(&key).map(|text| (*text).to_owned());
                ResourceLine {
                    version: row.version.clone(),
                    sync: row.status,
                    health: match whole {
                        Some(_) => health.as_ref().and_then(|health| health.status),
                        None => Some(HealthCode::Missing),
                    },
                    health_message: health.map(|health| health.message).unwrap_or_default(),
                    wave: row.sync_wave,
                    hook: row.hook,
                    requires_pruning: row.requires_pruning,
                    note: held_back.get(&key).cloned().or(said).unwrap_or_default(),
                    held_by: desired
                        .and_then(|desired| held::words(&self.cache, &desired.get(&key)?.object, whole?))
                        .unwrap_or_default(),
                    diff: run.memory.answers.get(&key).and_then(|answer| answer.diff.clone()),
                    origin: desired
                        .and_then(|desired| desired.get(&key))
                        .map(|object| object.origin.to_string())
                        .unwrap_or_default(),
                    children: whole.map(|whole| self.children(&whole.live.uid)).unwrap_or_default(),
                    key,
                }
            })
            .collect()
    }

    fn children(&self, uid: &str) -> Vec<TreeNode> {
        let mut by_parent: BTreeMap<String, Vec<(String, TreeNode)>> = BTreeMap::new();
        for (parent, live) in self.cache.descendants(uid) {
            let stub = &live.stub;
            let node = TreeNode {
                key: stub.key.clone(),
                health: stub.health.as_ref().and_then(|health| health.status),
                health_message: stub.health.as_ref().map(|health| health.message.clone()).unwrap_or_default(),
                created: stub.created.clone(),
                images: stub.images.clone(),
                children: Vec::new(),
            };
            by_parent.entry(parent).or_default().push((stub.uid.clone(), node));
        }
        below(uid, &mut by_parent)
    }
}

/// Links of the Application and of its objects.
fn links(app: &Application, observed: &Observed) -> Vec<String> {
    let own = app.annotations.iter().filter(|(name, _)| name.starts_with(model::links::LINK));
    let objects = observed.whole.values().flat_map(|(_, whole)| whole.links.iter().cloned());
    own.map(|(_, link)| link.clone()).chain(objects).collect()
}

fn below(uid: &str, by_parent: &mut BTreeMap<String, Vec<(String, TreeNode)>>) -> Vec<TreeNode> {
    let mut nodes: Vec<TreeNode> = Vec::new();
    for (uid, mut node) in by_parent.remove(uid).unwrap_or_default() {
        node.children = below(&uid, by_parent);
        nodes.push(node);
    }
    nodes.sort_by(|one, other| one.key.cmp(&other.key));
    nodes
}

/// Records Events one after the other, until nobody sends any more.
pub(super) async fn record_all(client: Client, mut waiting: mpsc::UnboundedReceiver<Event>) {
    let count = AtomicU64::new(0);
    while let Some(event) = waiting.recv().await {
        let number = count.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = record(&client, &event, clock::now(), number).await {
            tracing::debug!(error = request::words(&error), "event could not be recorded");
        }
    }
}

fn shown<'a>(before: &ApplicationStatus, code: &'a str) -> &'a str {
    if before.reconciled_at.is_none() { "" } else { code }
}

/// Revisions that automated syncs have started for since `before`.
fn started(before: &ApplicationStatus, after: &ApplicationStatus, ended: &[OperationState]) -> Vec<String> {
    let known = before.operation_state.as_ref().and_then(|state| state.started_at);
    let mut fresh: Vec<&OperationState> = ended.iter().chain(&after.operation_state).collect();
    fresh.retain(|state| state.operation.initiated_by.automated && state.started_at != known);
    fresh.dedup_by_key(|state| state.started_at);
    fresh.into_iter().map(revision_of).collect()
}

/// Why a deletion does not come to its end, where that is new.
fn fresh_failures<'a>(before: &ApplicationStatus, after: &'a ApplicationStatus) -> Vec<&'a str> {
    let failures = after.conditions.iter().filter(|condition| condition.kind == "DeletionError");
    let is_known = |condition: &&Condition| {
        !before
            .conditions
            .iter()
            .any(|known| (&known.kind, &known.message) == (&condition.kind, &condition.message))
    };
    failures.filter(is_known).map(|condition| condition.message.as_str()).collect()
}

/// The revision that an operation is about; several are told one after the other.
fn revision_of(state: &OperationState) -> String {
    let Some(result) = &state.sync_result else { return String::new() };
    if result.revisions.is_empty() { result.revision.clone() } else { result.revisions.join(", ") }
}

fn ending(ended: &OperationState) -> (Kind, String) {
    let revision = revision_of(ended);
    let partial = ended.operation.sync.as_ref().is_some_and(|sync| !sync.resources.is_empty());
    let what = if partial { "Partial sync operation" } else { "Sync operation" };
    match ended.phase {
        OperationPhase::Succeeded => (Kind::Normal, format!("{what} to {revision} succeeded")),
        OperationPhase::Running
        | OperationPhase::Terminating
        | OperationPhase::Failed
        | OperationPhase::Error => (Kind::Warning, format!("{what} to {revision} failed: {}", ended.message)),
    }
}

fn source_types(kept: Option<&Kept>) -> Vec<String> {
    let sources = kept.iter().flat_map(|kept| &kept.sources);
    sources.map(|source| source.kind.map_or("", |kind| kind.as_str()).to_owned()).collect()
}

fn source_lines(app: &Application, kept: Option<&Kept>) -> Vec<SourceLine> {
    let sources = app.spec.sources_in_force().iter().enumerate();
    sources
        .map(|(index, source)| {
            let found = kept.and_then(|kept| kept.sources.get(index));
            SourceLine {
                repository: url::shown(source.repo_url.trim()),
                place: if source.chart.is_empty() { source.path.clone() } else { source.chart.clone() },
                kind: found.and_then(|found| found.kind).map_or("", |kind| kind.as_str()).to_owned(),
                target_revision: source.revision().to_owned(),
                revision: found.map(|found| found.revision.clone()).unwrap_or_default(),
                commit: found.and_then(|found| found.commit.as_ref()).map(commit_line),
            }
        })
        .collect()
}

fn commit_line(commit: &crate::source::git::CommitInfo) -> CommitLine {
    CommitLine { subject: commit.subject.clone(), author: commit.author.clone(), date: Some(commit.date) }
}

fn last_sync(state: &OperationState) -> LastSync {
    LastSync {
        phase: state.phase,
        message: state.message.clone(),
        revision: revision_of(state),
        started_at: state.started_at,
        finished_at: state.finished_at,
        retries: state.retry_count,
    }
}

/// A line of history; its commit is known from now, or from when it was the present.
fn history_line(
    entry: &model::application::RevisionHistory,
    kept: Option<&Kept>,
    before: Option<&AppReport>,
) -> HistoryLine {
    let revision =
        if entry.revisions.is_empty() { entry.revision.clone() } else { entry.revisions.join(", ") };
    let known = kept.iter().flat_map(|kept| &kept.sources).find(|source| source.revision == revision);
    HistoryLine {
        id: entry.id,
        started_at: entry.deploy_started_at,
        deployed_at: entry.deployed_at,
        initiated_by: if entry.initiated_by.automated {
            "automated".to_owned()
        } else {
            entry.initiated_by.username.clone()
        },
        commit: known.and_then(|source| source.commit.as_ref()).map(commit_line).or_else(|| {
            let line = before?.history.iter().find(|line| line.revision == revision)?;
            line.commit.clone()
        }),
        revision,
    }
}
