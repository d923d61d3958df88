//! The shape of what Applications and AppProjects hold but windlass keeps without reading it.
//!
//! Nobody makes these values: the fields are declared so that the API server refuses what upstream's refuses.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::application::{DirectorySource, HelmSource, KustomizeSource};
use crate::parts::IntOrString;
use crate::time::Time;

/// `source.kustomize`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Kustomize {
    /// Put before names.
    pub name_prefix: Option<String>,
    /// Put after names.
    pub name_suffix: Option<String>,
    /// Namespace of all objects.
    pub namespace: Option<String>,
    /// Image overrides, as `old=new:tag`.
    pub images: Option<Vec<String>>,
    /// Replica counts.
    pub replicas: Option<Vec<KustomizeReplicas>>,
    /// Labels of all objects.
    pub common_labels: Option<BTreeMap<String, String>>,
    /// Annotations of all objects.
    pub common_annotations: Option<BTreeMap<String, String>>,
    /// Lets labels replace others.
    pub force_common_labels: Option<bool>,
    /// Lets annotations replace others.
    pub force_common_annotations: Option<bool>,
    /// Fills build variables into annotations.
    pub common_annotations_envsubst: Option<bool>,
    /// Leaves selectors as they are.
    pub label_without_selector: Option<bool>,
    /// Labels pod templates, too.
    pub label_include_templates: Option<bool>,
    /// Patches.
    pub patches: Option<Vec<KustomizePatch>>,
    /// Components.
    pub components: Option<Vec<String>>,
    /// Components that do not exist are passed over.
    pub ignore_missing_components: Option<bool>,
    /// A named version.
    pub version: Option<String>,
    /// Kubernetes version that charts see.
    pub kube_version: Option<String>,
    /// API versions that charts see.
    pub api_versions: Option<Vec<String>>,
}

/// One replica count.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct KustomizeReplicas {
    /// Object.
    pub name: String,
    /// Its replicas.
    pub count: IntOrString,
}

/// One patch.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct KustomizePatch {
    /// File that holds it.
    pub path: Option<String>,
    /// Its text.
    pub patch: Option<String>,
    /// Which objects.
    pub target: Option<KustomizeTarget>,
    /// Options such as `allowNameChange`.
    pub options: Option<BTreeMap<String, bool>>,
}

/// Objects that a patch is for.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct KustomizeTarget {
    /// API group.
    pub group: Option<String>,
    /// API version.
    pub version: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Name, a regular expression.
    pub name: Option<String>,
    /// Namespace, a regular expression.
    pub namespace: Option<String>,
    /// Selector over labels.
    pub label_selector: Option<String>,
    /// Selector over annotations.
    pub annotation_selector: Option<String>,
}

/// `directory.jsonnet`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Jsonnet {
    /// External variables.
    pub ext_vars: Option<Vec<JsonnetVariable>>,
    /// Top-level arguments.
    pub tlas: Option<Vec<JsonnetVariable>>,
    /// Library folders.
    pub libs: Option<Vec<String>>,
}

/// One variable.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct JsonnetVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Evaluates the value.
    pub code: Option<bool>,
}

/// `source.plugin`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Plugin {
    /// Plugin; found by itself where empty.
    pub name: Option<String>,
    /// Environment.
    pub env: Option<Vec<PluginVariable>>,
    /// Parameters.
    pub parameters: Option<Vec<PluginParameter>>,
}

/// One variable of a plugin's environment.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct PluginVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One parameter of a plugin: one of three forms.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct PluginParameter {
    /// Its name.
    pub name: Option<String>,
    /// As a text.
    pub string: Option<String>,
    /// As a list.
    pub array: Option<Vec<String>>,
    /// As a map.
    pub map: Option<BTreeMap<String, String>>,
}

/// `spec.sourceHydrator`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SourceHydrator {
    /// What is rendered.
    pub dry_source: DrySource,
    /// Where the result is read from.
    pub sync_source: SyncSource,
    /// Where the result is written first.
    pub hydrate_to: Option<HydrateTo>,
}

/// What a hydrator renders.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct DrySource {
    /// Repository.
    #[schemars(rename = "repoURL")]
    pub repo_url: String,
    /// Revision.
    pub target_revision: String,
    /// Folder.
    pub path: String,
    /// Helm options.
    pub helm: Option<HelmSource>,
    /// Kustomize options.
    pub kustomize: Option<KustomizeSource>,
    /// Options of a folder of manifests.
    pub directory: Option<DirectorySource>,
    /// A plugin.
    pub plugin: Option<Plugin>,
}

/// Where a hydrator's result is read from.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SyncSource {
    /// Repository; the rendered one where empty.
    #[schemars(rename = "repoURL")]
    pub repo_url: Option<String>,
    /// Branch.
    pub target_branch: String,
    /// Folder, never the root.
    #[schemars(extend("minLength" = 1, "pattern" = "^.{2,}|[^./]$"))]
    pub path: String,
}

/// Where a hydrator's result is written first.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct HydrateTo {
    /// Branch.
    pub target_branch: String,
}

/// `operation.sync.syncStrategy`: one of the two.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SyncStrategy {
    /// Without hooks.
    pub apply: Option<SyncStrategyForce>,
    /// With hooks.
    pub hook: Option<SyncStrategyForce>,
}

/// Options of a strategy.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SyncStrategyForce {
    /// Deletes and makes anew what cannot be changed.
    pub force: Option<bool>,
}

/// What `operation.sync` holds beside the fields that are read.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SyncOperationRest {
    /// Manifests instead of the source's.
    pub manifests: Option<Vec<String>>,
}

/// What `status` of an Application holds beside the fields that are read.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct ApplicationStatusRest {
    /// No longer written.
    pub observed_at: Option<Time>,
    /// Of a hydrator.
    pub source_hydrator: Option<SourceHydratorStatus>,
}

/// `status.sourceHydrator`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SourceHydratorStatus {
    /// The last that succeeded.
    pub last_successful_operation: Option<HydrateSuccess>,
    /// The last of all.
    pub current_operation: Option<HydrateOperation>,
    /// Revision last looked at.
    pub last_compared_dry_revision: Option<String>,
}

/// A hydration that succeeded.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct HydrateSuccess {
    /// What was rendered.
    #[schemars(rename = "drySHA")]
    pub dry_sha: Option<String>,
    /// What was written.
    #[schemars(rename = "hydratedSHA")]
    pub hydrated_sha: Option<String>,
    /// With which options.
    pub source_hydrator: Option<SourceHydrator>,
}

/// A hydration.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct HydrateOperation {
    /// How far it is.
    #[schemars(extend("enum" = ["Hydrating", "Failed", "Hydrated"]))]
    pub phase: String,
    /// Why.
    pub message: String,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What was rendered.
    #[schemars(rename = "drySHA")]
    pub dry_sha: Option<String>,
    /// What was written.
    #[schemars(rename = "hydratedSHA")]
    pub hydrated_sha: Option<String>,
    /// With which options.
    pub source_hydrator: Option<SourceHydrator>,
}

/// A rule about namespaced kinds: upstream's has no name.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct NamespacedKind {
    /// Group pattern.
    pub group: String,
    /// Kind pattern.
    pub kind: String,
}

/// `spec.orphanedResources` of an AppProject.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct OrphanedResources {
    /// Says so in a condition.
    pub warn: Option<bool>,
    /// Objects that are left out.
    pub ignore: Option<Vec<OrphanedResourceRule>>,
}

/// Objects that may be nobody's.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct OrphanedResourceRule {
    /// API group.
    pub group: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Name.
    pub name: Option<String>,
}

/// One item of `spec.syncWindows`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SyncWindow {
    /// `allow` or `deny`.
    pub kind: Option<String>,
    /// When it opens, as cron.
    pub schedule: Option<String>,
    /// How long it stays open.
    pub duration: Option<String>,
    /// Time zone of the schedule; UTC where empty.
    pub time_zone: Option<String>,
    /// Applications it is for.
    pub applications: Option<Vec<String>>,
    /// Namespaces it is for.
    pub namespaces: Option<Vec<String>>,
    /// Clusters it is for.
    pub clusters: Option<Vec<String>>,
    /// All three must match instead of one.
    pub and_operator: Option<bool>,
    /// Lets syncs by hand pass.
    pub manual_sync: Option<bool>,
    /// Lets a sync end that began in time.
    pub sync_overrun: Option<bool>,
    /// What it is for.
    pub description: Option<String>,
}

/// One item of `spec.signatureKeys`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SignatureKey {
    /// Key.
    #[schemars(rename = "keyID")]
    pub key_id: String,
}

/// `spec.sourceIntegrity`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SourceIntegrity {
    /// Of Git repositories.
    pub git: GitIntegrity,
}

/// Signature policies of Git repositories.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct GitIntegrity {
    /// Policies.
    pub policies: Vec<GitIntegrityPolicy>,
}

/// One policy.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct GitIntegrityPolicy {
    /// Repositories it is for.
    pub repos: Vec<GitIntegrityRepository>,
    /// What is asked of them.
    pub gpg: GpgPolicy,
}

/// Repositories of a policy.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct GitIntegrityRepository {
    /// URL pattern.
    pub url: String,
}

/// Which signatures are asked for.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct GpgPolicy {
    /// `none`, `head` or `strict`.
    pub mode: String,
    /// Keys that count.
    pub keys: Vec<String>,
}

/// One item of `spec.roles`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct ProjectRole {
    /// Role.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub policies: Option<Vec<String>>,
    /// Who has it.
    pub groups: Option<Vec<String>>,
    /// Tokens.
    pub jwt_tokens: Option<Vec<JwtToken>>,
}

/// One token.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct JwtToken {
    /// When it was issued.
    pub iat: i64,
    /// When it ends.
    pub exp: Option<i64>,
    /// Its name.
    pub id: Option<String>,
}

/// `status` of an AppProject.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct AppProjectStatus {
    /// Tokens of each role.
    pub jwt_tokens_by_role: Option<BTreeMap<String, JwtTokens>>,
}

/// Tokens of one role.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct JwtTokens {
    /// Tokens.
    pub items: Option<Vec<JwtToken>>,
}
