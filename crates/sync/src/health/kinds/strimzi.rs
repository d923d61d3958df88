//! Strimzi (Kafka).

use model::Object;

use crate::health::read::conditions;
use crate::health::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[
    ("kafka.strimzi.io", "Kafka", kafka),
    ("kafka.strimzi.io", "KafkaBridge", |object| part(object, "Waiting for KafkaBridge")),
    ("kafka.strimzi.io", "KafkaConnect", |object| part(object, "Waiting for Kafka Connect")),
    ("kafka.strimzi.io", "KafkaConnector", |object| part(object, "Waiting for KafkaConnector")),
    ("kafka.strimzi.io", "KafkaTopic", |object| part(object, "Waiting for Kafka Topic")),
    ("kafka.strimzi.io", "KafkaUser", |object| part(object, "Waiting for Kafka User")),
];

fn kafka(object: &Object) -> Option<Verdict<'_>> {
    ready(object, "Creating", "Waiting for Kafka Cluster")
}

fn part<'a>(object: &'a Object, waiting: &'static str) -> Option<Verdict<'a>> {
    ready(object, "", waiting)
}

/// NotReady is a failure, but for the reason `excuse`.
fn ready<'a>(object: &'a Object, excuse: &str, waiting: &'static str) -> Option<Verdict<'a>> {
    for condition in conditions(object).filter(|condition| condition.status() == "True") {
        match condition.kind() {
            "NotReady" if excuse.is_empty() || condition.reason() != excuse => {
                return degraded(condition.message());
            }
            "Ready" => return healthy(""),
            _ => {}
        }
    }
    progressing(waiting)
}
