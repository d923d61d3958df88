//! What is counted for each Application; it goes with the Application, so that labels stay bounded.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::Application;
use model::application::{Destination, IN_CLUSTER_SERVER, OperationState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use report::application::AppKey;
use sync::project::in_cluster;

/// Counts by Application.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<BTreeMap<AppKey, Tally>>);

#[derive(Debug, Default)]
struct Tally {
    project: String,
    server: String,
    /// By phase and whether it was a dry run.
    syncs: BTreeMap<(&'static str, bool), u64>,
    seconds: f64,
}

impl Tallies {
    /// Counts a sync that has ended.
    pub fn synced(&self, app: &Application, ended: &OperationState) {
        let key = AppKey { namespace: app.namespace.clone(), name: app.name.clone() };
        let dry_run = ended.operation.sync.as_ref().is_some_and(|sync| sync.dry_run);
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(key).or_default();
        app.spec.project_name().clone_into(&mut tally.project);
        server_of(&app.spec.destination).clone_into(&mut tally.server);
        *tally.syncs.entry((ended.phase.as_str(), dry_run)).or_default() += 1;
        if let (Some(from), Some(to)) = (ended.started_at, ended.finished_at) {
            tally.seconds += to.since(from).as_secs_f64();
        }
    }

    /// Forgets an Application.
    pub fn forget(&self, key: &AppKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// The server that a destination means, as upstream writes it in labels.
pub fn server_of(destination: &Destination) -> &str {
    match in_cluster(destination) {
        Ok(_) => IN_CLUSTER_SERVER,
        Err(_) => &destination.server,
    }
}

impl Collector for Tallies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let none = None::<&Exemplar<[(&str, &str); 0], f64>>;
        let mut syncs = encoder.encode_descriptor(
            "argocd_app_sync",
            "Number of application syncs.",
            None,
            MetricType::Counter,
        )?;
        for (key, tally) in tallies.iter() {
            for ((phase, dry_run), number) in &tally.syncs {
                let labels = [
                    ("namespace", key.namespace.as_str()),
                    ("name", key.name.as_str()),
                    ("project", tally.project.as_str()),
                    ("dest_server", tally.server.as_str()),
                    ("phase", phase),
                    ("dry_run", if *dry_run { "true" } else { "false" }),
                ];
                syncs.encode_family(&labels)?.encode_counter(number, none)?;
            }
        }
        let help = "Application sync performance in seconds total.";
        let name = "argocd_app_sync_duration_seconds";
        let mut seconds = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (key, tally) in tallies.iter() {
            let labels = [
                ("namespace", key.namespace.as_str()),
                ("name", key.name.as_str()),
                ("project", tally.project.as_str()),
                ("dest_server", tally.server.as_str()),
            ];
            seconds.encode_family(&labels)?.encode_counter(&tally.seconds, none)?;
        }
        Ok(())
    }
}
