//! Metric providers: each against a server on this machine that speaks its protocol, Prometheus also against a real one.

mod others;
mod prometheus;
mod web;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::Time;
use model::analysis::{Measurement, Metric, MetricProvider};
use rollout::analysis::{Found, Outcome, Task, Work};
use tokio::runtime::{Builder, Runtime};
use windlass::net::{EgressPolicy, HttpClient, HttpOptions, RewriteRules, Secret};
use windlass::provider::{AwsKeys, ProviderOptions, Providers, SecretData};

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("it starts")
    })
}

/// Somebody who asks.
pub struct Asker {
    providers: Providers,
    http: HttpClient,
    secret: SecretData,
}

impl Asker {
    /// May ask servers on this machine.
    pub fn new() -> Self {
        Self::with(
            EgressPolicy { allow_loopback: true, ..EgressPolicy::default() },
            ProviderOptions::default(),
        )
    }

    pub fn with(egress: EgressPolicy, options: ProviderOptions) -> Self {
        let http =
            HttpClient::new(HttpOptions { egress, ..HttpOptions::default() }, runtime().handle().clone());
        Self { providers: Providers::new(http.clone(), options), http, secret: SecretData::new() }
    }

    pub fn aws(endpoint: String) -> Self {
        let keys = AwsKeys {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: Secret::from("k3y"),
            region: "eu-west-1".into(),
            endpoint,
            ..AwsKeys::default()
        };
        let egress = EgressPolicy { allow_loopback: true, ..EgressPolicy::default() };
        Self::with(egress, ProviderOptions { aws: Some(keys), ..ProviderOptions::default() })
    }

    /// With keys in the provider's Secret.
    pub fn secret(mut self, data: &[(&str, &str)]) -> Self {
        self.secret = data.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        self
    }

    pub fn rewrite(&self, rule: &str) {
        self.http.set_rewrite(RewriteRules::new([rule.parse().expect("it is a rule")]));
    }

    /// Asks a provider, given as it stands in a template.
    #[track_caller]
    pub fn ask(&self, provider: &str) -> Outcome {
        self.work(provider, Work::Measure)
    }

    #[track_caller]
    pub fn resume(&self, provider: &str, metadata: BTreeMap<String, String>) -> Outcome {
        self.work(provider, Work::Resume(Measurement { metadata, ..Measurement::default() }))
    }

    #[track_caller]
    fn work(&self, provider: &str, work: Work) -> Outcome {
        let provider: MetricProvider = serde_yaml::from_str(provider).expect("it is a provider");
        let metric = Metric { name: "m".into(), provider, ..Metric::default() };
        let task = Task { metric, number: 1, work };
        runtime().block_on(self.providers.measure(&task, &self.secret, now()))
    }
}

pub fn now() -> Time {
    "2026-01-01T12:00:00Z".parse().expect("it is a time")
}

/// The result as it is shown, or why there is none.
pub fn shown(outcome: &Outcome) -> String {
    match &outcome.found {
        Found::Result { text, .. } => text.clone(),
        Found::Verdict { phase, text, .. } => format!("{phase} {text}"),
        Found::Running { .. } => "running".to_owned(),
        Found::Error(why) => format!("error: {why}"),
    }
}
