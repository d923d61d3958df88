//! One group's turn: prunes first, then hooks of an earlier run away, then applies by kind (reference 4.5).

use model::annotations::Phase;
use model::application::{OperationPhase, ResultCode};
use model::kinds::Lookup;

use super::board::STARTING;
use super::input::{Live, Seen};
use super::prune::{self, Fate};
use super::run::{Runner, apply, batch, delete_hook, is_changed, removal};
use super::tasks::{Task, Work};
use super::{Action, Batch, Held, HoldReason, discovery, hooks, object_words};

/// One group's turn.
#[derive(Default)]
pub(super) struct Turn {
    pub batches: Vec<Batch>,
    pub held: Vec<Held>,
    pub has_hooks: bool,
}

impl<'a> Runner<'_, 'a> {
    /// One group's turn: prunes, then hooks of an earlier run away, then applies by kind.
    pub(super) fn turn(&mut self, group: (Phase, i64)) -> Turn {
        let members: Vec<&Task<'a>> = self.pending().filter(|task| task.group() == group).collect();
        let mut turn = Turn { has_hooks: members.iter().any(|task| task.is_hook()), ..Turn::default() };
        let Some(prunes) = self.prunes(&members, &mut turn) else { return turn };
        turn.batches.extend(batch(group.0, group.1, prunes));
        let (deletions, waits) = self.hooks_to_replace(&members);
        let must_wait = !waits.is_empty();
        turn.held.extend(waits);
        turn.batches.extend(batch(group.0, group.1, deletions));
        if must_wait {
            return turn;
        }
        self.applies(&members, group, &mut turn);
        turn
    }

    /// The deletions of a group; none at all where one of them must be confirmed first (gotcha 14).
    fn prunes(&mut self, members: &[&Task<'a>], turn: &mut Turn) -> Option<Vec<Action>> {
        let sync = self.state.operation.sync.as_ref();
        let prune = sync.is_some_and(|sync| sync.prune);
        let fates: Vec<(&Task<'a>, &'a Live, Fate)> = members
            .iter()
            .filter_map(|task| match task.work {
                Work::Prune { live } => {
                    let fate = prune::fate(self.input, live, self.options, prune, self.state.started_at);
                    Some((*task, live, fate))
                }
                Work::Apply { .. } | Work::Hook { .. } => None,
            })
            .collect();
        let unconfirmed = fates.iter().filter(|(_, _, fate)| *fate == Fate::AfterConfirmation);
        let held: Vec<Held> = unconfirmed
            .map(|(task, _, _)| Held { key: task.key.clone(), reason: HoldReason::AwaitingConfirmation })
            .collect();
        if !held.is_empty() {
            turn.held = held;
            return None;
        }
        let mut actions = Vec::new();
        for (task, live, fate) in fates {
            match fate {
                Fate::Prune if live.deleting => {
                    self.board.put(
                        task,
                        Some(ResultCode::Pruned),
                        "pruned".into(),
                        OperationPhase::Succeeded,
                    );
                }
                Fate::Prune => {
                    let propagation = self.options.propagation();
                    actions.push(Action::Prune(removal(task.phase, live, propagation, false)));
                }
                Fate::Stays { row, why } => {
                    let words =
                        if row.contains("requires") { row.to_owned() } else { format!("{row}: {why}") };
                    self.board.put(task, Some(ResultCode::PruneSkipped), words, OperationPhase::Succeeded);
                }
                Fate::AfterConfirmation => {}
            }
        }
        Some(actions)
    }

    /// Hooks of an earlier run that go before they are made again.
    ///
    /// An object of that name which is not this Application's is neither taken nor deleted: the hook fails.
    pub(super) fn hooks_to_replace(&mut self, members: &[&Task<'a>]) -> (Vec<Action>, Vec<Held>) {
        let mut actions = Vec::new();
        let mut held = Vec::new();
        for task in members.iter().filter(|task| task.is_hook()) {
            let (Some(wanted), Some(live)) = (task.wanted(), task.live().present()) else { continue };
            if !live.deleting && !hooks::is_ours(self.input, live) {
                let words =
                    format!("{} exists and is not this Application's: give the hook another name", task.key);
                self.board.put(task, Some(ResultCode::SyncFailed), words, OperationPhase::Failed);
                continue;
            }
            if !(hooks::is_replaced(wanted) || live.deleting) {
                continue;
            }
            held.push(Held { key: task.key.clone(), reason: HoldReason::HookDeleting });
            if !live.deleting {
                actions.push(delete_hook(task, live));
            }
        }
        (actions, held)
    }

    pub(super) fn applies(&mut self, members: &[&Task<'a>], group: (Phase, i64), turn: &mut Turn) {
        let mut kind: Option<(&str, &str)> = None;
        for task in members.iter().filter(|task| task.wanted().is_some()) {
            if !self.board.is_pending(task) {
                continue;
            }
            let Some(action) = self.apply_or_row(task, turn) else { continue };
            let this = (task.key.group.as_str(), task.key.kind.as_str());
            match turn.batches.last_mut() {
                Some(batch) if kind == Some(this) => batch.actions.push(action),
                _ => turn.batches.extend(batch(group.0, group.1, vec![action])),
            }
            kind = Some(this);
        }
    }

    /// The request for one object; where none is needed or possible its row or reason is put down instead.
    fn apply_or_row(&mut self, task: &Task<'a>, turn: &mut Turn) -> Option<Action> {
        let wanted = task.wanted()?;
        let live = task.live().present();
        if let Some(live) = live.filter(|live| live.deleting) {
            let reason = HoldReason::Terminating { finalizers: live.finalizers.clone() };
            turn.held.push(Held { key: task.key.clone(), reason });
            return None;
        }
        if let Seen::Unknown(why) = task.live() {
            let reason = HoldReason::CouldNotBeRead { why: why.to_owned() };
            turn.held.push(Held { key: task.key.clone(), reason });
            return None;
        }
        if !is_changed(task, self.options) {
            let words = object_words(&task.key, "unchanged");
            self.board.put(task, Some(ResultCode::Synced), words, OperationPhase::Running);
            return None;
        }
        match self.input.kinds.find(&wanted.gvk) {
            Lookup::Served(_) => {
                if task.is_hook() {
                    self.board.put(task, None, STARTING.to_owned(), OperationPhase::Running);
                }
                apply(task, self.options).map(Action::Apply)
            }
            Lookup::Unknown(why) => {
                let reason =
                    HoldReason::DiscoveryUnknown { group: wanted.gvk.group.clone(), why: why.to_owned() };
                turn.held.push(Held { key: task.key.clone(), reason });
                None
            }
            missing @ (Lookup::Absent | Lookup::OtherVersions(_)) => {
                let words = discovery::not_served(wanted, &missing);
                self.board.put(task, Some(ResultCode::SyncFailed), words, OperationPhase::Failed);
                None
            }
        }
    }
}
