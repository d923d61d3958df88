//! The floor: the writes that no controller can leave out, by a client that knows all of them beforehand. A ReplicaSet
//! made, five changes of scale, a status for each step; between them the pods' readiness and the pauses are waited for.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::Client;
use kube::runtime::watcher::{Config, Event, watcher};
use serde_json::json;
use tokio::sync::watch;

use super::group::{Group, NAMESPACE, PODS, collection, name, replica_sets, template};
use crate::cluster::{self, create, merge};
use crate::process::usage;

/// What the floor came to.
pub struct Floor {
    /// From the first request to the last answer.
    pub time: Duration,
    /// Processor time of the client.
    pub cpu: Duration,
    /// Requests for each Rollout.
    pub requests: u64,
}

/// Available pods of each ReplicaSet.
type Available = watch::Receiver<HashMap<String, i64>>;

/// Pods of the new and of the old version after each step, the last after full promotion.
const STEPS: [(i32, i32); 3] = [(1, 4), (3, 2), (5, 0)];
/// A creation, two scales for each step less the one that the creation does, and six statuses: three for the steps, two
/// for the pauses, one for the end.
const REQUESTS: u64 = 1 + 5 + 6;

/// Does the same walk with plain ReplicaSets, which belong to nobody. Their status goes to a ConfigMap for each.
pub async fn measure(client: &Client, group: &Group) -> Floor {
    let available = follow(client);
    let all = 0..group.number;
    cluster::for_each(all.clone(), |index| {
        let name = name(index);
        let mut available = available.clone();
        async move {
            make(client, &name, "old", PODS).await;
            let status = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("floor-{name}")}});
            create(client, &maps(), &status).await;
            until(&mut available, &format!("floor-{name}-old"), PODS).await;
        }
    })
    .await;
    let (before, start) = (usage(std::process::id()), Instant::now());
    let walks = all.map(|index| walk(client, name(index), available.clone()));
    futures::future::join_all(walks).await;
    let (time, after) = (start.elapsed(), usage(std::process::id()));
    Floor { time, cpu: after.cpu - before.cpu, requests: REQUESTS }
}

async fn walk(client: &Client, name: String, mut available: Available) {
    let (new, old) = (format!("floor-{name}-new"), format!("floor-{name}-old"));
    for (index, (canary, stable)) in STEPS.into_iter().enumerate() {
        if index == 0 {
            make(client, &name, "new", canary).await;
        } else {
            scale(client, &new, canary).await;
        }
        scale(client, &old, stable).await;
        until(&mut available, &new, canary).await;
        tell(client, &name, &format!("step {index}")).await;
        tell(client, &name, &format!("pause {index}")).await;
        if index + 1 < STEPS.len() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn make(client: &Client, name: &str, version: &str, replicas: i32) {
    let app = format!("floor-{name}-{version}");
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": app},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}}, "template": template(&app, version)},
    });
    create(client, &collection("apps/v1", "replicasets"), &set).await;
}

async fn scale(client: &Client, name: &str, replicas: i32) {
    let path = format!("{}/{name}", collection("apps/v1", "replicasets"));
    merge(client, &path, &json!({"spec": {"replicas": replicas}})).await;
}

async fn tell(client: &Client, name: &str, word: &str) {
    merge(client, &format!("{}/floor-{name}", maps()), &json!({"data": {"status": word}})).await;
}

fn maps() -> String {
    format!("/api/v1/namespaces/{}/configmaps", NAMESPACE)
}

async fn until(available: &mut Available, name: &str, replicas: i32) {
    let is_there = |known: &HashMap<String, i64>| known.get(name) == Some(&i64::from(replicas));
    available.wait_for(is_there).await.expect("the ReplicaSets are watched");
}

fn follow(client: &Client) -> Available {
    let (known, follows) = watch::channel(HashMap::new());
    let sets = replica_sets(client);
    tokio::spawn(async move {
        let mut events = std::pin::pin!(watcher(sets, Config::default()));
        while let Some(event) = events.next().await {
            if let Event::Apply(set) | Event::InitApply(set) = event.expect("the watch holds") {
                let (name, ready) = (set.metadata.name.unwrap_or_default(), &set.data["status"]);
                let ready = ready["availableReplicas"].as_i64().unwrap_or(0);
                known.send_modify(|known| {
                    known.insert(name, ready);
                });
            }
        }
    });
    follows
}
