//! The numbers of a metric, with their defaults.

use std::time::Duration;

use model::analysis::Metric;
use model::parts::IntOrString;

use crate::duration;

/// Errors in a row that are tolerated where the metric does not say.
const CONSECUTIVE_ERRORS: i32 = 4;

/// The numbers of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Measurements that count; none where it goes on without end.
    pub count: Option<i32>,
    /// Failures tolerated; -1 tolerates all.
    pub failure: i32,
    /// Inconclusive measurements tolerated.
    pub inconclusive: i32,
    /// Errors in a row tolerated.
    pub consecutive_error: i32,
    /// Successes in a row that are enough; off where 0.
    pub consecutive_success: i32,
    /// From the end of a measurement to the next.
    pub interval: Option<Duration>,
    /// Before the first measurement.
    pub initial_delay: Option<Duration>,
}

impl Limits {
    /// Reads the numbers, or says which is none.
    pub fn read(metric: &Metric) -> Result<Self, String> {
        let interval = length("interval", &metric.interval)?;
        let count = number("count", metric.count.as_ref(), 0)?;
        let count = if count > 0 { Some(count) } else { None };
        let only_one = if interval.is_none() { Some(1) } else { None };
        let error = metric.consecutive_error_limit.as_ref();
        Ok(Self {
            count: count.or(only_one),
            failure: number("failureLimit", metric.failure_limit.as_ref(), 0)?,
            inconclusive: number("inconclusiveLimit", metric.inconclusive_limit.as_ref(), 0)?,
            consecutive_error: number("consecutiveErrorLimit", error, CONSECUTIVE_ERRORS)?,
            consecutive_success: number(
                "consecutiveSuccessLimit",
                metric.consecutive_success_limit.as_ref(),
                0,
            )?,
            interval,
            initial_delay: length("startDelay", &metric.initial_delay)?,
        })
    }
}

/// A number, written as one or as a text.
pub fn number(field: &str, value: Option<&IntOrString>, missing: i32) -> Result<i32, String> {
    match value {
        None => Ok(missing),
        Some(IntOrString::Int(number)) => {
            i32::try_from(*number).map_err(|_| format!("{field} {number} is too large"))
        }
        Some(IntOrString::Text(text)) => {
            text.trim().parse().map_err(|_| format!("{field} {text:?} is not a number"))
        }
    }
}

fn length(field: &str, text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let length = duration::parse(text);
    length.map(Some).ok_or_else(|| format!("invalid {field} string: time: invalid duration {text:?}"))
}
