//! When a version becomes the stable one, and what that changes.

use crate::pass::Pass;
use crate::view::Way;
use crate::{counts, pauses, runs, services, steps, workload};

/// Why the new version is the stable one from now on; none while it is not.
pub(crate) fn reason(pass: &Pass) -> Option<String> {
    if pass.view.stable.is_none() {
        return Some("Initial deploy".to_owned());
    }
    match pass.view.way {
        Way::Canary(_) => of_canary(pass),
        Way::BlueGreen(_) => of_blue_green(pass),
    }
}

fn of_canary(pass: &Pass) -> Option<String> {
    let canary = pass.view.way.canary()?;
    let new = pass.view.new.filter(|_| !pass.is_aborted())?;
    let enough =
        new.available >= pass.view.replicas || counts::threshold_met(canary, new, pass.view.replicas);
    if !enough || !has_all_traffic(pass) {
        return None;
    }
    if pass.before.promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if let Some(reason) = fast(pass) {
        return Some(reason);
    }
    let count = canary.steps.len();
    let done = steps::index(&canary.steps, &pass.before).is_none_or(|place| place == count);
    done.then(|| format!("Completed all {count} canary steps"))
}

/// At the end of the steps the traffic goes first; where it cannot be told, or no step moves it, the pods are enough.
fn has_all_traffic(pass: &Pass) -> bool {
    let Some(canary) = pass.view.way.canary().filter(|canary| canary.traffic_routing.is_some()) else {
        return true;
    };
    if canary.steps.is_empty() || pass.before.promote_full || pass.is_fully_promoted() {
        return true;
    }
    let weights = pass.status.canary.as_ref().and_then(|status| status.weights.as_ref());
    weights.is_some_and(|weights| {
        weights.canary.weight == steps::max_weight(canary) && weights.verified != Some(false)
    })
}

fn of_blue_green(pass: &Pass) -> Option<String> {
    let blue_green = pass.view.way.blue_green()?;
    let active = services::selected(pass.seen, &blue_green.active_service);
    if active.is_empty() {
        return Some("Initial deploy".to_owned());
    }
    if active != pass.view.hash {
        return None;
    }
    if pass.before.promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if let Some(reason) = fast(pass) {
        return Some(reason);
    }
    let measured =
        blue_green.post_promotion_analysis.is_none() || runs::is_successful(pass, runs::Kind::PostPromotion);
    (!pass.is_aborted() && measured).then(|| "Completed blue-green update".to_owned())
}

/// Going back to what is known to be good needs no steps.
fn fast(pass: &Pass) -> Option<String> {
    if is_within_window(pass) {
        return Some("Rollback within window".to_owned());
    }
    pass.is_fully_promoted().then(|| "Fast rollback".to_owned())
}

/// True where the version that is wanted is older than the stable one, and recent enough by `rollbackWindow`.
pub(crate) fn is_within_window(pass: &Pass) -> bool {
    let window = pass.view.rollout.spec.rollback_window.as_ref().map_or(0, |window| window.revisions);
    let (Some(new), Some(stable)) = (pass.view.new, pass.view.stable_apart()) else { return false };
    let (Some(from), Some(to)) = (new.meta.created, stable.meta.created) else { return false };
    if window <= 0 || from >= to {
        return false;
    }
    let between = pass.view.own.iter().filter(|set| set.meta.created.is_some_and(|at| from < at && at < to));
    i32::try_from(between.count()).is_ok_and(|count| count < window)
}

/// Makes the new version the stable one.
pub(crate) fn promote(pass: &mut Pass, reason: &str) {
    pass.status.pause_conditions.clear();
    pass.status.controller_pause = false;
    pass.status.abort = false;
    pass.status.aborted_at = None;
    pass.abort = None;
    pass.status.promote_full = false;
    if let Some(blue_green) = &mut pass.status.blue_green {
        blue_green.scale_up_preview_check_point = false;
    }
    let count = pass.view.steps().len();
    pass.status.current_step_index = (count > 0).then(|| steps::as_index(count));
    if pass.status.stable_rs != pass.view.hash {
        take_turns(pass);
        pass.status.stable_rs = pass.view.hash.clone();
        let (revision, hash) = (pass.view.revision, pass.view.hash.clone());
        let words = format!("Rollout completed update to revision {revision} ({hash}): {reason}");
        pass.tell("RolloutCompleted", words);
    }
    workload::after_promotion(pass);
}

/// With two Services that take turns, the one of the new version is the stable one now.
fn take_turns(pass: &mut Pass) {
    if pass.view.way.canary().is_none_or(|canary| canary.ping_pong.is_none()) {
        return;
    }
    let was_ping = pass.canary_before().stable_ping_pong == "ping";
    pass.canary_status().stable_ping_pong = if was_ping { "pong" } else { "ping" }.to_owned();
}

/// Takes every hold away where everything is to be skipped.
pub(crate) fn skip_all(pass: &mut Pass) {
    if !pass.before.promote_full && !is_within_window(pass) {
        return;
    }
    pass.before.pause_conditions.clear();
    pass.status.pause_conditions.clear();
    pass.before.abort = false;
    pass.status.abort = false;
    pass.status.aborted_at = None;
    let count = pass.view.steps().len();
    if count > 0 {
        pass.before.current_step_index = Some(steps::as_index(count));
        pass.status.current_step_index = pass.before.current_step_index;
    }
}

/// True once the pause before a blue-green promotion is over.
pub(crate) fn is_pause_over(pass: &Pass) -> bool {
    let Some(blue_green) = pass.view.way.blue_green() else { return true };
    let added = pass.pause(pauses::BLUE_GREEN).is_none()
        && pass.status.pause_conditions.iter().any(|pause| pause.reason == pauses::BLUE_GREEN);
    if added {
        return false;
    }
    if pass.before.blue_green.as_ref().is_some_and(|status| status.scale_up_preview_check_point) {
        return true;
    }
    let pause = pass.pause(pauses::BLUE_GREEN);
    if blue_green.auto_promotion_enabled.unwrap_or(true) {
        let length = crate::duration::seconds(blue_green.auto_promotion_seconds);
        let over = pause.map(|pause| pass.now >= pass.exact(pause.start_time).plus(length));
        return length.is_zero() || over.unwrap_or(pass.before.controller_pause);
    }
    match pause {
        None => pass.before.controller_pause,
        Some(_) => crate::approve::is_approved(pass),
    }
}
