//! Hooks: their names, which run, and which are deleted when (reference 4.7).

use std::borrow::Cow;
use std::sync::Arc;

use model::annotations::{HookDeletePolicy, Phase};
use model::application::{OperationPhase, OperationState};
use model::key::ObjectKey;

use super::input::{Input, Item, Live, Seen};
use super::tasks::{Task, Work};
use crate::desired::DesiredObject;

/// The finalizer upstream puts on hooks; it is taken off before one is deleted.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// One hook in one phase.
pub(super) fn task<'a>(
    input: &Input<'a>,
    item: &'a Item<'a>,
    wanted: &'a DesiredObject,
    phase: Phase,
    state: &OperationState,
) -> Task<'a> {
    if !wanted.key.name.is_empty() {
        let work =
            Work::Hook { wanted, object: Cow::Borrowed(&wanted.object), live: item.live, item: Some(item) };
        return Task { id: 0, key: item.key.clone(), phase, wave: wanted.wave, work };
    }
    let mut object = (*wanted.object).clone();
    object.set_name(&generated_name(object.generate_name(), input, phase, state));
    input.tracking.stamp(&mut object, input.instance, &input.app.spec.destination.namespace);
    let key = object.key();
    let found = input.items.binary_search_by(|item| item.key.cmp(&key));
    let live = found.map_or(Seen::Absent, |place| input.items[place].live);
    let work = Work::Hook { wanted, object: Cow::Owned(Arc::new(object)), live, item: None };
    Task { id: 0, key, phase, wave: wanted.wave, work }
}

/// Every call of one operation computes the same name.
fn generated_name(prefix: &str, input: &Input<'_>, phase: Phase, state: &OperationState) -> String {
    let revision = input.revision.to_string();
    let short: String = revision.chars().filter(char::is_ascii_alphanumeric).take(7).collect();
    let started = state.started_at.map_or(0, |started| started.0.as_second());
    format!("{prefix}{short}-{}-{started}", phase.as_str().to_lowercase())
}

/// Whether an earlier run of the hook goes before it is made again.
pub(super) fn is_replaced(wanted: &DesiredObject) -> bool {
    wanted.hook_delete_policies.contains(&HookDeletePolicy::BeforeHookCreation)
}

/// Whether a live object is this Application's: only such a one is deleted, whatever its name (threat T14).
pub(super) fn is_ours(input: &Input<'_>, live: &Live) -> bool {
    live.owner.as_deref() == Some(input.instance) && !live.owned
}

/// The hooks of `tasks` that go now that the operation ends with or without success.
pub(super) fn leftovers<'t, 'a>(
    input: &'t Input<'_>,
    tasks: &'t [Task<'a>],
    policy: HookDeletePolicy,
) -> impl Iterator<Item = (&'t Task<'a>, &'a Live)> {
    tasks.iter().filter_map(move |task| {
        let wanted = task.wanted().filter(|_| task.is_hook())?;
        let live = task.live().present().filter(|live| !live.deleting && is_ours(input, live))?;
        wanted.hook_delete_policies.contains(&policy).then_some((task, live))
    })
}

/// How far a hook is, by its health; one without health has nothing to wait for.
pub(super) fn progress(live: &Live) -> OperationPhase {
    use model::application::HealthCode::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
    match live.health.as_ref().and_then(|health| health.status) {
        None | Some(Healthy) => OperationPhase::Succeeded,
        Some(Degraded | Unknown) => OperationPhase::Failed,
        Some(Progressing | Suspended | Missing) => OperationPhase::Running,
    }
}

/// Whether upstream's finalizer must go before the hook can.
pub(super) fn has_finalizer(live: &Live) -> bool {
    live.finalizers.iter().any(|finalizer| finalizer == HOOK_FINALIZER)
}

/// The key as messages of hooks write it: `batch/Job/migrate`.
pub(super) fn shown(key: &ObjectKey) -> String {
    format!("{}/{}/{}", key.group, key.kind, key.name)
}
