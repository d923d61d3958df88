//! Sync options of the operation and of one object, put together (reference 1.4).

use model::annotations::Options;
use model::application::Operation;
use serde_json::Value;

use super::input::Live;
use super::{How, Propagation};
use crate::desired::DesiredObject;

/// The options of one operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Effective {
    all: Options,
    force: bool,
    hooks: bool,
}

/// Whether something that takes away may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Yes,
    No,
    AfterConfirmation,
}

impl Effective {
    pub(super) fn of(operation: &Operation) -> Self {
        let sync = operation.sync.as_ref();
        let strategy = sync.and_then(|sync| sync.sync_strategy.as_ref());
        let forced = |name: &str| {
            strategy.and_then(|strategy| strategy.get(name)?.get("force")) == Some(&Value::Bool(true))
        };
        let is_set = |name: &str| {
            strategy.and_then(|strategy| strategy.get(name)).is_some_and(|value| !value.is_null())
        };
        Self {
            all: Options::read(sync.iter().flat_map(|sync| &sync.sync_options).map(String::as_str)),
            force: forced("apply") || forced("hook"),
            hooks: is_set("hook") || !is_set("apply"),
        }
    }

    /// False for the strategy `apply`, which knows no hooks.
    pub(super) fn hooks(&self) -> bool {
        self.hooks
    }

    pub(super) fn create_namespace(&self) -> bool {
        self.all.is_true("CreateNamespace")
    }

    pub(super) fn fail_on_shared(&self) -> bool {
        self.all.is_true("FailOnSharedResource")
    }

    /// True where a user asked for force or replacement: then also what is as wanted is written again.
    pub(super) fn writes_everything(&self) -> bool {
        self.force || self.all.is_true("Replace")
    }

    pub(super) fn prune_last(&self, live: &Live) -> bool {
        self.all.is_true("PruneLast") || live.options.is_true("PruneLast")
    }

    pub(super) fn prune(&self, live: &Live) -> Permission {
        permission("Prune", &self.all, &live.options)
    }

    pub(super) fn propagation(&self) -> Propagation {
        match self.all.get("PrunePropagationPolicy") {
            Some("background") => Propagation::Background,
            Some("orphan") => Propagation::Orphan,
            _ => Propagation::Foreground,
        }
    }

    pub(super) fn skips_missing(&self, wanted: &DesiredObject) -> bool {
        self.all.is_true("SkipDryRunOnMissingResource")
            || wanted.options.is_true("SkipDryRunOnMissingResource")
    }

    pub(super) fn validates(&self, wanted: &DesiredObject) -> bool {
        !self.all.is_false("Validate") && !wanted.options.is_false("Validate")
    }

    pub(super) fn respects_ignored(&self) -> bool {
        self.all.is_true("RespectIgnoreDifferences")
    }

    pub(super) fn takes_over(&self) -> bool {
        !self.all.is_false("ClientSideApplyMigration")
    }

    pub(super) fn force(&self, wanted: &DesiredObject, live: Option<&Live>) -> bool {
        self.force || either("Force", wanted, live)
    }

    /// Replace, then client-side where it is asked for in so many words, else server-side.
    pub(super) fn how(&self, wanted: &DesiredObject, live: Option<&Live>) -> How {
        if self.all.is_true("Replace") || either("Replace", wanted, live) {
            return How::Replace;
        }
        let key = "ServerSideApply";
        let object_says = wanted.options.get(key);
        if object_says.or(self.all.get(key)) == Some("false") { How::ClientSide } else { How::ServerSide }
    }
}

/// Whether an Application's deletion may take an object with it: what the object says wins over the Application.
pub(super) fn deletion(app: &Options, live: &Live) -> Permission {
    permission("Delete", app, &live.options)
}

/// What `key` says of taking away; the live object's word wins over the Application's.
pub(super) fn permission(key: &str, app: &Options, object: &Options) -> Permission {
    match object.get(key).or(app.get(key)) {
        Some("false") => Permission::No,
        Some("confirm") => Permission::AfterConfirmation,
        _ => Permission::Yes,
    }
}

fn either(key: &str, wanted: &DesiredObject, live: Option<&Live>) -> bool {
    wanted.options.is_true(key) || live.is_some_and(|live| live.options.is_true(key))
}
