//! Routes that steps set: requests with certain headers, and copies of certain requests.

use model::rollout::{RequestMatch, SetHeaderRoute, SetMirrorRoute, StringMatch};
use model::{Object, ObjectKey};
use serde_json::{Map, Value, json};

use super::super::Split;
use super::super::error::RouteError;
use super::super::json::{self, covers, text};
use super::weights::Targets;

/// Sets the managed routes that are desired and takes the others away. Managed routes stand before all others, in the
/// order of `managedRoutes`.
pub fn set(
    object: &mut Object,
    key: &ObjectKey,
    selected: &[(&'static str, Vec<usize>)],
    split: &Split<'_>,
    targets: &Targets<'_>,
    rule_host: Option<&str>,
) -> Result<(), RouteError> {
    let desired = targets.desired;
    if desired.header_routes.is_empty()
        && desired.mirror_routes.is_empty()
        && split.routing.managed_routes.is_empty()
    {
        return Ok(());
    }
    let wants_none = desired.header_routes.is_empty() && desired.mirror_routes.is_empty();
    let weighted =
        selected.iter().find(|(section, _)| *section == "http").map(|(_, indices)| indices.clone());
    let Some(routes) = json::list_mut(object, &["spec", "http"]) else {
        let missing = || RouteError::field(key, "spec.http", "spec.http not found");
        return if wants_none { Ok(()) } else { Err(missing()) };
    };
    let weighted = weighted.unwrap_or_default();
    let source = weighted.first().and_then(|index| routes.get(*index)).cloned().unwrap_or_default();
    let target = CanaryTarget::new(targets, rule_host, &source);
    let wanted = desired.header_routes.iter().map(|route| header_route(route, &target));
    let wanted: Vec<_> = wanted
        .chain(desired.mirror_routes.iter().map(|route| mirror_route(route, &source, &target)))
        .collect();
    *routes = ordered(std::mem::take(routes), &weighted, wanted, split);
    Ok(())
}

/// Where a managed route sends requests.
struct CanaryTarget<'a> {
    host: &'a str,
    subset: &'a str,
    port: Option<Value>,
}

impl<'a> CanaryTarget<'a> {
    fn new(targets: &Targets<'a>, rule_host: Option<&'a str>, source: &Value) -> Self {
        let port = source.pointer("/route/0/destination/port/number").cloned();
        Self {
            host: rule_host.unwrap_or(&targets.desired.canary.service),
            subset: targets.rule.map(|rule| &*rule.canary_subset_name).unwrap_or_default(),
            port,
        }
    }

    fn destination(&self) -> Value {
        let mut destination = json!({"host": self.host});
        if let Some(port) = &self.port {
            destination["port"] = json!({"number": port});
        }
        if !self.subset.is_empty() {
            destination["subset"] = self.subset.into();
        }
        destination
    }
}

fn header_route(route: &SetHeaderRoute, target: &CanaryTarget<'_>) -> Value {
    let one = |header: &model::rollout::HeaderMatch| json!({"headers": {header.header_name.as_str(): string_match(&header.header_value)}});
    let blocks: Vec<_> = route.match_headers.iter().map(one).collect();
    json!({
        "name": route.name, "match": blocks,
        "route": [{"destination": target.destination(), "weight": 100}],
    })
}

/// A copy of the weighted route, so that requests which are mirrored are still split.
fn mirror_route(route: &SetMirrorRoute, source: &Value, target: &CanaryTarget<'_>) -> Value {
    let blocks: Vec<_> = route.match_requests.iter().map(request_match).collect();
    json!({
        "name": route.name, "match": blocks, "route": source.get("route"), "mirror": target.destination(),
        "mirrorPercentage": {"value": route.percentage.unwrap_or(100)},
    })
}

fn request_match(request: &RequestMatch) -> Value {
    let mut block = Map::new();
    if let Some(method) = &request.method {
        block.insert("method".to_owned(), string_match(method));
    }
    if let Some(path) = &request.path {
        block.insert("uri".to_owned(), string_match(path));
    }
    if !request.headers.is_empty() {
        let headers = request.headers.iter().map(|(name, value)| (name.clone(), string_match(value)));
        block.insert("headers".to_owned(), headers.collect::<Map<_, _>>().into());
    }
    block.into()
}

fn string_match(text: &StringMatch) -> Value {
    let StringMatch { exact, prefix, regex } = text;
    let parts = [("exact", exact), ("prefix", prefix), ("regex", regex)];
    let set = parts.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), value.as_str().into())).collect::<Map<_, _>>().into()
}

fn ordered(routes: Vec<Value>, weighted: &[usize], wanted: Vec<Value>, split: &Split<'_>) -> Vec<Value> {
    let is_wanted = |route: &Value| wanted.iter().any(|one| text(one, "name") == text(route, "name"));
    let (mut set, mut rest) = (Vec::new(), Vec::new());
    for (index, route) in routes.into_iter().enumerate() {
        // The route that is split is never taken away, whatever its name.
        let own =
            !weighted.contains(&index) && (split.is_managed_route(text(&route, "name")) || is_wanted(&route));
        if own { set.push(route) } else { rest.push(route) }
    }
    let mut first: Vec<_> = wanted.into_iter().map(|one| kept(one, &set)).collect();
    let place = |route: &Value| {
        let name = text(route, "name");
        split.routing.managed_routes.iter().position(|one| one.name == name).unwrap_or(usize::MAX)
    };
    first.sort_by_key(place);
    first.append(&mut rest);
    first
}

/// The route as it stands, where it says all that is wanted.
fn kept(wanted: Value, set: &[Value]) -> Value {
    let found = set.iter().find(|route| text(route, "name") == text(&wanted, "name"));
    match found {
        Some(route) if covers(route, &wanted) => route.clone(),
        Some(_) | None => wanted,
    }
}
