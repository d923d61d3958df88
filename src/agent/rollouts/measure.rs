//! One AnalysisRun, once: assess, measure what is due, assess again, until nothing more is due now.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use model::analysis::AnalysisRunStatus;
use model::{Object, ObjectKey, Time};
use rollout::analysis::{self, Arrived, Outcome as Answer, Progress, Run, SecretValues, Task};
use rollout::decision::{Action, Target};
use rollout::{AnalysisRun, Meta};

use super::super::clock;
use super::progress::{Memory, Outcome, Shell, again, mine, still_driving, unreadable};
use crate::cluster::apply;
use crate::cluster::decision::{Stopped, kinds};
use crate::net::Secret;
use crate::provider::{Providers, SecretData};

/// Rounds of measuring in one run.
const ROUNDS: usize = 20;

/// Looks at one AnalysisRun and measures what is due.
pub async fn measure(shell: &Arc<Shell>, key: &ObjectKey, memory: Memory) -> Outcome {
    let mut arrived: Vec<Arrived> = Vec::new();
    let mut nudge = Vec::new();
    for _ in 0..ROUNDS {
        let Some(object) = mine(shell, key) else { return Outcome::done() };
        let run = match AnalysisRun::read(&object) {
            Ok(run) => run,
            Err(error) => return unreadable(shell, &object, memory, &error).await,
        };
        if let Some(over) = finished(shell, &object, &run).await {
            return Outcome { nudge, ..over };
        }
        let secrets = secrets(shell, &run).await;
        let known =
            Run { spec: &run.spec, status: &run.status, secrets: &secrets, in_flight: &BTreeSet::new() };
        let progress = analysis::advance(&known, &arrived, clock::now());
        match told(shell, &object, &run, &progress).await {
            Ok(true) => nudge.extend(owner(shell, &run.meta)),
            Ok(false) => {}
            Err(stopped) => return again(shell, &object, memory, &stopped),
        }
        if progress.tasks.is_empty() {
            return Outcome { memory: Some(memory), wake: progress.wake, nudge };
        }
        arrived = join_all(progress.tasks.iter().map(|task| take(shell, &run.meta, task))).await;
    }
    Outcome { memory: Some(memory), wake: Some(clock::now()), nudge }
}

/// What is left to do about a run that has ended; none where it has not.
async fn finished(shell: &Shell, object: &Object, run: &AnalysisRun) -> Option<Outcome> {
    let is_over = analysis::Phase::of(&run.status.phase).is_some_and(analysis::Phase::is_terminal);
    if !is_over {
        return None;
    }
    match analysis::expires(&run.spec, &run.status) {
        Some(at) if at <= clock::now() => {
            let target = Target {
                namespace: run.meta.namespace.clone(),
                name: run.meta.name.clone(),
                uid: run.meta.uid.clone(),
                resource_version: String::new(),
            };
            let deleted = shell.hand.act(&Action::DeleteAnalysisRun(target), object).await;
            Some(deleted.map_or_else(
                |stopped| again(shell, object, Memory::default(), &stopped),
                |()| Outcome::done(),
            ))
        }
        wake => Some(Outcome { memory: None, wake, nudge: Vec::new() }),
    }
}

/// Writes the status where it differs, tells, and clears old Jobs away. True where others are concerned.
async fn told(
    shell: &Shell,
    object: &Object,
    run: &AnalysisRun,
    progress: &Progress,
) -> Result<bool, Stopped> {
    still_driving(shell, object)?;
    let value = |status: &AnalysisRunStatus| serde_json::to_value(status).unwrap_or_default();
    let gvk = kinds::analysis_run();
    let written = if progress.status == run.status {
        None
    } else {
        shell.hand.write_status(&gvk, object, &value(&run.status), &value(&progress.status)).await?
    };
    progress.events.iter().for_each(|event| shell.teller.event(object, event));
    if let Some(keep) = progress.keep_jobs
        && let Err(error) = shell.jobs.keep_newest(&run.meta, keep).await
    {
        tracing::warn!(error = crate::cluster::request::words(&error), "old Jobs could not be cleared away");
    }
    Ok(written.is_some() && progress.status.phase != run.status.phase)
}

/// The Rollout or Experiment that a run is for.
fn owner(shell: &Shell, run: &Meta) -> Option<ObjectKey> {
    shell.hand.cache.place(&run.controller)
}

async fn take(shell: &Shell, run: &Meta, task: &Task) -> Arrived {
    let started_at = clock::now();
    let outcome = if task.metric.provider.job.is_some() {
        shell.jobs.measure(run, task, started_at).await
    } else {
        ask(shell, run, task, started_at).await
    };
    Arrived { metric: task.metric.name.clone(), outcome, started_at, finished_at: clock::now() }
}

async fn ask(shell: &Shell, run: &Meta, task: &Task, now: Time) -> Answer {
    let Some(needed) = Providers::secret_of(&task.metric) else {
        return shell.providers.measure(task, &SecretData::new(), now).await;
    };
    let namespace = if needed.namespaced { &run.namespace } else { &shell.control_namespace };
    match secret(shell, namespace, &needed.name).await {
        Ok(data) => shell.providers.measure(task, &data, now).await,
        Err(why) => {
            Answer::error(format!("the provider's Secret {namespace}/{} cannot be read: {why}", needed.name))
        }
    }
}

/// Values of the Secrets that arguments name.
async fn secrets(shell: &Shell, run: &AnalysisRun) -> SecretValues {
    let mut values = SecretValues::new();
    for wanted in analysis::secrets(&run.spec.args) {
        let value = match secret(shell, &run.meta.namespace, &wanted.name).await {
            Ok(data) => match data.get(&wanted.key) {
                Some(value) => Ok(value.expose().to_owned()),
                None => Err(format!("key '{}' does not exist in secret '{}'", wanted.key, wanted.name)),
            },
            Err(why) => Err(why),
        };
        values.insert((wanted.name, wanted.key), value);
    }
    values
}

/// The data of a Secret, read now: the cache keeps hashes only.
async fn secret(shell: &Shell, namespace: &str, name: &str) -> Result<SecretData, String> {
    let gvk = model::Gvk::new("v1", "Secret");
    let key = ObjectKey::new("", "Secret", namespace, name);
    match apply::read(&shell.hand.client, &shell.hand.kinds.get(), &gvk, &key).await {
        Ok(Some(object)) => {
            let texts = super::super::own::data_of(&object);
            Ok(texts.into_iter().map(|(key, value)| (key, Secret::new(value))).collect())
        }
        Ok(None) => Err(format!("secrets \"{name}\" not found")),
        Err(refusal) => Err(refusal.to_string()),
    }
}
