//! Elastic Cloud on Kubernetes.

use model::Object;
use serde_json::Value;

use crate::health::read::{list, number, text};
use crate::health::{Table, Verdict, degraded, healthy, progressing, unknown};

pub(super) const TABLE: Table = &[("elasticsearch.k8s.elastic.co", "Elasticsearch", elasticsearch)];

fn elasticsearch(object: &Object) -> Option<Verdict<'_>> {
    let undecided = unknown(
        "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: \
         https://github.com/argoproj/argo-cd/issues",
    );
    let Some(available) = number(object, &["status", "availableNodes"]) else { return undecided };
    let counts =
        list(object, &["spec", "nodeSets"]).iter().filter_map(|set| set.get("count").and_then(Value::as_i64));
    let wanted = counts.fold(0_i64, i64::saturating_add);
    if available < wanted {
        return progressing(format!(
            "The desired amount of nodes is {wanted} but the amount of availableNodes is {available}"
        ));
    }
    let (phase, health) = (text(object, &["status", "phase"]), text(object, &["status", "health"]));
    match (phase, health) {
        _ if available > wanted || health.is_empty() => undecided,
        ("Ready", "green") => healthy("Elasticsearch Cluster status is Green"),
        ("Ready", "yellow") => progressing(
            "Elasticsearch Cluster status is Yellow. Check the status of indices, replicas and shards",
        ),
        ("Ready", "red") => {
            degraded("Elasticsearch Cluster status is Red. Check the status of indices, replicas and shards")
        }
        ("ApplyingChanges", _) => progressing("Elasticsearch phase is ApplyingChanges"),
        ("MigratingData", _) => progressing("Elasticsearch phase is MigratingData"),
        ("Invalid", _) => degraded("Elasticsearch phase is Invalid"),
        _ => undecided,
    }
}
