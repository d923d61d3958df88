//! A Rollout that is gone lets go of what outlives it: its Services select all pods of their application again, and its
//! DestinationRule's subsets lose the pods' hash. Else they would select nothing once its ReplicaSets are gone
//! (reference, sections 2.7 and 9).

use std::sync::Arc;

use model::{Object, ObjectKey};
use rollout::decision::Action;
use rollout::references::references;
use rollout::traffic::{self, Live, Owner, Split};
use rollout::{Rollout, Service};

use super::gather::find_named;
use super::progress::{Shell, still_driving};
use crate::cluster::cache::Seen;
use crate::cluster::decision::{Stopped, kinds};

/// The Rollout that directs a Service, by the Service's own word.
pub fn director(shell: &Shell, service: &ObjectKey) -> Option<ObjectKey> {
    let Seen::Here(live) = shell.hand.cache.see(&kinds::service(), service) else { return None };
    rollout_of(&live.whole?.object())
}

fn rollout_of(service: &Object) -> Option<ObjectKey> {
    let gvk = kinds::rollout();
    let name = service.annotation(rollout::MANAGED_BY)?;
    Some(ObjectKey::new(&*gvk.group, &*gvk.kind, service.namespace(), name))
}

/// Whether something has to be let go of that only the Rollout itself names: then it is remembered.
pub fn is_remembered(rollout: &Rollout) -> bool {
    let canary = rollout.spec.strategy.as_ref().and_then(|strategy| strategy.canary.as_ref());
    let istio = canary.and_then(|canary| canary.traffic_routing.as_ref()?.istio.as_ref());
    istio.is_some_and(|istio| istio.destination_rule.is_some())
}

/// Lets go of everything that a Rollout which is surely gone had a hand in. `last` is the Rollout as it was known last.
///
/// # Errors
/// Where the server does not take it, or another one drives.
pub async fn release(shell: &Shell, key: &ObjectKey, last: Option<&Object>) -> Result<(), Stopped> {
    if !matches!(shell.hand.cache.see(&kinds::rollout(), key), Seen::Absent) {
        return Ok(());
    }
    let is_its = |service: &Arc<Object>| rollout_of(service).as_ref() == Some(key);
    for service in shell.hand.cache.whole(&kinds::service()).into_iter().filter(is_its) {
        for action in rollout::release(&[Service::read(&service)], |_, _| false) {
            still_driving(shell, &service)?;
            shell.hand.act(&action, &service).await?;
        }
    }
    let Some((object, rollout)) = last.and_then(|last| Some((last, Rollout::read(last).ok()?))) else {
        return Ok(());
    };
    for write in routes(shell, &rollout).await {
        still_driving(shell, object)?;
        shell.hand.act(&Action::WriteRoute(write), object).await?;
    }
    Ok(())
}

async fn routes(shell: &Shell, rollout: &Rollout) -> Vec<traffic::RouteWrite> {
    let canary = rollout.spec.strategy.as_ref().and_then(|strategy| strategy.canary.as_ref());
    let meta = &rollout.meta;
    let owner = Owner { name: meta.name.clone(), namespace: meta.namespace.clone(), uid: meta.uid.clone() };
    let Some(split) = canary.and_then(|canary| Split::of(&owner, canary)) else { return Vec::new() };
    let found = find_named(shell, |live| references(rollout, live)).await.objects;
    let objects: Vec<&Object> = found.values().flatten().map(Arc::as_ref).collect();
    traffic::release(&split, &Live::from_iter(objects))
}
