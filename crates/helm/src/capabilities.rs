//! What a chart may ask about the cluster: its version and the API versions it serves.

use std::sync::Arc;

use crate::HelmVersion;

/// The version of a cluster, as charts see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// The whole version with a leading `v`, such as `v1.33.4-gke.1245000`.
    pub version: String,
    /// Major, minor and patch with a leading `v`: what constraints are checked against.
    pub normalized: String,
    /// The major version.
    pub major: String,
    /// The minor version.
    pub minor: String,
}

/// A text is no Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid kube version '{version}': {why}")]
pub struct KubeVersionError {
    /// The text as given.
    pub version: String,
    why: String,
}

impl KubeVersion {
    /// Reads `1.33.4`, `v1.33`, `v1.33.4-gke.1` and the like: two numbers at least, what follows them is kept but
    /// not compared.
    pub fn parse(text: &str) -> Result<Self, KubeVersionError> {
        let refuse = |why: String| KubeVersionError { version: text.to_owned(), why };
        let trimmed = text.trim_start();
        let trimmed = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
        let mut end = digits(trimmed);
        if end == 0 || text.contains('\n') {
            return Err(refuse(format!("could not parse {text:?} as version")));
        }
        while trimmed[end..].starts_with('.') && digits(&trimmed[end + 1..]) > 0 {
            end += 1 + digits(&trimmed[end + 1..]);
        }
        let parts: Vec<&str> = trimmed[..end].split('.').collect();
        if parts.len() < 2 {
            return Err(refuse(format!("illegal version string {text:?}")));
        }
        if parts[0].len() > 1 && parts[0].starts_with('0') {
            return Err(refuse(format!(
                "illegal zero-prefixed version component {:?} in {text:?}",
                parts[0]
            )));
        }
        let mut read = Vec::with_capacity(parts.len());
        for part in &parts {
            let number: u64 = part
                .parse()
                .map_err(|_| refuse(format!("illegal non-numeric version component {part:?} in {text:?}")))?;
            read.push(number.to_string());
        }
        Ok(Self {
            version: if text.starts_with('v') { text.to_owned() } else { format!("v{text}") },
            normalized: format!("v{}", read.join(".")),
            major: read[0].clone(),
            minor: read[1].clone(),
        })
    }
}

/// The cluster as a chart may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Its version.
    pub kube_version: KubeVersion,
    /// What it serves: `group/version`, and `group/version/Kind` where the caller knows the kinds.
    pub api_versions: Arc<[String]>,
}

impl Capabilities {
    /// What this Helm knows with no cluster, with `kube_version` and `more` API versions on top.
    pub fn offline(
        version: HelmVersion,
        kube_version: Option<KubeVersion>,
        more: impl IntoIterator<Item = String>,
    ) -> Self {
        let known = KNOWN_VERSIONS.iter().flat_map(|known| match version {
            HelmVersion::V3 => known_to_3_19(known),
            HelmVersion::V4 => vec![*known],
        });
        Self {
            kube_version: kube_version.unwrap_or_else(|| default_kube_version(version)),
            api_versions: known.map(str::to_owned).chain(more).collect(),
        }
    }
}

impl Default for Capabilities {
    /// What Helm 4.2 knows with no cluster.
    fn default() -> Self {
        Self::offline(HelmVersion::V4, None, [])
    }
}

/// The version that goes with the API library Helm is built with.
fn default_kube_version(version: HelmVersion) -> KubeVersion {
    let minor = match version {
        HelmVersion::V3 => "34",
        HelmVersion::V4 => "36",
    };
    let version = format!("v1.{minor}.0");
    KubeVersion { normalized: version.clone(), version, major: "1".to_owned(), minor: minor.to_owned() }
}

/// What Helm 3.19 has in the place of an API version of 4.2.
fn known_to_3_19(known: &'static str) -> Vec<&'static str> {
    match known {
        "autoscaling/v2" => vec![known, "autoscaling/v2beta1", "autoscaling/v2beta2"],
        "scheduling.k8s.io/v1alpha2" => vec!["scheduling.k8s.io/v1alpha1"],
        "storagemigration.k8s.io/v1beta1" => vec!["storagemigration.k8s.io/v1alpha1"],
        _ => vec![known],
    }
}

/// The API versions of the library Helm 4.2 is built with, in its order.
const KNOWN_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str, &str, &str)>) {
        let read = KubeVersion::parse(text).ok();
        let found = read.as_ref().map(|v| (&*v.version, &*v.normalized, &*v.major, &*v.minor));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn each_helm_knows_what_its_library_knows() {
        let knows = |version, known: &str| {
            Capabilities::offline(version, None, []).api_versions.iter().any(|api| api == known)
        };
        assert!(
            knows(HelmVersion::V3, "autoscaling/v2beta1") && !knows(HelmVersion::V4, "autoscaling/v2beta1")
        );
        assert_eq!(Capabilities::offline(HelmVersion::V3, None, []).kube_version.version, "v1.34.0");
        assert_eq!(Capabilities::default().kube_version.version, "v1.36.0");
    }

    #[test]
    fn versions_are_normalised() {
        check("1.33.4", Some(("v1.33.4", "v1.33.4", "1", "33")));
        check("v1.33", Some(("v1.33", "v1.33", "1", "33")));
        check("v1.33.4-gke.1245000", Some(("v1.33.4-gke.1245000", "v1.33.4", "1", "33")));
        check("1.28.3+k3s1", Some(("v1.28.3+k3s1", "v1.28.3", "1", "28")));
        check("1", None);
        check("latest", None);
        check("1.08", Some(("v1.08", "v1.8", "1", "8")));
        check("01.8", None);
        check("1.33.4.5", Some(("v1.33.4.5", "v1.33.4.5", "1", "33")));
        check("", None);
    }
}
