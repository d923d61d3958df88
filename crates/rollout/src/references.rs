//! Which objects a Rollout names: what must be read before [`decide`](crate::decide), and whose changes concern it.

use std::collections::BTreeSet;

use model::analysis::AnalysisTemplateSpec;
use model::rollout::{BlueGreen, Canary, TemplateRef};
use model::{Gvk, ObjectKey};

use crate::needs::{self, Needs};
use crate::observed::{Experiment, Meta, Rollout};
use crate::traffic::{self, Live, Need, Owner, Split};

/// Everything that `rollout` names. Call again with what was read until nothing new is asked for: templates and routes
/// name further objects.
pub fn references(rollout: &Rollout, live: &Live<'_>) -> Vec<Need> {
    let meta = &rollout.meta;
    let Needs { services, workload } = needs::of(rollout);
    let mut needs: Vec<Need> = services.iter().map(|name| service(meta, name)).collect();
    needs.extend(workload.map(|(kind, name)| object(kind, &meta.namespace, &name)));
    let strategy = rollout.spec.strategy.clone().unwrap_or_default();
    if let Some(canary) = &strategy.canary {
        let owner =
            Owner { name: meta.name.clone(), namespace: meta.namespace.clone(), uid: meta.uid.clone() };
        needs.extend(Split::of(&owner, canary).iter().flat_map(|split| traffic::needs(split, live)));
        needs.extend(templates(&meta.namespace, templates_of_canary(canary), live));
    }
    if let Some(blue_green) = &strategy.blue_green {
        needs.extend(templates(&meta.namespace, templates_of_blue_green(blue_green), live));
    }
    needs
}

fn service(meta: &Meta, name: &str) -> Need {
    object(Gvk::new("v1", "Service"), &meta.namespace, name)
}

fn object(kind: Gvk, namespace: &str, name: &str) -> Need {
    Need::Object { kind, namespace: namespace.to_owned(), name: name.to_owned(), required: true }
}

fn templates_of_canary(canary: &Canary) -> Vec<TemplateRef> {
    let background = canary.analysis.iter().flat_map(|analysis| analysis.templates.iter().cloned());
    let steps = canary.steps.iter().flat_map(|step| {
        let own = step.analysis.iter().flat_map(|analysis| analysis.templates.iter().cloned());
        let analyses = step.experiment.iter().flat_map(|experiment| &experiment.analyses);
        let tried = analyses.map(|analysis| TemplateRef {
            template_name: analysis.template_name.clone(),
            cluster_scope: analysis.cluster_scope,
        });
        own.chain(tried).collect::<Vec<_>>()
    });
    background.chain(steps).collect()
}

fn templates_of_blue_green(blue_green: &BlueGreen) -> Vec<TemplateRef> {
    let runs = [&blue_green.pre_promotion_analysis, &blue_green.post_promotion_analysis];
    runs.into_iter().flatten().flat_map(|analysis| analysis.templates.iter().cloned()).collect()
}

/// The templates that an Experiment names, and those that the ones already read name in turn.
pub fn references_of_experiment(experiment: &Experiment, live: &Live<'_>) -> Vec<Need> {
    let named = experiment.spec.analyses.iter().map(|analysis| TemplateRef {
        template_name: analysis.template_name.clone(),
        cluster_scope: analysis.cluster_scope,
    });
    templates(&experiment.meta.namespace, named.collect(), live)
}

/// The templates, and those that the ones already read name in turn.
fn templates(namespace: &str, named: Vec<TemplateRef>, live: &Live<'_>) -> Vec<Need> {
    let mut waiting = named;
    let mut seen: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut needs = Vec::new();
    while let Some(named) = waiting.pop() {
        let (kind, namespace) = place(&named, namespace);
        let key = ObjectKey::new(&*kind.group, &*kind.kind, namespace.as_str(), named.template_name.as_str());
        if named.template_name.is_empty() || !seen.insert(key.clone()) {
            continue;
        }
        let spec = live.get(&key).and_then(|template| template.get("spec").cloned());
        let nested = spec.and_then(|spec| serde_json::from_value::<AnalysisTemplateSpec>(spec).ok());
        waiting.extend(nested.into_iter().flat_map(|spec| spec.templates));
        needs.push(Need::Object { kind, namespace, name: named.template_name, required: true });
    }
    needs
}

fn place(named: &TemplateRef, namespace: &str) -> (Gvk, String) {
    let gvk = |kind| Gvk::new("argoproj.io/v1alpha1", kind);
    match named.cluster_scope {
        true => (gvk("ClusterAnalysisTemplate"), String::new()),
        false => (gvk("AnalysisTemplate"), namespace.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Object;
    use serde_json::json;

    #[test]
    fn services_templates_and_what_templates_name_are_asked_for() {
        let rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"strategy": {"canary": {
                "canaryService": "new", "stableService": "old",
                "analysis": {"templates": [{"templateName": "outer"}]},
                "steps": [{"analysis": {"templates": [{"templateName": "all", "clusterScope": true}]}}],
            }}},
        });
        let rollout =
            Rollout::read(&Object::from_value(rollout).expect("it is a map")).expect("it can be read");
        let outer = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
            "metadata": {"name": "outer", "namespace": "shop"},
            "spec": {"templates": [{"templateName": "inner"}, {"templateName": "outer"}]},
        });
        let outer = Object::from_value(outer).expect("it is a map");
        let named = |live: &Live<'_>| {
            let names = references(&rollout, live).into_iter().map(|need| match need {
                Need::Object { kind, namespace, name, .. } => format!("{}/{namespace}/{name}", kind.kind),
                Need::Labelled { .. } => "labelled".to_owned(),
            });
            let mut names: Vec<String> = names.collect();
            names.sort();
            names.join(" ")
        };
        let first =
            "AnalysisTemplate/shop/outer ClusterAnalysisTemplate//all Service/shop/new Service/shop/old";
        assert_eq!(named(&Live::default()), first);
        assert_eq!(named(&[&outer].into_iter().collect()), format!("AnalysisTemplate/shop/inner {first}"));
    }
}
