//! The destination rule (reference 6.4) and the source namespace rule (6.1).

use model::application::{Destination, IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use model::project::AppProjectSpec;

/// A destination cluster, resolved: the same two texts however the Application wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// API server URL without a trailing slash.
    pub server: String,
    /// Display name.
    pub name: String,
}

impl Cluster {
    /// The cluster the agent runs in.
    pub fn in_cluster() -> Self {
        Self { server: IN_CLUSTER_SERVER.to_owned(), name: IN_CLUSTER_NAME.to_owned() }
    }
}

/// Why a destination names no cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationProblem {
    /// Both are set.
    #[error("application destination can't have both name and server defined: {name} {server}")]
    Both {
        /// `destination.name`.
        name: String,
        /// `destination.server`.
        server: String,
    },
    /// Neither is set.
    #[error("Destination server missing from app spec")]
    Neither,
    /// No cluster has that name.
    #[error("unable to find destination server: there are no clusters with this name: {0}")]
    UnknownName(String),
    /// No cluster has that URL.
    #[error("error getting cluster by server \"{0}\": cluster \"{0}\" not found")]
    UnknownServer(String),
    /// The cluster is registered, but another agent's to manage: nothing of it is touched, not even given up.
    #[error("cluster {0} is registered, but this agent manages only the cluster it runs in")]
    NotServed(String),
}

/// The cluster a destination names where the agent's own is the only one.
///
/// # Errors
/// Where both or neither of name and server are set, or they name another cluster.
pub fn in_cluster(destination: &Destination) -> Result<Cluster, DestinationProblem> {
    let server = destination.server.trim_end_matches('/');
    match (destination.name.as_str(), server) {
        ("", "") => Err(DestinationProblem::Neither),
        (IN_CLUSTER_NAME, "") | ("", IN_CLUSTER_SERVER) => Ok(Cluster::in_cluster()),
        (name, "") => Err(DestinationProblem::UnknownName(name.to_owned())),
        ("", server) => Err(DestinationProblem::UnknownServer(server.to_owned())),
        (name, server) => Err(DestinationProblem::Both { name: name.to_owned(), server: server.to_owned() }),
    }
}

pub(super) fn permits(spec: &AppProjectSpec, cluster: &Cluster, namespace: &str) -> bool {
    let mut permitted = false;
    for entry in &spec.destinations {
        let name = !cluster.name.is_empty() && super::agrees(&entry.name, &cluster.name, &[]);
        let pattern = entry.server.strip_suffix('/').unwrap_or(&entry.server);
        let server = !cluster.server.is_empty() && super::agrees(pattern, &cluster.server, &[]);
        let inside = super::agrees(&entry.namespace, namespace, &[]);
        if (server || name) && inside {
            permitted = true;
        } else if (!name && super::denies(&entry.name))
            || (!server && super::denies(&entry.server) && inside)
            || (!inside && super::denies(&entry.namespace) && server)
        {
            return false;
        }
    }
    permitted
}

/// Whether Applications of `namespace` may use the project: globs, or a regular expression between slashes.
pub(super) fn may_come_from(spec: &AppProjectSpec, namespace: &str) -> bool {
    spec.source_namespaces.iter().any(|pattern| {
        let expression = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match expression {
            Some(expression) => regex::Regex::new(expression).is_ok_and(|regex| regex.is_match(namespace)),
            None => crate::glob::matches(pattern, namespace),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::project::ProjectDestination;

    #[track_caller]
    fn check(rules: &[(&str, &str, &str)], yes: &[&str], no: &[&str]) {
        let destinations = rules.iter().map(|(server, name, namespace)| ProjectDestination {
            server: (*server).to_owned(),
            name: (*name).to_owned(),
            namespace: (*namespace).to_owned(),
        });
        let spec = AppProjectSpec { destinations: destinations.collect(), ..AppProjectSpec::default() };
        for namespace in yes {
            assert!(permits(&spec, &Cluster::in_cluster(), namespace), "{rules:?} should permit {namespace}");
        }
        for namespace in no {
            assert!(!permits(&spec, &Cluster::in_cluster(), namespace), "{rules:?} should deny {namespace}");
        }
    }

    #[test]
    fn server_or_name_and_the_namespace_must_match() {
        check(&[(IN_CLUSTER_SERVER, "", "shop")], &["shop"], &["kube-system", ""]);
        check(&[("", "in-cluster", "shop-*")], &["shop-a"], &["shop"]);
        check(&[("*", "", "*")], &["anything"], &[]);
        check(&[("https://other.example", "", "*")], &[], &["shop"]);
        check(&[("https://kubernetes.default.svc/", "", "shop")], &["shop"], &[]);
        check(&[], &[], &["shop"]);
    }

    #[test]
    fn denials_win() {
        check(&[("*", "", "*"), ("*", "", "!kube-system")], &["shop"], &["kube-system"]);
        check(&[("*", "", "*"), ("!https://kubernetes.default.svc", "", "*")], &[], &["shop"]);
        check(&[("*", "", "*"), ("", "!in-cluster", "*")], &[], &["shop"]);
        check(&[("*", "", "*"), ("*", "", "![a")], &[], &["shop"]);
    }

    #[test]
    fn one_cluster_is_one_pair_of_texts() {
        let read = |server: &str, name: &str| {
            in_cluster(&Destination { server: server.into(), name: name.into(), namespace: String::new() })
        };
        assert_eq!(read("https://kubernetes.default.svc/", ""), Ok(Cluster::in_cluster()));
        assert_eq!(read("", "in-cluster"), Ok(Cluster::in_cluster()));
        assert_eq!(read("", ""), Err(DestinationProblem::Neither));
        assert!(matches!(read("https://a", "b"), Err(DestinationProblem::Both { .. })));
        assert!(matches!(
            read("https://KUBERNETES.default.svc", ""),
            Err(DestinationProblem::UnknownServer(_))
        ));
    }

    #[test]
    fn source_namespaces_are_globs_or_expressions() {
        let from = |patterns: &[&str], namespace| {
            let source_namespaces = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            may_come_from(&AppProjectSpec { source_namespaces, ..AppProjectSpec::default() }, namespace)
        };
        assert!(from(&["team-*"], "team-a"));
        assert!(from(&["/^team-(a|b)$/"], "team-b"));
        assert!(!from(&["/^team-(a|b)$/", "/(/"], "team-c"));
        assert!(!from(&[], "argocd"));
    }
}
