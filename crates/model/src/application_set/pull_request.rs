//! The generator that asks for pull requests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application_set::{BasicAuth, BearerToken, ConfigMapRef, SecretRef, Template};
use crate::parts::is_false;

/// `generators[].pullRequest`: exactly one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestGenerator {
    /// GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<PullRequestGithub>,
    /// GitLab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<PullRequestGitlab>,
    /// Gitea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitea: Option<PullRequestGitea>,
    /// Bitbucket Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<PullRequestBitbucket>,
    /// Bitbucket Server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket_server: Option<PullRequestBitbucketServer>,
    /// Azure DevOps.
    #[serde(rename = "azuredevops", skip_serializing_if = "Option::is_none")]
    pub azure_dev_ops: Option<PullRequestAzureDevOps>,
    /// Keeps only pull requests that match one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PullRequestFilter>,
    /// Counts a repository that is not there as one without pull requests.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continue_on_repo_not_found_error: bool,
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

/// Pull requests that are kept: all parts must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestFilter {
    /// Regular expression over the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_match: Option<String>,
    /// Regular expression over the branch it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_branch_match: Option<String>,
    /// Regular expression over the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_match: Option<String>,
}

/// A repository at GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestGithub {
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Secret of a GitHub App.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_secret_name: String,
    /// Labels that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// A project at GitLab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestGitlab {
    /// Project.
    pub project: String,
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
    /// Labels that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Only merge requests in this state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pull_request_state: String,
}

/// A repository at Gitea.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestGitea {
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// URL of the API.
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Leaves certificates unchecked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Labels that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// A repository at Bitbucket Cloud.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestBitbucket {
    /// Workspace.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// User name and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<BearerToken>,
}

/// A repository at Bitbucket Server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestBitbucketServer {
    /// Project.
    pub project: String,
    /// Repository.
    pub repo: String,
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
}

/// A repository at Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestAzureDevOps {
    /// Organisation.
    pub organization: String,
    /// Project.
    pub project: String,
    /// Repository.
    pub repo: String,
    /// URL of the API.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Labels that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}
