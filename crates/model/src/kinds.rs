//! Which kinds a cluster serves: one snapshot of its discovery.

use std::collections::BTreeMap;

use crate::key::{GroupKind, Gvk};

/// One snapshot of discovery. A group that did not answer is unknown, never absent (fault F05).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kinds {
    served: BTreeMap<GroupKind, Vec<ServedVersion>>,
    silent: BTreeMap<String, String>,
}

/// One API version of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedVersion {
    /// API version such as `v1`.
    pub version: String,
    /// Name of the resource in URLs, such as `deployments`.
    pub plural: String,
    /// True where objects lie in namespaces.
    pub namespaced: bool,
    /// Verbs such as `get` and `watch`.
    pub verbs: Vec<String>,
}

/// What discovery knows of one kind at one version.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup<'a> {
    /// It is served.
    Served(&'a ServedVersion),
    /// The kind is served, but not at this version.
    OtherVersions(Vec<&'a str>),
    /// The cluster has no such kind.
    Absent,
    /// The group did not answer: nobody knows.
    Unknown(&'a str),
}

impl Kinds {
    /// Adds a version of a kind; the group's preferred version comes first.
    pub fn insert(&mut self, kind: GroupKind, version: ServedVersion) {
        let versions = self.served.entry(kind).or_default();
        versions.retain(|known| known.version != version.version);
        versions.push(version);
    }

    /// Notes a group whose discovery failed, with the server's words.
    pub fn silent(&mut self, group: impl Into<String>, why: impl Into<String>) {
        self.silent.insert(group.into(), why.into());
    }

    /// What is known of `gvk`.
    pub fn find(&self, gvk: &Gvk) -> Lookup<'_> {
        let versions = self.versions(&gvk.group_kind());
        if let Some(served) = versions.iter().find(|served| served.version == gvk.version) {
            return Lookup::Served(served);
        }
        if let Some(why) = self.silent.get(&gvk.group) {
            return Lookup::Unknown(why);
        }
        if versions.is_empty() {
            return Lookup::Absent;
        }
        Lookup::OtherVersions(versions.iter().map(|served| served.version.as_str()).collect())
    }

    /// The versions served of a kind, preferred first.
    pub fn versions(&self, kind: &GroupKind) -> &[ServedVersion] {
        self.served.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Whether a kind's objects lie in namespaces; none where the kind is not known.
    pub fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        self.versions(kind).first().map(|served| served.namespaced)
    }

    /// Why a group's kinds are not known.
    pub fn why_silent(&self, group: &str) -> Option<&str> {
        self.silent.get(group).map(String::as_str)
    }

    /// Every kind with its versions.
    pub fn iter(&self) -> impl Iterator<Item = (&GroupKind, &[ServedVersion])> {
        self.served.iter().map(|(kind, versions)| (kind, versions.as_slice()))
    }

    /// `group/version` and `group/version/Kind` of all that is served, sorted: what Helm templates see.
    pub fn api_versions(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .iter()
            .flat_map(|(kind, versions)| versions.iter().map(move |served| (kind, served)))
            .flat_map(|(kind, served)| {
                let gvk =
                    Gvk { group: kind.group.clone(), version: served.version.clone(), kind: String::new() };
                let version = gvk.api_version();
                [format!("{version}/{}", kind.kind), version]
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Kinds {
        let mut kinds = Kinds::default();
        let version = |version: &str| ServedVersion {
            version: version.into(),
            plural: "deployments".into(),
            namespaced: true,
            verbs: vec!["get".into()],
        };
        kinds.insert(GroupKind::new("apps", "Deployment"), version("v1"));
        kinds.silent("metrics.k8s.io", "503");
        kinds
    }

    #[test]
    fn silence_is_not_absence() {
        let kinds = kinds();
        assert!(matches!(kinds.find(&Gvk::new("apps/v1", "Deployment")), Lookup::Served(_)));
        assert_eq!(kinds.find(&Gvk::new("apps/v1beta1", "Deployment")), Lookup::OtherVersions(vec!["v1"]));
        assert_eq!(kinds.find(&Gvk::new("batch/v1", "Job")), Lookup::Absent);
        assert_eq!(kinds.find(&Gvk::new("metrics.k8s.io/v1", "PodMetrics")), Lookup::Unknown("503"));
    }

    #[test]
    fn templates_see_versions_with_and_without_kinds() {
        assert_eq!(kinds().api_versions(), ["apps/v1", "apps/v1/Deployment"]);
    }
}
