//! The steps of a canary.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::parts::{IntOrString, LabelSelector, Labels, is_false};
use crate::rollout::{DryRun, RolloutAnalysis, RolloutArgument};

/// One step: exactly one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanaryStep {
    /// Share of the traffic, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_weight: Option<i32>,
    /// Waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Pods of the new version, apart from its traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<SetCanaryScale>,
    /// Measures, and waits for the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RolloutAnalysis>,
    /// Runs several versions side by side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<ExperimentStep>,
    /// Sends requests with certain headers to the new version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_header_route: Option<SetHeaderRoute>,
    /// Sends a copy of certain requests to the new version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_mirror_route: Option<SetMirrorRoute>,
    /// Asks a step plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginStep>,
}

/// A pause step; without a duration it waits for a human.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Seconds, or a Go duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<IntOrString>,
}

/// `setCanaryScale`: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCanaryScale {
    /// Percent of `replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// As many as the traffic needs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub match_traffic_weight: bool,
}

/// `setHeaderRoute`; without `match` the route is taken away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetHeaderRoute {
    /// Name, also in `managedRoutes`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Headers; all must match.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub match_headers: Vec<HeaderMatch>,
}

/// One header of a header route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderMatch {
    /// Header.
    pub header_name: String,
    /// Its value.
    pub header_value: StringMatch,
}

/// How a text is compared: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StringMatch {
    /// The whole text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exact: String,
    /// Its beginning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// A regular expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub regex: String,
}

/// `setMirrorRoute`; without `match` the route is taken away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetMirrorRoute {
    /// Name, also in `managedRoutes`.
    pub name: String,
    /// Requests; one must match.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub match_requests: Vec<RequestMatch>,
    /// Share that is copied; 100 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<i32>,
}

/// One kind of request of a mirror route: all parts must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestMatch {
    /// Method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    /// Path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StringMatch>,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, StringMatch>,
}

/// A step that a plugin carries out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginStep {
    /// Plugin.
    pub name: String,
    /// Its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
}

/// An experiment as a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStep {
    /// Versions.
    pub templates: Vec<ExperimentStepTemplate>,
    /// Go duration; until the analyses are done where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// What is measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub analyses: Vec<ExperimentStepAnalysis>,
    /// Metrics that are measured without effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<DryRun>,
    /// On the runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_run_metadata: Option<Labels>,
    /// Seconds the pods are kept after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
}

/// One version of an experiment step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStepTemplate {
    /// Name.
    pub name: String,
    /// `canary` or `stable`.
    pub spec_ref: String,
    /// Pods; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// On the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Labels>,
    /// Selects the pods; the Rollout's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Share of the traffic, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Makes a Service for the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ExperimentService>,
}

/// A Service for a version of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentService {
    /// Its name; the ReplicaSet's where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// One analysis of an experiment step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStepAnalysis {
    /// Name.
    pub name: String,
    /// Template.
    pub template_name: String,
    /// True for a ClusterAnalysisTemplate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cluster_scope: bool,
    /// Arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<RolloutArgument>,
    /// The experiment ends well only with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required_for_completion: bool,
}
