//! Istio: weights and managed routes of VirtualServices, hashes in the subsets of a DestinationRule.

mod hold;
mod managed;
mod select;
mod subsets;
mod weights;

use model::rollout::{IstioRouting, IstioVirtualService};
use model::{Gvk, Object, ObjectKey};
use serde_json::Value;

use super::draft::Draft;
use super::error::RouteError;
use super::json;
use super::live::{Live, Need, key};
use super::written::Written;
use super::{Desired, Router, Split};

/// The lists of routes that a VirtualService may have.
const SECTIONS: [&str; 3] = ["http", "tls", "tcp"];

const SETTING: &str = "trafficRouting.istio.virtualService.name";

/// Istio for one Rollout.
pub struct Istio<'a> {
    split: Split<'a>,
    istio: &'a IstioRouting,
}

impl<'a> Istio<'a> {
    /// Istio as the Rollout sets it up.
    pub fn new(split: Split<'a>, istio: &'a IstioRouting) -> Self {
        Self { split, istio }
    }

    /// The VirtualServices with their keys. A name may carry a namespace behind its last dot.
    fn services(&self) -> impl Iterator<Item = (ObjectKey, &'a IstioVirtualService)> {
        let namespace = self.split.owner.namespace.as_str();
        let several = self.istio.virtual_services.iter();
        let one = self.istio.virtual_service.iter().filter(|_| self.istio.virtual_services.is_empty());
        one.chain(several).map(move |service| {
            let (name, namespace) = service.name.rsplit_once('.').unwrap_or((&service.name, namespace));
            (key(&virtual_service(), namespace, name), service)
        })
    }

    fn rule_key(&self) -> Option<ObjectKey> {
        let rule = self.istio.destination_rule.as_ref()?;
        Some(key(&destination_rule(), &self.split.owner.namespace, &rule.name))
    }

    /// The host of the DestinationRule; none without one.
    fn rule_host(&self, draft: &Draft<'_>) -> Option<String> {
        let rule = draft.look(&self.rule_key()?)?;
        Some(rule.pointer("/spec/host")?.as_str()?.to_owned())
    }

    fn shift(&self, draft: &mut Draft<'_>, desired: &Desired, stable: i32) -> Result<(), RouteError> {
        let host = self.rule_host(draft);
        for (key, settings) in self.services() {
            let targets = weights::Targets { rule: self.istio.destination_rule.as_ref(), desired, stable };
            let object = draft.change(&key, SETTING)?;
            let selected = self.selected(object, &key, settings)?;
            for (section, indices) in &selected {
                let routes = json::list_mut(object, &["spec", *section]).into_iter().flatten();
                for (_, route) in routes.enumerate().filter(|(index, _)| indices.contains(index)) {
                    weights::shift(route, &targets);
                }
            }
            managed::set(object, &key, &selected, &self.split, &targets, host.as_deref())?;
            let message =
                format!("VirtualService `{}` set to desiredWeight '{}'", key.name, desired.canary.weight);
            draft.tell(&key, "Updated VirtualService", message);
        }
        Ok(())
    }

    /// The routes whose weights are the Rollout's, by section.
    fn selected(
        &self,
        object: &Object,
        key: &ObjectKey,
        settings: &IstioVirtualService,
    ) -> Result<Vec<(&'static str, Vec<usize>)>, RouteError> {
        let mut found = Vec::new();
        for section in SECTIONS {
            let Some(routes) = json::list(object, &["spec", section]) else { continue };
            let indices = select::select(section, routes, settings, &self.split)
                .map_err(|what| RouteError::field(key, format!("spec.{section}"), what))?;
            for index in &indices {
                self.check(&routes[*index])
                    .map_err(|what| RouteError::field(key, format!("spec.{section}[{index}].route"), what))?;
            }
            found.push((section, indices));
        }
        if found.is_empty() {
            return Err(RouteError::field(key, "spec", "it has no http, tls or tcp routes"));
        }
        Ok(found)
    }

    /// Both versions must occur in a route that is split.
    fn check(&self, route: &Value) -> Result<(), String> {
        let destinations = route.get("route").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if let Some(delegate) = route.get("delegate") {
            let (name, namespace) = (json::text(delegate, "name"), json::text(delegate, "namespace"));
            return Err(format!(
                "it delegates to VirtualService {name} ({namespace}): name that one instead"
            ));
        }
        let has_host = |name: &str| destinations.iter().any(|one| weights::host(one) == Some(name));
        let has_subset = |name: &str| destinations.iter().any(|one| weights::subset(one) == name);
        match &self.istio.destination_rule {
            Some(rule) if !has_subset(&rule.canary_subset_name) => {
                Err(format!("Canary DestinationRule subset '{}' not found in route", rule.canary_subset_name))
            }
            Some(rule) if !has_subset(&rule.stable_subset_name) => {
                Err(format!("Stable DestinationRule subset '{}' not found in route", rule.stable_subset_name))
            }
            Some(_) => Ok(()),
            None => {
                let (canary, stable) = self.service_names();
                if !has_host(canary) {
                    return Err(format!("Canary Service '{canary}' not found in route"));
                }
                if !has_host(stable) {
                    return Err(format!("Stable Service '{stable}' not found in route"));
                }
                Ok(())
            }
        }
    }

    /// Names of the two Services that a route must mention; of a pair that takes turns it is both, in any order.
    fn service_names(&self) -> (&'a str, &'a str) {
        let canary = self.split.canary;
        match &canary.ping_pong {
            Some(pair) if canary.canary_service.is_empty() && canary.stable_service.is_empty() => {
                (&pair.ping_service, &pair.pong_service)
            }
            Some(_) | None => (&canary.canary_service, &canary.stable_service),
        }
    }

    /// Traffic leaves a version before its subset moves to another one; else subsets go first.
    fn weights_go_first(&self, draft: &Draft<'_>, desired: &Desired) -> bool {
        let Some(rule) = self.rule_key().and_then(|key| draft.look(&key)) else { return false };
        let Some(names) = &self.istio.destination_rule else { return false };
        let moves = |name: &str, hash: &str| subsets::hash(rule, name).is_some_and(|now| now != hash);
        let canary_moves = moves(&names.canary_subset_name, &desired.canary.hash);
        let stable_moves = moves(&names.stable_subset_name, &desired.stable.hash);
        let shrinks = self.services().any(|(key, _)| {
            let routes = draft.look(&key).map(weights::routes).unwrap_or_default();
            let destinations = routes.iter().filter_map(|route| route.get("route")?.as_array()).flatten();
            let mut canary = destinations.filter(|one| weights::subset(one) == names.canary_subset_name);
            canary.any(|one| json::weight(one) > i64::from(desired.canary.weight))
        });
        canary_moves && !stable_moves && shrinks
    }
}

impl Router for Istio<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let rule = self.rule_key().map(|key| Need::required(&destination_rule(), &key.namespace, &key.name));
        let services = self.services();
        let services = services.map(|(key, _)| Need::required(&virtual_service(), &key.namespace, &key.name));
        rule.into_iter().chain(services).collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("istio")?;
        if self.weights_go_first(draft, desired) {
            self.shift(draft, desired, stable)?;
            return self.point(draft, desired);
        }
        self.point(draft, desired)?;
        self.shift(draft, desired, stable)
    }

    fn written(&self) -> Vec<Written> {
        let managed = self.split.routing.managed_routes.iter();
        let managed: Vec<_> = managed.map(|route| format!("spec.http[{}]", route.name)).collect();
        let services = self.services().flat_map(|(key, settings)| {
            let named = settings.routes.iter().map(|name| format!("spec.http[{name}].route[*].weight"));
            let named: Vec<_> = named.collect();
            let any =
                ["spec.http[*]", "spec.tls[*]", "spec.tcp[*]"].map(|at| format!("{at}.route[*].weight"));
            let weights = if named.is_empty() { any[..1].to_vec() } else { named };
            let fields = weights.into_iter().chain(any[1..].to_vec()).chain(managed.clone());
            fields.map(move |field| Written::new(key.clone(), field)).collect::<Vec<_>>()
        });
        let rule = self.rule_key().into_iter().flat_map(|key| subsets::written(&key, self.istio));
        services.chain(rule).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, experiments: &[String]) {
        let key = git.key();
        for (_, settings) in self.services().filter(|(own, _)| *own == key) {
            hold::service(git, live, settings, self, experiments);
        }
        if let Some(rule) = self.istio.destination_rule.as_ref().filter(|_| self.rule_key() == Some(key)) {
            subsets::hold(git, live, rule, experiments);
        }
    }

    fn release(&self, draft: &mut Draft<'_>) {
        self.release_subsets(draft);
    }
}

fn virtual_service() -> Gvk {
    Gvk::new("networking.istio.io/v1alpha3", "VirtualService")
}

fn destination_rule() -> Gvk {
    Gvk::new("networking.istio.io/v1alpha3", "DestinationRule")
}
