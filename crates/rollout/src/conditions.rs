//! Conditions of a Rollout, with upstream's types, reasons and messages.

use model::Time;
use model::rollout::{RolloutCondition, RolloutStatus};

use crate::duration::seconds;
use crate::pass::Pass;
use crate::steps;
use crate::view::Way;

/// A condition by its type.
pub(crate) fn find<'a>(status: &'a RolloutStatus, kind: &str) -> Option<&'a RolloutCondition> {
    status.conditions.iter().find(|condition| condition.kind == kind)
}

/// What a condition is to say.
pub(crate) struct Word<'a> {
    pub kind: &'a str,
    pub status: &'a str,
    pub reason: &'a str,
    pub message: String,
}

/// Sets a condition; the same status and reason change nothing. True where it changed.
pub(crate) fn set(status: &mut RolloutStatus, word: Word, now: Time) -> bool {
    let before = find(status, word.kind).cloned();
    let same = |before: &RolloutCondition| before.status == word.status && before.reason == word.reason;
    if before.as_ref().is_some_and(same) {
        return false;
    }
    renew(status, word, now);
    true
}

/// Sets a condition even where only its time is new.
fn renew(status: &mut RolloutStatus, word: Word, now: Time) {
    let before = find(status, word.kind).filter(|before| before.status == word.status);
    let since = before.map_or(now, |before| before.last_transition_time);
    status.conditions.retain(|condition| condition.kind != word.kind);
    status.conditions.push(RolloutCondition {
        kind: word.kind.to_owned(),
        status: word.status.to_owned(),
        last_update_time: now,
        last_transition_time: since,
        reason: word.reason.to_owned(),
        message: word.message,
    });
}

/// Says that a Rollout is not valid; another message replaces an older one.
pub(crate) fn invalid(status: &mut RolloutStatus, message: String, now: Time) {
    if find(status, "InvalidSpec").is_some_and(|condition| condition.message != message) {
        status.conditions.retain(|condition| condition.kind != "InvalidSpec");
    }
    set(status, Word { kind: "InvalidSpec", status: "True", reason: "InvalidSpec", message }, now);
}

/// All conditions, from the status that is nearly whole.
pub(crate) fn refresh(pass: &mut Pass) {
    match pass.invalid.clone() {
        Some(message) => invalid(&mut pass.status, message, pass.now),
        None => pass.status.conditions.retain(|condition| condition.kind != "InvalidSpec"),
    }
    paused(pass);
    let became_unhealthy = healthy(pass);
    progressing(pass, became_unhealthy);
    available(pass);
    replica_failure(pass);
    completed(pass);
}

/// True where everything is as it should be in the end.
pub(crate) fn is_healthy(pass: &Pass) -> bool {
    let (status, replicas) = (&pass.status, pass.view.replicas);
    let held = !status.pause_conditions.is_empty() || pass.view.rollout.spec.paused;
    let pods = status.updated_replicas == replicas && status.available_replicas == replicas;
    if held || !pods || pass.view.new.is_some_and(|new| new.observed_generation < new.meta.generation) {
        return false;
    }
    match pass.view.way {
        Way::Canary(canary) => {
            let at_end = steps::index(&canary.steps, status).is_none_or(|place| place == canary.steps.len());
            at_end && is_promoted(status) && status.replicas == replicas
        }
        Way::BlueGreen(blue_green) => {
            let selectors = status.blue_green.clone().unwrap_or_default();
            let preview = blue_green.preview_service.is_empty()
                || selectors.preview_selector == status.current_pod_hash;
            preview && selectors.active_selector == status.current_pod_hash && is_promoted(status)
        }
    }
}

fn is_promoted(status: &RolloutStatus) -> bool {
    !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash
}

fn paused(pass: &mut Pass) {
    let is_paused = is_paused(pass);
    let (now, promoted) = (pass.now, is_promoted(&pass.status));
    let reason = find(&pass.status, "Progressing").map(|condition| condition.reason.clone());
    let aborted = reason.as_deref() == Some("RolloutAborted");
    let noted = reason.as_deref() == Some("RolloutPaused");
    if aborted && !pass.status.abort {
        let message = "Retrying Rollout after abort".to_owned();
        let word = Word { kind: "Progressing", status: "Unknown", reason: "RolloutRetry", message };
        set(&mut pass.status, word, now);
    }
    if aborted && pass.status.abort {
        return;
    }
    if is_paused != noted && !promoted && !aborted {
        let (reason, message) = match is_paused {
            true => ("RolloutPaused", "Rollout is paused"),
            false => ("RolloutResumed", "Rollout is resumed"),
        };
        let word = Word { kind: "Progressing", status: "Unknown", reason, message: message.to_owned() };
        if is_paused || reason_is_old(pass) {
            set(&mut pass.status, word, now);
        }
    }
    let said = find(&pass.status, "Paused").is_some_and(|condition| condition.status == "True");
    if is_paused != said {
        let status = if is_paused { "True" } else { "False" };
        let message = "Rollout is paused".to_owned();
        set(&mut pass.status, Word { kind: "Paused", status, reason: "RolloutPaused", message }, now);
    }
}

/// Only what was paused can be resumed.
fn reason_is_old(pass: &Pass) -> bool {
    find(&pass.status, "Progressing").is_some_and(|condition| condition.reason == "RolloutPaused")
}

fn is_paused(pass: &Pass) -> bool {
    !pass.status.pause_conditions.is_empty() || pass.view.rollout.spec.paused
}

/// True where it was healthy until now.
fn healthy(pass: &mut Pass) -> bool {
    let (status, message) = match is_healthy(pass) {
        true => ("True", "Rollout is healthy"),
        false if find(&pass.status, "Healthy").is_none() => return false,
        false => ("False", "Rollout is not healthy"),
    };
    let word = Word { kind: "Healthy", status, reason: "RolloutHealthy", message: message.to_owned() };
    let now = pass.now;
    set(&mut pass.status, word, now) && status == "False"
}

fn progressing(pass: &mut Pass, became_unhealthy: bool) {
    let now = pass.now;
    if pass.status.abort {
        return aborted(pass);
    }
    if is_healthy(pass) {
        let message = format!("ReplicaSet \"{}\" has successfully progressed.", name_of_new(pass));
        let word = Word { kind: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message };
        set(&mut pass.status, word, now);
    } else if (made_progress(pass) || became_unhealthy) && !is_paused(pass) {
        let word = progress_word(pass, became_unhealthy);
        renew(&mut pass.status, word, now);
    } else if counts_time(pass) && is_late(pass) {
        let message = timeout_message(pass);
        let word = Word { kind: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message };
        set(&mut pass.status, word, now);
    }
}

fn progress_word(pass: &Pass, became_unhealthy: bool) -> Word<'static> {
    if became_unhealthy && is_promoted(&pass.status) {
        let message = "Rollout does not have minimum availability".to_owned();
        return Word { kind: "Progressing", status: "True", reason: "ReplicaSetNotAvailable", message };
    }
    let message = match pass.view.new {
        Some(new) => format!("ReplicaSet \"{}\" is progressing.", new.meta.name),
        None => format!("Rollout \"{}\" is progressing.", pass.view.rollout.meta.name),
    };
    Word { kind: "Progressing", status: "True", reason: "ReplicaSetUpdated", message }
}

fn aborted(pass: &mut Pass) {
    let revision = pass.view.revision;
    let why = pass.abort.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let message = format!("Rollout aborted update to revision {revision}{why}");
    let word =
        Word { kind: "Progressing", status: "False", reason: "RolloutAborted", message: message.clone() };
    let now = pass.now;
    if set(&mut pass.status, word, now) {
        pass.warn("RolloutAborted", message);
    }
}

/// The text of a version that did not come up in time.
pub(crate) fn timeout_message(pass: &Pass) -> String {
    match pass.view.new {
        Some(new) => format!("ReplicaSet \"{}\" has timed out progressing.", new.meta.name),
        None => format!("Rollout \"{}\" has timed out progressing.", pass.view.rollout.meta.name),
    }
}

fn name_of_new<'a>(pass: &Pass<'a>) -> &'a str {
    pass.view.new.map_or("", |new| new.meta.name.as_str())
}

/// True where something moved toward the end since the status before.
pub(crate) fn made_progress(pass: &Pass) -> bool {
    let (before, after) = (&pass.before, &pass.status);
    let old = |status: &RolloutStatus| status.replicas - status.updated_replicas;
    let moved = match pass.view.way {
        Way::Canary(_) => {
            after.stable_rs != before.stable_rs
                || after.current_step_index != before.current_step_index
                || after.current_step_hash != before.current_step_hash
        }
        Way::BlueGreen(_) => {
            let selectors = |status: &RolloutStatus| {
                let status = status.blue_green.clone().unwrap_or_default();
                (status.active_selector, status.preview_selector)
            };
            selectors(before) != selectors(after) || after.stable_rs != before.stable_rs
        }
    };
    moved
        || after.updated_replicas != before.updated_replicas
        || old(after) < old(before)
        || after.ready_replicas > before.ready_replicas
        || after.available_replicas > before.available_replicas
        || find(before, "Progressing").is_none()
}

/// True while a lack of progress counts: not at steps that take their time, and not while old pods wait for their end.
pub(crate) fn counts_time(pass: &Pass) -> bool {
    let step = steps::current(pass.view.steps(), &pass.before);
    let patient =
        step.is_some_and(|step| step.pause.is_some() || step.analysis.is_some() || step.experiment.is_some());
    let paused = find(&pass.status, "Paused").is_some_and(|condition| condition.status == "True");
    let waiting =
        pass.view.others.iter().any(|set| set.meta.annotation(crate::SCALE_DOWN_DEADLINE).is_some());
    !patient && !paused && !waiting
}

/// True where the last progress is too long ago.
pub(crate) fn is_late(pass: &Pass) -> bool {
    let Some(condition) = find(&pass.status, "Progressing") else { return false };
    match condition.reason.as_str() {
        "RolloutAborted" | "RolloutPaused" => false,
        "ProgressDeadlineExceeded" => true,
        _ => pass.now > due(pass, condition),
    }
}

/// When a lack of progress becomes a failure.
pub(crate) fn due(pass: &Pass, condition: &RolloutCondition) -> Time {
    let deadline = pass.view.rollout.spec.progress_deadline_seconds.unwrap_or(600);
    condition.last_update_time.plus(seconds(deadline))
}

fn available(pass: &mut Pass) {
    let enough = match pass.view.way {
        Way::Canary(_) => pass.view.available() >= pass.view.replicas,
        Way::BlueGreen(_) => {
            let active = pass.status.blue_green.as_ref().map(|status| status.active_selector.as_str());
            let set = pass.view.own.iter().find(|set| Some(set.meta.hash()) == active);
            set.is_some_and(|set| set.replicas == pass.view.replicas && set.available == pass.view.replicas)
        }
    };
    let (status, message) = match enough {
        true => ("True", "Rollout has minimum availability"),
        false => ("False", "Rollout does not have minimum availability"),
    };
    let word = Word { kind: "Available", status, reason: "AvailableReason", message: message.to_owned() };
    let now = pass.now;
    set(&mut pass.status, word, now);
}

fn replica_failure(pass: &mut Pass) {
    let sets = pass.view.new.into_iter().chain(pass.view.own.iter().copied());
    let failure = sets.filter_map(|set| set.failure.clone()).next();
    let now = pass.now;
    match failure {
        None => pass.status.conditions.retain(|condition| condition.kind != "ReplicaFailure"),
        Some((reason, message)) => {
            let word = Word { kind: "ReplicaFailure", status: "True", reason: &reason, message };
            set(&mut pass.status, word, now);
        }
    }
}

fn completed(pass: &mut Pass) {
    let promoted = is_promoted(&pass.status);
    let status = if promoted { "True" } else { "False" };
    let message = "RolloutCompleted".to_owned();
    let now = pass.now;
    let word = Word { kind: "Completed", status, reason: "RolloutCompleted", message };
    if set(&mut pass.status, word, now) && !promoted {
        let (revision, hash) = (pass.view.revision, &pass.status.current_pod_hash);
        let words = format!("Rollout not completed, started update to revision {revision} ({hash})");
        pass.tell("RolloutNotCompleted", words);
    }
}
