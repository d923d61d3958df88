//! Where the parameters of an ApplicationSet come from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application_set::{PullRequestGenerator, ScmProviderGenerator, Template};
use crate::parts::{LabelSelector, is_false};

/// One generator: exactly one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Parameters as they are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// One set for each cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// One set for each folder or file of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// One set for each repository of an organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<ScmProviderGenerator>,
    /// One set for each cluster that another controller chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<ClusterDecisionResourceGenerator>,
    /// One set for each open pull request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// Parameters that a service answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
    /// Every combination of two generators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<MatrixGenerator>,
    /// One generator's sets, corrected by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeGenerator>,
    /// Keeps only sets that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// One generator inside `matrix` or `merge`: exactly one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NestedGenerator {
    /// Parameters as they are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// One set for each cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// One set for each folder or file of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// One set for each repository of an organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<ScmProviderGenerator>,
    /// One set for each cluster that another controller chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<ClusterDecisionResourceGenerator>,
    /// One set for each open pull request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// Parameters that a service answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
    /// A MatrixGenerator one level deeper; upstream leaves it open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Value>,
    /// A MergeGenerator one level deeper; upstream leaves it open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Value>,
    /// Keeps only sets that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// `generators[].matrix`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatrixGenerator {
    /// Two generators.
    pub generators: Vec<NestedGenerator>,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// `generators[].merge`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeGenerator {
    /// The first is corrected by the others.
    pub generators: Vec<NestedGenerator>,
    /// Parameters by which sets are recognised.
    pub merge_keys: Vec<String>,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// `generators[].list`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListGenerator {
    /// Sets of parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<Value>,
    /// More sets, as YAML.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub elements_yaml: String,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// `generators[].clusters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterGenerator {
    /// Which clusters, by labels of their Secrets; all where empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// One set that holds all clusters.
    #[serde(default, skip_serializing_if = "is_false")]
    pub flat_list: bool,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// `generators[].git`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitGenerator {
    /// Repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Revision.
    pub revision: String,
    /// Folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<GitPath>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GitPath>,
    /// Put before the names of path parameters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_param_prefix: String,
    /// Seconds until it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// Folders or files of a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitPath {
    /// Pattern.
    pub path: String,
    /// Leaves them out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exclude: bool,
}

/// `generators[].clusterDecisionResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDecisionResourceGenerator {
    /// ConfigMap that says which objects are read.
    pub config_map_ref: String,
    /// Name of the object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Labels of the objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Seconds until it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// `generators[].plugin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginGenerator {
    /// ConfigMap with the service's address.
    pub config_map_ref: PluginConfigMapRef,
    /// What the service is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<PluginInput>,
    /// Seconds until it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Beats the ApplicationSet's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// ConfigMap of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginConfigMapRef {
    /// Its name.
    pub name: String,
}

/// What a plugin is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInput {
    /// Parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}

/// A key of a Secret in the agent's namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Secret.
    pub secret_name: String,
    /// Key.
    pub key: String,
}

/// A key of a ConfigMap in the agent's namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapRef {
    /// ConfigMap.
    pub config_map_name: String,
    /// Key.
    pub key: String,
}

/// User name and password.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuth {
    /// User name.
    pub username: String,
    /// Password.
    pub password_ref: SecretRef,
}

/// A token in the Authorization header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BearerToken {
    /// Token.
    pub token_ref: SecretRef,
}
