//! The status as it must be written: counts, abort and pauses, conditions, phase.

use model::parts::LabelSelector;
use model::rollout::{BlueGreenStatus, RolloutStatus};
use serde_json::{Map, Value, json};

use crate::observed::ReplicaSet;
use crate::pass::Pass;
use crate::view::Way;
use crate::{conditions, services, steps};

/// Fills in everything that follows from what was decided.
pub(crate) fn finish(pass: &mut Pass) {
    identity(pass);
    count(pass);
    if pass.view.rollout.spec.progress_deadline_abort {
        abort_when_late(pass);
    }
    abort(pass);
    if pass.status.pause_conditions.is_empty() {
        pass.status.controller_pause = false;
    }
    conditions::refresh(pass);
    announce_pause(pass);
    (pass.status.phase, pass.status.message) = phase(pass);
    watch_progress(pass);
}

/// The difference of two statuses as a JSON merge patch; none where there is none. What is in the cluster beside what
/// is known here stays.
pub fn patch(before: &RolloutStatus, after: &RolloutStatus) -> Option<Value> {
    let difference = merge_difference(&json!(before), &json!(after))?;
    Some(json!({"status": difference}))
}

/// Whether a status says more than other numbers of pods: a step, a phase, a pause, a version, a weight, a condition.
/// Numbers that are on their way may wait a moment until they are written.
pub fn is_news(before: &RolloutStatus, after: &RolloutStatus) -> bool {
    settled(before) != settled(after)
}

/// A status without the numbers of pods and what only follows from them.
fn settled(status: &RolloutStatus) -> RolloutStatus {
    let mut status = RolloutStatus {
        replicas: 0,
        updated_replicas: 0,
        ready_replicas: 0,
        available_replicas: 0,
        hpa_replicas: 0,
        ..status.clone()
    };
    let moves = status.phase == "Progressing";
    status.conditions.retain(|condition| condition.kind != "Available");
    for condition in &mut status.conditions {
        condition.last_update_time = condition.last_transition_time;
        if moves {
            condition.message.clear();
        }
    }
    status.conditions.sort_by(|one, other| one.kind.cmp(&other.kind));
    if moves {
        status.message.clear();
    }
    status
}

fn merge_difference(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return Some(after.clone()) };
    let mut patch = Map::new();
    for (key, value) in new {
        if let Some(difference) = merge_difference(old.get(key).unwrap_or(&Value::Null), value) {
            patch.insert(key.clone(), difference);
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Some(Value::Object(patch))
}

fn identity(pass: &mut Pass) {
    let rollout = pass.view.rollout;
    pass.status.observed_generation = rollout.meta.generation.to_string();
    pass.status.current_pod_hash.clone_from(&pass.view.hash);
    pass.status.current_step_hash.clone_from(&pass.view.step_hash);
    pass.status.promote_full &= pass.status.current_pod_hash != pass.status.stable_rs;
    pass.status.workload_observed_generation = match rollout.spec.workload_ref {
        None => String::new(),
        Some(_) => crate::workload::generation(pass.seen).unwrap_or_default(),
    };
}

fn count(pass: &mut Pass) {
    let sum = |of: fn(&ReplicaSet) -> i32| pass.view.own.iter().map(|set| of(set)).sum::<i32>();
    let (current, ready, available) =
        (sum(|set| set.current), sum(|set| set.ready), sum(|set| set.available));
    let updated = pass.view.new.map_or(0, |set| set.current);
    let status = &mut pass.status;
    status.replicas = current;
    status.updated_replicas = updated;
    status.ready_replicas = ready;
    status.available_replicas = available;
    status.hpa_replicas = current;
    status.selector = selector_text(&pass.view.selector);
    match pass.view.way {
        Way::Canary(_) => {
            status.canary.get_or_insert_default();
            status.blue_green = None;
        }
        Way::BlueGreen(blue_green) => {
            let preview = services::selected(pass.seen, &blue_green.preview_service).to_owned();
            let active = services::selected(pass.seen, &blue_green.active_service).to_owned();
            let mine: &mut BlueGreenStatus = status.blue_green.get_or_insert_default();
            mine.preview_selector = preview;
            mine.active_selector = active;
            status.canary = None;
            count_active(pass);
        }
    }
}

/// Of a blue-green update only what serves is counted.
fn count_active(pass: &mut Pass) {
    let active =
        pass.status.blue_green.as_ref().map(|status| status.active_selector.clone()).unwrap_or_default();
    let Some(set) = pass.view.own.iter().find(|set| !active.is_empty() && set.meta.hash() == active) else {
        return;
    };
    pass.status.hpa_replicas = set.current;
    pass.status.available_replicas = set.available;
    pass.status.ready_replicas = set.ready;
    if let Ok(selector) = serde_json::from_value(set.selector.clone()) {
        pass.status.selector = selector_text(&selector);
    }
}

/// A selector as the `/scale` subresource has it.
pub(crate) fn selector_text(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let rules = selector.match_expressions.iter().map(|rule| {
        let mut values = rule.values.clone();
        values.sort();
        let values = values.join(",");
        match rule.operator.as_str() {
            "In" => format!("{} in ({values})", rule.key),
            "NotIn" => format!("{} notin ({values})", rule.key),
            "DoesNotExist" => format!("!{}", rule.key),
            _ => rule.key.clone(),
        }
    });
    labels.chain(rules).collect::<Vec<_>>().join(",")
}

/// Gives an update up that made no progress in its time.
fn abort_when_late(pass: &mut Pass) {
    let in_flight = pass.status.stable_rs != pass.status.current_pod_hash;
    let stuck =
        !conditions::made_progress(pass) && conditions::counts_time(pass) && conditions::is_late(pass);
    if in_flight && stuck && !pass.is_aborted() {
        pass.give_up(conditions::timeout_message(pass));
    }
}

fn abort(pass: &mut Pass) {
    if pass.abort.is_none() && !pass.status.abort {
        pass.status.aborted_at = None;
        return;
    }
    pass.status.abort = true;
    pass.status.aborted_at = pass.status.aborted_at.or(Some(pass.now));
    pass.status.pause_conditions.clear();
    let count = pass.view.steps().len();
    if count > 0 {
        let promoted = pass.status.stable_rs == pass.status.current_pod_hash;
        pass.status.current_step_index = Some(steps::as_index(if promoted { count } else { 0 }));
    }
}

fn announce_pause(pass: &mut Pass) {
    let was = !pass.before.pause_conditions.is_empty();
    match pass.status.pause_conditions.first().map(|pause| pause.reason.clone()) {
        Some(reason) if !was => pass.tell("RolloutPaused", format!("Rollout is paused ({reason})")),
        None if was && !pass.status.abort => pass.tell("RolloutResumed", "Rollout is resumed"),
        Some(_) | None => {}
    }
}

/// The phase in upstream's words: the first that holds.
fn phase(pass: &Pass) -> (String, String) {
    let status = &pass.status;
    let words = |phase: &str, message: &str| (phase.to_owned(), message.to_owned());
    if let Some(condition) = conditions::find(status, "InvalidSpec") {
        return words("Degraded", &format!("InvalidSpec: {}", condition.message));
    }
    let bad = |reason: &str| reason == "RolloutAborted" || reason == "ProgressDeadlineExceeded";
    if let Some(condition) = status.conditions.iter().find(|condition| bad(&condition.reason)) {
        return words("Degraded", &format!("{}: {}", condition.reason, condition.message));
    }
    if pass.view.rollout.spec.paused {
        return words("Paused", "manually paused");
    }
    if let Some(pause) = status.pause_conditions.first() {
        return words("Paused", &pause.reason);
    }
    if let Some(why) = &pass.blocked {
        return words("Progressing", why);
    }
    match waiting(pass) {
        Some(message) => words("Progressing", message),
        None => words("Healthy", ""),
    }
}

fn waiting(pass: &Pass) -> Option<&'static str> {
    let (status, spec) = (&pass.status, &pass.view.rollout.spec);
    if spec.restart_at.is_some_and(|at| at <= pass.now && status.restarted_at != Some(at)) {
        return Some("rollout is restarting");
    }
    if status.updated_replicas < pass.view.replicas {
        return Some("more replicas need to be updated");
    }
    if status.available_replicas < status.updated_replicas {
        return Some("updated replicas are still becoming available");
    }
    let promoted = status.stable_rs == status.current_pod_hash;
    match pass.view.way {
        Way::BlueGreen(blue_green) => {
            let active = status.blue_green.as_ref().map(|status| status.active_selector.as_str());
            if active != Some(status.current_pod_hash.as_str()) {
                return Some("active service cutover pending");
            }
            let measured = blue_green.post_promotion_analysis.is_some();
            let why = match measured {
                true => "waiting for analysis to complete",
                false => "waiting for post-promotion verification to complete",
            };
            (!promoted).then_some(why)
        }
        Way::Canary(canary) => {
            if canary.traffic_routing.is_none() && status.replicas > status.updated_replicas {
                return Some("old replicas are pending termination");
            }
            (!promoted).then_some("waiting for all steps to complete")
        }
    }
}

/// Looks again when a lack of progress would become a failure.
fn watch_progress(pass: &mut Pass) {
    let Some(condition) = conditions::find(&pass.status, "Progressing") else { return };
    let settled = matches!(condition.reason.as_str(), "ProgressDeadlineExceeded" | "RolloutPaused");
    if settled || pass.status.abort || conditions::is_healthy(pass) || !conditions::counts_time(pass) {
        return;
    }
    let at = conditions::due(pass, condition).plus(std::time::Duration::from_secs(1));
    pass.wake_at(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: Value, expected: bool) {
        let condition = |kind: &str| {
            let time = "2024-05-01T12:00:00Z";
            json!({"type": kind, "status": "True", "reason": "R", "message": "m", "lastUpdateTime": time, "lastTransitionTime": time})
        };
        let mut status = json!({
            "phase": "Progressing", "message": "more replicas need to be updated", "currentStepIndex": 1,
            "replicas": 3, "conditions": [condition("Available"), condition("Progressing")],
        });
        let read = |status: &Value| -> RolloutStatus {
            serde_json::from_value(status.clone()).expect("it is a status")
        };
        let before = read(&status);
        let (pointer, value) = (change[0].as_str().expect("a pointer"), &change[1]);
        match pointer.strip_prefix("/new/") {
            Some(field) => status[field] = value.clone(),
            None => *status.pointer_mut(pointer).expect("it is there") = value.clone(),
        }
        assert_eq!(is_news(&before, &read(&status)), expected, "{change}");
    }

    #[test]
    fn numbers_of_pods_are_no_news_and_all_else_is() {
        check(json!(["/replicas", 4]), false);
        check(json!(["/new/availableReplicas", 2]), false);
        check(json!(["/message", "updated replicas are still becoming available"]), false);
        check(json!(["/conditions/0/status", "False"]), false);
        check(json!(["/conditions/1/lastUpdateTime", "2024-05-01T12:00:05Z"]), false);
        check(json!(["/conditions/1/reason", "RolloutPaused"]), true);
        check(json!(["/phase", "Healthy"]), true);
        check(json!(["/currentStepIndex", 2]), true);
        check(json!(["/new/stableRS", "abc"]), true);
        check(json!(["/new/canary", {"weights": {"canary": {"weight": 5}, "stable": {"weight": 95}}}]), true);
        check(json!(["/new/observedGeneration", "2"]), true);
    }
}
