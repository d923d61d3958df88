//! Carries out a decision's actions as they stand: one request for each, in their order, the first failure ends it.

use http::Method;
use model::{Gvk, Object, ObjectKey};
use rollout::decision::{Action, ReplicaSetPatch, RolloutPatch, ServicePatch, Target};
use rollout::traffic::{RouteChange, RouteWrite};
use rollout::{HASH_LABEL, MANAGED_BY};
use serde_json::{Map, Value, json};

use super::apply::{self, Deletion, Precondition, Refusal};
use super::cache::Seen;
use super::carry_out::Hand;
use super::request;

/// Why a decision could not be carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Something of this name is there already, and is not in the picture.
    #[error("{0} exists already")]
    Taken(String),
    /// What was decided on is not what is there: look again, decide again.
    #[error("{0} has changed since it was read")]
    Stale(ObjectKey),
    /// The server did not take a write.
    #[error("{verb} of {key}: {refusal}")]
    Refused {
        /// What was tried.
        verb: &'static str,
        /// On what.
        key: Box<ObjectKey>,
        /// The server's words.
        refusal: Refusal,
    },
}

/// Kinds that a decision writes.
pub mod kinds {
    use model::Gvk;

    /// Rollouts.
    pub fn rollout() -> Gvk {
        Gvk::new("argoproj.io/v1alpha1", "Rollout")
    }

    /// AnalysisRuns.
    pub fn analysis_run() -> Gvk {
        Gvk::new("argoproj.io/v1alpha1", "AnalysisRun")
    }

    /// Experiments.
    pub fn experiment() -> Gvk {
        Gvk::new("argoproj.io/v1alpha1", "Experiment")
    }

    /// ReplicaSets.
    pub fn replica_set() -> Gvk {
        Gvk::new("apps/v1", "ReplicaSet")
    }

    /// Pods.
    pub fn pod() -> Gvk {
        Gvk::new("v1", "Pod")
    }

    /// Services.
    pub fn service() -> Gvk {
        Gvk::new("v1", "Service")
    }
}

impl Hand {
    /// Carries out one action of a decision about `owner`.
    ///
    /// # Errors
    /// Where it was not carried out.
    pub async fn act(&self, action: &Action, owner: &Object) -> Result<(), Stopped> {
        match action {
            Action::CreateReplicaSet(object)
            | Action::CreateAnalysisRun(object)
            | Action::CreateExperiment(object)
            | Action::CreateService(object) => self.create(object).await,
            Action::AdoptReplicaSet(target) => self.adopt(target, owner).await,
            Action::PatchReplicaSet(patch) => self.patch_replica_set(patch).await,
            Action::PatchService(patch) => self.patch_service(patch).await,
            Action::WriteRoute(write) => self.write_route(write).await,
            // Only a simulation assumes its routes.
            Action::AssumeRoute(_) => Ok(()),
            Action::TerminateAnalysisRun(target) => self.terminate(&kinds::analysis_run(), target).await,
            Action::TerminateExperiment(target) => self.terminate(&kinds::experiment(), target).await,
            Action::DeleteReplicaSet(target) => self.delete(&kinds::replica_set(), target).await,
            Action::DeleteAnalysisRun(target) => self.delete(&kinds::analysis_run(), target).await,
            Action::DeleteExperiment(target) => self.delete(&kinds::experiment(), target).await,
            Action::DeleteService(target) => self.delete(&kinds::service(), target).await,
            Action::PatchRollout(patch) => self.patch_rollout(patch).await,
            Action::ScaleWorkload { gvk, target, from, to } => {
                self.change(gvk, target, Some(*from), |object| set(object, &["spec", "replicas"], json!(to)))
                    .await
            }
            Action::EvictPod(target) => self.evict(target).await,
            Action::PatchPod { target, labels, annotations } => {
                self.change(&kinds::pod(), target, None, |pod| {
                    mark(pod, &["metadata", "labels"], labels.iter());
                    mark(pod, &["metadata", "annotations"], annotations.iter());
                })
                .await
            }
        }
    }

    /// Writes what differs between two statuses, if the object is still the one that was read. The answer is the
    /// object as it is now.
    ///
    /// # Errors
    /// Where the server does not take it.
    pub async fn write_status(
        &self,
        gvk: &Gvk,
        object: &Object,
        before: &Value,
        after: &Value,
    ) -> Result<Option<Object>, Stopped> {
        let Some(change) = super::status::merge_patch(before, after) else { return Ok(None) };
        let patch = json!({
            "metadata": {"uid": object.uid(), "resourceVersion": object.resource_version()},
            "status": change,
        });
        let key = object.key();
        let has_subresource = gvk.kind == "Rollout";
        let written = self.send_change(
            gvk,
            &key,
            Method::PATCH,
            "application/merge-patch+json",
            has_subresource,
            &patch,
        );
        let object = written.await.map_err(|refusal| refused("status", &key, refusal))?;
        self.cache.delivered(gvk, object.clone());
        Ok(Some(object))
    }

    async fn create(&self, object: &Object) -> Result<(), Stopped> {
        let (gvk, key) = (object.gvk(), object.key());
        match self.limited(apply::create(&self.client, &self.kinds.get(), object)).await {
            Ok(made) => {
                self.cache.delivered(&gvk, made);
                Ok(())
            }
            Err(Refusal::Conflict(_)) => Err(Stopped::Taken(key.name)),
            Err(refusal) => Err(refused("create", &key, refusal)),
        }
    }

    async fn adopt(&self, target: &Target, owner: &Object) -> Result<(), Stopped> {
        let reference = json!([{
            "apiVersion": owner.api_version(), "kind": owner.kind(), "name": owner.name(), "uid": owner.uid(),
            "controller": true, "blockOwnerDeletion": true,
        }]);
        self.change(&kinds::replica_set(), target, None, |adopted| {
            set(adopted, &["metadata", "ownerReferences"], reference.clone());
        })
        .await
    }

    async fn patch_replica_set(&self, patch: &ReplicaSetPatch) -> Result<(), Stopped> {
        let ReplicaSetPatch {
            target,
            replicas,
            min_ready_seconds,
            annotations,
            template_labels,
            template_annotations,
            affinity,
        } = patch;
        self.change(&kinds::replica_set(), target, replicas.map(|(from, _)| from), |object| {
            if let Some((_, to)) = replicas {
                set(object, &["spec", "replicas"], json!(to));
            }
            if let Some(seconds) = min_ready_seconds {
                set(object, &["spec", "minReadySeconds"], json!(seconds));
            }
            if let Some(affinity) = affinity {
                set(object, &["spec", "template", "spec", "affinity"], affinity.clone());
            }
            mark(object, &["metadata", "annotations"], annotations.iter());
            mark(object, &["spec", "template", "metadata", "labels"], template_labels.iter());
            mark(object, &["spec", "template", "metadata", "annotations"], template_annotations.iter());
        })
        .await
    }

    async fn patch_service(&self, patch: &ServicePatch) -> Result<(), Stopped> {
        let ServicePatch { target, hash, managed_by } = patch;
        self.change(&kinds::service(), target, None, |service| {
            let hash = (&HASH_LABEL.to_owned(), hash);
            mark(service, &["spec", "selector"], [hash].into_iter());
            if managed_by.is_some() || hash.1.is_none() {
                let managed_by = (&MANAGED_BY.to_owned(), managed_by);
                mark(service, &["metadata", "annotations"], [managed_by].into_iter());
            }
        })
        .await
    }

    async fn patch_rollout(&self, patch: &RolloutPatch) -> Result<(), Stopped> {
        let RolloutPatch { target, replicas, paused, annotations } = patch;
        self.change(&kinds::rollout(), target, None, |rollout| {
            if let Some(replicas) = replicas {
                set(rollout, &["spec", "replicas"], json!(replicas));
            }
            if let Some(paused) = paused {
                set(rollout, &["spec", "paused"], json!(paused));
            }
            annotations
                .iter()
                .for_each(|(key, value)| set(rollout, &["metadata", "annotations", key], json!(value)));
        })
        .await
    }

    async fn write_route(&self, write: &RouteWrite) -> Result<(), Stopped> {
        let RouteWrite { gvk, target, change, events: _ } = write;
        match change {
            RouteChange::Create(object) => self.create(object).await,
            RouteChange::Patch { patch, after: _ } => {
                let patch = serde_json::to_value(patch).unwrap_or_default();
                self.send_patch(gvk, &key_of(gvk, target), &patch).await
            }
            RouteChange::Delete => self.delete(gvk, target).await,
        }
    }

    async fn terminate(&self, gvk: &Gvk, target: &Target) -> Result<(), Stopped> {
        self.change(gvk, target, None, |object| set(object, &["spec", "terminate"], json!(true))).await
    }

    async fn delete(&self, gvk: &Gvk, target: &Target) -> Result<(), Stopped> {
        let key = key_of(gvk, target);
        let precondition = Precondition {
            uid: target.uid.clone(),
            resource_version: Some(target.resource_version.clone()).filter(|version| !version.is_empty()),
        };
        let kinds = self.kinds.get();
        let asked = apply::delete(&self.client, &kinds, gvk, &key, &precondition, "Background");
        match self.limited(asked).await {
            Ok(Deletion::Gone) => {
                self.cache.undelivered(gvk, &key);
                Ok(())
            }
            Ok(Deletion::Waiting) => Ok(()),
            Err(refusal) => Err(refused("delete", &key, refusal)),
        }
    }

    async fn evict(&self, target: &Target) -> Result<(), Stopped> {
        let key = key_of(&kinds::pod(), target);
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}/eviction",
            target.namespace,
            request::encode(&target.name)
        );
        let body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": target.name, "namespace": target.namespace},
            "deleteOptions": {"preconditions": {"uid": target.uid}},
        });
        let asked = request::json(Method::POST, &path, "application/json", &body);
        match self.limited(self.client.request::<Value>(asked)).await {
            Ok(_) => Ok(()),
            // A disruption budget says not now; and a pod that is gone needs no eviction.
            Err(error) if matches!(request::code(&error), Some(404 | 409 | 429)) => Ok(()),
            Err(error) => Err(refused("eviction", &key, Refusal::of(&error))),
        }
    }

    /// Sends what `edit` makes of an object, if it still is the object that was decided on.
    async fn change(
        &self,
        gvk: &Gvk,
        target: &Target,
        replicas: Option<i32>,
        edit: impl FnOnce(&mut Value),
    ) -> Result<(), Stopped> {
        let key = key_of(gvk, target);
        let Seen::Here(live) = self.cache.see(gvk, &key) else { return Err(Stopped::Stale(key)) };
        let Some(whole) = live.whole else { return Err(Stopped::Stale(key)) };
        let before = whole.object().to_value();
        let mut after = before.clone();
        edit(&mut after);
        let mut patch = preconditions(target, replicas);
        let change = json_patch::diff(&before, &after);
        if change.0.is_empty() {
            return Ok(());
        }
        patch.extend(change.0.iter().filter_map(|operation| serde_json::to_value(operation).ok()));
        self.send_patch(gvk, &key, &Value::Array(patch)).await
    }

    async fn send_patch(&self, gvk: &Gvk, key: &ObjectKey, patch: &Value) -> Result<(), Stopped> {
        let sent =
            self.send_change(gvk, key, Method::PATCH, "application/json-patch+json", false, patch).await;
        match sent {
            Ok(object) => {
                self.cache.delivered(gvk, object);
                Ok(())
            }
            Err(refusal) if is_stale(&refusal) => Err(Stopped::Stale(key.clone())),
            Err(refusal) => Err(refused("patch", key, refusal)),
        }
    }

    async fn send_change(
        &self,
        gvk: &Gvk,
        key: &ObjectKey,
        method: Method,
        content_type: &str,
        status: bool,
        body: &Value,
    ) -> Result<Object, Refusal> {
        let kinds = self.kinds.get();
        let asked = apply::send_to(&self.client, &kinds, gvk, key, (method, content_type, status), body);
        self.limited(asked).await
    }

    async fn limited<T>(&self, asked: impl Future<Output = T>) -> T {
        let _slot = self.slots.acquire().await;
        asked.await
    }
}

/// The tests that come before a change: the very object, its version where it counts, its number of pods.
fn preconditions(target: &Target, replicas: Option<i32>) -> Vec<Value> {
    let test = |path: &str, value: Value| json!({"op": "test", "path": path, "value": value});
    let mut tests = vec![test("/metadata/uid", json!(target.uid))];
    if !target.resource_version.is_empty() {
        tests.push(test("/metadata/resourceVersion", json!(target.resource_version)));
    }
    tests.extend(replicas.map(|count| test("/spec/replicas", json!(count))));
    tests
}

/// A failed test of a patch is answered with 422, a version that has moved with 409.
fn is_stale(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Conflict(_) | Refusal::NotFound(_) => true,
        Refusal::Refused(words) => {
            words.contains("testing path") || words.contains("the server rejected our request")
        }
        Refusal::NotServed(_) | Refusal::Passing(_) | Refusal::Unfit(_) => false,
    }
}

fn refused(verb: &'static str, key: &ObjectKey, refusal: Refusal) -> Stopped {
    match refusal {
        Refusal::Conflict(_) => Stopped::Stale(key.clone()),
        refusal => Stopped::Refused { verb, key: Box::new(key.clone()), refusal },
    }
}

fn key_of(gvk: &Gvk, target: &Target) -> ObjectKey {
    ObjectKey::new(gvk.group.as_str(), gvk.kind.as_str(), target.namespace.as_str(), target.name.as_str())
}

/// Sets a field, making the maps above it.
fn set(object: &mut Value, path: &[&str], value: Value) {
    if let Some((last, above)) = path.split_last()
        && let Some(map) = map_at(object, above)
    {
        map.insert((*last).to_owned(), value);
    }
}

/// Sets texts of a map; none takes one away.
fn mark<'a>(
    object: &mut Value,
    path: &[&str],
    texts: impl ExactSizeIterator<Item = (&'a String, &'a Option<String>)>,
) {
    if texts.len() == 0 {
        return;
    }
    let Some(map) = map_at(object, path) else { return };
    for (key, text) in texts {
        match text {
            Some(text) => {
                map.insert(key.clone(), json!(text));
            }
            None => {
                map.shift_remove(key);
            }
        }
    }
}

fn map_at<'a>(object: &'a mut Value, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut at = object;
    for field in path {
        let map = at.as_object_mut()?;
        at = map.entry(*field).or_insert_with(|| json!({}));
        if at.is_null() {
            *at = json!({});
        }
    }
    at.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_below_maps_that_were_not_there() {
        let mut object =
            json!({"metadata": {"annotations": {"old": "1", "gone": "x"}}, "spec": {"selector": null}});
        let texts: std::collections::BTreeMap<String, Option<String>> =
            [("new".to_owned(), Some("2".to_owned())), ("gone".to_owned(), None)].into();
        mark(&mut object, &["metadata", "annotations"], texts.iter());
        mark(&mut object, &["spec", "selector"], [(&"hash".to_owned(), &Some("a".to_owned()))].into_iter());
        set(&mut object, &["spec", "replicas"], json!(3));
        assert_eq!(
            object,
            json!({
                "metadata": {"annotations": {"old": "1", "new": "2"}},
                "spec": {"selector": {"hash": "a"}, "replicas": 3},
            })
        );
    }

    #[test]
    fn a_change_names_what_it_was_decided_on() {
        let target = Target { uid: "u".into(), resource_version: "7".into(), ..Target::default() };
        assert_eq!(preconditions(&target, Some(2)).len(), 3);
        let target = Target { uid: "u".into(), ..Target::default() };
        assert_eq!(
            preconditions(&target, None),
            [json!({"op": "test", "path": "/metadata/uid", "value": "u"})]
        );
    }
}
