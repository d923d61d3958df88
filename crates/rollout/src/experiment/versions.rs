//! Each version of an Experiment: its ReplicaSet, its Service, and whether it is there.

use model::Object;
use model::experiment::ExperimentTemplate;
use serde_json::{Value, json};

use super::Look;
use crate::decision::{Action, ReplicaSetPatch, Target};
use crate::duration::seconds;
use crate::observed::{ReplicaSet, Service};
use crate::pass::{deadline_of, target};
use crate::{HASH_LABEL, SCALE_DOWN_DEADLINE, hash, template};

const EXPERIMENT_NAME: &str = "experiment.argoproj.io/name";
const TEMPLATE_NAME: &str = "experiment.argoproj.io/template-name";

/// Makes, scales and counts one version, and says how far it is.
pub(super) fn follow(look: &mut Look, version: &ExperimentTemplate) {
    let seen = look.seen;
    let set = seen.replica_sets.iter().find(|set| set.meta.annotation(TEMPLATE_NAME) == Some(&version.name));
    let wanted = if look.is_ending() { 0 } else { version.replicas.unwrap_or(1) };
    match set {
        None if wanted > 0 => create(look, version),
        None => {}
        Some(set) => {
            serve(look, version, set, wanted);
            scale(look, set, wanted);
        }
    }
    count(look, version, set);
    judge(look, version, wanted);
}

fn create(look: &mut Look, version: &ExperimentTemplate) {
    let experiment = &look.seen.experiment.meta;
    let name = format!("{}-{}", experiment.name, version.name);
    if look.seen.taken.contains(&name) {
        let state = look.version(&version.name);
        state.status = "Error".to_owned();
        state.message =
            format!("Failed to create ReplicaSet for template '{}': {name} already exists", version.name);
        return;
    }
    let hash = hash::of_template(&version.template, None);
    let mut selector = version.selector.clone();
    selector.match_labels.insert(HASH_LABEL.into(), hash.clone());
    let value = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": experiment.namespace,
            "labels": {HASH_LABEL: hash},
            "annotations": {EXPERIMENT_NAME: experiment.name, TEMPLATE_NAME: version.name},
            "ownerReferences": [owner(look)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": version.min_ready_seconds,
            "selector": selector,
            "template": template::with_hash(&version.template, &hash),
        },
    });
    let object = Object::from_value(value).expect("it is written as a map above");
    look.decision.actions.push(Action::CreateReplicaSet(object));
    look.tell(false, "NewReplicaSetCreated".into(), format!("Created ReplicaSet {name} (revision 0)"));
    let now = look.now;
    let state = look.version(&version.name);
    state.pod_template_hash = hash;
    state.last_transition_time = Some(now);
}

/// The Experiment as the owner of what it makes.
pub(super) fn owner(look: &Look) -> Value {
    let meta = &look.seen.experiment.meta;
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "name": meta.name,
        "uid": meta.uid,
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// A Service while the version has pods, where one is wanted and the pods have ports.
fn serve(look: &mut Look, version: &ExperimentTemplate, set: &ReplicaSet, wanted: i32) {
    let own = |name: &str| if name.is_empty() { set.meta.name.clone() } else { name.to_owned() };
    let name = version.service.as_ref().map(|service| own(&service.name));
    let there: Option<&Service> =
        look.seen.services.iter().find(|service| Some(&service.meta.name) == name.as_ref());
    match (name, there) {
        (Some(name), None) if wanted > 0 => {
            let ports = ports(&set.template);
            if !ports.is_empty() {
                let object = service(look, set, &name, &ports);
                look.decision.actions.push(Action::CreateService(object));
            }
            let hash = set.meta.hash().to_owned();
            let state = look.version(&version.name);
            state.service_name = name;
            state.pod_template_hash = hash;
        }
        (Some(_), Some(service)) if wanted == 0 && set.available == 0 => {
            look.decision.actions.push(Action::DeleteService(target(&service.meta)));
            look.version(&version.name).service_name = String::new();
        }
        (_, _) => {}
    }
}

fn ports(template: &Value) -> Vec<Value> {
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    let ports =
        containers.into_iter().flatten().filter_map(|container| container["ports"].as_array()).flatten();
    ports
        .map(|port| {
            let number = &port["containerPort"];
            let mut made = json!({"port": number, "targetPort": number});
            for field in ["name", "protocol"].into_iter().filter(|field| port[*field].is_string()) {
                made[field] = port[field].clone();
            }
            made
        })
        .collect()
}

fn service(look: &Look, set: &ReplicaSet, name: &str, ports: &[Value]) -> Object {
    let meta = &look.seen.experiment.meta;
    let selector = set.selector["matchLabels"].clone();
    let value = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": meta.namespace,
            "annotations": {EXPERIMENT_NAME: meta.name},
            "ownerReferences": [owner(look)],
        },
        "spec": {"selector": selector, "ports": ports},
    });
    Object::from_value(value).expect("it is written as a map above")
}

/// Up at once, down after a delay.
fn scale(look: &mut Look, set: &ReplicaSet, wanted: i32) {
    let target = Target { resource_version: String::new(), ..target(&set.meta) };
    let mut patch = ReplicaSetPatch { target, ..ReplicaSetPatch::default() };
    if wanted == 0 && set.replicas > 0 {
        let delay = look.seen.experiment.spec.scale_down_delay_seconds.unwrap_or(30);
        let begun = deadline_of(set);
        let at = begun.unwrap_or_else(|| look.now.plus(seconds(delay)));
        if at > look.now {
            look.wake_at(at);
            if begun.is_none() {
                let text = at.plus(std::time::Duration::from_millis(999)).to_string();
                patch.annotations.insert(SCALE_DOWN_DEADLINE.to_owned(), Some(text));
                look.decision.actions.push(Action::PatchReplicaSet(patch));
            }
            return;
        }
        patch.annotations.insert(SCALE_DOWN_DEADLINE.to_owned(), None);
    }
    if set.replicas == wanted {
        return;
    }
    patch.replicas = Some((set.replicas, wanted));
    look.decision.actions.push(Action::PatchReplicaSet(patch));
    let direction = if wanted > set.replicas { "up" } else { "down" };
    let (name, from) = (&set.meta.name, set.replicas);
    let words = format!("Scaled {direction} ReplicaSet {name} (revision 0) from {from} to {wanted}");
    look.tell(false, "ScalingReplicaSet".into(), words);
}

fn count(look: &mut Look, version: &ExperimentTemplate, set: Option<&ReplicaSet>) {
    let now = look.now;
    let state = look.version(&version.name);
    let before = (state.replicas, state.ready_replicas, state.available_replicas);
    let after = set.map_or((0, 0, 0), |set| (set.current, set.ready, set.available));
    (state.replicas, state.ready_replicas, state.available_replicas) = after;
    state.updated_replicas = after.0;
    if let Some(set) = set {
        state.pod_template_hash = set.meta.hash().to_owned();
    }
    if before != after {
        state.last_transition_time = Some(now);
    }
}

fn judge(look: &mut Look, version: &ExperimentTemplate, wanted: i32) {
    let (now, ending, deadline) = (look.now, look.is_ending(), look.deadline());
    let state = look.version(&version.name).clone();
    if matches!(state.status.as_str(), "Successful" | "Failed" | "Error") {
        return;
    }
    let due = state.last_transition_time.unwrap_or(now).plus(deadline);
    let mut message = state.message.clone();
    let status = if ending {
        "Successful"
    } else if state.available_replicas == wanted && state.replicas == wanted {
        "Running"
    } else if now > due {
        let seconds = deadline.as_secs();
        message = format!("Template '{}' exceeded its progressDeadlineSeconds ({seconds})", version.name);
        "Failed"
    } else {
        look.wake_at(due.plus(std::time::Duration::from_secs(1)));
        "Progressing"
    };
    if state.status == status {
        return;
    }
    let mut words = format!("Template '{}' transitioned from {} -> {status}", version.name, state.status);
    if !message.is_empty() {
        words = format!("{words}: {message}");
    }
    look.tell(status == "Failed", format!("Template{status}"), words);
    let state = look.version(&version.name);
    state.status = status.to_owned();
    state.message = message;
}
