//! Ingress controllers: NGINX with a canary Ingress, ALB with annotations.

use serde_json::json;

use super::super::Destination;
use super::super::testing::{World, desired};

const INGRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, annotations: {kubernetes.io/ingress.class: nginx, other: kept-there}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.com]}]
  rules:
  - host: a.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web-stable, port: {number: 80}}}}, {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}
  - host: b.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}]}
";

#[test]
fn nginx_makes_a_canary_ingress_and_then_only_turns_its_weight() {
    let routing = "{maxTrafficWeight: 1000, nginx: {stableIngress: front, additionalIngressAnnotations: {canary-by-header: X}, canaryIngressAnnotations: {x/y: z}}}";
    let mut world = World::new(routing, INGRESS);
    let mut wanted = desired(0);
    wanted.max_weight = 1000;
    assert_eq!(world.needs(), "Ingress shop/front, Ingress shop/web-front-canary?");
    let written = world.written(&wanted);
    assert!(written.starts_with("create Ingress shop/web-front-canary"), "{written}");
    assert!(written.ends_with(
        "event CreatingCanaryIngress: Creating canary ingress `web-front-canary` with weight `0`"
    ));
    world.carry_out(&wanted);
    let made = world.objects.last().expect("the canary Ingress").clone();
    let annotations: Vec<_> = made.annotations().collect();
    let expected = [
        ("kubernetes.io/ingress.class", "nginx"),
        ("nginx.ingress.kubernetes.io/canary-by-header", "X"),
        ("x/y", "z"),
        ("nginx.ingress.kubernetes.io/canary", "true"),
        ("nginx.ingress.kubernetes.io/canary-weight", "0"),
        ("nginx.ingress.kubernetes.io/canary-weight-total", "1000"),
    ];
    assert_eq!(annotations, expected);
    assert_eq!(made.pointer("/spec/rules/0/http/paths/0/backend/service/name"), Some(&json!("web-canary")));
    assert_eq!(made.pointer("/spec/rules/0/http/paths/1/backend/service/name"), Some(&json!("api")));
    assert_eq!(made.pointer("/spec/rules/1"), None);
    assert_eq!(made.pointer("/spec/tls"), Some(&json!([{"hosts": ["a.com"]}])));
    wanted.canary.weight = 300;
    let expected = "
patch Ingress shop/web-front-canary
  /metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight = \"300\"
  event PatchingCanaryIngress: Updating Ingress `web-front-canary` to desiredWeight '300'";
    assert_eq!(world.written(&wanted), expected.trim());
}

#[test]
fn nginx_keeps_away_from_an_ingress_that_is_not_its_own() {
    let other = INGRESS.replace("name: front", "name: web-front-canary");
    let world = World::new("nginx: {stableIngress: front}", &format!("{INGRESS}---{other}"));
    let expected = "error: networking.k8s.io/Ingress shop/web-front-canary is not owned by the Rollout: canary ingress `web-front-canary` controlled by different object";
    assert_eq!(world.written(&desired(10)), expected);
    let world = World::new("nginx: {stableIngress: front}", &INGRESS.replace("web-stable", "elsewhere"));
    let expected = "error: networking.k8s.io/Ingress shop/front spec.rules: ingress `front` has no rules using service web-stable backend";
    assert_eq!(world.written(&desired(10)), expected);
}

#[test]
fn nginx_cuts_a_long_name_in_front_of_its_ending() {
    let long = "i".repeat(253);
    let world = World::new(&format!("nginx: {{stableIngress: {long}}}"), "");
    let needs = world.needs();
    let canary = needs.rsplit('/').next().expect("a name").trim_end_matches('?');
    assert_eq!((canary.len(), canary.ends_with("i-canary")), (253, true));
}

#[test]
fn alb_writes_its_action_and_what_is_its_own() {
    let routing =
        "alb: {ingress: front, servicePort: 443, stickinessConfig: {enabled: true, durationSeconds: 60}}";
    let mut world = World::new(routing, INGRESS);
    let mut wanted = desired(15);
    wanted.additional = vec![Destination { weight: 5, service: "web-experiment".into(), hash: "exp".into() }];
    world.carry_out(&wanted);
    let action = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-canary","ServicePort":"443","Weight":15},{"ServiceName":"web-experiment","ServicePort":"443","Weight":5},{"ServiceName":"web-stable","ServicePort":"443","Weight":80}],"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":60}}}"#;
    assert_eq!(world.objects[0].annotation("alb.ingress.kubernetes.io/actions.web-stable"), Some(action));
    let own = r#"{"web":["alb.ingress.kubernetes.io/actions.web-stable"]}"#;
    assert_eq!(world.objects[0].annotation("rollouts.argoproj.io/managed-alb-annotations"), Some(own));
    assert_eq!(world.objects[0].annotation("other"), Some("kept-there"));
}

#[test]
fn alb_refuses_what_cannot_work() {
    let world = World::new("alb: {ingress: front, servicePort: 80, rootService: root}", INGRESS);
    let expected = "error: networking.k8s.io/Ingress shop/front spec.rules: ingress does not have service `root` in rules";
    assert_eq!(world.written(&desired(10)), expected);
    let world = World::new(
        "alb: {ingress: front, servicePort: 80, stickinessConfig: {enabled: true, durationSeconds: 0}}",
        INGRESS,
    );
    let expected = "error: trafficRouting.alb.stickinessConfig.durationSeconds: TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!";
    assert_eq!(world.written(&desired(10)), expected);
}

#[test]
fn alb_header_routes_are_annotations_and_a_path_in_front() {
    let routing = "{alb: {ingress: front, servicePort: 80}, managedRoutes: [{name: headers}]}";
    let mut world = World::new(routing, INGRESS);
    let mut wanted = desired(10);
    wanted.header_routes = vec![
        serde_json::from_value(json!({
            "name": "headers", "match": [{"headerName": "Agent", "headerValue": {"exact": "Chrome"}}],
        }))
        .expect("it is a header route"),
    ];
    world.carry_out(&wanted);
    let condition =
        r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"Agent","values":["Chrome"]}}]"#;
    assert_eq!(world.objects[0].annotation("alb.ingress.kubernetes.io/conditions.headers"), Some(condition));
    assert_eq!(world.field("Ingress", "/spec/rules/0/http/paths/0/backend/service/name"), json!("headers"));
    let held: serde_json::Value = serde_json::from_str(&world.held(INGRESS)).expect("it is JSON");
    assert_eq!(held["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"], "headers");
    world.carry_out(&desired(10));
    assert_eq!(world.objects[0].annotation("alb.ingress.kubernetes.io/conditions.headers"), None);
    assert_eq!(
        world.field("Ingress", "/spec/rules/0/http/paths/0/backend/service/name"),
        json!("web-stable")
    );
}
