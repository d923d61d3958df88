//! What Rollouts hold: a field that one wrote into an object which Git describes, too (weights, selectors, replicas), is
//! never drift and never overwritten by a sync.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::{Object, ObjectKey};
use rollout::Rollout;
use rollout::traffic::{self, Owner, Split};

use crate::cluster::cache::{Cache, Seen, Whole};
use crate::cluster::decision::kinds;

/// Fields that are named; of more only the number.
const SHOWN: usize = 4;

/// True where a Rollout may have written into the object.
pub fn may_be(cache: &Cache, object: &Object) -> bool {
    is_service(object) || !cache.references.of(&object.key()).is_empty()
}

/// The object from Git with what Rollouts wrote into the live one.
pub fn held<'o>(cache: &Cache, object: &'o Object, live: &Object) -> Cow<'o, Object> {
    let mut git = Cow::Borrowed(object);
    if is_managed_service(cache, object, live) {
        traffic::hold_service(git.to_mut(), live);
    }
    for rollout in cache.references.of(&object.key()).iter().filter_map(|key| read(cache, key)) {
        hold(git.to_mut(), live, &rollout);
    }
    git
}

/// By whom which fields of an object are held, in words (`by Rollout web: /spec/replicas`); none where nothing is.
pub fn words(cache: &Cache, object: &Object, whole: &Whole) -> Option<String> {
    if !may_be(cache, object) {
        return None;
    }
    let live = whole.object();
    let Cow::Owned(fit) = held(cache, object, &live) else { return None };
    let changes = json_patch::diff(&object.to_value(), &fit.to_value());
    let mut paths: Vec<String> = changes.0.iter().map(|change| change.path().to_string()).collect();
    if paths.is_empty() {
        return None;
    }
    if paths.len() > SHOWN {
        let more = paths.split_off(SHOWN).len();
        paths.push(format!("{more} more"));
    }
    let managed = live.annotation(rollout::MANAGED_BY).filter(|_| is_managed_service(cache, object, &live));
    let named = cache.references.of(&object.key());
    let holders = named.iter().filter_map(|key| read(cache, key)).filter(|rollout| {
        let mut fit = object.clone();
        hold(&mut fit, &live, rollout);
        fit != *object
    });
    let holders = holders.map(|rollout| rollout.meta.name).chain(managed.map(str::to_owned));
    let rollouts: Vec<String> = holders.collect::<BTreeSet<String>>().into_iter().collect();
    Some(format!("by Rollout {}: {}", rollouts.join(", "), paths.join(", ")))
}

/// True for a Service that a Rollout directs; one whose Rollout is gone is Git's again.
fn is_managed_service(cache: &Cache, object: &Object, live: &Object) -> bool {
    let Some(name) = live.annotation(rollout::MANAGED_BY).filter(|_| is_service(object)) else {
        return false;
    };
    let gvk = kinds::rollout();
    let key = ObjectKey::new(&*gvk.group, &*gvk.kind, object.namespace(), name);
    !matches!(cache.see(&gvk, &key), Seen::Absent)
}

fn is_service(object: &Object) -> bool {
    object.kind() == "Service" && object.group().is_empty()
}

fn read(cache: &Cache, key: &ObjectKey) -> Option<Rollout> {
    let Seen::Here(seen) = cache.see(&kinds::rollout(), key) else { return None };
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
