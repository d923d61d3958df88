//! Metrics of the cluster: what the cache has seen, and what was asked of the API server.

use std::sync::Arc;

use model::application::{IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;

use crate::cluster::cache::Cache;
use crate::cluster::tally::RequestCounts;

const NO_EXEMPLAR: Option<&Exemplar<[(&str, &str); 0], f64>> = None;
const SERVER: (&str, &str) = ("server", IN_CLUSTER_SERVER);

/// `argocd_cluster_*`, read off the cache when they are asked for.
pub struct ClusterState {
    /// The cache.
    pub cache: Arc<Cache>,
    /// Version of the API server.
    pub kube_version: String,
}

impl std::fmt::Debug for ClusterState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterState").finish_non_exhaustive()
    }
}

impl Collector for ClusterState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let census = self.cache.census();
        let version = ("k8s_version", self.kube_version.as_str());
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let info = [SERVER, version, ("name", IN_CLUSTER_NAME)];
        gauge(&mut encoder, "argocd_cluster_info", "Information about cluster.", &info, 1)?;
        let connected = i64::from(census.failed < census.kinds || census.kinds == 0);
        let help = "The k8s cluster current connection status.";
        gauge(&mut encoder, "argocd_cluster_connection_status", help, &[SERVER, version], connected)?;
        let help = "Number of k8s resource objects in the cache.";
        gauge(&mut encoder, "argocd_cluster_api_resource_objects", help, &[SERVER], count(census.objects))?;
        let help = "Number of monitored kubernetes API resources.";
        gauge(&mut encoder, "argocd_cluster_api_resources", help, &[SERVER], count(census.kinds))?;
        let help = "Number of processes k8s resource events.";
        let mut events =
            encoder.encode_descriptor("argocd_cluster_events", help, None, MetricType::Counter)?;
        for (kind, number) in &census.events {
            let labels = [SERVER, ("group", kind.group.as_str()), ("kind", kind.kind.as_str())];
            events.encode_family(&labels)?.encode_counter(number, NO_EXEMPLAR)?;
        }
        Ok(())
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    labels: &impl EncodeLabelSet,
    value: i64,
) -> Result<(), std::fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    metric.encode_family(labels)?.encode_gauge(&value)
}

/// Requests to the API server: `argocd_app_k8s_request_total` in detail, and all of them by verb.
#[derive(Debug)]
pub struct Requests(pub Arc<RequestCounts>);

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Number of requests to the API server.";
        let mut all = encoder.encode_descriptor("windlass_api_requests", help, None, MetricType::Counter)?;
        for (verb, dry_run, number) in self.0.all() {
            let labels = [("verb", verb.as_str()), ("dry_run", word(dry_run))];
            all.encode_family(&labels)?.encode_counter(&number, NO_EXEMPLAR)?;
        }
        let help = "Number of kubernetes requests executed during application reconciliation.";
        let name = "argocd_app_k8s_request";
        let mut requests = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        let mut outcome = Ok(());
        self.0.each(|whom, asked, number| {
            let code = asked.code.to_string();
            let labels = [
                ("namespace", whom.namespace.as_str()),
                ("name", whom.name.as_str()),
                ("project", whom.project.as_str()),
                SERVER,
                ("response_code", code.as_str()),
                ("verb", asked.verb.as_str()),
                ("resource_kind", asked.kind.as_str()),
                ("resource_namespace", asked.namespace.as_str()),
                ("dry_run", word(asked.dry_run)),
            ];
            let written = requests
                .encode_family(&labels)
                .and_then(|mut metric| metric.encode_counter(&number, NO_EXEMPLAR));
            outcome = outcome.and(written);
        });
        outcome
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
