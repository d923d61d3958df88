//! What the API server was asked, by its own count.

use std::collections::BTreeMap;
use std::fmt;

use crate::support::controlplane::ControlPlane;

/// Requests that only an agent makes here, by kind.
#[derive(Clone, Debug, Default)]
pub struct Requests(BTreeMap<&'static str, u64>);

/// Kinds of objects that the fleet has.
const FLEET: [&str; 4] = ["configmaps", "serviceaccounts", "services", "deployments"];

impl Requests {
    /// The counts since the server has started.
    pub fn read(plane: &ControlPlane) -> Self {
        let text = plane.must(&["get", "--raw", "/metrics"]);
        let mut counts = BTreeMap::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{")) {
            let Some((labels, count)) = line.rsplit_once("} ") else { continue };
            if let Some(name) = kind(&read_labels(labels)) {
                *counts.entry(name).or_default() += count.parse::<f64>().map_or(0, |count| count as u64);
            }
        }
        Self(counts)
    }

    /// What came since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let left = |name: &'static str, count: u64| (name, count - before.0.get(name).unwrap_or(&0));
        Self(self.0.iter().map(|(name, count)| left(name, *count)).filter(|(_, count)| *count > 0).collect())
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// All but the renewals of the lease, which are the heartbeat of the agent.
    pub fn without_lease(&self) -> u64 {
        self.0.iter().filter(|(name, _)| **name != LEASE).map(|(_, count)| count).sum()
    }
}

const LEASE: &str = "lease";

/// What a line of the server's counts is about; none for what others ask too.
fn kind(labels: &BTreeMap<&str, &str>) -> Option<&'static str> {
    let label = |name: &str| labels.get(name).copied().unwrap_or_default();
    match (label("verb"), label("resource"), label("dry_run")) {
        ("APPLY", _, "") => Some("apply"),
        ("APPLY", _, _) => Some("dry run"),
        ("PATCH", "applications", _) => Some("status"),
        ("PATCH" | "DELETE", resource, _) if FLEET.contains(&resource) && label("subresource").is_empty() => {
            Some("other write")
        }
        ("GET", resource, _) if FLEET.contains(&resource) && resource != "serviceaccounts" => Some("read"),
        ("POST", "events", _) => Some("event"),
        ("POST" | "PUT", "leases", _) if label("group") == "coordination.k8s.io" => Some(LEASE),
        _ => None,
    }
}

fn read_labels(text: &str) -> BTreeMap<&str, &str> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name, value.trim_matches('"'))).collect()
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let words: Vec<String> = self.0.iter().map(|(name, count)| format!("{count} {name}")).collect();
        f.write_str(&words.join(", "))
    }
}
