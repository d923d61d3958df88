//! An Experiment: several versions side by side for a while, measured, and taken away again.

mod analyses;
mod verdict;
mod versions;

use std::time::Duration;

use model::Time;
use model::experiment::{ExperimentStatus, TemplateStatus};

use crate::decision::{Action, Event};
use crate::duration;
use crate::observed::{AnalysisRun, AnalysisTemplate, Experiment, Options, ReplicaSet, Service};
use crate::runs::is_done;

/// The world of one Experiment at one moment.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The Experiment itself.
    pub experiment: Experiment,
    /// ReplicaSets that it owns.
    pub replica_sets: Vec<ReplicaSet>,
    /// Services that it owns.
    pub services: Vec<Service>,
    /// AnalysisRuns that it owns.
    pub analysis_runs: Vec<AnalysisRun>,
    /// AnalysisTemplates of the namespace and ClusterAnalysisTemplates.
    pub templates: Vec<AnalysisTemplate>,
    /// Names that could not be given to something new because they are somebody else's.
    pub taken: Vec<String>,
    /// How this installation is set up.
    pub options: Options,
}

/// What to do now about an Experiment; actions come before the status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExperimentDecision {
    /// Actions in a safe order.
    pub actions: Vec<Action>,
    /// The status as it must be after the actions.
    pub status: ExperimentStatus,
    /// What is told to people, as Events on the Experiment.
    pub events: Vec<Event>,
    /// When to decide again at the latest.
    pub wake: Option<Time>,
}

/// One look at an Experiment.
pub(super) struct Look<'a> {
    seen: &'a Seen,
    now: Time,
    decision: ExperimentDecision,
}

/// Decides what happens to an Experiment now. The same input gives the same decision.
pub fn decide(seen: &Seen, now: Time) -> ExperimentDecision {
    let status = seen.experiment.status.clone();
    let mut look = Look { seen, now, decision: ExperimentDecision { status, ..Default::default() } };
    if seen.experiment.meta.deleting {
        return look.decision;
    }
    for template in &seen.experiment.spec.templates {
        versions::follow(&mut look, template);
    }
    for analysis in &seen.experiment.spec.analyses {
        analyses::follow(&mut look, analysis);
    }
    verdict::conclude(&mut look);
    look.decision
}

impl Look<'_> {
    /// True once its versions go away: it is over, or about to be.
    fn is_ending(&self) -> bool {
        self.is_stopped() || self.is_measured() || self.is_over()
    }

    /// True once it has its verdict, or somebody ended it.
    fn is_stopped(&self) -> bool {
        let (spec, status) = (&self.seen.experiment.spec, &self.seen.experiment.status);
        let failed =
            status.template_statuses.iter().any(|one| matches!(one.status.as_str(), "Failed" | "Error"));
        let judged = status.analysis_runs.iter().any(|run| is_done(&run.phase) && run.phase != "Successful");
        spec.terminate || is_done(&status.phase) || failed || judged
    }

    /// True where all analyses that it needs are done and well.
    fn is_measured(&self) -> bool {
        let (spec, status) = (&self.seen.experiment.spec, &self.seen.experiment.status);
        let mut needed = spec.analyses.iter().filter(|analysis| analysis.required_for_completion).peekable();
        needed.peek().is_some()
            && needed.all(|analysis| {
                let run = status.analysis_runs.iter().find(|run| run.name == analysis.name);
                run.is_some_and(|run| run.phase == "Successful")
            })
    }

    /// True once its time is over.
    fn is_over(&self) -> bool {
        self.end().is_some_and(|end| self.now >= end)
    }

    fn end(&self) -> Option<Time> {
        let length = duration::parse(&self.seen.experiment.spec.duration)?;
        Some(self.decision.status.available_at?.plus(length))
    }

    fn version(&mut self, name: &str) -> &mut TemplateStatus {
        let all = &mut self.decision.status.template_statuses;
        if let Some(place) = all.iter().position(|one| one.name == name) {
            return &mut all[place];
        }
        all.push(TemplateStatus { name: name.to_owned(), ..TemplateStatus::default() });
        all.last_mut().expect("it was pushed above")
    }

    fn wake_at(&mut self, at: Time) {
        let at = at.max(self.now);
        self.decision.wake = Some(self.decision.wake.map_or(at, |wake| wake.min(at)));
    }

    fn deadline(&self) -> Duration {
        duration::seconds(self.seen.experiment.spec.progress_deadline_seconds.unwrap_or(600))
    }

    fn tell(&mut self, warning: bool, reason: String, message: String) {
        self.decision.events.push(Event { warning, reason, message });
    }
}
