//! Rollouts of five pods each, without a router.

use kube::Client;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use crate::cluster::{create, for_each};
use crate::support::agent::{Agent, Setup};
use crate::support::controlplane::ControlPlane;
use crate::watching::objects;

/// Namespace of everything here.
pub const NAMESPACE: &str = "bench-rollouts";
/// Pods of each.
pub const PODS: i32 = 5;

/// How many, and how their agent is started.
pub struct Group {
    /// Rollouts that go together.
    pub number: usize,
    setup: Setup,
}

impl Group {
    /// Makes the namespace; no Rollout yet.
    pub fn new(plane: &ControlPlane, number: usize) -> Self {
        let setup = Setup::new(plane, NAMESPACE).with(&["--controllers=rollouts", "--drive-rollouts"]);
        Self { number, setup }
    }

    /// Starts the agent and waits until it is ready.
    pub fn start(&self) -> Agent {
        self.setup.start()
    }

    /// Makes the Rollouts that go together.
    pub async fn create(&self, client: &Client) {
        let second = || json!({"pause": {"duration": "1s"}});
        let steps = json!([{"setWeight": 20}, second(), {"setWeight": 60}, second()]);
        for_each(0..self.number, |index| {
            let steps = &steps;
            async move { self.create_one(client, &name(index), steps).await }
        })
        .await;
    }

    /// Makes one more.
    pub async fn create_one(&self, client: &Client, name: &str, steps: &Value) {
        let rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": name},
            "spec": {
                "replicas": PODS, "selector": {"matchLabels": {"app": name}}, "template": template(name, "web:1"),
                "strategy": {"canary": {"steps": steps}},
            },
        });
        create(client, &collection("argoproj.io/v1alpha1", "rollouts"), &rollout).await;
    }
}

/// Name of one of those that go together.
pub fn name(index: usize) -> String {
    format!("web-{index:03}")
}

/// What its pods are.
pub fn template(app: &str, image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": image}]},
    })
}

/// Where the objects of a kind are.
pub fn collection(api_version: &str, plural: &str) -> String {
    format!("/apis/{api_version}/namespaces/{NAMESPACE}/{plural}")
}

/// Where one Rollout is.
pub fn rollout_path(name: &str) -> String {
    format!("{}/{name}", collection("argoproj.io/v1alpha1", "rollouts"))
}

/// All Rollouts of the namespace.
pub fn rollouts(client: &Client) -> kube::Api<DynamicObject> {
    objects(client, NAMESPACE, "argoproj.io/v1alpha1", "Rollout", "rollouts")
}

/// All ReplicaSets of the namespace.
pub fn replica_sets(client: &Client) -> kube::Api<DynamicObject> {
    objects(client, NAMESPACE, "apps/v1", "ReplicaSet", "replicasets")
}
