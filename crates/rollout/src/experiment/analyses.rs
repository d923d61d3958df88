//! The analyses of an Experiment: they begin when all its versions are there.

use model::Object;
use model::analysis::Argument;
use model::experiment::{ExperimentAnalysis, ExperimentAnalysisRun};
use model::rollout::TemplateRef;
use serde_json::json;

use super::{Look, versions};
use crate::decision::Action;
use crate::observed::AnalysisRun;
use crate::pass::target;
use crate::runs::is_done;
use crate::{INSTANCE_ID, run_spec};

/// Begins, notes and ends one analysis.
pub(super) fn follow(look: &mut Look, analysis: &ExperimentAnalysis) {
    let seen = look.seen;
    let named = seen.experiment.status.analysis_runs.iter().find(|run| run.name == analysis.name);
    let name = named.map_or_else(
        || format!("{}-{}", seen.experiment.meta.name, analysis.name),
        |run| run.analysis_run.clone(),
    );
    match seen.analysis_runs.iter().find(|run| run.meta.name == name) {
        Some(run) => {
            note(look, analysis, run);
            end(look, analysis, run);
        }
        None if seen.experiment.status.available_at.is_some() && !look.is_ending() => {
            begin(look, analysis, name)
        }
        None => {}
    }
}

fn begin(look: &mut Look, analysis: &ExperimentAnalysis, name: String) {
    match object(look, analysis, &name) {
        Ok(object) => {
            look.decision.actions.push(Action::CreateAnalysisRun(object));
            let run = ExperimentAnalysisRun {
                name: analysis.name.clone(),
                analysis_run: name,
                phase: "Pending".to_owned(),
                message: String::new(),
            };
            put(look, run);
        }
        Err(why) => put(
            look,
            ExperimentAnalysisRun {
                name: analysis.name.clone(),
                analysis_run: String::new(),
                phase: "Error".to_owned(),
                message: why,
            },
        ),
    }
}

fn note(look: &mut Look, analysis: &ExperimentAnalysis, run: &AnalysisRun) {
    let phase = if run.status.phase.is_empty() { "Pending" } else { run.status.phase.as_str() };
    let before = look.seen.experiment.status.analysis_runs.iter().find(|one| one.name == analysis.name);
    let was = before.map_or("", |before| before.phase.as_str());
    if was != phase {
        let bad = matches!(phase, "Failed" | "Error");
        let words = format!("AnalysisRun '{}' transitioned from {was} -> {phase}", analysis.name);
        look.tell(bad, format!("AnalysisRun{phase}"), words);
    }
    put(
        look,
        ExperimentAnalysisRun {
            name: analysis.name.clone(),
            analysis_run: run.meta.name.clone(),
            phase: phase.to_owned(),
            message: run.status.message.clone(),
        },
    );
}

/// What is not done when the Experiment ends is ended; where it must be done for the Experiment to end, it goes on
/// beyond the duration.
fn end(look: &mut Look, analysis: &ExperimentAnalysis, run: &AnalysisRun) {
    let goes_on = analysis.required_for_completion && !look.is_stopped();
    if look.is_ending() && !goes_on && !is_done(&run.status.phase) && !run.spec.terminate {
        look.decision.actions.push(Action::TerminateAnalysisRun(target(&run.meta)));
        let words = format!("Terminating AnalysisRun '{}'", run.meta.name);
        look.tell(false, "AnalysisRunTerminating".into(), words);
    }
}

fn put(look: &mut Look, run: ExperimentAnalysisRun) {
    let all = &mut look.decision.status.analysis_runs;
    match all.iter_mut().find(|one| one.name == run.name) {
        Some(place) => *place = run,
        None => all.push(run),
    }
}

fn object(look: &Look, analysis: &ExperimentAnalysis, name: &str) -> Result<Object, String> {
    let experiment = &look.seen.experiment;
    let arguments = analysis.args.iter().map(|argument| filled(look, argument)).collect();
    let reference =
        TemplateRef { template_name: analysis.template_name.clone(), cluster_scope: analysis.cluster_scope };
    let (dry_run, retention) = (&experiment.spec.dry_run, &experiment.spec.measurement_retention);
    let spec = run_spec::merge(&look.seen.templates, &[reference], arguments, dry_run, retention)?;
    let metadata = experiment.spec.analysis_run_metadata.clone().unwrap_or_default();
    let mut labels = metadata.labels;
    if !look.seen.options.instance_id.is_empty() {
        labels.insert(INSTANCE_ID.to_owned(), look.seen.options.instance_id.clone());
    }
    let value = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": name,
            "namespace": experiment.meta.namespace,
            "labels": labels,
            "annotations": metadata.annotations,
            "ownerReferences": [versions::owner(look)],
        },
        "spec": spec,
    });
    Ok(Object::from_value(value).expect("it is written as a map above"))
}

/// An argument may name what the Experiment made: `{{templates.x.podTemplateHash}}` and the like.
fn filled(look: &Look, argument: &Argument) -> Argument {
    let mut argument = argument.clone();
    let Some(text) = &mut argument.value else { return argument };
    for set in &look.seen.replica_sets {
        let Some(name) = set.meta.annotation("experiment.argoproj.io/template-name") else { continue };
        let values = [
            (format!("templates.{name}.podTemplateHash"), set.meta.hash().to_owned()),
            (format!("templates.{name}.replicaset.name"), set.meta.name.clone()),
        ];
        for (tag, value) in values {
            *text = replaced(text, &tag, &value);
        }
    }
    let available = look.seen.experiment.status.available_at.map(|at| at.to_string()).unwrap_or_default();
    *text = replaced(text, "experiment.availableAt", &available);
    let end = look.end().map(|at| at.to_string()).unwrap_or_default();
    *text = replaced(text, "experiment.finishedAt", &end);
    argument
}

fn replaced(text: &str, tag: &str, value: &str) -> String {
    text.replace(&format!("{{{{{tag}}}}}"), value).replace(&format!("{{{{ {tag} }}}}"), value)
}
