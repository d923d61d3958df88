//! Versions that are neither new nor stable: their pods go, at once or after a delay, and in the end they are deleted.

use model::rollout::Canary;

use crate::decision::{Action, HoldReason};
use crate::duration::seconds;
use crate::observed::{ReplicaSet, Routes};
use crate::pass::{Pass, deadline_of, target};
use crate::services;
use crate::view::Way;

/// Scales the other versions of a canary down.
pub(crate) fn canary(pass: &mut Pass, canary: &Canary) {
    let spare = pass.view.available() - (pass.view.replicas - pass.view.unavailable());
    let others = pass.view.others.clone();
    // Broken pods first: they hold surge and serve nobody.
    let mut left: Vec<(&ReplicaSet, i32)> =
        others.iter().map(|set| (*set, set.replicas.min(set.available))).collect();
    if canary.traffic_routing.is_none() {
        let mut spare = spare.max(0);
        for (_, count) in &mut left {
            let gone = spare.min(*count);
            *count -= gone;
            spare -= gone;
        }
    } else if spare > 0 {
        routed(pass, canary, &mut left);
    }
    for (set, count) in left {
        if is_referenced(pass, set) && canary.traffic_routing.is_some() {
            continue;
        }
        pass.scale(set, count, false);
    }
}

fn routed(pass: &mut Pass, canary: &Canary, left: &mut [(&ReplicaSet, i32)]) {
    let mut delayed = 0;
    for (set, count) in left.iter_mut().filter(|(set, _)| set.replicas > 0) {
        if is_referenced(pass, set) {
            continue;
        }
        let was_stable = pass.is_fully_promoted() || deadline_of(set).is_some();
        *count = match was_stable && !canary.dynamic_stable_scale {
            true => after_delay(pass, set, &mut delayed, *count),
            // A version that was left in the middle of its update, or one that followed the traffic.
            false => 0,
        };
    }
}

/// Scales the other versions of a blue-green update down.
pub(crate) fn blue_green(pass: &mut Pass) {
    let mut delayed = 0;
    for set in pass.view.others.clone() {
        if set.replicas == 0 || is_referenced(pass, set) {
            continue;
        }
        let count = after_delay(pass, set, &mut delayed, pass.view.replicas);
        pass.scale(set, count, false);
    }
}

/// Pods of an old version that is kept for a while, so that going back is instant.
fn after_delay(pass: &mut Pass, set: &ReplicaSet, delayed: &mut i32, kept: i32) -> i32 {
    let (delay, limit) = delay_and_limit(pass);
    if *delayed >= limit || delay == 0 {
        return 0;
    }
    *delayed += 1;
    let at = deadline_of(set).unwrap_or_else(|| pass.now.plus(seconds(delay)));
    if at <= pass.now {
        return 0;
    }
    if deadline_of(set).is_none() {
        pass.deadline(set, Some(at));
    }
    pass.wake_at(at);
    pass.hold(HoldReason::ScaleDownDelay, format!("ReplicaSet {} is kept until {at}", set.meta.name));
    if deadline_of(set).is_some() { kept } else { set.replicas }
}

fn delay_and_limit(pass: &Pass) -> (i32, i32) {
    let (delay, limit) = match pass.view.way {
        Way::Canary(canary) => {
            let usual = if canary.traffic_routing.is_some() { 30 } else { 0 };
            (canary.scale_down_delay_seconds.unwrap_or(usual), canary.scale_down_delay_revision_limit)
        }
        Way::BlueGreen(blue_green) => {
            (blue_green.scale_down_delay_seconds.unwrap_or(30), blue_green.scale_down_delay_revision_limit)
        }
    };
    (delay, limit.unwrap_or(i32::MAX))
}

/// True while anything may still send traffic to a version.
fn is_referenced(pass: &Pass, set: &ReplicaSet) -> bool {
    let hash = set.meta.hash();
    if hash.is_empty() {
        return false;
    }
    let status = &pass.before;
    let weights = status.canary.as_ref().and_then(|canary| canary.weights.as_ref());
    let routed = weights.is_some_and(|weights| {
        weights.canary.pod_template_hash == hash || weights.stable.pod_template_hash == hash
    });
    let selected = status
        .blue_green
        .as_ref()
        .is_some_and(|blue_green| blue_green.active_selector == hash || blue_green.preview_selector == hash);
    let named = status.stable_rs == hash || status.current_pod_hash == hash;
    routed || selected || named || is_selected(pass, hash) || is_subset(pass, hash)
}

fn is_selected(pass: &Pass, hash: &str) -> bool {
    pass.seen.services.iter().any(|service| services::hash_of(service) == hash)
}

fn is_subset(pass: &Pass, hash: &str) -> bool {
    let Routes::Seen(objects) = &pass.seen.routes else { return false };
    objects.iter().filter(|object| object.kind() == "DestinationRule").any(|rule| {
        let subsets = rule.pointer("/spec/subsets").and_then(|subsets| subsets.as_array());
        subsets.into_iter().flatten().any(|subset| subset["labels"][crate::HASH_LABEL] == hash)
    })
}

/// Deletes versions beyond the history, oldest first, once they have no pods; their runs and experiments go with them.
pub(crate) fn forget(pass: &mut Pass) {
    let limit = usize::try_from(pass.view.rollout.spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
    let mut others = pass.view.others.clone();
    others.sort_by_key(|set| set.meta.created);
    let surplus = others.len().saturating_sub(limit);
    for set in others.into_iter().take(surplus) {
        let is_empty =
            set.replicas == 0 && set.current == 0 && set.observed_generation >= set.meta.generation;
        if !is_empty || pass.sets.contains_key(&set.meta.name) {
            continue;
        }
        pass.actions.push(Action::DeleteReplicaSet(target(&set.meta)));
        let of = |hash: &str| hash == set.meta.hash();
        let runs = pass.seen.analysis_runs.iter().filter(|run| of(run.meta.hash()));
        pass.actions.extend(runs.map(|run| Action::DeleteAnalysisRun(target(&run.meta))));
        let experiments = pass.seen.experiments.iter().filter(|experiment| of(experiment.meta.hash()));
        pass.actions.extend(experiments.map(|experiment| Action::DeleteExperiment(target(&experiment.meta))));
    }
}
