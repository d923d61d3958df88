//! Kinds that nobody manages (reference 3.7): not watched, not compared, not applied.

use model::key::GroupKind;
use model::settings::{KindFilter, Settings};

use crate::glob;

/// The settings' exclusions and inclusions for one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Exclusions<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// URL of the cluster.
    pub server: &'a str,
}

impl Exclusions<'_> {
    /// Whether a kind is left alone. An exclusion beats an inclusion; once an inclusion speaks of the cluster,
    /// what none of them lists is excluded.
    pub fn excludes(&self, kind: &GroupKind) -> bool {
        is_never_managed(kind) || any(&self.settings.exclusions, kind, self.server) || !self.includes(kind)
    }

    fn includes(&self, kind: &GroupKind) -> bool {
        let mut speaking =
            self.settings.inclusions.iter().filter(|filter| for_cluster(filter, self.server)).peekable();
        speaking.peek().is_none() || speaking.any(|filter| for_kind(filter, kind))
    }
}

/// Upstream's hard-coded exclusions.
fn is_never_managed(kind: &GroupKind) -> bool {
    match kind.group.as_str() {
        "events.k8s.io" | "metrics.k8s.io" => true,
        "" => kind.kind == "Event",
        "coordination.k8s.io" => kind.kind == "Lease",
        _ => false,
    }
}

fn any(filters: &[KindFilter], kind: &GroupKind, server: &str) -> bool {
    filters.iter().any(|filter| for_cluster(filter, server) && for_kind(filter, kind))
}

fn for_cluster(filter: &KindFilter, server: &str) -> bool {
    filter.clusters.is_empty() || filter.clusters.iter().any(|pattern| glob::matches(pattern, server))
}

fn for_kind(filter: &KindFilter, kind: &GroupKind) -> bool {
    (filter.api_groups.is_empty()
        || filter.api_groups.iter().any(|pattern| glob::matches(pattern, &kind.group)))
        && (filter.kinds.is_empty()
            || filter.kinds.iter().any(|listed| listed == "*" || *listed == kind.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(groups: &[&str], kinds: &[&str], clusters: &[&str]) -> KindFilter {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        KindFilter { api_groups: owned(groups), kinds: owned(kinds), clusters: owned(clusters) }
    }

    #[track_caller]
    fn check(exclusions: Vec<KindFilter>, inclusions: Vec<KindFilter>, excluded: &str) {
        let settings = Settings { exclusions, inclusions, ..Settings::default() };
        let asked = [("", "Event"), ("", "Secret"), ("apps", "Deployment"), ("cilium.io", "CiliumIdentity")];
        let all = Exclusions { settings: &settings, server: "https://one.example" };
        let shown: Vec<&str> = asked
            .iter()
            .filter(|(group, kind)| all.excludes(&GroupKind::new(*group, *kind)))
            .map(|(_, kind)| *kind)
            .collect();
        assert_eq!(shown.join(" "), excluded);
    }

    #[test]
    fn exclusions_beat_inclusions_and_inclusions_shut_the_rest_out() {
        check(vec![], vec![], "Event");
        check(vec![filter(&["cilium.*"], &["*"], &[])], vec![], "Event CiliumIdentity");
        check(vec![filter(&[], &["Secret"], &["https://two*"])], vec![], "Event");
        check(vec![], vec![filter(&["apps", ""], &[], &[])], "Event CiliumIdentity");
        check(
            vec![filter(&[""], &[], &[])],
            vec![filter(&["apps", ""], &[], &[])],
            "Event Secret CiliumIdentity",
        );
    }
}
