//! The one comparison: phase, wave, kind, name (reference 4.3).

use model::annotations::Phase;
use model::key::{GroupKind, ObjectKey};

use super::tasks::{Task, Work};
use crate::desired::crd_kind;

/// Kinds in the order they are applied; all others come last.
const KINDS: [&str; 35] = [
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
];

/// Sorts tasks as they run. Namespaces and CustomResourceDefinitions are pulled into the phase and wave of the
/// first task that needs them.
pub(super) fn sort(tasks: &mut [Task<'_>]) {
    tasks.sort_by(|one, other| position(one).cmp(&position(other)));
    if lift(tasks) {
        tasks.sort_by(|one, other| position(one).cmp(&position(other)));
    }
}

/// Where a task stands. The key makes the order total: no two tasks of one phase have the same.
fn position<'a>(task: &'a Task<'_>) -> (Phase, i64, usize, &'a str, &'a ObjectKey) {
    (task.phase, task.wave, rank(&task.key.kind), &task.key.name, &task.key)
}

fn rank(kind: &str) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
}

/// What a task provides for others.
enum Provides {
    Namespace(String),
    Kind(GroupKind),
}

impl Provides {
    fn of(task: &Task<'_>) -> Option<Self> {
        let Work::Apply { wanted, .. } = &task.work else { return None };
        if task.key.kind == "Namespace" && task.key.group.is_empty() {
            return Some(Self::Namespace(task.key.name.clone()));
        }
        crd_kind(&wanted.object).map(Self::Kind)
    }

    fn serves(&self, task: &Task<'_>) -> bool {
        match self {
            Self::Namespace(name) => task.key.namespace == *name,
            Self::Kind(kind) => task.key.group == kind.group && task.key.kind == kind.kind,
        }
    }
}

/// Gives every provider that stands behind one of its users that user's phase and wave.
fn lift(tasks: &mut [Task<'_>]) -> bool {
    let mut lifted = false;
    for place in 0..tasks.len() {
        let Some(provides) = Provides::of(&tasks[place]) else { continue };
        let needs = |task: &&Task<'_>| !matches!(task.work, Work::Prune { .. }) && provides.serves(task);
        let Some((phase, wave)) = tasks[..place].iter().find(needs).map(|first| (first.phase, first.wave))
        else {
            continue;
        };
        tasks[place].phase = phase;
        tasks[place].wave = wave;
        lifted = true;
    }
    lifted
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn kinds_have_their_rank_by_name_alone() {
        assert!(rank("Namespace") < rank("Secret") && rank("Secret") < rank("CustomResourceDefinition"));
        assert!(rank("Deployment") < rank("HorizontalPodAutoscaler") && rank("APIService") < rank("Rollout"));
        assert_eq!(rank("Rollout"), rank("Application"));
    }
}
