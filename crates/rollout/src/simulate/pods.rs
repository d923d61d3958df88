//! Pods that come up in their time, as a ReplicaSet's controller and a kubelet would have them.

use std::time::Duration;

use model::{Object, Time};
use serde_json::{Value, json};

use super::world::World;
use crate::observed::{Meta, Pod};

/// How pods of some images come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRule {
    /// Part of an image.
    pub image: String,
    /// How long until a pod is available; never where none.
    pub after: Option<Duration>,
}

/// The pods of one ReplicaSet.
#[derive(Clone, Debug, Default)]
pub(super) struct Pods(Vec<One>);

#[derive(Clone, Debug)]
struct One {
    number: u64,
    made: Time,
    ready: Option<Time>,
}

impl Pods {
    fn available(&self, now: Time) -> usize {
        self.0.iter().filter(|pod| pod.is_ready(now)).count()
    }

    /// Pods that are not ready go first.
    fn resize(&mut self, count: usize, now: Time, after: Option<Duration>, made: &mut u64) {
        self.0.sort_by_key(|pod| (!pod.is_ready(now), pod.number));
        self.0.truncate(count);
        while self.0.len() < count {
            *made += 1;
            self.0.push(One { number: *made, made: now, ready: after.map(|after| now.plus(after)) });
        }
    }

    /// The pods as they are seen.
    pub fn observe(&self, set: &Object, template: &Value, now: Time) -> Vec<Pod> {
        let metadata = |pod: &One| {
            let value = json!({"metadata": {
                "name": format!("{}-{}", set.name(), pod.number),
                "namespace": set.namespace(),
                "uid": format!("pod-{}", pod.number),
                "creationTimestamp": pod.made.to_string(),
                "labels": template.pointer("/metadata/labels"),
                "annotations": template.pointer("/metadata/annotations"),
                "ownerReferences": [{"uid": set.uid(), "controller": true}],
            }});
            Meta::read(&Object::from_value(value).expect("it is written as a map above"))
        };
        self.0.iter().map(|pod| Pod { meta: metadata(pod), ready: pod.is_ready(now) }).collect()
    }
}

impl One {
    fn is_ready(&self, now: Time) -> bool {
        self.ready.is_some_and(|ready| ready <= now)
    }
}

impl World {
    /// Makes and deletes pods as the ReplicaSets ask, and writes what came of it into their status.
    pub(super) fn run_pods(&mut self) {
        for set in &mut self.sets {
            let wanted = set.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(0);
            let after = after(&self.pod_rules, set);
            let pods = self.pods.entry(set.name().to_owned()).or_default();
            pods.resize(usize::try_from(wanted).unwrap_or(0), self.now, after, &mut self.made);
            let (count, available) = (pods.0.len(), pods.available(self.now));
            let status = json!({
                "replicas": count,
                "readyReplicas": available,
                "availableReplicas": available,
                "observedGeneration": set.generation(),
            });
            set.fields_mut().insert("status".into(), status);
        }
    }

    /// A ReplicaSet that comes from elsewhere brings its pods along, and they are available.
    pub(super) fn adopt_pods(&mut self, set: &Object) {
        let wanted = set.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(0);
        let pods = self.pods.entry(set.name().to_owned()).or_default();
        let count = usize::try_from(wanted).unwrap_or(0);
        pods.resize(count, self.now, Some(Duration::ZERO), &mut self.made);
    }

    /// When the next pod is ready.
    pub(super) fn next_pod(&self) -> Option<Time> {
        let pods = self.pods.values().flat_map(|pods| &pods.0);
        pods.filter_map(|pod| pod.ready).filter(|ready| *ready > self.now).min()
    }

    /// All pods of the ReplicaSet with this in its image stop being ready, and stay so.
    pub fn break_pods(&mut self, image: &str) {
        self.pod_rules.insert(0, PodRule { image: image.to_owned(), after: None });
        for set in self.sets.iter().filter(|set| has_image(set, image)) {
            let pods = self.pods.get_mut(set.name());
            pods.into_iter().flat_map(|pods| &mut pods.0).for_each(|pod| pod.ready = None);
        }
        self.run_pods();
    }

    /// A pod is gone; its ReplicaSet makes another.
    pub(super) fn remove_pod(&mut self, uid: &str) {
        for pods in self.pods.values_mut() {
            pods.0.retain(|pod| format!("pod-{}", pod.number) != uid);
        }
    }
}

fn after(rules: &[PodRule], set: &Object) -> Option<Duration> {
    let rule = rules.iter().find(|rule| has_image(set, &rule.image));
    rule.map_or(Some(Duration::ZERO), |rule| rule.after)
}

fn has_image(set: &Object, part: &str) -> bool {
    let containers = set.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let mut images = containers.into_iter().flatten().filter_map(|container| container["image"].as_str());
    images.any(|image| image.contains(part))
}
