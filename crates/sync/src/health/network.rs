//! Services, Ingresses, Gateway API and Contour.

use model::Object;
use serde_json::Value;

use super::read::{Condition, at, conditions, has_conditions, list, text, unsupported};
use super::{Table, Verdict, degraded, healthy, progressing};

pub(super) const TABLE: Table = &[
    ("", "Service", service),
    ("networking.k8s.io", "Ingress", ingress),
    ("extensions", "Ingress", ingress),
    ("gateway.networking.k8s.io", "Gateway", gateway),
    ("gateway.networking.k8s.io", "GatewayClass", gateway_class),
    ("gateway.networking.k8s.io", "HTTPRoute", http_route),
    ("gateway.networking.k8s.io", "GRPCRoute", grpc_route),
    ("projectcontour.io", "HTTPProxy", http_proxy),
];

fn has_address(object: &Object) -> bool {
    !list(object, &["status", "loadBalancer", "ingress"]).is_empty()
}

fn service(object: &Object) -> Option<Verdict<'_>> {
    if object.api_version() != "v1" {
        return unsupported(object);
    }
    if text(object, &["spec", "type"]) == "LoadBalancer" && !has_address(object) {
        return progressing("");
    }
    healthy("")
}

fn ingress(object: &Object) -> Option<Verdict<'_>> {
    if !matches!(
        object.api_version(),
        "networking.k8s.io/v1" | "networking.k8s.io/v1beta1" | "extensions/v1beta1"
    ) {
        return unsupported(object);
    }
    if has_address(object) { healthy("") } else { progressing("") }
}

/// The first condition in the way of a Gateway, listener or route: refused references, not accepted, not programmed.
fn in_the_way<'a>(conditions: &'a [Value], waiting: &'static str) -> Option<(bool, &'a str)> {
    let each = || conditions.iter().map(Condition);
    for (kind, words) in
        [("ResolvedRefs", "Failed condition: ResolvedRefs"), ("Accepted", "Failed condition: Accepted")]
    {
        if let Some(found) = each().find(|condition| condition.is(kind, "False")) {
            return Some((true, found.message_or(words)));
        }
    }
    let found = each().find(|condition| condition.kind() == "Programmed" && condition.status() != "True")?;
    Some((false, found.message_or(waiting)))
}

fn told<'a>(failed: bool, message: String) -> Option<Verdict<'a>> {
    if failed { degraded(message) } else { progressing(message) }
}

fn gateway(object: &Object) -> Option<Verdict<'_>> {
    let own = list(object, &["status", "conditions"]);
    if let Some((failed, message)) = in_the_way(own, "Gateway is still being programmed") {
        return if failed { degraded(message) } else { progressing(message) };
    }
    let listeners = list(object, &["status", "listeners"]);
    for listener in listeners {
        let conditions = inner_conditions(listener);
        if let Some((failed, message)) = in_the_way(conditions, "Listener is still being programmed") {
            return told(failed, format!("Listener: {message}"));
        }
    }
    if has_conditions(object) || !listeners.is_empty() {
        return healthy("Gateway is healthy");
    }
    progressing("Waiting for Gateway status")
}

fn inner_conditions(value: &Value) -> &[Value] {
    value.get("conditions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn gateway_class(object: &Object) -> Option<Verdict<'_>> {
    let generation = at(object, &["metadata", "generation"]).and_then(Value::as_i64);
    let current = |condition: &Condition<'_>| {
        condition.kind() == "Accepted"
            && generation.zip(condition.observed_generation()).is_none_or(|(wanted, seen)| wanted == seen)
    };
    let Some(accepted) = conditions(object).find(current) else {
        return progressing("Waiting for GatewayClass status");
    };
    match accepted.status() {
        "True" => healthy(accepted.message_or("GatewayClass is accepted")),
        "False" => degraded(accepted.message_or("GatewayClass is not accepted")),
        _ => progressing(accepted.message_or("Waiting for GatewayClass status")),
    }
}

fn http_route(object: &Object) -> Option<Verdict<'_>> {
    let generation = at(object, &["metadata", "generation"]).and_then(Value::as_i64);
    let current = |conditions: &[Value]| {
        let seen = |condition: Condition<'_>| condition.observed_generation();
        generation.is_none_or(|wanted| {
            conditions
                .iter()
                .map(Condition)
                .all(|condition| seen(condition).is_none_or(|seen| seen == wanted))
        })
    };
    route(object, current, "HTTPRoute is healthy", "Waiting for HTTPRoute status")
}

fn grpc_route(object: &Object) -> Option<Verdict<'_>> {
    route(object, |_| true, "GRPCRoute is healthy", "Waiting for GRPCRoute status")
}

fn route<'a>(
    object: &'a Object,
    current: impl Fn(&[Value]) -> bool,
    well: &'static str,
    waiting: &'static str,
) -> Option<Verdict<'a>> {
    let parents = list(object, &["status", "parents"]);
    let mut any = false;
    for parent in parents {
        let conditions = inner_conditions(parent);
        if conditions.is_empty() || !current(conditions) {
            continue;
        }
        any = true;
        if let Some((failed, message)) = in_the_way(conditions, "Route is still being programmed") {
            let name = parent.pointer("/parentRef/name").and_then(Value::as_str).unwrap_or_default();
            return told(failed, format!("Parent {name}: {message}"));
        }
    }
    if any { healthy(well) } else { progressing(waiting) }
}

fn http_proxy(object: &Object) -> Option<Verdict<'_>> {
    let generation = at(object, &["metadata", "generation"]).and_then(Value::as_i64);
    let description = text(object, &["status", "description"]);
    // A verdict on an earlier generation would call the new one healthy.
    let current = conditions(object).filter(|condition| condition.observed_generation() == generation);
    for condition in current.filter(|condition| condition.kind() == "Valid") {
        match condition.status() {
            "True" => return healthy(description),
            "False" if at(object, &["spec", "includes"]).is_some() => {
                return healthy("HTTPProxy inclusions cannot be health checked");
            }
            "False" => return degraded(description),
            _ => {}
        }
    }
    if !has_conditions(object) && at(object, &["status", "currentStatus"]).is_some() {
        return progressing(description);
    }
    progressing("Waiting for status")
}
