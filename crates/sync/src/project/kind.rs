//! The kind rules (reference 6.5).

use model::key::GroupKind;
use model::project::{AppProjectSpec, KindRule};

use crate::glob;

/// Namespaced: all where the whitelist is absent, none where it is empty. Cluster-scoped: only what is listed.
pub(super) fn permits(spec: &AppProjectSpec, kind: &GroupKind, name: &str, namespaced: bool) -> bool {
    if namespaced {
        let listed = spec.namespace_resource_whitelist.as_ref();
        return listed.is_none_or(|rules| allows(rules, kind, ""))
            && !forbids(&spec.namespace_resource_blacklist, kind, "");
    }
    allows(&spec.cluster_resource_whitelist, kind, name)
        && !forbids(&spec.cluster_resource_blacklist, kind, name)
}

fn allows(rules: &[KindRule], kind: &GroupKind, name: &str) -> bool {
    rules.iter().any(|rule| {
        glob::matches_filepath(&rule.group, &kind.group)
            && glob::matches_filepath(&rule.kind, &kind.kind)
            && (rule.name.is_empty() || glob::matches_filepath(&rule.name, name))
    })
}

/// As [`allows`], but a pattern that cannot be read forbids.
fn forbids(rules: &[KindRule], kind: &GroupKind, name: &str) -> bool {
    let hits =
        |pattern: &str, text: &str| glob::Glob::filepath(pattern).map_or(true, |glob| glob.matches(text));
    rules.iter().any(|rule| {
        hits(&rule.group, &kind.group)
            && hits(&rule.kind, &kind.kind)
            && (rule.name.is_empty() || hits(&rule.name, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::object::Object;
    use model::project::AppProject;

    #[track_caller]
    fn check(spec: serde_json::Value, expected: &str) {
        let object = Object::from_value(serde_json::json!({"metadata": {"name": "p"}, "spec": spec}));
        let project = AppProject::read(&object.expect("a map")).expect("the project reads");
        let asked = [("", "Service", true), ("apps", "Deployment", true), ("", "Namespace", false)];
        let shown: Vec<&str> = asked
            .iter()
            .filter(|(group, kind, namespaced)| {
                permits(&project.spec, &GroupKind::new(*group, *kind), "web", *namespaced)
            })
            .map(|(_, kind, _)| *kind)
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn an_empty_whitelist_is_not_an_absent_one() {
        check(serde_json::json!({}), "Service Deployment");
        check(serde_json::json!({"namespaceResourceWhitelist": []}), "");
        check(serde_json::json!({"namespaceResourceWhitelist": [{"group": "", "kind": "*"}]}), "Service");
    }

    #[test]
    fn cluster_scoped_kinds_must_be_listed() {
        let rules = |name: &str| serde_json::json!({"clusterResourceWhitelist": [{"group": "*", "kind": "*", "name": name}]});
        check(rules(""), "Service Deployment Namespace");
        check(rules("we*"), "Service Deployment Namespace");
        check(rules("other"), "Service Deployment");
    }

    #[test]
    fn blacklists_win_and_broken_ones_forbid() {
        check(serde_json::json!({"namespaceResourceBlacklist": [{"group": "apps", "kind": "*"}]}), "Service");
        check(serde_json::json!({"namespaceResourceBlacklist": [{"group": "[", "kind": "*"}]}), "");
        check(
            serde_json::json!({
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
            }),
            "Service Deployment",
        );
    }
}
