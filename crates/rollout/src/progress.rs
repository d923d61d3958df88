//! Where a Rollout stands, for people: its steps and weights, its versions, its measurements, and what it gave up.

use model::Time;
use model::analysis::Metric;
use model::rollout::RolloutStatus;
use serde_json::Value;

use crate::analysis::Limits;
use crate::observed::{AnalysisRun, Meta, ReplicaSet, Rollout};
use crate::view::Way;
use crate::{conditions, duration, pauses, steps};

/// Where a Rollout stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// `canary` or `blue-green`; empty where the strategy cannot be told.
    pub strategy: &'static str,
    /// `Healthy`, `Progressing`, `Paused` or `Degraded`; empty before it was first decided about.
    pub phase: String,
    /// Why.
    pub message: String,
    /// Steps in order, in a few words each.
    pub steps: Vec<String>,
    /// Steps that are over; the next one is in progress, if there is one.
    pub steps_done: usize,
    /// Percent of the traffic for a new version of a canary; none while there is none.
    pub weight: Option<Weight>,
    /// When the pause in progress is over; none where there is none, or a human or a commit ends it.
    pub pause_ends: Option<Time>,
    /// Versions that have pods, or should have.
    pub versions: Vec<Version>,
    /// Analyses of the version that is wanted, newest first.
    pub runs: Vec<RunProgress>,
    /// The version that was given up, where it is the one that Git wants.
    pub given_up: Option<GivenUp>,
}

/// A weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// What the steps ask for.
    pub asked: i32,
    /// By the router as far as it is known, else by numbers of pods.
    pub in_force: i32,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `stable`, `canary`, `active`, `preview` or `old`.
    pub role: &'static str,
    /// Hash of its pod template.
    pub hash: String,
    /// Counts up.
    pub revision: i64,
    /// Images of its containers.
    pub images: Vec<String>,
    /// Pods it should have.
    pub wanted: i32,
    /// Pods that are available.
    pub available: i32,
}

/// One analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunProgress {
    /// Name of the AnalysisRun.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// Why.
    pub message: String,
    /// Its metrics.
    pub metrics: Vec<MetricProgress>,
}

/// One metric of an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricProgress {
    /// Its name.
    pub name: String,
    /// Its phase; empty before the first measurement.
    pub phase: String,
    /// What was measured last, or why nothing was.
    pub last: String,
    /// What it is measured by.
    pub condition: String,
    /// Failed measurements, and how many are tolerated; none where all are.
    pub failed: (i32, Option<i32>),
    /// Measurements so far.
    pub count: i32,
    /// True for one without effect.
    pub dry_run: bool,
}

/// A version that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Its revision.
    pub revision: i64,
    /// Images of its containers.
    pub images: Vec<String>,
    /// Why, in the words of the condition that says so.
    pub why: String,
    /// When it was first wanted: when its ReplicaSet was made, or when it was given up where it had been wanted before.
    pub since: Option<Time>,
}

/// Analyses that are told.
const MOST_RUNS: usize = 4;

impl Progress {
    /// Where a Rollout stands, by its own status, its ReplicaSets and its AnalysisRuns.
    pub fn of(rollout: &Rollout, sets: &[ReplicaSet], runs: &[AnalysisRun]) -> Self {
        let (status, way) = (&rollout.status, Way::of(rollout));
        let canary = way.and_then(Way::canary);
        let steps = canary.map(|canary| canary.steps.as_slice()).unwrap_or_default();
        let place = steps::index(steps, status).unwrap_or(0);
        let pause = steps.get(place).and_then(|step| step.pause.as_ref());
        let begun = status.pause_conditions.iter().find(|pause| pause.reason == pauses::CANARY);
        let length = pause.and_then(|pause| duration::of_pause(pause).unwrap_or_default());
        let find = |hash: &str| sets.iter().find(|set| !hash.is_empty() && set.meta.hash() == hash);
        let (stable, new) = (find(&status.stable_rs), find(&status.current_pod_hash));
        let pods = |set: Option<&ReplicaSet>| set.map_or((0, 0), |set| (set.replicas, set.available));
        let apart = new.filter(|_| status.stable_rs != status.current_pod_hash);
        Self {
            strategy: match way {
                Some(Way::Canary(_)) => "canary",
                Some(Way::BlueGreen(_)) => "blue-green",
                None => "",
            },
            phase: status.phase.clone(),
            message: status.message.clone(),
            steps: steps.iter().map(steps::words).collect(),
            steps_done: place,
            weight: canary.zip(apart).map(|(_, new)| Weight {
                asked: asked(rollout, status),
                in_force: in_force(status, pods(stable), (new.replicas, new.available)),
            }),
            pause_ends: begun.zip(length).map(|(pause, length)| pause.start_time.plus(length)),
            versions: versions(rollout, way, sets),
            runs: analyses(&status.current_pod_hash, runs),
            given_up: given_up(status, apart),
        }
    }
}

/// The weight of the new version that the steps ask for.
pub(crate) fn asked(rollout: &Rollout, status: &RolloutStatus) -> i32 {
    match rollout.spec.strategy.as_ref().and_then(|strategy| strategy.canary.as_ref()) {
        Some(_) if status.abort => 0,
        Some(canary) => steps::weight(canary, status),
        None => 0,
    }
}

/// The weight of the new version that is in force: by the router, else by available pods (the second number of each).
pub(crate) fn in_force(status: &RolloutStatus, stable: (i32, i32), new: (i32, i32)) -> i32 {
    let weights = status.canary.as_ref().and_then(|canary| canary.weights.as_ref());
    if let Some(weights) = weights {
        return weights.canary.weight;
    }
    match stable.1 + new.1 {
        0 => 0,
        all => new.1 * 100 / all,
    }
}

fn versions(rollout: &Rollout, way: Option<Way<'_>>, sets: &[ReplicaSet]) -> Vec<Version> {
    let status = &rollout.status;
    let active = status.blue_green.as_ref().map(|status| status.active_selector.as_str());
    let role = |hash: &str| match way.and_then(Way::blue_green) {
        Some(_) if active == Some(hash) => "active",
        Some(_) if hash == status.current_pod_hash => "preview",
        _ if hash == status.stable_rs => "stable",
        None if hash == status.current_pod_hash => "canary",
        Some(_) | None => "old",
    };
    let is_shown = |set: &&ReplicaSet| {
        let hash = set.meta.hash();
        set.replicas > 0
            || set.current > 0
            || [&status.stable_rs, &status.current_pod_hash].contains(&&hash.to_owned())
    };
    let mut versions: Vec<Version> = sets
        .iter()
        .filter(is_shown)
        .map(|set| Version {
            role: role(set.meta.hash()),
            hash: set.meta.hash().to_owned(),
            revision: set.meta.revision(),
            images: images(set),
            wanted: set.replicas,
            available: set.available,
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.revision));
    versions
}

fn images(set: &ReplicaSet) -> Vec<String> {
    let containers = set.template.pointer("/spec/containers").and_then(Value::as_array);
    let images = containers.into_iter().flatten().filter_map(|container| container["image"].as_str());
    images.map(str::to_owned).collect()
}

fn analyses(hash: &str, runs: &[AnalysisRun]) -> Vec<RunProgress> {
    let mut runs: Vec<&AnalysisRun> = runs.iter().filter(|run| run.meta.hash() == hash).collect();
    let made = |meta: &Meta| (meta.created, meta.name.clone());
    runs.sort_by_key(|run| std::cmp::Reverse(made(&run.meta)));
    runs.truncate(MOST_RUNS);
    let told = |run: &&AnalysisRun| RunProgress {
        name: run.meta.name.clone(),
        phase: run.status.phase.clone(),
        message: run.status.message.clone(),
        metrics: run.spec.metrics.iter().map(|metric| metric_progress(run, metric)).collect(),
    };
    runs.iter().map(told).collect()
}

fn metric_progress(run: &AnalysisRun, metric: &Metric) -> MetricProgress {
    let result = run.status.metric_results.iter().find(|result| result.name == metric.name);
    let last = result.and_then(|result| result.measurements.last());
    let words = last.map(|last| match last.value.as_str() {
        "" if last.message.is_empty() && last.phase == "Running" => "is being measured",
        "" => &last.message,
        value => value,
    });
    let conditions =
        [("success where", &metric.success_condition), ("failure where", &metric.failure_condition)];
    let conditions = conditions.into_iter().filter(|(_, text)| !text.is_empty());
    let conditions: Vec<String> = conditions.map(|(word, text)| format!("{word} {text}")).collect();
    let tolerated =
        Limits::read(metric).map_or(Some(0), |limits| Some(limits.failure).filter(|limit| *limit >= 0));
    MetricProgress {
        name: metric.name.clone(),
        phase: result.map(|result| result.phase.clone()).unwrap_or_default(),
        last: words.unwrap_or_default().to_owned(),
        condition: conditions.join(", "),
        failed: (result.map_or(0, |result| result.failed), tolerated),
        count: result.map_or(0, |result| result.count),
        dry_run: result.is_some_and(|result| result.dry_run),
    }
}

fn given_up(status: &RolloutStatus, apart: Option<&ReplicaSet>) -> Option<GivenUp> {
    let set = apart.filter(|_| status.abort)?;
    let condition = conditions::find(status, "Progressing").filter(|found| found.reason == "RolloutAborted");
    let was_wanted_before = set.meta.annotation(crate::REVISION_HISTORY).is_some();
    Some(GivenUp {
        revision: set.meta.revision(),
        images: images(set),
        why: condition.map_or(&status.message, |condition| &condition.message).clone(),
        since: if was_wanted_before { status.aborted_at } else { set.meta.created.or(status.aborted_at) },
    })
}

#[cfg(test)]
mod tests {
    use model::Object;
    use serde_json::json;

    use super::*;

    fn rollout(status: &Value) -> Rollout {
        let steps =
            json!([{"setWeight": 20}, {"pause": {"duration": "30s"}}, {"setWeight": 60}, {"pause": {}}]);
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "web", "namespace": "shop", "uid": "r"},
            "spec": {"replicas": 5, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"canary": {"steps": steps}}},
            "status": status});
        Rollout::read(&Object::from_value(object).expect("it is a map")).expect("it is a Rollout")
    }

    fn set(hash: &str, revision: &str, (wanted, available): (i32, i32)) -> ReplicaSet {
        let template = json!({"spec": {"containers": [{"name": "web", "image": format!("web:{revision}")}]}});
        let object = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("web-{hash}"), "labels": {(crate::HASH_LABEL): hash},
                "creationTimestamp": "2024-05-01T12:00:00Z", "annotations": {(crate::REVISION): revision}},
            "spec": {"replicas": wanted, "template": template},
            "status": {"replicas": wanted, "availableReplicas": available}});
        ReplicaSet::read(&Object::from_value(object).expect("it is a map"))
    }

    fn run(status: &Value) -> AnalysisRun {
        let metric = json!({"name": "errors", "interval": "10s", "failureLimit": 3, "successCondition": "result[0] < 1",
            "provider": {"prometheus": {"query": "q"}}});
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": "web-b-2", "labels": {(crate::HASH_LABEL): "b"}},
            "spec": {"metrics": [metric]}, "status": status});
        AnalysisRun::read(&Object::from_value(object).expect("it is a map")).expect("it is an AnalysisRun")
    }

    #[test]
    fn a_canary_on_its_way_is_told_by_step_weight_version_and_measurement() {
        let status = json!({"phase": "Paused", "message": "CanaryPauseStep", "stableRS": "a", "currentPodHash": "b",
            "currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2024-05-01T12:00:10Z"}]});
        let measured = json!({"phase": "Running", "metricResults": [{"name": "errors", "phase": "Running", "count": 2,
            "failed": 1, "measurements": [{"phase": "Failed", "value": "[4]"}, {"phase": "Successful", "value": "[0.7]"}]}]});
        let sets = [set("a", "1", (4, 4)), set("b", "2", (1, 1)), set("old", "0", (0, 0))];
        let told = Progress::of(&rollout(&status), &sets, &[run(&measured)]);
        assert_eq!((told.steps_done, told.steps.len()), (1, 4));
        assert_eq!(told.weight, Some(Weight { asked: 20, in_force: 20 }));
        assert_eq!(told.pause_ends, "2024-05-01T12:00:40Z".parse().ok());
        let roles: Vec<_> =
            told.versions.iter().map(|version| (version.role, version.images[0].as_str())).collect();
        assert_eq!(roles, [("canary", "web:2"), ("stable", "web:1")]);
        let metric = &told.runs[0].metrics[0];
        assert_eq!((metric.last.as_str(), metric.failed, metric.count), ("[0.7]", (1, Some(3)), 2));
        assert_eq!(metric.condition, "success where result[0] < 1");
        assert_eq!(told.given_up, None);
    }

    #[test]
    fn a_version_that_was_given_up_is_named_with_its_reason() {
        let condition = json!({"type": "Progressing", "status": "False", "reason": "RolloutAborted", "message": "too bad",
            "lastUpdateTime": "2024-05-01T12:01:00Z", "lastTransitionTime": "2024-05-01T12:01:00Z"});
        let status = json!({"phase": "Degraded", "message": "RolloutAborted: too bad", "abort": true,
            "abortedAt": "2024-05-01T12:01:00Z", "stableRS": "a", "currentPodHash": "b", "currentStepIndex": 0,
            "conditions": [condition]});
        let told = Progress::of(&rollout(&status), &[set("a", "1", (5, 5)), set("b", "2", (0, 0))], &[]);
        let given_up = told.given_up.expect("it was given up");
        assert_eq!((given_up.revision, given_up.why.as_str()), (2, "too bad"));
        assert_eq!(given_up.since, "2024-05-01T12:00:00Z".parse().ok());
        assert_eq!(told.weight, Some(Weight { asked: 0, in_force: 0 }));
    }
}
