//! Karpenter.

use model::Object;

use crate::health::read::{conditions, has_conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table =
    &[("karpenter.sh", "NodePool", node_pool), ("karpenter.k8s.aws", "EC2NodeClass", ec2_node_class)];

fn node_pool(object: &Object) -> Option<Verdict<'_>> {
    match ready(object, &["NodeClassReady"]) {
        Some(Ok(message)) => healthy(message),
        Some(Err(message)) => degraded(message),
        None => progressing("Waiting for NodePool to be ready"),
    }
}

fn ec2_node_class(object: &Object) -> Option<Verdict<'_>> {
    match ready(object, &["SubnetsReady", "SecurityGroupsReady", "ValidationSucceeded"]) {
        Some(Ok(_)) => healthy("EC2NodeClass is ready"),
        Some(Err(message)) => degraded(message),
        None => progressing("Waiting for EC2NodeClass to be ready"),
    }
}

/// Ready one way or the other, else the first of `parts` that is not.
fn ready<'a>(object: &'a Object, parts: &[&str]) -> Option<Result<&'a str, &'a str>> {
    if !has_conditions(object) {
        return None;
    }
    let known = conditions(object).find(|found| found.is("Ready", "False") || found.is("Ready", "True"));
    match known {
        Some(found) if found.status() == "True" => Some(Ok(found.message())),
        Some(found) => Some(Err(found.message())),
        None => {
            let broken =
                conditions(object).find(|found| parts.contains(&found.kind()) && found.status() == "False");
            broken.map(|found| Err(found.message()))
        }
    }
}
