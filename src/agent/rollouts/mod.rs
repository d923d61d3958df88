//! The loop of progressive delivery: changes in, at most one run for each Rollout, AnalysisRun and Experiment out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::ObjectKey;
use tokio::sync::mpsc;

pub mod experiment;
pub mod gather;
pub mod measure;
pub mod progress;
mod release;
pub mod standing;
pub mod start;
pub mod tell;

use super::clock;
use super::queue::{Depth, Queue};
use crate::cluster::cache::Change;
use crate::cluster::decision::kinds;
use progress::{Memory, Outcome, Shell};
use standing::Standing;

/// Everything that can wake this half.
pub enum Event {
    /// A live object, or what is known of a kind.
    Changed(Change),
    /// A run has ended.
    Ended(ObjectKey, Box<Outcome>),
    /// A run has failed inside windlass (rule R6).
    Failed(ObjectKey),
    /// Who drives Rollouts.
    Standing(Standing),
}

/// All that the loop knows.
pub struct Rollouts {
    shell: Arc<Shell>,
    events: mpsc::UnboundedSender<Event>,
    queue: Queue<ObjectKey>,
    memories: HashMap<ObjectKey, Memory>,
    standing: Standing,
    drives: Arc<AtomicBool>,
}

/// Runs at once: waiting for the server costs nothing.
const RUNS: usize = 64;
/// Wait after a run that has failed inside windlass.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

impl Rollouts {
    /// A loop that has seen nothing yet.
    pub fn new(shell: Arc<Shell>, events: mpsc::UnboundedSender<Event>, drives: Arc<AtomicBool>) -> Self {
        Self {
            shell,
            events,
            queue: Queue::default(),
            memories: HashMap::new(),
            standing: Standing::Unknown,
            drives,
        }
    }

    /// Takes events and starts what is due until `stop` ends.
    pub async fn follow(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.start_due();
            let due = self.until_due();
            tokio::select! {
                () = &mut stop => return,
                event = events.recv() => match event {
                    Some(event) => self.take(event),
                    None => return,
                },
                () = due => {}
            }
            while let Ok(event) = events.try_recv() {
                self.take(event);
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Changed(change) => self.changed(change),
            Event::Ended(key, outcome) => self.ended(key, *outcome),
            Event::Failed(key) => {
                tracing::error!(object = %key, "a run has failed inside windlass; it is tried again in a minute");
                self.queue.done(&key);
                self.queue.push(key, clock::steady().plus(AFTER_FAILURE), Depth::Live);
            }
            Event::Standing(standing) => self.stand(standing),
        }
    }

    fn start_due(&mut self) {
        while self.standing == Standing::Drives && self.queue.sizes().1 < RUNS {
            let Some((key, _)) = self.queue.pop(clock::steady()) else { return };
            let memory = self.memories.remove(&key).unwrap_or_default();
            self.start(key, memory);
        }
    }

    fn start(&self, key: ObjectKey, memory: Memory) {
        let (shell, events) = (self.shell.clone(), self.events.clone());
        let span = tracing::info_span!("run", object = %key);
        let about = key.clone();
        let run = async move { progress::run(&shell, &about, memory).await };
        let run = tracing::Instrument::instrument(run, span);
        tokio::spawn(async move {
            // A panic ends this run and nothing else (rule R6); its memory is gone, and the next run makes it anew.
            let _ = match tokio::spawn(run).await {
                Ok(outcome) => events.send(Event::Ended(key, Box::new(outcome))),
                Err(_) => events.send(Event::Failed(key)),
            };
        });
    }

    fn ended(&mut self, key: ObjectKey, outcome: Outcome) {
        self.queue.done(&key);
        let Outcome { memory, wake, nudge } = outcome;
        if let Some(wake) = wake {
            self.queue.push(key.clone(), clock::steady_at(wake), Depth::Live);
        }
        let now = clock::steady();
        nudge.into_iter().for_each(|key| self.queue.push(key, now, Depth::Live));
        match memory {
            Some(memory) => {
                self.memories.insert(key, memory);
            }
            None => {
                self.memories.remove(&key);
            }
        }
    }

    fn changed(&mut self, change: Change) {
        let now = clock::steady();
        match change {
            Change::Object { key, owner: _, owner_uid } | Change::Written { key, owner_uid } => {
                let owner = owner_uid.and_then(|uid| self.shell.hand.cache.place(&uid));
                let director =
                    (key.kind == "Service").then(|| release::director(&self.shell, &key)).flatten();
                let named = self.shell.hand.cache.references.of(&key);
                let concerned = named.into_iter().chain(owner).chain(director).chain([key]);
                concerned
                    .filter(is_driven)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|key| self.queue.push(key, now, Depth::Live));
            }
            Change::Descendant { owner: _ } => {}
            Change::Kind(gvk) => {
                let own = [kinds::rollout(), kinds::analysis_run(), kinds::experiment()];
                let seen =
                    own.iter().filter(|own| **own == gvk).flat_map(|own| self.shell.hand.cache.whole(own));
                let keys: Vec<ObjectKey> = seen.map(|object| object.key()).collect();
                keys.into_iter().for_each(|key| self.queue.push(key, now, Depth::Live));
            }
        }
    }

    fn stand(&mut self, standing: Standing) {
        if standing == self.standing {
            return;
        }
        tracing::info!(standing = %standing, "progressive delivery");
        self.drives.store(standing == Standing::Drives, Ordering::Relaxed);
        self.shell.teller.stand(&standing);
        self.standing = standing;
        for kind in [kinds::rollout(), kinds::analysis_run(), kinds::experiment()] {
            self.changed(Change::Kind(kind));
        }
    }

    async fn until_due(&self) {
        let due = match self.standing {
            Standing::Drives if self.queue.sizes().1 < RUNS => self.queue.next_due(),
            Standing::Drives | Standing::Unknown | Standing::By(_) => None,
        };
        match due {
            Some(due) => tokio::time::sleep(due.since(clock::steady())).await,
            None => std::future::pending().await,
        }
    }
}

fn is_driven(key: &ObjectKey) -> bool {
    key.group == "argoproj.io" && matches!(key.kind.as_str(), "Rollout" | "AnalysisRun" | "Experiment")
}
