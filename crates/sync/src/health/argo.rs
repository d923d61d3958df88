//! Argo's own kinds. An Application has no health of its own unless the user's script gives it one.

use model::Object;
use model::application::HealthCode;
use serde_json::Value;

use super::read::{at, conditions, is_true, list, number, text};
use super::{Table, Verdict, degraded, healthy, progressing, suspended, unknown, verdict};

pub(super) const TABLE: Table = &[
    ("argoproj.io", "Rollout", rollout),
    ("argoproj.io", "AnalysisRun", analysis_run),
    ("argoproj.io", "Experiment", experiment),
    ("argoproj.io", "ApplicationSet", application_set),
    ("argoproj.io", "Workflow", workflow),
    ("argoproj.io", "CronWorkflow", cron_workflow),
    ("argoproj.io", "EventBus", event_bus),
];

fn rollout(object: &Object) -> Option<Verdict<'_>> {
    if at(object, &["status"]).is_none() || !is_observed(object) || !is_workload_observed(object) {
        return progressing("Waiting for rollout spec update to be observed");
    }
    let phase = text(object, &["status", "phase"]);
    if !phase.is_empty() {
        return verdict(phase_code(phase), text(object, &["status", "message"]));
    }
    legacy_rollout(object)
}

fn phase_code(phase: &str) -> HealthCode {
    match phase {
        "Healthy" => HealthCode::Healthy,
        "Paused" | "Suspended" => HealthCode::Suspended,
        "Progressing" => HealthCode::Progressing,
        "Missing" => HealthCode::Missing,
        "Degraded" => HealthCode::Degraded,
        _ => HealthCode::Unknown,
    }
}

/// Controllers before 0.10 wrote a hash for the observed generation: what is no number, or too large, counts as seen.
fn is_observed(object: &Object) -> bool {
    let seen = text(object, &["status", "observedGeneration"]).trim().parse::<i64>();
    seen.map_or(true, |seen| seen >= object.generation())
}

fn is_workload_observed(object: &Object) -> bool {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    at(object, &["spec", "workloadRef"]).is_none()
        || object.annotation("rollout.argoproj.io/workload-generation").and_then(number)
            == number(text(object, &["status", "workloadObservedGeneration"]))
}

/// Controllers before 1.0 wrote no phase.
fn legacy_rollout(object: &Object) -> Option<Verdict<'_>> {
    for condition in conditions(object) {
        if let ("InvalidSpec", _) | ("Progressing", "RolloutAborted" | "ProgressDeadlineExceeded") =
            (condition.kind(), condition.reason())
        {
            return degraded(condition.message());
        }
    }
    if !list(object, &["status", "pauseConditions"]).is_empty() || is_true(object, &["spec", "paused"]) {
        return suspended("Rollout is paused");
    }
    let current = text(object, &["status", "currentPodHash"]);
    if current.is_empty() {
        return progressing("Waiting for rollout to finish: status has not been reconciled.");
    }
    let count = |field: &str| number(object, &["status", field]).unwrap_or(0);
    let (updated, available) = (count("updatedReplicas"), count("availableReplicas"));
    if updated < number(object, &["spec", "replicas"]).unwrap_or(1) {
        return progressing("Waiting for roll out to finish: More replicas need to be updated");
    }
    if available < updated {
        return progressing("Waiting for roll out to finish: updated replicas are still becoming available");
    }
    let stable = match text(object, &["status", "stableRS"]) {
        "" => text(object, &["status", "canary", "stableRS"]),
        stable => stable,
    };
    if at(object, &["spec", "strategy", "blueGreen"]).is_some() {
        if text(object, &["status", "blueGreen", "activeSelector"]) != current {
            return progressing("active service cutover pending");
        }
        if !stable.is_empty() && stable != current {
            return progressing("waiting for analysis to complete");
        }
    } else if at(object, &["spec", "strategy", "canary"]).is_some() {
        if count("replicas") > updated {
            return progressing("Waiting for roll out to finish: old replicas are pending termination");
        }
        if stable != current {
            return progressing("Waiting for rollout to finish steps");
        }
    }
    healthy("")
}

fn analysis_run(object: &Object) -> Option<Verdict<'_>> {
    if at(object, &["status"]).is_none() {
        return progressing("Waiting for analysis run to finish: status has not been reconciled.");
    }
    let message = |words| at(object, &["status", "message"]).and_then(Value::as_str).unwrap_or(words);
    match text(object, &["status", "phase"]) {
        "Pending" | "Running" => progressing("Analysis run is running"),
        "Successful" => healthy(message("Analysis run completed successfully")),
        "Failed" => degraded(message("Analysis run failed")),
        "Error" => degraded(message("Analysis run had an error")),
        "Inconclusive" => unknown(message("Analysis run was inconclusive")),
        _ => None,
    }
}

fn experiment(object: &Object) -> Option<Verdict<'_>> {
    if at(object, &["status"]).is_none() {
        return progressing("Waiting for experiment to finish: status has not been reconciled.");
    }
    match text(object, &["status", "phase"]) {
        "Pending" => progressing("Experiment is pending"),
        "Running" => progressing("Experiment is running"),
        "Successful" => healthy("Experiment is successful"),
        "Failed" => degraded("Experiment has failed"),
        "Error" => degraded("Experiment had an error"),
        _ => None,
    }
}

fn application_set(object: &Object) -> Option<Verdict<'_>> {
    let rules = [
        ("ErrorOccurred", "True", HealthCode::Degraded),
        ("ResourcesUpToDate", "False", HealthCode::Degraded),
        ("RolloutProgressing", "True", HealthCode::Progressing),
        ("ResourcesUpToDate", "True", HealthCode::Healthy),
    ];
    for (kind, status, code) in rules {
        if let Some(found) = conditions(object).find(|condition| condition.is(kind, status)) {
            return verdict(code, found.message());
        }
    }
    progressing("Waiting for the status to be reported")
}

fn workflow(object: &Object) -> Option<Verdict<'_>> {
    let message = text(object, &["status", "message"]);
    match text(object, &["status", "phase"]) {
        "" | "Pending" | "Running" => progressing(message),
        "Succeeded" => healthy(message),
        "Failed" | "Error" => degraded(message),
        _ => unknown(message),
    }
}

fn cron_workflow(object: &Object) -> Option<Verdict<'_>> {
    for condition in conditions(object).filter(|condition| condition.status() == "True") {
        match condition.kind() {
            "SpecError" | "SubmissionError" => return degraded(condition.message()),
            "Completed" => return healthy(condition.message()),
            _ => {}
        }
    }
    healthy("CronWorkflow is healthy.")
}

fn event_bus(object: &Object) -> Option<Verdict<'_>> {
    for condition in conditions(object).filter(|condition| condition.kind() == "Deployed") {
        match condition.status() {
            "False" => return degraded(condition.message_or(condition.reason())),
            "True" => return healthy(condition.message_or(condition.reason())),
            _ => {}
        }
    }
    progressing("Waiting for initialization")
}
