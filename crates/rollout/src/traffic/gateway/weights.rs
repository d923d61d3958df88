//! The weights of a route's backends.

use model::ObjectKey;
use serde_json::{Value, json};

use super::super::error::RouteError;
use super::super::json::{set_weight, text};
use super::super::{Desired, Split};
use super::settings::Kind;

/// Weighs the two Services in every rule that steps do not set; other backends stay as they are.
pub fn shift(
    rules: &mut [Value],
    split: &Split<'_>,
    desired: &Desired,
    stable: i32,
    (key, kind): (&ObjectKey, Kind),
) -> Result<(), RouteError> {
    let (canary_name, stable_name) = (desired.canary.service.as_str(), desired.stable.service.as_str());
    let mut own: Vec<_> = rules.iter_mut().filter(|rule| !is_managed(rule, split, canary_name)).collect();
    for name in [canary_name, stable_name] {
        let found = own.iter().flat_map(|rule| backends(rule)).any(|backend| text(backend, "name") == name);
        if name.is_empty() || !found {
            let what = format!("{}: {name:?}", kind.backend_missing());
            return Err(RouteError::field(key, "spec.rules[*].backendRefs", what));
        }
    }
    for backend in own.iter_mut().flat_map(|rule| backends_mut(rule)) {
        match text(backend, "name") {
            name if name == canary_name => set_weight(backend, desired.canary.weight),
            name if name == stable_name => set_weight(backend, stable),
            _ => {}
        }
    }
    let is_version = |backend: &Value| [canary_name, stable_name].contains(&text(backend, "name"));
    if let Some(first) = own.into_iter().find(|rule| backends(rule).any(is_version)) {
        set_experiments(first, desired);
    }
    Ok(())
}

/// Adds the versions of an experiment and takes away those of one that ended.
fn set_experiments(rule: &mut Value, desired: &Desired) {
    let Some(backends) = rule.get_mut("backendRefs").and_then(Value::as_array_mut) else { return };
    let wanted = |name: &str| desired.additional.iter().any(|version| version.service == name);
    let retired = |name: &str| desired.retired.iter().any(|one| one == name) && !wanted(name);
    backends.retain(|backend| !retired(text(backend, "name")));
    let like = backends.first().cloned().unwrap_or_default();
    for version in &desired.additional {
        match backends.iter_mut().find(|backend| text(backend, "name") == version.service) {
            Some(backend) => set_weight(backend, version.weight),
            None => backends.push(backend(version.weight, &version.service, &like)),
        }
    }
}

/// A backend in the namespace and on the port of another one.
fn backend(weight: i32, service: &str, like: &Value) -> Value {
    let mut backend = json!({"name": service, "weight": weight});
    for field in ["namespace", "port"] {
        if let Some(value) = like.get(field) {
            backend[field] = value.clone();
        }
    }
    backend
}

/// Whether a step sets this rule: by its name, or, where the API drops the names of rules, by its one backend.
pub fn is_managed(rule: &Value, split: &Split<'_>, canary: &str) -> bool {
    let mut backends = backends(rule);
    let only_canary =
        backends.next().is_some_and(|one| text(one, "name") == canary) && backends.next().is_none();
    has_managed_name(rule, split) || (text(rule, "name").is_empty() && only_canary)
}

/// Whether the rule has the name of a managed route, or that name with a number behind it.
pub fn has_managed_name(rule: &Value, split: &Split<'_>) -> bool {
    let name = text(rule, "name");
    let stem = name.rsplit_once('-').filter(|(_, number)| is_number(number)).map_or(name, |(stem, _)| stem);
    split.is_managed_route(name) || split.is_managed_route(stem)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The backends of a rule.
pub fn backends(rule: &Value) -> impl Iterator<Item = &Value> {
    rule.get("backendRefs").and_then(Value::as_array).into_iter().flatten()
}

fn backends_mut(rule: &mut Value) -> impl Iterator<Item = &mut Value> {
    rule.get_mut("backendRefs").and_then(Value::as_array_mut).into_iter().flatten()
}
