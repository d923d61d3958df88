//! Measurements that are given beforehand: AnalysisRuns of the little cluster are judged by the same machine that judges
//! real ones.

use std::collections::BTreeSet;
use std::str::FromStr;

use model::analysis::Metric;
use model::{Object, Time};
use serde_json::Value as Json;

use super::world::World;
use crate::analysis::{self, Arrived, Outcome, Phase, Run, SecretValues, Task, Value};
use crate::observed::{AnalysisRun, ReadError};

/// One answer of a provider.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A value.
    Value(Value),
    /// An answer without a value.
    Empty,
    /// No answer.
    Error,
}

impl FromStr for Reading {
    type Err = std::convert::Infallible;

    /// A number, `NaN`, `true`, other JSON, or a text; `empty` for an answer without a value, `error` for none at all.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "empty" => Self::Empty,
            "error" => Self::Error,
            text => Self::Value(match (text.parse::<f64>(), serde_json::from_str::<Json>(text)) {
                (Ok(number), _) => Value::Number(number),
                (Err(_), Ok(json)) => Value::from(json),
                (Err(_), Err(_)) => Value::Text(text.to_owned()),
            }),
        })
    }
}

/// The answers to one metric, in turn; the last one again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    /// Name of the metric.
    pub metric: String,
    /// The answers; never empty.
    answers: Vec<Reading>,
}

/// Why a text names no readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as NAME=VALUE,VALUE,...")]
pub struct BadReadings;

impl FromStr for Readings {
    type Err = BadReadings;

    /// `NAME=VALUE,VALUE,...`
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (metric, answers) = text.split_once('=').ok_or(BadReadings)?;
        if metric.is_empty() || answers.is_empty() {
            return Err(BadReadings);
        }
        let answers = answers.split(',').filter_map(|answer| answer.trim().parse().ok()).collect();
        Ok(Self { metric: metric.to_owned(), answers })
    }
}

impl Readings {
    /// What comes of one measurement. Prometheus answers with a list, others with the value itself.
    fn answer(&self, task: &Task) -> Outcome {
        let number = usize::try_from(task.number).unwrap_or(1);
        let is_list = task.metric.provider.prometheus.is_some();
        match self.answers.get(number - 1).or(self.answers.last()) {
            Some(Reading::Value(value)) if is_list => Outcome::result(Value::List(vec![value.clone()])),
            Some(Reading::Value(value)) => Outcome::result(value.clone()),
            Some(Reading::Empty) if is_list => Outcome::result(Value::List(Vec::new())),
            Some(Reading::Empty) => Outcome::result(Value::Nil),
            Some(Reading::Error) | None => Outcome::error("the provider does not answer (simulated)"),
        }
    }
}

impl World {
    /// Names of all metrics of all templates.
    pub(super) fn metrics(&self) -> BTreeSet<String> {
        let of = |template: &Object| {
            let metrics =
                template.pointer("/spec/metrics").and_then(Json::as_array).cloned().unwrap_or_default();
            metrics.into_iter().filter_map(|metric| Some(metric.get("name")?.as_str()?.to_owned()))
        };
        self.templates.iter().flat_map(of).collect()
    }

    /// Whether answers are given for a metric of a run.
    pub(super) fn is_measured(&self, run: &Object) -> bool {
        AnalysisRun::read(run)
            .is_ok_and(|run| run.spec.metrics.iter().any(|metric| self.readings(metric).is_some()))
    }

    fn readings(&self, metric: &Metric) -> Option<&Readings> {
        self.readings.iter().find(|readings| readings.metric == metric.name)
    }

    /// Takes the measurements that are due now. Metrics without given answers are left out of their runs.
    ///
    /// # Errors
    /// When a run has a field of an unexpected shape.
    pub(super) fn measure(&mut self) -> Result<(), ReadError> {
        let mut next = None;
        for place in 0..self.runs.len() {
            let AnalysisRun { meta: _, mut spec, mut status } = AnalysisRun::read(&self.runs[place])?;
            spec.metrics.retain(|metric| self.readings(metric).is_some());
            if spec.metrics.is_empty() || Phase::of(&status.phase).is_some_and(Phase::is_terminal) {
                continue;
            }
            let (secrets, in_flight) = (SecretValues::default(), BTreeSet::new());
            let mut arrived = Vec::new();
            loop {
                let run = Run { spec: &spec, status: &status, secrets: &secrets, in_flight: &in_flight };
                let progress = analysis::advance(&run, &arrived, self.now);
                status = progress.status;
                if progress.tasks.is_empty() {
                    next = next.into_iter().chain(progress.wake).min();
                    break;
                }
                arrived = progress.tasks.iter().map(|task| self.arrived(task)).collect();
            }
            let status = serde_json::to_value(&status).unwrap_or_default();
            self.runs[place].fields_mut().insert("status".into(), status);
        }
        self.next_measurement = next;
        Ok(())
    }

    fn arrived(&self, task: &Task) -> Arrived {
        let silent = || Outcome::error("no answer is given for it");
        let outcome = self.readings(&task.metric).map_or_else(silent, |readings| readings.answer(task));
        Arrived { metric: task.metric.name.clone(), outcome, started_at: self.now, finished_at: self.now }
    }

    /// When something is measured next; always after now.
    pub(super) fn next_measured(&self) -> Option<Time> {
        self.next_measurement.filter(|next| *next > self.now)
    }
}

/// What is given for one metric each, by name.
pub(super) fn unknown<'a>(readings: &'a [Readings], known: &BTreeSet<String>) -> Option<&'a str> {
    readings.iter().map(|readings| readings.metric.as_str()).find(|name| !known.contains(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Reading]) {
        let read: Readings = text.parse().expect("they are readings");
        assert_eq!(read.answers, expected, "{text}");
    }

    #[test]
    fn readings_are_numbers_words_and_silence() {
        let number = |number| Reading::Value(Value::Number(number));
        check("errors=0.5, 7", &[number(0.5), number(7.0)]);
        check("ok=true,yes", &[Reading::Value(Value::Bool(true)), Reading::Value(Value::Text("yes".into()))]);
        check("errors=empty,error", &[Reading::Empty, Reading::Error]);
        assert_eq!("errors".parse::<Readings>(), Err(BadReadings));
        assert_eq!("=1".parse::<Readings>(), Err(BadReadings));
        assert_eq!("errors=".parse::<Readings>(), Err(BadReadings));
    }
}
