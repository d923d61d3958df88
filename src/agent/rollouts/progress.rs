//! One Rollout, AnalysisRun or Experiment, once: gather, decide, act, until nothing more is to be done now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::rollout::RolloutStatus;
use model::{Gvk, Object, ObjectKey, Time};
use rollout::observed::ReadError;
use rollout::{Action, Decision, Meta, Rollout, unreadable as sayings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::clock;
use super::gather::{self, Versions};
use super::tell::Teller;
use super::{experiment, measure, release};
use crate::cluster::cache::Seen;
use crate::cluster::carry_out::Hand;
use crate::cluster::decision::{Stopped, kinds};
use crate::provider::{JobRunner, Providers};

/// What runs share.
pub struct Shell {
    /// The cluster.
    pub hand: Arc<Hand>,
    /// Events, reports, metrics.
    pub teller: Teller,
    /// Metric providers that are asked over HTTP.
    pub providers: Providers,
    /// Jobs as metrics.
    pub jobs: JobRunner,
    /// True while this agent drives Rollouts: asked again before each write (fault F11).
    pub drives: Arc<AtomicBool>,
    /// How this installation is set up.
    pub options: rollout::Options,
    /// Namespace of the agent.
    pub control_namespace: String,
}

/// What is kept between two runs. All of it can be thrown away.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Moments that stand on paper in whole seconds.
    pub exact: Vec<Time>,
    /// Names that the server refused to create.
    pub taken: Vec<String>,
    /// Runs in a row that were stopped.
    pub stopped: u32,
    /// Since when the status owes the newest numbers of pods.
    pub owes_numbers: Option<Time>,
    /// What the last look saw that left nothing to do, and until when that holds.
    pub quiet: Option<(Versions, Option<Time>)>,
    /// The Rollout itself, where something would have to be let go of that only it names.
    pub last: Option<Arc<Object>>,
}

/// What a run came to.
pub struct Outcome {
    /// For the next run; none where the object is gone or is not this controller's.
    pub memory: Option<Memory>,
    /// When to look again at the latest.
    pub wake: Option<Time>,
    /// Others that this run has changed something for.
    pub nudge: Vec<ObjectKey>,
}

/// How long numbers of pods may wait until they are written: pods that start together are one write.
const NUMBERS_WITHIN: Duration = Duration::from_millis(250);

/// Rounds of deciding and acting in one run; a run that needs more goes on in the next.
const ROUNDS: usize = 50;

impl Memory {
    /// Until when the status of a decision need not be written; none where it is to be written now.
    fn put_off(&mut self, before: &RolloutStatus, decision: &Decision) -> Option<Time> {
        // What is told only because the status has changed would be told again.
        let tells = decision.actions.is_empty() && !decision.events.is_empty();
        let is_owed = *before != decision.status;
        if !is_owed || tells || rollout::is_news(before, &decision.status) {
            self.owes_numbers = None;
            return None;
        }
        let now = clock::steady();
        let by = self.owes_numbers.get_or_insert(now).plus(NUMBERS_WITHIN);
        if by <= now {
            self.owes_numbers = None;
            return None;
        }
        Some(clock::now().plus(by.since(now)))
    }

    /// Notes moments that are more exact than they are on paper, and keeps those that are still there.
    fn remember(&mut self, status: &RolloutStatus) {
        let pauses = status.pause_conditions.iter().map(|pause| pause.start_time);
        let moments: Vec<Time> = pauses.chain(status.aborted_at).collect();
        self.exact.retain(|exact| moments.contains(&exact.whole_seconds()));
        self.exact.extend(moments.into_iter().filter(|time| *time != time.whole_seconds()));
    }
}

impl Outcome {
    /// Nothing more is to be done for the object.
    pub fn done() -> Self {
        Self { memory: None, wake: None, nudge: Vec::new() }
    }
}

/// Looks at one object and does what is to be done now.
pub async fn run(shell: &Arc<Shell>, key: &ObjectKey, memory: Memory) -> Outcome {
    let (begun, stopped) = (clock::steady(), memory.stopped);
    let outcome = match key.kind.as_str() {
        "Rollout" => progress(shell, key, memory).await,
        "AnalysisRun" => measure::measure(shell, key, memory).await,
        _ => experiment::progress(shell, key, memory).await,
    };
    if matches!(shell.hand.cache.see(&gvk_of(key), key), Seen::Here(_)) {
        let failed = outcome.memory.as_ref().is_some_and(|memory| memory.stopped > stopped);
        shell.teller.looked(key, begun, failed);
    } else {
        shell.teller.forget(key);
    }
    outcome
}

async fn progress(shell: &Shell, key: &ObjectKey, mut memory: Memory) -> Outcome {
    // Mostly the agent's own writes have come back to it.
    let holds = |(versions, until): &(Versions, Option<Time>)| {
        until.is_none_or(|until| clock::now() < until) && versions.still_hold(shell, key)
    };
    let quiet = memory.quiet.take();
    if let Some((versions, wake)) = quiet.filter(holds) {
        memory.quiet = Some((versions, wake));
        return Outcome { memory: Some(memory), wake, nudge: Vec::new() };
    }
    for _ in 0..ROUNDS {
        let Some(object) = mine(shell, key) else {
            if let Some(going) = going(shell, key) {
                memory.last = Some(going);
                return Outcome { memory: Some(memory), wake: None, nudge: Vec::new() };
            }
            shell.hand.cache.references.set(key, BTreeSet::new());
            return match release::release(shell, key, memory.last.as_deref()).await {
                Ok(()) => Outcome::done(),
                Err(stopped) => {
                    tracing::warn!(error = %stopped, "what a Rollout held could not be let go of");
                    memory.stopped += 1;
                    let wake = clock::now().plus(backoff(memory.stopped));
                    Outcome { memory: Some(memory), wake: Some(wake), nudge: Vec::new() }
                }
            };
        };
        let gathered = match gather::gather(shell, &object, &memory).await {
            Ok(gathered) => gathered,
            Err(error) => return unreadable(shell, &object, memory, &error).await,
        };
        shell.hand.cache.references.set(key, gathered.named.clone());
        memory.last = release::is_remembered(&gathered.observed.rollout).then(|| object.clone());
        let decision = rollout::decide(&gathered.observed, clock::now());
        let status_by = memory.put_off(&gathered.observed.rollout.status, &decision);
        match carry_out(shell, &object, &decision, status_by.is_some()).await {
            Ok(changed) => {
                memory.remember(&decision.status);
                if !changed {
                    memory.stopped = 0;
                    let wake = decision.wake.into_iter().chain(status_by).min();
                    memory.quiet = gathered.versions.map(|versions| (versions, wake));
                    return Outcome { memory: Some(memory), wake, nudge: Vec::new() };
                }
            }
            Err(Stopped::Taken(name)) if !memory.taken.contains(&name) => memory.taken.push(name),
            Err(stopped) => return again(shell, &object, memory, &stopped),
        }
    }
    Outcome { memory: Some(memory), wake: Some(clock::now()), nudge: Vec::new() }
}

/// The object, where it is there, this controller's, and to stay.
pub fn mine(shell: &Shell, key: &ObjectKey) -> Option<Arc<Object>> {
    owned(shell, key).filter(|object| !object.is_deleting())
}

/// A Rollout that is being deleted and waits for its ReplicaSets to go, where it names what only it can let go of.
fn going(shell: &Shell, key: &ObjectKey) -> Option<Arc<Object>> {
    let is_remembered = |object: &Arc<Object>| {
        object.is_deleting() && Rollout::read(object).is_ok_and(|rollout| release::is_remembered(&rollout))
    };
    owned(shell, key).filter(is_remembered)
}

fn gvk_of(key: &ObjectKey) -> Gvk {
    match key.kind.as_str() {
        "Rollout" => kinds::rollout(),
        "AnalysisRun" => kinds::analysis_run(),
        _ => kinds::experiment(),
    }
}

fn owned(shell: &Shell, key: &ObjectKey) -> Option<Arc<Object>> {
    let Seen::Here(live) = shell.hand.cache.see(&gvk_of(key), key) else { return None };
    let object = Arc::new(live.whole?.object());
    let instance = object.label(rollout::INSTANCE_ID).unwrap_or_default();
    (instance == shell.options.instance_id).then_some(object)
}

/// Says in the object's own status what of its spec cannot be read. A status that cannot be read is left alone.
pub async fn unreadable(shell: &Shell, object: &Object, memory: Memory, error: &ReadError) -> Outcome {
    let key = object.key();
    shell.teller.unreadable(&key, &error.to_string());
    let done = Outcome { memory: Some(memory), wake: None, nudge: Vec::new() };
    let before = object.get("status").cloned().unwrap_or_default();
    if !error.field.starts_with("spec") || still_driving(shell, object).is_err() {
        return done;
    }
    let now = clock::now();
    let told = match key.kind.as_str() {
        "Rollout" => told(&before, |known| sayings::rollout(&known, object.generation(), error, now)),
        "AnalysisRun" => told(&before, |known| sayings::analysis_run(&known, error, Some(now))),
        _ => told(&before, |known| sayings::experiment(&known, error)),
    };
    let Some((before, after)) = told else { return done };
    match shell.hand.write_status(&object.gvk(), object, &before, &after).await {
        Ok(_) => {
            let owner = Meta::read(object).controller;
            Outcome { nudge: shell.hand.cache.place(&owner).into_iter().collect(), ..done }
        }
        Err(stopped) => again(shell, object, done.memory.unwrap_or_default(), &stopped),
    }
}

/// A status as it was read and as it is to be; none where it could not be read.
fn told<S: DeserializeOwned + Default + Serialize>(
    before: &Value,
    tell: impl FnOnce(S) -> S,
) -> Option<(Value, Value)> {
    let known: S =
        if before.is_null() { S::default() } else { serde_json::from_value(before.clone()).ok()? };
    let value = |status: &S| serde_json::to_value(status).unwrap_or_default();
    let read = value(&known);
    Some((read, value(&tell(known))))
}

/// Carries out the actions, then writes the status unless it may wait, then tells. True where anything was changed.
async fn carry_out(
    shell: &Shell,
    object: &Object,
    decision: &Decision,
    status_waits: bool,
) -> Result<bool, Stopped> {
    for action in &decision.actions {
        still_driving(shell, object)?;
        let done = shell.hand.act(action, object).await;
        if let Err(stopped @ Stopped::Refused { .. }) = &done {
            say_refused(shell, object, action, stopped).await;
        }
        done?;
    }
    let acted = !decision.actions.is_empty();
    let status = !status_waits && write_status(shell, object, decision, acted).await?;
    for event in &decision.events {
        shell.teller.event(object, event);
    }
    Ok(status || acted)
}

/// Says in the status what the server does not take. Where even that is not taken, an Event and the log have it.
async fn say_refused(shell: &Shell, object: &Object, action: &Action, stopped: &Stopped) {
    // Something else of the decision may have been written already.
    let Some(object) = mine(shell, &object.key()) else { return };
    let Ok(Rollout { status: before, .. }) = Rollout::read(&object) else { return };
    let after = rollout::refused(&before, action, &stopped.to_string(), clock::now());
    let value = |status: &RolloutStatus| serde_json::to_value(status).unwrap_or_default();
    let written = shell.hand.write_status(&kinds::rollout(), &object, &value(&before), &value(&after)).await;
    if let Err(error) = written {
        tracing::debug!(%error, "a refusal could not be written into the status");
    }
}

async fn write_status(
    shell: &Shell,
    object: &Object,
    decision: &Decision,
    acted: bool,
) -> Result<bool, Stopped> {
    still_driving(shell, object)?;
    // An action may have written the Rollout itself: the status goes to the object as it is now.
    let now = if acted { mine(shell, &object.key()) } else { None };
    let object = now.as_deref().unwrap_or(object);
    // As it is known here: what is in the cluster beside that stays.
    let known = Rollout::read(object).map(|rollout| rollout.status).unwrap_or_default();
    let value = |status: &RolloutStatus| serde_json::to_value(status).unwrap_or_default();
    let (before, after) = (value(&known), value(&decision.status));
    Ok(shell.hand.write_status(&kinds::rollout(), object, &before, &after).await?.is_some())
}

/// Refuses to go on once another one drives.
pub fn still_driving(shell: &Shell, object: &Object) -> Result<(), Stopped> {
    if shell.drives.load(Ordering::Relaxed) { Ok(()) } else { Err(Stopped::Stale(object.key())) }
}

/// A run that was stopped is taken up again: at once where something else was faster, later where the server refuses.
pub fn again(shell: &Shell, object: &Object, mut memory: Memory, stopped: &Stopped) -> Outcome {
    memory.stopped += 1;
    if let Stopped::Refused { .. } = stopped {
        tracing::warn!(error = %stopped, "a decision could not be carried out");
        shell.teller.stopped(object, stopped);
    }
    let wake = clock::now().plus(backoff(memory.stopped));
    Outcome { memory: Some(memory), wake: Some(wake), nudge: Vec::new() }
}

/// 10 ms, doubled to 10 s, as upstream's queue does.
fn backoff(times: u32) -> Duration {
    Duration::from_millis(10 << times.saturating_sub(1).min(10)).min(Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stays_exact_after_the_server_has_cut_it() {
        let time = |text: &str| text.parse::<Time>().expect("it is a time");
        let paused = |start: &str| RolloutStatus {
            pause_conditions: vec![model::rollout::PauseCondition {
                reason: "CanaryPauseStep".into(),
                start_time: time(start),
            }],
            ..RolloutStatus::default()
        };
        let mut memory = Memory::default();
        memory.remember(&paused("2024-05-01T12:00:00.7Z"));
        memory.remember(&paused("2024-05-01T12:00:00Z"));
        assert_eq!(memory.exact, [time("2024-05-01T12:00:00.7Z")]);
        memory.remember(&paused("2024-05-01T12:00:09.1Z"));
        memory.remember(&RolloutStatus::default());
        assert_eq!(memory.exact, []);
    }
}
