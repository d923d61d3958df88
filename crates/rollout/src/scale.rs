//! Pod counts are carried out: stable and new version first; the others only when these stand still.

use model::rollout::Canary;

use crate::decision::HoldReason;
use crate::duration::seconds;
use crate::observed::ReplicaSet;
use crate::pass::{Pass, deadline_of};
use crate::view::Way;
use crate::{counts, old, workload};

/// Scales the versions of a canary.
pub(crate) fn canary(pass: &mut Pass, canary: &Canary) {
    if is_halted(pass) {
        return;
    }
    clear_deadlines(pass);
    let before = pass.canary_before().weights;
    if let Some(stable) = pass.view.stable_apart() {
        // By the weights before this look: pods go a look after the traffic did.
        let wanted = counts::wanted(pass, canary, before.as_ref()).stable;
        pass.scale(stable, wanted, true);
    }
    if let Some(new) = pass.view.new {
        let weights = pass.status.canary.as_ref().and_then(|status| status.weights.clone());
        let wanted = counts::wanted(pass, canary, weights.as_ref()).new;
        newest(pass, new, wanted);
    }
    workload::progressively(pass);
    if !pass.scaled {
        old::canary(pass, canary);
    }
}

/// The new version gets its pods, or keeps them for a while after an abort.
pub(crate) fn newest(pass: &mut Pass, new: &ReplicaSet, wanted: i32) {
    match after_abort(pass) {
        AfterAbort::NotAborted => pass.scale(new, wanted, true),
        AfterAbort::Keep => pass.scale(new, new.replicas, true),
        AfterAbort::Delay(delay) => after_deadline(pass, new, delay),
    }
}

/// What becomes of the pods of a version that was given up.
enum AfterAbort {
    NotAborted,
    /// They stay for good.
    Keep,
    /// They go after some seconds.
    Delay(i32),
}

fn after_abort(pass: &Pass) -> AfterAbort {
    if !pass.is_aborted() || pass.view.stable_apart().is_none() {
        return AfterAbort::NotAborted;
    }
    let (delay, follows_traffic) = match pass.view.way {
        Way::Canary(canary) if canary.traffic_routing.is_none() => return AfterAbort::NotAborted,
        Way::Canary(canary) => (canary.abort_scale_down_delay_seconds, canary.dynamic_stable_scale),
        Way::BlueGreen(blue_green) => (blue_green.abort_scale_down_delay_seconds, false),
    };
    match delay {
        Some(0) => AfterAbort::Keep,
        None if follows_traffic => AfterAbort::NotAborted,
        None => AfterAbort::Delay(30),
        Some(delay) => AfterAbort::Delay(delay),
    }
}

/// The clock starts when the stable version can carry everything.
fn after_deadline(pass: &mut Pass, new: &ReplicaSet, delay: i32) {
    if new.replicas == 0 {
        return pass.scale(new, 0, true);
    }
    match deadline_of(new) {
        Some(at) if at <= pass.now => return pass.scale(new, 0, true),
        Some(at) => {
            pass.wake_at(at);
            let words = format!("ReplicaSet {} is kept until {at} after the abort", new.meta.name);
            pass.hold(HoldReason::ScaleDownDelay, words);
        }
        None if pass.view.stable.is_some_and(|stable| stable.available >= pass.view.replicas) => {
            let at = pass.now.plus(seconds(delay));
            pass.deadline(new, Some(at));
            pass.wake_at(at);
        }
        None => {}
    }
    pass.scale(new, new.replicas, true);
}

/// What serves, or is about to, has no end.
pub(crate) fn clear_deadlines(pass: &mut Pass) {
    let delayed = matches!(after_abort(pass), AfterAbort::Delay(_));
    let new = pass.view.new.filter(|_| !delayed);
    for set in [new, pass.view.stable].into_iter().flatten() {
        pass.deadline(set, None);
    }
}

/// Pod counts stand still while a human holds everything, or while nobody knows whether the version is good.
pub(crate) fn is_halted(pass: &mut Pass) -> bool {
    if pass.view.rollout.spec.paused {
        pass.hold(HoldReason::ManuallyPaused, "spec.paused is true: no pods are added or removed");
        return true;
    }
    let inconclusive = |reason: &str| reason == "InconclusiveAnalysisRun";
    pass.status.pause_conditions.iter().any(|pause| inconclusive(&pause.reason)) && !pass.is_aborted()
}
