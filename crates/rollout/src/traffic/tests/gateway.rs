//! Gateway API, set up as upstream's plugin is.

use serde_json::json;

use super::super::testing::{World, desired};
use super::super::{Desired, Destination};

const ROUTING: &str =
    "{plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}, managedRoutes: [{name: headers}]}";
const ROUTE: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, generation: 3}
spec:
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    filters: [{type: RequestHeaderModifier}]
    backendRefs:
    - {name: web-stable, port: 80, kind: Service, group: '', weight: 1}
    - {name: web-canary, port: 80, kind: Service, group: ''}
    - {name: audit, port: 81}
";

fn header(value: serde_json::Value) -> Desired {
    let route = json!({"name": "headers", "match": [{"headerName": "x", "headerValue": value}]});
    Desired {
        header_routes: vec![serde_json::from_value(route).expect("it is a header route")],
        ..desired(30)
    }
}

#[test]
fn weights_are_written_in_every_rule_and_other_backends_stay() {
    let world = World::new(ROUTING, ROUTE);
    let expected = "
patch HTTPRoute shop/web
  /metadata/labels + {\"rollouts.argoproj.io/gatewayapi-canary\":\"in-progress\"}
  /spec/rules/0/backendRefs/0/weight = 70
  /spec/rules/0/backendRefs/1/weight + 30";
    assert_eq!(world.written(&desired(30)), expected.trim());
    assert_eq!(world.needs(), "HTTPRoute shop/web");
}

#[test]
fn the_label_is_there_while_the_canary_has_a_share() {
    let mut world = World::new(ROUTING, ROUTE);
    world.carry_out(&desired(30));
    world.carry_out(&desired(0));
    assert_eq!(world.field("HTTPRoute", "/metadata/labels"), json!(null));
    let silent = "plugins: {argoproj-labs/gatewayAPI: {httpRoute: web, disableInProgressLabel: true}}";
    let mut world = World::new(silent, ROUTE);
    world.carry_out(&desired(30));
    assert_eq!(world.field("HTTPRoute", "/metadata/labels"), json!(null));
}

#[test]
fn a_whole_other_than_100_is_honoured() {
    let mut world = World::new(ROUTING, ROUTE);
    let mut wanted = desired(30);
    wanted.max_weight = 1000;
    world.carry_out(&wanted);
    assert_eq!(world.field("HTTPRoute", "/spec/rules/0/backendRefs/0/weight"), json!(970));
}

#[test]
fn a_service_that_no_rule_names_is_an_error() {
    let world = World::new(ROUTING, &ROUTE.replace("web-canary", "other"));
    let expected = "error: gateway.networking.k8s.io/HTTPRoute shop/web spec.rules[*].backendRefs: backendRef was not found in httpRoute: \"web-canary\"";
    assert_eq!(world.written(&desired(30)), expected);
}

#[test]
fn header_rules_copy_the_rule_and_go_again() {
    let mut world = World::new(ROUTING, ROUTE);
    world.carry_out(&header(json!({"prefix": "can"})));
    let rule = json!({
        "name": "headers",
        "matches": [{
            "path": {"type": "PathPrefix", "value": "/"},
            "headers": [{"name": "x", "type": "RegularExpression", "value": "can.*"}],
        }],
        "filters": [{"type": "RequestHeaderModifier"}],
        "backendRefs": [{"name": "web-canary", "port": 80}],
    });
    assert_eq!(world.field("HTTPRoute", "/spec/rules/1"), rule);
    world.carry_out(&header(json!({"exact": "yes"})));
    assert_eq!(world.field("HTTPRoute", "/spec/rules/1/matches/0/headers/0/type"), json!("Exact"));
    world.carry_out(&desired(30));
    assert_eq!(world.field("HTTPRoute", "/spec/rules").as_array().map(Vec::len), Some(1));
    assert_eq!(world.written(&header(json!({}))), "error: setHeaderRoute.match: invalid header match type");
}

#[test]
fn what_the_server_filled_in_is_no_change() {
    let mut world = World::new(ROUTING, ROUTE);
    world.carry_out(&header(json!({"exact": "yes"})));
    let route = world.objects.last_mut().expect("the route");
    let rules = route.fields_mut()["spec"]["rules"].as_array_mut().expect("rules");
    rules[1]["backendRefs"][0]["weight"] = 1.into();
    rules[1]["backendRefs"][0]["kind"] = "Service".into();
    assert_eq!(world.written(&header(json!({"exact": "yes"}))), "");
}

#[test]
fn routes_of_every_kind_and_those_that_a_selector_means() {
    let config = "plugins: {argoproj-labs/gatewayAPI: {namespace: mesh, grpcRoutes: [{name: g}], tcpRoute: t, tlsRoute: l, httpRouteSelector: {matchLabels: {app: web}}}}";
    let world = World::new(config, "");
    let expected = "GRPCRoute mesh/g, TCPRoute mesh/t, TLSRoute mesh/l, HTTPRoute mesh [app=web]";
    assert_eq!(world.needs(), expected);
    let objects =
        ROUTE.replace("{name: web, generation: 3}", "{name: found, namespace: mesh, labels: {app: web}}");
    let config = "plugins: {argoproj-labs/gatewayAPI: {namespace: mesh, httpRouteSelector: {matchLabels: {app: web}}}}";
    let written = World::new(config, &objects).written(&desired(30));
    assert!(written.starts_with("patch HTTPRoute mesh/found"), "{written}");
}

#[test]
fn settings_that_cannot_be_used_are_refused_in_words() {
    let refused = |routing: &str| World::new(routing, "").written(&desired(1));
    let none = "error: trafficRouting.plugins[argoproj-labs/gatewayAPI]: No routes configured. One of 'tcpRoutes', 'httpRoutes', 'tcpRoute' or 'httpRoute' should be set";
    assert_eq!(refused("plugins: {argoproj-labs/gatewayAPI: {}}"), none);
    let other = "error: trafficRouting.plugins[acme/router]: this plugin is not supported: only argoproj-labs/gatewayAPI is built in";
    assert_eq!(refused("plugins: {acme/router: {}}"), other);
}

#[test]
fn experiments_are_added_to_the_first_rule_and_taken_away_by_name() {
    let mut world = World::new(ROUTING, ROUTE);
    let mut wanted = desired(20);
    wanted.additional = vec![Destination { weight: 5, service: "web-experiment".into(), hash: "exp".into() }];
    world.carry_out(&wanted);
    let added = json!({"name": "web-experiment", "weight": 5, "port": 80});
    assert_eq!(world.field("HTTPRoute", "/spec/rules/0/backendRefs/3"), added);
    let mut after = desired(20);
    after.retired = vec!["web-experiment".into()];
    world.carry_out(&after);
    assert_eq!(world.field("HTTPRoute", "/spec/rules/0/backendRefs").as_array().map(Vec::len), Some(3));
}

/// What is verified when one Gateway reports so.
#[track_caller]
fn check_verify(status: &str, expected: Option<bool>) {
    let world = World::new(ROUTING, &format!("{ROUTE}status: {status}\n"));
    assert_eq!(world.verified(), expected, "{status}");
}

#[test]
fn a_route_is_verified_once_its_gateways_took_its_newest_version() {
    check_verify("{}", None);
    check_verify("{parents: []}", None);
    let parent = |accepted: &str, resolved: &str, seen: i64| {
        format!(
            "{{parents: [{{conditions: [{{type: Accepted, status: '{accepted}', observedGeneration: {seen}}}, {{type: ResolvedRefs, status: '{resolved}', observedGeneration: {seen}}}]}}]}}"
        )
    };
    check_verify(&parent("True", "True", 3), Some(true));
    check_verify(&parent("True", "True", 2), Some(false));
    check_verify(&parent("True", "False", 3), Some(false));
    check_verify(&parent("False", "True", 3), Some(false));
}

#[test]
fn git_keeps_everything_but_weights_label_and_managed_rules() {
    let mut world = World::new(ROUTING, ROUTE);
    world.carry_out(&header(json!({"exact": "yes"})));
    let git = ROUTE.replace("value: /}", "value: /shop}");
    let held: serde_json::Value = serde_json::from_str(&world.held(&git)).expect("it is JSON");
    assert_eq!(held["rules"][0]["matches"][0]["path"]["value"], "/shop");
    let weights: Vec<_> =
        held["rules"][0]["backendRefs"].as_array().into_iter().flatten().map(|one| &one["weight"]).collect();
    assert_eq!(weights, [&json!(70), &json!(30), &json!(null)]);
    assert_eq!(held["rules"][1]["name"], "headers");
}
