//! Who drives Rollouts: never two controllers on one.
//!
//! Upstream's controller holds the lease `argo-rollouts-controller-lock` in its own namespace, or none where it runs
//! alone; windlass holds the same lease in its own. While another holder renews one, or upstream's pods are there,
//! this half stands by.

use std::fmt;

use kube::Client;
use model::Gvk;
use serde_json::Value;

use super::super::clock;
use crate::cluster::lease;
use crate::cluster::request;

/// The lease of whoever drives Rollouts.
pub const LEASE: &str = "argo-rollouts-controller-lock";
/// The label selector of the pods of upstream's controller; its dashboard drives nothing.
pub const PODS: &str = "app.kubernetes.io/name=argo-rollouts,app.kubernetes.io/component!=rollouts-dashboard";

/// Who drives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody knows yet.
    Unknown,
    /// This agent.
    Drives,
    /// Another one, in words.
    By(String),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "waits for the lease {LEASE}"),
            Self::Drives => f.write_str("drives Rollouts"),
            Self::By(other) => write!(f, "stands by: {other}; windlass takes over when that ends"),
        }
    }
}

/// One look at the leases of all namespaces: another holder, in words.
///
/// # Errors
/// Where the server does not answer.
pub async fn other_holder(client: &Client, namespace: &str) -> Result<Option<String>, kube::Error> {
    let path = format!("/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3D{LEASE}");
    let list: Value = client.request(request::get(&path)).await?;
    let leases = list["items"].as_array().into_iter().flatten();
    let elsewhere = leases.filter(|lease| lease["metadata"]["namespace"] != namespace);
    let now = clock::now();
    Ok(elsewhere.filter_map(|lease| holder(lease, now)).next())
}

fn holder(lease: &Value, now: model::Time) -> Option<String> {
    let holder = lease::held_by_another(lease, "", now)?;
    let namespace = lease["metadata"]["namespace"].as_str().unwrap_or_default();
    Some(format!("{holder} holds the lease {LEASE} in {namespace}"))
}

/// Kind of the pods of upstream's controller.
pub fn pods() -> Gvk {
    Gvk::new("v1", "Pod")
}
