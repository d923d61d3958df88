//! Service Mesh Interface: a TrafficSplit that the Rollout owns.

use model::rollout::SmiRouting;
use model::{Gvk, Object, ObjectKey};
use serde_json::{Value, json};

use super::draft::{Draft, told};
use super::error::RouteError;
use super::json::map_mut;
use super::live::{Live, Need, key};
use super::owned;
use super::written::Written;
use super::{Desired, Router, Split};

/// Service Mesh Interface for one Rollout.
pub struct Smi<'a> {
    split: Split<'a>,
    smi: &'a SmiRouting,
}

impl<'a> Smi<'a> {
    /// Service Mesh Interface as the Rollout sets it up.
    pub fn new(split: Split<'a>, smi: &'a SmiRouting) -> Self {
        Self { split, smi }
    }

    fn key(&self) -> ObjectKey {
        let own = &self.smi.traffic_split_name;
        let name = if own.is_empty() { &self.split.owner.name } else { own };
        key(&traffic_split(), &self.split.owner.namespace, name)
    }

    fn spec(&self, desired: &Desired, stable: i32, version: &str) -> (Value, Value) {
        let root = Some(&self.smi.root_service).filter(|root| !root.is_empty());
        // The first version of the API had quantities for weights, which are texts.
        let number =
            |weight: i32| if version == "v1alpha1" { weight.to_string().into() } else { Value::from(weight) };
        let one = |service: &str, weight: i32| json!({"service": service, "weight": number(weight)});
        let canary = one(&desired.canary.service, desired.canary.weight);
        let additional = desired.additional.iter().map(|version| one(&version.service, version.weight));
        let stable_backend = one(&desired.stable.service, stable);
        let backends = std::iter::once(canary).chain(additional).chain([stable_backend]).collect();
        (root.unwrap_or(&desired.stable.service).as_str().into(), backends)
    }
}

impl Router for Smi<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let ObjectKey { namespace, name, .. } = self.key();
        vec![Need::optional(&traffic_split(), &namespace, &name)]
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("smi")?;
        let key = self.key();
        let name = &key.name;
        let there = draft.live().get(&key);
        if let Some(there) = there {
            owned::check(
                there,
                self.split.owner,
                &key,
                format!("Rollout does not own TrafficSplit `{name}`"),
            )?;
        }
        let version = there.map_or_else(|| traffic_split().version, |there| there.gvk().version);
        let (service, backends) = self.spec(desired, stable, &version);
        if there.is_none() {
            let made = json!({
                "apiVersion": traffic_split().api_version(), "kind": "TrafficSplit",
                "metadata": {
                    "name": name, "namespace": key.namespace, "ownerReferences": [owned::reference(self.split.owner)],
                },
                "spec": {"service": service, "backends": backends},
            });
            let made = Object::from_value(made).expect("it is written as a map above");
            draft.create(made, told("TrafficSplitCreated", format!("TrafficSplit `{name}` created")));
            return Ok(());
        }
        let object = draft.change(&key, "trafficRouting.smi.trafficSplitName")?;
        if let Some(spec) = map_mut(object, &["spec"]) {
            spec.insert("service".to_owned(), service);
            spec.insert("backends".to_owned(), backends);
        }
        draft.tell(&key, "TrafficSplitModified", format!("TrafficSplit `{name}` modified"));
        Ok(())
    }

    fn written(&self) -> Vec<Written> {
        vec![Written::whole(self.key())]
    }

    /// The TrafficSplit is the Rollout's own.
    fn hold(&self, _git: &mut Object, _live: &Object, _experiments: &[String]) {}
}

fn traffic_split() -> Gvk {
    Gvk::new("split.smi-spec.io/v1alpha1", "TrafficSplit")
}
