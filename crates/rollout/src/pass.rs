//! One look at everything: what the parts of the machine hand to each other, and what they decided so far.

use std::collections::BTreeMap;

use model::Time;
use model::rollout::{CanaryStatus, PauseCondition, RolloutStatus};

use crate::decision::{Action, Event, Held, HoldReason, ReplicaSetPatch, Target};
use crate::observed::{Meta, Observed, ReplicaSet};
use crate::view::View;
use crate::{DESIRED_REPLICAS, SCALE_DOWN_DEADLINE};

/// What one look decided so far.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    pub seen: &'a Observed,
    pub now: Time,
    pub view: View<'a>,
    /// The status to go by.
    pub before: RolloutStatus,
    /// The status that comes of it.
    pub status: RolloutStatus,
    pub actions: Vec<Action>,
    pub events: Vec<Event>,
    pub held: Vec<Held>,
    pub wake: Option<Time>,
    /// Changes of ReplicaSets, one for each.
    pub sets: BTreeMap<String, ReplicaSetPatch>,
    /// Why the update is given up, decided in this look.
    pub abort: Option<String>,
    /// True once a ReplicaSet got another number of pods.
    pub scaled: bool,
    /// Why the Rollout turns out not to be valid.
    pub invalid: Option<String>,
    /// Why nothing may move: what should watch over the update cannot.
    pub blocked: Option<String>,
}

impl<'a> Pass<'a> {
    /// A look with nothing decided.
    pub fn new(seen: &'a Observed, view: View<'a>, status: RolloutStatus, now: Time) -> Self {
        Self {
            seen,
            now,
            view,
            before: status.clone(),
            status,
            actions: Vec::new(),
            events: Vec::new(),
            held: Vec::new(),
            wake: None,
            sets: BTreeMap::new(),
            abort: None,
            scaled: false,
            invalid: None,
            blocked: None,
        }
    }

    /// True where the update is given up, by an earlier look or by this one.
    pub fn is_aborted(&self) -> bool {
        self.abort.is_some() || self.before.abort
    }

    /// Gives the update up; the first reason stands.
    pub fn give_up(&mut self, why: String) {
        self.abort.get_or_insert(why);
    }

    /// True where the version that is wanted is the one last promoted.
    pub fn is_fully_promoted(&self) -> bool {
        !self.before.stable_rs.is_empty() && self.before.stable_rs == self.view.hash
    }

    /// The canary part of the status, to change.
    pub fn canary_status(&mut self) -> &mut CanaryStatus {
        self.status.canary.get_or_insert_default()
    }

    /// The canary part of the status as it was.
    pub fn canary_before(&self) -> CanaryStatus {
        self.before.canary.clone().unwrap_or_default()
    }

    /// Looks again at this moment at the latest.
    pub fn wake_at(&mut self, at: Time) {
        let at = at.max(self.now);
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Says why something does not happen.
    pub fn hold(&mut self, reason: HoldReason, message: impl Into<String>) {
        self.held.push(Held { reason, message: message.into() });
    }

    /// Says why nothing at all may move, and tries again in a while.
    pub fn block(&mut self, reason: HoldReason, message: String) {
        self.warn("ReconciliationError", format!("Reconciliation failed with error: {message}"));
        self.blocked = Some(message.clone());
        self.hold(reason, message);
        self.wake_at(self.now.plus(crate::decide::RETRY));
    }

    /// Tells people.
    pub fn tell(&mut self, reason: &str, message: impl Into<String>) {
        self.events.push(Event { warning: false, reason: reason.to_owned(), message: message.into() });
    }

    /// Warns people.
    pub fn warn(&mut self, reason: &str, message: impl Into<String>) {
        self.events.push(Event { warning: true, reason: reason.to_owned(), message: message.into() });
    }

    /// The changes of a ReplicaSet, begun where there are none.
    pub fn set(&mut self, set: &ReplicaSet) -> &mut ReplicaSetPatch {
        let target = Target { resource_version: String::new(), ..target(&set.meta) };
        self.sets
            .entry(set.meta.name.clone())
            .or_insert_with(|| ReplicaSetPatch { target, ..ReplicaSetPatch::default() })
    }

    /// Gives a ReplicaSet its number of pods; what is for the new and the stable version also notes `spec.replicas`.
    pub fn scale(&mut self, set: &ReplicaSet, to: i32, is_role: bool) {
        let replicas = self.view.replicas.to_string();
        if is_role && set.meta.annotation(DESIRED_REPLICAS) != Some(replicas.as_str()) {
            self.set(set).annotations.insert(DESIRED_REPLICAS.to_owned(), Some(replicas));
        }
        if set.replicas == to {
            return;
        }
        self.scaled = true;
        self.set(set).replicas = Some((set.replicas, to));
        if to == 0 && set.meta.annotation(SCALE_DOWN_DEADLINE).is_some() {
            self.set(set).annotations.insert(SCALE_DOWN_DEADLINE.to_owned(), None);
        }
        let direction = if to > set.replicas { "up" } else { "down" };
        let (name, revision, from) = (&set.meta.name, set.meta.revision(), set.replicas);
        let words = format!("Scaled {direction} ReplicaSet {name} (revision {revision}) from {from} to {to}");
        self.tell("ScalingReplicaSet", words);
    }

    /// Sets or takes away the moment after which a ReplicaSet may go to zero. Rounded up: never early.
    pub fn deadline(&mut self, set: &ReplicaSet, at: Option<Time>) {
        let text = at.map(|at| round_up(at).to_string());
        if set.meta.annotation(SCALE_DOWN_DEADLINE) != text.as_deref() {
            self.set(set).annotations.insert(SCALE_DOWN_DEADLINE.to_owned(), text);
        }
    }

    /// The exact moment of one that is on paper in whole seconds: from memory, else as late as it can have been, so
    /// that nothing ends early.
    pub fn exact(&self, written: Time) -> Time {
        if written == self.now || written != written.whole_seconds() {
            return written;
        }
        let known = self.seen.exact.iter().find(|time| time.whole_seconds() == written);
        known.copied().unwrap_or_else(|| written.plus(std::time::Duration::from_secs(1)))
    }

    /// One pause, by its reason.
    pub fn pause(&self, reason: &str) -> Option<&PauseCondition> {
        self.before.pause_conditions.iter().find(|pause| pause.reason == reason)
    }

    /// Adds a pause that begins now.
    pub fn add_pause(&mut self, reason: &str) {
        let there = |pause: &PauseCondition| pause.reason == reason;
        if !self.status.pause_conditions.iter().any(there) {
            let pause = PauseCondition { reason: reason.to_owned(), start_time: self.now };
            self.status.pause_conditions.push(pause);
            self.status.controller_pause = true;
        }
    }

    /// Takes a pause away.
    pub fn remove_pause(&mut self, reason: &str) {
        self.status.pause_conditions.retain(|pause| pause.reason != reason);
    }
}

/// An object that is changed only if it did not change since.
pub(crate) fn target(meta: &Meta) -> Target {
    Target {
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
    }
}

/// When a ReplicaSet may go to zero.
pub(crate) fn deadline_of(set: &ReplicaSet) -> Option<Time> {
    set.meta.annotation(SCALE_DOWN_DEADLINE)?.parse().ok()
}

fn round_up(time: Time) -> Time {
    let whole = time.whole_seconds();
    if whole == time { whole } else { whole.plus(std::time::Duration::from_secs(1)) }
}
