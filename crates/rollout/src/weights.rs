//! How much traffic goes where, when a router splits it.

use model::rollout::{Canary, TrafficWeights, WeightDestination};

use crate::decision::{Action, Event, HoldReason};
use crate::observed::{ReplicaSet, Routes};
use crate::pass::Pass;
use crate::services::{self, Wait};
use crate::traffic::{self, Desired, Destination, Live, Owner, RouteWrite, Split};
use crate::{counts, experiments, steps};

/// The split that is wanted, before it is known whether the pods for it are there.
struct Wanted {
    weight: i32,
    canary_hash: String,
    routes: Managed,
    experiments: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Managed {
    /// Header and mirror routes of the steps so far.
    Keep,
    /// None.
    Remove,
}

/// Asks the router for the split of this moment; without a router there are no weights. False where the look must end
/// here.
pub(crate) fn shift(pass: &mut Pass, canary: &Canary) -> bool {
    if canary.traffic_routing.is_none() {
        if let Some(status) = &mut pass.status.canary {
            status.weights = None;
        }
        return true;
    }
    let wanted = wanted(pass, canary);
    if !stable_can_take(pass, canary, wanted.weight) {
        let words = format!(
            "the stable version has {} available pods, too few to take the traffic that is not the canary's ({} of {})",
            pass.view.stable.map_or(0, |set| set.available),
            steps::max_weight(canary) - wanted.weight,
            steps::max_weight(canary),
        );
        pass.hold(HoldReason::StableNotAvailable, words);
        return true;
    }
    let desired = desired(pass, canary, &wanted);
    record(pass, &desired);
    write(pass, canary, &desired)
}

/// The service names of the new and of the stable version.
pub(crate) fn service_names(pass: &Pass, canary: &Canary) -> (String, String) {
    let Some(pair) = &canary.ping_pong else {
        return (canary.canary_service.clone(), canary.stable_service.clone());
    };
    let stable_is_ping = pass.canary_before().stable_ping_pong == "ping";
    let (ping, pong) = (pair.ping_service.clone(), pair.pong_service.clone());
    if stable_is_ping { (pong, ping) } else { (ping, pong) }
}

fn wanted(pass: &mut Pass, canary: &Canary) -> Wanted {
    let new_hash = pass.view.new.map_or_else(String::new, |set| set.meta.hash().to_owned());
    let split =
        |weight, routes, experiments| Wanted { weight, canary_hash: new_hash.clone(), routes, experiments };
    if let Some(left) = rolling_back_from(pass, canary) {
        let weight = retreat(pass, canary);
        return Wanted { weight, canary_hash: left, routes: Managed::Remove, experiments: false };
    }
    if pass.is_fully_promoted() {
        return split(0, Managed::Remove, false);
    }
    if pass.is_aborted() {
        let weight = retreat(pass, canary);
        if weight == 0 || !canary.dynamic_stable_scale {
            let (service, _) = service_names(pass, canary);
            services::point(pass, &service, pass.view.stable, Wait::No);
        }
        return split(weight, Managed::Remove, false);
    }
    if pass.view.new.is_none_or(|set| set.available == 0) {
        return split(0, Managed::Remove, true);
    }
    if pass.before.promote_full {
        return split(weight_in_haste(pass, canary), Managed::Remove, false);
    }
    let Some(place) = steps::index(&canary.steps, &pass.before) else {
        return split(0, Managed::Remove, false);
    };
    if !counts::at_target(pass, None) {
        return split(steps::weight_before(&canary.steps, place), Managed::Keep, true);
    }
    if place < canary.steps.len() {
        return split(steps::weight(canary, &pass.before), Managed::Keep, true);
    }
    split(steps::max_weight(canary), Managed::Keep, false)
}

/// While everything is promoted at once: what is there now, or what the new pods can take.
fn weight_in_haste(pass: &Pass, canary: &Canary) -> i32 {
    let available = pass.view.new.map_or(0, |set| set.available);
    if canary.dynamic_stable_scale && pass.view.replicas > 0 {
        let max = steps::max_weight(canary);
        return (max * available / pass.view.replicas).min(max);
    }
    pass.canary_before().weights.map_or(0, |weights| weights.canary.weight)
}

/// The version that still has traffic while the stable one, which is wanted again, grows back to its size.
pub(crate) fn rolling_back_from(pass: &Pass, canary: &Canary) -> Option<String> {
    let stable = pass.view.stable.filter(|_| canary.dynamic_stable_scale && pass.is_fully_promoted())?;
    let weights = pass.canary_before().weights?;
    let left = weights.canary.pod_template_hash;
    let growing = stable.available < pass.view.replicas;
    let there = pass.view.others.iter().any(|set| set.meta.hash() == left);
    (growing && there && left != stable.meta.hash() && weights.canary.weight > 0).then_some(left)
}

/// The weight on the way back: nothing at once where the stable version kept its size, else never more than now, and
/// down only as far as stable pods are there.
fn retreat(pass: &Pass, canary: &Canary) -> i32 {
    let (replicas, max) = (pass.view.replicas, steps::max_weight(canary));
    let Some(stable) = pass.view.stable.filter(|_| canary.dynamic_stable_scale && replicas > 0) else {
        return 0;
    };
    let covered = (max * stable.available / replicas).min(max);
    let next = counts::retreat_weight(pass, canary);
    let Some(weights) = pass.canary_before().weights else { return next.max(max - covered) };
    let current = weights.canary.weight;
    if next == 0 {
        return current.min(max - covered);
    }
    if covered < max - next { current } else { next.min(current) }
}

/// Enough stable pods for what is not the canary's. A canary without pods loses its traffic as soon as there is any
/// stable pod: too few pods are better than none. So does one that is given up, as far as pods may be missing anyway.
fn stable_can_take(pass: &Pass, canary: &Canary, weight: i32) -> bool {
    let Some(stable) = pass.view.stable else { return false };
    let max = steps::max_weight(canary);
    let needed = ((max - weight) * pass.view.replicas).div_euclid(max.max(1));
    if stable.available >= needed || counts::threshold_met(canary, stable, needed) {
        return true;
    }
    let canary_is_dead = pass.view.new.is_none_or(|set| set.available == 0);
    let retreating = pass.is_aborted() && stable.available >= needed - pass.view.unavailable();
    stable.available > 0 && (canary_is_dead || retreating)
}

fn desired(pass: &mut Pass, canary: &Canary, wanted: &Wanted) -> Desired {
    let max = steps::max_weight(canary);
    let (canary_service, stable_service) = service_names(pass, canary);
    let additional = if wanted.experiments { experiments::destinations(pass, canary) } else { Vec::new() };
    let rest: i32 = additional.iter().map(|other| other.weight).sum();
    let place = steps::index(&canary.steps, &pass.before).unwrap_or(0);
    // At the very first deployment step 0 is passed through for an instant.
    let keep = wanted.routes == Managed::Keep && pass.view.revision > 1;
    let stable_hash = pass.view.stable.map_or_else(String::new, |set| set.meta.hash().to_owned());
    Desired {
        max_weight: max,
        canary: Destination {
            weight: wanted.weight,
            service: canary_service,
            hash: wanted.canary_hash.clone(),
        },
        stable: Destination {
            weight: (max - wanted.weight - rest).max(0),
            service: stable_service,
            hash: stable_hash,
        },
        header_routes: if keep { steps::header_routes(&canary.steps, place) } else { Vec::new() },
        mirror_routes: if keep { steps::mirror_routes(&canary.steps, place) } else { Vec::new() },
        hold_hashes: hold_hashes(pass, canary),
        retired: retired(pass, &additional),
        additional,
    }
}

/// Services of experiments that had a share and have none any more.
fn retired(pass: &Pass, additional: &[Destination]) -> Vec<String> {
    let before = pass.canary_before().weights.map(|weights| weights.additional).unwrap_or_default();
    let names = before.into_iter().map(|other| other.service_name);
    names.filter(|name| additional.iter().all(|other| other.service != *name)).collect()
}

/// Where subsets alone split the traffic nothing else guards them: both sides must be there in full.
fn hold_hashes(pass: &Pass, canary: &Canary) -> Option<String> {
    if !canary.canary_service.is_empty() || !canary.stable_service.is_empty() {
        return None;
    }
    let retreating = pass.is_aborted() || rolling_back_from(pass, canary).is_some();
    let new = pass.view.new.filter(|_| !retreating);
    let sides = [new, pass.view.stable].into_iter().flatten();
    let late =
        sides.into_iter().find(|set: &&ReplicaSet| set.replicas > 0 && set.available < set.replicas)?;
    let ReplicaSet { available, replicas, .. } = late;
    Some(format!(
        "delaying destination rule switch: ReplicaSet {} not fully available ({available} of {replicas})",
        late.meta.name
    ))
}

fn record(pass: &mut Pass, desired: &Desired) {
    let side = |destination: &Destination| WeightDestination {
        weight: destination.weight,
        service_name: destination.service.clone(),
        pod_template_hash: destination.hash.clone(),
    };
    let before = pass.canary_before().weights;
    let mut weights = TrafficWeights {
        canary: side(&desired.canary),
        stable: side(&desired.stable),
        additional: desired.additional.iter().map(side).collect(),
        verified: None,
    };
    weights.verified =
        before.as_ref().filter(|before| same_split(before, &weights)).and_then(|before| before.verified);
    let words = moved(before.as_ref(), &weights);
    if let Some(words) = words {
        pass.tell("TrafficWeightUpdated", format!("Traffic weight updated {words}"));
    }
    pass.canary_status().weights = Some(weights);
}

fn same_split(left: &TrafficWeights, right: &TrafficWeights) -> bool {
    left.canary == right.canary && left.stable == right.stable && left.additional == right.additional
}

fn moved(before: Option<&TrafficWeights>, after: &TrafficWeights) -> Option<String> {
    let weight = after.canary.weight;
    let Some(before) = before else { return Some(format!("to {weight}")) };
    let from = before.canary.weight;
    let share = (from != weight).then(|| format!("from {from} to {weight}"));
    let others = (before.additional != after.additional).then(|| {
        let others = after.additional.iter();
        let others: Vec<String> =
            others.map(|other| format!("{} {}", other.service_name, other.weight)).collect();
        format!("additional: [{}]", others.join(" "))
    });
    let words: Vec<String> = share.into_iter().chain(others).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Hands the split to the routers. False where one cannot be written: then nothing else moves, either.
fn write(pass: &mut Pass, canary: &Canary, desired: &Desired) -> bool {
    let objects = match &pass.seen.routes {
        Routes::Assumed(last) => {
            if last.as_deref() != Some(desired) {
                pass.actions.push(Action::AssumeRoute(Box::new(desired.clone())));
            }
            return true;
        }
        Routes::Seen(objects) => objects,
    };
    let rollout = &pass.view.rollout.meta;
    let owner =
        Owner { name: rollout.name.clone(), namespace: rollout.namespace.clone(), uid: rollout.uid.clone() };
    let (split, live) = (Split::of(&owner, canary), Live::from_iter(objects));
    let Some(split) = split else { return true };
    match traffic::apply(&split, &live, desired) {
        Ok(mut writes) => {
            in_order(pass, &mut writes);
            let verified = traffic::verify(&split, &live);
            // What was written a moment ago cannot have been followed yet.
            let verified = if writes.is_empty() { verified } else { verified.map(|_| false) };
            for write in writes {
                pass.events.extend(write.events.clone());
                pass.actions.push(Action::WriteRoute(write));
            }
            verify(pass, desired, verified)
        }
        Err(error) => {
            refuse(pass, &error.to_string());
            false
        }
    }
}

/// Traffic leaves a version without pods before its subsets move, and reaches one with pods after they did.
fn in_order(pass: &Pass, writes: &mut [RouteWrite]) {
    let leaving = pass.view.new.is_none_or(|set| set.available == 0);
    writes.sort_by_key(|write| (write.gvk.kind == "DestinationRule") == leaving);
}

/// What a router needs is missing or does not fit: the Rollout is not valid, and traffic stays as it is.
fn refuse(pass: &mut Pass, why: &str) {
    let before = pass.before.canary.as_ref().and_then(|canary| canary.weights.clone());
    pass.canary_status().weights = before;
    pass.events.retain(|event: &Event| event.reason != "TrafficWeightUpdated");
    pass.warn("TrafficRoutingError", why);
    pass.hold(HoldReason::Router, why);
    let name = &pass.view.rollout.meta.name;
    pass.invalid =
        Some(format!("The Rollout \"{name}\" is invalid: spec.strategy.canary.trafficRouting: {why}"));
    pass.wake_at(pass.now.plus(crate::decide::INVALID_AGAIN));
}

/// Notes whether the routers followed. False at the very end while they did not: nothing may be scaled down yet.
fn verify(pass: &mut Pass, desired: &Desired, verified: Option<bool>) -> bool {
    if let Some(weights) = &mut pass.canary_status().weights {
        weights.verified = verified;
    }
    if verified != Some(false) {
        return true;
    }
    let words = format!("the router has not followed to weight {} yet", desired.canary.weight);
    pass.hold(HoldReason::Router, words);
    pass.wake_at(pass.now.plus(crate::decide::RETRY));
    desired.canary.weight < desired.max_weight
}
