//! Stands in for the sidecars of a mesh: counts requests as Istio does, for Prometheus to scrape.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::support::git_http::{HttpServer, Reply};
use crate::support::journal::Journal;
use crate::support::mesh::shares;

/// Requests that come each second.
const RATE: f64 = 100.0;
/// What each of them takes.
const MILLISECONDS: f64 = 40.0;

/// Every second request to an image with this tag is answered 503; nothing else fails.
pub const BAD: &str = ":badc0de";

/// Requests so far, by Service and answer.
struct Counters {
    since: Instant,
    requests: BTreeMap<(String, u16), f64>,
}

/// Serves what is counted: the requests of the time that has passed go where the VirtualService sends them now.
pub fn serve(journal: Arc<Journal>, namespace: &'static str, virtual_service: &'static str) -> HttpServer {
    let counters = Mutex::new(Counters { since: Instant::now(), requests: BTreeMap::new() });
    HttpServer::start(move |_| {
        let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.count(&journal, namespace, virtual_service);
        Reply::ok("text/plain; version=0.0.4", counters.metrics())
    })
}

impl Counters {
    fn count(&mut self, journal: &Journal, namespace: &str, virtual_service: &str) {
        let now = Instant::now();
        let seconds = now.duration_since(self.since).as_secs_f64();
        self.since = now;
        for share in shares(&journal.now(), virtual_service) {
            let requests = RATE * seconds * share.weight as f64 / 100.0;
            let bad = share.images.iter().filter(|image| image.ends_with(BAD)).count();
            let failed = requests / 2.0 * bad as f64 / share.images.len().max(1) as f64;
            let host = format!("{}.{namespace}.svc.cluster.local", share.service);
            *self.requests.entry((host.clone(), 200)).or_default() += requests - failed;
            *self.requests.entry((host, 503)).or_default() += failed;
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        for ((host, code), count) in &self.requests {
            let labels =
                format!("{{reporter=\"source\",destination_service=\"{host}\",response_code=\"{code}\"}}");
            let total = count * MILLISECONDS;
            text += &format!("istio_requests_total{labels} {count}\n");
            text += &format!("istio_request_duration_milliseconds_sum{labels} {total}\n");
            text += &format!("istio_request_duration_milliseconds_count{labels} {count}\n");
        }
        text
    }
}
