//! An AnalysisRun is put together: templates are collected and merged, arguments get their values.

use std::collections::BTreeMap;

use model::Object;
use model::analysis::{AnalysisRunSpec, AnalysisTemplateSpec, Argument};
use model::parts::Labels;
use model::rollout::{DryRun, MeasurementRetention, RolloutAnalysis, RolloutArgument, TemplateRef};
use serde_json::{Value, json};

use crate::observed::{AnalysisRun, AnalysisTemplate, Observed};
use crate::pass::Pass;
use crate::{HASH_LABEL, INSTANCE_ID, REVISION, revision, runs};

/// A run: one that is there already, or one to be made.
pub(crate) enum Built<'a> {
    There(&'a AnalysisRun),
    New(Box<Object>),
}

/// The run of an analysis. A run of the same name that measures the same and has no verdict yet is taken; otherwise
/// the name gets a number. Fails in words where a template is missing or an argument has no value.
pub(crate) fn build<'a>(
    pass: &Pass<'a>,
    kind: &str,
    analysis: &RolloutAnalysis,
    suffix: &str,
) -> Result<Built<'a>, String> {
    let arguments = arguments(pass, &analysis.args)?;
    let spec = spec(pass.seen, analysis, arguments)?;
    let base = format!("{}-{}-{}{suffix}", pass.view.rollout.meta.name, pass.view.hash, pass.view.revision);
    let mut name = base.clone();
    for number in 1.. {
        let there = pass.seen.analysis_runs.iter().find(|run| run.meta.name == name);
        match there {
            Some(run) if is_same(pass, run, &spec) => return Ok(Built::There(run)),
            None if !pass.seen.taken.contains(&name) => break,
            Some(_) | None => name = format!("{base}.{number}"),
        }
    }
    let labels = labels(pass, kind, analysis, suffix);
    Ok(Built::New(Box::new(object(pass, &name, labels, analysis, &spec))))
}

fn is_same(pass: &Pass, run: &AnalysisRun, spec: &AnalysisRunSpec) -> bool {
    run.meta.controller == pass.view.rollout.meta.uid
        && !runs::is_done(&run.status.phase)
        && !run.spec.terminate
        && run.spec.metrics == spec.metrics
        && run.spec.args == spec.args
        && run.spec.dry_run == spec.dry_run
        && run.spec.measurement_retention == spec.measurement_retention
}

fn labels(pass: &Pass, kind: &str, analysis: &RolloutAnalysis, suffix: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (HASH_LABEL.to_owned(), pass.view.hash.clone()),
        ("rollout-type".to_owned(), kind.to_owned()),
    ]);
    if kind == "Step" {
        labels.insert("step-index".to_owned(), suffix.trim_start_matches('-').to_owned());
    }
    labels.extend(instance(pass.seen));
    labels.extend(analysis.analysis_run_metadata.iter().flat_map(|metadata| metadata.labels.clone()));
    labels.extend(pass.view.selector.match_labels.clone());
    labels
}

/// The label of this controller's objects, where it has one.
pub(crate) fn instance(seen: &Observed) -> Option<(String, String)> {
    let id = &seen.options.instance_id;
    (!id.is_empty()).then(|| (INSTANCE_ID.to_owned(), id.clone()))
}

fn object(
    pass: &Pass,
    name: &str,
    labels: BTreeMap<String, String>,
    analysis: &RolloutAnalysis,
    spec: &AnalysisRunSpec,
) -> Object {
    let mut annotations = BTreeMap::from([(REVISION.to_owned(), pass.view.revision.to_string())]);
    let Labels { labels: _, annotations: own } = analysis.analysis_run_metadata.clone().unwrap_or_default();
    annotations.extend(own);
    let value = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": name,
            "namespace": pass.view.rollout.meta.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [revision::owner(pass.view.rollout)],
        },
        "spec": spec,
    });
    Object::from_value(value).expect("it is written as a map above")
}

/// The values of the arguments that a Rollout hands over.
pub(crate) fn arguments(pass: &Pass, wanted: &[RolloutArgument]) -> Result<Vec<Argument>, String> {
    wanted.iter().map(|argument| value_of(pass, argument)).collect()
}

fn value_of(pass: &Pass, argument: &RolloutArgument) -> Result<Argument, String> {
    let RolloutArgument { name, value, value_from } = argument;
    let set = |value: Option<String>| Argument { name: name.clone(), value, value_from: None };
    let Some(source) = value_from else { return Ok(set(value.clone())) };
    if let Some(which) = &source.pod_template_hash_value {
        let hash = match which.as_str() {
            "Stable" => pass.view.stable.map_or_else(String::new, |set| set.meta.hash().to_owned()),
            "Latest" => pass.view.hash.clone(),
            other => {
                return Err(format!(
                    "args.{name}: podTemplateHashValue {other} is neither Stable nor Latest"
                ));
            }
        };
        return Ok(set(Some(hash)));
    }
    let Some(field) = &source.field_ref else { return Ok(set(value.clone())) };
    let found = field_of(&pass.view.rollout.object, &field.field_path);
    let text = found.ok_or_else(|| format!("args.{name}: the Rollout has no field {}", field.field_path))?;
    Ok(set(Some(text)))
}

/// A field by its path: `metadata.labels['k']`, `spec.template.spec.containers[0].image`. Only a plain value is one.
fn field_of(object: &Object, path: &str) -> Option<String> {
    // A key in quotes may hold dots.
    if let Some((map, key)) = path.split_once("['") {
        let map = field_value(object.to_value(), map.split('.'))?;
        return text_of(map.get(key.strip_suffix("']")?)?);
    }
    let pieces = path.split(['.', '[', ']']).filter(|piece| !piece.is_empty());
    text_of(&field_value(object.to_value(), pieces)?)
}

fn field_value<'p>(value: Value, mut pieces: impl Iterator<Item = &'p str>) -> Option<Value> {
    pieces.try_fold(value, |value, piece| match &value {
        Value::Array(items) => items.get(piece.parse::<usize>().ok()?).cloned(),
        other => other.get(piece).cloned(),
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What is measured, from all the templates.
pub(crate) fn spec(
    seen: &Observed,
    analysis: &RolloutAnalysis,
    arguments: Vec<Argument>,
) -> Result<AnalysisRunSpec, String> {
    merge(&seen.templates, &analysis.templates, arguments, &analysis.dry_run, &analysis.measurement_retention)
}

/// Templates, what they name in turn, and the arguments that are handed over, as one spec.
pub(crate) fn merge(
    templates: &[AnalysisTemplate],
    refs: &[TemplateRef],
    arguments: Vec<Argument>,
    dry_run: &[DryRun],
    retention: &[MeasurementRetention],
) -> Result<AnalysisRunSpec, String> {
    let mut found: Vec<&AnalysisTemplate> = Vec::new();
    collect(templates, refs, &mut found)?;
    found.sort_by_key(|template| template.cluster_scope);
    let mut spec = AnalysisRunSpec {
        dry_run: dry_run.to_vec(),
        measurement_retention: retention.to_vec(),
        ..Default::default()
    };
    for template in found {
        add(&mut spec, &template.spec)?;
    }
    unique("metric name", spec.metrics.iter().map(|metric| metric.name.as_str()))?;
    unique("dry-run metric name", spec.dry_run.iter().map(|rule| rule.metric_name.as_str()))?;
    let rules = spec.measurement_retention.iter().map(|rule| rule.metric_name.as_str());
    unique("measurement retention metric name", rules)?;
    hand_over(&mut spec.args, arguments);
    let open = spec.args.iter().find(|argument| argument.value.is_none() && argument.value_from.is_none());
    match open {
        Some(argument) => Err(format!("args.{} was not resolved", argument.name)),
        None => Ok(spec),
    }
}

fn collect<'a>(
    templates: &'a [AnalysisTemplate],
    refs: &[TemplateRef],
    found: &mut Vec<&'a AnalysisTemplate>,
) -> Result<(), String> {
    for reference in refs {
        let TemplateRef { template_name, cluster_scope } = reference;
        let is_it = |template: &&AnalysisTemplate| {
            template.name == *template_name && template.cluster_scope == *cluster_scope
        };
        if found.iter().any(&is_it) {
            continue;
        }
        let kind = if *cluster_scope { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        let template = templates.iter().find(is_it);
        let template = template.ok_or_else(|| format!("{kind} '{template_name}' not found"))?;
        found.push(template);
        collect(templates, &template.spec.templates, found)?;
    }
    Ok(())
}

fn add(spec: &mut AnalysisRunSpec, template: &AnalysisTemplateSpec) -> Result<(), String> {
    spec.metrics.extend(template.metrics.clone());
    spec.dry_run.extend(template.dry_run.clone());
    spec.measurement_retention.extend(template.measurement_retention.clone());
    for argument in &template.args {
        let Some(known) = spec.args.iter_mut().find(|known| known.name == argument.name) else {
            spec.args.push(argument.clone());
            continue;
        };
        let differs = known.value.is_some() && argument.value.is_some() && known.value != argument.value;
        if differs {
            return Err(format!(
                "Argument `{}` specified multiple times with different values",
                argument.name
            ));
        }
        known.value = known.value.take().or_else(|| argument.value.clone());
        known.value_from = known.value_from.take().or_else(|| argument.value_from.clone());
    }
    Ok(())
}

/// Values that are handed over win; what no template asks for is left out.
fn hand_over(known: &mut [Argument], given: Vec<Argument>) {
    for argument in given {
        let Some(place) = known.iter_mut().find(|known| known.name == argument.name) else { continue };
        if argument.value.is_some() {
            *place = argument;
        } else if argument.value_from.is_some() {
            *place = Argument { value: None, ..argument };
        }
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("two {what}s have the same name '{name}'"));
        }
    }
    Ok(())
}
