//! SMI, Traefik, Ambassador, APISIX and App Mesh.

use serde_json::json;

use super::super::testing::{World, desired};

#[test]
fn smi_makes_a_traffic_split_of_its_own() {
    let mut world = World::new("smi: {rootService: web-root}", "");
    world.carry_out(&desired(5));
    let spec = json!({
        "service": "web-root",
        "backends": [{"service": "web-canary", "weight": "5"}, {"service": "web-stable", "weight": "95"}],
    });
    assert_eq!(world.field("TrafficSplit", "/spec"), spec);
    let expected = "
patch TrafficSplit shop/web
  /spec/backends/0/weight = \"10\"
  /spec/backends/1/weight = \"90\"
  event TrafficSplitModified: TrafficSplit `web` modified";
    assert_eq!(world.written(&desired(10)), expected.trim());
    let foreign =
        "{apiVersion: split.smi-spec.io/v1alpha2, kind: TrafficSplit, metadata: {name: web}, spec: {}}";
    let world = World::new("smi: {}", foreign);
    let expected = "error: split.smi-spec.io/TrafficSplit shop/web is not owned by the Rollout: Rollout does not own TrafficSplit `web`";
    assert_eq!(world.written(&desired(10)), expected);
}

#[test]
fn traefik_weights_two_services_by_name() {
    let service = "
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: web}
spec: {weighted: {services: [{name: web-stable, port: 80}, {name: web-canary, port: 80, weight: 0}, {name: other, weight: 3}]}}";
    let routing = "traefik: {weightedTraefikServiceName: web}";
    let mut world = World::new(routing, service);
    world.carry_out(&desired(25));
    let weights: Vec<_> = (0..3)
        .map(|at| world.field("TraefikService", &format!("/spec/weighted/services/{at}/weight")))
        .collect();
    assert_eq!(weights, [75, 25, 3]);
    let held: serde_json::Value = serde_json::from_str(&world.held(service)).expect("it is JSON");
    assert_eq!(held["weighted"]["services"][1]["weight"], 25);
    let world = World::new(routing, &service.replace("web-canary", "gone"));
    let expected = "error: traefik.io/TraefikService shop/web spec.weighted.services: traefik canary service was not found";
    assert_eq!(world.written(&desired(25)), expected);
}

#[test]
fn ambassador_has_a_canary_mapping_while_there_is_a_share() {
    let base = "
apiVersion: getambassador.io/v3alpha1
kind: Mapping
metadata: {name: web, labels: {a: b}}
spec: {prefix: /, hostname: '*', service: 'web-stable:8080'}";
    let mut world = World::new("ambassador: {mappings: [web]}", base);
    assert_eq!(world.written(&desired(0)), "");
    world.carry_out(&desired(5));
    let made = world.objects.last().expect("the canary Mapping").clone();
    assert_eq!(made.name(), "web-canary");
    let spec = json!({"prefix": "/", "hostname": "*", "service": "web-canary:8080", "weight": 5});
    assert_eq!(made.get("spec"), Some(&spec));
    assert_eq!(made.api_version(), "getambassador.io/v3alpha1");
    let expected = "
patch Mapping shop/web-canary
  /spec/weight = 0
  event CanaryMappingWeightUpdate: Set canary mapping weight to 0";
    assert_eq!(world.written(&desired(0)), expected.trim());
    world.objects.last_mut().expect("the canary Mapping").fields_mut()["spec"]["weight"] = 0.into();
    assert_eq!(world.written(&desired(0)), "delete Mapping shop/web-canary");
    let world =
        World::new("ambassador: {mappings: [web]}", &base.replace("prefix: /,", "prefix: /, weight: 3,"));
    let expected = "error: getambassador.io/Mapping shop/web spec.weight: Ambassador mapping \"web\" can not define weight";
    assert_eq!(world.written(&desired(5)), expected);
}

const APISIX: &str = "
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: web}
spec:
  http:
  - name: rule
    priority: 3
    match: {paths: [/*]}
    backends: [{serviceName: web-stable, servicePort: 80}, {serviceName: web-canary, servicePort: 80}]
  - {name: other, backends: [{serviceName: x, weight: 9}]}";

#[test]
fn apisix_weights_the_rules_that_are_named() {
    let mut world = World::new("apisix: {route: {name: web, rules: [rule]}}", APISIX);
    world.carry_out(&desired(20));
    assert_eq!(world.field("ApisixRoute", "/spec/http/0/backends/0/weight"), json!(80));
    assert_eq!(world.field("ApisixRoute", "/spec/http/1/backends/0/weight"), json!(9));
    let held: serde_json::Value = serde_json::from_str(&world.held(APISIX)).expect("it is JSON");
    assert_eq!(held["http"][0]["backends"][1]["weight"], 20);
    let world = World::new("apisix: {route: {name: web}}", APISIX);
    let expected =
        "error: apisix.apache.org/ApisixRoute shop/web spec.http: Apisix http route rule web not found";
    assert_eq!(world.written(&desired(20)), expected);
}

#[test]
fn apisix_header_routes_are_routes_of_their_own() {
    let routing = "{apisix: {route: {name: web, rules: [rule]}}, managedRoutes: [{name: headers}]}";
    let mut world = World::new(routing, APISIX);
    assert_eq!(world.needs(), "ApisixRoute shop/web, ApisixRoute shop/headers?");
    let mut wanted = desired(20);
    wanted.header_routes = vec![
        serde_json::from_value(json!({
            "name": "headers", "match": [{"headerName": "x", "headerValue": {"prefix": "y"}}],
        }))
        .expect("it is a header route"),
    ];
    world.carry_out(&wanted);
    let made = world.objects.iter().find(|object| object.name() == "headers").expect("it was made").clone();
    let rule = made.pointer("/spec/http/0").cloned().unwrap_or_default();
    assert_eq!(rule["priority"], 4);
    assert_eq!(rule["backends"], json!([{"serviceName": "web-canary", "servicePort": 80, "weight": 100}]));
    let exprs = json!([{"subject": {"scope": "Header", "name": "x"}, "op": "RegexMatch", "value": "^y.*"}]);
    assert_eq!(rule["match"], json!({"paths": ["/*"], "exprs": exprs}));
    assert_eq!(world.written(&desired(20)), "delete ApisixRoute shop/headers");
}

const MESH: &str = "
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata: {name: web}
spec: {provider: {virtualRouter: {virtualRouterRef: {name: web-router}}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {name: web-router}
spec:
  routes:
  - name: primary
    httpRoute: {match: {prefix: /}, action: {weightedTargets: [{virtualNodeRef: {name: node-canary}, weight: 0}, {virtualNodeRef: {name: node-stable}, weight: 100}]}}
---
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualNode, metadata: {name: node-canary}, spec: {podSelector: {matchLabels: {app: web}}}}
---
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualNode, metadata: {name: node-stable}, spec: {podSelector: {matchLabels: {app: web}}}}";
const BY_NODES: &str = "appMesh: {virtualService: {name: web}, virtualNodeGroup: {canaryVirtualNodeRef: {name: node-canary}, stableVirtualNodeRef: {name: node-stable}}}";

#[test]
fn app_mesh_finds_its_router_and_never_selects_the_same_pods_twice() {
    let needs = "VirtualService shop/web, VirtualRouter shop/web-router, VirtualNode shop/node-stable, VirtualNode shop/node-canary";
    let mut world = World::new(BY_NODES, MESH);
    assert_eq!(world.needs(), needs);
    let expected = "
patch VirtualNode shop/node-stable
  /spec/podSelector/matchLabels/rollouts-pod-template-hash + \"old\"
patch VirtualNode shop/node-canary
  /spec/podSelector/matchLabels/rollouts-pod-template-hash + \"new\"
patch VirtualRouter shop/web-router
  /spec/routes/0/httpRoute/action/weightedTargets/0/weight = 30
  /spec/routes/0/httpRoute/action/weightedTargets/1/weight = 70";
    assert_eq!(world.written(&desired(30)), expected.trim());
    world.carry_out(&desired(30));
    let mut wanted = desired(0);
    wanted.canary.hash = "old".into();
    world.carry_out(&wanted);
    let canary = world.objects.iter().find(|object| object.name() == "node-canary").expect("the node");
    let hash = canary.pointer("/spec/podSelector/matchLabels/rollouts-pod-template-hash");
    assert_eq!(hash, Some(&json!("canary-hash")));
    let unrouted = MESH.replace("{provider: {virtualRouter: {virtualRouterRef: {name: web-router}}}}", "{}");
    let expected = "error: appmesh.k8s.aws/VirtualService shop/web spec.provider.virtualRouter: Virtual-service is not associated with virtual-router";
    assert_eq!(World::new(BY_NODES, &unrouted).written(&desired(30)), expected);
}

#[test]
fn several_routers_are_written_in_upstreams_order() {
    let routing = format!("{{smi: {{}}, traefik: {{weightedTraefikServiceName: t}}, {BY_NODES}}}");
    let traefik = "---\n{apiVersion: traefik.io/v1alpha1, kind: TraefikService, metadata: {name: t}, spec: {weighted: {services: [{name: web-stable}, {name: web-canary}]}}}";
    let written = World::new(&routing, &format!("{MESH}\n{traefik}")).written(&desired(30));
    let kinds: Vec<_> = written
        .lines()
        .filter_map(|line| line.split(' ').nth(1).filter(|_| !line.starts_with(' ')))
        .collect();
    assert_eq!(kinds, ["TrafficSplit", "VirtualNode", "VirtualNode", "VirtualRouter", "TraefikService"]);
    let mut scaled = desired(30);
    scaled.max_weight = 1000;
    let expected =
        "error: trafficRouting.maxTrafficWeight: smi knows shares of 100 only; nginx and plugins know others";
    assert_eq!(World::new(&routing, MESH).written(&scaled), expected);
}
