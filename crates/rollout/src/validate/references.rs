//! What a Rollout names and what is not there, or does not fit.

use model::analysis::{Argument, Metric};
use model::rollout::{RolloutAnalysis, TemplateRef};

use crate::observed::{Observed, Service};
use crate::view::{self, Way};
use crate::{HASH_LABEL, MANAGED_BY, needs, run_spec, services};

/// Problems with what the Rollout names.
pub(super) fn problems(seen: &Observed) -> Vec<String> {
    let Some(way) = Way::of(&seen.rollout) else { return Vec::new() };
    let mut problems = Vec::new();
    for (field, name) in needs::services(way) {
        problems
            .extend(service(seen, name).map(|what| format!("{field}: Invalid value: \"{name}\": {what}")));
    }
    // What serves or was given up must not freeze because a template of an analysis is gone.
    let status = &seen.rollout.status;
    let settled =
        status.abort || (!status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash);
    if !settled {
        problems.extend(analyses(seen, way));
    }
    problems
}

fn service(seen: &Observed, name: &str) -> Option<String> {
    let Some(service) = services::find(seen, name) else {
        return Some(format!("service \"{name}\" not found"));
    };
    let owner = service.meta.annotation(MANAGED_BY);
    if let Some(owner) = owner.filter(|owner| *owner != seen.rollout.meta.name) {
        return Some(format!("Service \"{name}\" is managed by another Rollout ({owner})"));
    }
    unmatched(seen, service)
}

/// The selector of a Service must find the pods.
fn unmatched(seen: &Observed, service: &Service) -> Option<String> {
    let template = view::template_of(seen)?;
    let label = |key: &str| template.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str());
    let mut own = service.selector.iter().filter(|(key, _)| *key != HASH_LABEL);
    let (key, _) = own.find(|(key, value)| label(key) != Some(value.as_str()))?;
    Some(format!("Service \"{}\" has unmatch label \"{key}\" in rollout", service.meta.name))
}

/// Analyses by the field that names them, and whether one may run for good.
fn analyses(seen: &Observed, way: Way) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |field: String, analysis: &RolloutAnalysis, forever: bool| {
        let missing = analysis.templates.iter().filter(|template| find(seen, template).is_none());
        problems.extend(missing.map(|template| {
            let (name, kind) = (&template.template_name, kind(template));
            format!("{field}.templates: Invalid value: \"{name}\": {kind} '{name}' not found")
        }));
        let is_whole = analysis.templates.iter().all(|template| find(seen, template).is_some());
        if let Some(words) = is_whole.then(|| unfit(seen, analysis)).flatten() {
            let first = analysis.templates.first().map_or("", |template| template.template_name.as_str());
            problems.push(format!("{field}.templates: Invalid value: \"{first}\": {words}"));
        }
        if !forever {
            problems.extend(
                endless(seen, &analysis.templates).map(|words| format!("{field}.templates: {words}")),
            );
        }
    };
    match way {
        Way::Canary(canary) => {
            if let Some(background) = &canary.analysis {
                let analysis = RolloutAnalysis {
                    templates: background.templates.clone(),
                    args: background.args.clone(),
                    dry_run: background.dry_run.clone(),
                    measurement_retention: background.measurement_retention.clone(),
                    ..Default::default()
                };
                check("spec.strategy.canary.analysis".into(), &analysis, true);
            }
            let steps = canary.steps.iter().enumerate();
            for (place, analysis) in steps.filter_map(|(place, step)| Some((place, step.analysis.as_ref()?)))
            {
                check(format!("spec.strategy.canary.steps[{place}].analysis"), analysis, false);
            }
        }
        Way::BlueGreen(blue_green) => {
            let at = "spec.strategy.blueGreen";
            let pairs = [
                ("prePromotionAnalysis", &blue_green.pre_promotion_analysis),
                ("postPromotionAnalysis", &blue_green.post_promotion_analysis),
            ];
            for (name, analysis) in pairs.into_iter().filter_map(|(name, one)| Some((name, one.as_ref()?))) {
                check(format!("{at}.{name}"), analysis, false);
            }
        }
    }
    problems
}

fn kind(template: &TemplateRef) -> &'static str {
    if template.cluster_scope { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" }
}

fn find<'a>(seen: &'a Observed, reference: &TemplateRef) -> Option<&'a crate::AnalysisTemplate> {
    seen.templates.iter().find(|template| {
        template.name == reference.template_name && template.cluster_scope == reference.cluster_scope
    })
}

/// Why the templates and the arguments that they are given make no AnalysisRun. What a Rollout's own fields say is known
/// only then.
fn unfit(seen: &Observed, analysis: &RolloutAnalysis) -> Option<String> {
    let given = analysis.args.iter().map(|argument| Argument {
        name: argument.name.clone(),
        value: argument.value.clone().or_else(|| argument.value_from.is_some().then(String::new)),
        value_from: None,
    });
    run_spec::spec(seen, analysis, given.collect()).err()
}

/// A metric without an end would hold a step for good.
fn endless(seen: &Observed, templates: &[TemplateRef]) -> Option<String> {
    let found = templates.iter().filter_map(|template| find(seen, template));
    let runs_on = |metric: &&Metric| !metric.interval.is_empty() && metric.count.is_none();
    found.into_iter().find_map(|template| {
        let metric = template.spec.metrics.iter().find(runs_on)?;
        let (name, metric) = (&template.name, &metric.name);
        Some(format!("Invalid value: \"{name}\": AnalysisTemplate {name} has metric {metric} which runs indefinitely. Invalid value for count: <nil>"))
    })
}
