//! Taking an Application away, in order: hooks before, waves downwards, hooks after, finalizers (reference 1.9).

use std::time::Duration;

use model::annotations::{HookDeletePolicy, HookType, Phase, RESOURCES_FINALIZER, Role};
use model::application::HealthCode;
use model::key::ObjectKey;

use super::input::{Input, Item, Live, Seen};
use super::options::{self, Effective, Permission};
use super::tasks::{Task, Work};
use super::verdict::{self, Finding};
use super::{Action, Batch, Held, HoldReason, Plan, Propagation, conditions, hooks, prune, run};
use crate::desired::is_crd;
use crate::project::{DestinationProblem, ProjectProblem};

const FOREGROUND: &str = "resources-finalizer.argocd.argoproj.io/foreground";
const BACKGROUND: &str = "resources-finalizer.argocd.argoproj.io/background";
const PRE_DELETE: &str = "pre-delete-finalizer.argocd.argoproj.io";
const PRE_DELETE_CLEANUP: &str = "pre-delete-finalizer.argocd.argoproj.io/cleanup";
const POST_DELETE: &str = "post-delete-finalizer.argocd.argoproj.io";
const POST_DELETE_CLEANUP: &str = "post-delete-finalizer.argocd.argoproj.io/cleanup";

const CASCADE: [&str; 3] = [RESOURCES_FINALIZER, FOREGROUND, BACKGROUND];
const ALL: [&str; 7] = [
    RESOURCES_FINALIZER,
    FOREGROUND,
    BACKGROUND,
    PRE_DELETE,
    PRE_DELETE_CLEANUP,
    POST_DELETE,
    POST_DELETE_CLEANUP,
];

/// How soon a deletion that waits looks again, beside the events it gets.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How old a failed hook of a deletion must be before it is made again.
const HOOK_RETRY: Duration = Duration::from_secs(10);

/// One stage of a deletion.
enum Stage {
    /// Nothing left of it.
    Done,
    /// Something to do.
    Act(Vec<Action>),
    /// Something to wait for.
    Wait(Vec<Held>),
    /// It went wrong; what is done about it, and the DeletionError's text.
    Failed(Vec<Action>, String),
}

/// The next step of a deletion.
pub(super) fn plan(input: &Input<'_>) -> Plan {
    let found = verdict::compare(input);
    let base = |said| Plan {
        sync: found.compared.clone(),
        conditions: conditions::merge(&input.app.status.conditions, said, &["DeletionError"], input.now),
        clear_request: false,
        ..Plan::default()
    };
    let stage = match next_stage(input) {
        None => return base(Vec::new()),
        Some(stage) => stage,
    };
    let batches =
        |actions: Vec<Action>| -> Vec<Batch> { run::batch(Phase::Sync, 0, actions).into_iter().collect() };
    match stage {
        Stage::Done => base(Vec::new()),
        Stage::Act(actions) => Plan { batches: batches(actions), ..base(Vec::new()) },
        Stage::Wait(held) => Plan { held, wake: Some(input.now.plus(LOOK_AGAIN)), ..base(Vec::new()) },
        Stage::Failed(actions, message) => Plan {
            batches: batches(actions),
            wake: Some(input.now.plus(LOOK_AGAIN)),
            ..base(vec![Finding::new("DeletionError", message)])
        },
    }
}

/// The first stage whose finalizer is still there; none where no finalizer of ours is.
fn next_stage(input: &Input<'_>) -> Option<Stage> {
    let app = input.app;
    let has = |finalizer: &str| app.finalizers.iter().any(|one| one == finalizer);
    if !ALL.iter().any(|finalizer| has(finalizer)) {
        return None;
    }
    if let Err(problem @ DestinationProblem::NotServed(_)) = input.cluster {
        let reason = HoldReason::ClusterNotServed { why: problem.to_string() };
        return Some(Stage::Wait(vec![Held { key: app.key(), reason }]));
    }
    if input.cluster.is_err() {
        // No cluster answers to the destination any more: nothing can be deleted there, and nothing waits for it.
        return Some(remove(input, &ALL));
    }
    if let Err(problem) = input.project {
        return Some(Stage::Wait(vec![Held { key: app.key(), reason: project_missing(problem) }]));
    }
    let stages: [(&[&str], &dyn Fn() -> Stage); 5] = [
        (&[PRE_DELETE], &|| run_hooks(input, HookType::PreDelete)),
        (&CASCADE, &|| cascade(input)),
        (&[POST_DELETE], &|| run_hooks(input, HookType::PostDelete)),
        (&[PRE_DELETE_CLEANUP], &|| clean_up(input, HookType::PreDelete)),
        (&[POST_DELETE_CLEANUP], &|| clean_up(input, HookType::PostDelete)),
    ];
    let (finalizers, stage) = stages.iter().find(|(finalizers, _)| finalizers.iter().any(|one| has(one)))?;
    Some(match stage() {
        Stage::Done => remove(input, finalizers),
        stage => stage,
    })
}

fn project_missing(problem: &ProjectProblem) -> HoldReason {
    let (ProjectProblem::Missing(project) | ProjectProblem::Unreadable { name: project, why: _ }) = problem;
    HoldReason::ProjectMissing { project: project.clone() }
}

fn remove(input: &Input<'_>, finalizers: &[&str]) -> Stage {
    let there = input.app.finalizers.iter().filter(|one| finalizers.contains(&one.as_str()));
    Stage::Act(vec![Action::RemoveFinalizers { finalizers: there.cloned().collect() }])
}

/// Deletes what is tracked, the highest wave first, one wave at a time.
fn cascade(input: &Input<'_>) -> Stage {
    let mut ours: Vec<&Live> = Vec::new();
    for item in input.items {
        match item.live {
            Seen::Absent => {}
            // Nobody may say that nothing is left while a kind could not be looked at.
            Seen::Unknown(why) => {
                let reason = HoldReason::CouldNotBeRead { why: why.to_owned() };
                return Stage::Wait(vec![Held { key: item.key.clone(), reason }]);
            }
            Seen::Present(live) if prune::is_ours(input, live) && !is_of_the_circle(input, &live.key) => {
                ours.push(live);
            }
            Seen::Present(_) => {}
        }
    }
    let leaving = |live: &&&Live| live.deleting;
    let held: Vec<Held> = ours.iter().filter(leaving).map(|live| terminating(live)).collect();
    if !held.is_empty() {
        return Stage::Wait(held);
    }
    let app_options = input.app.spec.sync_options();
    let mut deletable: Vec<&Live> = Vec::new();
    let mut unconfirmed: Vec<Held> = Vec::new();
    let is_approved = prune::is_approved(input.app, input.app.deletion_timestamp);
    for live in ours.into_iter().filter(|live| !live.keep && !is_crd(&live.key.group, &live.key.kind)) {
        match options::deletion(&app_options, live) {
            Permission::No => {}
            Permission::AfterConfirmation if !is_approved => {
                unconfirmed.push(Held { key: live.key.clone(), reason: HoldReason::AwaitingConfirmation });
            }
            Permission::AfterConfirmation | Permission::Yes => deletable.push(live),
        }
    }
    if !unconfirmed.is_empty() {
        return Stage::Wait(unconfirmed);
    }
    let Some(highest) = deletable.iter().map(|live| live.wave).max() else { return Stage::Done };
    let propagation = propagation(input);
    let now = deletable.into_iter().filter(|live| live.wave == highest);
    let delete = |live: &Live| {
        Action::Delete(run::removal(Phase::Sync, live, propagation, hooks::has_finalizer(live)))
    };
    Stage::Act(now.map(delete).collect())
}

/// The Application itself, and those that it manages and that manage it: to wait for them would be to wait for ever.
fn is_of_the_circle(input: &Input<'_>, key: &ObjectKey) -> bool {
    *key == input.app.key() || input.cycle.contains(key)
}

fn propagation(input: &Input<'_>) -> Propagation {
    let has = |wanted: &str| input.app.finalizers.iter().any(|one| one == wanted);
    if has(BACKGROUND) && !has(RESOURCES_FINALIZER) && !has(FOREGROUND) {
        Propagation::Background
    } else {
        Propagation::Foreground
    }
}

fn terminating(live: &Live) -> Held {
    let reason =
        HoldReason::AwaitingDeletion { waiting_for: live.key.clone(), finalizers: live.finalizers.clone() };
    Held { key: live.key.clone(), reason }
}

/// The hooks of one kind of deletion, as tasks; the source must be rendered to know them.
fn hook_tasks<'a>(input: &Input<'a>, hook: HookType) -> Result<Vec<Task<'a>>, Box<Held>> {
    if let Err(refused) = input.desired {
        let reason = HoldReason::DeletionHooks { why: refused.to_string() };
        return Err(Box::new(Held { key: input.app.key(), reason }));
    }
    let is_such = |item: &&Item<'_>| {
        item.desired.is_some_and(|wanted| matches!(&wanted.role, Role::Hook(types) if types.contains(&hook)))
    };
    let task = |item: &'a Item<'a>| {
        let wanted = item.desired?;
        let object = std::borrow::Cow::Borrowed(&wanted.object);
        let work = Work::Hook { wanted, object, live: item.live, item: Some(item) };
        Some(Task { id: 0, key: item.key.clone(), phase: Phase::Sync, wave: wanted.wave, work })
    };
    Ok(input.items.iter().filter(is_such).filter_map(task).collect())
}

/// Makes the missing hooks and waits for them; a failed one is deleted after a while and made again.
fn run_hooks(input: &Input<'_>, hook: HookType) -> Stage {
    let tasks = match hook_tasks(input, hook) {
        Ok(tasks) => tasks,
        Err(held) => return Stage::Wait(vec![*held]),
    };
    let options = Effective::default();
    let missing = |task: &&Task<'_>| matches!(task.live(), Seen::Absent);
    let make: Vec<Action> = tasks
        .iter()
        .filter(missing)
        .filter_map(|task| run::apply(task, &options))
        .map(Action::Apply)
        .collect();
    if !make.is_empty() {
        return Stage::Act(make);
    }
    let mut held = Vec::new();
    for task in &tasks {
        let Some(live) = task.live().present() else { continue };
        match live.health.as_ref().and_then(|health| health.status) {
            None | Some(HealthCode::Healthy) => {}
            Some(HealthCode::Degraded | HealthCode::Unknown) if !live.deleting => {
                let is_old = hooks::is_ours(input, live)
                    && live.created.is_none_or(|created| input.now.since(created) >= HOOK_RETRY);
                let delete = is_old.then(|| {
                    Action::DeleteHook(run::removal(
                        task.phase,
                        live,
                        Propagation::Foreground,
                        hooks::has_finalizer(live),
                    ))
                });
                let message = format!("hook {} has failed; it is made again", hooks::shown(&task.key));
                return Stage::Failed(delete.into_iter().collect(), message);
            }
            Some(_) => {
                let reason = HoldReason::HookRunning { hook: task.key.clone() };
                held.push(Held { key: task.key.clone(), reason });
            }
        }
    }
    if held.is_empty() { Stage::Done } else { Stage::Wait(held) }
}

/// Deletes hooks that ask to go when they have succeeded (or failed); the rest are left, as upstream leaves them.
fn clean_up(input: &Input<'_>, hook: HookType) -> Stage {
    let tasks = match hook_tasks(input, hook) {
        Ok(tasks) => tasks,
        Err(held) => return Stage::Wait(vec![*held]),
    };
    let is_bad = |task: &Task<'_>| {
        let health =
            task.live().present().and_then(|live| live.health.as_ref()).and_then(|health| health.status);
        health == Some(HealthCode::Degraded)
    };
    let failed = tasks.iter().any(is_bad);
    let policy = if failed { HookDeletePolicy::HookFailed } else { HookDeletePolicy::HookSucceeded };
    let actions: Vec<Action> = hooks::leftovers(input, &tasks, policy)
        .map(|(task, live)| {
            let strip = hooks::has_finalizer(live);
            Action::DeleteHook(run::removal(task.phase, live, Propagation::Foreground, strip))
        })
        .collect();
    if actions.is_empty() { Stage::Done } else { Stage::Act(actions) }
}
