//! Istio: which routes are the Rollout's, what is written into them, and what is left alone.

use serde_json::json;

use super::super::testing::{World, desired};
use super::super::{Desired, Destination};

const ONE_SERVICE: &str = "istio: {virtualService: {name: web}}";
const SERVICE: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web.example.com]
  http:
  - name: primary
    timeout: 5s
    route:
    - destination: {host: web-stable, port: {number: 80}}
      weight: 100
    - destination: {host: web-canary.shop.svc.cluster.local, port: {number: 80}}
      weight: 0
      headers: {request: {set: {x: y}}}
";

#[track_caller]
fn check(routing: &str, objects: &str, desired: &Desired, expected: &str) {
    assert_eq!(World::new(routing, objects).written(desired), expected.trim());
}

#[test]
fn only_weights_are_written_and_nothing_where_they_stand_already() {
    let expected = "
patch VirtualService shop/web
  /spec/http/0/route/0/weight = 70
  /spec/http/0/route/1/weight = 30
  event Updated VirtualService: VirtualService `web` set to desiredWeight '30'";
    check(ONE_SERVICE, SERVICE, &desired(30), expected);
    check(ONE_SERVICE, SERVICE, &desired(0), "");
}

#[test]
fn what_must_be_read_follows_the_settings() {
    let world = World::new(
        "istio: {virtualServices: [{name: a}, {name: b.mesh}], destinationRule: {name: r, canarySubsetName: c, stableSubsetName: s}}",
        "",
    );
    assert_eq!(world.needs(), "DestinationRule shop/r, VirtualService shop/a, VirtualService mesh/b");
    assert_eq!(
        world.written(&desired(5)),
        "error: networking.istio.io/DestinationRule shop/r is not there: trafficRouting.istio.destinationRule.name of the Rollout names it"
    );
}

/// Routes with the names given; each has both versions.
fn routes(names: &[&str]) -> String {
    let one = |name: &&str| {
        let name = if name.is_empty() { String::new() } else { format!("name: {name}, ") };
        format!(
            "  - {{{name}route: [{{destination: {{host: web-stable}}, weight: 100}}, {{destination: {{host: web-canary}}}}]}}\n"
        )
    };
    let rows: String = if names.is_empty() { "    []\n".to_owned() } else { names.iter().map(one).collect() };
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web}}\nspec:\n  http:\n{rows}"
    )
}

/// Which routes got the weight, by index, or the words of the error.
#[track_caller]
fn check_selection(routing: &str, names: &[&str], expected: &str) {
    let written = World::new(routing, &routes(names)).written(&desired(30));
    if written.starts_with("error") {
        assert_eq!(written, format!("error: networking.istio.io/VirtualService shop/web {expected}"));
        return;
    }
    let indices: Vec<_> = written
        .lines()
        .filter(|line| line.contains("/route/0/weight"))
        .filter_map(|line| line.split('/').nth(3))
        .collect();
    assert_eq!(indices.join(" "), expected);
}

#[test]
fn routes_are_chosen_by_name_or_as_the_only_one() {
    let named = "istio: {virtualService: {name: web, routes: [a, c]}}";
    check_selection(named, &["a", "b", "c"], "0 2");
    check_selection(
        named,
        &["a", "b"],
        "spec.http: HTTP Route 'c' is not found in the defined Virtual Service.",
    );
    check_selection(ONE_SERVICE, &[""], "0");
    check_selection(ONE_SERVICE, &["primary"], "0");
    let only = "spec.http: spec.http[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.routes";
    check_selection(ONE_SERVICE, &["", ""], only);
    check_selection(ONE_SERVICE, &[], only);
}

#[test]
fn of_a_managed_route_and_a_named_one_the_named_one_is_split() {
    // Upstream looks for the first route without a name here, finds none and writes nothing.
    let routing = "{istio: {virtualService: {name: web}}, managedRoutes: [{name: headers}]}";
    let mut world = World::new(routing, &routes(&["primary"]));
    let mut wanted = desired(30);
    wanted.header_routes = vec![
        serde_json::from_value(json!({
            "name": "headers", "match": [{"headerName": "x-canary", "headerValue": {"exact": "yes"}}],
        }))
        .expect("it is a header route"),
    ];
    world.carry_out(&wanted);
    wanted.canary.weight = 60;
    let patched = world.written(&wanted);
    assert!(patched.contains("/spec/http/1/route/0/weight = 40"), "{patched}");
}

#[test]
fn a_route_without_both_versions_is_refused_by_name() {
    let objects = SERVICE.replace("web-canary", "other");
    let expected = "error: networking.istio.io/VirtualService shop/web spec.http[0].route: Canary Service 'web-canary' not found in route";
    check(ONE_SERVICE, &objects, &desired(30), expected);
    let delegate = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {http: [{delegate: {name: inner, namespace: mesh}}]}";
    let expected = "error: networking.istio.io/VirtualService shop/web spec.http[0].route: it delegates to VirtualService inner (mesh): name that one instead";
    check(ONE_SERVICE, delegate, &desired(30), expected);
    let empty = "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: web}, spec: {hosts: [a]}}";
    check(
        ONE_SERVICE,
        empty,
        &desired(30),
        "error: networking.istio.io/VirtualService shop/web spec: it has no http, tls or tcp routes",
    );
}

#[test]
fn a_delegate_is_a_virtual_service_without_hosts() {
    let objects = SERVICE
        .replace("  hosts: [web.example.com]\n", "")
        .replace("{name: web}", "{name: inner, namespace: mesh}");
    let expected = "
patch VirtualService mesh/inner
  /spec/http/0/route/0/weight = 70
  /spec/http/0/route/1/weight = 30
  event Updated VirtualService: VirtualService `inner` set to desiredWeight '30'";
    check("istio: {virtualService: {name: inner.mesh}}", &objects, &desired(30), expected);
}

#[test]
fn tls_and_tcp_routes_are_split_beside_http() {
    let objects = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  tls:
  - match: [{port: 443, sniHosts: [a.com, b.com]}]
    route: &both
    - {destination: {host: web-stable}, weight: 100}
    - {destination: {host: web-canary}, weight: 0}
  - match: [{port: 3000, sniHosts: [a.com]}]
    route: *both
  tcp:
  - match: [{port: 3306}]
    route: *both
  - match: [{port: 3307}, {port: 3308}]
    route: *both";
    let routing = "istio: {virtualService: {name: web, tlsRoutes: [{port: 443, sniHosts: [b.com, a.com]}], tcpRoutes: [{port: 3306}]}}";
    let expected = "
patch VirtualService shop/web
  /spec/tcp/0/route/0/weight = 90
  /spec/tcp/0/route/1/weight = 10
  /spec/tls/0/route/0/weight = 90
  /spec/tls/0/route/1/weight = 10
  event Updated VirtualService: VirtualService `web` set to desiredWeight '10'";
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.trim().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&World::new(routing, objects).written(&desired(10))), sorted(expected));
    let several = "istio: {virtualService: {name: web, tcpRoutes: [{port: 3306}]}}";
    let words = "error: networking.istio.io/VirtualService shop/web spec.tls: spec.tls[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.tlsRoutes";
    check(several, objects, &desired(10), words);
    let unknown = "istio: {virtualService: {name: web, tlsRoutes: [{port: 443, sniHosts: [a.com]}], tcpRoutes: [{port: 3306}]}}";
    let words = "error: networking.istio.io/VirtualService shop/web spec.tls: No matching TLS routes found in the defined Virtual Service.";
    check(unknown, objects, &desired(10), words);
}

#[test]
fn experiments_get_destinations_and_lose_them_again() {
    let mut world = World::new(ONE_SERVICE, SERVICE);
    let mut wanted = desired(20);
    wanted.additional = vec![Destination { weight: 5, service: "web-experiment".into(), hash: "exp".into() }];
    let expected = "
patch VirtualService shop/web
  /spec/http/0/route/0/weight = 75
  /spec/http/0/route/1/weight = 20
  /spec/http/0/route/2 + {\"destination\":{\"host\":\"web-experiment\"},\"weight\":5}
  event Updated VirtualService: VirtualService `web` set to desiredWeight '20'";
    assert_eq!(world.written(&wanted), expected.trim());
    world.carry_out(&wanted);
    world.carry_out(&desired(20));
    assert_eq!(world.field("VirtualService", "/spec/http/0/route").as_array().map(Vec::len), Some(2));
}

#[test]
fn what_somebody_edits_by_hand_is_put_right_without_touching_the_rest() {
    let edited = SERVICE
        .replace("weight: 100", "weight: 55")
        .replace("weight: 0", "weight: 45")
        .replace("timeout: 5s", "timeout: 9s");
    let mut world = World::new(ONE_SERVICE, &edited);
    world.carry_out(&desired(30));
    assert_eq!(world.field("VirtualService", "/spec/http/0/timeout"), json!("9s"));
    assert_eq!(world.field("VirtualService", "/spec/http/0/route/0/weight"), json!(70));
    assert_eq!(
        world.field("VirtualService", "/spec/http/0/route/1/headers"),
        json!({"request": {"set": {"x": "y"}}})
    );
}

const SUBSETS: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  http:
  - route:
    - {destination: {host: web, subset: stable}, weight: 100}
    - {destination: {host: web, subset: canary}, weight: 0}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets:
  - {name: stable, labels: {app: web, rollouts-pod-template-hash: old}}
  - {name: canary, labels: {app: web}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
  - {name: other, labels: {app: other}}
";
const BY_SUBSET: &str = "istio: {virtualService: {name: web}, destinationRule: {name: web, canarySubsetName: canary, stableSubsetName: stable}}";

#[test]
fn subsets_get_hashes_before_they_get_traffic_and_others_stay() {
    let world = World::without_services(BY_SUBSET, SUBSETS);
    let mut wanted = desired(30);
    (wanted.canary.service, wanted.stable.service) = (String::new(), String::new());
    let expected = "
patch DestinationRule shop/web
  /metadata/annotations + {\"argo-rollouts.argoproj.io/managed-by-rollouts\":\"web\"}
  /spec/subsets/1/labels/rollouts-pod-template-hash + \"new\"
  event UpdatedDestinationRule: DestinationRule web subset updated (canary: new, stable: old)
patch VirtualService shop/web
  /spec/http/0/route/0/weight = 70
  /spec/http/0/route/1/weight = 30
  event Updated VirtualService: VirtualService `web` set to desiredWeight '30'";
    let written = world.written(&wanted);
    assert_eq!(written, expected.trim());
}

#[test]
fn traffic_leaves_a_version_before_its_subset_moves_on() {
    let mut world = World::without_services(BY_SUBSET, SUBSETS);
    let mut wanted = desired(30);
    (wanted.canary.service, wanted.stable.service) = (String::new(), String::new());
    world.carry_out(&wanted);
    wanted.canary = Destination { weight: 0, service: String::new(), hash: "newer".into() };
    let written = world.written(&wanted);
    let kinds: Vec<_> = written.lines().filter(|line| line.starts_with("patch")).collect();
    assert_eq!(kinds, ["patch VirtualService shop/web", "patch DestinationRule shop/web"]);
    wanted.hold_hashes =
        Some("delaying destination rule switch: ReplicaSet web-newer not fully available".into());
    assert_eq!(
        world.written(&wanted),
        "error: networking.istio.io/DestinationRule shop/web spec.subsets: delaying destination rule switch: ReplicaSet web-newer not fully available"
    );
}

#[test]
fn hashes_are_taken_back_when_the_rollout_goes() {
    let mut world = World::without_services(BY_SUBSET, SUBSETS);
    let mut wanted = desired(0);
    (wanted.canary.service, wanted.stable.service) = (String::new(), String::new());
    world.carry_out(&wanted);
    let expected = "
patch DestinationRule shop/web
  /metadata/annotations -
  /spec/subsets/0/labels/rollouts-pod-template-hash -
  /spec/subsets/1/labels/rollouts-pod-template-hash -";
    assert_eq!(world.released(), expected.trim());
}

#[test]
fn header_and_mirror_routes_stand_first_in_the_order_of_managed_routes() {
    let routing = "{istio: {virtualService: {name: web}}, managedRoutes: [{name: mirror}, {name: headers}]}";
    let mut world = World::new(routing, SERVICE);
    let mut wanted = desired(10);
    wanted.header_routes = vec![
        serde_json::from_value(json!({
            "name": "headers", "match": [{"headerName": "x-canary", "headerValue": {"prefix": "y"}}],
        }))
        .expect("it is a header route"),
    ];
    wanted.mirror_routes = vec![serde_json::from_value(json!({
        "name": "mirror", "percentage": 35, "match": [{"method": {"exact": "GET"}, "path": {"prefix": "/"}}],
    }))
    .expect("it is a mirror route")];
    world.carry_out(&wanted);
    let route = world.field("VirtualService", "/spec/http/0");
    let names = |world: &World| {
        let routes = world.field("VirtualService", "/spec/http");
        routes
            .as_array()
            .into_iter()
            .flatten()
            .map(|route| route["name"].as_str().unwrap_or("-").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&world), ["mirror", "headers", "primary"]);
    assert_eq!(route["match"], json!([{"method": {"exact": "GET"}, "uri": {"prefix": "/"}}]));
    assert_eq!(route["mirror"], json!({"host": "web-canary", "port": {"number": 80}}));
    assert_eq!(route["mirrorPercentage"], json!({"value": 35}));
    let header = json!({
        "name": "headers", "match": [{"headers": {"x-canary": {"prefix": "y"}}}],
        "route": [{"destination": {"host": "web-canary", "port": {"number": 80}}, "weight": 100}],
    });
    assert_eq!(world.field("VirtualService", "/spec/http/1"), header);
    wanted.canary.weight = 40;
    world.carry_out(&wanted);
    assert_eq!(
        world.field("VirtualService", "/spec/http/0/route/1/weight"),
        json!(40),
        "a mirrored request is still split"
    );
    world.carry_out(&desired(0));
    assert_eq!(names(&world), ["primary"]);
}

#[test]
fn git_keeps_everything_but_weights_and_managed_routes() {
    let routing = "{istio: {virtualService: {name: web}}, managedRoutes: [{name: headers}]}";
    let mut world = World::new(routing, SERVICE);
    let mut wanted = desired(30);
    wanted.header_routes = vec![
        serde_json::from_value(json!({
            "name": "headers", "match": [{"headerName": "x", "headerValue": {"exact": "y"}}],
        }))
        .expect("it is a header route"),
    ];
    wanted.additional = vec![Destination { weight: 5, service: "web-experiment".into(), hash: "exp".into() }];
    world.carry_out(&wanted);
    let git = SERVICE.replace("timeout: 5s", "timeout: 1s").replace("weight: 100", "weight: 99");
    let held: serde_json::Value = serde_json::from_str(&world.held(&git)).expect("it is JSON");
    assert_eq!(held["http"][0]["name"], "headers");
    assert_eq!(held["http"][1]["timeout"], "1s", "an edit in Git reaches the cluster in mid-canary");
    let weights: Vec<_> =
        held["http"][1]["route"].as_array().into_iter().flatten().map(|one| &one["weight"]).collect();
    assert_eq!(weights, [65, 30, 5]);
}

#[test]
fn git_keeps_a_destination_rule_but_for_its_hashes() {
    let mut world = World::without_services(BY_SUBSET, SUBSETS);
    let mut wanted = desired(30);
    (wanted.canary.service, wanted.stable.service) = (String::new(), String::new());
    world.carry_out(&wanted);
    let rule = SUBSETS.split("---").nth(1).expect("it is the second document");
    let git =
        rule.replace("rollouts-pod-template-hash: old", "tier: front").replace("RANDOM", "LEAST_REQUEST");
    let held: serde_json::Value = serde_json::from_str(&world.held(&git)).expect("it is JSON");
    assert_eq!(
        held["subsets"][0]["labels"],
        json!({"app": "web", "tier": "front", "rollouts-pod-template-hash": "old"})
    );
    assert_eq!(held["subsets"][1]["labels"]["rollouts-pod-template-hash"], "new");
    assert_eq!(held["subsets"][1]["trafficPolicy"]["loadBalancer"]["simple"], "LEAST_REQUEST");
}
