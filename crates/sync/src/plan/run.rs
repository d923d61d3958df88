//! Waves: the lowest group that has not had its turn runs once everything before it is healthy (reference 4.4, 4.5).

use model::annotations::{HookDeletePolicy, Phase};
use model::application::{
    HealthCode, OperationPhase, OperationState, ResourceResult, ResultCode, SyncResult, SyncStatusCode,
};
use model::time::Time;

use super::board::Board;
use super::input::{Input, Live, Seen};
use super::options::Effective;
use super::outcome::{self, NOT_DELETED};
use super::tasks::{Task, Work};
use super::turn::Turn;
use super::{Action, Apply, Batch, Expects, Held, HoldReason, Propagation, Removal, hooks};

/// How far an operation has come in one call.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// It is over, with its message.
    Over(OperationPhase, String),
    /// There is something to do.
    Act { batches: Vec<Batch>, held: Vec<Held>, message: String, record_first: bool },
    /// There is something to wait for.
    Wait { held: Vec<Held>, wake: Option<Time>, message: String },
}

/// The rows of an operation.
pub(super) fn result(state: &mut OperationState) -> &mut Vec<ResourceResult> {
    &mut state.sync_result.get_or_insert_with(SyncResult::default).resources
}

/// Whether a hook is in the middle of its work.
pub(super) fn has_running_hook(result: &SyncResult) -> bool {
    let is_running = |row: &ResourceResult| row.hook_phase == Some(OperationPhase::Running);
    result.resources.iter().any(|row| !row.hook_type.is_empty() && is_running(row))
}

/// Takes a validated operation a step further.
pub(super) fn run(
    input: &Input<'_>,
    state: &mut OperationState,
    tasks: &[Task<'_>],
    options: &Effective,
) -> Progress {
    let rows = std::mem::take(result(state));
    let mut runner = Runner { input, state, tasks, options, board: Board::of(rows, tasks) };
    let progress = runner.step();
    let rows = runner.board.rows;
    *result(state) = rows;
    progress
}

/// Marks running hooks as stopped, and deletes them.
pub(super) fn stop_hooks(input: &Input<'_>, state: &mut OperationState, tasks: &[Task<'_>]) -> Vec<Batch> {
    let mut board = Board::of(std::mem::take(result(state)), tasks);
    let mut actions = Vec::new();
    for task in tasks.iter().filter(|task| task.is_hook()) {
        let Some(row) = board.get_mut(task).filter(|row| row.hook_phase == Some(OperationPhase::Running))
        else {
            continue;
        };
        row.hook_phase = Some(OperationPhase::Failed);
        row.message = "Terminated".to_owned();
        let live = task.live().present().filter(|live| !live.deleting && hooks::is_ours(input, live));
        actions.extend(live.map(|live| delete_hook(task, live)));
    }
    *result(state) = board.rows;
    batch(Phase::Sync, 0, actions).into_iter().collect()
}

/// Whether an object is to be written: it is missing, it differs, or a user asked for force or replacement.
pub(super) fn is_changed(task: &Task<'_>, options: &Effective) -> bool {
    match &task.work {
        Work::Hook { .. } | Work::Prune { .. } => true,
        Work::Apply { item, .. } => match item.live {
            Seen::Absent => true,
            Seen::Unknown(_) => false,
            Seen::Present(_) => item.verdict != SyncStatusCode::Synced || options.writes_everything(),
        },
    }
}

/// The request that applies a task's object; none for a prune.
pub(super) fn apply(task: &Task<'_>, options: &Effective) -> Option<Apply> {
    let (wanted, object) = match &task.work {
        Work::Apply { wanted, .. } => (wanted, &wanted.object),
        Work::Hook { wanted, object, .. } => (wanted, object.as_ref()),
        Work::Prune { .. } => return None,
    };
    let live = task.live().present();
    Some(Apply {
        key: task.key.clone(),
        gvk: wanted.gvk.clone(),
        object: object.clone(),
        hash: wanted.hash,
        phase: task.phase,
        hook: task.is_hook(),
        how: options.how(wanted, live),
        force: options.force(wanted, live),
        validate: options.validates(wanted),
        respect_ignore_differences: options.respects_ignored(),
        take_over: options.takes_over(),
        expects: live.map_or(Expects::Absent, |live| Expects::Present {
            uid: live.uid.clone(),
            resource_version: live.resource_version.clone(),
        }),
    })
}

/// One call's run through the groups.
pub(super) struct Runner<'r, 'a> {
    pub input: &'r Input<'a>,
    pub state: &'r OperationState,
    pub tasks: &'r [Task<'a>],
    pub options: &'r Effective,
    pub board: Board,
}

impl<'r, 'a> Runner<'r, 'a> {
    /// Reads from live objects how far the running rows are. The last group is not asked, unless hooks run in it.
    fn settle(&mut self) {
        let last = self.regular().map(Task::group).max().filter(|last| !self.has_hooks(*last));
        for task in self.tasks {
            if !self.board.is_running(task) || Some(task.group()) == last {
                continue;
            }
            let live = task.live();
            let Some(row) = self.board.get_mut(task) else { continue };
            let live = match live {
                Seen::Unknown(_) => continue,
                Seen::Present(live) => live,
                Seen::Absent => {
                    row.hook_phase = Some(OperationPhase::Error);
                    row.message = "the object has disappeared while it was waited for".to_owned();
                    continue;
                }
            };
            let phase = if task.is_hook() { hooks::progress(live) } else { resource_progress(live) };
            row.hook_phase = Some(phase);
            let words = live.health.as_ref().map_or("", |health| &health.message);
            if !words.is_empty() && (task.is_hook() || phase == OperationPhase::Failed) {
                row.message = words.to_owned();
            } else if phase == OperationPhase::Failed {
                row.message = format!("{} is Degraded", task.key);
            }
        }
    }

    fn step(&mut self) -> Progress {
        loop {
            self.settle();
            if let Some(hook) = self.regular().find(|task| task.is_hook() && self.board.is_running(task)) {
                return self.wait_for_hook(hook);
            }
            if self.board.failed().next().is_some() {
                return self.fail();
            }
            let Some(first) = self.pending().next() else { return self.end() };
            let group = first.group();
            if let Some(wait) = self.wait_for_earlier(group) {
                return wait;
            }
            let before = self.pending().count();
            let Turn { batches, held, has_hooks } = self.turn(group);
            if !batches.is_empty() {
                let message = format!("syncing wave {} of {}", group.1, group.0.as_str());
                return Progress::Act { batches, held, message, record_first: has_hooks };
            }
            if !held.is_empty() || self.pending().count() == before {
                return wait(held, None);
            }
        }
    }

    fn regular(&self) -> impl Iterator<Item = &'r Task<'a>> + use<'r, 'a> {
        self.tasks.iter().filter(|task| task.phase != Phase::SyncFail)
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = &'r Task<'a>> {
        self.regular().filter(|task| self.board.is_pending(task))
    }

    fn has_hooks(&self, group: (Phase, i64)) -> bool {
        self.regular().any(|task| task.is_hook() && task.group() == group)
    }

    fn wait_for_hook(&self, hook: &Task<'_>) -> Progress {
        let reason = HoldReason::HookRunning { hook: hook.key.clone() };
        let mut held = vec![Held { key: hook.key.clone(), reason: reason.clone() }];
        held.extend(self.pending().map(|task| Held { key: task.key.clone(), reason: reason.clone() }));
        let message = format!("waiting for completion of hook {}", hooks::shown(&hook.key));
        Progress::Wait { held, wake: None, message }
    }

    /// Why a group may not begin: something of an earlier one is not healthy, not gone, or was only just written.
    fn wait_for_earlier(&self, group: (Phase, i64)) -> Option<Progress> {
        let earlier: Vec<&Task<'_>> = self.regular().filter(|task| task.group() < group).collect();
        let running: Vec<&Task<'_>> =
            earlier.iter().copied().filter(|task| self.board.is_running(task)).collect();
        if let Some(first) = running.first() {
            return Some(self.wait_for_health(first, running.len()));
        }
        let leaving = earlier.iter().find_map(|task| {
            let row = self.board.get(task).filter(|row| row.status == Some(ResultCode::Pruned));
            row.and(task.live().present()).map(|live| (*task, live))
        });
        if let Some((task, live)) = leaving {
            let reason = || HoldReason::AwaitingDeletion {
                waiting_for: task.key.clone(),
                finalizers: live.finalizers.clone(),
            };
            let held = self.pending().map(|task| Held { key: task.key.clone(), reason: reason() }).collect();
            return Some(wait(held, None));
        }
        if earlier.is_empty() {
            return None;
        }
        let until = self.input.now.end_of_wait(self.input.last_write?, self.input.pace.wave_delay)?;
        let reason = HoldReason::WaveDelay { until };
        let held =
            self.pending().map(|task| Held { key: task.key.clone(), reason: reason.clone() }).collect();
        Some(wait(held, Some(until)))
    }

    fn wait_for_health(&self, first: &Task<'_>, running: usize) -> Progress {
        let health = match first.live() {
            Seen::Present(live) => live.health.as_ref().map_or("not judged yet".to_owned(), health_words),
            Seen::Absent => "missing".to_owned(),
            Seen::Unknown(why) => format!("not readable ({why})"),
        };
        let reason = HoldReason::EarlierWave {
            phase: first.phase.as_str(),
            wave: first.wave,
            waiting_for: first.key.clone(),
            health,
        };
        let held =
            self.pending().map(|task| Held { key: task.key.clone(), reason: reason.clone() }).collect();
        let more = match running - 1 {
            0 => String::new(),
            more => format!(" and {more} more resources"),
        };
        let message = format!("waiting for healthy state of {}{more}", hooks::shown(&first.key));
        Progress::Wait { held, wake: None, message }
    }

    /// Nothing is left to begin. The last group is not waited for, unless hooks ran in it.
    fn end(&self) -> Progress {
        let last = self.regular().map(Task::group).max();
        let has_hooks = last.is_some_and(|last| self.has_hooks(last));
        let running: Vec<&Task<'_>> = self.regular().filter(|task| self.board.is_running(task)).collect();
        let is_multi = self.regular().any(|task| Some(task.group()) != last);
        if let Some(first) = running.first().filter(|_| has_hooks && is_multi) {
            let mut progress = self.wait_for_health(first, running.len());
            if let Progress::Wait { held, .. } = &mut progress {
                let reason = HoldReason::EarlierWave {
                    phase: first.phase.as_str(),
                    wave: first.wave,
                    waiting_for: first.key.clone(),
                    health: "not healthy yet".to_owned(),
                };
                held.push(Held { key: first.key.clone(), reason });
            }
            return progress;
        }
        if let Some(act) = self.delete_leftovers(HookDeletePolicy::HookSucceeded) {
            return act;
        }
        let words = if self.tasks.is_empty() { "no more tasks" } else { "all tasks run" };
        Progress::Over(OperationPhase::Succeeded, format!("successfully synced ({words})"))
    }

    /// Something has failed: SyncFail hooks run, then it is over.
    fn fail(&mut self) -> Progress {
        if let Some(act) = self.delete_leftovers(HookDeletePolicy::HookFailed) {
            return act;
        }
        let hooks: Vec<&Task<'a>> = self.tasks.iter().filter(|task| task.phase == Phase::SyncFail).collect();
        if let Some(hook) = hooks.iter().find(|task| self.board.is_running(task)) {
            let held = vec![Held {
                key: hook.key.clone(),
                reason: HoldReason::HookRunning { hook: hook.key.clone() },
            }];
            let message = format!("waiting for completion of hook {}", hooks::shown(&hook.key));
            return Progress::Wait { held, wake: None, message };
        }
        let pending: Vec<&Task<'a>> = hooks.into_iter().filter(|task| self.board.is_pending(task)).collect();
        if !pending.is_empty() {
            let mut turn = Turn::default();
            let (deletions, waits) = self.hooks_to_replace(&pending);
            turn.batches.extend(batch(Phase::SyncFail, 0, deletions));
            if waits.is_empty() {
                self.applies(&pending, (Phase::SyncFail, 0), &mut turn);
            }
            turn.held.extend(waits);
            if !turn.batches.is_empty() {
                let (batches, held) = (turn.batches, turn.held);
                let message = "running SyncFail hooks".to_owned();
                return Progress::Act { batches, held, message, record_first: true };
            }
            if !turn.held.is_empty() {
                return wait(turn.held, None);
            }
        }
        Progress::Over(OperationPhase::Failed, self.failure())
    }

    fn failure(&self) -> String {
        const SHOWN: usize = 3;
        let is_refused = self.board.failed().any(|row| row.status == Some(ResultCode::SyncFailed));
        let what = if is_refused {
            "one or more objects failed to apply"
        } else {
            "one or more synchronization tasks completed unsuccessfully"
        };
        let mut reasons: Vec<String> =
            self.board.failed().map(|row| outcome::named(&row.key(), &row.message)).collect();
        let more = match reasons.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        reasons.truncate(SHOWN);
        format!("{what}, reason: {}{more}", reasons.join(", "))
    }

    fn delete_leftovers(&self, policy: HookDeletePolicy) -> Option<Progress> {
        let ran =
            |task: &Task<'_>| self.board.get(task).is_some_and(|row| !row.message.starts_with(NOT_DELETED));
        let leftovers = hooks::leftovers(self.input, self.tasks, policy).filter(|(task, _)| ran(task));
        let actions: Vec<Action> = leftovers.map(|(task, live)| delete_hook(task, live)).collect();
        let batches: Vec<Batch> = batch(Phase::PostSync, 0, actions).into_iter().collect();
        if batches.is_empty() {
            return None;
        }
        let message = "deleting hooks".to_owned();
        Some(Progress::Act { batches, held: Vec::new(), message, record_first: true })
    }
}

/// How far an applied object is, by its health; one without health has nothing to wait for.
fn resource_progress(live: &Live) -> OperationPhase {
    match live.health.as_ref().and_then(|health| health.status) {
        None | Some(HealthCode::Healthy) => OperationPhase::Succeeded,
        Some(HealthCode::Degraded) => OperationPhase::Failed,
        Some(HealthCode::Suspended | HealthCode::Progressing | HealthCode::Missing | HealthCode::Unknown) => {
            OperationPhase::Running
        }
    }
}

fn health_words(health: &model::application::HealthStatus) -> String {
    let code = health.status.map_or("not judged", HealthCode::as_str);
    if health.message.is_empty() { code.to_owned() } else { format!("{code} ({})", health.message) }
}

pub(super) fn delete_hook(task: &Task<'_>, live: &Live) -> Action {
    let strip = hooks::has_finalizer(live);
    Action::DeleteHook(removal(task.phase, live, Propagation::Foreground, strip))
}

/// The deletion of what was seen, and of nothing else.
pub(super) fn removal(phase: Phase, live: &Live, propagation: Propagation, strip_finalizer: bool) -> Removal {
    Removal {
        key: live.key.clone(),
        version: live.version.clone(),
        uid: live.uid.clone(),
        resource_version: live.resource_version.clone(),
        propagation,
        phase,
        strip_finalizer,
    }
}

/// A batch, where there is anything in it.
pub(super) fn batch(phase: Phase, wave: i64, actions: Vec<Action>) -> Option<Batch> {
    (!actions.is_empty()).then_some(Batch { phase, wave, actions })
}

fn wait(held: Vec<Held>, wake: Option<Time>) -> Progress {
    let message = held.first().map_or_else(String::new, |held| held.reason.to_string());
    Progress::Wait { held, wake, message }
}
