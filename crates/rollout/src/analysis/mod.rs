//! Measurements into a verdict: one AnalysisRun as a function of its spec, its status, what was measured and the time.
//!
//! [`advance`] takes the measurements that have arrived and says what the status is now, what is to be measured, and
//! when to look again. Nothing is remembered elsewhere: all counters are in the status, and a measurement that was
//! under way when windlass stopped is simply taken again.

mod arguments;
mod assess;
mod condition;
mod guard;
mod limits;
mod measure;
mod phase;
pub mod replies;
mod retention;
mod tasks;
mod validate;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use model::Time;
use model::analysis::{AnalysisRunSpec, AnalysisRunStatus, Measurement, Metric};

pub use arguments::{ArgumentError, SecretValues, secrets};
pub use condition::{ConditionError, check as check_condition, eval_time, holds};
pub use limits::Limits;
pub use measure::{Arrived, Found, Outcome};
pub use phase::Phase;
pub use retention::expires;
pub use validate::{InvalidMetrics, validate};
pub use value::Value;

use crate::decision::Event;
use assess::Assessed;

/// What is known about a run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What is measured.
    pub spec: &'a AnalysisRunSpec,
    /// What came of it so far.
    pub status: &'a AnalysisRunStatus,
    /// Values of the Secrets that [`secrets`] names.
    pub secrets: &'a SecretValues,
    /// Metrics whose measurement is under way.
    pub in_flight: &'a BTreeSet<String>,
}

/// What comes of a look at a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The status as it must be; to be written where it differs.
    pub status: AnalysisRunStatus,
    /// What to measure now, all at once.
    pub tasks: Vec<Task>,
    /// What is told to people once the status is written.
    pub events: Vec<Event>,
    /// When to look again; a measurement that arrives is looked at before.
    pub wake: Option<Time>,
    /// Jobs of this run that are kept, where some have been measured too long ago.
    pub keep_jobs: Option<usize>,
}

/// One measurement to take, with everything in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The metric with the values of its arguments, those of Secrets too: never to be written or shown.
    pub metric: Metric,
    /// Which measurement of the metric this is, from 1.
    pub number: i32,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done about a measurement.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Begin one.
    Measure,
    /// See what has become of one.
    Resume(Measurement),
    /// Break one off.
    Terminate(Measurement),
}

/// Looks at a run: `arrived` is what was measured since the last look.
pub fn advance(run: &Run<'_>, arrived: &[Arrived], now: Time) -> Progress {
    if Phase::of(&run.status.phase).is_some_and(Phase::is_terminal) {
        return Progress { status: run.status.clone(), ..Progress::default() };
    }
    let plan = match Plan::read(run) {
        Ok(plan) => plan,
        Err(message) => return ended(run.status, message, now),
    };
    let mut status = run.status.clone();
    for one in arrived {
        measure::record(&mut status, &plan, one);
    }
    let in_flight: BTreeSet<String> =
        run.in_flight.iter().filter(|name| arrived.iter().all(|one| one.metric != **name)).cloned().collect();
    let due = tasks::due(&plan, &status, &in_flight, now);
    if arrived.is_empty() && !due.is_empty() && status.started_at.is_none() {
        // The first write tells of the first measurement, as upstream's does.
        return Progress { status, tasks: due, ..Progress::default() };
    }
    judge(&plan, status, &in_flight, now)
}

/// Assesses until nothing changes: a breach ends the other metrics, and these end the run.
fn judge(plan: &Plan, mut status: AnalysisRunStatus, in_flight: &BTreeSet<String>, now: Time) -> Progress {
    let mut events = Vec::new();
    let mut tasks;
    loop {
        let Assessed { status: assessed, events: told } = assess::assess(plan, &status, in_flight, now);
        let settled = assessed == status;
        status = assessed;
        events.extend(told);
        tasks = tasks::due(plan, &status, in_flight, now);
        if settled || Phase::of(&status.phase).is_some_and(Phase::is_terminal) {
            break;
        }
    }
    let keep_jobs = retention::trim(plan, &mut status);
    let ended = Phase::of(&status.phase).is_some_and(Phase::is_terminal);
    let tasks = if ended { Vec::new() } else { tasks };
    let wake = if ended { None } else { tasks::next(plan, &status, in_flight, &tasks) };
    Progress { status, tasks, events, wake, keep_jobs }
}

fn ended(status: &AnalysisRunStatus, message: String, now: Time) -> Progress {
    let mut status = status.clone();
    status.phase = Phase::Error.word().to_owned();
    status.message = message;
    status.started_at = status.started_at.or(Some(now));
    status.completed_at = Some(now);
    Progress { events: vec![assess::completed(Phase::Error)], status, ..Progress::default() }
}

/// A run's spec, read: arguments in their places, rules applied to the metrics they name.
struct Plan {
    metrics: Vec<PlannedMetric>,
    terminate: bool,
    /// Values that must not be shown.
    secrets: Vec<String>,
}

/// One metric, read.
struct PlannedMetric {
    metric: Metric,
    limits: limits::Limits,
    dry_run: bool,
    /// Measurements that are kept.
    kept: usize,
}

impl Plan {
    /// Reads a spec, or says why the run cannot go on, in upstream's words.
    fn read(run: &Run<'_>) -> Result<Self, String> {
        let spec = run.spec;
        let arguments = arguments::resolve(&spec.args, run.secrets);
        let metrics = arguments.and_then(|values| {
            let metrics = spec.metrics.iter().map(|metric| values.put_into(metric));
            Ok((metrics.collect::<Result<Vec<_>, _>>()?, values.secrets()))
        });
        let (metrics, secrets) =
            metrics.map_err(|why| format!("Unable to resolve metric arguments: {why}"))?;
        let invalid = |why: &dyn std::fmt::Display| format!("Analysis spec invalid: {why}");
        let dry = validate::dry_run(&spec.dry_run, &metrics).map_err(|why| invalid(&why))?;
        let kept = validate::retention(&spec.measurement_retention, &metrics).map_err(|why| invalid(&why))?;
        validate(&metrics).map_err(|why| invalid(&why))?;
        let planned = metrics.into_iter().map(|metric| {
            let limits = limits::Limits::read(&metric).map_err(|why| invalid(&why))?;
            let dry_run = dry.contains(&metric.name);
            let kept = kept.get(&metric.name).copied().unwrap_or(retention::KEPT);
            Ok(PlannedMetric { metric, limits, dry_run, kept })
        });
        Ok(Self { metrics: planned.collect::<Result<_, String>>()?, terminate: spec.terminate, secrets })
    }

    fn metric(&self, name: &str) -> Option<&PlannedMetric> {
        self.metrics.iter().find(|planned| planned.metric.name == name)
    }

    /// Whether no new measurement is taken: somebody asked for the end, or a metric with effect has failed already.
    fn is_terminating(&self, status: &AnalysisRunStatus) -> bool {
        let bad = |phase: &str| {
            matches!(Phase::of(phase), Some(Phase::Failed | Phase::Error | Phase::Inconclusive))
        };
        self.terminate || status.metric_results.iter().any(|result| !result.dry_run && bad(&result.phase))
    }
}
