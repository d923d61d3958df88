//! Reports, shared between the loop that makes them and the page that shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::Time;
use report::application::{AppKey, AppReport};
use report::looks::Looks;
use tokio::sync::broadcast;

/// One half of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Git to cluster.
    Sync,
    /// Progressive delivery.
    Rollouts,
}

/// The newest report of each application, and a channel of what changes. A change costs what it touches.
#[derive(Debug)]
pub struct Reports {
    apps: RwLock<BTreeMap<AppKey, Arc<AppReport>>>,
    looks: RwLock<Arc<Looks>>,
    notices: RwLock<[Option<Arc<str>>; 2]>,
    changed: broadcast::Sender<Changed>,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// One application's report.
    Application(AppKey),
    /// Something that every page shows.
    Anything,
}

/// Changes that a slow reader may fall behind before it has to look at everything.
const BEHIND: usize = 1024;

impl Default for Reports {
    fn default() -> Self {
        let (changed, _) = broadcast::channel(BEHIND);
        Self { apps: RwLock::default(), looks: RwLock::default(), notices: RwLock::default(), changed }
    }
}

impl Reports {
    /// Swaps one report. One that says what the last said, at another time, is no change.
    pub fn set(&self, report: AppReport) {
        let key = report.key.clone();
        let report = Arc::new(report);
        let before =
            self.apps.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), report.clone());
        let same = before.is_some_and(|before| {
            AppReport { observed_at: before.observed_at, ..AppReport::clone(&report) } == *before
        });
        if !same {
            self.tell(Changed::Application(key));
        }
    }

    /// Forgets an application.
    pub fn remove(&self, key: &AppKey) {
        if self.apps.write().unwrap_or_else(PoisonError::into_inner).remove(key).is_some() {
            self.tell(Changed::Application(key.clone()));
        }
    }

    /// One report.
    pub fn get(&self, key: &AppKey) -> Option<Arc<AppReport>> {
        self.apps.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All reports, sorted by namespace and name.
    pub fn all(&self) -> Vec<Arc<AppReport>> {
        self.apps.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Notes that a remote was asked, and why it did not answer. Pages hear only of an answer after a failure, and of
    /// a failure after an answer.
    pub fn looked(&self, repository: &str, at: Time, failure: Option<String>) {
        let news = {
            let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut looks).note(repository, at, failure)
        };
        if news {
            self.tell(Changed::Anything);
        }
    }

    /// When each repository was last asked.
    pub fn looks(&self) -> Arc<Looks> {
        self.looks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says why one half does nothing at all (another agent leads), or that this is over.
    pub fn set_notice(&self, half: Half, notice: Option<String>) {
        let notice: Option<Arc<str>> = notice.map(Arc::from);
        let before = {
            let mut notices = self.notices.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut notices[half as usize], notice.clone())
        };
        if before != notice {
            self.tell(Changed::Anything);
        }
    }

    /// Why nothing happens at all, or one half does nothing.
    pub fn notice(&self) -> Option<Arc<str>> {
        let notices = self.notices.read().unwrap_or_else(PoisonError::into_inner);
        let said: Vec<&str> = notices.iter().flatten().map(Arc::as_ref).collect();
        (!said.is_empty()).then(|| said.join(" ").into())
    }

    /// What changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changed.subscribe()
    }

    fn tell(&self, changed: Changed) {
        // Nobody may be looking.
        let _ = self.changed.send(changed);
    }
}
