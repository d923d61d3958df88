//! Metrics of progressive delivery under Argo Rollouts' names (reference section 7.1), read off the objects when they are
//! asked for: nothing is counted, and what is gone has no series.

use std::fmt;
use std::sync::Arc;

use model::{Gvk, Object};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use serde_json::Value;

use crate::cluster::cache::Cache;
use crate::cluster::decision::kinds;

/// Rollouts, AnalysisRuns, Experiments and AnalysisTemplates as the cache has them.
pub struct RolloutState(pub Arc<Cache>);

impl fmt::Debug for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RolloutState").finish_non_exhaustive()
    }
}

/// Labels and value of one series.
type Series = (Vec<(&'static str, String)>, i64);

impl Collector for RolloutState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        let help = "Running Argo-rollouts version";
        write(&mut encoder, "argo_rollouts_controller_info", help, vec![(version, 1)])?;
        self.rollouts(&mut encoder)?;
        self.runs(&mut encoder)?;
        let experiments = self.0.whole(&kinds::experiment());
        let phased = |object: &Arc<Object>| (named(object, [("phase", phase(object))]), 1);
        let series = experiments.iter().map(phased).collect();
        write(&mut encoder, "experiment_info", "Information about Experiment.", series)?;
        let series = experiments.iter().flat_map(|object| phases(object, &[], &RUN_PHASES)).collect();
        write(&mut encoder, "experiment_phase", "Information on the state of the experiment", series)?;
        let template = Gvk::new("argoproj.io/v1alpha1", "AnalysisTemplate");
        let templates = self.0.whole(&template);
        let series = templates.iter().map(|object| (named(object, []), 1)).collect();
        write(&mut encoder, "analysis_template_info", "Information about analysis templates.", series)?;
        let metrics = templates.iter().flat_map(|object| {
            let of = move |metric: &Value| {
                (named(object, [("type", provider(metric)), ("metric", text(metric, "/name"))]), 1)
            };
            list(object, "/spec/metrics").iter().map(of).collect::<Vec<_>>()
        });
        let help = "Information on metrics in analysis templates.";
        write(&mut encoder, "analysis_template_metric_info", help, metrics.collect())
    }
}

impl RolloutState {
    fn rollouts(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rollouts = self.0.whole(&kinds::rollout());
        let info = rollouts.iter().map(|object| {
            let labels = [
                ("strategy", strategy(object)),
                ("traffic_router", router(object)),
                ("phase", rollout_phase(object)),
            ];
            (named(object, labels), 1)
        });
        write(encoder, "rollout_info", "Information about rollout.", info.collect())?;
        let count = |object: &Object, pointer: &str, default: i64| {
            object.pointer(pointer).and_then(Value::as_i64).unwrap_or(default)
        };
        for (what, pointer, default) in [
            ("available", "/status/availableReplicas", 0),
            ("desired", "/spec/replicas", 1),
            ("updated", "/status/updatedReplicas", 0),
        ] {
            let series = rollouts.iter().map(|object| (named(object, []), count(object, pointer, default)));
            let help = format!("The number of {what} replicas per rollout.");
            write(encoder, &format!("rollout_info_replicas_{what}"), &help, series.collect())?;
        }
        let missing = |object: &Arc<Object>| {
            let missing =
                count(object, "/status/replicas", 0) - count(object, "/status/availableReplicas", 0);
            (named(object, []), missing)
        };
        let help = "The number of unavailable replicas per rollout.";
        write(encoder, "rollout_info_replicas_unavailable", help, rollouts.iter().map(missing).collect())?;
        let series = rollouts.iter().flat_map(|object| {
            let now = rollout_phase(object);
            let of = move |phase: &&str| {
                let labels = [("strategy", strategy(object)), ("phase", (*phase).to_owned())];
                (named(object, labels), i64::from(now == **phase))
            };
            ROLLOUT_PHASES.iter().map(of).collect::<Vec<_>>()
        });
        write(encoder, "rollout_phase", "Information on the state of the rollout", series.collect())
    }

    fn runs(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let runs = self.0.whole(&kinds::analysis_run());
        let phased = |object: &Arc<Object>| (named(object, [("phase", phase(object))]), 1);
        write(
            encoder,
            "analysis_run_info",
            "Information about analysis run.",
            runs.iter().map(phased).collect(),
        )?;
        let series = runs.iter().flat_map(|object| phases(object, &[], &RUN_PHASES)).collect();
        write(encoder, "analysis_run_phase", "Information on the state of the Analysis Run", series)?;
        let types = runs.iter().flat_map(|object| {
            let of = move |metric: &Value| {
                (named(object, [("metric", text(metric, "/name")), ("type", provider(metric))]), 1)
            };
            list(object, "/spec/metrics").iter().map(of).collect::<Vec<_>>()
        });
        let help = "Information on the type of a specific metric in the Analysis Runs";
        write(encoder, "analysis_run_metric_type", help, types.collect())?;
        let results = runs.iter().flat_map(|object| {
            let metrics = list(object, "/spec/metrics");
            let of = move |result: &Value| {
                let metric = metrics.iter().find(|metric| metric["name"] == result["name"]);
                let kind = provider(metric.unwrap_or(&Value::Null));
                let now = text(result, "/phase");
                let is_dry = result["dryRun"].as_bool().unwrap_or(false);
                RUN_PHASES.map(|phase| {
                    let labels = [
                        ("metric", text(result, "/name")),
                        ("type", kind.clone()),
                        ("dry_run", is_dry.to_string()),
                        ("phase", phase.to_owned()),
                    ];
                    (named(object, labels), i64::from(now == phase))
                })
            };
            list(object, "/status/metricResults").iter().flat_map(of).collect::<Vec<_>>()
        });
        let help = "Information on the duration of a specific metric in the Analysis Run";
        write(encoder, "analysis_run_metric_phase", help, results.collect())
    }
}

const ROLLOUT_PHASES: [&str; 7] =
    ["Completed", "Progressing", "Paused", "Error", "Timeout", "InvalidSpec", "Abort"];
const RUN_PHASES: [&str; 6] = ["Pending", "Running", "Successful", "Failed", "Error", "Inconclusive"];

fn write(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: Vec<Series>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in series {
        metric.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

fn named<const N: usize>(object: &Object, more: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    let who = [("namespace", object.namespace().to_owned()), ("name", object.name().to_owned())];
    who.into_iter().chain(more).collect()
}

/// One series for each phase: 1 where the object is in it.
fn phases(object: &Arc<Object>, more: &[(&'static str, String)], all: &[&'static str]) -> Vec<Series> {
    let now = phase(object);
    let of = |one: &&'static str| {
        let mut labels = named(object, [("phase", (*one).to_owned())]);
        labels.extend(more.iter().cloned());
        (labels, i64::from(now == **one))
    };
    all.iter().map(of).collect()
}

fn phase(object: &Object) -> String {
    let phase = object.pointer("/status/phase").and_then(Value::as_str);
    phase.filter(|phase| !phase.is_empty()).unwrap_or("Pending").to_owned()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'o>(object: &'o Object, pointer: &str) -> &'o [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn strategy(object: &Object) -> String {
    let has =
        |name: &str| object.pointer(&format!("/spec/strategy/{name}")).is_some_and(|one| !one.is_null());
    ["canary", "blueGreen"].into_iter().find(|name| has(name)).unwrap_or("none").to_owned()
}

/// The router under the name that upstream's label has for it.
fn router(object: &Object) -> String {
    let routing = object.pointer("/spec/strategy/canary/trafficRouting");
    let names = [
        ("alb", "ALB"),
        ("ambassador", "Ambassador"),
        ("istio", "Istio"),
        ("nginx", "Nginx"),
        ("smi", "SMI"),
        ("appMesh", "AppMesh"),
    ];
    let named =
        names.into_iter().find(|(field, _)| routing.is_some_and(|routing| routing[*field].is_object()));
    named.map_or("", |(_, name)| name).to_owned()
}

/// Derived from the conditions, as upstream does, and not from `status.phase`.
fn rollout_phase(object: &Object) -> String {
    let conditions = list(object, "/status/conditions");
    let find = |kind: &str| conditions.iter().find(|condition| condition["type"] == kind);
    if find("InvalidSpec").is_some_and(|condition| condition["status"] == "True") {
        return "InvalidSpec".to_owned();
    }
    let reason = find("Progressing").map(|condition| text(condition, "/reason")).unwrap_or_default();
    match reason.as_str() {
        "ReplicaSetCreateError" => "Error",
        "ProgressDeadlineExceeded" => "Timeout",
        "RolloutAborted" => "Abort",
        "RolloutPaused" => "Paused",
        "NewReplicaSetAvailable" => "Completed",
        _ => "Progressing",
    }
    .to_owned()
}

/// Which provider a metric asks, under its field's name.
fn provider(metric: &Value) -> String {
    let named = metric["provider"]
        .as_object()
        .and_then(|fields| fields.iter().find(|(_, value)| value.is_object()).map(|(name, _)| name.as_str()));
    let mut name = named.unwrap_or("Unknown").to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(conditions: &Value, expected: &str) {
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"},
            "status": {"phase": "Degraded", "conditions": conditions}});
        assert_eq!(rollout_phase(&Object::from_value(object).expect("it is an object")), expected);
    }

    #[test]
    fn the_phase_comes_from_the_conditions() {
        let progressing = |reason: &str| json!([{"type": "Progressing", "status": "True", "reason": reason}]);
        check(&json!([]), "Progressing");
        check(&progressing("NewReplicaSetAvailable"), "Completed");
        check(&progressing("RolloutAborted"), "Abort");
        check(&progressing("RolloutPaused"), "Paused");
        check(&progressing("ProgressDeadlineExceeded"), "Timeout");
        check(&json!([{"type": "InvalidSpec", "status": "True", "reason": "InvalidSpec"}]), "InvalidSpec");
    }
}
