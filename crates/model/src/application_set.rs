//! ApplicationSet as users write it (reference section 9), and its status as upstream writes it.

mod generators;
mod pull_request;
mod scm_provider;
mod status;

pub use generators::*;
pub use pull_request::*;
pub use scm_provider::*;
pub use status::*;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::ApplicationSpec;
use crate::parts::{IntOrString, is_false};

/// `spec` of an ApplicationSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSetSpec {
    /// Where parameters come from.
    pub generators: Vec<Generator>,
    /// The Application that is made for each set of parameters.
    pub template: Template,
    /// Reads the template as a Go template.
    #[serde(default, skip_serializing_if = "is_false")]
    pub go_template: bool,
    /// Options such as `missingkey=error`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub go_template_options: Vec<String>,
    /// Patch of each Application, itself a template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template_patch: String,
    /// What may become of Applications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<ApplicationSetSyncPolicy>,
    /// In which order they change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<ApplicationSetStrategy>,
    /// What users may add to Applications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preserved_fields: Option<PreservedFields>,
    /// What users may change of Applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_application_differences: Vec<IgnoreApplicationDifferences>,
    /// Obsolete: always on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub apply_nested_selectors: bool,
}

/// The Application that is made for each set of parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its metadata.
    pub metadata: TemplateMetadata,
    /// Its spec.
    pub spec: ApplicationSpec,
}

/// Metadata of an Application that is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateMetadata {
    /// Name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Ignored: it is the ApplicationSet's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Finalizers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

/// `spec.syncPolicy` of an ApplicationSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSetSyncPolicy {
    /// Leaves what Applications manage when they go.
    #[serde(default, skip_serializing_if = "is_false")]
    pub preserve_resources_on_deletion: bool,
    /// What may become of Applications.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["create-only", "create-update", "create-delete", "sync"]))]
    pub applications_sync: Option<String>,
}

/// `spec.strategy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSetStrategy {
    /// `AllAtOnce` (where empty) or `RollingSync`.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The steps of RollingSync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolling_sync: Option<RollingSync>,
    /// `AllAtOnce` (where empty) or `Reverse`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub deletion_order: String,
}

/// `strategy.rollingSync`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingSync {
    /// Steps, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RollingSyncStep>,
}

/// One step: which Applications, and how many at a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingSyncStep {
    /// By their labels: all must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelExpression>,
    /// How many at a time; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_update: Option<IntOrString>,
}

/// One expression over labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelExpression {
    /// Label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// `In` or `NotIn`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// `spec.preservedFields`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreservedFields {
    /// Annotations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// One rule of `spec.ignoreApplicationDifferences`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnoreApplicationDifferences {
    /// Application; all where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// RFC 6901 pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json_pointers: Vec<String>,
    /// jq paths.
    #[serde(rename = "jqPathExpressions", default, skip_serializing_if = "Vec::is_empty")]
    pub jq_path_expressions: Vec<String>,
}
