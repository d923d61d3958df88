//! Tests of the analysis: what conditions answer, and how runs come to a verdict.

mod arguments;
mod conditions;
mod laws;
mod limits;
mod timelines;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Time;
use model::analysis::{AnalysisRunSpec, AnalysisRunStatus};

use super::measure::{Arrived, Outcome};
use super::value::Value;
use super::{Progress, Run, SecretValues, Work, advance};

/// A run that is played through in virtual time: what a metric's provider says is a list of words.
///
/// `0.9` and its like are vectors of one number, `-` is an empty vector, `!` an error, `..` a Job that goes on, and
/// `ok` a Job that is done. The last word is said for ever.
pub struct Play {
    pub spec: AnalysisRunSpec,
    pub status: AnalysisRunStatus,
    pub secrets: SecretValues,
    pub now: Time,
    scripts: BTreeMap<String, Vec<&'static str>>,
    /// What happened, a line for each change.
    pub lines: Vec<String>,
}

impl Play {
    #[track_caller]
    pub fn new(spec: &str, scripts: &[(&str, &'static str)]) -> Self {
        let spec = serde_yaml::from_str(spec).expect("it is the spec of a run");
        let words = |(metric, script): &(&str, &'static str)| {
            let words: Vec<_> = script.split_whitespace().rev().collect();
            ((*metric).to_owned(), words)
        };
        Self {
            spec,
            status: AnalysisRunStatus::default(),
            secrets: SecretValues::new(),
            now: start(),
            scripts: scripts.iter().map(words).collect(),
            lines: Vec::new(),
        }
    }

    /// Plays until the run ends or the time is over; each measurement takes no time.
    pub fn run_for(&mut self, seconds: u64) -> &mut Self {
        let end = self.now.plus(Duration::from_secs(seconds));
        let mut arrived = Vec::new();
        loop {
            let progress = self.look(&arrived);
            arrived = self.carry_out(&progress);
            if !arrived.is_empty() {
                continue;
            }
            match progress.wake {
                Some(wake) if wake <= end => {
                    assert!(wake > self.now, "it wants to be woken at once, with nothing to do");
                    self.now = wake;
                }
                Some(_) | None => {
                    self.now = end;
                    return self;
                }
            }
        }
    }

    /// One look, told in lines.
    pub fn look(&mut self, arrived: &[Arrived]) -> Progress {
        let nothing = BTreeSet::new();
        let run = Run { spec: &self.spec, status: &self.status, secrets: &self.secrets, in_flight: &nothing };
        let progress = advance(&run, arrived, self.now);
        let at = self.now.since(start()).as_secs();
        self.lines.extend(progress.events.iter().map(|event| format!("{at}s {}", event.reason)));
        self.status = progress.status.clone();
        progress
    }

    fn carry_out(&mut self, progress: &Progress) -> Vec<Arrived> {
        let now = self.now;
        let mut arrived = Vec::new();
        for task in &progress.tasks {
            let script = self.scripts.get_mut(&task.metric.name).expect("the metric has a script");
            let word = if script.len() > 1 { script.pop() } else { script.last().copied() };
            let word = word.expect("a script has words");
            let word = if matches!(task.work, Work::Terminate(_)) { "stop" } else { word };
            let at = now.since(start()).as_secs();
            self.lines.push(format!("{at}s {} #{} {word}", task.metric.name, task.number));
            let outcome = outcome(word, now);
            arrived.push(Arrived {
                metric: task.metric.name.clone(),
                outcome,
                started_at: now,
                finished_at: now,
            });
        }
        arrived
    }

    /// Phase and message.
    pub fn verdict(&self) -> String {
        let AnalysisRunStatus { phase, message, .. } = &self.status;
        if message.is_empty() { phase.clone() } else { format!("{phase}: {message}") }
    }

    /// Phase and counters of a metric.
    #[track_caller]
    pub fn metric(&self, name: &str) -> String {
        let result =
            self.status.metric_results.iter().find(|result| result.name == name).expect("it was measured");
        format!(
            "{} count={} ok={} failed={} inconclusive={} error={}",
            result.phase, result.count, result.successful, result.failed, result.inconclusive, result.error
        )
    }
}

pub fn start() -> Time {
    "2026-01-01T00:00:00Z".parse().expect("it is a time")
}

fn outcome(word: &str, now: Time) -> Outcome {
    use super::measure::Found;
    use super::phase::Phase;
    match word {
        "-" => Outcome::result(Value::numbers([])),
        "!" => Outcome::error("connection refused"),
        ".." => Outcome::new(Found::Running { resume_at: now.plus(Duration::from_secs(5)) }),
        "ok" => verdict(Phase::Successful, ""),
        "stop" => verdict(Phase::Inconclusive, "Metric Terminated"),
        number => Outcome::result(Value::numbers([number.parse().expect("it is a number")])),
    }
}

fn verdict(phase: super::Phase, message: &str) -> Outcome {
    Outcome::new(super::Found::Verdict { phase, text: String::new(), message: message.to_owned() })
}
