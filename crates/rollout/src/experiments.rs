//! Experiment steps of a canary: the Experiment that a step runs, and what comes of it.

use std::collections::BTreeMap;

use model::Object;
use model::experiment::{ExperimentAnalysis, ExperimentSpec, ExperimentTemplate};
use model::rollout::{Canary, ExperimentService, ExperimentStep, ExperimentStepTemplate};
use serde_json::json;

use crate::decision::{Action, HoldReason};
use crate::observed::Experiment;
use crate::pass::{Pass, target};
use crate::traffic::Destination;
use crate::{HASH_LABEL, REVISION, pauses, revision, run_spec, runs, steps};

/// Begins the Experiment of the current step, judges it, and ends those that are no longer wanted.
pub(crate) fn follow(pass: &mut Pass) {
    let current = current(pass);
    let name = current.clone().unwrap_or_default();
    pass.canary_status().current_experiment.clone_from(&name);
    let others = pass.seen.experiments.iter().filter(|experiment| {
        experiment.meta.controller == pass.view.rollout.meta.uid
            && experiment.meta.name != name
            && !runs::is_done(&experiment.status.phase)
            && !experiment.spec.terminate
            && !experiment.meta.deleting
    });
    let ends: Vec<Action> =
        others.map(|experiment| Action::TerminateExperiment(target(&experiment.meta))).collect();
    pass.actions.extend(ends);
    forget(pass, &name);
}

/// True where the Experiment of the current step ended well.
pub(crate) fn is_successful(pass: &Pass) -> bool {
    let name = pass.status.canary.as_ref().map(|canary| canary.current_experiment.as_str());
    let found = name.and_then(|name| find(pass, name));
    found.is_some_and(|experiment| experiment.status.phase == "Successful")
}

/// Where the traffic of a running Experiment goes.
pub(crate) fn destinations(pass: &Pass, canary: &Canary) -> Vec<Destination> {
    let step = steps::current(&canary.steps, &pass.before).and_then(|step| step.experiment.as_ref());
    let name = pass.status.canary.as_ref().map(|canary| canary.current_experiment.as_str());
    let found = name.and_then(|name| find(pass, name)).filter(|found| found.status.phase == "Running");
    let (Some(step), Some(found)) = (step, found) else { return Vec::new() };
    let weighted = step.templates.iter().filter_map(|template| Some((template, template.weight?)));
    let place = |(template, weight): (&ExperimentStepTemplate, i32)| {
        let status = found.status.template_statuses.iter().find(|status| status.name == template.name)?;
        Some(Destination {
            weight,
            service: status.service_name.clone(),
            hash: status.pod_template_hash.clone(),
        })
    };
    weighted.filter_map(place).collect()
}

fn find<'a>(pass: &Pass<'a>, name: &str) -> Option<&'a Experiment> {
    pass.seen.experiments.iter().find(|experiment| experiment.meta.name == name)
}

/// The name of the Experiment that is wanted now.
fn current(pass: &mut Pass) -> Option<String> {
    let canary = pass.view.way.canary()?;
    // At the very first deployment there is nothing to compare with.
    let first = pass.before.stable_rs.is_empty();
    let is_over = first || pass.is_fully_promoted() || pass.is_aborted() || pass.before.promote_full;
    let place = steps::index(&canary.steps, &pass.before).filter(|_| !is_over)?;
    let step = canary.steps.get(place)?.experiment.as_ref()?;
    let base = format!("{}-{}-{}-{place}", pass.view.rollout.meta.name, pass.view.hash, pass.view.revision);
    let named = pass.canary_before().current_experiment;
    let run = find(pass, &named)
        .filter(|run| run.meta.name == base || run.meta.name.starts_with(&format!("{base}-")));
    if pass.pause(pauses::INCONCLUSIVE_EXPERIMENT).is_some() {
        return run.map(|run| run.meta.name.clone());
    }
    let again = run.is_some_and(|run| {
        run.status.phase == "Inconclusive" && pass.before.controller_pause || pass.before.aborted_at.is_some()
    });
    match run.filter(|_| !again) {
        Some(run) => {
            judge(pass, run);
            Some(run.meta.name.clone())
        }
        None => begin(pass, step, &base),
    }
}

fn judge(pass: &mut Pass, run: &Experiment) {
    let (name, message) = (&run.meta.name, &run.status.message);
    match run.status.phase.as_str() {
        "Successful" => {}
        "Inconclusive" => {
            pass.add_pause(pauses::INCONCLUSIVE_EXPERIMENT);
            pass.hold(HoldReason::Inconclusive, format!("Experiment {name} is inconclusive: {message}"));
        }
        "Failed" | "Error" if message.is_empty() => {
            pass.give_up("Experiment analysis phase is error/failed".to_owned());
        }
        "Failed" | "Error" => pass.give_up(format!("Experiment analysis phase is error/failed: {message}")),
        _ => pass.hold(HoldReason::ExperimentRunning, format!("Experiment {name} is running")),
    }
}

fn begin(pass: &mut Pass, step: &ExperimentStep, base: &str) -> Option<String> {
    let spec = match spec(pass, step) {
        Ok(spec) => spec,
        Err(why) => {
            pass.block(HoldReason::InvalidSpec, why);
            return None;
        }
    };
    let mut name = base.to_owned();
    for number in 1.. {
        let there = find(pass, &name);
        match there {
            Some(run) if is_same(pass, run, &spec) => {
                judge(pass, run);
                return Some(name);
            }
            None if !pass.seen.taken.contains(&name) => break,
            Some(_) | None => name = format!("{base}-{number}"),
        }
    }
    let object = object(pass, &name, &spec);
    pass.actions.push(Action::CreateExperiment(object));
    pass.tell("ExperimentCreated", format!("Created Experiment '{name}'"));
    pass.hold(HoldReason::ExperimentRunning, format!("Experiment {name} begins"));
    Some(name)
}

fn is_same(pass: &Pass, run: &Experiment, spec: &ExperimentSpec) -> bool {
    let names = |spec: &ExperimentSpec| -> Vec<String> {
        spec.templates.iter().map(|template| template.name.clone()).collect()
    };
    run.meta.controller == pass.view.rollout.meta.uid
        && !runs::is_done(&run.status.phase)
        && !run.spec.terminate
        && names(&run.spec) == names(spec)
        && run.spec.analyses == spec.analyses
        && run.spec.duration == spec.duration
}

fn spec(pass: &Pass, step: &ExperimentStep) -> Result<ExperimentSpec, String> {
    let templates: Result<Vec<_>, String> = step.templates.iter().map(|one| version(pass, one)).collect();
    let analyses: Result<Vec<_>, String> = step
        .analyses
        .iter()
        .map(|analysis| {
            Ok(ExperimentAnalysis {
                name: analysis.name.clone(),
                template_name: analysis.template_name.clone(),
                cluster_scope: analysis.cluster_scope,
                args: run_spec::arguments(pass, &analysis.args)?,
                required_for_completion: analysis.required_for_completion,
            })
        })
        .collect();
    Ok(ExperimentSpec {
        templates: templates?,
        analyses: analyses?,
        duration: step.duration.clone(),
        progress_deadline_seconds: pass.view.rollout.spec.progress_deadline_seconds,
        scale_down_delay_seconds: step.scale_down_delay_seconds,
        terminate: false,
        dry_run: step.dry_run.clone(),
        measurement_retention: Vec::new(),
        analysis_run_metadata: step.analysis_run_metadata.clone(),
    })
}

fn version(pass: &Pass, wanted: &ExperimentStepTemplate) -> Result<ExperimentTemplate, String> {
    let set = match wanted.spec_ref.as_str() {
        "canary" => pass.view.new,
        "stable" => pass.view.stable,
        _ => return Err("Invalid template step SpecRef: must be canary or stable".to_owned()),
    };
    let set = set.ok_or_else(|| {
        format!("experiment template {}: there is no {} version", wanted.name, wanted.spec_ref)
    })?;
    let mut template = set.template.clone();
    let own = serde_json::from_value(set.selector.clone()).unwrap_or_default();
    let mut selector = wanted.selector.clone().unwrap_or(own);
    let metadata = wanted.metadata.clone().unwrap_or_default();
    for (key, value) in metadata.labels {
        template["metadata"]["labels"][&key] = value.as_str().into();
        selector.match_labels.insert(key, value);
    }
    for (key, value) in metadata.annotations {
        template["metadata"]["annotations"][&key] = value.into();
    }
    let is_served = wanted.weight.is_some() || wanted.service.is_some();
    let name = wanted.service.as_ref().map(|service| service.name.clone()).unwrap_or_default();
    Ok(ExperimentTemplate {
        name: wanted.name.clone(),
        replicas: wanted.replicas,
        min_ready_seconds: set.min_ready_seconds,
        selector,
        template,
        service: is_served.then_some(ExperimentService { name }),
    })
}

fn object(pass: &Pass, name: &str, spec: &ExperimentSpec) -> Object {
    let rollout = &pass.view.rollout.meta;
    let mut labels: BTreeMap<String, String> = rollout.labels.clone();
    labels.insert(HASH_LABEL.to_owned(), pass.view.hash.clone());
    labels.extend(run_spec::instance(pass.seen));
    let value = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": {
            "name": name,
            "namespace": rollout.namespace,
            "labels": labels,
            "annotations": {REVISION: pass.view.revision.to_string()},
            "ownerReferences": [revision::owner(pass.view.rollout)],
        },
        "spec": spec,
    });
    Object::from_value(value).expect("it is written as a map above")
}

/// Deletes Experiments beyond the history, and those of versions that are gone.
fn forget(pass: &mut Pass, current: &str) {
    let limits = pass.view.rollout.spec.analysis.clone().unwrap_or_default();
    let mut good = limits.successful_run_history_limit.unwrap_or(5);
    let mut bad = limits.unsuccessful_run_history_limit.unwrap_or(5);
    let done = pass.seen.experiments.iter().filter(|experiment| {
        experiment.meta.controller == pass.view.rollout.meta.uid
            && experiment.meta.name != current
            && runs::is_done(&experiment.status.phase)
            && !experiment.meta.deleting
    });
    let mut done: Vec<&Experiment> = done.collect();
    done.sort_by_key(|experiment| std::cmp::Reverse((experiment.meta.created, experiment.meta.name.clone())));
    for experiment in done {
        let room = if experiment.status.phase == "Successful" { &mut good } else { &mut bad };
        let has_version = pass.view.own.iter().any(|set| set.meta.hash() == experiment.meta.hash());
        if has_version && *room > 0 {
            *room -= 1;
        } else {
            pass.actions.push(Action::DeleteExperiment(target(&experiment.meta)));
        }
    }
}
