//! Ambassador: a canary Mapping beside each base Mapping while the new version has a share.

use model::rollout::AmbassadorRouting;
use model::{Gvk, Object, ObjectKey};
use serde_json::{Value, json};

use super::draft::{Draft, told};
use super::error::RouteError;
use super::json::{map_mut, weight};
use super::live::{Live, Need, key};
use super::owned;
use super::written::Written;
use super::{Desired, Router, Split};

/// Ambassador for one Rollout.
pub struct Ambassador<'a> {
    split: Split<'a>,
    ambassador: &'a AmbassadorRouting,
}

impl<'a> Ambassador<'a> {
    /// Ambassador as the Rollout sets it up.
    pub fn new(split: Split<'a>, ambassador: &'a AmbassadorRouting) -> Self {
        Self { split, ambassador }
    }

    /// The base Mappings with the keys of both.
    fn pairs(&self) -> impl Iterator<Item = (ObjectKey, ObjectKey)> {
        let namespace = &self.split.owner.namespace;
        self.ambassador.mappings.iter().map(move |base| {
            let stem = &base[..base.floor_char_boundary(246)];
            (key(&mapping(), namespace, base), key(&mapping(), namespace, &format!("{stem}-canary")))
        })
    }

    fn new_mapping(&self, base: &Object, canary: &ObjectKey, desired: &Desired) -> Object {
        let mut spec = base.get("spec").cloned().unwrap_or_else(|| json!({}));
        let port = spec.get("service").and_then(Value::as_str).and_then(port);
        let service = &desired.canary.service;
        spec["service"] = port.map_or_else(|| service.clone(), |port| format!("{service}:{port}")).into();
        spec["weight"] = desired.canary.weight.into();
        let made = json!({
            "apiVersion": base.api_version(), "kind": base.kind(),
            "metadata": {
                "name": canary.name, "namespace": canary.namespace,
                "ownerReferences": [owned::reference(self.split.owner)],
            },
            "spec": spec,
        });
        Object::from_value(made).expect("it is written as a map above")
    }
}

impl Router for Ambassador<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let both = self.pairs().flat_map(|(base, canary)| {
            [
                Need::required(&mapping(), &base.namespace, &base.name),
                Need::optional(&mapping(), &canary.namespace, &canary.name),
            ]
        });
        both.collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        desired.stable_percent("ambassador")?;
        let field = "trafficRouting.ambassador.mappings";
        for (base_key, canary_key) in self.pairs() {
            let missing = || RouteError::missing(&base_key, field);
            let base = draft.live().get(&base_key).ok_or_else(missing)?;
            if base.get("spec").is_some_and(|spec| weight(spec) != 0) {
                let what = format!("Ambassador mapping {:?} can not define weight", base_key.name);
                return Err(RouteError::field(&base_key, "spec.weight", what));
            }
            let event = format!("Set canary mapping weight to {}", desired.canary.weight);
            let there = draft.live().get(&canary_key);
            let now = there.and_then(|there| there.get("spec")).map(weight);
            match now {
                None if desired.canary.weight == 0 => {}
                None => {
                    let made = self.new_mapping(base, &canary_key, desired);
                    draft.create(made, told("CanaryMappingWeightUpdate", event));
                }
                // A Mapping goes one pass after its share is gone, so that no request is on its way through it.
                Some(0) if desired.canary.weight == 0 => draft.delete(&canary_key),
                Some(_) => {
                    if let Some(spec) = map_mut(draft.change(&canary_key, field)?, &["spec"]) {
                        spec.insert("weight".to_owned(), desired.canary.weight.into());
                    }
                    draft.tell(&canary_key, "CanaryMappingWeightUpdate", event);
                }
            }
        }
        Ok(())
    }

    fn written(&self) -> Vec<Written> {
        self.pairs().map(|(_, canary)| Written::whole(canary)).collect()
    }

    /// The canary Mapping is the Rollout's own, and nothing is written into the base one.
    fn hold(&self, _git: &mut Object, _live: &Object, _experiments: &[String]) {}
}

fn mapping() -> Gvk {
    Gvk::new("getambassador.io/v2", "Mapping")
}

/// The port behind a Service's name, where a number stands there.
fn port(service: &str) -> Option<&str> {
    let (_, port) = service.rsplit_once(':')?;
    port.parse::<u16>().ok().map(|_| port)
}
