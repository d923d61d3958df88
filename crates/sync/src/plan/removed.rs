//! API versions that Kubernetes has removed, with what took their place.

use model::key::Gvk;

/// An API version that is gone.
pub(super) struct Removed {
    /// Kubernetes version that no longer serves it.
    pub since: &'static str,
    /// What to write instead; empty where nothing took its place.
    pub successor: &'static str,
}

/// Group and version, kinds (empty: all), removed in, successor: from the deprecation guide of kubernetes.io.
const TABLE: &[(&str, &[&str], &str, &str)] = &[
    ("extensions/v1beta1", &["Ingress"], "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["PodSecurityPolicy"], "1.16", ""),
    ("extensions/v1beta1", &[], "1.16", "apps/v1"),
    ("apps/v1beta1", &[], "1.16", "apps/v1"),
    ("apps/v1beta2", &[], "1.16", "apps/v1"),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io/v1beta1", &[], "1.22", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", &[], "1.22", "apiregistration.k8s.io/v1"),
    ("authentication.k8s.io/v1beta1", &["TokenReview"], "1.22", "authentication.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", &[], "1.22", "authorization.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", &["Lease"], "1.22", "coordination.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "1.22", "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", &[], "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", &[], "1.22", "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], "1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], "1.27", "storage.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        "1.22",
        "storage.k8s.io/v1",
    ),
    ("batch/v1beta1", &["CronJob"], "1.25", "batch/v1"),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], "1.25", "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", &["Event"], "1.25", "events.k8s.io/v1"),
    ("autoscaling/v2beta1", &[], "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", &[], "1.26", "autoscaling/v2"),
    ("policy/v1beta1", &["PodDisruptionBudget"], "1.25", "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], "1.25", ""),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], "1.25", "node.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &[], "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", &[], "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", &[], "1.32", "flowcontrol.apiserver.k8s.io/v1"),
];

/// When a version of a kind was removed, where that is known.
pub(super) fn removed(gvk: &Gvk) -> Option<Removed> {
    let written = gvk.api_version();
    TABLE
        .iter()
        .find(|(version, kinds, _, _)| {
            *version == written && (kinds.is_empty() || kinds.contains(&gvk.kind.as_str()))
        })
        .map(|&(_, _, since, successor)| Removed { since, successor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_version_and_name() {
        let found = |version: &str, kind: &str| {
            removed(&Gvk::new(version, kind)).map(|gone| (gone.since, gone.successor))
        };
        assert_eq!(
            found("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"),
            Some(("1.22", "apiextensions.k8s.io/v1"))
        );
        assert_eq!(found("extensions/v1beta1", "Ingress"), Some(("1.22", "networking.k8s.io/v1")));
        assert_eq!(found("extensions/v1beta1", "Deployment"), Some(("1.16", "apps/v1")));
        assert_eq!(found("policy/v1beta1", "PodSecurityPolicy"), Some(("1.25", "")));
        assert_eq!(found("apps/v1", "Deployment"), None);
    }
}
