//! Why traffic could not be routed as wanted.

use model::ObjectKey;

/// Why traffic could not be routed as wanted. Where upstream has words for it, they stand at the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The shares are not shares of a whole.
    #[error("weights do not add up: canary {canary} and additional {additional} of {max}")]
    Weights {
        /// Of the new version.
        canary: i32,
        /// Of an experiment's versions.
        additional: i32,
        /// All traffic.
        max: i32,
    },
    /// An object that a router needs is not in the cluster.
    #[error("{object} is not there: {field} of the Rollout names it")]
    Missing {
        /// The object.
        object: Box<ObjectKey>,
        /// Which setting names it.
        field: &'static str,
    },
    /// A field of an object keeps traffic from being routed.
    #[error("{object} {field}: {what}")]
    Field {
        /// The object.
        object: Box<ObjectKey>,
        /// Its field.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// An object of the name wanted is somebody else's.
    #[error("{object} is not owned by the Rollout: {what}")]
    NotOwned {
        /// The object.
        object: Box<ObjectKey>,
        /// Upstream's words.
        what: String,
    },
    /// A setting of the Rollout itself.
    #[error("{field}: {what}")]
    Setting {
        /// The setting.
        field: String,
        /// What is wrong with it.
        what: String,
    },
}

impl RouteError {
    pub(super) fn field(object: &ObjectKey, field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Field { object: Box::new(object.clone()), field: field.into(), what: what.into() }
    }

    pub(super) fn missing(object: &ObjectKey, field: &'static str) -> Self {
        Self::Missing { object: Box::new(object.clone()), field }
    }

    pub(super) fn setting(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Setting { field: field.into(), what: what.into() }
    }

    /// The object it is about; none where it is the Rollout itself.
    pub fn object(&self) -> Option<&ObjectKey> {
        match self {
            Self::Missing { object, .. } | Self::Field { object, .. } | Self::NotOwned { object, .. } => {
                Some(object)
            }
            Self::Weights { .. } | Self::Setting { .. } => None,
        }
    }

    /// The words without the object, as upstream says them where it has words for it.
    pub fn words(&self) -> String {
        match self {
            Self::Field { what, .. } | Self::NotOwned { what, .. } | Self::Setting { what, .. } => {
                what.clone()
            }
            Self::Weights { .. } | Self::Missing { .. } => self.to_string(),
        }
    }
}
