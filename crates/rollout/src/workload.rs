//! `spec.workloadRef`: the Deployment that a Rollout takes over from, and when its own pods go.

use serde_json::Value;

use crate::WORKLOAD_GENERATION;
use crate::decision::{Action, RolloutPatch, Target};
use crate::observed::{Meta, Observed, Workload};
use crate::pass::{Pass, target};

/// The generation of the workload as the status says it.
pub(crate) fn generation(seen: &Observed) -> Option<String> {
    match &seen.workload {
        Workload::Own | Workload::Missing => None,
        Workload::Found(object) => Some(object.generation().to_string()),
    }
}

/// Notes the generation on the Rollout, where tools look for it.
pub(crate) fn note_generation(pass: &mut Pass) {
    let Some(generation) = generation(pass.seen) else { return };
    let rollout = &pass.view.rollout.meta;
    if rollout.annotation(WORKLOAD_GENERATION) == Some(generation.as_str()) {
        return;
    }
    let target = Target { resource_version: String::new(), ..target(rollout) };
    let annotations = [(WORKLOAD_GENERATION.to_owned(), generation)].into();
    pass.actions.push(Action::PatchRollout(RolloutPatch { target, annotations, ..RolloutPatch::default() }));
}

/// `progressively`: while the first revision comes up, the Deployment keeps as many pods as are not ready yet.
pub(crate) fn progressively(pass: &mut Pass) {
    if !scales_down(pass, "progressively") {
        return;
    }
    let ready: i32 = pass.view.own.iter().map(|set| set.ready).sum();
    if pass.before.phase == "Healthy" {
        scale(pass, 0);
    } else if ready > 0 {
        scale(pass, (pass.view.replicas - ready).max(0));
    }
}

/// `onsuccess`: once the first revision is promoted and healthy, the Deployment has no pods.
pub(crate) fn after_promotion(pass: &mut Pass) {
    if scales_down(pass, "onsuccess") && pass.before.phase == "Healthy" {
        scale(pass, 0);
    }
}

fn scales_down(pass: &Pass, when: &str) -> bool {
    let wanted = pass.view.rollout.spec.workload_ref.as_ref().map(|workload| workload.scale_down.as_str());
    wanted == Some(when) && pass.view.revision == 1
}

fn scale(pass: &mut Pass, to: i32) {
    let Workload::Found(object) = &pass.seen.workload else { return };
    let from = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let from = i32::try_from(from).unwrap_or(i32::MAX);
    if object.kind() != "Deployment" || from == to {
        return;
    }
    let meta = Meta::read(object);
    let target = Target { resource_version: String::new(), ..target(&meta) };
    pass.actions.push(Action::ScaleWorkload { gvk: object.gvk(), target, from, to });
    pass.tell("ScalingReplicaSet", format!("Scaled Deployment {} from {from} to {to}", meta.name));
}
