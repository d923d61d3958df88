//! Revisions: a new version gets a ReplicaSet and the next number, a version that comes back gets a new number.

use std::collections::BTreeMap;

use model::Object;
use model::parts::Labels;
use serde_json::{Value, json};

use crate::approve::APPROVE;
use crate::decision::{Action, RolloutPatch};
use crate::observed::ReplicaSet;
use crate::pass::{Pass, target};
use crate::view::{View, Way};
use crate::{
    DESIRED_REPLICAS, EPHEMERAL_METADATA, HASH_LABEL, REVISION, REVISION_HISTORY, metadata, template,
};

/// Annotations of the Rollout that are its own, not its versions'.
const OWN: [&str; 7] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "notified.notifications.argoproj.io",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    crate::WORKLOAD_GENERATION,
    APPROVE,
];

/// Makes the ReplicaSet of a version that has none, without pods. Where its name is somebody else's the next look uses
/// another hash.
pub(crate) fn create(pass: &mut Pass) -> bool {
    let name = format!("{}-{}", pass.view.rollout.meta.name, pass.view.hash);
    if pass.seen.taken.contains(&name) {
        pass.status.collision_count = Some(pass.status.collision_count.unwrap_or(0) + 1);
        return false;
    }
    let object = replica_set(&pass.view, &name, pass.before.stable_rs.as_str());
    pass.actions.push(Action::CreateReplicaSet(object));
    let revision = pass.view.revision;
    pass.tell("NewReplicaSetCreated", format!("Created ReplicaSet {name} (revision {revision})"));
    note_on_rollout(pass);
    let message = format!("Created new replica set \"{name}\"");
    let word = crate::conditions::Word {
        kind: "Progressing",
        status: "True",
        reason: "NewReplicaSetCreated",
        message,
    };
    let now = pass.now;
    crate::conditions::set(&mut pass.status, word, now);
    true
}

/// Keeps the revision of the new version the highest, and its annotations those of the Rollout.
pub(crate) fn sync(pass: &mut Pass) {
    let Some(new) = pass.view.new else { return };
    let (had, wanted) = (new.meta.revision(), pass.view.revision);
    if had < wanted {
        pass.set(new).annotations.insert(REVISION.to_owned(), Some(wanted.to_string()));
        if had > 0 {
            let history = new.meta.annotation(REVISION_HISTORY).unwrap_or_default();
            let history = if history.is_empty() { had.to_string() } else { format!("{history},{had}") };
            pass.set(new).annotations.insert(REVISION_HISTORY.to_owned(), Some(history));
        }
    }
    for (key, value) in copied(&pass.view) {
        if new.meta.annotation(&key) != Some(value.as_str()) {
            pass.set(new).annotations.insert(key, Some(value));
        }
    }
    let seconds = pass.view.rollout.spec.min_ready_seconds;
    if new.min_ready_seconds != seconds {
        pass.set(new).min_ready_seconds = Some(seconds);
    }
    note_on_rollout(pass);
}

fn note_on_rollout(pass: &mut Pass) {
    let (rollout, revision) = (&pass.view.rollout.meta, pass.view.revision.to_string());
    if rollout.annotation(REVISION) == Some(revision.as_str()) {
        return;
    }
    let target = crate::decision::Target { resource_version: String::new(), ..target(rollout) };
    let annotations = BTreeMap::from([(REVISION.to_owned(), revision.clone())]);
    pass.actions.push(Action::PatchRollout(RolloutPatch { target, annotations, ..RolloutPatch::default() }));
    pass.tell("RolloutUpdated", format!("Rollout updated to revision {revision}"));
}

fn copied(view: &View) -> BTreeMap<String, String> {
    let all = view.rollout.meta.annotations.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    all.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn replica_set(view: &View, name: &str, stable: &str) -> Object {
    let rollout = view.rollout;
    let mut template = template::with_hash(&view.template, &view.hash);
    let in_flight = !stable.is_empty() && stable != view.hash;
    let rule = anti_affinity(view.way).filter(|_| in_flight);
    if let Some(rule) = rule {
        template["spec"]["affinity"] = template::affinity(&view.template, Some((rule, stable)));
    }
    let mut annotations = copied(view);
    annotations.insert(REVISION.into(), view.revision.to_string());
    annotations.insert(DESIRED_REPLICAS.into(), view.replicas.to_string());
    if let Some(injected) = metadata::of_new(view.way, in_flight) {
        put(&mut template, injected);
        annotations.insert(EPHEMERAL_METADATA.into(), json!(injected).to_string());
    }
    let mut selector = view.selector.clone();
    selector.match_labels.insert(HASH_LABEL.into(), view.hash.clone());
    let labels = template.pointer("/metadata/labels").cloned().unwrap_or_default();
    let value = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": rollout.meta.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner(rollout)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": rollout.spec.min_ready_seconds,
            "selector": selector,
            "template": template,
        },
    });
    Object::from_value(value).expect("it is written as a map above")
}

/// The Rollout as the owner of what it makes.
pub(crate) fn owner(rollout: &crate::Rollout) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": rollout.meta.name,
        "uid": rollout.meta.uid,
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

fn put(template: &mut Value, injected: &Labels) {
    for (field, texts) in [("labels", &injected.labels), ("annotations", &injected.annotations)] {
        for (key, value) in texts {
            template["metadata"][field][key] = value.as_str().into();
        }
    }
}

fn anti_affinity(way: Way<'_>) -> Option<&model::rollout::AntiAffinity> {
    match way {
        Way::Canary(canary) => canary.anti_affinity.as_ref(),
        Way::BlueGreen(blue_green) => blue_green.anti_affinity.as_ref(),
    }
}

/// The term that keeps a new version apart names the stable version of today.
pub(crate) fn keep_apart(pass: &mut Pass) {
    let Some((new, rule)) = pass.view.new.zip(anti_affinity(pass.view.way)) else { return };
    let stable = pass.before.stable_rs.clone();
    if stable.is_empty() || stable == pass.view.hash || new.replicas > 0 {
        return;
    }
    if template::kept_away_from(&new.template) != Some(stable.as_str()) {
        pass.set(new).affinity = Some(template::affinity(&new.template, Some((rule, &stable))));
    }
}

/// A ReplicaSet of the Rollout's selector that nobody owns becomes the Rollout's.
pub(crate) fn adopt(pass: &mut Pass) {
    let orphans = pass
        .seen
        .replica_sets
        .iter()
        .filter(|set: &&ReplicaSet| set.meta.controller.is_empty() && !set.meta.deleting);
    let matches = |set: &&ReplicaSet| {
        let labels = &set.meta.labels;
        let own = &pass.view.selector.match_labels;
        !own.is_empty() && own.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    let adopted: Vec<Action> =
        orphans.filter(matches).map(|set| Action::AdoptReplicaSet(target(&set.meta))).collect();
    pass.actions.extend(adopted);
}
