//! What progressive delivery does, counted under Argo Rollouts' names (reference section 7.1). What is counted for an
//! object goes with it, so that labels stay bounded.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::ObjectKey;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;

/// Counts by Rollout, AnalysisRun and Experiment.
#[derive(Debug, Default)]
pub struct Deliveries(Mutex<BTreeMap<ObjectKey, Tally>>);

#[derive(Debug, Default)]
struct Tally {
    /// Runs by bucket; the last one has no bound.
    runs: [u64; BOUNDS.len() + 1],
    seconds: f64,
    errors: i64,
    /// By type and reason.
    events: BTreeMap<(&'static str, String), u64>,
}

/// Upper bounds of the buckets, in seconds.
const BOUNDS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];

/// Kinds, each with the beginning of its metrics' names and what it is in a sentence.
const KINDS: [(&str, &str, &str); 3] = [
    ("Rollout", "rollout", "Rollout"),
    ("AnalysisRun", "analysis_run", "Analysis Run"),
    ("Experiment", "experiment", "Experiment"),
];

const NO_EXEMPLAR: Option<&Exemplar<[(&str, &str); 0], f64>> = None;

impl Deliveries {
    /// An object was looked at; `failed` where what was decided could not be carried out.
    pub fn reconciled(&self, key: &ObjectKey, took: Duration, failed: bool) {
        self.change(key, |tally| {
            let seconds = took.as_secs_f64();
            let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
            tally.runs[bucket] += 1;
            tally.seconds += seconds;
            tally.errors += i64::from(failed);
        });
    }

    /// An Event was recorded on an object; `kind` is `Normal` or `Warning`.
    pub fn told(&self, key: &ObjectKey, kind: &'static str, reason: &str) {
        self.change(key, |tally| *tally.events.entry((kind, reason.to_owned())).or_default() += 1);
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn change(&self, key: &ObjectKey, change: impl FnOnce(&mut Tally)) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tallies.get_mut(key) {
            Some(tally) => change(tally),
            None => change(tallies.entry(key.clone()).or_default()),
        }
    }
}

impl Tally {
    /// The buckets as the format wants them: bound and number, the last bound is all there is.
    fn buckets(&self) -> Vec<(f64, u64)> {
        BOUNDS.into_iter().chain([f64::INFINITY]).zip(self.runs).collect()
    }
}

impl Collector for Deliveries {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, prefix, words) in KINDS {
            let of_kind = || tallies.iter().filter(|(key, _)| key.kind == kind);
            let help = format!("{words} reconciliation performance.");
            let name = format!("{prefix}_reconcile");
            let mut runs = encoder.encode_descriptor(&name, &help, None, MetricType::Histogram)?;
            for (key, tally) in of_kind() {
                let number = tally.runs.iter().sum();
                runs.encode_family(&labels(key))?.encode_histogram::<[(&str, &str); 0]>(
                    tally.seconds,
                    number,
                    &tally.buckets(),
                    None,
                )?;
            }
            let help = format!("Error occurring during the {}", words.to_lowercase());
            let name = format!("{prefix}_reconcile_error");
            // A counter's samples would end in `_total`, and upstream's do not.
            let mut errors = encoder.encode_descriptor(&name, &help, None, MetricType::Unknown)?;
            for (key, tally) in of_kind() {
                errors.encode_family(&labels(key))?.encode_gauge(&tally.errors)?;
            }
        }
        let help = "Count of rollout events";
        let mut events = encoder.encode_descriptor("rollout_events", help, None, MetricType::Counter)?;
        for (key, tally) in tallies.iter().filter(|(key, _)| key.kind == "Rollout") {
            for ((kind, reason), number) in &tally.events {
                let [namespace, name] = labels(key);
                let labels = [namespace, name, ("type", *kind), ("reason", reason.as_str())];
                events.encode_family(&labels)?.encode_counter(number, NO_EXEMPLAR)?;
            }
        }
        Ok(())
    }
}

fn labels(key: &ObjectKey) -> [(&'static str, &str); 2] {
    [("namespace", &*key.namespace), ("name", &*key.name)]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn runs_and_events_are_counted_until_the_object_is_gone() {
        let deliveries = Arc::new(Deliveries::default());
        let mut registry = Registry::default();
        registry.register_collector(Box::new(deliveries.clone()));
        let written = || {
            let mut text = String::new();
            encode(&mut text, &registry).expect("it can be written");
            text
        };
        let key = ObjectKey::new("argoproj.io", "Rollout", "shop", "web");
        deliveries.reconciled(&key, Duration::from_millis(4), false);
        deliveries.reconciled(&key, Duration::from_millis(300), true);
        deliveries.told(&key, "Warning", "RolloutAborted");
        let text = written();
        let who = "namespace=\"shop\",name=\"web\"";
        for line in [
            format!("rollout_reconcile_count{{{who}}} 2"),
            format!("rollout_reconcile_bucket{{le=\"0.01\",{who}}} 1"),
            format!("rollout_reconcile_bucket{{le=\"0.25\",{who}}} 1"),
            format!("rollout_reconcile_bucket{{le=\"+Inf\",{who}}} 2"),
            format!("rollout_reconcile_error{{{who}}} 1"),
            format!("rollout_events_total{{{who},type=\"Warning\",reason=\"RolloutAborted\"}} 1"),
        ] {
            assert!(text.contains(&line), "{line} is not in:\n{text}");
        }
        deliveries.forget(&key);
        assert!(!written().contains("shop"));
    }
}
