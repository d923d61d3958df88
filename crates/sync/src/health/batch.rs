//! Jobs, CronJobs, autoscalers and disruption budgets.

use std::borrow::Cow;

use model::Object;
use model::application::HealthCode;
use serde_json::Value;

use super::read::{Condition, at, conditions, has_conditions, is_true, list, text, unsupported};
use super::{Table, Verdict, degraded, healthy, progressing, suspended, unknown, verdict};

pub(super) const TABLE: Table = &[
    ("batch", "Job", job),
    ("batch", "CronJob", cron_job),
    ("autoscaling", "HorizontalPodAutoscaler", horizontal_pod_autoscaler),
    ("policy", "PodDisruptionBudget", pod_disruption_budget),
];

fn job(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "batch/v1" {
        return unsupported(object);
    }
    // A failure wins over everything; only of `Suspended` the status counts, and one that is over is completion.
    let failure = conditions(object).rfind(|condition| condition.kind() == "Failed");
    if let Some(failure) = failure {
        return degraded(failure.message());
    }
    let mut ends =
        conditions(object).filter(|condition| matches!(condition.kind(), "Complete" | "Suspended"));
    let held = ends.clone().any(|condition| condition.is("Suspended", "True"));
    match ends.next_back() {
        None => progressing(""),
        Some(last) if held => suspended(last.message()),
        Some(last) => healthy(last.message()),
    }
}

fn cron_job(object: &Object) -> Option<Verdict<'_>> {
    if is_true(object, &["spec", "suspend"]) {
        return healthy("CronJob is Suspended");
    }
    if at(object, &["status"]).is_none() {
        return progressing("Waiting for CronJob");
    }
    let (scheduled, succeeded) =
        (text(object, &["status", "lastScheduleTime"]), text(object, &["status", "lastSuccessfulTime"]));
    if scheduled.is_empty() {
        return healthy("CronJob has not been scheduled yet");
    }
    if succeeded.is_empty() {
        return healthy("The Cronjob never completed succesfully. It may not be healthy");
    }
    if !list(object, &["status", "active"]).is_empty() {
        return healthy("The job is running. Its last execution may not have been successful");
    }
    if succeeded < scheduled {
        return degraded("CronJob has not completed its last execution successfully");
    }
    healthy("CronJob has completed its last execution successfully")
}

const WAITING_TO_AUTOSCALE: &str = "Waiting to Autoscale";

fn horizontal_pod_autoscaler(object: &Object) -> Option<Verdict<'_>> {
    match object.api_version() {
        "autoscaling/v2" | "autoscaling/v2beta1" | "autoscaling/v2beta2" => scaling(conditions(object))
            .map_or_else(
                || progressing(WAITING_TO_AUTOSCALE),
                |(code, condition)| verdict(code, condition.message()),
            ),
        "autoscaling/v1" => {
            let Some(text) = object.annotation("autoscaling.alpha.kubernetes.io/conditions") else {
                return progressing(WAITING_TO_AUTOSCALE);
            };
            match serde_json::from_str::<Vec<Value>>(text) {
                Ok(list) => scaling(list.iter().map(Condition)).map_or_else(
                    || progressing(WAITING_TO_AUTOSCALE),
                    |(code, condition)| verdict(code, Cow::Owned(condition.message().to_owned())),
                ),
                Err(error) => unknown(format!("failed to convert conditions annotation to typed: {error}")),
            }
        }
        _ => unsupported(object),
    }
}

/// The condition that decides: any failure first, then any sign of life.
fn scaling<'a>(
    conditions: impl Iterator<Item = Condition<'a>> + Clone,
) -> Option<(HealthCode, Condition<'a>)> {
    let fails = |condition: &Condition<'_>| {
        matches!(
            (condition.kind(), condition.reason()),
            ("AbleToScale", "FailedGetScale" | "FailedUpdateScale")
                | (
                    "ScalingActive",
                    "FailedGetResourceMetric"
                        | "FailedGetObjectMetric"
                        | "FailedGetPodsMetric"
                        | "FailedGetExternalMetric"
                        | "FailedComputeMetricsReplicas"
                        | "InvalidSelector"
                )
        )
    };
    let works = |condition: &Condition<'_>| {
        matches!((condition.kind(), condition.status()), ("AbleToScale" | "ScalingLimited", "True"))
    };
    let mut again = conditions.clone();
    let failure = conditions.clone().find(fails).map(|condition| (HealthCode::Degraded, condition));
    failure.or_else(|| again.find(works).map(|condition| (HealthCode::Healthy, condition)))
}

fn pod_disruption_budget(object: &Object) -> Option<Verdict<'_>> {
    if at(object, &["status"]).is_none() || !has_conditions(object) {
        return progressing("Waiting for status");
    }
    let mut last = None;
    for condition in conditions(object) {
        // A budget that allows nothing right now can be meant so.
        if condition.status() == "False" && condition.reason() != "InsufficientPods" {
            return degraded(format!("PodDisruptionBudget has {}", condition.reason()));
        }
        last = Some(condition.reason());
    }
    match last {
        Some(reason) => healthy(format!("PodDisruptionBudget has {reason}")),
        None => progressing("Waiting for status"),
    }
}
