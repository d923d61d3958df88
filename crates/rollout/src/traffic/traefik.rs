//! Traefik: weights of a weighted TraefikService.

use model::rollout::TraefikRouting;
use model::{Gvk, Object, ObjectKey};
use serde_json::Value;

use super::draft::Draft;
use super::error::RouteError;
use super::json::{self, set_weight, text};
use super::live::{Live, Need, key};
use super::written::{Written, hold_weight};
use super::{Desired, Router, Split};

const SERVICES: [&str; 3] = ["spec", "weighted", "services"];

/// Traefik for one Rollout.
pub struct Traefik<'a> {
    split: Split<'a>,
    traefik: &'a TraefikRouting,
}

impl<'a> Traefik<'a> {
    /// Traefik as the Rollout sets it up.
    pub fn new(split: Split<'a>, traefik: &'a TraefikRouting) -> Self {
        Self { split, traefik }
    }

    fn key(&self) -> ObjectKey {
        key(&traefik_service(), &self.split.owner.namespace, &self.traefik.weighted_traefik_service_name)
    }
}

impl Router for Traefik<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let ObjectKey { namespace, name, .. } = self.key();
        vec![Need::required(&traefik_service(), &namespace, &name)]
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("traefik")?;
        let key = self.key();
        let object = draft.change(&key, "trafficRouting.traefik.weightedTraefikServiceName")?;
        let fail = |what: &str| RouteError::field(&key, "spec.weighted.services", what);
        let services = json::list_mut(object, &SERVICES)
            .ok_or_else(|| fail("spec.weighted.services was not found in traefik service manifest"))?;
        let pairs = [
            (&desired.canary.service, desired.canary.weight, "traefik canary service was not found"),
            (&desired.stable.service, stable, "traefik stable service was not found"),
        ];
        for (name, weight, missing) in pairs {
            let service = services.iter_mut().find(|service| text(service, "name") == name);
            set_weight(service.ok_or_else(|| fail(missing))?, weight);
        }
        Ok(())
    }

    fn written(&self) -> Vec<Written> {
        let names = [&self.split.canary.canary_service, &self.split.canary.stable_service];
        let field = |name: &String| format!("spec.weighted.services[{name}].weight");
        names.into_iter().map(|name| Written::new(self.key(), field(name))).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, _experiments: &[String]) {
        if git.key() != self.key() {
            return;
        }
        let Some(now) = json::list(live, &SERVICES) else { return };
        let own = json::list_mut(git, &SERVICES).into_iter().flatten();
        let is_version = |service: &&mut Value| self.split.is_own_service(text(service, "name"));
        own.filter(is_version)
            .for_each(|one| hold_weight(one, now, |a, b| text(a, "name") == text(b, "name")));
    }
}

fn traefik_service() -> Gvk {
    Gvk::new("traefik.io/v1alpha1", "TraefikService")
}
