//! Who can be asked for a measurement, but for Jobs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::parts::{IntOrString, is_false, is_zero};

/// `provider.prometheus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Prometheus {
    /// URL of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// PromQL.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Asks for a span of time instead of a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_query: Option<RangeQuery>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Headers of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Seconds; 30 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// `prometheus.rangeQuery`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RangeQuery {
    /// Expression for the beginning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub start: String,
    /// Expression for the end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub end: String,
    /// Go duration between samples.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
}

/// One header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// How to log in at a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    /// User name and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// OAuth2 client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<Oauth2>,
    /// AWS signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigv4: Option<Sigv4>,
}

/// `authentication.basicAuth`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuth {
    /// User name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Password.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password: String,
}

/// `authentication.oauth2`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2 {
    /// Where tokens come from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_url: String,
    /// Client.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Its secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client_secret: String,
    /// Scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// `authentication.sigv4`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sigv4 {
    /// Region.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Profile.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// Role.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role_arn: String,
}

/// `provider.web`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Web {
    /// URL.
    pub url: String,
    /// `GET` (where empty), `POST` or `PUT`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// Headers of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Body as a text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Body as an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_body: Option<Map<String, Value>>,
    /// Seconds; 10 where 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeout_seconds: i64,
    /// Which part of the answer is the result; all where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub json_path: String,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
}

/// `provider.datadog`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Datadog {
    /// Query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Several queries by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queries: BTreeMap<String, String>,
    /// Formula over the queries.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub formula: String,
    /// How a series becomes a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area"]))]
    pub aggregator: Option<String>,
    /// API version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["v1", "v2"], "x-default" = "v1"))]
    pub api_version: Option<String>,
    /// Go duration that is looked back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "5m"))]
    pub interval: Option<String>,
    /// Go duration that an answer may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "10s"))]
    pub request_timeout: Option<String>,
    /// Secret with address and keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<DatadogSecretRef>,
}

/// `datadog.secretRef`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatadogSecretRef {
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// True where it is in the run's namespace.
    #[serde(default, skip_serializing_if = "is_false")]
    pub namespaced: bool,
}

/// `provider.newRelic`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRelic {
    /// NRQL.
    pub query: String,
    /// Secret with the account; `newrelic` where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// Seconds; 5 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// `provider.cloudWatch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatch {
    /// Go duration that is looked back; 5 minutes where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub interval: String,
    /// Queries.
    pub metric_data_queries: Vec<CloudWatchQuery>,
}

/// One query to CloudWatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchQuery {
    /// Its name in the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Expression over other queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// One metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<CloudWatchStat>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<IntOrString>,
    /// Whether it is in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
}

/// One metric of CloudWatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchStat {
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<CloudWatchMetric>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<IntOrString>,
    /// Statistic.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stat: String,
    /// Unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// Name of a metric of CloudWatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetric {
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metric_name: String,
    /// Dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<CloudWatchDimension>,
}

/// One dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchDimension {
    /// Name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// `provider.graphite`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Graphite {
    /// URL of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `provider.influxdb`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Influxdb {
    /// Secret with address and token; `influxdb` where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// Flux.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `provider.wavefront`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wavefront {
    /// URL of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `provider.skywalking`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skywalking {
    /// URL of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// GraphQL.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Go duration that is looked back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub interval: String,
}

/// `provider.kayenta`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kayenta {
    /// URL of the server.
    pub address: String,
    /// Application.
    pub application: String,
    /// Configuration.
    pub canary_config_name: String,
    /// Account of the configuration.
    pub configuration_account_name: String,
    /// Account of the metrics.
    pub metrics_account_name: String,
    /// Account of the storage.
    pub storage_account_name: String,
    /// Looks back from the end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lookback: bool,
    /// Scores.
    pub threshold: KayentaThreshold,
    /// What is compared.
    pub scopes: Vec<KayentaScope>,
}

/// `kayenta.threshold`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KayentaThreshold {
    /// Score from which it is a success.
    pub pass: i64,
    /// Score below which it is a failure.
    pub marginal: i64,
}

/// One comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KayentaScope {
    /// Name.
    pub name: String,
    /// The old version.
    pub control_scope: KayentaScopeDetail,
    /// The new version.
    pub experiment_scope: KayentaScopeDetail,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KayentaScopeDetail {
    /// Scope.
    pub scope: String,
    /// Region.
    pub region: String,
    /// Seconds between samples.
    pub step: i64,
    /// Beginning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub start: String,
    /// End.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub end: String,
}
