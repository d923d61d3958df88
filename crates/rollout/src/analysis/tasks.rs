//! Which measurements are due, and when the next ones are.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Time;
use model::analysis::{AnalysisRunStatus, Measurement, MetricResult};

use super::phase::Phase;
use super::{Plan, PlannedMetric, Task, Work};

/// From an error to the next try, and between measurements of a metric without an interval.
const RETRY: Duration = Duration::from_secs(10);

/// When a metric is looked at next.
enum Next {
    /// At this moment, for this.
    At(Option<Time>, Work),
    /// Not again.
    Never,
}

/// The measurements to take now.
pub(super) fn due(
    plan: &Plan,
    status: &AnalysisRunStatus,
    in_flight: &BTreeSet<String>,
    now: Time,
) -> Vec<Task> {
    let terminating = plan.is_terminating(status);
    let free = plan.metrics.iter().filter(|planned| !in_flight.contains(&planned.metric.name));
    let tasks = free.filter_map(|planned| {
        let result = result_of(status, planned);
        let Next::At(at, work) = next_of(planned, result, status.started_at, terminating) else {
            return None;
        };
        let number = result.map_or(1, |result| result.count + result.error + 1);
        at.is_none_or(|at| now >= at).then(|| Task { metric: planned.metric.clone(), number, work })
    });
    tasks.collect()
}

/// The earliest moment at which something is due that is not being done already.
pub(super) fn next(
    plan: &Plan,
    status: &AnalysisRunStatus,
    in_flight: &BTreeSet<String>,
    tasks: &[Task],
) -> Option<Time> {
    let terminating = plan.is_terminating(status);
    let busy = |planned: &&PlannedMetric| {
        let name = &planned.metric.name;
        !in_flight.contains(name) && tasks.iter().all(|task| task.metric.name != *name)
    };
    let moments = plan.metrics.iter().filter(busy).filter_map(|planned| {
        match next_of(planned, result_of(status, planned), status.started_at, terminating) {
            Next::At(at, _) => at,
            Next::Never => None,
        }
    });
    moments.min()
}

fn result_of<'a>(status: &'a AnalysisRunStatus, planned: &PlannedMetric) -> Option<&'a MetricResult> {
    status.metric_results.iter().find(|result| result.name == planned.metric.name)
}

fn next_of(
    planned: &PlannedMetric,
    result: Option<&MetricResult>,
    started_at: Option<Time>,
    terminating: bool,
) -> Next {
    let done = |result: &MetricResult| Phase::of(&result.phase).is_some_and(Phase::is_terminal);
    if result.is_some_and(done) {
        return Next::Never;
    }
    let last = result.and_then(|result| result.measurements.last());
    match last {
        Some(last) if last.finished_at.is_none() && terminating => {
            Next::At(None, Work::Terminate(last.clone()))
        }
        Some(last) if last.finished_at.is_none() => Next::At(last.resume_at, Work::Resume(last.clone())),
        Some(_) | None if terminating => Next::Never,
        None => first(planned, started_at),
        Some(last) => again(planned, last, result.map_or(0, |result| result.count)),
    }
}

fn first(planned: &PlannedMetric, started_at: Option<Time>) -> Next {
    match (planned.limits.initial_delay, started_at) {
        (None, _) => Next::At(None, Work::Measure),
        (Some(delay), Some(started_at)) => Next::At(Some(started_at.plus(delay)), Work::Measure),
        // The delay counts from the start, which is about to be written.
        (Some(_), None) => Next::Never,
    }
}

/// The interval counts from the end of the last measurement; after an error it is the shorter retry.
fn again(planned: &PlannedMetric, last: &Measurement, count: i32) -> Next {
    if planned.limits.count.is_some_and(|wanted| count >= wanted) {
        return Next::Never;
    }
    let is_error = Phase::of(&last.phase) == Some(Phase::Error);
    let interval = planned.limits.interval.filter(|_| !is_error).unwrap_or(RETRY);
    Next::At(last.finished_at.map(|at| at.plus(interval)), Work::Measure)
}
