//! The metrics, under upstream's names (reference section 10.1): counted where things happen, written when asked.
//!
//! To count costs what is counted; what can be read off elsewhere (reports, the cache, the process) is read by a
//! [`Collector`] when somebody asks. Labels are bounded: what is counted for an Application goes with it, and a list of
//! repositories that grows without end ends in `other`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Application;
use model::application::OperationState;
use prometheus_client::collector::Collector;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use report::application::AppKey;

use super::process::Process;
use super::tallies::{Tallies, server_of};
use super::text;
use crate::source::git::{Conversation, Talk};
use crate::source::url::label_of;

pub use text::Format;

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All that is counted.
pub struct Metrics {
    registry: Mutex<Registry>,
    repositories: Known,
    servers: Known,
    applications: Arc<Tallies>,
    reconciles: Histograms<2>,
    git: Git,
    webhooks: Counters<1>,
    /// Webhooks that are being read.
    pub webhooks_in_flight: Gauge,
    queue: Queue,
}

struct Git {
    requests: Counters<2>,
    seconds: Histograms<2>,
    failed_looks: Counters<2>,
    failed_fetches: Counters<2>,
}

struct Queue {
    depth: Gauge,
    adds: Counter,
    waited: Histogram,
    worked: Histogram,
    retries: Counter,
}

/// Repositories that have labels of their own.
const MOST_REPOSITORIES: usize = 2_000;
/// The one queue, under the name of upstream's.
const QUEUE: [(&str, &str); 1] = [("name", "app_reconciliation_queue")];

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            repositories: Known::default(),
            servers: Known::default(),
            applications: Arc::default(),
            reconciles: Family::new_with_constructor(|| {
                Histogram::new([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
            }),
            git: Git {
                requests: Family::default(),
                seconds: Family::new_with_constructor(|| {
                    Histogram::new([0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0])
                }),
                failed_looks: Family::default(),
                failed_fetches: Family::default(),
            },
            webhooks: Family::default(),
            webhooks_in_flight: Gauge::default(),
            queue: Queue {
                depth: Gauge::default(),
                adds: Counter::default(),
                waited: Histogram::new(exponential_buckets(1e-8, 10.0, 10)),
                worked: Histogram::new(exponential_buckets(1e-8, 10.0, 10)),
                retries: Counter::default(),
            },
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    /// Also asks `collector` from now on.
    pub fn add(&self, collector: impl Collector) {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register_collector(Box::new(collector));
    }

    /// All of it as text.
    pub fn write(&self, format: Format) -> String {
        text::write(&self.registry.lock().unwrap_or_else(PoisonError::into_inner), format)
    }

    /// An Application was looked at.
    pub fn reconciled(&self, app: &Application, took: Duration) {
        let labels = [
            ("namespace", app.namespace.clone()),
            ("dest_server", self.servers.bound(server_of(&app.spec.destination).to_owned())),
        ];
        self.reconciles.get_or_create(&labels).observe(took.as_secs_f64());
        self.queue.worked.observe(took.as_secs_f64());
    }

    /// A sync has ended.
    pub fn synced(&self, app: &Application, ended: &OperationState) {
        self.applications.synced(app, ended);
    }

    /// Forgets what was counted for an Application.
    pub fn forget(&self, key: &AppKey) {
        self.applications.forget(key);
    }

    /// A remote was talked to.
    pub fn talked(&self, talk: &Talk<'_>) {
        let repo = self.repositories.bound(label_of(talk.repository));
        let request_type = match talk.conversation {
            Conversation::List => "ls-remote",
            Conversation::Fetch => "fetch",
        };
        let labels = [("repo", repo.clone()), ("request_type", request_type.to_owned())];
        self.git.requests.get_or_create(&labels).inc();
        self.git.seconds.get_or_create(&labels).observe(talk.took.as_secs_f64());
        let failures = match talk.conversation {
            Conversation::List => &self.git.failed_looks,
            Conversation::Fetch => &self.git.failed_fetches,
        };
        if talk.error.is_some() {
            // One conversation serves every revision, so there is none to name.
            let labels = [("repo", repo), ("revision", String::new())];
            failures.get_or_create(&labels).inc();
        }
    }

    /// A webhook has named a repository; `None` for one that no Application uses.
    pub fn webhook(&self, repository: Option<&str>) {
        let labels =
            [("repo", repository.map(|url| self.repositories.bound(label_of(url))).unwrap_or_default())];
        self.webhooks.get_or_create(&labels).inc();
    }

    /// A run begins, so long after it was due.
    pub fn begun(&self, waited: Duration) {
        self.queue.adds.inc();
        self.queue.waited.observe(waited.as_secs_f64());
    }

    /// A run has failed and is tried again.
    pub fn retried(&self) {
        self.queue.retries.inc();
    }

    /// So many Applications are due and wait for a place.
    pub fn waiting(&self, number: usize) {
        self.queue.depth.set(i64::try_from(number).unwrap_or(i64::MAX));
    }

    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(self.applications.clone()));
        registry.register_collector(Box::new(Process));
        registry.register(
            "argocd_app_reconcile",
            "Application reconciliation performance",
            self.reconciles.clone(),
        );
        let Git { requests, seconds, failed_looks, failed_fetches } = &self.git;
        // The library writes `_total` behind the name of a counter.
        registry.register("argocd_git_request", "Number of git requests", requests.clone());
        registry.register("argocd_git_request_duration_seconds", "Duration of git requests", seconds.clone());
        registry.register(
            "argocd_git_lsremote_fail",
            "Number of git ls-remote requests that failed",
            failed_looks.clone(),
        );
        registry.register(
            "argocd_git_fetch_fail",
            "Number of git fetch requests that failed",
            failed_fetches.clone(),
        );
        registry.register(
            "argocd_webhook_requests",
            "Number of webhooks that named a repository",
            self.webhooks.clone(),
        );
        registry.register(
            "argocd_webhook_handlers_in_flight",
            "Webhooks that are being read",
            self.webhooks_in_flight.clone(),
        );
        let Queue { depth, adds, waited, worked, retries } = &self.queue;
        let labels = QUEUE.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let queue = registry.sub_registry_with_labels(labels);
        queue.register("workqueue_depth", "Applications that are due and wait for a place", depth.clone());
        queue.register("workqueue_adds", "Runs that were due", adds.clone());
        queue.register(
            "workqueue_queue_duration_seconds",
            "How long a run waited before it began",
            waited.clone(),
        );
        queue.register("workqueue_work_duration_seconds", "How long a run took", worked.clone());
        queue.register("workqueue_retries", "Runs that failed and were tried again", retries.clone());
    }
}

/// Where labels beyond the bound are counted.
const OTHER: &str = "other";

/// Values of one label that have been seen.
#[derive(Debug, Default)]
struct Known(Mutex<HashSet<String>>);

impl Known {
    /// The value, or [`OTHER`] where there are too many already.
    fn bound(&self, value: String) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&value) || (known.len() < MOST_REPOSITORIES && known.insert(value.clone())) {
            value
        } else {
            OTHER.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(repository: &str) -> Talk<'_> {
        Talk { repository, conversation: Conversation::List, took: Duration::from_millis(300), error: None }
    }

    #[test]
    fn the_names_are_upstreams() {
        let metrics = Metrics::default();
        metrics.talked(&talk("https://Git.example.com/Team/Shop.git"));
        metrics.webhook(None);
        metrics.begun(Duration::from_millis(5));
        let text = metrics.write(Format::Prometheus);
        for line in [
            "# TYPE argocd_git_request_total counter",
            "argocd_git_request_total{repo=\"https://git.example.com/team/shop\",request_type=\"ls-remote\"} 1",
            "argocd_git_request_duration_seconds_bucket{le=\"0.5\",repo=\"https://git.example.com/team/shop\",request_type=\"ls-remote\"} 1",
            "argocd_webhook_requests_total{repo=\"\"} 1",
            "# TYPE workqueue_depth gauge",
            "workqueue_adds_total{name=\"app_reconciliation_queue\"} 1",
            "# TYPE process_cpu_seconds_total counter",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn repositories_without_end_are_counted_together() {
        let metrics = Metrics::default();
        for number in 0..MOST_REPOSITORIES + 3 {
            metrics.talked(&talk(&format!("https://git.example.com/{number}")));
        }
        let text = metrics.write(Format::OpenMetrics);
        assert!(text.contains("argocd_git_request_total{repo=\"other\",request_type=\"ls-remote\"} 3\n"));
        assert!(text.ends_with("# EOF\n"));
    }
}
