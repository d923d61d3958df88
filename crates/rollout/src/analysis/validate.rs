//! Whether metrics can be measured at all.

use std::collections::{BTreeMap, BTreeSet};

use model::analysis::{Metric, MetricProvider};
use model::rollout::{DryRun, MeasurementRetention};

use super::limits::Limits;
use super::retention::KEPT;

/// Why metrics cannot be measured, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMetrics(String);

/// Whether metrics can be measured.
///
/// # Errors
/// When there is none, two have one name, or the numbers of one contradict each other.
pub fn validate(metrics: &[Metric]) -> Result<(), InvalidMetrics> {
    if metrics.is_empty() {
        return Err(InvalidMetrics("no metrics specified".to_owned()));
    }
    let mut names = BTreeSet::new();
    for (index, metric) in metrics.iter().enumerate() {
        let fail = |why: String| InvalidMetrics(format!("metrics[{index}]: {why}"));
        if !names.insert(&metric.name) {
            return Err(fail(format!("duplicate name '{}'", metric.name)));
        }
        one(metric).map_err(fail)?;
    }
    Ok(())
}

fn one(metric: &Metric) -> Result<(), String> {
    let limits = Limits::read(metric)?;
    let refuse = |bad: bool, words: &str| if bad { Err(words.to_owned()) } else { Ok(()) };
    if let Some(count) = limits.count.filter(|_| metric.count.is_some()) {
        let least = limits.failure.max(0) + limits.consecutive_success;
        let words = if limits.consecutive_success > 0 {
            "count must be >= failureLimit + consecutiveSuccessLimit"
        } else {
            "count must be >= failureLimit"
        };
        refuse(count < least, words)?;
        refuse(count < limits.inconclusive, "count must be >= inconclusiveLimit")?;
        refuse(count > 1 && limits.interval.is_none(), "interval must be specified when count > 1")?;
    }
    refuse(limits.consecutive_success < 0, "consecutiveSuccessLimit must be >= 0")?;
    refuse(limits.failure < -1, "failureLimit must be >= -1")?;
    let endless = limits.failure == -1 && limits.consecutive_success == 0;
    refuse(endless, "failureLimit and consecutiveSuccessLimit cannot both be disabled")?;
    refuse(limits.inconclusive < 0, "inconclusiveLimit must be >= 0")?;
    refuse(limits.consecutive_error < 0, "consecutiveErrorLimit must be >= 0")?;
    match providers(&metric.provider) {
        0 => Err("no provider specified".to_owned()),
        1 => Ok(()),
        _ => Err("multiple providers specified".to_owned()),
    }
}

fn providers(provider: &MetricProvider) -> usize {
    let MetricProvider {
        prometheus,
        web,
        job,
        datadog,
        new_relic,
        cloud_watch,
        graphite,
        influxdb,
        wavefront,
        skywalking,
        kayenta,
        plugin,
    } = provider;
    let set = [
        prometheus.is_some(),
        web.is_some(),
        job.is_some(),
        datadog.is_some(),
        new_relic.is_some(),
        cloud_watch.is_some(),
        graphite.is_some(),
        influxdb.is_some(),
        wavefront.is_some(),
        skywalking.is_some(),
        kayenta.is_some(),
        plugin.is_some(),
    ];
    set.into_iter().filter(|set| *set).count()
}

/// The metrics that are measured without effect. A rule is a regular expression that may match anywhere in a name.
pub(super) fn dry_run(rules: &[DryRun], metrics: &[Metric]) -> Result<BTreeSet<String>, InvalidMetrics> {
    let mut found = BTreeSet::new();
    for (index, rule) in rules.iter().enumerate() {
        let names = matching(&rule.metric_name, metrics);
        if names.is_empty() {
            return Err(InvalidMetrics(format!("dryRun[{index}]: Rule didn't match any metric name(s)")));
        }
        found.extend(names);
    }
    Ok(found)
}

/// How many measurements are kept of the metrics that have rules.
pub(super) fn retention(
    rules: &[MeasurementRetention],
    metrics: &[Metric],
) -> Result<BTreeMap<String, usize>, InvalidMetrics> {
    let mut found = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let names = matching(&rule.metric_name, metrics);
        if names.is_empty() {
            let words = format!("measurementRetention[{index}]: Rule didn't match any metric name(s)");
            return Err(InvalidMetrics(words));
        }
        let limit = usize::try_from(rule.limit).ok().filter(|limit| *limit > 0).unwrap_or(KEPT);
        found.extend(names.into_iter().map(|name| (name, limit)));
    }
    Ok(found)
}

fn matching(pattern: &str, metrics: &[Metric]) -> Vec<String> {
    // What is no regular expression matches nothing, as upstream has it.
    let Ok(pattern) = regex::Regex::new(pattern) else { return Vec::new() };
    metrics.iter().map(|metric| &metric.name).filter(|name| pattern.is_match(name)).cloned().collect()
}
