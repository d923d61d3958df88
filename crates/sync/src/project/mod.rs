//! May this Application use that repository, destination, namespace, kind? One decision over canonical values.
//!
//! [`decide`] is the only place that says yes or no (threat T13); it is asked before a render, before each apply
//! and before each delete. What cannot be read is denied.

mod destination;
mod kind;
mod repository;

use model::application::{Application, ApplicationSpec};
use model::key::{GroupKind, ObjectKey};
use model::project::AppProject;

pub use destination::{Cluster, DestinationProblem, in_cluster};
pub use repository::canonical_url;

/// What an Application wants to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    /// The project itself, from an Application in this namespace.
    From {
        /// Namespace of the Application.
        namespace: &'a str,
        /// Its name, for the message.
        name: &'a str,
        /// Namespace of the agent: its Applications may use every project.
        control_namespace: &'a str,
    },
    /// A repository.
    Repository(&'a str),
    /// A namespace in a cluster.
    Destination {
        /// The cluster, resolved.
        cluster: &'a Cluster,
        /// The namespace.
        namespace: &'a str,
    },
    /// A kind of object.
    Kind {
        /// The kind.
        kind: &'a GroupKind,
        /// The object's name (rules for cluster-scoped kinds may name one).
        name: &'a str,
        /// Whether its objects lie in namespaces.
        namespaced: bool,
    },
}

/// What a project does not allow, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The Application's namespace may not use the project.
    #[error("application '{name}' in namespace '{namespace}' is not permitted to use project '{project}'")]
    From {
        /// Namespace of the Application.
        namespace: String,
        /// Its name.
        name: String,
        /// The project.
        project: String,
    },
    /// The repository is not among the project's.
    #[error("application repo {url} is not permitted in project '{project}'")]
    Repository {
        /// The URL as written.
        url: String,
        /// The project.
        project: String,
    },
    /// The destination is not among the project's.
    #[error(
        "application destination server '{server}' and namespace '{namespace}' do not match any of the allowed \
         destinations in project '{project}'"
    )]
    Destination {
        /// The cluster's URL.
        server: String,
        /// The namespace.
        namespace: String,
        /// The project.
        project: String,
    },
    /// The kind is not allowed.
    #[error("resource {}:{} is not permitted in project {project}", kind.group, kind.kind)]
    Kind {
        /// The kind.
        kind: GroupKind,
        /// The project.
        project: String,
    },
}

impl Denied {
    /// What the project's owner can do about it.
    pub fn next_step(&self) -> String {
        match self {
            Self::From { namespace, project, .. } => {
                format!(
                    "add {namespace} to sourceNamespaces of AppProject {project}, or name another project"
                )
            }
            Self::Repository { project, .. } => format!("add it to sourceRepos of AppProject {project}"),
            Self::Destination { project, .. } => format!("add it to destinations of AppProject {project}"),
            Self::Kind { kind, project } => {
                format!(
                    "allow {kind} in the whitelists of AppProject {project}, or take the object out of the source"
                )
            }
        }
    }
}

/// Why there is no project to ask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectProblem {
    /// No AppProject has that name.
    #[error("Application referencing project {0} which does not exist")]
    Missing(String),
    /// The AppProject cannot be read.
    #[error("AppProject {name} cannot be read: {why}")]
    Unreadable {
        /// Its name.
        name: String,
        /// The reader's words.
        why: String,
    },
}

/// Whether `project` allows a use.
///
/// # Errors
/// What is denied, in upstream's words.
pub fn decide(project: &AppProject, ask: &Use<'_>) -> Result<(), Denied> {
    let spec = &project.spec;
    let name = || project.name.clone();
    match *ask {
        Use::From { namespace, name: app, control_namespace } => {
            if namespace == control_namespace || destination::may_come_from(spec, namespace) {
                return Ok(());
            }
            Err(Denied::From { namespace: namespace.to_owned(), name: app.to_owned(), project: name() })
        }
        Use::Repository(url) => {
            if repository::permits(spec, url) {
                return Ok(());
            }
            Err(Denied::Repository { url: url.to_owned(), project: name() })
        }
        Use::Destination { cluster, namespace } => {
            if destination::permits(spec, cluster, namespace) {
                return Ok(());
            }
            let (server, namespace) = (cluster.server.clone(), namespace.to_owned());
            Err(Denied::Destination { server, namespace, project: name() })
        }
        Use::Kind { kind, name: object, namespaced } => {
            if kind::permits(spec, kind, object, namespaced) {
                return Ok(());
            }
            Err(Denied::Kind { kind: kind.clone(), project: name() })
        }
    }
}

/// Whether `project` allows one object in `cluster`: its kind, and its namespace where it has one.
///
/// # Errors
/// What is denied.
pub fn decide_object(
    project: &AppProject,
    cluster: &Cluster,
    key: &ObjectKey,
    namespaced: bool,
) -> Result<(), Denied> {
    decide(project, &Use::Kind { kind: &key.group_kind(), name: &key.name, namespaced })?;
    if namespaced {
        decide(project, &Use::Destination { cluster, namespace: &key.namespace })?;
    }
    Ok(())
}

/// Everything about an Application itself that its project denies: its namespace, its sources, its destination.
pub fn denials(
    project: &AppProject,
    app: &Application,
    cluster: &Cluster,
    control_namespace: &str,
) -> Vec<Denied> {
    let from = Use::From { namespace: &app.namespace, name: &app.name, control_namespace };
    let namespace = app.spec.destination.namespace.as_str();
    let sources = repositories(&app.spec).map(Use::Repository);
    let asked = std::iter::once(from).chain(sources).chain([Use::Destination { cluster, namespace }]);
    asked.filter_map(|ask| decide(project, &ask).err()).collect()
}

fn repositories(spec: &ApplicationSpec) -> impl Iterator<Item = &str> {
    spec.sources_in_force().iter().map(|source| source.repo_url.as_str())
}

/// True once an AppProject's finalizer may go: no Application names the project.
pub fn is_unused<'a>(project: &str, apps: impl IntoIterator<Item = &'a Application>) -> bool {
    !apps.into_iter().any(|app| app.spec.project_name() == project)
}

/// `pattern` on `text` with `!` for its opposite: gobwas, a lone `*` matching all.
///
/// A pattern that cannot be read says no either way, so that a broken denial denies.
fn agrees(pattern: &str, text: &str, separators: &[char]) -> bool {
    let (pattern, denies) = pattern.strip_prefix('!').map_or((pattern, false), |rest| (rest, true));
    if pattern == "*" {
        return !denies;
    }
    crate::glob::Glob::gobwas(pattern, separators).is_ok_and(|glob| glob.matches(text) != denies)
}

fn denies(pattern: &str) -> bool {
    pattern.starts_with('!')
}
