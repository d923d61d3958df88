//! How many pods each version of a canary gets, and whether it has them.

use model::rollout::{Canary, TrafficWeights};

use crate::observed::ReplicaSet;
use crate::pass::Pass;
use crate::replicas::{Pods, Split, at_least, nearest, share, toward};
use crate::steps;

/// The counts to move to now. Without a router this is one move within the bounds, with one it is the target itself;
/// `weights` are those that a dynamically scaled stable version goes by.
pub(crate) fn wanted(pass: &Pass, canary: &Canary, weights: Option<&TrafficWeights>) -> Split {
    if canary.traffic_routing.is_some() {
        return routed(pass, canary, weights);
    }
    let bounds = pass.view.bounds();
    let stable = pass.view.stable_apart();
    let target = match stable {
        None => Split { new: pass.view.replicas, stable: 0 },
        Some(_) => nearest(bounds, weight(pass, canary), steps::max_weight(canary)),
    };
    let others = pass.view.others.iter().map(|set| set.replicas).sum();
    toward(bounds, target, pass.view.new.map(pods), stable.map(pods), others)
}

/// True where the pods for the current weight are there. `weights` are those of this look where they are known.
pub(crate) fn at_target(pass: &Pass, weights: Option<&TrafficWeights>) -> bool {
    let Some(canary) = pass.view.way.canary() else { return false };
    let wanted = wanted(pass, canary, weights);
    let Some(new) = pass.view.new.filter(|set| is_current(set)) else { return false };
    let there = match canary.replica_progress_threshold {
        None => new.replicas == wanted.new && new.available == wanted.new,
        Some(_) => threshold_met(canary, new, wanted.new),
    };
    if !there {
        return false;
    }
    let routed = canary.traffic_routing.is_some();
    let created = |set: &ReplicaSet| set.replicas == wanted.stable && set.current == wanted.stable;
    // A stable version that follows the traffic gets its pods in its own time.
    let follows = routed && canary.dynamic_stable_scale;
    if !(follows || pass.view.stable_apart().is_none_or(created)) {
        return false;
    }
    routed || pass.view.others.iter().all(|set| set.available == 0)
}

/// True where a version has as many pods as `replicaProgressThreshold` asks for; never without one.
pub(crate) fn threshold_met(canary: &Canary, set: &ReplicaSet, wanted: i32) -> bool {
    let Some(threshold) = &canary.replica_progress_threshold else { return false };
    match threshold.kind.as_str() {
        "Percent" => {
            wanted == 0 || i64::from(set.available) * 100 >= i64::from(threshold.value) * i64::from(wanted)
        }
        "Pods" => set.available >= threshold.value,
        _ => false,
    }
}

/// On the way back with a stable version that follows the traffic: the largest weight of the steps, from the last one
/// on, that is less than what the canary still has to carry.
pub(crate) fn retreat_weight(pass: &Pass, canary: &Canary) -> i32 {
    let (Some(new), Some(stable)) = (retreating(pass), pass.view.stable) else { return 0 };
    let (replicas, max) = (pass.view.replicas, steps::max_weight(canary));
    let missing = replicas - stable.available;
    let carried =
        if canary.abort_scale_down_delay_seconds.is_some() { missing } else { missing.max(new.available) };
    let weights = canary.steps.iter().rev().filter_map(|step| step.set_weight);
    weights.into_iter().find(|weight| share(replicas, *weight, max) < carried).unwrap_or(0)
}

/// The version that traffic leaves.
fn retreating<'a>(pass: &Pass<'a>) -> Option<&'a ReplicaSet> {
    if pass.is_aborted() {
        return pass.view.new;
    }
    let left = pass.canary_before().weights?.canary.pod_template_hash;
    pass.view.others.iter().copied().find(|set| set.meta.hash() == left)
}

/// The canary's share by the steps, by a promotion, or by an abort.
fn weight(pass: &Pass, canary: &Canary) -> i32 {
    let status = &pass.before;
    if status.promote_full || status.stable_rs.is_empty() || pass.is_fully_promoted() {
        return steps::max_weight(canary);
    }
    if pass.is_aborted() {
        return if canary.dynamic_stable_scale { retreat_weight(pass, canary) } else { 0 };
    }
    steps::weight(canary, status)
}

fn routed(pass: &Pass, canary: &Canary, weights: Option<&TrafficWeights>) -> Split {
    let (replicas, max) = (pass.view.replicas, steps::max_weight(canary));
    let floor = |count| at_least(count, canary.min_pods_per_replica_set, replicas);
    let scale = scale_in_force(pass, canary);
    let fixed = scale.and_then(|scale| scale.replicas);
    let weight = scale.and_then(|scale| scale.weight).unwrap_or_else(|| weight(pass, canary));
    let new = fixed.unwrap_or_else(|| floor(share(replicas, weight, max)));
    if !canary.dynamic_stable_scale {
        return Split { new, stable: replicas };
    }
    let weight = if fixed.is_some() { 0 } else { weight.min(max) };
    let stable = share(replicas, max - weight, max);
    let Some(weights) = weights else { return Split { new: floor(new), stable: floor(stable) } };
    let stable = stable.max(share(replicas, weights.stable.weight, max));
    let new = if pass.is_aborted() { new.max(share(replicas, weights.canary.weight, max)) } else { new };
    Split { new: floor(new), stable: floor(stable) }
}

/// `setCanaryScale`, while steps are in progress; after an abort only where the canary is to be left as it is.
fn scale_in_force<'a>(pass: &Pass, canary: &'a Canary) -> Option<&'a model::rollout::SetCanaryScale> {
    let status = &pass.before;
    let done = status.promote_full || status.stable_rs.is_empty() || pass.is_fully_promoted();
    let given_up = pass.is_aborted() && canary.abort_scale_down_delay_seconds != Some(0);
    if done || given_up {
        return None;
    }
    steps::scale(canary, status)
}

/// A status that was written before the spec last changed says nothing about it.
fn is_current(set: &ReplicaSet) -> bool {
    set.observed_generation >= set.meta.generation
}

fn pods(set: &ReplicaSet) -> Pods {
    Pods { spec: set.replicas, available: set.available }
}
