//! What is told of each conversation with a remote, for whoever counts them.

use std::sync::Arc;
use std::time::Duration;

use super::error::GitError;

/// What a remote was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// Its list of names.
    List,
    /// Objects.
    Fetch,
}

/// One conversation with a remote, ended.
#[derive(Debug)]
pub struct Talk<'a> {
    /// The repository as it may be shown.
    pub repository: &'a str,
    /// What was asked.
    pub conversation: Conversation,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub error: Option<&'a GitError>,
}

/// Is told of every conversation; it must not block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Talk<'_>) + Send + Sync>);

impl Observer {
    /// Tells `observe`.
    pub fn new(observe: impl Fn(&Talk<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(super) fn tell(&self, talk: &Talk<'_>) {
        (self.0)(talk);
    }
}

impl Default for Observer {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}
