//! What one operation has to do: a task for each object and phase (reference 4.2).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use model::annotations::{HookType, Phase, Role};
use model::application::{OperationState, SyncOperationResource};
use model::key::ObjectKey;
use model::object::Object;

use super::input::{Input, Item, Live};
use super::options::Effective;
use super::{hooks, order, prune};
use crate::desired::DesiredObject;

/// One object in one phase.
#[derive(Clone, Debug)]
pub(super) struct Task<'a> {
    /// Its place in the order.
    pub id: usize,
    pub key: ObjectKey,
    pub phase: Phase,
    pub wave: i64,
    pub work: Work<'a>,
}

/// What is done with the object.
#[derive(Clone, Debug)]
pub(super) enum Work<'a> {
    /// It is applied.
    Apply { item: &'a Item<'a>, wanted: &'a DesiredObject },
    /// It runs as a hook; `object` has its name also where the source only says how names begin.
    Hook {
        wanted: &'a DesiredObject,
        object: Cow<'a, Arc<Object>>,
        live: super::Seen<'a>,
        item: Option<&'a Item<'a>>,
    },
    /// It is deleted: the source no longer holds it.
    Prune { live: &'a Live },
}

impl<'a> Task<'a> {
    pub(super) fn group(&self) -> (Phase, i64) {
        (self.phase, self.wave)
    }

    pub(super) fn live(&self) -> super::Seen<'a> {
        match &self.work {
            Work::Apply { item, .. } => item.live,
            Work::Hook { live, .. } => *live,
            Work::Prune { live } => super::Seen::Present(live),
        }
    }

    pub(super) fn is_hook(&self) -> bool {
        matches!(self.work, Work::Hook { .. })
    }

    /// The object as it is wanted; none for a prune.
    pub(super) fn wanted(&self) -> Option<&'a DesiredObject> {
        match &self.work {
            Work::Apply { wanted, .. } | Work::Hook { wanted, .. } => Some(wanted),
            Work::Prune { .. } => None,
        }
    }
}

/// Every task of an operation, in the order they run.
pub(super) fn list<'a>(input: &Input<'a>, state: &OperationState, options: &Effective) -> Vec<Task<'a>> {
    let selected = state.operation.sync.as_ref().map_or(&[][..], |sync| &sync.resources);
    let mut tasks: Vec<Task<'a>> = Vec::with_capacity(input.items.len());
    for item in input.items.iter().filter(|item| is_selected(selected, &item.key)) {
        match item.desired {
            Some(wanted) if wanted.role == Role::Resource => tasks.push(Task {
                id: 0,
                key: item.key.clone(),
                phase: Phase::Sync,
                wave: wanted.wave,
                work: Work::Apply { item, wanted },
            }),
            Some(wanted) if options.hooks() && selected.is_empty() => {
                tasks.extend(hook_tasks(input, item, wanted, state))
            }
            Some(_) => {}
            None => tasks.extend(prune::candidate(input, item).map(|live| prune_task(item, live))),
        }
    }
    mirror_prune_waves(&mut tasks);
    put_last(&mut tasks, options);
    order::sort(&mut tasks);
    tasks.iter_mut().enumerate().for_each(|(id, task)| task.id = id);
    tasks
}

/// Whether a selective sync means this object; an empty list means all.
pub(super) fn is_selected(selected: &[SyncOperationResource], key: &ObjectKey) -> bool {
    selected.is_empty()
        || selected.iter().any(|one| {
            one.group == key.group
                && one.kind == key.kind
                && one.name == key.name
                && (one.namespace.is_empty() || one.namespace == key.namespace)
        })
}

fn hook_tasks<'a>(
    input: &Input<'a>,
    item: &'a Item<'a>,
    wanted: &'a DesiredObject,
    state: &OperationState,
) -> Vec<Task<'a>> {
    let Role::Hook(types) = &wanted.role else { return Vec::new() };
    let phases: BTreeSet<Phase> = types
        .iter()
        .filter_map(|hook| match hook {
            HookType::Phase(phase) => Some(*phase),
            HookType::PreDelete | HookType::PostDelete | HookType::Skip => None,
        })
        .collect();
    phases.into_iter().map(|phase| hooks::task(input, item, wanted, phase, state)).collect()
}

fn prune_task<'a>(item: &Item<'a>, live: &'a Live) -> Task<'a> {
    Task { id: 0, key: item.key.clone(), phase: Phase::Sync, wave: live.wave, work: Work::Prune { live } }
}

/// Pruning runs in the reverse order of making: the lowest wave takes the highest one's place.
fn mirror_prune_waves(tasks: &mut [Task<'_>]) {
    let is_prune = |task: &Task<'_>| matches!(task.work, Work::Prune { .. });
    let waves: BTreeSet<i64> = tasks.iter().filter(|task| is_prune(task)).map(|task| task.wave).collect();
    let waves: Vec<i64> = waves.into_iter().collect();
    for task in tasks.iter_mut().filter(|task| is_prune(task)) {
        if let Ok(place) = waves.binary_search(&task.wave) {
            task.wave = waves[waves.len() - 1 - place];
        }
    }
}

/// `PruneLast` puts a prune behind the last wave of the Sync phase.
fn put_last(tasks: &mut [Task<'_>], options: &Effective) {
    let in_sync = tasks.iter().filter(|task| task.phase == Phase::Sync);
    let last = in_sync.map(|task| task.wave).max().unwrap_or(0).max(0).saturating_add(1);
    for task in tasks {
        if let Work::Prune { live } = &task.work
            && options.prune_last(live)
        {
            task.wave = last;
        }
    }
}
