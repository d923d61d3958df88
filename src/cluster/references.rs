//! Which objects the Rollouts of the cluster name: a change to one of them concerns its Rollouts, and a sync holds what
//! they wrote into it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{Object, ObjectKey};
use rollout::Rollout;
use rollout::references::references;
use rollout::traffic::{Live, Need};

/// The references, both ways. Cheap to share: all methods take `&self`.
#[derive(Debug, Default)]
pub struct References(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// As they stand in the Rollouts themselves, known as soon as a Rollout is seen, whoever drives it.
    written: Both,
    /// With what the named objects name in turn, known once a Rollout is driven.
    followed: Both,
}

#[derive(Debug, Default)]
struct Both {
    named: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
    by: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
}

impl References {
    /// Takes note of a Rollout as it is now; other objects are of no interest.
    pub fn note(&self, object: &Object) {
        if object.kind() == "Rollout" && object.group() == "argoproj.io" {
            let named = Rollout::read(object).map(|rollout| written(&rollout)).unwrap_or_default();
            self.lock().written.set(&object.key(), named);
        }
    }

    /// Forgets a Rollout that is gone; other objects are of no interest.
    pub fn forget(&self, key: &ObjectKey) {
        if key.kind == "Rollout" && key.group == "argoproj.io" {
            let mut known = self.lock();
            known.written.set(key, BTreeSet::new());
            known.followed.set(key, BTreeSet::new());
        }
    }

    /// `rollout` names these objects from now on, directly or through others.
    pub fn set(&self, rollout: &ObjectKey, named: BTreeSet<ObjectKey>) {
        self.lock().followed.set(rollout, named);
    }

    /// What a Rollout names, as far as it was followed last.
    pub fn named_by(&self, rollout: &ObjectKey) -> BTreeSet<ObjectKey> {
        self.lock().followed.named.get(rollout).cloned().unwrap_or_default()
    }

    /// The Rollouts that name an object.
    pub fn of(&self, object: &ObjectKey) -> BTreeSet<ObjectKey> {
        let known = self.lock();
        let found = [&known.written, &known.followed].into_iter().filter_map(|both| both.by.get(object));
        found.flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Both {
    fn set(&mut self, rollout: &ObjectKey, named: BTreeSet<ObjectKey>) {
        if self.named.get(rollout).is_some_and(|before| *before == named) {
            return;
        }
        for gone in self.named.remove(rollout).unwrap_or_default().difference(&named) {
            if let Some(rollouts) = self.by.get_mut(gone) {
                rollouts.remove(rollout);
                if rollouts.is_empty() {
                    self.by.remove(gone);
                }
            }
        }
        for object in &named {
            self.by.entry(object.clone()).or_default().insert(rollout.clone());
        }
        if !named.is_empty() {
            self.named.insert(rollout.clone(), named);
        }
    }
}

/// What stands in a Rollout itself, without what the named objects name in turn.
fn written(rollout: &Rollout) -> BTreeSet<ObjectKey> {
    let needs = references(rollout, &Live::default());
    let one = needs.into_iter().filter_map(|need| match need {
        Need::Object { kind, namespace, name, required: _ } => {
            Some(ObjectKey::new(&*kind.group, &*kind.kind, namespace.as_str(), name.as_str()))
        }
        Need::Labelled { .. } => None,
    });
    one.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(kind: &str, name: &str) -> ObjectKey {
        ObjectKey::new("", kind, "shop", name)
    }

    #[test]
    fn references_go_both_ways_and_away() {
        let references = References::default();
        let (web, api) = (key("Rollout", "web"), key("Rollout", "api"));
        let (own, shared) = (key("Service", "web"), key("Service", "shared"));
        references.set(&web, [own.clone(), shared.clone()].into());
        references.set(&api, [shared.clone()].into());
        assert_eq!(references.of(&shared), [api.clone(), web.clone()].into());
        references.set(&web, [shared.clone()].into());
        assert_eq!(references.of(&own), BTreeSet::new());
        references.set(&api, BTreeSet::new());
        assert_eq!(references.of(&shared), [web].into());
    }

    #[test]
    fn a_rollout_that_somebody_else_drives_is_known_by_what_stands_in_it() {
        let canary = json!({"canaryService": "fresh", "stableService": "old",
            "trafficRouting": {"istio": {"virtualService": {"name": "routes"}}}});
        let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"strategy": {"canary": canary}}});
        let rollout = Object::from_value(rollout).expect("it is an object");
        let references = References::default();
        references.note(&rollout);
        for key in [
            key("Service", "fresh"),
            ObjectKey::new("networking.istio.io", "VirtualService", "shop", "routes"),
        ] {
            assert_eq!(references.of(&key), [rollout.key()].into(), "{key}");
        }
        references.set(&rollout.key(), BTreeSet::new());
        assert!(!references.of(&key("Service", "old")).is_empty(), "it is still there");
        references.forget(&rollout.key());
        assert!(references.of(&key("Service", "old")).is_empty());
    }
}
