//! One Experiment, once: gather, decide, act, until nothing more is to be done now.

use std::sync::Arc;

use model::{Object, ObjectKey};
use rollout::experiment::{self, ExperimentDecision, Seen};
use rollout::references::references_of_experiment;
use rollout::{AnalysisRun, AnalysisTemplate, Experiment, ReplicaSet, Service};

use super::super::clock;
use super::gather::{children, find_named, readable, see, templates};
use super::progress::{Memory, Outcome, Shell, again, mine, still_driving, unreadable};
use crate::cluster::decision::{Stopped, kinds};

/// Rounds of deciding and acting in one run.
const ROUNDS: usize = 50;

/// Looks at one Experiment and does what is to be done now.
pub async fn progress(shell: &Shell, key: &ObjectKey, mut memory: Memory) -> Outcome {
    let mut nudge = Vec::new();
    for _ in 0..ROUNDS {
        let Some(object) = mine(shell, key) else { return Outcome::done() };
        let seen = match Experiment::read(&object) {
            Ok(experiment) => gather(shell, &object, experiment, &memory).await,
            Err(error) => return unreadable(shell, &object, memory, &error).await,
        };
        let decision = experiment::decide(&seen, clock::now());
        let is_news = decision.status.phase != seen.experiment.status.phase;
        match carry_out(shell, &object, &seen, &decision).await {
            Ok(changed) => {
                let owner = shell.hand.cache.place(&seen.experiment.meta.controller);
                nudge.extend(owner.filter(|_| is_news));
                if !changed {
                    return Outcome { memory: Some(memory), wake: decision.wake, nudge };
                }
            }
            Err(Stopped::Taken(name)) if !memory.taken.contains(&name) => memory.taken.push(name),
            Err(stopped) => return again(shell, &object, memory, &stopped),
        }
    }
    Outcome { memory: Some(memory), wake: Some(clock::now()), nudge }
}

async fn gather(shell: &Shell, object: &Object, experiment: Experiment, memory: &Memory) -> Seen {
    let found = find_named(shell, |live| references_of_experiment(&experiment, live)).await.objects;
    let mut services = Vec::new();
    for key in owned_services(shell, object) {
        services.extend(see(shell, &kinds::service().group_kind(), &key).await);
    }
    Seen {
        replica_sets: children(shell, object.uid(), &kinds::replica_set())
            .map(|set| ReplicaSet::read(&set))
            .collect(),
        services: services.iter().map(|service| Service::read(service)).collect(),
        analysis_runs: readable(children(shell, object.uid(), &kinds::analysis_run()), AnalysisRun::seen),
        templates: readable(templates(&found), AnalysisTemplate::read),
        taken: memory.taken.clone(),
        options: shell.options.clone(),
        experiment,
    }
}

fn owned_services(shell: &Shell, object: &Object) -> Vec<ObjectKey> {
    let owned = shell.hand.cache.children(object.uid()).into_iter();
    owned.filter(|live| live.gvk == kinds::service()).map(|live| live.stub.key.clone()).collect()
}

async fn carry_out(
    shell: &Shell,
    object: &Arc<Object>,
    seen: &Seen,
    decision: &ExperimentDecision,
) -> Result<bool, Stopped> {
    for action in &decision.actions {
        still_driving(shell, object)?;
        shell.hand.act(action, object).await?;
    }
    still_driving(shell, object)?;
    let before = serde_json::to_value(&seen.experiment.status).unwrap_or_default();
    let after = serde_json::to_value(&decision.status).unwrap_or_default();
    let written = shell.hand.write_status(&kinds::experiment(), object, &before, &after).await?;
    decision.events.iter().for_each(|event| shell.teller.event(object, event));
    Ok(written.is_some() || !decision.actions.is_empty())
}
