//! Puts the half of progressive delivery together and keeps it informed of who drives.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use model::kinds::Lookup;
use tokio::sync::mpsc;

use super::super::tell::record_all;
use super::progress::Shell;
use super::standing::{LEASE, PODS, Standing, other_holder, pods};
use super::tell::Teller;
use super::{Event, Rollouts};
use crate::cluster::cache::Change;
use crate::cluster::carry_out::Hand;
use crate::cluster::decision::kinds;
use crate::cluster::fence::Fence;
use crate::cluster::upstream::{self, Upstream};
use crate::cluster::watch::{Scope, watch};
use crate::cluster::{lease, request};
use crate::config::AgentConfig;
use crate::net::HttpClient;
use crate::provider::{JobRunner, ProviderOptions, Providers};
use crate::server::Reports;
use crate::telemetry::delivery::Deliveries;

use super::super::clock;

/// What this half shares with the rest of the agent.
pub struct Parts {
    /// The cluster.
    pub hand: Arc<Hand>,
    /// The one HTTP client.
    pub http: HttpClient,
    /// Where the page looks.
    pub reports: Arc<Reports>,
    /// Where it is counted what is done.
    pub counts: Arc<Deliveries>,
    /// Open while this process may write.
    pub fence: Arc<Fence>,
    /// Changes of live objects.
    pub changes: mpsc::UnboundedReceiver<Change>,
}

/// Runs the half until `stop` ends. A cluster without Rollouts has nothing to drive.
pub async fn run(config: &AgentConfig, parts: Parts, stop: impl Future<Output = ()>) {
    let Parts { hand, http, reports, counts, fence, mut changes } = parts;
    let kinds = hand.kinds.get();
    if !matches!(kinds.find(&kinds::rollout()), Lookup::Served(_)) {
        tracing::error!("the cluster does not serve Rollouts: apply manifests/crds and start again");
        return stop.await;
    }
    let (events, incoming) = mpsc::unbounded_channel();
    let (records, waiting) = mpsc::unbounded_channel();
    tokio::spawn(record_all(hand.client.clone(), waiting));
    let forward = events.clone();
    tokio::spawn(async move {
        while let Some(change) = changes.recv().await {
            let _ = forward.send(Event::Changed(change));
        }
    });
    let drives = Arc::new(AtomicBool::new(false));
    let shell = Arc::new(Shell {
        teller: Teller::new(reports, counts, records),
        providers: Providers::new(http, provider_options(config)),
        jobs: JobRunner::new(hand.client.clone()),
        drives: drives.clone(),
        options: rollout::Options { instance_id: config.instance_id.clone() },
        control_namespace: config.namespace.clone(),
        hand: hand.clone(),
    });
    watch_standing(&hand, config, fence, &events);
    let watched = [kinds::rollout(), kinds::analysis_run(), kinds::experiment(), kinds::service()];
    let templates = ["AnalysisTemplate", "ClusterAnalysisTemplate"];
    let templates = templates.map(|kind| model::Gvk::new("argoproj.io/v1alpha1", kind));
    hand.cache.ensure(watched.into_iter().chain(templates), &kinds).await;
    Rollouts::new(shell, events, drives).follow(incoming, stop).await;
}

fn provider_options(config: &AgentConfig) -> ProviderOptions {
    ProviderOptions { prometheus_address: config.prometheus_address.clone(), ..ProviderOptions::default() }
}

/// Pause between two looks until something is known.
const AT_FIRST: Duration = Duration::from_millis(200);

/// Keeps the loop informed of who drives.
fn watch_standing(
    hand: &Arc<Hand>,
    config: &AgentConfig,
    fence: Arc<Fence>,
    events: &mpsc::UnboundedSender<Event>,
) {
    let seen = Arc::new(Mutex::new(Upstream::Unknown("its pods have not been listed yet".to_owned())));
    watch_pods(hand, seen.clone());
    let look = Look {
        client: hand.client.clone(),
        namespace: config.namespace.clone(),
        identity: config.identity.clone(),
        drives_anyway: config.drive_rollouts,
        fence,
        seen,
    };
    let events = events.clone();
    tokio::spawn(async move {
        loop {
            let standing = look.look().await;
            let pause = if standing == Standing::Unknown { AT_FIRST } else { lease::RENEW_EVERY };
            if events.send(Event::Standing(standing)).is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    });
}

fn watch_pods(hand: &Hand, seen: Arc<Mutex<Upstream>>) {
    let kinds = hand.kinds.get();
    let Lookup::Served(served) = kinds.find(&pods()) else { return };
    let scope = Scope { namespace: String::new(), labels: PODS.to_owned() };
    let stream = watch(&hand.client, &pods(), served, &scope);
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(stream);
        let mut pods = upstream::Pods::default();
        while let Some(watched) = stream.next().await {
            if let Some(known) = pods.take(watched) {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = known;
            }
        }
    });
}

/// What one look at the standing needs.
struct Look {
    client: Client,
    namespace: String,
    identity: String,
    drives_anyway: bool,
    fence: Arc<Fence>,
    seen: Arc<Mutex<Upstream>>,
}

impl Look {
    async fn look(&self) -> Standing {
        if !self.fence.is_open() {
            return Standing::Unknown;
        }
        if self.drives_anyway {
            return Standing::Drives;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match seen {
            Upstream::Unknown(why) => {
                return Standing::By(format!("whether Argo Rollouts runs is not known ({why})"));
            }
            Upstream::Alive(pod) => {
                return Standing::By(format!("Argo Rollouts' own controller ({pod}) is alive"));
            }
            Upstream::Gone => {}
        }
        self.lease().await.unwrap_or_else(|error| {
            tracing::warn!(error = request::words(&error), lease = LEASE, "lease could not be looked at");
            Standing::By(format!("the lease {LEASE} could not be looked at"))
        })
    }

    async fn lease(&self) -> Result<Standing, kube::Error> {
        if let Some(other) = other_holder(&self.client, &self.namespace).await? {
            return Ok(Standing::By(other));
        }
        let standing =
            lease::stand(&self.client, &self.namespace, LEASE, &self.identity, clock::now()).await?;
        Ok(match standing {
            lease::Standing::Leads => Standing::Drives,
            lease::Standing::Follows { holder } => Standing::By(format!("{holder} holds the lease {LEASE}")),
        })
    }
}
