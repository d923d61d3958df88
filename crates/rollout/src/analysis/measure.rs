//! What a provider answers becomes a measurement, and measurements become counters.

use std::collections::BTreeMap;

use model::Time;
use model::analysis::{AnalysisRunStatus, Measurement, Metric, MetricResult};

use super::Plan;
use super::arguments::redact;
use super::condition::{ConditionError, holds};
use super::phase::Phase;
use super::value::Value;

/// A provider's answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What it found.
    pub found: Found,
    /// What the measurement remembers.
    pub metadata: BTreeMap<String, String>,
    /// What the provider tells about the metric.
    pub about: BTreeMap<String, String>,
}

/// What a provider found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A result, for the conditions to judge.
    Result {
        /// The result.
        value: Value,
        /// The result as it is shown.
        text: String,
    },
    /// A verdict of the provider's own.
    Verdict {
        /// The verdict.
        phase: Phase,
        /// The result as it is shown.
        text: String,
        /// Why.
        message: String,
    },
    /// Not yet: to be asked again.
    Running {
        /// When.
        resume_at: Time,
    },
    /// No answer, and why.
    Error(String),
}

impl Outcome {
    /// An answer with nothing beside it.
    pub fn new(found: Found) -> Self {
        Self { found, metadata: BTreeMap::new(), about: BTreeMap::new() }
    }

    /// A result that is shown as JSON.
    pub fn result(value: impl Into<Value>) -> Self {
        let value = value.into();
        let text = value.to_string();
        Self::new(Found::Result { value, text })
    }

    /// No answer.
    pub fn error(why: impl ToString) -> Self {
        Self::new(Found::Error(why.to_string()))
    }
}

/// A measurement that has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// The metric.
    pub metric: String,
    /// The answer.
    pub outcome: Outcome,
    /// When the question was asked.
    pub started_at: Time,
    /// When the answer came.
    pub finished_at: Time,
}

/// Writes an arrived measurement into the status. One that is under way is continued.
pub(super) fn record(status: &mut AnalysisRunStatus, plan: &Plan, arrived: &Arrived) {
    let Some(planned) = plan.metric(&arrived.metric) else { return };
    let result = result_of(status, &arrived.metric, planned.dry_run);
    if Phase::of(&result.phase).is_some_and(Phase::is_terminal) {
        // It came after the verdict.
        return;
    }
    let about = &arrived.outcome.about;
    result.metadata.extend(about.iter().map(|(name, text)| (name.clone(), redact(text, &plan.secrets))));
    let under_way = result.measurements.pop_if(|last| last.finished_at.is_none());
    let mut measurement = measurement(&planned.metric, arrived, under_way);
    measurement.message = redact(&measurement.message, &plan.secrets);
    if let Some(phase) = Phase::of(&measurement.phase).filter(|phase| phase.is_terminal()) {
        count(result, phase);
    }
    result.measurements.push(measurement);
}

fn result_of<'a>(status: &'a mut AnalysisRunStatus, name: &str, dry_run: bool) -> &'a mut MetricResult {
    let place = status.metric_results.iter().position(|result| result.name == name);
    let place = place.unwrap_or_else(|| {
        let phase = Phase::Running.word().to_owned();
        status.metric_results.push(MetricResult {
            name: name.to_owned(),
            phase,
            dry_run,
            ..MetricResult::default()
        });
        status.metric_results.len() - 1
    });
    &mut status.metric_results[place]
}

fn measurement(metric: &Metric, arrived: &Arrived, under_way: Option<Measurement>) -> Measurement {
    let Arrived { metric: _, outcome, started_at, finished_at } = arrived;
    let mut measurement = under_way.unwrap_or_default();
    measurement.started_at = measurement.started_at.or(Some(*started_at));
    measurement.resume_at = None;
    measurement.metadata.extend(outcome.metadata.clone());
    let (phase, text, message) = match &outcome.found {
        Found::Running { resume_at } => {
            measurement.phase = Phase::Running.word().to_owned();
            measurement.resume_at = Some(*resume_at);
            return measurement;
        }
        Found::Verdict { phase, text, message } => (*phase, text.clone(), message.clone()),
        Found::Error(why) => (Phase::Error, String::new(), why.clone()),
        Found::Result { value, text } => match judge(metric, value, *finished_at) {
            Ok(phase) => (phase, text.clone(), String::new()),
            Err(why) => (Phase::Error, String::new(), why.to_string()),
        },
    };
    measurement.finished_at = Some(*finished_at);
    measurement.phase = phase.word().to_owned();
    measurement.value = text;
    measurement.message = message;
    measurement
}

/// What the conditions say about a result. Whatever cannot be answered is an error, never a success.
fn judge(metric: &Metric, result: &Value, now: Time) -> Result<Phase, ConditionError> {
    let answer = |condition: &str| match condition {
        "" => Ok(None),
        condition => holds(condition, result, now).map(Some),
    };
    let (good, bad) = (answer(&metric.success_condition)?, answer(&metric.failure_condition)?);
    Ok(match (good, bad) {
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (None | Some(true), None) | (None | Some(true), Some(false)) => Phase::Successful,
        (Some(false), Some(false)) => Phase::Inconclusive,
    })
}

fn count(result: &mut MetricResult, phase: Phase) {
    match phase {
        Phase::Successful => {
            result.successful += 1;
            result.consecutive_success += 1;
            result.consecutive_error = 0;
        }
        Phase::Failed => {
            result.failed += 1;
            (result.consecutive_success, result.consecutive_error) = (0, 0);
        }
        Phase::Inconclusive => {
            result.inconclusive += 1;
            (result.consecutive_success, result.consecutive_error) = (0, 0);
        }
        Phase::Error => {
            result.error += 1;
            result.consecutive_error += 1;
            result.consecutive_success = 0;
            // An error is no measurement that counts.
            return;
        }
        Phase::Running | Phase::Pending => return,
    }
    result.count += 1;
}
