//! One sentence for the page: why an Application is not well.

use model::application::{HealthCode, HealthStatus, OperationPhase, OperationState, SyncStatusCode};

use super::Plan;
use super::verdict::{REJECTED, UNANSWERED};

/// Why an Application is not well, in one sentence; none where it is.
///
/// `operation` is the last or running one, `health` the Application's. The nearest cause comes first: what is wrong
/// with the Application itself, what the server does not take, what a Rollout gave up, then a sync that fails or waits, then an object that is not healthy, then drift.
pub fn cause(plan: &Plan, operation: Option<&OperationState>, health: &HealthStatus) -> Option<String> {
    let of =
        |is_cause: &dyn Fn(&str) -> bool| plan.conditions.iter().find(|condition| is_cause(&condition.kind));
    let error =
        of(&|kind| kind.ends_with("Error")).or_else(|| of(&|kind| kind == UNANSWERED || kind == REJECTED));
    if let Some(error) = error {
        return Some(error.message.clone());
    }
    let operation = plan.operation.as_ref().or(operation);
    if let Some(state) =
        operation.filter(|state| is_unfinished(state) && plan.sync.status != SyncStatusCode::Synced)
    {
        return Some(state.message.clone());
    }
    if let Some(held) = plan.held.first() {
        return Some(format!("{}: {}", held.key, held.reason));
    }
    if health.status.is_some_and(|code| code != HealthCode::Healthy) {
        return Some(unhealthy(plan, health));
    }
    let different = plan.sync.resources.iter().filter(|row| row.status == Some(SyncStatusCode::OutOfSync));
    let mut different = different.peekable();
    let first = different.peek().map(|row| row.key())?;
    Some(match different.count() {
        1 => format!("{first} differs from the source"),
        count => format!("{first} and {} more differ from the source", count - 1),
    })
}

fn is_unfinished(state: &OperationState) -> bool {
    state.phase != OperationPhase::Succeeded && !state.message.is_empty()
}

/// The worst object, with its own words.
fn unhealthy(plan: &Plan, health: &HealthStatus) -> String {
    let code = health.status.unwrap_or_default();
    let of_code = |row: &&model::application::ResourceStatus| {
        row.health.as_ref().and_then(|health| health.status) == Some(code)
    };
    match plan.sync.resources.iter().find(of_code) {
        Some(row) => {
            let words = row.health.as_ref().map_or("", |health| &health.message);
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            format!("{} is {}{words}", row.key(), code.as_str())
        }
        None if health.message.is_empty() => format!("it is {}", code.as_str()),
        None => health.message.clone(),
    }
}
