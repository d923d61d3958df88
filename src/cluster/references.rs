//! Which objects the Rollouts of the cluster name: a change to one of them concerns its Rollouts, and a sync holds what
//! they wrote into it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::ObjectKey;

/// The references, both ways. Cheap to share: all methods take `&self`.
#[derive(Debug, Default)]
pub struct References(Mutex<Both>);

#[derive(Debug, Default)]
struct Both {
    named: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
    by: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
}

impl References {
    /// `rollout` names these objects from now on; none where it is gone.
    pub fn set(&self, rollout: &ObjectKey, named: BTreeSet<ObjectKey>) {
        let mut both = self.lock();
        if both.named.get(rollout).is_some_and(|before| *before == named) {
            return;
        }
        for gone in both.named.remove(rollout).unwrap_or_default().difference(&named) {
            if let Some(rollouts) = both.by.get_mut(gone) {
                rollouts.remove(rollout);
                if rollouts.is_empty() {
                    both.by.remove(gone);
                }
            }
        }
        for object in &named {
            both.by.entry(object.clone()).or_default().insert(rollout.clone());
        }
        if !named.is_empty() {
            both.named.insert(rollout.clone(), named);
        }
    }

    /// The Rollouts that name an object.
    pub fn of(&self, object: &ObjectKey) -> BTreeSet<ObjectKey> {
        self.lock().by.get(object).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Both> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
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
}
