//! Application as users write it, and its status as upstream writes it (reference section 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::key::ObjectKey;
use crate::object::Object;
use crate::time::Time;

/// API group of the objects that drive windlass.
pub const GROUP: &str = "argoproj.io";
/// Their API version.
pub const VERSION: &str = "v1alpha1";
/// The cluster windlass runs in, as a destination.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";
/// The same cluster by name.
pub const IN_CLUSTER_NAME: &str = "in-cluster";

/// One Application, read from its object.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `metadata.annotations`.
    pub annotations: std::collections::BTreeMap<String, String>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// When its deletion was asked for.
    pub deletion_timestamp: Option<Time>,
    /// What it asks for.
    pub spec: ApplicationSpec,
    /// A sync that was asked for and is not finished.
    pub operation: Option<Operation>,
    /// What windlass has written about it.
    pub status: ApplicationStatus,
}

/// Why an object is not a readable Application.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Application {namespace}/{name}: {field} cannot be read: {why}")]
pub struct ReadApplicationError {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// The part that cannot be read: `spec` or `operation`.
    pub field: &'static str,
    /// The reader's words.
    pub why: String,
}

impl Application {
    /// Reads an Application. A status that cannot be read counts as empty: it is rebuilt from what is observed.
    pub fn read(object: &Object) -> Result<Self, ReadApplicationError> {
        let refuse = |field| {
            move |why: serde_json::Error| ReadApplicationError {
                namespace: object.namespace().to_owned(),
                name: object.name().to_owned(),
                field,
                why: why.to_string(),
            }
        };
        let part = |field| object.get(field).filter(|value| !value.is_null());
        Ok(Self {
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            annotations: object
                .annotations()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            finalizers: object.finalizers().map(str::to_owned).collect(),
            deletion_timestamp: object.deletion_timestamp(),
            spec: part("spec")
                .map_or(Ok(ApplicationSpec::default()), ApplicationSpec::deserialize)
                .map_err(refuse("spec"))?,
            operation: part("operation")
                .map(Operation::deserialize)
                .transpose()
                .map_err(refuse("operation"))?,
            status: part("status")
                .and_then(|status| ApplicationStatus::deserialize(status).ok())
                .unwrap_or_default(),
        })
    }

    /// The name objects are tracked by: the plain name in the agent's own namespace, else `<namespace>_<name>`.
    pub fn instance_name(&self, control_namespace: &str) -> String {
        if self.namespace == control_namespace {
            self.name.clone()
        } else {
            format!("{}_{}", self.namespace, self.name)
        }
    }

    /// The object's own key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(GROUP, "Application", self.namespace.as_str(), self.name.as_str())
    }
}

/// `spec` of an Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["destination", "project"]))]
pub struct ApplicationSpec {
    /// AppProject; empty means `default`.
    pub project: String,
    /// The source; ignored where `sources` is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Rendered-manifest pattern: kept, not interpreted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::SourceHydrator>")]
    pub source_hydrator: Option<Value>,
    /// Where the objects go.
    pub destination: Destination,
    /// How and when to sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<SyncPolicy>,
    /// Fields that are not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_differences: Vec<IgnoreDifferences>,
    /// Free-form items for the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
    /// Entries kept in `status.history`; 10 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i64>,
}

impl ApplicationSpec {
    /// The project's name with the default filled in.
    pub fn project_name(&self) -> &str {
        if self.project.is_empty() { "default" } else { &self.project }
    }

    /// The sources in force: `sources`, else `source`.
    pub fn sources_in_force(&self) -> &[Source] {
        if self.sources.is_empty() { self.source.as_slice() } else { &self.sources }
    }

    /// What the sources do not say and must, in upstream's words (reference section 1.2).
    pub fn missing_in_sources(&self) -> Vec<&'static str> {
        let several = !self.sources.is_empty();
        let mut missing = Vec::new();
        for source in self.sources_in_force() {
            let lends = several && !source.reference.is_empty();
            if source.repo_url.is_empty() || (source.path.is_empty() && source.chart.is_empty() && !lends) {
                missing.push(if several {
                    "spec.sources: repoURL and either path, chart, or ref are required for each source"
                } else {
                    "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
                });
            }
            if !source.chart.is_empty() && source.target_revision.is_empty() {
                missing.push("spec.source.targetRevision is required if the manifest source is a helm chart");
            }
        }
        if self.sources_in_force().is_empty() {
            missing.push("spec.source.repoURL and either spec.source.path or spec.source.chart are required");
        }
        missing.dedup();
        missing
    }

    /// Automation, where it is on.
    pub fn automated(&self) -> Option<&Automated> {
        self.sync_policy.as_ref()?.automated.as_ref().filter(|automated| automated.enabled != Some(false))
    }

    /// `syncPolicy.syncOptions`.
    pub fn sync_options(&self) -> crate::annotations::Options {
        let options = self.sync_policy.iter().flat_map(|policy| &policy.sync_options);
        crate::annotations::Options::read(options.map(String::as_str))
    }
}

/// One source of manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["repoURL"]))]
pub struct Source {
    /// Git URL, Helm repository or OCI reference.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Folder in the repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Chart name in a Helm repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chart: String,
    /// Branch, tag, commit, version or constraint; empty means `HEAD`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_revision: String,
    /// Only tags with this prefix count, and it is cut off before versions are compared.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tag_prefix: String,
    /// Name under which other sources reach this one's files.
    #[serde(rename = "ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Display name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Helm options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSource>,
    /// Kustomize options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<KustomizeSource>,
    /// Options of a folder of manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectorySource>,
    /// A plugin: refused in words, kept in the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::Plugin>")]
    pub plugin: Option<Value>,
}

impl Source {
    /// `targetRevision` with the default filled in.
    pub fn revision(&self) -> &str {
        if self.target_revision.is_empty() { "HEAD" } else { &self.target_revision }
    }
}

/// `source.helm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmSource {
    /// Values files in order, weakest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub value_files: Vec<String>,
    /// Inline values, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub values: String,
    /// Inline values, as an object; beats `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::scalars::OpenObject>")]
    pub values_object: Option<Value>,
    /// `--set` and `--set-string`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<HelmParameter>,
    /// `--set-file`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_parameters: Vec<HelmFileParameter>,
    /// Release name; the application's name where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub release_name: String,
    /// Template namespace; the destination's where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Helm's major version (`v3`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Sends the repository's credentials to every host.
    #[serde(skip_serializing_if = "is_false")]
    pub pass_credentials: bool,
    /// Values files that do not exist are passed over.
    #[serde(skip_serializing_if = "is_false")]
    pub ignore_missing_value_files: bool,
    /// Leaves the chart's `crds/` out.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_crds: bool,
    /// Leaves test hooks out.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_tests: bool,
    /// Leaves `values.schema.json` unasked.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_schema_validation: bool,
    /// Kubernetes version the templates see; the cluster's where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// API versions the templates see; the cluster's where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_versions: Vec<String>,
}

/// One `--set`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmParameter {
    /// Path of the value.
    pub name: String,
    /// Its text.
    pub value: String,
    /// Keeps it a text.
    #[serde(skip_serializing_if = "is_false")]
    pub force_string: bool,
}

/// One `--set-file`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmFileParameter {
    /// Path of the value.
    pub name: String,
    /// File whose content it gets.
    pub path: String,
}

/// `source.kustomize`: options that are applied before the build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct KustomizeSource(
    #[schemars(with = "crate::crd::unread::Kustomize")] pub serde_json::Map<String, Value>,
);

/// `source.directory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectorySource {
    /// Reads folders below, too.
    #[serde(skip_serializing_if = "is_false")]
    pub recurse: bool,
    /// Only files that match.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub include: String,
    /// Never files that match; asked before `include`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exclude: String,
    /// Reads files of any extension.
    #[serde(skip_serializing_if = "is_false")]
    pub disable_extension_filter: bool,
    /// Jsonnet options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::Jsonnet>")]
    pub jsonnet: Option<Value>,
}

/// `spec.destination`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Destination {
    /// API server URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// Cluster name, instead of the URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace of namespaced objects that name none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// `spec.syncPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicy {
    /// Automated sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automated: Option<Automated>,
    /// `Key=value` options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sync_options: Vec<String>,
    /// Retries of a failed sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategy>,
    /// Labels and annotations of the namespace that CreateNamespace makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// `syncPolicy.automated`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Automated {
    /// Deletes what Git no longer holds.
    #[serde(skip_serializing_if = "is_false")]
    pub prune: bool,
    /// Syncs again when the cluster drifts.
    #[serde(skip_serializing_if = "is_false")]
    pub self_heal: bool,
    /// Lets a sync prune everything.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_empty: bool,
    /// `false` switches automation off and keeps the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `syncPolicy.retry`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryStrategy {
    /// Retries; negative means without end.
    #[serde(skip_serializing_if = "is_zero")]
    pub limit: i64,
    /// Resolves the revision again on each retry.
    #[serde(skip_serializing_if = "is_false")]
    pub refresh: bool,
    /// Waits between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
}

/// `retry.backoff`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Backoff {
    /// First wait: a Go duration or whole seconds; `5s` where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// Factor from wait to wait; 2 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<i64>,
    /// Longest wait; `3m` where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub max_duration: String,
}

/// `syncPolicy.managedNamespaceMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedNamespaceMetadata {
    /// Labels of the namespace.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub labels: std::collections::BTreeMap<String, String>,
    /// Annotations of the namespace.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// One rule of `spec.ignoreDifferences`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["kind"]))]
pub struct IgnoreDifferences {
    /// Group glob; empty is the core group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind glob.
    pub kind: String,
    /// Name; any where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace; any where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// RFC 6901 pointers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json_pointers: Vec<String>,
    /// jq paths to delete.
    #[serde(rename = "jqPathExpressions", skip_serializing_if = "Vec::is_empty")]
    pub jq_path_expressions: Vec<String>,
    /// Field managers whose fields are theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managed_fields_managers: Vec<String>,
}

/// One item of `spec.info` or `operation.info`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["name", "value"]))]
pub struct Info {
    /// Its label.
    pub name: String,
    /// Its text.
    pub value: String,
}

/// `operation`: a sync that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Operation {
    /// The sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncOperation>,
    /// Who asked.
    #[serde(skip_serializing_if = "OperationInitiator::is_empty")]
    pub initiated_by: OperationInitiator,
    /// Free-form items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
    /// Retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategy>,
}

/// `operation.sync`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::crd::with_rest::<crate::crd::unread::SyncOperationRest>)]
pub struct SyncOperation {
    /// Revision; the spec's where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Revisions of several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// Deletes what Git no longer holds.
    #[serde(skip_serializing_if = "is_false")]
    pub prune: bool,
    /// Changes nothing.
    #[serde(skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// `apply` (no hooks) or `hook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::crd::unread::SyncStrategy>")]
    pub sync_strategy: Option<Value>,
    /// Only these objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<SyncOperationResource>,
    /// Another source than the spec's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Other sources than the spec's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Options of this sync.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sync_options: Vec<String>,
    /// Self-heals in a row at this revision.
    #[serde(skip_serializing_if = "is_zero")]
    pub auto_heal_attempts_count: i64,
}

/// One object of a selective sync.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct SyncOperationResource {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; any where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// Who asked for an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OperationInitiator {
    /// A user's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// True for automated sync.
    #[serde(skip_serializing_if = "is_false")]
    pub automated: bool,
}

impl OperationInitiator {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `status` of an Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::crd::with_rest::<crate::crd::unread::ApplicationStatusRest>)]
pub struct ApplicationStatus {
    /// Every managed object with its verdicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceStatus>,
    /// Desired against live.
    pub sync: SyncStatus,
    /// The worst of the objects' health.
    pub health: HealthStatus,
    /// Successful syncs, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<RevisionHistory>,
    /// What is wrong or worth knowing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Last comparison with the latest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciled_at: Option<Time>,
    /// The last or running sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<OperationState>,
    /// Kind of source.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source_type: String,
    /// Kinds of several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_types: Vec<String>,
    /// Links and images.
    pub summary: Summary,
    /// `appTree` where objects' health is not in `resources`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_health_source: String,
    /// Namespace of the agent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub controller_namespace: String,
}

/// Verdict of desired against live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SyncStatusCode {
    /// Live is as desired.
    Synced,
    /// Live differs.
    OutOfSync,
    /// It could not be compared.
    #[default]
    #[serde(other)]
    Unknown,
}

impl SyncStatusCode {
    /// The code as upstream writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
            Self::Unknown => "Unknown",
        }
    }
}

/// `status.sync`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["status"]))]
pub struct SyncStatus {
    /// The verdict.
    pub status: SyncStatusCode,
    /// What was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_to: Option<ComparedTo>,
    /// The resolved revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// The resolved revisions of several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
}

/// `status.sync.comparedTo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["destination"]))]
pub struct ComparedTo {
    /// The source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The destination.
    pub destination: Destination,
    /// The rules of what was not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_differences: Vec<IgnoreDifferences>,
}

/// Verdict of health, best to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HealthCode {
    /// Works.
    Healthy,
    /// Waits because it was told to.
    Suspended,
    /// Not there yet.
    Progressing,
    /// Does not exist.
    Missing,
    /// Has failed.
    Degraded,
    /// Could not be judged.
    #[default]
    #[serde(other)]
    Unknown,
}

impl HealthCode {
    /// The code as upstream writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        }
    }
}

/// Health of an object or an Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthStatus {
    /// The verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthCode>,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the verdict last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// One row of `status.resources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceStatus {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Sync verdict; none for hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<SyncStatusCode>,
    /// Health, where it is kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// True for a hook.
    #[serde(skip_serializing_if = "is_false")]
    pub hook: bool,
    /// True where only the cluster has it.
    #[serde(skip_serializing_if = "is_false")]
    pub requires_pruning: bool,
    /// Its wave.
    #[serde(skip_serializing_if = "is_zero")]
    pub sync_wave: i64,
    /// True where its deletion must be confirmed.
    #[serde(skip_serializing_if = "is_false")]
    pub requires_deletion_confirmation: bool,
}

impl ResourceStatus {
    /// Which object the row is about.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.group.as_str(), self.kind.as_str(), self.namespace.as_str(), self.name.as_str())
    }
}

/// One successful sync.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["deployedAt", "id"]))]
pub struct RevisionHistory {
    /// Counts up from 0.
    pub id: i64,
    /// The revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// The revisions of several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// The source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// When the sync started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deploy_started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<Time>,
    /// Who asked.
    #[serde(skip_serializing_if = "OperationInitiator::is_empty")]
    pub initiated_by: OperationInitiator,
}

/// One condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["message", "type"]))]
pub struct Condition {
    /// Its type, such as `ComparisonError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is wrong, and what to do.
    pub message: String,
    /// When type and message last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// Phase of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationPhase {
    /// Under way.
    #[default]
    Running,
    /// Being stopped.
    Terminating,
    /// Ended without success.
    Failed,
    /// Could not be carried out.
    Error,
    /// Ended well.
    Succeeded,
}

impl OperationPhase {
    /// The phase as upstream writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Succeeded => "Succeeded",
        }
    }

    /// True once nothing more happens.
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }
}

/// `status.operationState`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["operation", "phase", "startedAt"]))]
pub struct OperationState {
    /// What was asked for.
    pub operation: Operation,
    /// How far it is.
    pub phase: OperationPhase,
    /// In a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Per object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_result: Option<SyncResult>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Retries so far.
    #[serde(skip_serializing_if = "is_zero")]
    pub retry_count: i64,
}

/// `operationState.syncResult`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["revision"]))]
pub struct SyncResult {
    /// One row for each object and phase.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceResult>,
    /// The revision.
    pub revision: String,
    /// The revisions of several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// The source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// What the namespace was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// Outcome for one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultCode {
    /// Applied.
    #[default]
    Synced,
    /// Refused.
    SyncFailed,
    /// Deleted.
    Pruned,
    /// Left, though Git no longer holds it.
    PruneSkipped,
}

/// One row of a sync result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("required" = ["group", "kind", "name", "namespace", "version"]))]
pub struct ResourceResult {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ResultCode>,
    /// The server's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Hook type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hook_type: String,
    /// How far the hook is, or the object while its wave is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_phase: Option<OperationPhase>,
    /// Phase it ran in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sync_phase: String,
    /// Images of its pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

impl ResourceResult {
    /// Which object the row is about.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.group.as_str(), self.kind.as_str(), self.namespace.as_str(), self.name.as_str())
    }
}

/// `status.summary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// Links of the objects.
    #[serde(rename = "externalURLs", skip_serializing_if = "Vec::is_empty")]
    pub external_urls: Vec<String>,
    /// Images of all pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// True where it manages Applications.
    #[serde(skip_serializing_if = "is_false")]
    pub is_app_of_apps: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {
                "project": "", "destination": {"server": IN_CLUSTER_SERVER, "namespace": "shop"},
                "source": {"repoURL": "https://git.example.com/shop.git", "path": "deploy"},
                "syncPolicy": {"automated": {"prune": true, "enabled": false}},
            },
            "status": {"health": {"status": "SomethingNew"}, "sync": {"status": "Synced"}},
        })
    }

    #[test]
    fn an_application_reads_with_its_defaults() {
        let app = Application::read(&Object::from_value(object()).expect("a map")).expect("it reads");
        assert_eq!(app.spec.project_name(), "default");
        assert_eq!(app.spec.sources_in_force()[0].revision(), "HEAD");
        assert_eq!(app.spec.automated(), None);
        assert_eq!(app.status.health.status, Some(HealthCode::Unknown));
        assert_eq!(app.instance_name("argocd"), "shop");
        assert_eq!(app.instance_name("windlass"), "argocd_shop");
    }

    #[test]
    fn a_wrong_type_names_its_part_and_a_broken_status_is_rebuilt() {
        let mut value = object();
        value["status"] = json!({"resources": 3});
        let object = Object::from_value(value.clone()).expect("a map");
        assert_eq!(Application::read(&object).expect("it reads").status, ApplicationStatus::default());
        value["spec"]["source"]["path"] = json!(3);
        let error =
            Application::read(&Object::from_value(value).expect("a map")).expect_err("path is no text");
        assert_eq!(error.field, "spec");
    }
}
