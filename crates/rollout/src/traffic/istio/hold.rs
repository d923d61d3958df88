//! A VirtualService about to be applied keeps the weights and routes that the Rollout wrote.

use model::Object;
use model::rollout::IstioVirtualService;
use serde_json::Value;

use super::super::json::{self, text};
use super::super::written::hold_weight;
use super::weights::{host, subset};
use super::{Istio, SECTIONS, select};

/// Copies live weights into the routes that are split, and puts the routes that steps set before all others.
pub fn service(
    git: &mut Object,
    live: &Object,
    settings: &IstioVirtualService,
    istio: &Istio<'_>,
    experiments: &[String],
) {
    let split = &istio.split;
    for section in SECTIONS {
        let Some(now) = json::list(live, &["spec", section]) else { continue };
        let Some(routes) = json::list_mut(git, &["spec", section]) else { continue };
        let chosen = select::select(section, routes, settings, split).unwrap_or_default();
        let live_chosen = select::select(section, now, settings, split).unwrap_or_default();
        for (place, index) in chosen.iter().enumerate() {
            // A route without a name is the one that the same rule chooses in the live object.
            let counterpart = live_chosen.get(place).and_then(|index| now.get(*index));
            if let (Some(route), Some(counterpart)) = (routes.get_mut(*index), counterpart) {
                destinations(route, counterpart, istio, experiments);
            }
        }
        if section == "http" {
            let is_set = |index: usize| {
                !live_chosen.contains(&index) && split.is_managed_route(text(&now[index], "name"))
            };
            let set: Vec<_> =
                (0..now.len()).filter(|index| is_set(*index)).map(|index| now[index].clone()).collect();
            let mut at = 0;
            routes.retain(|route| {
                at += 1;
                chosen.contains(&(at - 1)) || !split.is_managed_route(text(route, "name"))
            });
            routes.splice(0..0, set);
        }
    }
}

fn destinations(route: &mut Value, live: &Value, istio: &Istio<'_>, experiments: &[String]) {
    let Some(now) = live.get("route").and_then(Value::as_array) else { return };
    let Some(own) = route.get_mut("route").and_then(Value::as_array_mut) else { return };
    let rule = istio.istio.destination_rule.as_ref();
    let is_version = |one: &Value| {
        let by_host = host(one).is_some_and(|host| istio.split.is_own_service(host));
        let by_subset = rule.is_some_and(|rule| {
            [&rule.canary_subset_name, &rule.stable_subset_name].iter().any(|name| subset(one) == *name)
        });
        by_host || by_subset
    };
    for destination in own.iter_mut().filter(|one| is_version(one)) {
        hold_weight(destination, now, |a, b| host(a) == host(b) && subset(a) == subset(b));
    }
    let added =
        now.iter().filter(|one| host(one).is_some_and(|host| experiments.iter().any(|name| name == host)));
    own.extend(added.cloned());
}
