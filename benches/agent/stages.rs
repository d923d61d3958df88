//! What is measured, one after the other on the same fleet.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use kube::Client;
use kube::api::DynamicObject;
use kube::runtime::watcher::Config;
use serde_json::{Value, json};

use crate::cluster::{self, applications, merge};
use crate::fleet::{Fleet, NAMESPACE, TARGET, file, manifests, name};
use crate::floor;
use crate::process::usage;
use crate::remote::Remote;
use crate::requests::Requests;
use crate::support::agent::Agent;
use crate::support::controlplane::ControlPlane;
use crate::table::{Row, Table, Times, mebibytes, shown, times};
use crate::watching::{Sight, objects, watch};

/// The fleet, its agent and an administrator's client.
pub struct Stage {
    plane: &'static ControlPlane,
    fleet: Fleet,
    admin: Client,
    agent: Option<Agent>,
}

/// Repetitions of what touches one Application.
const REPETITIONS: usize = 15;
/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(60);

impl Stage {
    /// Nothing has happened yet.
    pub async fn new(plane: &'static ControlPlane, fleet: Fleet) -> Self {
        let admin = cluster::client(&plane.kubeconfig).await;
        Self { plane, fleet, admin, agent: None }
    }

    /// The agent that is running.
    pub fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("it is running")
    }

    /// From the start of the agent until all Applications are Synced and Healthy in their status.
    pub async fn first_sync(&mut self, table: &mut Table) {
        self.fleet.make_applications(&self.admin, NAMESPACE, TARGET).await;
        let well = self.watch_until_all_well().await;
        let (asked_before, start) = (Requests::read(self.plane), Instant::now());
        let agent = tokio::task::block_in_place(|| self.fleet.start());
        let time = well.at().await - start;
        self.settle().await;
        let used = usage(agent.id());
        let asked = Requests::read(self.plane).since(&asked_before);
        drop(agent);
        let floor = floor::measure(self.plane, &self.admin, &self.fleet).await;
        table.add(Row {
            what: "first sync, until all are Synced and Healthy",
            measured: shown(time),
            notes: format!("{}, {}", times(time.as_secs_f64(), floor.time.as_secs_f64()), shown(floor.time)),
            peer: "68.5 s",
            aim: "2x",
        });
        table.add(Row {
            what: "its API requests",
            measured: asked.total().to_string(),
            notes: format!(
                "{}, {}: {asked}",
                times(asked.total() as f64, floor.requests as f64),
                floor.requests
            ),
            peer: "8500",
            aim: "2x",
        });
        table.add(Row {
            what: "its processor time",
            measured: format!("{:.2} s", used.cpu.as_secs_f64()),
            notes: format!("the floor's client: {:.2} s", floor.cpu.as_secs_f64()),
            peer: "77 s",
            aim: "4 s",
        });
        table.add(Row {
            what: "its peak memory",
            measured: mebibytes(used.peak),
            notes: format!("{} at the end", mebibytes(used.resident)),
            peer: "518 MiB",
            aim: "50 MiB",
        });
    }

    /// From a start on a fleet that is as it should be until all has been compared.
    pub async fn restart(&mut self, table: &mut Table) {
        let (asked_before, start) = (Requests::read(self.plane), Instant::now());
        let agent = tokio::task::block_in_place(|| self.fleet.start());
        let number = self.fleet.number;
        until(|| tiles(&agent) >= number).await;
        let time = start.elapsed();
        let used = usage(agent.id());
        self.settle().await;
        let asked = Requests::read(self.plane).since(&asked_before);
        table.add(Row {
            what: "restart until all is compared again",
            measured: shown(time),
            notes: format!("{:.2} s of processor time; writes: {asked}", used.cpu.as_secs_f64()),
            peer: "180 s",
            aim: "",
        });
        self.agent = Some(agent);
        self.fleet.make_remote_application(&self.admin).await;
        self.word_seen(Remote::NAME, "first").await.at().await;
        self.settle().await;
    }

    /// From a push to a local repository until the cluster shows the changed object.
    pub async fn push_seen_by_notify(&self, table: &mut Table) {
        let mut all = Times::default();
        for round in 0..REPETITIONS {
            let (index, word) = (self.pick(round), format!("push-{round}"));
            let seen = self.word_seen(&name(index), &word).await;
            let start = Instant::now();
            self.fleet.repository.commit("main", &[(&file(index), &manifests(&name(index), &word))]);
            let time = seen.at().await - start;
            self.settle().await;
            all.add(time, Some(floor::write(&self.admin, &word).await));
        }
        let (measured, notes) = all.shown();
        let what = "push to changed object, seen by notify";
        table.add(Row { what, measured, notes, peer: "", aim: "100 ms" });
    }

    /// From a push to a remote repository, told by a webhook, until the cluster shows the changed object.
    pub async fn push_told_by_webhook(&self, table: &mut Table) {
        let mut all = Times::default();
        for round in 0..REPETITIONS {
            let word = format!("push-{round}");
            let seen = self.word_seen(Remote::NAME, &word).await;
            let commit = self.fleet.remote.push(&word);
            let start = Instant::now();
            tokio::task::block_in_place(|| self.fleet.remote.tell(self.agent(), &commit));
            let time = seen.at().await - start;
            self.settle().await;
            all.add(time, Some(floor::write(&self.admin, &word).await));
        }
        let (measured, notes) = all.shown();
        let what = "push to changed object, told by webhook";
        table.add(Row { what, measured, notes, peer: "0.46 s; 5.4 s where it asks all", aim: "100 ms" });
    }

    /// From an edit by hand until the cluster shows the object as Git has it.
    pub async fn hand_edit(&self, table: &mut Table) {
        let mut all = Times::default();
        for round in 0..REPETITIONS {
            let name = name(self.fleet.number - 1 - self.pick(round));
            let path = format!("/api/v1/namespaces/{TARGET}/configmaps/{name}");
            let mut edited = false;
            let undone = self.watch_one(&name, move |word| {
                edited |= word == "edited";
                edited && word != "edited"
            });
            let undone = undone.await;
            let start = Instant::now();
            merge(&self.admin, &path, &json!({"data": {"word": "edited"}})).await;
            let time = undone.at().await - start;
            self.settle().await;
            all.add(time, Some(floor::write(&self.admin, &format!("edit-{round}")).await));
        }
        let (measured, notes) = all.shown();
        table.add(Row { what: "hand edit undone", measured, notes, peer: "0.27 s", aim: "" });
    }

    /// A hard refresh asked of each Application by its annotation: two writes for each, theirs and ours.
    pub async fn refresh_by_request(&self, table: &mut Table) {
        let (mut asked, mut done, number) = (HashSet::new(), HashSet::new(), self.fleet.number);
        let done = watch(self.applications(), Config::default(), move |app| {
            let name = app.metadata.name.clone().unwrap_or_default();
            if app.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(REFRESH)) {
                asked.insert(name);
            } else if asked.contains(&name) {
                done.insert(name);
            }
            done.len() >= number
        });
        let (done, before, start) = (done.await, usage(self.agent().id()), Instant::now());
        let collection = applications(NAMESPACE);
        cluster::for_each(0..number, |index| {
            let path = format!("{collection}/{}", name(index));
            async move {
                let patch = json!({"metadata": {"annotations": {REFRESH: "hard"}}});
                merge(&self.admin, &path, &patch).await;
            }
        })
        .await;
        let asking = start.elapsed();
        let (time, after) = (done.at().await - start, usage(self.agent().id()));
        table.add(Row {
            what: "hard refresh of all, each asked by its annotation",
            measured: shown(time),
            notes: format!(
                "asking alone took {}; {} of processor time",
                shown(asking),
                shown(after.cpu - before.cpu)
            ),
            peer: "9 s",
            aim: "",
        });
        self.settle().await;
    }

    /// Everything looked at again: one changed project asks for it.
    pub async fn refresh_by_project(&self, table: &mut Table) {
        let project = |round| {
            let patch = json!({"spec": {"description": format!("round {round}")}}).to_string();
            self.plane.must(&[
                "patch",
                "appproject",
                "default",
                "-n",
                NAMESPACE,
                "--type=merge",
                "-p",
                &patch,
            ]);
        };
        let (measured, notes) = self.refresh(project).await.shown();
        table.add(Row {
            what: "refresh of all: a project has changed",
            measured,
            notes,
            peer: "9 s",
            aim: "20 ms",
        });
    }

    /// Everything rendered and looked at anew: one changed setting asks for it.
    pub async fn refresh_by_settings(&self, table: &mut Table) {
        let settings = |round| {
            self.plane.apply(&format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-cm, namespace: {NAMESPACE}}}\ndata: \
                 {{timeout.reconciliation: {}s}}\n",
                300 + round
            ));
        };
        let (measured, notes) = self.refresh(settings).await.shown();
        table.add(Row {
            what: "the same with all rendered anew: a setting has changed",
            measured,
            notes,
            peer: "9 s",
            aim: "",
        });
    }

    /// How long the agent takes for a look at everything, in its own words.
    async fn refresh(&self, change: impl Fn(usize)) -> Times {
        let mut all = Times::default();
        for round in 0..REPETITIONS {
            let before = rounds(self.agent()).len();
            change(round);
            until(|| rounds(self.agent()).len() > before).await;
            all.add(rounds(self.agent()).last().copied().unwrap_or_default(), None);
            self.settle().await;
        }
        all
    }

    /// What nothing costs.
    pub async fn idle(&self, table: &mut Table) {
        self.settle().await;
        self.fleet.remote.reads();
        let (asked, before) = (Requests::read(self.plane), usage(self.agent().id()));
        tokio::time::sleep(IDLE).await;
        let after = usage(self.agent().id());
        let asked = Requests::read(self.plane).since(&asked);
        let share = (after.cpu - before.cpu).as_secs_f64() / IDLE.as_secs_f64();
        table.add(Row {
            what: "idle for a minute: share of a core",
            measured: format!("{:.2} %", share * 100.0),
            notes: format!(
                "{} wake-ups, {} kB read",
                after.wakes.saturating_sub(before.wakes),
                (after.read - before.read) / 1000
            ),
            peer: "2.5 %",
            aim: "0",
        });
        table.add(Row {
            what: "its API writes",
            measured: asked.without_lease().to_string(),
            notes: asked.to_string(),
            peer: "",
            aim: "0",
        });
        table.add(Row {
            what: "its Git reads beyond the poll",
            measured: self.fleet.remote.reads().to_string(),
            notes: "requests to the Git server".to_owned(),
            peer: "",
            aim: "0",
        });
        table.add(Row {
            what: "its memory",
            measured: mebibytes(after.resident),
            notes: String::new(),
            peer: "396 MiB",
            aim: "50 MiB",
        });
    }

    fn applications(&self) -> kube::Api<DynamicObject> {
        objects(&self.admin, NAMESPACE, "argoproj.io/v1alpha1", "Application", "applications")
    }

    async fn watch_until_all_well(&self) -> Sight {
        let (mut well, number) = (HashSet::new(), self.fleet.number);
        watch(self.applications(), Config::default(), move |app| {
            let name = app.metadata.name.clone().unwrap_or_default();
            if is_well(&app.data) {
                well.insert(name)
            } else {
                well.remove(&name)
            };
            well.len() >= number
        })
        .await
    }

    async fn word_seen(&self, name: &str, word: &str) -> Sight {
        let word = word.to_owned();
        self.watch_one(name, move |seen| seen == word).await
    }

    async fn watch_one(&self, name: &str, mut is_it: impl FnMut(&str) -> bool + Send + 'static) -> Sight {
        let config = Config::default().fields(&format!("metadata.name={name}"));
        let api = objects(&self.admin, TARGET, "v1", "ConfigMap", "configmaps");
        watch(api, config, move |object| is_it(object.data["data"]["word"].as_str().unwrap_or_default()))
            .await
    }

    /// Waits until the agent does nothing any more: what one measurement left behind must not be in the next.
    async fn settle(&self) {
        let mut before = Requests::read(self.plane);
        loop {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let after = Requests::read(self.plane);
            if after.since(&before).without_lease() == 0 {
                return;
            }
            before = after;
        }
    }

    /// Another Application for each round, spread over the fleet.
    fn pick(&self, round: usize) -> usize {
        (round * 37 + 11) % (self.fleet.number / 2).max(1)
    }
}

const REFRESH: &str = "argocd.argoproj.io/refresh";

fn is_well(app: &Value) -> bool {
    let status = &app["status"];
    status["sync"]["status"] == "Synced"
        && status["health"]["status"] == "Healthy"
        && status["operationState"]["phase"] == "Succeeded"
}

/// Tiles of the home screen: an Application has one once it has been compared.
fn tiles(agent: &Agent) -> usize {
    let page = tokio::task::block_in_place(|| agent.page("/"));
    page.map_or(0, |(_, body)| body.matches("href=\"/applications/").count())
}

/// How long each look at everything took, in the agent's own words.
fn rounds(agent: &Agent) -> Vec<Duration> {
    let log = agent.log();
    let lines = log.lines().filter(|line| line.contains("all applications have been compared"));
    // The last field of the line; colours may stand around the sign before it.
    let numbers = lines.filter_map(|line| line.rsplit(['=', 'm']).next()?.trim().parse::<f64>().ok());
    numbers.map(|milliseconds| Duration::from_secs_f64(milliseconds / 1000.0)).collect()
}

/// Waits until `look` says yes.
async fn until(mut look: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !look() {
        assert!(Instant::now() < end, "it does not come about");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
