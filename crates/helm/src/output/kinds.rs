//! The order in which Helm installs kinds.

use crate::HelmVersion;

/// Known kinds, first to last. The last two follow APIService since version 4; before it they were unknown.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// What a kind is sorted by: its place among the known ones; unknown ones come last, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KindOrder<'a> {
    Known(usize),
    Unknown(&'a str),
}

impl<'a> KindOrder<'a> {
    pub(crate) fn of(kind: &'a str, version: HelmVersion) -> Self {
        let known = match version {
            HelmVersion::V3 => &INSTALL_ORDER[..36],
            HelmVersion::V4 => &INSTALL_ORDER[..],
        };
        known.iter().position(|name| *name == kind).map_or(KindOrder::Unknown(kind), KindOrder::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_come_last_by_name() {
        let mut kinds = ["Zebra", "Service", "ValidatingWebhookConfiguration", "Alpha", "Namespace"];
        kinds.sort_by_key(|kind| KindOrder::of(kind, HelmVersion::V4));
        assert_eq!(kinds, ["Namespace", "Service", "ValidatingWebhookConfiguration", "Alpha", "Zebra"]);
        kinds.sort_by_key(|kind| KindOrder::of(kind, HelmVersion::V3));
        assert_eq!(kinds, ["Namespace", "Service", "Alpha", "ValidatingWebhookConfiguration", "Zebra"]);
    }
}
