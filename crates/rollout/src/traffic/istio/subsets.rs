//! Hashes in the subsets of a DestinationRule.

use model::rollout::{IstioDestinationRule, IstioRouting};
use model::{Object, ObjectKey};
use serde_json::{Map, Value, json};

use super::super::Desired;
use super::super::draft::Draft;
use super::super::error::RouteError;
use super::super::json::{self, text};
use super::super::written::{Written, hold_annotation};
use super::Istio;
use crate::{HASH_LABEL, MANAGED_BY};

impl Istio<'_> {
    /// Points the subsets at the versions that are desired.
    pub(super) fn point(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let (Some(names), Some(key)) = (&self.istio.destination_rule, self.rule_key()) else { return Ok(()) };
        let rule = draft.change(&key, "trafficRouting.istio.destinationRule.name")?;
        let before = rule.clone();
        let subsets = json::list_mut(rule, &["spec", "subsets"]);
        let subsets = subsets.ok_or_else(|| RouteError::field(&key, "spec.subsets", "it has no subsets"))?;
        let pairs = [
            ("Canary", &names.canary_subset_name, &desired.canary.hash),
            ("Stable", &names.stable_subset_name, &desired.stable.hash),
        ];
        for (side, name, hash) in pairs {
            let subset = subsets.iter_mut().find(|subset| text(subset, "name") == name);
            let missing = || {
                RouteError::field(
                    &key,
                    "spec.subsets",
                    format!("{side} DestinationRule subset '{name}' is not there"),
                )
            };
            set_hash(subset.ok_or_else(missing)?, hash);
        }
        set_experiments(subsets, names, desired);
        if let Some(why) = desired.hold_hashes.as_ref().filter(|_| *rule != before) {
            return Err(RouteError::field(&key, "spec.subsets", why));
        }
        rule.set_annotation(MANAGED_BY, &self.split.owner.name);
        let IstioDestinationRule { name, canary_subset_name, stable_subset_name, .. } = names;
        let message = format!(
            "DestinationRule {name} subset updated ({canary_subset_name}: {}, {stable_subset_name}: {})",
            desired.canary.hash, desired.stable.hash
        );
        draft.tell(&key, "UpdatedDestinationRule", message);
        Ok(())
    }

    /// Takes hashes and annotation away, so that the subsets select something after the Rollout is gone.
    pub(super) fn release_subsets(&self, draft: &mut Draft<'_>) {
        let (Some(names), Some(key)) = (&self.istio.destination_rule, self.rule_key()) else { return };
        let Ok(rule) = draft.change(&key, "trafficRouting.istio.destinationRule.name") else { return };
        if rule.annotation(MANAGED_BY) != Some(&self.split.owner.name) {
            return;
        }
        rule.remove_annotation(MANAGED_BY);
        let subsets = json::list_mut(rule, &["spec", "subsets"]).into_iter().flatten();
        let own = [&names.canary_subset_name, &names.stable_subset_name];
        subsets
            .filter(|subset| own.iter().any(|name| text(subset, "name") == *name))
            .for_each(|one| set_hash(one, ""));
    }
}

/// The version a subset points at, empty where it has none; none where there is no such subset.
pub fn hash<'a>(rule: &'a Object, name: &str) -> Option<&'a str> {
    let subset =
        json::list(rule, &["spec", "subsets"])?.iter().find(|subset| text(subset, "name") == name)?;
    Some(subset.get("labels").map(|labels| text(labels, HASH_LABEL)).unwrap_or_default())
}

/// The fields of a DestinationRule that a Rollout writes.
pub fn written(key: &ObjectKey, istio: &IstioRouting) -> Vec<Written> {
    let names =
        istio.destination_rule.iter().flat_map(|rule| [&rule.canary_subset_name, &rule.stable_subset_name]);
    let labels = names.map(|name| format!("spec.subsets[{name}].labels[{HASH_LABEL}]"));
    let annotation = format!("metadata.annotations[{MANAGED_BY}]");
    labels.chain([annotation]).map(|field| Written::new(key.clone(), field)).collect()
}

/// Puts the live hashes into a DestinationRule about to be applied, and the subsets of experiments.
pub fn hold(git: &mut Object, live: &Object, names: &IstioDestinationRule, experiments: &[String]) {
    hold_annotation(git, live, MANAGED_BY);
    let hashes = [&names.canary_subset_name, &names.stable_subset_name].map(|name| (name, hash(live, name)));
    let added = json::list(live, &["spec", "subsets"]).into_iter().flatten();
    let added: Vec<_> =
        added.filter(|one| experiments.iter().any(|name| text(one, "name") == name)).cloned().collect();
    let Some(subsets) = json::list_mut(git, &["spec", "subsets"]) else { return };
    for (name, hash) in hashes {
        let subset = subsets.iter_mut().find(|subset| text(subset, "name") == name);
        if let (Some(subset), Some(hash)) = (subset, hash) {
            set_hash(subset, hash);
        }
    }
    subsets.extend(added);
}

fn set_hash(subset: &mut Value, hash: &str) {
    let Some(subset) = subset.as_object_mut() else { return };
    if hash.is_empty() {
        if let Some(labels) = subset.get_mut("labels").and_then(Value::as_object_mut) {
            labels.shift_remove(HASH_LABEL);
        }
        return;
    }
    let labels = subset.entry("labels").or_insert_with(|| Map::new().into());
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(HASH_LABEL.to_owned(), hash.into());
    }
}

/// Adds the subsets of an experiment and takes away those of one that ended. Upstream drops every other subset, too;
/// here only those that have nothing but a name and a hash, as the ones that were added.
fn set_experiments(subsets: &mut Vec<Value>, names: &IstioDestinationRule, desired: &Desired) {
    let version = |name: &str| desired.additional.iter().find(|version| version.service == name);
    subsets.retain(|subset| version(text(subset, "name")).is_some() || !was_added(subset, names));
    for added in &desired.additional {
        match subsets.iter_mut().find(|subset| text(subset, "name") == added.service) {
            Some(subset) => set_hash(subset, &added.hash),
            None => subsets.push(json!({"name": added.service, "labels": {HASH_LABEL: added.hash}})),
        }
    }
}

fn was_added(subset: &Value, names: &IstioDestinationRule) -> bool {
    let name = text(subset, "name");
    let listed = names.additional_subset_names.iter().any(|one| one == name);
    let own = name == names.canary_subset_name || name == names.stable_subset_name;
    let labels = subset.get("labels").and_then(Value::as_object);
    let bare = labels.is_some_and(|labels| labels.len() == 1 && labels.contains_key(HASH_LABEL));
    bare && !own && !listed && subset.as_object().is_some_and(|fields| fields.len() == 2)
}
