//! The RabbitMQ cluster operator.

use model::Object;

use crate::health::read::{condition, conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[("rabbitmq.com", "RabbitmqCluster", rabbitmq_cluster)];

fn rabbitmq_cluster(object: &Object) -> Option<Verdict<'_>> {
    if let Some(failed) = conditions(object).find(|condition| condition.is("ReconcileSuccess", "False")) {
        return degraded(failed.message());
    }
    let status = |kind: &str| condition(object, kind).map_or("", |found| found.status());
    let unknown = ["ClusterAvailable", "AllReplicasReady"]
        .iter()
        .filter_map(|kind| condition(object, kind))
        .find(|found| found.status() == "Unknown");
    match (status("ClusterAvailable"), status("AllReplicasReady")) {
        _ if unknown.is_some() => progressing(unknown.map_or("", |found| found.message())),
        ("False", _) => progressing("Waiting for RabbitMQ cluster formation"),
        (_, "False") => progressing("Waiting for RabbitMQ instances ready"),
        ("True", "True") => healthy("RabbitMQ cluster ready"),
        _ => progressing("Waiting for RabbitMQ Operator"),
    }
}
