//! What Rollouts hold: a field that one wrote into an object which Git describes, too (weights, selectors, replicas), is
//! never drift and never overwritten by a sync.

use std::borrow::Cow;

use model::{Object, ObjectKey};
use rollout::Rollout;
use rollout::traffic::{self, Owner, Split};

use crate::cluster::cache::Seen;
use crate::cluster::carry_out::Hand;
use crate::cluster::decision::kinds;

/// True where a Rollout may have written into the object.
pub fn may_be(hand: &Hand, object: &Object) -> bool {
    is_service(object) || !hand.references.of(&object.key()).is_empty()
}

/// The object from Git with what Rollouts wrote into the live one.
pub fn held<'o>(hand: &Hand, object: &'o Object, live: &Object) -> Cow<'o, Object> {
    let mut git = Cow::Borrowed(object);
    if is_service(object) && live.annotation(rollout::MANAGED_BY).is_some() {
        traffic::hold_service(git.to_mut(), live);
    }
    for rollout in hand.references.of(&object.key()).iter().filter_map(|key| read(hand, key)) {
        hold(git.to_mut(), live, &rollout);
    }
    git
}

fn is_service(object: &Object) -> bool {
    object.kind() == "Service" && object.group().is_empty()
}

fn read(hand: &Hand, key: &ObjectKey) -> Option<Rollout> {
    let Seen::Here(seen) = hand.cache.see(&kinds::rollout(), key) else { return None };
    Rollout::read(&seen.whole?.object()).ok()
}

fn hold(git: &mut Object, live: &Object, rollout: &Rollout) {
    let workload = rollout.spec.workload_ref.as_ref();
    let is_workload = workload.is_some_and(|named| named.kind == git.kind() && named.name == git.name());
    if is_workload && workload.is_some_and(|named| !matches!(named.scale_down.as_str(), "" | "never")) {
        traffic::hold_replicas(git, live);
    }
    let canary = rollout.spec.strategy.as_ref().and_then(|strategy| strategy.canary.as_ref());
    let meta = &rollout.meta;
    let owner = Owner { name: meta.name.clone(), namespace: meta.namespace.clone(), uid: meta.uid.clone() };
    if let Some(split) = canary.and_then(|canary| Split::of(&owner, canary)) {
        traffic::hold(&split, git, live, &experiments(rollout));
    }
}

/// Services of experiments that have a share of the traffic.
fn experiments(rollout: &Rollout) -> Vec<String> {
    let weights = rollout.status.canary.as_ref().and_then(|canary| canary.weights.as_ref());
    let additional = weights.into_iter().flat_map(|weights| &weights.additional);
    additional.map(|one| one.service_name.clone()).collect()
}
