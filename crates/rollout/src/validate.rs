//! What is wrong with a Rollout, in words with the field's path.

use crate::observed::{Observed, Rollout, Workload};
use crate::view::NoView;

mod canary;
mod references;

/// Everything that is wrong; empty where the Rollout can be worked on.
pub fn problems(seen: &Observed) -> Vec<String> {
    let mut problems = top(seen);
    let strategy = seen.rollout.spec.strategy.clone().unwrap_or_default();
    match (&strategy.canary, &strategy.blue_green) {
        (Some(_), Some(_)) => problems.push("spec.strategy: Multiple Strategies can not be listed".into()),
        (None, None) => problems.push(missing(".spec.strategy.canary or .spec.strategy.blueGreen")),
        (Some(canary), None) => problems.extend(canary::problems(canary)),
        (None, Some(blue_green)) => problems.extend(canary::of_blue_green(blue_green, &seen.rollout)),
    }
    if problems.is_empty() {
        problems.extend(references::problems(seen));
    }
    problems
}

/// What is missing when the parts of a Rollout cannot even be told.
pub(crate) fn words(view: NoView) -> String {
    match view {
        NoView::Strategy => missing(".spec.strategy.canary or .spec.strategy.blueGreen"),
        NoView::Template => missing(".spec.template"),
        NoView::Selector => missing(".spec.selector"),
    }
}

fn missing(field: &str) -> String {
    format!("Rollout has missing field '{field}'")
}

fn top(seen: &Observed) -> Vec<String> {
    let spec = &seen.rollout.spec;
    let mut problems = workload(seen);
    match &spec.selector {
        None if seen.workload == Workload::Own => problems.push(missing(".spec.selector")),
        Some(selector) if selector.match_labels.is_empty() && selector.match_expressions.is_empty() => {
            let words =
                "spec.selector: This rollout is selecting all pods. A non-empty selector is required.";
            problems.push(words.into());
        }
        Some(_) | None => {}
    }
    problems.extend(labels(seen));
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    if spec.min_ready_seconds >= deadline {
        problems.push(format!(
            "spec.progressDeadlineSeconds: Invalid value: {deadline}: must be greater than minReadySeconds"
        ));
    }
    let negative = [
        ("spec.replicas", spec.replicas),
        ("spec.minReadySeconds", Some(spec.min_ready_seconds)),
        ("spec.revisionHistoryLimit", spec.revision_history_limit),
        ("spec.progressDeadlineSeconds", spec.progress_deadline_seconds),
    ];
    for (field, value) in negative {
        if let Some(value) = value.filter(|value| *value < 0) {
            problems.push(format!("{field}: Invalid value: {value}: must be greater than or equal to 0"));
        }
    }
    problems
}

fn workload(seen: &Observed) -> Vec<String> {
    let Rollout { spec, .. } = &seen.rollout;
    let Some(reference) = &spec.workload_ref else {
        return if spec.template.is_none() { vec![missing(".spec.template")] } else { Vec::new() };
    };
    let mut problems = Vec::new();
    if spec.template.as_ref().is_some_and(|template| template.pointer("/metadata/labels").is_some()) {
        problems.push("spec.template: template must be empty for workload reference rollout".to_owned());
    }
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    let known = matches!(
        (group, reference.kind.as_str()),
        ("apps", "Deployment" | "ReplicaSet") | ("", "PodTemplate")
    );
    if !known {
        problems.push(format!(
            "spec.workloadRef: {} {} cannot be rolled out: only Deployment, ReplicaSet and PodTemplate hold a pod template for a Rollout",
            reference.api_version, reference.kind
        ));
    } else if seen.workload == Workload::Missing {
        let (kind, name) = (&reference.kind, &reference.name);
        problems.push(format!("spec.workloadRef.name: Invalid value: \"{name}\": {kind} '{name}' not found"));
    }
    if !matches!(reference.scale_down.as_str(), "" | "never" | "onsuccess" | "progressively") {
        let what = &reference.scale_down;
        problems.push(format!(
            "spec.workloadRef.scaleDown: Invalid value: \"{what}\": must be never, onsuccess or progressively"
        ));
    }
    problems
}

/// The pods must be found by the selector.
fn labels(seen: &Observed) -> Option<String> {
    let selector = crate::view::selector_of(seen)?;
    let template = crate::view::template_of(seen)?;
    let found = selector.match_labels.iter().all(|(key, value)| {
        template.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str()) == Some(value)
    });
    (!found).then(|| "spec.template.metadata.labels: `selector` does not match template `labels`".to_owned())
}
