//! One question to a metric provider becomes one measurement; one file for each provider.
//!
//! All questions go through the one HTTP client: its egress policy and `--rewrite-url` hold for the addresses that
//! templates name, too. Replies are read by pure functions in [`rollout::analysis::replies`].

mod ask;
mod cloud_watch;
mod datadog;
mod graphite;
mod influxdb;
mod job;
mod kayenta;
mod new_relic;
mod oauth2;
mod prometheus;
mod sigv4;
mod skywalking;
mod wavefront;
mod web;

use std::collections::BTreeMap;

use model::Time;
use model::analysis::{Metric, MetricProvider};
use rollout::analysis::{Outcome, Task, Work};

pub use job::JobRunner;
pub use sigv4::AwsKeys;

use crate::net::{HttpClient, Secret};

/// What an operator sets up for all metrics.
#[derive(Clone, Debug, Default)]
pub struct ProviderOptions {
    /// Prometheus where a metric names none (`ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`).
    pub prometheus_address: String,
    /// Keys for AWS; none where windlass has none.
    pub aws: Option<AwsKeys>,
}

/// The providers that are asked over HTTP.
#[derive(Clone)]
pub struct Providers {
    http: HttpClient,
    options: ProviderOptions,
}

/// A Secret with a provider's address and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededSecret {
    /// Its name.
    pub name: String,
    /// True where it is in the run's namespace, not in windlass' own.
    pub namespaced: bool,
}

/// The data of a provider's Secret.
pub type SecretData = BTreeMap<String, Secret>;

impl Providers {
    /// Providers that are asked through this client.
    pub fn new(http: HttpClient, options: ProviderOptions) -> Self {
        Self { http, options }
    }

    /// The Secret that a metric's provider needs; none where its settings are in the metric.
    pub fn secret_of(metric: &Metric) -> Option<NeededSecret> {
        let MetricProvider { datadog, new_relic, influxdb, wavefront, .. } = &metric.provider;
        let own = |name: &str, usual: &str| NeededSecret {
            name: if name.is_empty() { usual.to_owned() } else { name.to_owned() },
            namespaced: false,
        };
        let datadog = datadog.as_ref().map(|datadog| {
            let reference = datadog.secret_ref.clone().unwrap_or_default();
            NeededSecret { namespaced: reference.namespaced, ..own(&reference.name, "datadog") }
        });
        let new_relic = new_relic.as_ref().map(|relic| own(&relic.profile, "newrelic"));
        let influxdb = influxdb.as_ref().map(|influx| own(&influx.profile, "influxdb"));
        let wavefront = wavefront.as_ref().map(|_| own("", "wavefront-api-tokens"));
        datadog.or(new_relic).or(influxdb).or(wavefront)
    }

    /// Asks one question. Whatever goes wrong is an outcome, too.
    pub async fn measure(&self, task: &Task, secret: &SecretData, now: Time) -> Outcome {
        let MetricProvider {
            prometheus,
            web,
            job,
            datadog,
            new_relic,
            cloud_watch,
            graphite,
            influxdb,
            wavefront,
            skywalking,
            kayenta,
            plugin,
        } = &task.metric.provider;
        let answer = if let Some(prometheus) = prometheus {
            self.prometheus(prometheus, now).await
        } else if let Some(web) = web {
            self.web(web).await
        } else if let Some(datadog) = datadog {
            self.datadog(datadog, secret, now).await
        } else if let Some(new_relic) = new_relic {
            self.new_relic(new_relic, secret).await
        } else if let Some(cloud_watch) = cloud_watch {
            self.cloud_watch(cloud_watch, now).await
        } else if let Some(graphite) = graphite {
            self.graphite(graphite).await
        } else if let Some(influxdb) = influxdb {
            self.influxdb(influxdb, secret).await
        } else if let Some(wavefront) = wavefront {
            self.wavefront(wavefront, secret, now).await
        } else if let Some(skywalking) = skywalking {
            self.skywalking(skywalking, now).await
        } else if let Some(kayenta) = kayenta {
            match &task.work {
                Work::Measure => self.kayenta(kayenta, now).await,
                Work::Resume(measurement) => self.kayenta_again(kayenta, measurement, now).await,
                Work::Terminate(_) => Err("the judgement was broken off".to_owned()),
            }
        } else if job.is_some() {
            Err("a Job is not asked over HTTP".to_owned())
        } else if let Some(plugin) = plugin {
            let names: Vec<_> = plugin.keys().map(String::as_str).collect();
            Err(format!("metric plugins are not supported: {}", names.join(", ")))
        } else {
            Err("no provider specified".to_owned())
        };
        answer.unwrap_or_else(Outcome::error)
    }
}

/// A key of a provider's Secret.
fn key(secret: &SecretData, name: &str) -> Result<Secret, String> {
    let value = secret.get(name).filter(|value| !value.is_empty());
    value.cloned().ok_or_else(|| format!("the provider's Secret has no {name}"))
}
