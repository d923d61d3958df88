//! The floor: the least that any agent must ask, by a client that knows everything beforehand.
//!
//! One dry run and one write for each new object, one write for each status.

use std::time::{Duration, Instant};

use http::Method;
use kube::Client;
use kube::runtime::watcher::Config;
use serde_json::{Value, json};

use crate::cluster::{self, applications, merge, read, send};
use crate::fleet::{Fleet, NAMESPACE, name, objects};
use crate::process::usage;
use crate::support::controlplane::ControlPlane;
use crate::watching;

/// What the floor came to.
pub struct Floor {
    /// From the first request to the last answer.
    pub time: Duration,
    /// Processor time of the client.
    pub cpu: Duration,
    /// Requests.
    pub requests: u64,
}

const APPLICATIONS_AT: &str = "bench-floor";
const OBJECTS_AT: &str = "bench-floor-fleet";

/// Does the least, with the agent's own rights, for a second fleet that no agent looks after; its statuses are those that the
/// agent wrote for the first one.
pub async fn measure(plane: &ControlPlane, admin: &Client, fleet: &Fleet) -> Floor {
    for namespace in [APPLICATIONS_AT, OBJECTS_AT] {
        plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"));
    }
    fleet.make_applications(admin, APPLICATIONS_AT, OBJECTS_AT).await;
    let statuses = statuses(admin, fleet.number).await;
    let client = cluster::client(fleet.kubeconfig()).await;
    let (before, start) = (usage(std::process::id()), Instant::now());
    cluster::for_each(statuses.into_iter().enumerate(), |(index, status)| {
        let client = &client;
        async move { one(client, &name(index), &status).await }
    })
    .await;
    let (time, after) = (start.elapsed(), usage(std::process::id()));
    Floor { time, cpu: after.cpu - before.cpu, requests: fleet.number as u64 * 9 }
}

/// One dry run and one write of a plain client, until a watch shows what was written.
pub async fn write(client: &Client, word: &str) -> Duration {
    let object = &objects("floor", OBJECTS_AT, word)[0];
    let wanted = word.to_owned();
    let api = watching::objects(client, OBJECTS_AT, "v1", "ConfigMap", "configmaps");
    let config = Config::default().fields("metadata.name=floor");
    let seen = watching::watch(api, config, move |seen| seen.data["data"]["word"] == wanted.as_str()).await;
    let start = Instant::now();
    for question in QUESTIONS {
        apply(client, object, question).await;
    }
    seen.at().await - start
}

async fn statuses(admin: &Client, number: usize) -> Vec<Value> {
    let list = read(admin, &applications(NAMESPACE)).await;
    let items = list["items"].as_array().expect("a list has items");
    let of = |name: String| items.iter().find(|item| item["metadata"]["name"] == name.as_str());
    (0..number).map(|index| of(name(index)).expect("the Application is there")["status"].clone()).collect()
}

async fn one(client: &Client, name: &str, status: &Value) {
    let objects = objects(name, OBJECTS_AT, "first");
    for question in QUESTIONS {
        futures::future::join_all(objects.iter().map(|object| apply(client, object, question))).await;
    }
    merge(client, &format!("{}/{name}", applications(APPLICATIONS_AT)), &json!({"status": status})).await;
}

/// A dry run, then the write.
const QUESTIONS: [&str; 2] = ["&dryRun=All", ""];

async fn apply(client: &Client, object: &Value, question: &str) {
    let path = format!("{}?fieldManager=floor&force=true&fieldValidation=Strict{question}", path(object));
    send(client, Method::PATCH, &path, "application/apply-patch+yaml", object).await;
}

fn path(object: &Value) -> String {
    let (root, plural) = match object["kind"].as_str() {
        Some("ConfigMap") => ("/api/v1", "configmaps"),
        Some("ServiceAccount") => ("/api/v1", "serviceaccounts"),
        Some("Service") => ("/api/v1", "services"),
        _ => ("/apis/apps/v1", "deployments"),
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{root}/namespaces/{OBJECTS_AT}/{plural}/{name}")
}
