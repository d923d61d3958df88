//! Labels and annotations that pods carry while they play a part: on the template of their ReplicaSet and on the pods.

use std::collections::BTreeMap;

use model::parts::Labels;
use serde_json::json;

use crate::EPHEMERAL_METADATA;
use crate::decision::{Action, Target};
use crate::observed::ReplicaSet;
use crate::pass::{Pass, target};
use crate::template::Injected;
use crate::view::{self, Way};

/// What a new version carries: the metadata of a canary or preview while it is on its way, of the stable one otherwise.
pub(crate) fn of_new(way: Way<'_>, in_flight: bool) -> Option<&Labels> {
    match (way, in_flight) {
        (Way::Canary(canary), true) => canary.canary_metadata.as_ref(),
        (Way::Canary(canary), false) => canary.stable_metadata.as_ref(),
        (Way::BlueGreen(blue_green), true) => blue_green.preview_metadata.as_ref(),
        (Way::BlueGreen(blue_green), false) => blue_green.active_metadata.as_ref(),
    }
}

/// Gives every version the metadata of its part.
pub(crate) fn sync(pass: &mut Pass) {
    let in_flight = !pass.before.stable_rs.is_empty() && !pass.is_fully_promoted();
    let way = pass.view.way;
    if let Some(new) = pass.view.new {
        carry(pass, new, of_new(way, in_flight));
    }
    if let Some(stable) = pass.view.stable_apart() {
        carry(pass, stable, of_new(way, false));
    }
    for set in pass.view.others.clone() {
        carry(pass, set, None);
    }
}

fn carry(pass: &mut Pass, set: &ReplicaSet, wanted: Option<&Labels>) {
    let had = view::injected(set);
    let wanted = wanted.cloned().unwrap_or_default();
    let labels = changes(&had.labels, &wanted.labels);
    let annotations = changes(&had.annotations, &wanted.annotations);
    let changed = had != Injected { labels: wanted.labels.clone(), annotations: wanted.annotations.clone() };
    if changed {
        let none = wanted.labels.is_empty() && wanted.annotations.is_empty();
        let note = (!none).then(|| json!(wanted).to_string());
        let patch = pass.set(set);
        patch.annotations.insert(EPHEMERAL_METADATA.to_owned(), note);
        patch.template_labels.extend(labels.clone());
        patch.template_annotations.extend(annotations.clone());
    }
    let pods = pass.seen.pods.iter().filter(|pod| pod.meta.controller == set.meta.uid && !pod.meta.deleting);
    let patches = pods.filter_map(|pod| {
        let labels = missing(&pod.meta.labels, &wanted.labels, &labels);
        let annotations = missing(&pod.meta.annotations, &wanted.annotations, &annotations);
        let target = Target { resource_version: String::new(), ..target(&pod.meta) };
        (!labels.is_empty() || !annotations.is_empty()).then_some(Action::PatchPod {
            target,
            labels,
            annotations,
        })
    });
    let patches: Vec<Action> = patches.collect();
    pass.actions.extend(patches);
}

/// What was put there before and is not wanted any more goes; nobody else's is touched.
fn changes(
    had: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let gone = had.keys().filter(|key| !wanted.contains_key(*key)).map(|key| (key.clone(), None));
    let new = wanted.iter().filter(|(key, value)| had.get(*key) != Some(*value));
    gone.chain(new.map(|(key, value)| (key.clone(), Some(value.clone())))).collect()
}

/// What a pod lacks of what is wanted, and what it still has of what goes.
fn missing(
    has: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
    changes: &BTreeMap<String, Option<String>>,
) -> BTreeMap<String, Option<String>> {
    let gone = changes.iter().filter(|(key, value)| value.is_none() && has.contains_key(*key));
    let new = wanted.iter().filter(|(key, value)| has.get(*key) != Some(*value));
    let gone = gone.map(|(key, _)| (key.clone(), None));
    gone.chain(new.map(|(key, value)| (key.clone(), Some(value.clone())))).collect()
}
