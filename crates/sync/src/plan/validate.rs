//! The whole set validated before the first change: one refused object, and nothing is changed.
//!
//! In this order: discovery, project, then Namespaces and CustomResourceDefinitions of the set that others need
//! and that are missing, then a server dry run of everything new or different.

use std::collections::BTreeMap;
use std::time::Duration;

use model::annotations::Phase;
use model::application::{OperationPhase, OperationState, ResourceResult, ResultCode, SyncStatusCode};
use model::key::{GroupKind, ObjectKey};
use model::kinds::Lookup;
use model::time::Time;

use super::discovery::{Discovered, defines, not_served, place};
use super::input::{Answer, Input, Item, NamespaceSeen, Seen};
use super::options::Effective;
use super::outcome::{named, task_row};
use super::prune::{self, Fate};
use super::tasks::{Task, Work};
use super::{Action, Batch, Held, HoldReason, run};
use crate::desired::{DesiredObject, crd_kind, is_crd};
use crate::project;

/// Whether the set may be applied.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// It may.
    Valid,
    /// It may not: the operation's message, and a row for each refused object.
    Refused { message: String, rows: Vec<ResourceResult> },
    /// A dry run was all that was asked for.
    Done(Vec<ResourceResult>),
    /// Something must be asked or prepared first.
    Act { batches: Vec<Batch>, held: Vec<Held>, message: String },
    /// Something must be waited for.
    Wait { held: Vec<Held>, wake: Option<Time>, message: String },
}

/// Validates the tasks of an operation that has not changed anything yet.
pub(super) fn check(
    input: &Input<'_>,
    state: &OperationState,
    tasks: &[Task<'_>],
    options: &Effective,
    fresh: bool,
) -> Check {
    if is_under_way(state) {
        return Check::Valid;
    }
    let scene = Scene { input, state, tasks, options, fresh, providers: providers(tasks) };
    let stages =
        [Scene::readable, Scene::known_and_allowed, Scene::namespace, Scene::dry_run, Scene::prerequisites];
    stages.iter().find_map(|stage| stage(&scene)).unwrap_or_else(|| scene.valid())
}

/// True once anything but a prerequisite has its row: what is refused from now on is that object's own affair.
fn is_under_way(state: &OperationState) -> bool {
    let rows = state.sync_result.iter().flat_map(|result| &result.resources);
    let is_prerequisite = |row: &ResourceResult| row.kind == "Namespace" || is_crd(&row.group, &row.kind);
    rows.into_iter().any(|row| !is_prerequisite(row))
}

/// Which CustomResourceDefinition of the set brings which kind.
fn providers<'t, 'a>(tasks: &'t [Task<'a>]) -> BTreeMap<GroupKind, &'t Task<'a>> {
    tasks.iter().filter_map(|task| Some((crd_kind(&task.wanted()?.object)?, task))).collect()
}

/// One validation's view of things.
pub(super) struct Scene<'t, 'a> {
    pub input: &'t Input<'a>,
    pub state: &'t OperationState,
    pub tasks: &'t [Task<'a>],
    pub options: &'t Effective,
    pub fresh: bool,
    pub providers: BTreeMap<GroupKind, &'t Task<'a>>,
}

impl<'t, 'a> Scene<'t, 'a> {
    pub(super) fn wanted(&self) -> impl Iterator<Item = (&'t Task<'a>, &'a DesiredObject)> {
        self.tasks.iter().filter_map(|task| Some((task, task.wanted()?)))
    }

    /// Nothing is changed while an object could not be read or compared.
    fn readable(&self) -> Option<Check> {
        let unread = |(task, _): (&'t Task<'a>, &DesiredObject)| {
            let reason = match (task.live(), &task.work) {
                (Seen::Unknown(why), _) => HoldReason::CouldNotBeRead { why: why.to_owned() },
                (Seen::Present(_), Work::Apply { item, .. }) if item.verdict == SyncStatusCode::Unknown => {
                    HoldReason::ComparisonUnknown
                }
                _ => return None,
            };
            Some(Held { key: task.key.clone(), reason })
        };
        wait(self.wanted().filter_map(unread).collect(), None)
    }

    /// Every kind is served at its version, and allowed by the project.
    fn known_and_allowed(&self) -> Option<Check> {
        let mut refused = Vec::new();
        let mut unknown = Vec::new();
        for (task, wanted) in self.wanted() {
            match self.discover(wanted) {
                Discovered::Served | Discovered::Comes | Discovered::Passed => {}
                Discovered::Unknown(reason) => unknown.push(Held { key: task.key.clone(), reason }),
                Discovered::Missing(message) => {
                    refused.push((task, message));
                    continue;
                }
            }
            if let Some(message) = self.forbidden(task, wanted) {
                refused.push((task, message));
            }
        }
        refuse("one or more synchronization tasks are not valid", refused).or_else(|| wait(unknown, None))
    }

    pub(super) fn discover(&self, wanted: &DesiredObject) -> Discovered {
        let lookup = self.input.kinds.find(&wanted.gvk);
        match lookup {
            Lookup::Served(_) => Discovered::Served,
            Lookup::Unknown(why) => Discovered::Unknown(HoldReason::DiscoveryUnknown {
                group: wanted.gvk.group.clone(),
                why: why.to_owned(),
            }),
            Lookup::OtherVersions(_) | Lookup::Absent if self.comes(wanted) => Discovered::Comes,
            Lookup::OtherVersions(_) | Lookup::Absent if self.options.skips_missing(wanted) => {
                Discovered::Passed
            }
            Lookup::OtherVersions(_) | Lookup::Absent => Discovered::Missing(not_served(wanted, &lookup)),
        }
    }

    /// Whether a CustomResourceDefinition of the set brings the kind at this version.
    fn comes(&self, wanted: &DesiredObject) -> bool {
        let provider = self.providers.get(&wanted.gvk.group_kind()).and_then(|task| task.wanted());
        provider.is_some_and(|crd| defines(&crd.object, &wanted.gvk.version))
    }

    fn forbidden(&self, task: &Task<'_>, wanted: &DesiredObject) -> Option<String> {
        let (Ok(project), Ok(cluster)) = (self.input.project, self.input.cluster) else {
            return Some("there is no project to ask".to_owned());
        };
        let denied = project::decide_object(project, cluster, &task.key, wanted.namespaced).err()?;
        Some(format!("{denied}: {}{}", denied.next_step(), place(wanted)))
    }

    /// The destination namespace can be worked in, or will be.
    fn namespace(&self) -> Option<Check> {
        let namespace = &self.input.app.spec.destination.namespace;
        let hold = |reason: HoldReason, poll| {
            let wake = Some(self.input.now.plus(poll));
            wait(vec![Held { key: ObjectKey::new("", "Namespace", "", namespace.as_str()), reason }], wake)
        };
        let mut living =
            self.changed().filter(|(task, _)| task.key.namespace == *namespace && !namespace.is_empty());
        match self.input.namespace {
            NamespaceSeen::Present => None,
            NamespaceSeen::Terminating => {
                living.next()?;
                hold(
                    HoldReason::NamespaceTerminating { namespace: namespace.clone() },
                    Duration::from_secs(5),
                )
            }
            NamespaceSeen::Unknown(why) if self.makes_namespace() => {
                let reason = HoldReason::NamespaceUnknown { namespace: namespace.clone(), why: why.clone() };
                hold(reason, Duration::from_secs(5))
            }
            NamespaceSeen::Unknown(_) => None,
            NamespaceSeen::Absent if self.makes_namespace() || self.namespace_task(namespace).is_some() => {
                None
            }
            NamespaceSeen::Absent => {
                let words = format!(
                    "namespaces \"{namespace}\" not found: make it, or add CreateNamespace=true to \
                     spec.syncPolicy.syncOptions"
                );
                let refused = living.map(|(task, _)| (task, words.clone())).collect();
                refuse("one or more objects failed to apply", refused)
            }
        }
    }

    /// True where CreateNamespace makes the destination namespace: it is asked for and the set does not hold it.
    pub(super) fn makes_namespace(&self) -> bool {
        let namespace = &self.input.app.spec.destination.namespace;
        self.options.create_namespace() && !namespace.is_empty() && self.namespace_task(namespace).is_none()
    }

    pub(super) fn namespace_task(&self, namespace: &str) -> Option<&'t Task<'a>> {
        self.tasks.iter().find(|task| {
            matches!(task.work, Work::Apply { .. })
                && task.key.kind == "Namespace"
                && task.key.group.is_empty()
                && task.key.name == namespace
        })
    }

    /// The server accepts everything new or different that it can be asked about by now.
    fn dry_run(&self) -> Option<Check> {
        let mut ask = Vec::new();
        let mut refused = Vec::new();
        for (task, wanted) in self.changed().filter(|(task, wanted)| self.can_be_asked(task, wanted)) {
            match answer(task) {
                Answer::Accepted => {}
                Answer::Refused(_) if self.fresh => ask.push(task),
                Answer::Refused(words) => refused.push((task, format!("{words}{}", place(wanted)))),
                Answer::NotAsked => ask.push(task),
            }
        }
        if ask.is_empty() {
            return refuse("one or more objects failed to apply (dry run)", refused);
        }
        let actions =
            ask.iter().filter_map(|task| run::apply(task, self.options)).map(Action::DryRun).collect();
        let batch = Batch { phase: Phase::Sync, wave: 0, actions };
        Some(Check::Act {
            batches: vec![batch],
            held: Vec::new(),
            message: "asking the server (dry run)".into(),
        })
    }

    fn changed(&self) -> impl Iterator<Item = (&'t Task<'a>, &'a DesiredObject)> {
        self.wanted().filter(|(task, _)| run::is_changed(task, self.options))
    }

    fn can_be_asked(&self, task: &Task<'_>, wanted: &DesiredObject) -> bool {
        let live = task.live().present();
        let is_replaced = live.is_some() && (task.is_hook() || self.options.force(wanted, live));
        let is_generated = matches!(task.work, Work::Hook { item: None, .. });
        matches!(self.discover(wanted), Discovered::Served)
            && !is_replaced
            && !is_generated
            && !live.is_some_and(|live| live.deleting)
            && self.missing_namespace(task).is_none()
    }

    /// The namespace that a task lives in, where it does not exist yet but will.
    pub(super) fn missing_namespace(&self, task: &Task<'_>) -> Option<ObjectKey> {
        let namespace = &task.key.namespace;
        if namespace.is_empty() {
            return None;
        }
        let key = || ObjectKey::new("", "Namespace", "", namespace.as_str());
        if let Some(provider) = self.namespace_task(namespace) {
            return matches!(provider.live(), Seen::Absent).then(key);
        }
        let is_destination = *namespace == self.input.app.spec.destination.namespace;
        (is_destination && self.makes_namespace() && *self.input.namespace == NamespaceSeen::Absent).then(key)
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.state.operation.sync.as_ref().is_some_and(|sync| sync.dry_run)
    }

    fn valid(&self) -> Check {
        if !self.is_dry_run() {
            return Check::Valid;
        }
        let row = |task: &Task<'_>| {
            let prune = self.state.operation.sync.as_ref().is_some_and(|sync| sync.prune);
            let (code, verb) = match (&task.work, run::is_changed(task, self.options)) {
                (Work::Prune { live }, _) => {
                    match prune::fate(self.input, live, self.options, prune, self.state.started_at) {
                        Fate::Prune | Fate::AfterConfirmation => (ResultCode::Pruned, "pruned (dry run)"),
                        Fate::Stays { row, why: _ } => (ResultCode::PruneSkipped, row),
                    }
                }
                (_, true) => (ResultCode::Synced, "configured (dry run)"),
                (_, false) => (ResultCode::Synced, "unchanged (dry run)"),
            };
            task_row(task, Some(code), super::object_words(&task.key, verb), Some(OperationPhase::Succeeded))
        };
        Check::Done(self.tasks.iter().map(row).collect())
    }
}

fn answer<'t>(task: &'t Task<'_>) -> &'t Answer {
    let item: Option<&Item<'_>> = match &task.work {
        Work::Apply { item, .. } => Some(item),
        Work::Hook { item, .. } => *item,
        Work::Prune { .. } => None,
    };
    item.map_or(&Answer::NotAsked, |item| &item.answer)
}

/// A refusal of the whole, with a row for each refused object.
fn refuse(what: &str, refused: Vec<(&Task<'_>, String)>) -> Option<Check> {
    let (task, first) = refused.first()?;
    let first = named(&task.key, first);
    let more = match refused.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = format!("{what}, reason: {first}{more}");
    let row = |(task, words): (&Task<'_>, String)| {
        task_row(task, Some(ResultCode::SyncFailed), words, Some(OperationPhase::Failed))
    };
    Some(Check::Refused { message, rows: refused.into_iter().map(row).collect() })
}

pub(super) fn wait(held: Vec<Held>, wake: Option<Time>) -> Option<Check> {
    let message = held.first()?.reason.to_string();
    Some(Check::Wait { held, wake, message })
}
