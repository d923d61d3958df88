//! `GET /metrics`, and the metrics that are read off the reports.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use model::application::IN_CLUSTER_SERVER;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use report::AppReport;

use super::{Front, Reports};
use crate::source::url::label_of;
use crate::telemetry::metrics::Format;

/// All metrics as text, in the form that the reader takes.
pub async fn metrics(State(front): State<Front>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    ([(header::CONTENT_TYPE, format.content_type())], front.metrics.write(format)).into_response()
}

/// `argocd_app_info`: read when it is asked for, so that a change of a report costs nothing here.
#[derive(Debug)]
pub struct Applications(pub Arc<Reports>);

impl Collector for Applications {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Information about application.";
        let mut info = encoder.encode_descriptor("argocd_app_info", help, None, MetricType::Gauge)?;
        for app in self.0.all() {
            let repo = app.sources.first().map(|source| label_of(&source.repository)).unwrap_or_default();
            let labels = [
                ("namespace", app.key.namespace.as_str()),
                ("name", app.key.name.as_str()),
                ("project", app.project.as_str()),
                ("autosync_enabled", if app.automated { "true" } else { "false" }),
                ("repo", repo.as_str()),
                ("dest_server", server(&app)),
                ("dest_namespace", app.destination_namespace.as_str()),
                ("sync_status", app.sync.as_str()),
                ("health_status", app.health.as_str()),
                ("operation", operation(&app)),
            ];
            info.encode_family(&labels)?.encode_gauge(&1_i64)?;
        }
        Ok(())
    }
}

fn server(app: &AppReport) -> &str {
    match app.destination.trim_end_matches('/') {
        "in-cluster" => IN_CLUSTER_SERVER,
        server => server,
    }
}

/// What is under way, in upstream's words.
fn operation(app: &AppReport) -> &'static str {
    let runs = app.last_sync.as_ref().is_some_and(|last| !last.phase.is_completed());
    match (app.deleting, runs) {
        (true, _) => "delete",
        (false, true) => "sync",
        (false, false) => "",
    }
}
