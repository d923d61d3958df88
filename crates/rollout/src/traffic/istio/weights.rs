//! The weights of one route.

use model::Object;
use model::rollout::IstioDestinationRule;
use serde_json::{Value, json};

use super::super::Desired;
use super::super::json::{self, text};
use super::SECTIONS;

/// What the destinations of a route are weighed by.
pub struct Targets<'a> {
    /// Subsets that tell the versions apart; none where Services do.
    pub rule: Option<&'a IstioDestinationRule>,
    /// What is desired.
    pub desired: &'a Desired,
    /// What is left for the old version.
    pub stable: i32,
}

enum Side {
    Canary,
    Stable,
    /// A version of an experiment, with its share.
    Experiment(i32),
    /// A subset that the user weighs.
    Additional,
    /// Nobody's: a leftover of an experiment, or what somebody put there by hand.
    Foreign,
    /// No host to compare with.
    Unnamed,
}

impl Targets<'_> {
    fn side(&self, destination: &Value) -> Side {
        let Some(host) = host(destination) else { return Side::Unnamed };
        let subset = subset(destination);
        let is = |name: &str, other: &str| !name.is_empty() && name == other;
        let subsets = self.rule.map(|rule| (&*rule.canary_subset_name, &*rule.stable_subset_name));
        let (canary, stable) = subsets.unwrap_or_default();
        if is(&self.desired.canary.service, host) || is(canary, subset) {
            return Side::Canary;
        }
        if is(&self.desired.stable.service, host) || is(stable, subset) {
            return Side::Stable;
        }
        if let Some(version) = self.desired.additional.iter().find(|version| version.service == host) {
            return Side::Experiment(version.weight);
        }
        let users =
            self.rule.is_some_and(|rule| rule.additional_subset_names.iter().any(|name| is(name, subset)));
        if users { Side::Additional } else { Side::Foreign }
    }
}

/// Brings the weights of one route to what is desired; every other field stays.
pub fn shift(route: &mut Value, targets: &Targets<'_>) {
    let Some(destinations) = route.get_mut("route").and_then(Value::as_array_mut) else { return };
    let users: i64 = destinations
        .iter()
        .filter(|one| matches!(targets.side(one), Side::Additional))
        .map(json::weight)
        .sum();
    let stable = (i64::from(targets.stable) - users).max(0);
    // A foreign destination at weight 0 takes nothing away from anybody: it stays.
    destinations.retain(|one| !matches!(targets.side(one), Side::Foreign) || json::weight(one) == 0);
    for destination in destinations.iter_mut() {
        match targets.side(destination) {
            Side::Canary => json::set_weight(destination, targets.desired.canary.weight),
            Side::Stable => json::set_weight(destination, i32::try_from(stable).unwrap_or(0)),
            Side::Experiment(weight) => json::set_weight(destination, weight),
            Side::Additional | Side::Foreign | Side::Unnamed => {}
        }
    }
    append_experiments(destinations, targets);
}

fn append_experiments(destinations: &mut Vec<Value>, targets: &Targets<'_>) {
    let mut versions: Vec<_> = targets.desired.additional.iter().filter(|one| one.weight != 0).collect();
    versions.sort_by(|a, b| a.service.cmp(&b.service));
    for version in versions {
        let there = destinations.iter().any(|one| host(one) == Some(&version.service));
        if !there {
            destinations.push(json!({"destination": {"host": version.service}, "weight": version.weight}));
        }
    }
}

/// The first label of a destination's host; none where it has none or begins with a dot.
pub fn host(destination: &Value) -> Option<&str> {
    let host = text(destination.get("destination")?, "host");
    let first = host.split('.').next().unwrap_or_default();
    if first.is_empty() { None } else { Some(first) }
}

/// The subset of a destination; empty where it has none.
pub fn subset(destination: &Value) -> &str {
    destination.get("destination").map(|at| text(at, "subset")).unwrap_or_default()
}

/// All routes of a VirtualService, whatever their kind.
pub fn routes(service: &Object) -> Vec<&Value> {
    SECTIONS.iter().filter_map(|section| json::list(service, &["spec", section])).flatten().collect()
}
