//! One whole update, told row by row: the first version is there, the second comes, and everybody who is asked agrees.

use std::time::Duration;

use model::{Object, Time};
use serde_json::{Value, json};

use super::measure::{self, Readings};
use super::pods::PodRule;
use super::row::Row;
use super::walk::{End, Stuck};
use super::world::World;
use crate::decision::{Held, HoldReason};

/// What the story is about.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Pods, where they are not to be the Rollout's own number.
    pub replicas: Option<i32>,
    /// Step at which the new version turns out to be bad.
    pub fail_at: Option<usize>,
    /// What providers answer.
    pub readings: Vec<Readings>,
    /// How long a pod takes to become available.
    pub pods_after: Duration,
    /// How long the story may last.
    pub most: Duration,
}

/// Why there is no story to tell.
#[derive(Debug, thiserror::Error)]
pub enum NoStory {
    /// No Rollout is among the objects.
    #[error("no Rollout is among the objects")]
    NoRollout,
    /// Answers are given for a metric that no template has.
    #[error("no AnalysisTemplate has a metric named {metric}; there are: {known}")]
    NoSuchMetric {
        /// Its name.
        metric: String,
        /// All that there are.
        known: String,
    },
    /// The walk cannot go on.
    #[error("the walk ends early")]
    Stuck(#[from] Stuck),
}

/// Label on the pods of the second version, so that it is another one.
const MARK: &str = "simulated";

/// Tells the story. Analyses are judged by the readings that are given for their metrics; others succeed unless the new version is to be bad at a step; a pause that waits for a human is
/// approved as soon as it is reached, and says so.
///
/// # Errors
/// When there is no Rollout, or when it does not come to rest.
pub fn story(objects: Vec<Object>, wishes: &Wishes) -> Result<Vec<Row>, NoStory> {
    let begin = Time(model_epoch());
    let mut world = World::new(objects, begin).ok_or(NoStory::NoRollout)?;
    world.assume_templates();
    let known = world.metrics();
    if let Some(metric) = measure::unknown(&wishes.readings, &known) {
        let known: Vec<String> = known.into_iter().collect();
        return Err(NoStory::NoSuchMetric { metric: metric.to_owned(), known: known.join(", ") });
    }
    world.readings.clone_from(&wishes.readings);
    world.pod_rules = vec![PodRule { image: String::new(), after: Some(wishes.pods_after) }];
    let replicas = wishes.replicas.or_else(|| replicas(&world.rollout)).unwrap_or(1);
    world.edit(&json!({"spec": {"replicas": replicas}}));
    world.walk(begin, wishes.most, |_, _| {})?;
    let start = world.now;
    world.edit(&json!({"spec": {"template": {"metadata": {"annotations": {MARK: "new"}}}}}));
    let mut rows: Vec<Row> = Vec::new();
    let end = start.plus(wishes.most);
    loop {
        let most = end.since(world.now);
        let outcome = go_on(&mut world, start, most, wishes.fail_at, &mut rows)?;
        let End::Waits(held) = outcome else { break };
        if !agree(&mut world, &held) {
            break;
        }
    }
    Ok(rows)
}

/// The beginning of all stories: only lengths are shown.
fn model_epoch() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn replicas(rollout: &Object) -> Option<i32> {
    rollout.pointer("/spec/replicas").and_then(Value::as_i64).and_then(|count| i32::try_from(count).ok())
}

/// Walks until something is asked, or until the step of the failure.
fn go_on(
    world: &mut World,
    start: Time,
    most: Duration,
    fail_at: Option<usize>,
    rows: &mut Vec<Row>,
) -> Result<End, Stuck> {
    let end = world.now.plus(most);
    loop {
        let outcome = world.settle_rows(start, rows)?;
        if fail(world, fail_at) {
            continue;
        }
        match world.next(&outcome).filter(|next| *next <= end) {
            Some(next) => {
                let length = next.since(world.now);
                world.pass(length);
            }
            None if outcome.held.is_empty() => return Ok(End::Done),
            None if world.next(&outcome).is_some() => return Ok(End::OutOfTime),
            None => return Ok(End::Waits(outcome.held)),
        }
    }
}

/// The new version turns out to be bad: its analysis fails, or a human gives it up where none runs. True where that
/// happened just now.
fn fail(world: &mut World, at: Option<usize>) -> bool {
    let status = |field: &str| world.rollout.pointer(&format!("/status/{field}"));
    let place =
        status("currentStepIndex").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
    let promoted = status("stableRS") == status("currentPodHash");
    let aborted = status("abort") == Some(&Value::Bool(true));
    if promoted || aborted || at.is_none() || place < at {
        return false;
    }
    let running = world
        .runs()
        .iter()
        .find(|run| run.pointer("/status/phase").is_none())
        .map(|run| run.name().to_owned());
    match running {
        Some(name) => world.judge(&name, "Failed", "the simulated failure"),
        None => {
            world.edit_status(&json!({"abort": true}));
            true
        }
    }
}

/// Whoever is asked says yes; false where nobody is asked.
fn agree(world: &mut World, held: &[Held]) -> bool {
    let asks = |reason: HoldReason| held.iter().any(|held| held.reason == reason);
    if asks(HoldReason::AwaitingPromotion) {
        world.edit_status(&json!({"pauseConditions": null}));
        return true;
    }
    if !asks(HoldReason::AnalysisRunning) && !asks(HoldReason::ExperimentRunning) {
        return false;
    }
    let running = |object: &&Object| object.pointer("/status/phase").is_none_or(|phase| phase == "Running");
    let names: Vec<String> = world
        .runs
        .iter()
        .chain(&world.experiments)
        .filter(running)
        .filter(|run| !world.is_measured(run))
        .map(|run| run.name().to_owned())
        .collect();
    let mut judged = false;
    for name in names {
        judged |= world.judge(&name, "Successful", "");
    }
    judged
}

impl World {
    /// Templates that the Rollout names and that are not there are taken for granted.
    fn assume_templates(&mut self) {
        let mut named = Vec::new();
        collect(self.rollout.pointer("/spec/strategy").unwrap_or(&Value::Null), &mut named);
        for (name, kind) in named {
            if self.templates.iter().any(|template| template.name() == name && template.kind() == kind) {
                continue;
            }
            let metric = json!({"name": name, "count": 1, "provider": {"web": {"url": "http://simulated"}}});
            let template = json!({
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": kind,
                "metadata": {"name": name},
                "spec": {"metrics": [metric]},
            });
            self.add(Object::from_value(template).expect("it is written as a map above"));
        }
    }

    /// Settles, and adds a row for each look at which something visible changed.
    fn settle_rows(&mut self, start: Time, rows: &mut Vec<Row>) -> Result<crate::Decision, Stuck> {
        let mut failed = None;
        let decision = self.settle(|world, decision| match world.row(start, &decision.held) {
            Ok(row) => push(rows, row),
            Err(error) => failed = Some(error),
        })?;
        match failed {
            Some(error) => Err(error.into()),
            None => {
                // The last look says what is waited for now.
                let row = self.row(start, &decision.held)?;
                push(rows, row);
                Ok(decision)
            }
        }
    }
}

fn push(rows: &mut Vec<Row>, row: Row) {
    match rows.last_mut() {
        Some(last)
            if Row { waits: String::new(), seconds: 0, ..last.clone() }
                == Row { waits: String::new(), seconds: 0, ..row.clone() } =>
        {
            if last.seconds == row.seconds {
                last.waits = row.waits;
            }
        }
        Some(_) | None => rows.push(row),
    }
}

/// Names of templates, with their kind, wherever a strategy names them.
fn collect(value: &Value, named: &mut Vec<(String, &'static str)>) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("templateName").and_then(Value::as_str) {
                let cluster = map.get("clusterScope") == Some(&Value::Bool(true));
                let kind = if cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
                named.push((name.to_owned(), kind));
            }
            map.values().for_each(|value| collect(value, named));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
