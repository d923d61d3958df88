//! One look at a canary: a list of calls.

use model::rollout::Canary;

use crate::decision::HoldReason;
use crate::pass::Pass;
use crate::services::{self, Wait};
use crate::{
    counts, experiments, metadata, old, pauses, promotion, restart, runs, scale, status, steps, weights,
};

/// Everything a canary does in one look, ending with its status.
pub(crate) fn decide(pass: &mut Pass, canary: &Canary) {
    promotion::skip_all(pass);
    runs::follow(pass);
    experiments::follow(pass);
    let restarting = restart::evict(pass);
    metadata::sync(pass);
    old::forget(pass);
    point_services(pass, canary);
    let may_scale = pass.blocked.is_none() && weights::shift(pass, canary) && !restarting;
    if may_scale {
        scale::canary(pass, canary);
    }
    if may_scale {
        advance(pass, canary);
    }
    status::finish(pass);
}

/// Stable and canary Service follow their versions; the canary Service of an update that is given up is the router's
/// business (see [`weights`]), or goes to the stable version where there is no router.
fn point_services(pass: &mut Pass, canary: &Canary) {
    let (new, stable) = (pass.view.new, pass.view.stable);
    let (canary_name, stable_name) = weights::service_names(pass, canary);
    services::point(pass, &stable_name, stable, Wait::ForPods);
    if weights::rolling_back_from(pass, canary).is_some() {
        return;
    }
    if pass.is_aborted() && !pass.is_fully_promoted() {
        if canary.traffic_routing.is_none() {
            services::point(pass, &canary_name, stable, Wait::ForPods);
        }
        return;
    }
    if canary.ping_pong.is_some() {
        if !pass.is_fully_promoted() {
            services::point(pass, &canary_name, new, Wait::No);
        }
        return;
    }
    services::point(pass, &canary_name, new, Wait::ForPods);
}

/// Promotes, or goes on to the next step.
fn advance(pass: &mut Pass, canary: &Canary) {
    if let Some(reason) = promotion::reason(pass) {
        return promotion::promote(pass, &reason);
    }
    if pass.is_aborted() {
        return give_up(pass, canary);
    }
    let Some(place) = steps::index(&canary.steps, &pass.before) else { return waits_for_pods(pass) };
    let Some(step) = canary.steps.get(place) else { return waits_for_pods(pass) };
    let inconclusive = pass.pause(pauses::INCONCLUSIVE_RUN).or(pass.pause(pauses::INCONCLUSIVE_EXPERIMENT));
    if let Some(pause) = inconclusive.map(|pause| pause.reason.clone()) {
        return pass.hold(HoldReason::Inconclusive, format!("{pause}: waits to be resumed"));
    }
    if pass.view.rollout.spec.paused {
        return;
    }
    pauses::begin(pass, step);
    if !is_complete(pass, step) {
        return;
    }
    pass.held.retain(|held| !matches!(held.reason, HoldReason::PauseStep | HoldReason::AwaitingPromotion));
    pass.status.current_step_index = Some(steps::as_index(place + 1));
    pass.canary_status().current_step_analysis_run_status = None;
    pass.remove_pause(pauses::CANARY);
    let (count, words) = (canary.steps.len(), steps::words(step));
    pass.tell("RolloutStepCompleted", format!("Rollout step {}/{count} completed ({words})", place + 1));
}

/// The list starts over once it is tried again.
fn give_up(pass: &mut Pass, canary: &Canary) {
    if !canary.steps.is_empty() {
        pass.status.current_step_index = Some(0);
    }
}

fn waits_for_pods(pass: &mut Pass) {
    let (available, replicas) = (pass.view.new.map_or(0, |set| set.available), pass.view.replicas);
    let words = format!("{available} of {replicas} pods of the new version are available");
    if available < replicas {
        pass.hold(HoldReason::PodsNotAvailable, words);
    }
}

fn is_complete(pass: &mut Pass, step: &model::rollout::CanaryStep) -> bool {
    if let Some(pause) = &step.pause {
        return pauses::is_over(pass, pause);
    }
    if step.set_weight.is_some() || step.set_canary_scale.is_some() {
        return is_at_weight(pass, step.set_weight.is_some());
    }
    if step.experiment.is_some() {
        return experiments::is_successful(pass);
    }
    if step.analysis.is_some() {
        return runs::is_successful(pass, runs::Kind::Step);
    }
    if let Some(plugin) = &step.plugin {
        let words =
            format!("step plugin {} cannot be carried out: step plugins are not supported", plugin.name);
        pass.hold(HoldReason::UnsupportedStep, words);
        return false;
    }
    // Header and mirror routes are written in the look that reaches them.
    step.set_header_route.is_some() || step.set_mirror_route.is_some()
}

fn is_at_weight(pass: &mut Pass, verified: bool) -> bool {
    let weights = pass.status.canary.as_ref().and_then(|status| status.weights.clone());
    if !counts::at_target(pass, weights.as_ref()) {
        let (available, wanted) = pods_of_new(pass);
        let words = format!("{available} of {wanted} pods of the new version are available");
        pass.hold(HoldReason::PodsNotAvailable, words);
        return false;
    }
    let wanted = pass.view.way.canary().map(|canary| steps::weight(canary, &pass.before));
    let Some(weights) = weights.filter(|_| verified) else { return true };
    weights.verified != Some(false) && Some(weights.canary.weight) == wanted
}

fn pods_of_new(pass: &Pass) -> (i32, i32) {
    let wanted = pass.view.way.canary().map(|canary| counts::wanted(pass, canary, None).new);
    (pass.view.new.map_or(0, |set| set.available), wanted.unwrap_or(0))
}
