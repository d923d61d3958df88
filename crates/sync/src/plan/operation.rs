//! One operation's life: begun, carried on, retried, overtaken, ended (reference 4.1).

use std::time::Duration;

use model::application::{
    Operation, OperationPhase, OperationState, RetryStrategy, SyncOperation, SyncResult,
};
use model::time::Time;

use super::gates::{self, Gate};
use super::input::{Input, Revision};
use super::options::Effective;
use super::run::{self, Progress};
use super::tasks;
use super::validate::{self, Check};
use super::verdict::{self, Finding, Found};
use super::{Batch, Held, HoldReason};

/// What one call does to the operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub batches: Vec<Batch>,
    pub held: Vec<Held>,
    pub wake: Option<Time>,
    pub operation: Option<OperationState>,
    pub ended: Option<OperationState>,
    pub clear_request: bool,
    pub record_first: bool,
    pub sync_error: Option<String>,
}

/// Takes the running operation a step further, or begins one where a user or automation asks for it.
pub(super) fn advance(input: &Input<'_>, found: &Found) -> Step {
    let recorded = input.app.status.operation_state.as_ref();
    if let Some(state) = recorded.filter(|state| !state.phase.is_completed()) {
        return go_on(input, found, state.clone());
    }
    if let Some(request) = &input.app.operation {
        return begin(input, found, request.clone());
    }
    match gates::automated(input, found) {
        Gate::Open(operation) => begin(input, found, *operation),
        Gate::Shut { held, wake } => {
            Step { held: held.into_iter().map(|held| *held).collect(), wake, ..Step::default() }
        }
        Gate::Refused(message) => Step { sync_error: Some(message), ..Step::default() },
    }
}

/// Whether an ended operation becomes an entry of `status.history`: only whole, real, successful syncs do.
pub fn keeps_history(ended: &OperationState) -> bool {
    ended.phase == OperationPhase::Succeeded
        && ended.operation.sync.as_ref().is_some_and(|sync| !sync.dry_run && sync.resources.is_empty())
}

fn begin(input: &Input<'_>, found: &Found, operation: Operation) -> Step {
    let state = OperationState {
        operation,
        phase: OperationPhase::Running,
        started_at: Some(input.now.whole_seconds()),
        ..OperationState::default()
    };
    proceed(input, found, state, true)
}

fn go_on(input: &Input<'_>, found: &Found, mut state: OperationState) -> Step {
    if state.phase == OperationPhase::Terminating {
        return terminate(input, state);
    }
    if is_overtaken(input, found, &state) {
        return overtake(input, found, state);
    }
    let Some(failed_at) = state.finished_at else { return proceed(input, found, state, false) };
    let wait = backoff(state.operation.retry.as_ref(), state.retry_count);
    if let Some(until) = input.now.end_of_wait(failed_at, wait) {
        let reason = HoldReason::RetryBackoff { until, attempt: state.retry_count };
        let held = vec![Held { key: input.app.key(), reason }];
        let sync_error = failed_attempt(&state);
        return keep(input, state, Step { held, wake: Some(until), sync_error, ..Step::default() });
    }
    state.finished_at = None;
    if let Some(result) = &mut state.sync_result {
        result.resources.clear();
    }
    proceed(input, found, state, true)
}

/// One step of a running operation. `fresh`: an attempt begins, so remembered refusals are asked again.
fn proceed(input: &Input<'_>, found: &Found, mut state: OperationState, fresh: bool) -> Step {
    if state.operation.sync.is_none() {
        return finish(
            input,
            state,
            OperationPhase::Error,
            "Invalid operation request: no operation specified".into(),
        );
    }
    if let Some(message) = first_error(&found.problems) {
        return finish(input, state, OperationPhase::Error, message);
    }
    let options = Effective::of(&state.operation);
    if options.fail_on_shared() && !found.shared.is_empty() {
        let message = found.warnings.iter().find(|warning| warning.kind == "SharedResourceWarning");
        let message = message.map_or("", |warning| &warning.message);
        return finish(input, state, OperationPhase::Failed, format!("Shared resource found: {message}"));
    }
    fill_result(input, &mut state);
    let tasks = tasks::list(input, &state, &options);
    let checked = validate::check(input, &state, &tasks, &options, fresh);
    let progress = match checked {
        Check::Valid => run::run(input, &mut state, &tasks, &options),
        Check::Refused { message, rows } => {
            run::result(&mut state).extend(rows);
            Progress::Over(OperationPhase::Failed, message)
        }
        Check::Done(rows) => {
            run::result(&mut state).extend(rows);
            Progress::Over(OperationPhase::Succeeded, "successfully synced (dry run)".into())
        }
        Check::Act { batches, held, message } => {
            Progress::Act { batches, held, message, record_first: false }
        }
        Check::Wait { held, wake, message } => Progress::Wait { held, wake, message },
    };
    match progress {
        Progress::Over(phase, message) => finish(input, state, phase, message),
        Progress::Act { batches, held, message, record_first } => {
            state.message = message;
            keep(input, state, Step { batches, held, record_first, ..Step::default() })
        }
        Progress::Wait { held, wake, message } => {
            state.message = message;
            keep(input, state, Step { held, wake, ..Step::default() })
        }
    }
}

fn first_error(problems: &[Finding]) -> Option<String> {
    let texts: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Writes down what this operation syncs to, once: a later call goes on with the same revision.
fn fill_result(input: &Input<'_>, state: &mut OperationState) {
    let sync = state.operation.sync.clone().unwrap_or_default();
    let Revision { revision, revisions } = input.revision.clone();
    let spec = &input.app.spec;
    let overridden = sync.source.is_some() || !sync.sources.is_empty();
    let source =
        if overridden { sync.source } else { spec.source.clone().filter(|_| spec.sources.is_empty()) };
    let sources = if overridden { sync.sources } else { spec.sources.clone() };
    let metadata = verdict::namespace_metadata(input).cloned();
    let result = state.sync_result.get_or_insert_with(SyncResult::default);
    result.managed_namespace_metadata = metadata;
    if result.revision.is_empty() && result.revisions.is_empty() {
        *result = SyncResult { revision, revisions, source, sources, ..std::mem::take(result) };
    }
}

/// The operation as it goes on, recorded where it has changed.
fn keep(input: &Input<'_>, state: OperationState, step: Step) -> Step {
    let is_new = input.app.status.operation_state.as_ref() != Some(&state);
    Step { operation: is_new.then_some(state), ..step }
}

/// Ends the operation, or puts it back for a retry.
fn finish(input: &Input<'_>, mut state: OperationState, phase: OperationPhase, message: String) -> Step {
    let now = input.now.whole_seconds();
    state.finished_at = Some(now);
    let limit = state.operation.retry.as_ref().map_or(0, |retry| retry.limit);
    let failed = matches!(phase, OperationPhase::Failed | OperationPhase::Error);
    if failed && (limit < 0 || state.retry_count < limit) {
        state.retry_count += 1;
        let until = now.plus(backoff(state.operation.retry.as_ref(), state.retry_count));
        state.phase = OperationPhase::Running;
        state.message = format!("{message}. Retrying attempt #{} at {until}.", state.retry_count);
        let reason = HoldReason::RetryBackoff { until, attempt: state.retry_count };
        let held = vec![Held { key: input.app.key(), reason }];
        let sync_error = failed_attempt(&state);
        return keep(input, state, Step { held, wake: Some(until), sync_error, ..Step::default() });
    }
    state.phase = phase;
    state.message = match state.retry_count {
        0 => message,
        count => format!("{message} (retried {count} times)."),
    };
    Step {
        operation: Some(state.clone()),
        ended: Some(state),
        clear_request: input.app.operation.is_some(),
        ..Step::default()
    }
}

/// The condition of an automated sync that is put back for a retry: it has failed all the same, and users need not
/// wait for the last attempt to read why.
fn failed_attempt(state: &OperationState) -> Option<String> {
    let result = state.sync_result.clone().unwrap_or_default();
    let revision = Revision { revision: result.revision, revisions: result.revisions };
    let is_automated = state.operation.initiated_by.automated;
    is_automated.then(|| format!("Failed sync attempt to {revision}: {}", state.message))
}

/// Stops on a user's word: what is applied stays, hooks are marked, nothing is retried.
fn terminate(input: &Input<'_>, mut state: OperationState) -> Step {
    let options = Effective::of(&state.operation);
    let tasks = tasks::list(input, &state, &options);
    let batches = run::stop_hooks(input, &mut state, &tasks);
    if !batches.is_empty() {
        return keep(input, state, Step { batches, ..Step::default() });
    }
    state.operation.retry = None;
    finish(input, state, OperationPhase::Failed, "Operation terminated".into())
}

/// Whether a newer revision takes over: automation is on, the operation is not tied to its revision, and no hook
/// is in the middle of its work.
fn is_overtaken(input: &Input<'_>, found: &Found, state: &OperationState) -> bool {
    let Some(result) = &state.sync_result else { return false };
    let is_other = result.revision != input.revision.revision || result.revisions != input.revision.revisions;
    let has_revision = !result.revision.is_empty() || !result.revisions.is_empty();
    has_revision
        && is_other
        && found.problems.is_empty()
        && input.app.spec.automated().is_some()
        && !gates::is_pinned(input.app, &state.operation)
        && !run::has_running_hook(result)
}

fn overtake(input: &Input<'_>, found: &Found, mut state: OperationState) -> Step {
    state.phase = OperationPhase::Failed;
    state.finished_at = Some(input.now.whole_seconds());
    state.message = format!("superseded by {} before it was complete", input.revision);
    let step = begin(input, found, gates::automated_operation(input, Vec::new(), 0));
    // What the newer operation did in this very call is what counts; the older one is only told of.
    Step { ended: step.ended.or(Some(state)), clear_request: input.app.operation.is_some(), ..step }
}

/// How long a retry waits: `duration * factor^count`, at most `maxDuration`. As upstream, `count` is the retry's own
/// number, so that the first one waits `duration * factor`.
fn backoff(retry: Option<&RetryStrategy>, count: i64) -> Duration {
    let backoff = retry.and_then(|retry| retry.backoff.clone()).unwrap_or_default();
    let first = go_duration(&backoff.duration).unwrap_or(Duration::from_secs(5));
    let longest = go_duration(&backoff.max_duration).unwrap_or(Duration::from_secs(180));
    let factor = backoff.factor.unwrap_or(2).clamp(1, 1_000_000);
    let mut wait = first;
    for _ in 0..count.clamp(0, 64) {
        wait = wait.saturating_mul(u32::try_from(factor).unwrap_or(u32::MAX));
        if wait >= longest {
            return longest;
        }
    }
    wait.min(longest)
}

/// A Go duration (`1h30m`, `500ms`) or whole seconds; none where it is neither, empty or negative.
fn go_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = 0f64;
    while !rest.is_empty() {
        let digits = rest.find(|found: char| !found.is_ascii_digit() && found != '.')?;
        let unit_end = rest[digits..].find(|found: char| found.is_ascii_digit() || found == '.');
        let unit_end = unit_end.map_or(rest.len(), |end| digits + end);
        let number: f64 = rest[..digits].parse().ok()?;
        total += number * unit_seconds(&rest[digits..unit_end])?;
        rest = &rest[unit_end..];
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// The operation automation asks for.
pub(super) fn automated(sync: SyncOperation, retry: Option<RetryStrategy>) -> Operation {
    Operation {
        sync: Some(sync),
        initiated_by: model::application::OperationInitiator { username: String::new(), automated: true },
        info: Vec::new(),
        retry: Some(retry.unwrap_or(RetryStrategy { limit: 5, ..RetryStrategy::default() })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_go_durations_or_seconds() {
        for (text, expected) in [
            ("5s", Some(5_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            ("500ms", Some(500)),
            ("10", Some(10_000)),
            ("", None),
            ("-5s", None),
            ("5", Some(5_000)),
            ("5x", None),
            ("s", None),
        ] {
            assert_eq!(go_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn the_first_retry_waits_twice_the_duration_and_all_are_capped() {
        let waits: Vec<u64> = (1..8).map(|count| backoff(None, count).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 180, 180]);
        assert_eq!(backoff(None, i64::MAX).as_secs(), 180);
    }
}
