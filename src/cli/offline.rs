//! What a command believes of a cluster it does not ask.

use std::path::PathBuf;

use helm::{Capabilities, KubeVersion};
use model::kinds::ServedVersion;
use model::{GroupKind, Kinds, Object};

/// The cluster as the user describes it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DescribedCluster {
    /// Version of the cluster; that of Helm's library where none is given.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,

    /// API version the cluster serves, as group/version or group/version/Kind (several: separated by commas, or the
    /// option again).
    #[arg(short, long, value_name = "API", value_delimiter = ',')]
    api_versions: Vec<String>,

    /// File with one such API version a line; none where it is empty, as scripts that fill in a name may leave it.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_value = "", default_missing_value = "", hide_default_value = true)]
    api_versions_file: String,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescribedClusterError {
    /// The file of API versions cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The version is none.
    #[error(transparent)]
    KubeVersion(#[from] helm::KubeVersionError),
}

impl DescribedCluster {
    /// Its version as charts see it, where one was given.
    ///
    /// # Errors
    /// Where it is no version.
    pub fn kube_version(&self) -> Result<Option<KubeVersion>, DescribedClusterError> {
        Ok(self.kube_version.as_deref().map(KubeVersion::parse).transpose()?)
    }

    /// The API versions that were given, beside those that Helm knows by itself.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn api_versions(&self) -> Result<Vec<String>, DescribedClusterError> {
        let mut versions = self.api_versions.clone();
        if !self.api_versions_file.is_empty() {
            let path = PathBuf::from(&self.api_versions_file);
            let refuse = |source| DescribedClusterError::Read { path: path.clone(), source };
            let lines = std::fs::read_to_string(&path).map_err(refuse)?;
            versions.extend(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        }
        Ok(versions)
    }

    /// Its version as a cluster tells it.
    ///
    /// # Errors
    /// Where it is no version.
    pub fn version_text(&self) -> Result<String, DescribedClusterError> {
        let version = self.kube_version()?.unwrap_or_else(|| Capabilities::default().kube_version);
        Ok(version.version)
    }
}

/// What is known of kinds without asking: the built-in ones that stand outside namespaces, and those of the given
/// CustomResourceDefinitions. A kind that is not here counts as namespaced, as most are.
pub fn kinds<'a>(definitions: impl Iterator<Item = &'a Object>) -> Kinds {
    let mut kinds = Kinds::default();
    for (group, names) in CLUSTER_SCOPED {
        for name in *names {
            kinds.insert(GroupKind::new(*group, *name), served("v1", name, false));
        }
    }
    for definition in definitions {
        let Some(kind) = sync::desired::crd_kind(definition) else { continue };
        let namespaced = definition.pointer("/spec/scope").is_none_or(|scope| scope == "Namespaced");
        let versions = definition.pointer("/spec/versions").and_then(serde_json::Value::as_array);
        for version in versions.into_iter().flatten().filter_map(|version| version["name"].as_str()) {
            kinds.insert(kind.clone(), served(version, &kind.kind, namespaced));
        }
    }
    kinds
}

fn served(version: &str, kind: &str, namespaced: bool) -> ServedVersion {
    let plural = format!("{}s", kind.to_lowercase());
    ServedVersion { version: version.to_owned(), plural, namespaced, verbs: Vec::new() }
}

/// Kinds of the API server itself, and of `manifests/crds`, whose objects lie in no namespace.
const CLUSTER_SCOPED: &[(&str, &[&str])] = &[
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("argoproj.io", &["ClusterAnalysisTemplate"]),
    ("authentication.k8s.io", &["SelfSubjectReview", "TokenReview"]),
    ("authorization.k8s.io", &["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scopes_are_known_without_a_cluster() {
        let definition = Object::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "issuers.example.com"},
            "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Issuer"}, "versions": [{"name": "v1"}]},
        }))
        .expect("it is a map");
        let kinds = kinds([&definition].into_iter());
        assert_eq!(kinds.namespaced(&GroupKind::new("example.com", "Issuer")), Some(false));
        assert_eq!(
            kinds.namespaced(&GroupKind::new("rbac.authorization.k8s.io", "ClusterRole")),
            Some(false)
        );
        assert_eq!(kinds.namespaced(&GroupKind::new("apps", "Deployment")), None);
    }
}
