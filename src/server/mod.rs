//! Reports out over HTTP: page, live changes, health endpoints, metrics; webhooks in.
//!
//! The server reads shared reports and puts what a webhook says into a bounded letter box; it cannot disturb the loop.
//! No route changes anything: a webhook can cause a look at a repository, and nothing else can even do that.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::cluster::snapshot::Snapshot;
use crate::source::webhook::WebhookSecrets;
use crate::telemetry::Metrics;

mod connections;
pub mod guard;
pub mod metrics;
pub mod page;
pub mod pushes;
pub mod reports;
mod stream;
mod webhook;

pub use guard::Hosts;
pub use pushes::Pushes;
pub use reports::{Half, Reports};

/// What the server shows and whom it tells.
#[derive(Clone)]
pub struct Front {
    /// Reports of the applications.
    pub reports: Arc<Reports>,
    /// True once the agent has listed its own objects.
    pub ready: Arc<AtomicBool>,
    /// What webhooks are checked with.
    pub webhook_secrets: Arc<Snapshot<WebhookSecrets>>,
    /// Where what webhooks name waits for the loop.
    pub pushes: Arc<Pushes>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Names by which the server may be called.
    pub hosts: Arc<Hosts>,
    /// True once the agent stops: what would go on without end then ends.
    pub stopping: watch::Receiver<bool>,
    seats: Arc<Seats>,
}

/// How many may be served at once where each costs memory or time.
struct Seats {
    streams: Arc<Semaphore>,
    webhooks: Semaphore,
    parsers: Semaphore,
}

impl Default for Seats {
    fn default() -> Self {
        Self {
            streams: Arc::new(Semaphore::new(stream::MOST)),
            webhooks: Semaphore::new(webhook::MOST_AT_ONCE),
            parsers: Semaphore::new(webhook::MOST_PARSED_AT_ONCE),
        }
    }
}

impl Front {
    /// Nothing to show yet.
    pub fn new(hosts: Hosts, stopping: watch::Receiver<bool>) -> Self {
        let reports = Arc::new(Reports::default());
        let metrics = Arc::new(Metrics::default());
        metrics.add(metrics::Applications(reports.clone()));
        Self {
            reports,
            ready: Arc::default(),
            webhook_secrets: Arc::default(),
            pushes: Arc::default(),
            metrics,
            hosts: Arc::new(hosts),
            stopping,
            seats: Arc::default(),
        }
    }
}

/// Serves until `stopped` ends.
///
/// # Errors
/// Where the socket fails.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    connections::serve(listener, router(front), stopped).await
}

/// The routes.
pub fn router(front: Front) -> Router {
    Router::new()
        .route("/", get(page::home))
        .route("/applications/{namespace}/{name}", get(page::application))
        .route("/stream", get(stream::stream))
        .route("/assets/windlass.css", get(page::style))
        .route("/assets/windlass.js", get(page::script))
        .route("/assets/windlass.svg", get(page::icon))
        .route("/api/webhook", post(webhook::receive))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .fallback(page::nothing_here)
        .method_not_allowed_fallback(page::not_allowed)
        .layer(from_fn_with_state(front.clone(), guard::guard))
        .with_state(front)
}

async fn ready(State(front): State<Front>) -> impl IntoResponse {
    if front.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the agent has not listed its own objects yet")
    }
}
