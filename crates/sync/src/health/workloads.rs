//! Deployments, StatefulSets, DaemonSets, ReplicaSets and Pods.

use model::Object;
use serde_json::Value;

use super::read::{Condition, at, condition, is_true, joined, list, number, text, unsupported};
use super::{Table, Verdict, degraded, healthy, is_hook, progressing, suspended, unknown};

pub(super) const TABLE: Table = &[
    ("apps", "Deployment", deployment),
    ("apps", "StatefulSet", stateful_set),
    ("apps", "DaemonSet", daemon_set),
    ("apps", "ReplicaSet", replica_set),
    ("", "Pod", pod),
];

/// Kinds of a group that no server serves any more: named, so that somebody looks.
pub(super) const EXTENSIONS: Table = &[
    ("extensions", "Deployment", unsupported),
    ("extensions", "DaemonSet", unsupported),
    ("extensions", "ReplicaSet", unsupported),
];

fn is_observed(object: &Object) -> bool {
    object.generation() <= number(object, &["status", "observedGeneration"]).unwrap_or(0)
}

fn count(object: &Object, field: &str) -> i64 {
    number(object, &["status", field]).unwrap_or(0)
}

fn deployment(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "apps/v1" {
        return unsupported(object);
    }
    if is_true(object, &["spec", "paused"]) {
        return suspended("Deployment is paused");
    }
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less then desired generation",
        );
    }
    let (all, updated, available) =
        (count(object, "replicas"), count(object, "updatedReplicas"), count(object, "availableReplicas"));
    if condition(object, "Progressing").is_some_and(|found| found.reason() == "ProgressDeadlineExceeded") {
        return degraded(format!("Deployment {:?} exceeded its progress deadline", object.name()));
    }
    if let Some(wanted) = number(object, &["spec", "replicas"]).filter(|wanted| updated < *wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if all > updated {
        let old = all - updated;
        return progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    healthy("")
}

fn stateful_set(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "apps/v1" {
        return unsupported(object);
    }
    if count(object, "observedGeneration") == 0 || !is_observed(object) {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    let (ready, updated) = (count(object, "readyReplicas"), count(object, "updatedReplicas"));
    let wanted = number(object, &["spec", "replicas"]);
    if let Some(wanted) = wanted.filter(|wanted| ready < *wanted) {
        return progressing(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let strategy = text(object, &["spec", "updateStrategy", "type"]);
    if strategy == "RollingUpdate" && at(object, &["spec", "updateStrategy", "rollingUpdate"]).is_some() {
        let partition = number(object, &["spec", "updateStrategy", "rollingUpdate", "partition"]);
        if let Some(new) = wanted.zip(partition).map(|(wanted, partition)| wanted.saturating_sub(partition))
            && updated < new
        {
            return progressing(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {new} new pods have been updated..."
            ));
        }
        return healthy(format!("partitioned roll out complete: {updated} new pods have been updated..."));
    }
    if strategy == "OnDelete" {
        return healthy(format!("statefulset has {ready} ready pods"));
    }
    let (update, current) =
        (text(object, &["status", "updateRevision"]), text(object, &["status", "currentRevision"]));
    if update != current {
        return progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        ));
    }
    let pods = count(object, "currentReplicas");
    healthy(format!("statefulset rolling update complete {pods} pods at revision {current}..."))
}

fn daemon_set(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "apps/v1" {
        return unsupported(object);
    }
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less then desired generation",
        );
    }
    let (updated, wanted, available) = (
        count(object, "updatedNumberScheduled"),
        count(object, "desiredNumberScheduled"),
        count(object, "numberAvailable"),
    );
    let name = object.name();
    if text(object, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return healthy(format!("daemon set {updated} out of {wanted} new pods have been updated"));
    }
    if updated < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {updated} out of {wanted} new pods have been updated..."
        ));
    }
    if available < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {available} of {wanted} updated pods are available..."
        ));
    }
    healthy("")
}

fn replica_set(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "apps/v1" {
        return unsupported(object);
    }
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less then desired generation",
        );
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|found| found.status() == "True") {
        return degraded(failure.message());
    }
    let available = count(object, "availableReplicas");
    if let Some(wanted) = number(object, &["spec", "replicas"]).filter(|wanted| available < *wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        ));
    }
    healthy("")
}

fn pod(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "v1" {
        return unsupported(object);
    }
    let policy = text(object, &["spec", "restartPolicy"]);
    // A hook's Pod may still start after an image that could not be pulled: only Pods that stay are judged by that.
    let overridden =
        object.annotation("argocd.argoproj.io/ignore-restart-policy").is_some() && !is_hook(object);
    let stays = policy == "Always" || overridden;
    let containers = list(object, &["status", "containerStatuses"]);
    if stays {
        let waiting: Vec<&str> = containers.iter().filter_map(stuck).collect();
        if !waiting.is_empty() {
            return degraded(joined(&waiting, ", "));
        }
    }
    let message = text(object, &["status", "message"]);
    match text(object, &["status", "phase"]) {
        "Pending" => progressing(message),
        "Succeeded" => healthy(message),
        "Failed" if !message.is_empty() => degraded(message),
        "Failed" => {
            let init = list(object, &["status", "initContainerStatuses"]);
            degraded(init.iter().chain(containers).find_map(failure).unwrap_or_default())
        }
        "Running" if stays => {
            if condition(object, "Ready").is_some_and(|ready| ready.status() == "True") {
                healthy(message)
            } else if containers.iter().any(|container| container.pointer("/lastState/terminated").is_some())
            {
                degraded(message)
            } else {
                progressing(message)
            }
        }
        "Running" if matches!(policy, "OnFailure" | "Never") => progressing(message),
        _ => unknown(message),
    }
}

/// Why a container waits, where waiting will not help.
fn stuck(container: &Value) -> Option<&str> {
    let waiting = Condition(container.pointer("/state/waiting")?);
    let reason = waiting.reason();
    let stuck = reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
    stuck.then(|| waiting.message())
}

/// Why a container ended, where it says so.
fn failure(container: &Value) -> Option<String> {
    let terminated = container.pointer("/state/terminated")?;
    let ended = Condition(terminated);
    if !ended.message().is_empty() {
        return Some(ended.message().to_owned());
    }
    if ended.reason() == "OOMKilled" {
        return Some("OOMKilled".to_owned());
    }
    let code = terminated.get("exitCode").and_then(Value::as_i64).filter(|code| *code != 0)?;
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
    Some(format!("container {name:?} failed with exit code {code}"))
}
