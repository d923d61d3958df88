//! One look at a blue-green update: a list of calls.

use model::rollout::BlueGreen;

use crate::decision::HoldReason;
use crate::observed::ReplicaSet;
use crate::pass::Pass;
use crate::services::{self, Wait};
use crate::{approve, metadata, old, pauses, promotion, restart, runs, scale, status, workload};

/// Everything a blue-green update does in one look, ending with its status.
pub(crate) fn decide(pass: &mut Pass, blue_green: &BlueGreen) {
    promotion::skip_all(pass);
    runs::follow(pass);
    if !scale_is_held(pass) {
        services::point(pass, &blue_green.preview_service, pass.view.new, Wait::No);
    }
    restart::evict(pass);
    metadata::sync(pass);
    if pass.blocked.is_none() {
        scale(pass, blue_green);
        pause(pass, blue_green);
        switch(pass, blue_green);
        finish(pass, blue_green);
    }
    status::finish(pass);
}

/// True where the new version has the pods that it is to have before it takes over.
pub(crate) fn is_ready(pass: &Pass) -> bool {
    let Some((new, blue_green)) = pass.view.new.zip(pass.view.way.blue_green()) else { return false };
    let wanted = blue_green.preview_replica_count.unwrap_or(pass.view.replicas);
    new.replicas == wanted && new.available == wanted
}

fn scale_is_held(pass: &Pass) -> bool {
    pass.view.rollout.spec.paused || pass.pause(pauses::INCONCLUSIVE_RUN).is_some()
}

fn scale(pass: &mut Pass, blue_green: &BlueGreen) {
    if scale::is_halted(pass) {
        return;
    }
    scale::clear_deadlines(pass);
    let replicas = pass.view.replicas;
    if let Some(stable) = pass.view.stable_apart() {
        pass.scale(stable, replicas, true);
    }
    if let Some(new) = pass.view.new {
        let wanted = size(pass, blue_green);
        scale::newest(pass, new, wanted);
    }
    workload::progressively(pass);
    if !waits_for_measurement(pass, blue_green) {
        old::blue_green(pass);
    }
    old::forget(pass);
}

/// Pods of the new version now: few while it is a preview, all once it serves or is about to.
fn size(pass: &Pass, blue_green: &BlueGreen) -> i32 {
    let replicas = pass.view.replicas;
    let Some(few) = blue_green.preview_replica_count else { return replicas };
    let active = services::selected(pass.seen, &blue_green.active_service);
    let latched = pass.before.blue_green.as_ref().is_some_and(|status| status.scale_up_preview_check_point);
    let all = latched || pass.before.promote_full || active.is_empty() || active == pass.view.hash;
    if all || pass.view.stable.is_none() { replicas } else { few }
}

/// Without a delay of their own old versions wait for the analysis after the promotion.
fn waits_for_measurement(pass: &Pass, blue_green: &BlueGreen) -> bool {
    let measured = blue_green.post_promotion_analysis.is_some() && !pass.is_fully_promoted();
    measured
        && blue_green.scale_down_delay_seconds.is_none()
        && services::selected(pass.seen, &blue_green.active_service) == pass.view.hash
        && !runs::is_successful(pass, runs::Kind::PostPromotion)
}

/// Waits before the promotion where that is wanted.
fn pause(pass: &mut Pass, blue_green: &BlueGreen) {
    let latched = pass.before.blue_green.as_ref().is_some_and(|status| status.scale_up_preview_check_point);
    let target = if latched { pass.view.replicas } else { size(pass, blue_green) };
    let there = |new: &ReplicaSet| new.replicas == target && new.available == target;
    if pass.is_aborted() || !pass.view.new.is_some_and(there) || scale_is_held(pass) {
        return;
    }
    let wanted = blue_green.auto_promotion_enabled == Some(false) || blue_green.auto_promotion_seconds > 0;
    if is_fast(pass, blue_green) || latched || !wanted {
        pass.remove_pause(pauses::BLUE_GREEN);
        return;
    }
    if !is_measured(pass, blue_green) {
        return;
    }
    let begun = pass.pause(pauses::BLUE_GREEN).map(|pause| pass.exact(pause.start_time));
    match begun {
        Some(_) if promotion::is_pause_over(pass) => pass.remove_pause(pauses::BLUE_GREEN),
        None if pass.before.controller_pause => {}
        None => {
            pass.add_pause(pauses::BLUE_GREEN);
            wait(pass, blue_green, pass.now);
        }
        Some(start) => wait(pass, blue_green, start),
    }
}

fn wait(pass: &mut Pass, blue_green: &BlueGreen, start: model::Time) {
    if blue_green.auto_promotion_enabled == Some(false) {
        return pass.hold(HoldReason::AwaitingPromotion, approve::invitation(pass));
    }
    let end = start.plus(crate::duration::seconds(blue_green.auto_promotion_seconds));
    pass.wake_at(end);
    pass.hold(HoldReason::PauseStep, format!("the pause ends at {end}"));
}

fn is_measured(pass: &Pass, blue_green: &BlueGreen) -> bool {
    blue_green.pre_promotion_analysis.is_none() || runs::is_successful(pass, runs::Kind::PrePromotion)
}

/// No pause: going back to what was good, promoted in full, the first version of all, or active already.
fn is_fast(pass: &Pass, blue_green: &BlueGreen) -> bool {
    let active = services::selected(pass.seen, &blue_green.active_service);
    pass.before.promote_full
        || active.is_empty()
        || active == pass.view.hash
        || pass.is_fully_promoted()
        || promotion::is_within_window(pass)
        || pass.view.new.is_some_and(|new| crate::pass::deadline_of(new).is_some_and(|at| at > pass.now))
}

/// Points the active Service at the new version, or back at the stable one after an abort.
fn switch(pass: &mut Pass, blue_green: &BlueGreen) {
    let Some(service) = services::find(pass.seen, &blue_green.active_service) else { return };
    if pass.is_aborted() {
        // Without a question about the new version: one that crashes must not keep the old one from serving.
        let stable = pass.view.stable.filter(|stable| stable.available > 0);
        services::point(pass, &blue_green.active_service, stable, Wait::No);
        return;
    }
    let Some(new) = pass.view.new else { return };
    if services::hash_of(service) == new.meta.hash() {
        return;
    }
    let replicas = pass.view.replicas;
    if new.replicas != replicas || new.available != replicas {
        let words = format!("{} of {replicas} pods of the new version are available", new.available);
        return pass.hold(HoldReason::PodsNotAvailable, words);
    }
    if scale_is_held(pass) && !is_fast(pass, blue_green) {
        return;
    }
    if is_fast(pass, blue_green) || (promotion::is_pause_over(pass) && is_measured(pass, blue_green)) {
        services::switch(pass, service, new.meta.hash());
    }
}

fn finish(pass: &mut Pass, blue_green: &BlueGreen) {
    if let Some(reason) = promotion::reason(pass) {
        return promotion::promote(pass, &reason);
    }
    let Some(few) = blue_green.preview_replica_count else { return };
    let there = pass.view.new.is_some_and(|new| new.available == few);
    let over = is_measured(pass, blue_green) && promotion::is_pause_over(pass);
    if there && over && !pass.is_aborted() {
        pass.status.blue_green.get_or_insert_default().scale_up_preview_check_point = true;
    }
}
