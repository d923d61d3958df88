//! Rules that steps set: requests with certain headers go to the new version.

use model::ObjectKey;
use model::rollout::{HeaderMatch, SetHeaderRoute};
use serde_json::{Value, json};

use super::super::error::RouteError;
use super::super::json::{covers, text};
use super::super::{Desired, Split};
use super::settings::Kind;
use super::weights::{backends, has_managed_name, is_managed};

/// Sets the header rules that are desired behind all others, and takes the other managed rules away.
pub fn set(
    rules: &mut Vec<Value>,
    split: &Split<'_>,
    desired: &Desired,
    (key, kind): (&ObjectKey, Kind),
) -> Result<(), RouteError> {
    let (canary, stable) = (desired.canary.service.as_str(), desired.stable.service.as_str());
    let is_named = |rule: &Value| desired.header_routes.iter().any(|route| route.name == text(rule, "name"));
    let by_step = |rule: &Value| has_managed_name(rule, split) || is_named(rule);
    let (set, mut rest): (Vec<_>, Vec<_>) = std::mem::take(rules).into_iter().partition(by_step);
    let has = |rule: &Value, name: &str| backends(rule).any(|backend| text(backend, "name") == name);
    let is_source =
        |rule: &&Value| !is_managed(rule, split, canary) && has(rule, canary) && has(rule, stable);
    let sources: Vec<_> = rest.iter().filter(is_source).cloned().collect();
    let mut wanted = Vec::new();
    for route in &desired.header_routes {
        if sources.is_empty() {
            return Err(RouteError::field(key, "spec.rules", kind.backend_missing()));
        }
        let headers = headers(route).map_err(|what| RouteError::setting("setHeaderRoute.match", what))?;
        let rules = sources.iter().enumerate().map(|(number, source)| {
            let name = if number == 0 { route.name.clone() } else { format!("{}-{number}", route.name) };
            rule(&name, source, &headers, canary)
        });
        wanted.extend(rules);
    }
    for one in wanted {
        let bare = without_name(&one);
        // An API that drops the names of rules leaves them without one.
        if rest.iter().any(|rule| text(rule, "name").is_empty() && covers(rule, &bare)) {
            continue;
        }
        rest.push(set.iter().find(|rule| covers(rule, &one)).cloned().unwrap_or(one));
    }
    *rules = rest;
    Ok(())
}

fn rule(name: &str, source: &Value, headers: &[Value], canary: &str) -> Value {
    let mut backend = json!({"name": canary});
    let port = backends(source).find(|one| text(one, "name") == canary).and_then(|one| one.get("port"));
    if let Some(port) = port {
        backend["port"] = port.clone();
    }
    let mut rule = json!({"name": name, "matches": matches(source, headers)});
    if let Some(filters) = source.get("filters") {
        rule["filters"] = filters.clone();
    }
    rule["backendRefs"] = json!([backend]);
    rule
}

/// The matches of the source rule, each with the headers added.
fn matches(source: &Value, headers: &[Value]) -> Value {
    let own = source.get("matches").and_then(Value::as_array).filter(|own| !own.is_empty());
    let Some(own) = own else { return json!([{"headers": headers}]) };
    let with = |one: &Value| {
        let mut one = one.clone();
        let before = one.get("headers").and_then(Value::as_array).cloned().unwrap_or_default();
        one["headers"] = before.into_iter().chain(headers.iter().cloned()).collect();
        one
    };
    own.iter().map(with).collect()
}

fn headers(route: &SetHeaderRoute) -> Result<Vec<Value>, &'static str> {
    route.match_headers.iter().map(header).collect()
}

fn header(header: &HeaderMatch) -> Result<Value, &'static str> {
    let value = &header.header_value;
    let parts = [
        ("Exact", value.exact.clone(), &value.exact),
        ("RegularExpression", format!("{}.*", value.prefix), &value.prefix),
        ("RegularExpression", value.regex.clone(), &value.regex),
    ];
    let set = parts.into_iter().find(|(_, _, written)| !written.is_empty());
    let (kind, value, _) = set.ok_or("invalid header match type")?;
    Ok(json!({"name": header.header_name, "type": kind, "value": value}))
}

fn without_name(rule: &Value) -> Value {
    let mut rule = rule.clone();
    if let Some(fields) = rule.as_object_mut() {
        fields.shift_remove("name");
    }
    rule
}
