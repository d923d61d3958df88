//! NGINX ingress controller: a canary Ingress beside each stable one, which the Rollout owns.

use model::rollout::NginxRouting;
use model::{Gvk, Object, ObjectKey};
use serde_json::{Value, json};

use super::draft::{Draft, told};
use super::error::RouteError;
use super::json::map_mut;
use super::live::{Live, Need, key};
use super::owned;
use super::written::Written;
use super::{Desired, Router, Split};

/// Fields of `spec` that a canary Ingress takes from its stable one.
const COPIED: [&str; 2] = ["tls", "ingressClassName"];
const CLASS: &str = "kubernetes.io/ingress.class";

/// NGINX for one Rollout.
pub struct Nginx<'a> {
    split: Split<'a>,
    nginx: &'a NginxRouting,
}

impl<'a> Nginx<'a> {
    /// NGINX as the Rollout sets it up.
    pub fn new(split: Split<'a>, nginx: &'a NginxRouting) -> Self {
        Self { split, nginx }
    }

    /// The stable Ingresses with the keys of both.
    fn pairs(&self) -> impl Iterator<Item = (ObjectKey, ObjectKey)> {
        let several = &self.nginx.stable_ingresses;
        let one = Some(&self.nginx.stable_ingress).filter(|_| several.is_empty());
        let namespace = &self.split.owner.namespace;
        one.into_iter().chain(several).map(|stable| {
            let canary = canary_name(&self.split.owner.name, stable);
            (key(&ingress(), namespace, stable), key(&ingress(), namespace, &canary))
        })
    }

    fn annotations(&self, stable: &Object, desired: &Desired) -> Vec<(String, String)> {
        let NginxRouting {
            annotation_prefix,
            additional_ingress_annotations,
            canary_ingress_annotations,
            ..
        } = self.nginx;
        let prefix =
            if annotation_prefix.is_empty() { "nginx.ingress.kubernetes.io" } else { annotation_prefix };
        let class = stable.annotation(CLASS).map(|class| (CLASS.to_owned(), class.to_owned()));
        let additional = additional_ingress_annotations.iter().map(|(name, value)| {
            let name = if name.starts_with(prefix) { name.clone() } else { format!("{prefix}/{name}") };
            (name, value.clone())
        });
        let verbatim = canary_ingress_annotations.iter().map(|(name, value)| (name.clone(), value.clone()));
        let total = self.split.routing.max_traffic_weight;
        let total = total.map(|total| (format!("{prefix}/canary-weight-total"), total.to_string()));
        let own = [
            (format!("{prefix}/canary"), "true".to_owned()),
            (format!("{prefix}/canary-weight"), desired.canary.weight.to_string()),
        ];
        class.into_iter().chain(additional).chain(verbatim).chain(own).chain(total).collect()
    }
}

impl Router for Nginx<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let both = self.pairs().flat_map(|(stable, canary)| {
            [
                Need::required(&ingress(), &stable.namespace, &stable.name),
                Need::optional(&ingress(), &canary.namespace, &canary.name),
            ]
        });
        both.collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let weight = desired.canary.weight;
        for (stable_key, canary_key) in self.pairs() {
            let field = "trafficRouting.nginx.stableIngress";
            let missing = || RouteError::missing(&stable_key, field);
            let stable = draft.live().get(&stable_key).ok_or_else(missing)?;
            let rules = canary_rules(stable, desired).ok_or_else(|| {
                let (name, service) = (&stable_key.name, &desired.stable.service);
                let what = format!("ingress `{name}` has no rules using service {service} backend");
                RouteError::field(&stable_key, "spec.rules", what)
            })?;
            let annotations = self.annotations(stable, desired);
            let name = &canary_key.name;
            if let Some(there) = draft.live().get(&canary_key) {
                let what = format!("canary ingress `{name}` controlled by different object");
                owned::check(there, self.split.owner, &canary_key, what)?;
                write(draft.change(&canary_key, field)?, stable, rules, &annotations);
                let message = format!("Updating Ingress `{name}` to desiredWeight '{weight}'");
                draft.tell(&canary_key, "PatchingCanaryIngress", message);
            } else {
                let mut made = new(stable, &canary_key, &self.split);
                write(&mut made, stable, rules, &annotations);
                let message = format!("Creating canary ingress `{name}` with weight `{weight}`");
                draft.create(made, told("CreatingCanaryIngress", message));
            }
        }
        Ok(())
    }

    fn written(&self) -> Vec<Written> {
        self.pairs().map(|(_, canary)| Written::whole(canary)).collect()
    }

    /// The canary Ingress is the Rollout's own, and nothing is written into the stable one.
    fn hold(&self, _git: &mut Object, _live: &Object, _experiments: &[String]) {}
}

fn ingress() -> Gvk {
    Gvk::new("networking.k8s.io/v1", "Ingress")
}

/// `<rollout>-<ingress>-canary`, cut in front of the ending so that it is a name.
fn canary_name(rollout: &str, stable: &str) -> String {
    const ENDING: &str = "-canary";
    let mut name = format!("{rollout}-{stable}");
    // Names are ASCII: the server accepts no others.
    name.truncate(name.floor_char_boundary(253 - ENDING.len()));
    name + ENDING
}

fn new(stable: &Object, key: &ObjectKey, split: &Split<'_>) -> Object {
    let made = json!({
        "apiVersion": stable.api_version(), "kind": "Ingress",
        "metadata": {
            "name": key.name, "namespace": key.namespace, "ownerReferences": [owned::reference(split.owner)],
        },
        "spec": {},
    });
    Object::from_value(made).expect("it is written as a map above")
}

fn write(canary: &mut Object, stable: &Object, rules: Vec<Value>, annotations: &[(String, String)]) {
    for (name, value) in annotations {
        canary.set_annotation(name, value);
    }
    let Some(spec) = map_mut(canary, &["spec"]) else { return };
    for field in COPIED {
        match stable.pointer(&format!("/spec/{field}")) {
            Some(value) => {
                spec.insert(field.to_owned(), value.clone());
            }
            None => {
                spec.shift_remove(field);
            }
        }
    }
    spec.insert("rules".to_owned(), rules.into());
}

/// The stable rules that send anything to the stable Service, sent to the canary Service; none where there is none.
fn canary_rules(stable: &Object, desired: &Desired) -> Option<Vec<Value>> {
    let rules = stable.pointer("/spec/rules").and_then(Value::as_array);
    let turned = rules.into_iter().flatten().filter_map(|rule| {
        let mut rule = rule.clone();
        let mut turned = false;
        for path in rule.pointer_mut("/http/paths").and_then(Value::as_array_mut).into_iter().flatten() {
            // `extensions/v1beta1` wrote the name without a level between.
            let names = ["/backend/service/name", "/backend/serviceName"];
            for name in names {
                if let Some(service) = path.pointer_mut(name).filter(|own| **own == *desired.stable.service) {
                    *service = desired.canary.service.as_str().into();
                    turned = true;
                }
            }
        }
        turned.then_some(rule)
    });
    Some(turned.collect::<Vec<_>>()).filter(|rules| !rules.is_empty())
}
