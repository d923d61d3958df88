//! The plan put together, with `status.conditions` as they are to be (reference 1.7, 3.9).

use model::application::Condition;
use model::time::Time;

use super::Plan;
use super::input::Input;
use super::operation::Step;
use super::verdict::{Finding, Found};

/// Types that this plan says or takes back; those of other owners stay as they are.
const OWNED: [&str; 10] = [
    "InvalidSpecError",
    "ComparisonError",
    "SharedResourceWarning",
    "RepeatedResourceWarning",
    "ExcludedResourceWarning",
    "CyclicApplicationWarning",
    "StaleSourceWarning",
    super::verdict::UNANSWERED,
    super::verdict::REJECTED,
    "SyncError",
];

/// Puts findings and step together.
pub(super) fn assemble(input: &Input<'_>, found: Found, step: Step) -> Plan {
    let Found { compared, problems, warnings, shared: _, held: left_alone } = found;
    let Step { batches, mut held, wake, operation, ended, clear_request, record_first, sync_error } = step;
    let sync_error = sync_error.map(|message| Finding::new("SyncError", message));
    let said = problems.into_iter().chain(warnings).chain(sync_error).collect();
    let mut conditions = merge(&input.app.status.conditions, said, &OWNED, input.now);
    // What is said about an Application's deletion is of the past once it is not being deleted.
    conditions.retain(|condition| condition.kind != "DeletionError");
    held.extend(left_alone);
    held.sort_by(|one, other| one.key.cmp(&other.key));
    held.dedup();
    Plan { batches, held, wake, operation, ended, clear_request, record_first, sync: compared, conditions }
}

/// Old conditions of other owners and what is said now, sorted; a condition that was there keeps its time.
pub(super) fn merge(old: &[Condition], said: Vec<Finding>, owned: &[&str], now: Time) -> Vec<Condition> {
    let foreign = old.iter().filter(|condition| !owned.contains(&condition.kind.as_str())).cloned();
    let said = said.into_iter().map(|Finding { kind, message }| {
        let before = old.iter().find(|before| before.kind == kind && before.message == message);
        let since = before.and_then(|before| before.last_transition_time);
        let last_transition_time = Some(since.unwrap_or(now.whole_seconds()));
        Condition { kind: kind.to_owned(), message, last_transition_time }
    });
    let mut all: Vec<Condition> = foreign.chain(said).collect();
    all.sort_by(|one, other| (&one.kind, &one.message).cmp(&(&other.kind, &other.message)));
    all.dedup_by(|one, other| one.kind == other.kind && one.message == other.message);
    all
}
