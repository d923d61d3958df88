//! Objects whose spec nobody can read, because a definition let it in that is more open than upstream's: their own status
//! says which field and why, nothing of theirs moves, and nobody else notices (promise S7).

use model::Time;
use model::analysis::AnalysisRunStatus;
use model::experiment::ExperimentStatus;
use model::rollout::RolloutStatus;

use crate::analysis::Phase;
use crate::conditions;
use crate::observed::ReadError;

/// The status of such a Rollout: what upstream says of one that is not valid, and everything else as it was.
pub fn rollout(before: &RolloutStatus, generation: i64, error: &ReadError, now: Time) -> RolloutStatus {
    let message = format!("The Rollout \"{}\" is invalid: {}", error.name, words(error));
    let mut status = before.clone();
    conditions::invalid(&mut status, message.clone(), now);
    status.observed_generation = generation.to_string();
    status.phase = "Degraded".to_owned();
    status.message = format!("InvalidSpec: {message}");
    status
}

/// The status of such an AnalysisRun: it ends in an error, which whoever waits for it can see.
pub fn analysis_run(before: &AnalysisRunStatus, error: &ReadError, now: Option<Time>) -> AnalysisRunStatus {
    AnalysisRunStatus {
        phase: Phase::Error.word().to_owned(),
        message: words(error),
        started_at: before.started_at.or(now),
        completed_at: before.completed_at.or(now),
        ..before.clone()
    }
}

/// The status of such an Experiment: it ends in an error, as an AnalysisRun does.
pub fn experiment(before: &ExperimentStatus, error: &ReadError) -> ExperimentStatus {
    ExperimentStatus { phase: Phase::Error.word().to_owned(), message: words(error), ..before.clone() }
}

fn words(error: &ReadError) -> String {
    format!("{}: {}; correct the field", error.field, error.source)
}

#[cfg(test)]
mod tests {
    use model::Object;
    use serde_json::json;

    use super::*;
    use crate::observed::{AnalysisRun, Experiment, Rollout};

    fn now() -> Time {
        "2026-01-01T12:00:00Z".parse().expect("it is a time")
    }

    fn object(kind: &str, spec: &serde_json::Value) -> Object {
        let value = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "web"}, "spec": spec});
        Object::from_value(value).expect("it is an object")
    }

    #[test]
    fn the_field_is_named_and_the_rest_of_the_status_stays() {
        let steps = json!({"strategy": {"canary": {"steps": [{"setWeight": 10}, {"setWeight": "many"}]}}});
        let error = Rollout::read(&object("Rollout", &steps)).expect_err("it is no number");
        let before = RolloutStatus { stable_rs: "abc".to_owned(), ..RolloutStatus::default() };
        let status = rollout(&before, 7, &error, now());
        let message = &status.message;
        assert!(
            message.starts_with("InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.canary.steps[1]"),
            "{message}"
        );
        assert_eq!((status.phase.as_str(), status.stable_rs.as_str()), ("Degraded", "abc"));
        let again = rollout(&status, 7, &error, now().plus(std::time::Duration::from_secs(60)));
        assert_eq!(again, status, "the same words are written once");
    }

    #[test]
    fn runs_and_experiments_end_in_an_error() {
        let error = AnalysisRun::read(&object("AnalysisRun", &json!({"metrics": "none"})))
            .expect_err("it is no list");
        let status = analysis_run(&AnalysisRunStatus::default(), &error, Some(now()));
        assert_eq!(status.phase, "Error");
        assert!(status.message.starts_with("spec.metrics: "), "{}", status.message);
        let error =
            Experiment::read(&object("Experiment", &json!({"templates": 3}))).expect_err("it is no list");
        let status = experiment(&ExperimentStatus::default(), &error);
        assert_eq!(status.phase, "Error");
        assert!(status.message.starts_with("spec.templates: "), "{}", status.message);
    }
}
