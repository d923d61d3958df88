//! AppProject as users write it (reference section 6): what Applications of a project may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::Object;

/// One AppProject, read from its object.
#[derive(Clone, Debug, PartialEq)]
pub struct AppProject {
    /// Name of the object.
    pub name: String,
    /// What it allows.
    pub spec: AppProjectSpec,
}

impl AppProject {
    /// Reads an AppProject.
    ///
    /// # Errors
    /// In the reader's words where a field has a wrong type.
    pub fn read(object: &Object) -> Result<Self, serde_json::Error> {
        let spec = object.get("spec").filter(|spec| !spec.is_null());
        Ok(Self {
            name: object.name().to_owned(),
            spec: spec.map_or(Ok(AppProjectSpec::default()), AppProjectSpec::deserialize)?,
        })
    }
}

/// `spec` of an AppProject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppProjectSpec {
    /// At most 255 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("maxLength" = 255))]
    pub description: String,
    /// Repository globs; `!` denies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_repos: Vec<String>,
    /// Namespaces whose Applications may use the project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_namespaces: Vec<String>,
    /// Destinations; `!` denies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<ProjectDestination>,
    /// Cluster-scoped kinds that are allowed; none where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_resource_whitelist: Vec<KindRule>,
    /// Cluster-scoped kinds that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_resource_blacklist: Vec<KindRule>,
    /// Namespaced kinds that are allowed; all where absent, none where empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<crate::crd::unread::NamespacedKind>>")]
    pub namespace_resource_whitelist: Option<Vec<KindRule>>,
    /// Namespaced kinds that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::crd::unread::NamespacedKind>")]
    pub namespace_resource_blacklist: Vec<KindRule>,
    /// Watch for objects nobody manages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::OrphanedResources>")]
    pub orphaned_resources: Option<Value>,
    /// When syncs may run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::crd::unread::SyncWindow>")]
    pub sync_windows: Vec<Value>,
    /// Signature keys (deprecated form).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::crd::unread::SignatureKey>")]
    pub signature_keys: Vec<Value>,
    /// Signature policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::SourceIntegrity>")]
    pub source_integrity: Option<Value>,
    /// Only clusters whose Secret names this project.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permit_only_project_scoped_clusters: bool,
    /// Accounts that objects are applied with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_service_accounts: Vec<DestinationServiceAccount>,
    /// Roles of upstream's API: kept, not interpreted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::crd::unread::ProjectRole>")]
    pub roles: Vec<Value>,
}

/// One destination rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectDestination {
    /// Server glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// Cluster name glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// One rule about kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["group", "kind"]))]
pub struct KindRule {
    /// Group pattern.
    pub group: String,
    /// Kind pattern.
    pub kind: String,
    /// Name pattern (cluster-scoped rules); any where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// One rule about the account that objects are applied with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["defaultServiceAccount", "server"]))]
pub struct DestinationServiceAccount {
    /// Server glob.
    pub server: String,
    /// Namespace glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// `account` or `namespace:account`.
    pub default_service_account: String,
}
