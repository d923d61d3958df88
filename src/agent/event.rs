//! The closed list of everything that can wake windlass.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Gvk, Object};
use report::application::AppKey;

use super::memory::Outcome;
use crate::cluster::cache::Change;
use crate::cluster::lease::Standing;
use crate::cluster::upstream::Upstream;
use crate::cluster::watch::Watched;

/// What has happened.
pub enum Event {
    /// One of windlass' own objects in its namespace.
    Own(OwnKind, Watched),
    /// A live object, or what is known of a kind.
    LiveChanged(Change),
    /// A repository has moved, or may have: its Applications are looked at.
    SourceMoved(Moved),
    /// The kinds that the cluster serves may have changed.
    DefinitionsChanged,
    /// A run has ended.
    RunEnded(AppKey, Box<Outcome>),
    /// A run has failed inside windlass (rule R6).
    RunFailed(AppKey),
    /// Who leads.
    Standing(Standing),
    /// Argo CD's own controller lives in the namespace, or does so no longer.
    Upstream(Upstream),
}

/// The kinds of objects that configure windlass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnKind {
    /// Applications.
    Application,
    /// Projects.
    Project,
    /// ConfigMaps of settings and trust.
    ConfigMap,
    /// Secrets of repositories and webhooks.
    Secret,
}

impl OwnKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Application, Self::Project, Self::ConfigMap, Self::Secret];

    /// The kind as the cluster serves it.
    pub fn gvk(self) -> Gvk {
        match self {
            Self::Application => Gvk::new("argoproj.io/v1alpha1", "Application"),
            Self::Project => Gvk::new("argoproj.io/v1alpha1", "AppProject"),
            Self::ConfigMap => Gvk::new("v1", "ConfigMap"),
            Self::Secret => Gvk::new("v1", "Secret"),
        }
    }

    /// Which objects of the kind count.
    pub fn concerns(self, object: &Object) -> bool {
        match self {
            Self::Application | Self::Project => true,
            Self::ConfigMap => object.name().starts_with("argocd-"),
            Self::Secret => {
                object.name() == "argocd-secret" || object.label("argocd.argoproj.io/secret-type").is_some()
            }
        }
    }
}

/// Which repository has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The repository behind this URL, as it is asked (after rewriting).
    Repository(String),
    /// What a webhook named; only what it touches is looked at.
    Push(Box<crate::source::webhook::Push>),
    /// Charts of Helm repositories may have newer versions: nobody tells, so they are asked for.
    Charts,
    /// The time has come to make everything anew.
    Everything,
    /// A repository that a webhook named has been looked at.
    Looked {
        /// The repository.
        repository: Arc<str>,
        /// The Applications that the push touches.
        first: BTreeSet<AppKey>,
        /// Whether something has moved since the last look.
        moved: bool,
    },
}
