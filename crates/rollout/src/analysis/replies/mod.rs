//! Replies of metric providers: bytes in, an [`Outcome`](super::Outcome) out. Providers are not trusted: every reader
//! here takes anything and answers with an error at worst.

mod cloud_watch;
mod csv;
mod datadog;
mod graphite;
mod influxdb;
mod job;
mod jsonpath;
mod kayenta;
mod new_relic;
mod prometheus;
mod skywalking;
mod wavefront;
mod web;

pub use cloud_watch::cloud_watch;
pub use datadog::{datadog_v1, datadog_v2};
pub use graphite::graphite;
pub use influxdb::influxdb;
pub use job::{job, job_name, new_job, next_look, remembered};
pub use kayenta::{kayenta_config, kayenta_execution, kayenta_verdict};
pub use new_relic::new_relic;
pub use prometheus::prometheus;
pub use skywalking::skywalking;
pub use wavefront::wavefront;
pub use web::web;

use serde_json::Value as Json;

/// A reply as JSON, or why it is none.
fn json(body: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(body).map_err(|why| format!("the answer is not JSON: {why}"))
}

/// The beginning of a reply that is no success, as words.
fn words(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().filter(|letter| !letter.is_control()).take(200).collect()
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// A number as JSON or as a text.
fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
