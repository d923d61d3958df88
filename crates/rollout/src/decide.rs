//! From what was observed to a decision.

use std::time::Duration;

use model::Time;
use model::rollout::RolloutStatus;

use crate::decision::{Action, Decision, Held, HoldReason, RolloutPatch};
use crate::observed::Observed;
use crate::pass::{Pass, target};
use crate::view::{View, Way};
use crate::{blue_green, canary, change, conditions, revision, validate, workload};

/// How long until something that failed is looked at again.
pub(crate) const RETRY: Duration = Duration::from_secs(10);
/// How long until a Rollout that is not valid is looked at again: what it lacks may have come.
pub(crate) const INVALID_AGAIN: Duration = Duration::from_secs(20);
/// Looks that only changed the status are followed by another at once; more than there are steps is a circle.
const MOST_LOOKS: usize = 64;

/// Decides what happens to a Rollout now.
///
/// The same input gives the same decision. Carrying it out and observing again leads on, from wherever it was
/// interrupted. Steps that need nothing but the status are taken together, so that one write says what several looks
/// found.
pub fn decide(seen: &Observed, now: Time) -> Decision {
    let mut decision = Decision { status: seen.rollout.status.clone(), ..Decision::default() };
    if seen.rollout.meta.deleting {
        return decision;
    }
    for _ in 0..MOST_LOOKS {
        let before = decision.status.clone();
        let look = look(seen, &before, now);
        let moved = look.status != before;
        decision.actions = look.actions;
        decision.status = look.status;
        decision.events.extend(look.events);
        decision.held = look.held;
        decision.wake = look.wake;
        if !decision.actions.is_empty() || !moved {
            break;
        }
    }
    decision
}

/// One look with the status of the look before.
fn look(seen: &Observed, status: &RolloutStatus, now: Time) -> Decision {
    let problems = validate::problems(seen);
    if !problems.is_empty() {
        return refuse(seen, status, &problems, now);
    }
    let view = match View::new(seen, status) {
        Ok(view) => view,
        Err(missing) => return refuse(seen, status, &[validate::words(missing)], now),
    };
    let mut pass = Pass::new(seen, view, status.clone(), now);
    run(&mut pass);
    finish(pass)
}

fn run(pass: &mut Pass) {
    if pass.view.rollout.spec.replicas.is_none() {
        return default_replicas(pass);
    }
    revision::adopt(pass);
    workload::note_generation(pass);
    change::drop_idle_abort(pass);
    if pass.view.new.is_none() && !revision::create(pass) {
        return;
    }
    revision::sync(pass);
    if change::is_new(pass) {
        return change::reset(pass);
    }
    revision::keep_apart(pass);
    match pass.view.way {
        Way::Canary(canary) => canary::decide(pass, canary),
        Way::BlueGreen(blue_green) => blue_green::decide(pass, blue_green),
    }
}

/// An autoscaler needs the number to be there.
fn default_replicas(pass: &mut Pass) {
    let target = target(&pass.view.rollout.meta);
    pass.actions.push(Action::PatchRollout(RolloutPatch {
        target,
        replicas: Some(1),
        ..RolloutPatch::default()
    }));
}

/// Changes of ReplicaSets come after Services and routes: traffic moves before pods go, and after they came.
fn finish(pass: Pass) -> Decision {
    let Pass { mut actions, status, events, held, wake, sets, .. } = pass;
    let deleted: Vec<String> = actions
        .iter()
        .filter_map(|action| match action {
            Action::DeleteReplicaSet(target) => Some(target.name.clone()),
            _ => None,
        })
        .collect();
    let patches = sets.into_values().filter(|patch| !deleted.contains(&patch.target.name));
    actions.extend(patches.map(Action::PatchReplicaSet));
    let mut seen: Vec<Action> = Vec::new();
    actions.retain(|action| {
        let new = !seen.contains(action);
        seen.push(action.clone());
        new
    });
    Decision { actions, status, events, held, wake }
}

/// A Rollout that is not valid: it says so, and nothing moves.
fn refuse(seen: &Observed, status: &RolloutStatus, problems: &[String], now: Time) -> Decision {
    let name = &seen.rollout.meta.name;
    let message = format!("The Rollout \"{name}\" is invalid: {}", problems.join("; "));
    let mut status = status.clone();
    conditions::invalid(&mut status, message.clone(), now);
    status.observed_generation = seen.rollout.meta.generation.to_string();
    status.phase = "Degraded".to_owned();
    status.message = format!("InvalidSpec: {message}");
    let held = vec![Held { reason: HoldReason::InvalidSpec, message }];
    Decision { status, held, wake: Some(now.plus(INVALID_AGAIN)), ..Decision::default() }
}
