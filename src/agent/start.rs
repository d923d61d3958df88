//! Puts the agent together: connects, discovers, watches, serves, and runs the loop until it is told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use model::settings::Settings;
use model::{Gvk, Kinds};
use sync::desired::Tracking;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use super::charts::Charts;
use super::event::{Event, OwnKind};
use super::judge::Judge;
use super::render::{Renderer, World};
use super::rollouts::standing::LEASE;
use super::sync::Shell;
use super::tell::{Audience, Teller};
use super::{Agent, Parts, clock, rollouts, seek};
use crate::cluster::cache::{Cache, Change};
use crate::cluster::carry_out::Hand;
use crate::cluster::fence::Fence;
use crate::cluster::seal::Seal;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::tally::RequestCounts;
use crate::cluster::watch::{Scope, watch};
use crate::cluster::{connect, decision, discovery, lease, request, upstream};
use crate::config::{AgentConfig, Controller, SourceConfig};
use crate::net::{EgressPolicy, HttpClient, HttpOptions, chain};
use crate::server::{self, Front, Hosts};
use crate::source::git::{Conversation, GitOptions, Observer, Repositories};
use crate::telemetry::cluster::{ClusterState, Requests};
use crate::telemetry::delivery::Deliveries;
use crate::telemetry::rollouts::RolloutState;

/// Why the agent could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no cluster.
    #[error(transparent)]
    Connect(#[from] connect::ConnectError),
    /// The cluster does not answer.
    #[error(
        "the API server does not answer: {words}; check the address in the kubeconfig and the agent's rights"
    )]
    Discover {
        /// Its words.
        words: String,
    },
    /// The page's address cannot be used.
    #[error("cannot listen on {address}; choose another --listen")]
    Listen {
        /// As configured.
        address: std::net::SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
}

/// Requests to the API server at once.
const REQUESTS: usize = 32;
/// How often what the cluster serves is looked at without a cause.
const DISCOVER_EVERY: Duration = Duration::from_secs(180);
/// How often what nobody uses any more is thrown away.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Runs the agent until `stop` ends.
///
/// # Errors
/// Where it cannot start. Later faults are waited for, never the end.
pub async fn run(config: AgentConfig, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    let fence = Fence::new(clock::moment);
    let (client, counts) = connect::connect(&config.cluster, &fence).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let front = Front::new(Hosts::for_listener(config.listen, &config.allow_hosts), stopped.clone());
    front.metrics.add(Requests(counts.clone()));
    let mut told = stopped.clone();
    let serving = tokio::spawn(server::serve(listener, front.clone(), async move {
        let _ = told.wait_for(|stopped| *stopped).await;
    }));
    tracing::info!(address = %config.listen, namespace = config.namespace, "windlass starts");
    let outcome = follow(&config, (client.clone(), counts), fence, front, stop).await;
    let _ = stopping.send(true);
    for name in [lease::NAME, LEASE] {
        lease::give_back(&client, &config.namespace, name, &config.identity).await;
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), serving).await;
    outcome
}

async fn follow(
    config: &AgentConfig,
    (client, counts): (Client, Arc<RequestCounts>),
    fence: Arc<Fence>,
    front: Front,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let words = |error: kube::Error| StartError::Discover { words: request::words(&error) };
    let kinds = discovery::discover(&client).await.map_err(words)?;
    let kube_version = discovery::server_version(&client).await.map_err(words)?;
    let (events, incoming) = mpsc::unbounded_channel();
    let half = |half| config.controllers.contains(&half);
    watch_upstream(&client, &config.namespace, &kinds, &events);
    stand(&client, config, fence.clone(), &events);
    let (changes, changed) = mpsc::unbounded_channel();
    let changes = half(Controller::Rollouts).then_some(changes);
    let reports = front.reports.clone();
    if !half(Controller::Sync) {
        front.ready.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    let counts_of_delivery = Arc::new(Deliveries::default());
    if half(Controller::Rollouts) {
        front.metrics.add(counts_of_delivery.clone());
    }
    let agent = assemble(config, (client, counts), front, kinds, kube_version, (events, changes)).await;
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let parts = rollouts::start::Parts {
        hand: agent.shell.hand.clone(),
        http: agent.shell.renderer.http.clone(),
        reports,
        counts: counts_of_delivery,
        fence,
        changes: changed,
    };
    let delivery = async {
        if half(Controller::Rollouts) {
            rollouts::start::run(config, parts, told(stopped.clone())).await;
        }
    };
    let sync = async {
        if half(Controller::Sync) {
            agent.follow(incoming, told(stopped.clone())).await;
        }
    };
    let end = async {
        stop.await;
        let _ = stopping.send(true);
    };
    tokio::join!(delivery, sync, end);
    Ok(())
}

/// Ends when it is told to.
async fn told(mut stopped: tokio::sync::watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn assemble(
    config: &AgentConfig,
    (client, counts): (Client, Arc<RequestCounts>),
    front: Front,
    kinds: Kinds,
    kube_version: String,
    (events, delivery): (mpsc::UnboundedSender<Event>, Option<mpsc::UnboundedSender<Change>>),
) -> Agent {
    let settings = Settings { rewrite_urls: config.sources.rewrite_urls.clone(), ..Settings::default() };
    let seal = Seal::new(random_key());
    let judge = Judge::new(&settings, seal.clone(), delivery.is_some());
    let (changes, mut changed) = mpsc::unbounded_channel();
    let cache = Cache::new(client.clone(), judge.clone(), changes);
    let forward = events.clone();
    tokio::spawn(async move {
        while let Some(change) = changed.recv().await {
            if let Some(delivery) = &delivery {
                let _ = delivery.send(change.clone());
            }
            let _ = forward.send(Event::LiveChanged(change));
        }
    });
    cache.ensure([Gvk::new("v1", "Namespace"), decision::kinds::rollout()], &kinds).await;
    let world = World {
        number: 0,
        api_versions: kinds.api_versions().into(),
        kinds: Arc::new(kinds.clone()),
        kube_version,
        tracking: Tracking::from_settings(&settings),
        settings: Arc::new(settings),
    };
    if config.controllers.contains(&Controller::Rollouts) {
        front.metrics.add(RolloutState(cache.clone()));
    }
    front.metrics.add(ClusterState { cache: cache.clone(), kube_version: world.kube_version.clone() });
    let shell = Arc::new(Shell {
        teller: Teller::new(
            client.clone(),
            cache.clone(),
            Audience { reports: front.reports.clone(), metrics: front.metrics.clone(), requests: counts },
            config.namespace.clone(),
        ),
        hand: Arc::new(Hand {
            client: client.clone(),
            kinds: Arc::new(Snapshot::new(kinds)),
            cache,
            slots: Semaphore::new(REQUESTS),
        }),
        renderer: renderer(&config.sources, tokio::runtime::Handle::current(), observer(&front)),
        control_namespace: config.namespace.clone(),
        seal,
    });
    watch_own(&client, &config.namespace, &shell.hand.kinds.get(), &events);
    watch_definitions(&client, &shell, &events);
    sweep(shell.renderer.repositories.clone());
    let seek = seek::start(events.clone(), u64::from(std::process::id()));
    Agent::new(Parts {
        shell,
        events,
        world,
        judge,
        seek,
        ready: front.ready,
        rewrite_urls: config.sources.rewrite_urls.clone(),
        webhook_secrets: front.webhook_secrets,
        pushes: front.pushes,
    })
}

/// What renders are made with, by the operator's choice of sources.
pub fn renderer(sources: &SourceConfig, runtime: tokio::runtime::Handle, observer: Observer) -> Renderer {
    let egress = EgressPolicy { allow_loopback: sources.allow_loopback, ..EgressPolicy::default() };
    let http = HttpClient::new(HttpOptions { egress, ..HttpOptions::default() }, runtime);
    let mut git = GitOptions::new(sources.cache_dir.join("git"));
    git.local = sources.local_repositories.clone();
    git.observer = observer;
    let repositories = Arc::new(Repositories::new(git, http.clone()));
    Renderer { charts: Arc::new(Charts::new(http.clone(), &sources.cache_dir)), repositories, http }
}

/// Keeps the mirrors on disk within their budget (fault F12).
fn sweep(repositories: Arc<Repositories>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            let repositories = repositories.clone();
            let _ = tokio::task::spawn_blocking(move || repositories.sweep()).await;
        }
    });
}

/// Counts conversations with remotes, and notes on the page how old their answers are.
fn observer(front: &Front) -> Observer {
    let (reports, metrics) = (front.reports.clone(), front.metrics.clone());
    Observer::new(move |talk| {
        metrics.talked(talk);
        if talk.conversation == Conversation::List {
            reports.looked(talk.repository, clock::now(), talk.error.map(|error| chain(error)));
        }
    })
}

/// Watches the objects that configure windlass.
fn watch_own(client: &Client, namespace: &str, kinds: &Kinds, events: &mpsc::UnboundedSender<Event>) {
    for kind in OwnKind::ALL {
        let gvk = kind.gvk();
        let Some(served) =
            kinds.versions(&gvk.group_kind()).iter().find(|served| served.version == gvk.version)
        else {
            tracing::error!(%gvk, "the cluster does not serve this kind: apply manifests/crds");
            continue;
        };
        let scope = Scope { namespace: namespace.to_owned(), labels: String::new() };
        let stream = watch(client, &gvk, served, &scope);
        let events = events.clone();
        tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(watched) = stream.next().await {
                if events.send(Event::Own(kind, watched)).is_err() {
                    return;
                }
            }
        });
    }
}

/// Discovers anew when definitions come, change or go.
fn watch_definitions(client: &Client, shell: &Arc<Shell>, events: &mpsc::UnboundedSender<Event>) {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    use kube::core::PartialObjectMeta;
    use kube::runtime::{WatchStreamExt, watcher};
    let stream = watcher(
        kube::Api::<PartialObjectMeta<CustomResourceDefinition>>::all(client.clone()),
        watcher::Config::default(),
    );
    let (client, shell, events) = (client.clone(), shell.clone(), events.clone());
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(stream.default_backoff().touched_objects());
        loop {
            // Servers of their own come and go without a definition: they are asked for now and then.
            if let Ok(None) = tokio::time::timeout(DISCOVER_EVERY, stream.next()).await {
                return;
            }
            // A burst of definitions becomes one look, and what is served follows a definition late.
            for wait in [100, 1000, 4000].map(Duration::from_millis) {
                while let Ok(Some(_)) = tokio::time::timeout(wait, stream.next()).await {}
                discover(&client, &shell, &events).await;
            }
        }
    });
}

/// One look at what is served; an event where it has changed.
async fn discover(client: &Client, shell: &Shell, events: &mpsc::UnboundedSender<Event>) {
    match discovery::discover(client).await {
        Ok(kinds) if kinds != *shell.hand.kinds.get() => {
            shell.hand.kinds.set(kinds);
            let _ = events.send(Event::DefinitionsChanged);
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(error = request::words(&error), "what the cluster serves could not be read")
        }
    }
}

/// Holds the lease, and opens the fence while it does: for as long as the program lives, whichever half listens.
fn stand(client: &Client, config: &AgentConfig, fence: Arc<Fence>, events: &mpsc::UnboundedSender<Event>) {
    let (client, namespace, identity, events) =
        (client.clone(), config.namespace.clone(), config.identity.clone(), events.clone());
    // Two processes, each with one half, must not wait for each other.
    let name = if config.controllers.contains(&Controller::Sync) { lease::NAME } else { LEASE };
    tokio::spawn(async move {
        loop {
            if let Some(standing) = look_at_lease(&client, (&namespace, name), &identity, &fence).await {
                let _ = events.send(Event::Standing(standing));
            }
            tokio::time::sleep(lease::RENEW_EVERY).await;
        }
    });
}

/// One look at the lease; none where nothing has changed as far as anybody can tell.
async fn look_at_lease(
    client: &Client,
    (namespace, name): (&str, &str),
    identity: &str,
    fence: &Fence,
) -> Option<lease::Standing> {
    let asked = clock::moment();
    let look = lease::stand(client, namespace, name, identity, asked.1);
    let why = match tokio::time::timeout(lease::PATIENCE, look).await {
        Ok(Ok(lease::Standing::Leads)) => {
            fence.open(asked);
            return Some(lease::Standing::Leads);
        }
        Ok(Ok(follows)) => {
            fence.shut();
            return Some(follows);
        }
        Ok(Err(error)) => request::words(&error),
        Err(_) => format!("no answer within {} s", lease::PATIENCE.as_secs()),
    };
    tracing::warn!(error = why, "lease could not be renewed");
    (!fence.is_open()).then(|| lease::Standing::Follows { holder: "nobody knows who".to_owned() })
}

/// Watches for Argo CD's own controller.
fn watch_upstream(client: &Client, namespace: &str, kinds: &Kinds, events: &mpsc::UnboundedSender<Event>) {
    let gvk = Gvk::new("v1", "Pod");
    let model::kinds::Lookup::Served(served) = kinds.find(&gvk) else { return };
    let scope = Scope { namespace: namespace.to_owned(), labels: upstream::PODS.to_owned() };
    let stream = watch(client, &gvk, served, &scope);
    let events = events.clone();
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(stream);
        let mut pods = upstream::Pods::default();
        while let Some(watched) = stream.next().await {
            if let Some(upstream) = pods.take(watched)
                && events.send(Event::Upstream(upstream)).is_err()
            {
                return;
            }
        }
    });
}

/// A key of the system's randomness.
fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    clock::fill_random(&mut key);
    key
}
