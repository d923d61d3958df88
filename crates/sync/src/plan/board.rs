//! The rows of one operation by task: which tasks have had their turn, which run, which have failed.

use std::collections::HashMap;

use model::annotations::Phase;
use model::application::{OperationPhase, ResourceResult, ResultCode};
use model::key::ObjectKey;

use super::input::Seen;
use super::outcome::task_row;
use super::tasks::Task;

/// The message of a hook that is about to be made. It is recorded before the hook is: after a stop in between, a
/// hook that is there has run, and one that is not has not.
pub(super) const STARTING: &str = "about to start";

/// The rows by task.
pub(super) struct Board {
    pub rows: Vec<ResourceResult>,
    /// Row of each task, by the task's place.
    places: Vec<Option<usize>>,
}

impl Board {
    pub(super) fn of(rows: Vec<ResourceResult>, tasks: &[Task<'_>]) -> Self {
        let mut by_object: HashMap<(&str, &str, &str, &str, &str), usize> =
            HashMap::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            by_object.insert((&row.group, &row.kind, &row.namespace, &row.name, &row.sync_phase), index);
        }
        let place = |task: &Task<'_>| {
            let ObjectKey { group, kind, namespace, name } = &task.key;
            by_object.get(&(group.as_str(), kind, namespace, name, task.phase.as_str())).copied()
        };
        let places = tasks.iter().map(place).collect();
        Self { rows, places }
    }

    pub(super) fn get(&self, task: &Task<'_>) -> Option<&ResourceResult> {
        self.places[task.id].map(|place| &self.rows[place])
    }

    pub(super) fn get_mut(&mut self, task: &Task<'_>) -> Option<&mut ResourceResult> {
        self.places[task.id].map(|place| &mut self.rows[place])
    }

    /// True where a task has not had its turn.
    pub(super) fn is_pending(&self, task: &Task<'_>) -> bool {
        self.get(task).is_none_or(|row| row.message == STARTING && matches!(task.live(), Seen::Absent))
    }

    pub(super) fn is_running(&self, task: &Task<'_>) -> bool {
        let running = |row: &ResourceResult| row.hook_phase == Some(OperationPhase::Running);
        self.get(task).is_some_and(running) && !self.is_pending(task)
    }

    pub(super) fn put(
        &mut self,
        task: &Task<'_>,
        code: Option<ResultCode>,
        words: String,
        phase: OperationPhase,
    ) {
        let row = task_row(task, code, words, Some(phase));
        match self.places[task.id] {
            Some(place) => self.rows[place] = row,
            None => {
                self.places[task.id] = Some(self.rows.len());
                self.rows.push(row);
            }
        }
    }

    /// Rows of the sync proper that have failed; SyncFail hooks do not count.
    pub(super) fn failed(&self) -> impl Iterator<Item = &ResourceResult> {
        self.rows.iter().filter(|row| {
            row.sync_phase != Phase::SyncFail.as_str()
                && (row.status == Some(ResultCode::SyncFailed)
                    || matches!(row.hook_phase, Some(OperationPhase::Failed | OperationPhase::Error)))
        })
    }
}
