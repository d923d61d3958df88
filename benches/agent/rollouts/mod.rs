//! Progressive delivery: many Rollouts at once, and one at a time.

mod floor;
mod group;
mod own_requests;
mod pauses;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use kube::Client;
use kube::api::DynamicObject;
use kube::runtime::watcher::Config;
use serde_json::{Value, json};

use crate::cluster::{self, for_each, merge};
use crate::process::usage;
use crate::support::agent::Agent;
use crate::support::controlplane::ControlPlane;
use crate::table::{Row, Table, Times, mebibytes, shown, times};
use crate::watching::{Sight, watch};
use group::{Group, name, replica_sets, rollout_path, rollouts};
use own_requests::OwnRequests;
use pauses::Pauses;

/// Repetitions of what concerns one Rollout.
const REPETITIONS: usize = 15;

/// Rollouts, their agent and an administrator's client.
pub struct Stage {
    admin: Client,
    agent: Agent,
    group: Group,
}

impl Stage {
    /// Makes so many Rollouts and waits until each is Healthy.
    pub async fn new(plane: &'static ControlPlane, number: usize) -> Self {
        let admin = cluster::client(&plane.kubeconfig).await;
        let group = Group::new(plane, number);
        group.create(&admin).await;
        let well = all_healthy(&admin, number, "web:1").await;
        let agent = tokio::task::block_in_place(|| group.start());
        well.at().await;
        Self { admin, agent, group }
    }

    /// All of them through their steps at once.
    pub async fn walk(&self, table: &mut Table) {
        let number = self.group.number;
        let well = all_healthy(&self.admin, number, "web:2").await;
        let asked = self.requests_at_rest().await;
        let (before, start) = (usage(self.agent.id()), Instant::now());
        for_each(0..number, |index| self.set_image(name(index), "web:2")).await;
        let time = well.at().await - start;
        let asked = self.requests_at_rest().await.since(&asked);
        let after = usage(self.agent.id());
        let floor = floor::measure(&self.admin, &self.group).await;
        table.add(Row {
            what: "all Rollouts through setWeight 20, 1 s, 60, 1 s",
            measured: shown(time),
            notes: format!("{}, {}", times(time.as_secs_f64(), floor.time.as_secs_f64()), shown(floor.time)),
            peer: "50.6 s",
            aim: "2x",
        });
        table.add(Row {
            what: "its API requests for each Rollout",
            measured: format!("{:.1}", asked.total() as f64 / number as f64),
            notes: format!(
                "{}: {asked}",
                times(asked.total() as f64, (floor.requests * number as u64) as f64)
            ),
            peer: "42",
            aim: "15",
        });
        table.add(Row {
            what: "its processor time",
            measured: shown(after.cpu - before.cpu),
            notes: format!("the floor's client: {}", shown(floor.cpu)),
            peer: "9.1 s",
            aim: "",
        });
        table.add(Row {
            what: "its peak memory",
            measured: mebibytes(after.peak),
            notes: format!("{} at the end", mebibytes(after.resident)),
            peer: "97 MiB",
            aim: "",
        });
    }

    /// From a promotion by hand until the cluster shows the agent's first write.
    pub async fn promote(&self, table: &mut Table) {
        let (mut all, name) = (Times::default(), "walker");
        self.group.create_one(&self.admin, name, &json!([{"setWeight": 20}, {"pause": {}}])).await;
        self.until_phase(name, "Healthy", "").await;
        for round in 0..REPETITIONS {
            self.set_image(name.to_owned(), &format!("web:{}", round + 2)).await;
            self.until_phase(name, "Paused", "CanaryPauseStep").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let status = watch(rollouts(&self.admin), one(name), |rollout| {
                rollout.data["status"]["currentStepIndex"] == 2
            });
            let of_it = Config::default().labels(&format!("app={name}"));
            let pods = watch(replica_sets(&self.admin), of_it, changes());
            let asked = watch(rollouts(&self.admin), one(name), |rollout| {
                rollout.data["status"]["pauseConditions"].is_null()
            });
            let (status, pods, asked, start) = (status.await, pods.await, asked.await, Instant::now());
            let patch = json!({"status": {"pauseConditions": null}});
            merge(&self.admin, &format!("{}/status", rollout_path(name)), &patch).await;
            let (status, pods) = (status.at().await - start, pods.at().await - start);
            all.add(status.min(pods), Some(asked.at().await - start));
            self.until_phase(name, "Healthy", "").await;
        }
        let (measured, notes) = all.shown();
        let what = "promotion to the agent's first write";
        table.add(Row { what, measured, notes, peer: "48 ms", aim: "15 ms" });
    }

    /// How exactly a pause of a second ends.
    pub async fn pause(&self, table: &mut Table) {
        let name = "pauser";
        let steps: Vec<Value> = (0..5).map(|_| json!({"pause": {"duration": "1s"}})).collect();
        self.group.create_one(&self.admin, name, &json!(steps)).await;
        self.until_phase(name, "Healthy", "").await;
        let mut pauses = Pauses::default();
        for round in 0..REPETITIONS / steps.len() {
            let watched = pauses.watch(&self.admin, name, steps.len()).await;
            self.set_image(name.to_owned(), &format!("web:{}", round + 2)).await;
            pauses.take(watched).await;
            self.until_phase(name, "Healthy", "").await;
        }
        let (measured, notes) = pauses.shown(Duration::from_secs(1));
        table.add(Row {
            what: "a pause of 1 s ends late by",
            measured,
            notes,
            peer: "up to 1 s early",
            aim: "10 ms, never early",
        });
    }

    async fn set_image(&self, name: String, image: &str) {
        let patch =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]);
        cluster::send(
            &self.admin,
            http::Method::PATCH,
            &rollout_path(&name),
            "application/json-patch+json",
            &patch,
        )
        .await;
    }

    async fn until_phase(&self, name: &str, phase: &'static str, message: &'static str) {
        let is_there = move |rollout: &DynamicObject| {
            let status = &rollout.data["status"];
            status["phase"] == phase
                && status["message"].as_str().unwrap_or_default() == message
                && status["observedGeneration"].as_str().and_then(|text| text.parse().ok())
                    == rollout.metadata.generation
        };
        watch(rollouts(&self.admin), one(name), is_there).await.at().await;
    }

    /// The agent's requests once it makes no more: Events come after the walk.
    async fn requests_at_rest(&self) -> OwnRequests {
        let mut before = self.own_requests();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let after = self.own_requests();
            if after.since(&before).total() <= 1 {
                return after;
            }
            before = after;
        }
    }

    fn own_requests(&self) -> OwnRequests {
        let page = tokio::task::block_in_place(|| self.agent.page("/metrics"));
        OwnRequests::read(&page.expect("the agent answers").1)
    }
}

fn one(name: &str) -> Config {
    Config::default().fields(&format!("metadata.name={name}"))
}

/// True from the moment a ReplicaSet has another number of pods by its spec than when it was first seen.
fn changes() -> impl FnMut(&DynamicObject) -> bool {
    let mut known = HashMap::new();
    move |set| {
        let name = set.metadata.name.clone().unwrap_or_default();
        let replicas = set.data["spec"]["replicas"].clone();
        known.entry(name).or_insert_with(|| replicas.clone()) != &replicas
    }
}

/// Sees when the whole group has an image everywhere.
async fn all_healthy(admin: &Client, number: usize, image: &'static str) -> Sight {
    let mut well = HashSet::new();
    watch(rollouts(admin), Config::default(), move |rollout| {
        let (name, status) = (rollout.metadata.name.clone().unwrap_or_default(), &rollout.data["status"]);
        let is_well = rollout.data["spec"]["template"]["spec"]["containers"][0]["image"] == image
            && status["phase"] == "Healthy"
            && status["stableRS"] == status["currentPodHash"]
            && status["availableReplicas"] == group::PODS
            && status["observedGeneration"].as_str().and_then(|text| text.parse().ok())
                == rollout.metadata.generation;
        if is_well {
            well.insert(name)
        } else {
            well.remove(&name)
        };
        well.len() >= number
    })
    .await
}
