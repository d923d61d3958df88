//! Namespaces and CustomResourceDefinitions of the set that others need and that are missing, made first.

use std::collections::BTreeSet;
use std::time::Duration;

use model::annotations::Phase;
use model::application::{ResourceResult, ResultCode};
use model::key::ObjectKey;

use super::discovery::Discovered;
use super::input::NamespaceSeen;
use super::outcome::named;
use super::tasks::Task;
use super::validate::{Check, Scene, wait};
use super::{Action, Batch, Held, HoldReason, run, verdict};

/// How soon a prerequisite that was just made is looked for again.
const PREREQUISITE_POLL: Duration = Duration::from_secs(1);

impl<'t> Scene<'t, '_> {
    /// Namespaces and CustomResourceDefinitions that other objects of the set need, made first.
    pub(super) fn prerequisites(&self) -> Option<Check> {
        if self.is_dry_run() {
            return None;
        }
        let mut namespaces = Vec::new();
        let mut crds = Vec::new();
        let mut held = Vec::new();
        let mut done: BTreeSet<ObjectKey> = BTreeSet::new();
        if self.makes_namespace() {
            namespaces.extend(self.create_namespace());
        }
        for (task, wanted) in self.wanted() {
            let crd = matches!(self.discover(wanted), Discovered::Comes)
                .then(|| self.providers.get(&wanted.gvk.group_kind()))
                .flatten();
            let namespace = self.missing_namespace(task);
            let Some(key) = namespace.clone().or(crd.map(|crd| crd.key.clone())) else { continue };
            held.push(Held {
                key: task.key.clone(),
                reason: HoldReason::AwaitingPrerequisite { prerequisite: key.clone() },
            });
            if let Some(provider) = namespace.and_then(|key| self.namespace_task(&key.name))
                && done.insert(provider.key.clone())
            {
                namespaces.extend(self.make(provider));
            }
            if let Some(provider) = crd
                && done.insert(provider.key.clone())
            {
                crds.extend(self.make(provider));
            }
        }
        if let Some(failed) = self.failed_prerequisite() {
            return Some(Check::Refused { message: failed, rows: Vec::new() });
        }
        let batches: Vec<Batch> = [namespaces, crds]
            .into_iter()
            .filter(|actions| !actions.is_empty())
            .map(|actions| Batch { phase: Phase::Sync, wave: 0, actions })
            .collect();
        if batches.is_empty() {
            return wait(held, Some(self.input.now.plus(PREREQUISITE_POLL)));
        }
        Some(Check::Act { batches, held, message: "making what other objects need".into() })
    }

    /// Applies a provider that has no row yet; one that has, or is as wanted already, is waited for.
    fn make(&self, provider: &Task<'_>) -> Option<Action> {
        if self.row(&provider.key, provider.phase).is_some() || !run::is_changed(provider, self.options) {
            return None;
        }
        run::apply(provider, self.options).map(Action::Apply)
    }

    /// Makes the destination namespace, or gives it its labels again once in each attempt.
    fn create_namespace(&self) -> Option<Action> {
        let name = &self.input.app.spec.destination.namespace;
        let metadata = verdict::namespace_metadata(self.input);
        let is_needed = *self.input.namespace == NamespaceSeen::Absent || metadata.is_some();
        let key = ObjectKey::new("", "Namespace", "", name.as_str());
        if !is_needed || self.row(&key, Phase::PreSync).is_some() {
            return None;
        }
        let metadata = metadata.cloned().unwrap_or_default();
        let (labels, annotations) = (metadata.labels, metadata.annotations);
        Some(Action::CreateNamespace { name: name.clone(), labels, annotations })
    }

    fn row(&self, key: &ObjectKey, phase: Phase) -> Option<&'t ResourceResult> {
        let mut rows = self.state.sync_result.iter().flat_map(|result| &result.resources);
        rows.find(|row| row.sync_phase == phase.as_str() && row.name == key.name && row.key() == *key)
    }

    fn failed_prerequisite(&self) -> Option<String> {
        let rows = self.state.sync_result.iter().flat_map(|result| &result.resources);
        let mut failed = rows.filter(|row| row.status == Some(ResultCode::SyncFailed));
        failed.next().map(|row| {
            format!("one or more objects failed to apply, reason: {}", named(&row.key(), &row.message))
        })
    }
}
