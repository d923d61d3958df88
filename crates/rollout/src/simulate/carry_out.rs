//! Actions are carried out, each with its precondition.

use std::collections::BTreeMap;

use model::Object;
use serde_json::{Map, Value, json};

use super::world::{World, merge};
use crate::decision::{Action, Decision, ReplicaSetPatch, RolloutPatch, ServicePatch, Target};
use crate::traffic::RouteChange;
use crate::{HASH_LABEL, MANAGED_BY, status};

/// Why an action was refused: what it is about changed since, or is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name} is not as it was seen")]
pub struct Refused {
    what: &'static str,
    name: String,
}

impl World {
    /// Carries a decision out: the actions in their order, then the status.
    ///
    /// # Errors
    /// When a precondition does not hold; then nothing after that action is done.
    pub fn carry_out(&mut self, decision: &Decision) -> Result<(), Refused> {
        for action in &decision.actions {
            self.act(action)?;
        }
        self.write_status(decision);
        self.run_pods();
        Ok(())
    }

    /// Writes the status of a decision.
    pub fn write_status(&mut self, decision: &Decision) {
        let read = self.rollout.get("status").cloned().unwrap_or_else(|| json!({}));
        let before = serde_json::from_value(read).unwrap_or_default();
        if let Some(patch) = status::patch(&before, &decision.status) {
            let pauses = decision.status.pause_conditions.iter().map(|pause| pause.start_time);
            self.exact.extend(pauses);
            self.edit_status(&patch["status"]);
        }
    }

    /// Carries out one action.
    ///
    /// # Errors
    /// When its precondition does not hold.
    pub fn act(&mut self, action: &Action) -> Result<(), Refused> {
        match action {
            Action::CreateReplicaSet(object) => {
                let object = self.admitted(object);
                self.sets.push(object);
            }
            Action::AdoptReplicaSet(target) => self.adopt(target)?,
            Action::PatchReplicaSet(patch) => self.patch_set(patch)?,
            Action::DeleteReplicaSet(target) => {
                self.pods.remove(&target.name);
                remove(&mut self.sets, "ReplicaSet", target)?;
            }
            Action::PatchService(patch) => self.patch_service(patch)?,
            Action::WriteRoute(write) => self.write_route(&write.target, &write.change)?,
            Action::AssumeRoute(desired) => self.assumed = Some(desired.clone()),
            Action::CreateAnalysisRun(object) => {
                let object = self.admitted(object);
                self.runs.push(object);
            }
            Action::TerminateAnalysisRun(target) => {
                let run = find(&mut self.runs, "AnalysisRun", target)?;
                terminate(run);
                let status = json!({"phase": "Successful", "message": "Run Terminated"});
                run.fields_mut().insert("status".into(), status);
            }
            Action::DeleteAnalysisRun(target) => remove(&mut self.runs, "AnalysisRun", target)?,
            Action::CreateExperiment(object) => {
                let object = self.admitted(object);
                self.experiments.push(object);
            }
            Action::TerminateExperiment(target) => {
                let experiment = find(&mut self.experiments, "Experiment", target)?;
                terminate(experiment);
                experiment.fields_mut().insert("status".into(), json!({"phase": "Successful"}));
            }
            Action::DeleteExperiment(target) => remove(&mut self.experiments, "Experiment", target)?,
            Action::CreateService(object) => {
                let object = self.admitted(object);
                self.services.push(object);
            }
            Action::DeleteService(target) => remove(&mut self.services, "Service", target)?,
            Action::PatchRollout(patch) => self.patch_rollout(patch),
            Action::ScaleWorkload { to, .. } => {
                if let Some(spec) =
                    self.workload.as_mut().and_then(|object| object.fields_mut().get_mut("spec"))
                {
                    spec["replicas"] = (*to).into();
                }
            }
            Action::EvictPod(target) => self.remove_pod(&target.uid),
            // Pods here have the labels of their ReplicaSet's template.
            Action::PatchPod { .. } => {}
        }
        Ok(())
    }

    fn admitted(&mut self, object: &Object) -> Object {
        let mut object = object.clone();
        self.admit(&mut object);
        object
    }

    fn adopt(&mut self, target: &Target) -> Result<(), Refused> {
        let owner = json!([{"uid": self.rollout.uid(), "controller": true}]);
        let set = find(&mut self.sets, "ReplicaSet", target)?;
        set.metadata_mut().insert("ownerReferences".into(), owner);
        Ok(())
    }

    fn patch_set(&mut self, patch: &ReplicaSetPatch) -> Result<(), Refused> {
        let ReplicaSetPatch {
            target,
            replicas,
            min_ready_seconds,
            annotations,
            template_labels,
            template_annotations,
            affinity,
        } = patch;
        let set = find(&mut self.sets, "ReplicaSet", target)?;
        let mut spec = Map::new();
        if let Some((from, to)) = replicas {
            if set.pointer("/spec/replicas").and_then(Value::as_i64) != Some(i64::from(*from)) {
                return Err(refused("ReplicaSet", target));
            }
            spec.insert("replicas".into(), (*to).into());
        }
        if let Some(seconds) = min_ready_seconds {
            spec.insert("minReadySeconds".into(), (*seconds).into());
        }
        let mut template = json!({});
        if !template_labels.is_empty() || !template_annotations.is_empty() {
            template["metadata"] =
                json!({"labels": texts(template_labels), "annotations": texts(template_annotations)});
        }
        if let Some(affinity) = affinity {
            template["spec"] = json!({"affinity": affinity});
        }
        if template != json!({}) {
            spec.insert("template".into(), template);
        }
        let changes_spec = !spec.is_empty();
        let change = json!({"metadata": {"annotations": texts(annotations)}, "spec": spec});
        let generation = set.generation();
        let mut value = set.to_value();
        merge(&mut value, &change);
        if changes_spec {
            value["metadata"]["generation"] = (generation + 1).into();
        }
        *set = Object::from_value(value).expect("a map was merged into a map");
        Ok(())
    }

    fn patch_service(&mut self, patch: &ServicePatch) -> Result<(), Refused> {
        let ServicePatch { target, hash, managed_by } = patch;
        let service = find(&mut self.services, "Service", target)?;
        let mut value = service.to_value();
        let mut change = json!({"spec": {"selector": {HASH_LABEL: hash}}});
        if managed_by.is_some() || hash.is_none() {
            change["metadata"] = json!({"annotations": {MANAGED_BY: managed_by}});
        }
        merge(&mut value, &change);
        *service = Object::from_value(value).expect("a map was merged into a map");
        Ok(())
    }

    fn write_route(&mut self, target: &Target, change: &RouteChange) -> Result<(), Refused> {
        let routes = self.routes.get_or_insert_default();
        let place =
            routes.iter().position(|object| object.name() == target.name && object.uid() == target.uid);
        match (change, place) {
            (RouteChange::Create(object), _) => {
                let object = self.admitted(object);
                self.routes.get_or_insert_default().push(object);
            }
            (RouteChange::Patch { after, .. }, Some(place)) => {
                let version: u64 = routes[place].resource_version().parse().unwrap_or(1);
                routes[place] = after.clone();
                routes[place]
                    .metadata_mut()
                    .insert("resourceVersion".into(), (version + 1).to_string().into());
            }
            (RouteChange::Delete, Some(place)) => {
                routes.remove(place);
            }
            (RouteChange::Patch { .. } | RouteChange::Delete, None) => return Err(refused("route", target)),
        }
        Ok(())
    }

    fn patch_rollout(&mut self, patch: &RolloutPatch) {
        let RolloutPatch { target: _, replicas, paused, annotations } = patch;
        let mut spec = Map::new();
        if let Some(replicas) = replicas {
            spec.insert("replicas".into(), (*replicas).into());
        }
        if let Some(paused) = paused {
            spec.insert("paused".into(), (*paused).into());
        }
        if !spec.is_empty() {
            self.edit(&json!({"spec": spec}));
        }
        for (key, value) in annotations {
            self.rollout.set_annotation(key, value);
        }
    }
}

fn texts(changes: &BTreeMap<String, Option<String>>) -> Value {
    json!(changes)
}

fn terminate(object: &mut Object) {
    if let Some(spec) = object.fields_mut().get_mut("spec") {
        spec["terminate"] = true.into();
    }
}

fn find<'a>(
    objects: &'a mut [Object],
    what: &'static str,
    target: &Target,
) -> Result<&'a mut Object, Refused> {
    let mut found =
        objects.iter_mut().filter(|object| object.name() == target.name && object.uid() == target.uid);
    found.next().ok_or_else(|| refused(what, target))
}

fn remove(objects: &mut Vec<Object>, what: &'static str, target: &Target) -> Result<(), Refused> {
    find(objects, what, target)?;
    objects.retain(|object| object.name() != target.name);
    Ok(())
}

fn refused(what: &'static str, target: &Target) -> Refused {
    Refused { what, name: target.name.clone() }
}
