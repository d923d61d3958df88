//! The generator that asks for repositories.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application_set::{BasicAuth, BearerToken, ConfigMapRef, SecretRef, Template};
use crate::parts::is_false;

/// `generators[].scmProvider`: exactly one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmProviderGenerator {
    /// GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<ScmGithub>,
    /// GitLab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<ScmGitlab>,
    /// Gitea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitea: Option<ScmGitea>,
    /// Bitbucket Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<ScmBitbucket>,
    /// Bitbucket Server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket_server: Option<ScmBitbucketServer>,
    /// Azure DevOps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_dev_ops: Option<ScmAzureDevOps>,
    /// AWS CodeCommit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_code_commit: Option<ScmAwsCodeCommit>,
    /// Keeps only repositories that match one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<ScmFilter>,
    /// `https` or `ssh`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clone_protocol: String,
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

/// Repositories that are kept: all parts must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmFilter {
    /// Regular expression over the repository's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_match: Option<String>,
    /// Regular expression over the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_match: Option<String>,
    /// Regular expression over its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_match: Option<String>,
    /// Paths that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths_exist: Vec<String>,
    /// Paths that must not be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths_do_not_exist: Vec<String>,
}

/// An organisation at GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGithub {
    /// Organisation.
    pub organization: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Secret of a GitHub App.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_secret_name: String,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
    /// Leaves archived repositories out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exclude_archived_repos: bool,
}

/// A group at GitLab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGitlab {
    /// Group.
    pub group: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapRef>,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
    /// Reads groups below, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub include_subgroups: bool,
    /// Reads projects that are shared with the group, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_shared_projects: Option<bool>,
    /// Reads archived projects, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_archived_repos: Option<bool>,
    /// Only projects of this topic.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
}

/// An owner at Gitea.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGitea {
    /// Owner.
    pub owner: String,
    /// URL of the API.
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
    /// Leaves archived repositories out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exclude_archived_repos: bool,
}

/// A workspace at Bitbucket Cloud.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmBitbucket {
    /// Workspace.
    pub owner: String,
    /// User name.
    pub user: String,
    /// Password.
    pub app_password_ref: SecretRef,
    /// All branches instead of the main one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
}

/// A project at Bitbucket Server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmBitbucketServer {
    /// Project.
    pub project: String,
    /// URL of the API.
    pub api: String,
    /// User name and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<BearerToken>,
    /// Certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapRef>,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
}

/// A project at Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmAzureDevOps {
    /// Organisation.
    pub organization: String,
    /// Project.
    pub team_project: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    pub access_token_ref: SecretRef,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
}

/// An account at AWS CodeCommit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmAwsCodeCommit {
    /// Region; the agent's where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Role that is taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Keeps only repositories with these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_filters: Vec<TagFilter>,
    /// All branches instead of the default one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_branches: bool,
}

/// One tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagFilter {
    /// Tag.
    pub key: String,
    /// Its value; any where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}
