//! Services follow versions: which hash each one selects, and when it may be switched.

use crate::decision::{Action, HoldReason, ServicePatch};
use crate::observed::{Observed, ReplicaSet, Service};
use crate::pass::{Pass, target};
use crate::{HASH_LABEL, MANAGED_BY};

/// Whether pods must be there before a Service is pointed at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// All of them when it is adopted, one afterwards.
    ForPods,
    /// Never.
    No,
}

/// The Service of a name.
pub(crate) fn find<'a>(seen: &'a Observed, name: &str) -> Option<&'a Service> {
    seen.services.iter().find(|service| service.meta.name == name)
}

/// The version a Service selects; empty where it selects all.
pub(crate) fn selected<'a>(seen: &'a Observed, name: &str) -> &'a str {
    find(seen, name).map(hash_of).unwrap_or_default()
}

/// The hash in the selector of a Service; empty where there is none.
pub(crate) fn hash_of(service: &Service) -> &str {
    service.selector.get(HASH_LABEL).map(String::as_str).unwrap_or_default()
}

/// Points a Service at a version, if it may be; says whether it then selects it.
pub(crate) fn point(pass: &mut Pass, name: &str, set: Option<&ReplicaSet>, wait: Wait) -> bool {
    let Some((service, set)) = find(pass.seen, name).zip(set) else { return false };
    let hash = set.meta.hash();
    if hash_of(service) == hash {
        return true;
    }
    if wait == Wait::ForPods && !may_switch(service, set) {
        let words = format!(
            "Service {name} is not pointed at ReplicaSet {} yet: {} of {} pods are available",
            set.meta.name, set.available, set.replicas
        );
        pass.hold(HoldReason::ServiceNotReady, words);
        return false;
    }
    switch(pass, service, hash);
    true
}

/// A Service that was never this Rollout's serves all pods until the version is there in full; later one pod is enough.
fn may_switch(service: &Service, set: &ReplicaSet) -> bool {
    if service.meta.annotation(MANAGED_BY).is_none() {
        return set.replicas > 0 && set.available >= set.replicas;
    }
    set.available > 0
}

/// Points a Service at a version without a question.
pub(crate) fn switch(pass: &mut Pass, service: &Service, hash: &str) {
    let managed_by =
        service.meta.annotation(MANAGED_BY).is_none().then(|| pass.view.rollout.meta.name.clone());
    pass.actions.push(Action::PatchService(ServicePatch {
        target: target(&service.meta),
        hash: Some(hash.to_owned()),
        managed_by,
    }));
    let (name, from) = (&service.meta.name, hash_of(service));
    let words = format!("Switched selector for service '{name}' from '{from}' to '{hash}'");
    pass.tell("SwitchService", words);
}

/// Lets Services go that a Rollout managed which is gone or names them no longer: without the hash they select all pods
/// of the application, with it none.
pub fn release(services: &[Service], is_managed: impl Fn(&str, &Service) -> bool) -> Vec<Action> {
    let gone = services.iter().filter(|service| {
        let owner = service.meta.annotation(MANAGED_BY);
        owner.is_some_and(|owner| !is_managed(owner, service))
    });
    let patch = |service: &Service| {
        Action::PatchService(ServicePatch { target: target(&service.meta), hash: None, managed_by: None })
    };
    gone.map(patch).collect()
}
