//! `spec.restartAt`: pods that are older are evicted, as many at a time as may be missing.

use std::time::Duration;

use crate::decision::{Action, HoldReason};
use crate::observed::{Pod, ReplicaSet};
use crate::pass::{Pass, target};

/// How long until it is looked whether more pods may go.
const AGAIN: Duration = Duration::from_secs(30);

/// Evicts the pods that may go now; true where any is: the numbers of pods are old then.
pub(crate) fn evict(pass: &mut Pass) -> bool {
    let spec = &pass.view.rollout.spec;
    let Some(at) = spec.restart_at else { return false };
    if pass.before.restarted_at == Some(at) {
        return false;
    }
    if at > pass.now {
        pass.wake_at(at);
        return false;
    }
    let old: Vec<&Pod> =
        pods_by_role(pass).filter(|pod| pod.meta.created.is_some_and(|made| made < at)).collect();
    if old.is_empty() {
        pass.status.restarted_at = Some(at);
        return false;
    }
    pass.hold(HoldReason::Restarting, format!("{} pods are older than restartAt {at}", old.len()));
    pass.wake_at(pass.now.plus(AGAIN));
    let by_spec: i32 = pass.view.own.iter().map(|set| set.replicas).sum();
    let wanted = by_spec.max(pass.view.replicas);
    let spare = pass.view.available() - (wanted - pass.view.unavailable().max(1));
    let leaving = old.iter().filter(|pod| pod.meta.deleting).count();
    let spare = usize::try_from(spare).unwrap_or(0).saturating_sub(leaving);
    let evicted: Vec<Action> = old
        .iter()
        .filter(|pod| !pod.meta.deleting)
        .take(spare)
        .map(|pod| Action::EvictPod(target(&pod.meta)))
        .collect();
    let any = !evicted.is_empty();
    pass.actions.extend(evicted);
    any
}

/// Pods of the stable version first, then of the new one, then of all others.
fn pods_by_role<'a>(pass: &Pass<'a>) -> impl Iterator<Item = &'a Pod> {
    let sets: Vec<&ReplicaSet> = pass
        .view
        .stable
        .into_iter()
        .chain(
            pass.view.new.filter(|new| pass.view.stable.is_none_or(|stable| stable.meta.uid != new.meta.uid)),
        )
        .chain(pass.view.others.iter().copied())
        .collect();
    let pods = &pass.seen.pods;
    sets.into_iter().flat_map(move |set| pods.iter().filter(move |pod| pod.meta.controller == set.meta.uid))
}
