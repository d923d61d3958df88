//! What users say on an object: `argocd.argoproj.io/*` (and the Helm spellings) read once into types.
//!
//! Upstream's rules: unknown values are ignored, never an error (reference sections 1.4, 1.8, 2.5, 4.7).

use std::collections::BTreeMap;

use crate::object::Object;

/// Sync wave of an object or hook.
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Phases in which an object runs as a hook.
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// When a hook is deleted.
pub const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Options of one object, or of the application.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// How one object is compared.
pub const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Which application and object a tracked object is.
pub const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Which installation tracks an object.
pub const INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// Takes an object out of its application's health.
pub const IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// Asks for a refresh of an Application: `normal` or `hard`.
pub const REFRESH: &str = "argocd.argoproj.io/refresh";
/// Takes an Application out of reconciliation.
pub const SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
/// Confirms a prune or deletion that asks for confirmation.
pub const DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Paths of a source whose change concerns an Application.
pub const MANIFEST_GENERATE_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";
/// The finalizer that cascades an Application's deletion.
pub const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// Helm's hook phases.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// Helm's order among hooks; a wave where no Argo wave is given.
pub const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
/// Helm's hook deletion policies, added to Argo's.
pub const HELM_HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
/// Helm's `keep`: not deleted with the application (pruning ignores it).
pub const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// Phase of a sync, in the order they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before anything is applied.
    PreSync,
    /// With the application's own objects.
    Sync,
    /// After all objects are healthy.
    PostSync,
    /// After a sync has failed.
    SyncFail,
}

impl Phase {
    /// The phase as upstream writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
        }
    }
}

/// One value of the hook annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookType {
    /// Runs in a phase of a sync.
    Phase(Phase),
    /// Runs before an application's objects are deleted.
    PreDelete,
    /// Runs after an application's objects are deleted.
    PostDelete,
    /// Is never applied.
    Skip,
}

/// What the hook annotations make of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// An object of the application.
    Resource,
    /// A hook with its phases.
    Hook(Vec<HookType>),
    /// Hook annotations without a known phase, or `Skip` alone: not applied, no verdict.
    Ignored,
}

/// When a hook is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookDeletePolicy {
    /// Before it is made again; the default.
    BeforeHookCreation,
    /// When the whole sync has succeeded.
    HookSucceeded,
    /// When the sync has failed.
    HookFailed,
}

/// What the hook annotations of `object` make of it.
pub fn role(object: &Object) -> Role {
    let argo = values(object, HOOK);
    let known: Vec<HookType> = argo.iter().filter_map(|value| argo_hook(value)).collect();
    if known.iter().any(|hook| *hook != HookType::Skip) {
        return Role::Hook(known.into_iter().filter(|hook| *hook != HookType::Skip).collect());
    }
    if !known.is_empty() {
        return Role::Ignored;
    }
    let helm = values(object, HELM_HOOK);
    if helm.is_empty() || helm == ["crd-install"] {
        return if argo.is_empty() { Role::Resource } else { Role::Ignored };
    }
    let known: Vec<HookType> = helm.iter().filter_map(|value| helm_hook(value)).collect();
    if known.is_empty() { Role::Ignored } else { Role::Hook(known) }
}

/// The sync wave: Argo's annotation, else Helm's hook weight, else 0. What is not a whole number is ignored.
pub fn sync_wave(object: &Object) -> i64 {
    [SYNC_WAVE, HELM_HOOK_WEIGHT]
        .iter()
        .find_map(|key| object.annotation(key)?.trim().parse().ok())
        .unwrap_or(0)
}

/// When the hook `object` is deleted; `BeforeHookCreation` where nothing known is said.
pub fn hook_delete_policies(object: &Object) -> Vec<HookDeletePolicy> {
    let argo = values(object, HOOK_DELETE_POLICY);
    let helm = values(object, HELM_HOOK_DELETE_POLICY);
    let mut policies: Vec<_> = argo
        .iter()
        .filter_map(|value| match *value {
            "BeforeHookCreation" => Some(HookDeletePolicy::BeforeHookCreation),
            "HookSucceeded" => Some(HookDeletePolicy::HookSucceeded),
            "HookFailed" => Some(HookDeletePolicy::HookFailed),
            _ => None,
        })
        .chain(helm.iter().filter_map(|value| match *value {
            "before-hook-creation" => Some(HookDeletePolicy::BeforeHookCreation),
            "hook-succeeded" => Some(HookDeletePolicy::HookSucceeded),
            "hook-failed" => Some(HookDeletePolicy::HookFailed),
            _ => None,
        }))
        .collect();
    policies.sort_unstable();
    policies.dedup();
    if policies.is_empty() {
        policies.push(HookDeletePolicy::BeforeHookCreation);
    }
    policies
}

/// Options written as `Key=value` (or a bare word), case kept.
///
/// On an object the annotation is a comma list in which the first of two equal keys wins; on an Application
/// they are a list of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads a list of options.
    pub fn read<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut options = BTreeMap::new();
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
            options.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
        Self(options)
    }

    /// Reads one annotation of `object`.
    pub fn of(object: &Object, annotation: &str) -> Self {
        Self::read(object.annotation(annotation).unwrap_or_default().split(','))
    }

    /// The value of an option; empty for a bare word.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// True for exactly `key=true`.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some("true")
    }

    /// True for exactly `key=false`.
    pub fn is_false(&self, key: &str) -> bool {
        self.get(key) == Some("false")
    }

    /// True where the word or key stands.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

/// Options of `object` for its sync.
pub fn sync_options(object: &Object) -> Options {
    Options::of(object, SYNC_OPTIONS)
}

/// Options of `object` for its comparison.
pub fn compare_options(object: &Object) -> Options {
    Options::of(object, COMPARE_OPTIONS)
}

fn values<'a>(object: &'a Object, annotation: &str) -> Vec<&'a str> {
    let list = object.annotation(annotation).unwrap_or_default();
    list.split(',').map(str::trim).filter(|value| !value.is_empty()).collect()
}

fn argo_hook(value: &str) -> Option<HookType> {
    Some(match value {
        "PreSync" => HookType::Phase(Phase::PreSync),
        "Sync" => HookType::Phase(Phase::Sync),
        "PostSync" => HookType::Phase(Phase::PostSync),
        "SyncFail" => HookType::Phase(Phase::SyncFail),
        "PreDelete" => HookType::PreDelete,
        "PostDelete" => HookType::PostDelete,
        "Skip" => HookType::Skip,
        _ => return None,
    })
}

fn helm_hook(value: &str) -> Option<HookType> {
    Some(match value {
        "pre-install" | "pre-upgrade" => HookType::Phase(Phase::PreSync),
        "post-install" | "post-upgrade" => HookType::Phase(Phase::PostSync),
        "pre-delete" => HookType::PreDelete,
        "post-delete" => HookType::PostDelete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(annotations: serde_json::Value) -> Object {
        Object::from_value(json!({"metadata": {"annotations": annotations}})).expect("it is a map")
    }

    #[track_caller]
    fn check_role(annotations: serde_json::Value, expected: Role) {
        assert_eq!(role(&with(annotations)), expected);
    }

    #[test]
    fn argo_hooks_win_over_helm_hooks() {
        let pre = Role::Hook(vec![HookType::Phase(Phase::PreSync)]);
        check_role(json!({}), Role::Resource);
        check_role(json!({HOOK: "PreSync", HELM_HOOK: "post-install"}), pre.clone());
        check_role(json!({HELM_HOOK: "pre-install"}), pre.clone());
        check_role(json!({HOOK: "Skip, PreSync"}), pre);
        check_role(json!({HOOK: "Skip"}), Role::Ignored);
        check_role(json!({HOOK: "presync"}), Role::Ignored);
        check_role(json!({HELM_HOOK: "test"}), Role::Ignored);
        check_role(json!({HELM_HOOK: "crd-install"}), Role::Resource);
    }

    #[test]
    fn a_wave_falls_back_to_the_hook_weight() {
        assert_eq!(sync_wave(&with(json!({SYNC_WAVE: "-3", HELM_HOOK_WEIGHT: "5"}))), -3);
        assert_eq!(sync_wave(&with(json!({SYNC_WAVE: "x", HELM_HOOK_WEIGHT: "5"}))), 5);
        assert_eq!(sync_wave(&with(json!({}))), 0);
    }

    #[test]
    fn the_first_of_two_equal_options_wins() {
        let options = sync_options(&with(json!({SYNC_OPTIONS: " Prune=false , Prune=true,Bare"})));
        assert!(options.is_false("Prune") && options.has("Bare") && !options.is_true("Prune"));
    }

    #[test]
    fn helm_policies_are_added_and_the_default_fills_in() {
        let policies = hook_delete_policies(&with(json!({
            HOOK_DELETE_POLICY: "HookFailed", HELM_HOOK_DELETE_POLICY: "hook-succeeded",
        })));
        assert_eq!(policies, [HookDeletePolicy::HookSucceeded, HookDeletePolicy::HookFailed]);
        assert_eq!(hook_delete_policies(&with(json!({}))), [HookDeletePolicy::BeforeHookCreation]);
    }
}
