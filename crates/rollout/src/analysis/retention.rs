//! What is kept of a run, and for how long.

use std::time::Duration;

use model::Time;
use model::analysis::{AnalysisRunSpec, AnalysisRunStatus};

use super::Plan;
use super::phase::Phase;

/// Measurements kept of a metric without a rule.
pub(super) const KEPT: usize = 10;

/// Forgets the oldest measurements; counters stay. Says how many Jobs to keep where a metric of Jobs was trimmed.
pub(super) fn trim(plan: &Plan, status: &mut AnalysisRunStatus) -> Option<usize> {
    let mut keep_jobs = None;
    for result in &mut status.metric_results {
        let Some(planned) = plan.metric(&result.name) else { continue };
        let Some(surplus) =
            result.measurements.len().checked_sub(planned.kept).filter(|surplus| *surplus > 0)
        else {
            continue;
        };
        result.measurements.drain(..surplus);
        if planned.metric.provider.job.is_some() {
            keep_jobs = Some(planned.kept);
        }
    }
    keep_jobs
}

/// When a finished run is to be deleted; none where it is kept, or is not finished.
pub fn expires(spec: &AnalysisRunSpec, status: &AnalysisRunStatus) -> Option<Time> {
    let strategy = spec.ttl_strategy.as_ref()?;
    let own = match Phase::of(&status.phase)? {
        Phase::Successful => strategy.seconds_after_success,
        Phase::Failed => strategy.seconds_after_failure,
        Phase::Error | Phase::Inconclusive => None,
        Phase::Running | Phase::Pending => return None,
    };
    let seconds = own.or(strategy.seconds_after_completion)?;
    // Upstream deletes once more seconds than that have passed.
    let length = Duration::from_secs(u64::try_from(seconds).unwrap_or(0) + 1);
    Some(status.completed_at?.whole_seconds().plus(length))
}
