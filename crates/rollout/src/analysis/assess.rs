//! From counters to the phases of metrics, and from these to the phase of the run.

use std::collections::BTreeSet;

use model::Time;
use model::analysis::{AnalysisRunStatus, Measurement, MetricResult, RunSummary};

use super::limits::Limits;
use super::phase::Phase;
use super::{Plan, PlannedMetric};
use crate::decision::Event;

/// A status after one assessment.
pub(super) struct Assessed {
    pub status: AnalysisRunStatus,
    pub events: Vec<Event>,
}

/// What the metrics with effect say together.
#[derive(Default)]
struct Verdict {
    worst: Option<Phase>,
    message: String,
    open: bool,
}

/// Assesses every metric, then the run.
pub(super) fn assess(
    plan: &Plan,
    before: &AnalysisRunStatus,
    in_flight: &BTreeSet<String>,
    now: Time,
) -> Assessed {
    let mut status = before.clone();
    let terminating = plan.is_terminating(before);
    status.started_at = status.started_at.or(Some(now));
    let mut verdict = Verdict::default();
    let (mut summary, mut dry_summary) = (RunSummary::default(), RunSummary::default());
    let mut events = Vec::new();
    for planned in &plan.metrics {
        let counts = if planned.dry_run { &mut dry_summary } else { &mut summary };
        counts.count += 1;
        let name = &planned.metric.name;
        let Some(result) = status.metric_results.iter_mut().find(|result| result.name == *name) else {
            verdict.open |= !terminating || in_flight.contains(name);
            continue;
        };
        let phase = phase_of(planned, result, terminating, in_flight.contains(name));
        events.extend(turn(result, phase));
        add(counts, phase);
        verdict.open |= !phase.is_terminal();
        if phase.is_terminal() && !planned.dry_run {
            verdict.take(planned, result, phase);
        }
    }
    status.run_summary = Some(summary);
    status.dry_run_summary = Some(dry_summary);
    if plan.terminate {
        "Run Terminated".clone_into(&mut verdict.message);
    }
    let (phase, message) = verdict.of_run(terminating);
    if Phase::of(&status.phase) != Some(phase) {
        status.phase = phase.word().to_owned();
        status.message = message;
        if phase.is_terminal() {
            status.completed_at = Some(now);
            events.push(completed(phase));
        }
    }
    Assessed { status, events }
}

impl Verdict {
    fn take(&mut self, planned: &PlannedMetric, result: &MetricResult, phase: Phase) {
        if self.worst.is_some_and(|worst| phase <= worst) {
            return;
        }
        self.worst = Some(phase);
        if let Some((_, reason)) = breach(&planned.limits, result) {
            self.message = format!("Metric \"{}\" assessed {phase} due to {reason}", planned.metric.name);
            if !result.message.is_empty() {
                self.message += &format!(": \"Error Message: {}\"", result.message);
            }
        }
    }

    fn of_run(self, terminating: bool) -> (Phase, String) {
        if self.open {
            return (Phase::Running, String::new());
        }
        let worst = self.worst.unwrap_or(Phase::Successful);
        let said = terminating || worst != Phase::Successful;
        (worst, if said { self.message } else { String::new() })
    }
}

/// The phase of one metric.
fn phase_of(planned: &PlannedMetric, result: &MetricResult, terminating: bool, in_flight: bool) -> Phase {
    let limits = &planned.limits;
    if let Some(phase) = Phase::of(&result.phase).filter(|phase| phase.is_terminal()) {
        return phase;
    }
    let Some(last) = result.measurements.last() else {
        return if terminating && !in_flight { Phase::Successful } else { Phase::Pending };
    };
    if in_flight || !Phase::of(&last.phase).is_some_and(Phase::is_terminal) {
        return Phase::Running;
    }
    if let Some((phase, _)) = breach(limits, result) {
        return phase;
    }
    if limits.consecutive_success > 0 && result.consecutive_success >= limits.consecutive_success {
        return Phase::Successful;
    }
    match limits.count {
        // So many in a row were wanted and did not come.
        Some(count) if result.count >= count && limits.consecutive_success > 0 => {
            if limits.failure >= 0 {
                Phase::Inconclusive
            } else {
                Phase::Failed
            }
        }
        Some(count) if result.count >= count => Phase::Successful,
        Some(_) | None if terminating => Phase::Successful,
        Some(_) | None => Phase::Running,
    }
}

/// The limit that is exceeded, in upstream's words; of several the last one counts.
fn breach(limits: &Limits, result: &MetricResult) -> Option<(Phase, String)> {
    let over = |phase, seen: i32, word: &str, limit: i32, limit_word: &str| {
        (seen > limit).then(|| (phase, format!("{word} ({seen}) > {limit_word} ({limit})")))
    };
    let failed = Some(limits.failure).filter(|limit| *limit >= 0);
    let failed = failed.and_then(|limit| over(Phase::Failed, result.failed, "failed", limit, "failureLimit"));
    let inconclusive = over(
        Phase::Inconclusive,
        result.inconclusive,
        "inconclusive",
        limits.inconclusive,
        "inconclusiveLimit",
    );
    let error = over(
        Phase::Error,
        result.consecutive_error,
        "consecutiveErrors",
        limits.consecutive_error,
        "consecutiveErrorLimit",
    );
    error.or(inconclusive).or(failed)
}

/// Writes a new phase down, with the words of the last measurement.
fn turn(result: &mut MetricResult, phase: Phase) -> Option<Event> {
    if result.phase == phase.word() {
        return None;
    }
    result.phase = phase.word().to_owned();
    if let Some(Measurement { message, .. }) = result.measurements.last() {
        result.message.clone_from(message);
    }
    phase.is_terminal().then(|| Event {
        warning: matches!(phase, Phase::Failed | Phase::Error),
        reason: format!("Metric{phase}"),
        message: format!("Metric '{}' Completed. Result: {phase}", result.name),
    })
}

fn add(summary: &mut RunSummary, phase: Phase) {
    match phase {
        Phase::Successful => summary.successful += 1,
        Phase::Failed => summary.failed += 1,
        Phase::Inconclusive => summary.inconclusive += 1,
        Phase::Error => summary.error += 1,
        Phase::Running | Phase::Pending => {}
    }
}

/// What is told when a run ends.
pub(super) fn completed(phase: Phase) -> Event {
    Event {
        warning: matches!(phase, Phase::Failed | Phase::Error),
        reason: format!("AnalysisRun{phase}"),
        message: format!("Analysis Completed. Result: {phase}"),
    }
}
