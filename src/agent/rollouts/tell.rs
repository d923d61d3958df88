//! What progressive delivery has come to, told: Events, and why nothing happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Object, ObjectKey, Time};
use tokio::sync::mpsc;

use super::super::clock;
use super::standing::Standing;
use crate::cluster::decision::Stopped;
use crate::cluster::events::{Event, Kind};
use crate::server::{Half, Reports};
use crate::telemetry::delivery::Deliveries;

/// Where what happened is told.
pub struct Teller {
    reports: Arc<Reports>,
    counts: Arc<Deliveries>,
    events: mpsc::UnboundedSender<Event>,
    unreadable: Mutex<BTreeMap<ObjectKey, String>>,
}

/// Who records upstream's Events on Rollouts.
const COMPONENT: &str = "rollouts-controller";

impl Teller {
    /// A teller; its Events are recorded by a task of their own, so that nobody waits for them.
    pub fn new(reports: Arc<Reports>, counts: Arc<Deliveries>, events: mpsc::UnboundedSender<Event>) -> Self {
        Self { reports, counts, events, unreadable: Mutex::default() }
    }

    /// An object was looked at, by a run that began at `begun`; `failed` where a decision could not be carried out.
    pub fn looked(&self, key: &ObjectKey, begun: Time, failed: bool) {
        self.counts.reconciled(key, clock::steady().since(begun), failed);
    }

    /// An object is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.counts.forget(key);
    }

    /// Records an Event on an object.
    pub fn event(&self, object: &Object, event: &rollout::Event) {
        let kind = if event.warning { Kind::Warning } else { Kind::Normal };
        self.record(object, kind, event.reason.clone(), event.message.clone());
    }

    /// Who drives.
    pub fn stand(&self, standing: &Standing) {
        let notice = match standing {
            Standing::Drives => None,
            Standing::Unknown | Standing::By(_) => Some(format!("Progressive delivery {standing}.")),
        };
        self.reports.set_notice(Half::Rollouts, notice);
    }

    /// An object that cannot be read: said once, nobody else notices (promise S7).
    pub fn unreadable(&self, key: &ObjectKey, why: &str) {
        let mut known = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        if known.insert(key.clone(), why.to_owned()).as_deref() != Some(why) {
            tracing::warn!(object = %key, error = why, "object is passed over");
        }
    }

    /// A decision that the server did not take.
    pub fn stopped(&self, object: &Object, stopped: &Stopped) {
        self.record(object, Kind::Warning, "ReconciliationError".to_owned(), stopped.to_string());
    }

    fn record(&self, object: &Object, kind: Kind, reason: String, message: String) {
        self.counts.told(&object.key(), kind.as_str(), &reason);
        let _ = self.events.send(Event {
            about: object.key(),
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            component: COMPONENT,
            kind,
            reason: reason.into(),
            message,
        });
    }
}
