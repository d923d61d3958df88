//! What goes wrong, and what is said about it.

use insta::assert_snapshot;

use crate::play::play;
use crate::routed::WEB;

const ROUTE: &str = "
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - name: primary
    timeout: 3s
    route:
    - {destination: {host: web-stable}, weight: 100}
    - {destination: {host: web-canary}, weight: 0}
";

#[test]
fn the_weights_are_written_into_the_route() {
    let all = format!("{}{ROUTE}", WEB.trim_end());
    assert_snapshot!(play(&all, "run 1m\nlook\nimage web:2\nrun 20s\nlook\nroute 50\nlook\nrun 10m\nlook"));
}

#[test]
fn a_route_that_is_not_there_is_named_and_freezes_everything() {
    let all = format!("{}{}", WEB.trim_end(), ROUTE.replace("name: primary", "name: other"));
    assert_snapshot!(play(&all, "run 1m"));
}

#[test]
fn an_inconclusive_analysis_holds_the_update_until_a_human_asks_again() {
    assert_snapshot!(play(
        WEB,
        "run 1m
         image web:2
         run 130s
         judge web-B-2 Inconclusive nobody knows
         run 10m
         promote
         run 1m"
    ));
}

#[test]
fn an_analysis_step_lets_nobody_pass_before_its_verdict() {
    let (rollout, template) = WEB.split_once("\n---\n").expect("a template follows");
    let start = rollout.find("      analysis:").expect("it is there");
    let steps =
        "      steps:\n      - setWeight: 10\n      - analysis: {templates: [{templateName: watch}]}\n";
    let template = template.replace("    interval: 10s\n", "    interval: 10s\n    count: 5\n");
    let all = format!("{}{steps}\n---\n{template}", &rollout[..start]);
    assert_snapshot!(play(&all, "run 1m\nimage web:2\nrun 10m\njudge web-B-2-1 Successful\nrun 1m"));
}

#[test]
fn a_missing_template_is_named() {
    let rollout = WEB.replace("templateName: watch", "templateName: missing");
    assert_snapshot!(play(&rollout, "run 1m\nimage web:2\nrun 1m"));
}

#[test]
fn an_experiment_holds_its_step() {
    let (rollout, _) = WEB.split_once("\n---\n").expect("a template follows");
    let start = rollout.find("      analysis:").expect("it is there");
    let steps = "      steps:
      - experiment:
          duration: 1m
          templates: [{name: one, specRef: canary, weight: 10}, {name: two, specRef: stable}]
      - setWeight: 50
      - pause: {}
";
    assert_snapshot!(play(
        &format!("{}{steps}", &rollout[..start]),
        "run 1m
         image web:2
         run 1m
         judge web-B-2-0 Successful
         run 1m"
    ));
}

const MIGRATED: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: moved, namespace: shop}
spec:
  replicas: 4
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: moved, scaleDown: SCALE}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: moved, namespace: shop, generation: 7}
spec:
  replicas: 4
  selector: {matchLabels: {app: moved}}
  template:
    metadata: {labels: {app: moved}}
    spec: {containers: [{name: web, image: 'web:1'}]}
";

#[test]
fn a_deployment_keeps_its_pods_until_the_rollout_has_taken_over() {
    let script = "deployment\nrun 1s\ndeployment\nrun 10s\ndeployment\nrun 1m\ndeployment";
    assert_snapshot!(
        ["never", "onsuccess", "progressively"]
            .map(|when| format!("# {when}\n{}", play(&MIGRATED.replace("SCALE", when), script)))
            .join("\n")
    );
}

#[test]
fn versions_carry_the_metadata_of_their_part_and_keep_apart() {
    let shop = format!(
        "{}      canaryMetadata: {{labels: {{role: canary}}, annotations: {{seen: '1'}}}}
      stableMetadata: {{labels: {{role: stable}}}}
      antiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{}}}}
",
        crate::basic::SHOP
    );
    assert_snapshot!(play(&shop, "run 1m\nsets\nimage web:2\nrun 1m\nsets\npromote\nrun 1m\nsets"));
}

#[test]
fn old_versions_beyond_the_history_are_forgotten() {
    let shop = crate::basic::SHOP.replace("  replicas: 5", "  replicas: 1\n  revisionHistoryLimit: 1");
    let start = shop.find("      steps:").expect("it is there");
    let shop = format!("{}      maxSurge: 1\n", &shop[..start]);
    assert_snapshot!(play(
        &shop,
        "run 1m\nimage web:2\nrun 1m\nimage web:3\nrun 1m\nimage web:4\nrun 1m\nsets\nimage web:3\nrun 1m\nsets"
    ));
}

#[test]
fn a_spec_that_is_wrong_is_refused_in_words() {
    let wrong = [
        ("setWeight: 20", "setWeight: 120"),
        ("pause: {}", "pause: {duration: soon}"),
        ("pause: {}", "{setWeight: 1, pause: {}}"),
        ("pause: {}", "setCanaryScale: {replicas: 1}"),
        ("pause: {}", "plugin: {name: mine}"),
        ("matchLabels: {app: shop}", "matchLabels: {app: other}"),
        ("    canary:", "    blueGreen: {activeService: a}\n    canary:"),
        ("    canary:\n", "    canary:\n      canaryService: same\n      stableService: same\n"),
    ];
    let refused = wrong.map(|(from, to)| {
        let broken = crate::basic::SHOP.replacen(from, to, 1);
        play(&broken, "run 1s")
    });
    assert_snapshot!(refused.join("\n"));
}

#[test]
fn routes_for_some_requests_come_and_go_with_their_steps() {
    let (rollout, _) = WEB.split_once("\n---\n").expect("a template follows");
    let start = rollout.find("      analysis:").expect("it is there");
    let rollout =
        rollout[..start].replace("routes: [primary]}}", "routes: [primary]}}, managedRoutes: [{name: qa}]");
    let steps = "      steps:
      - setCanaryScale: {replicas: 1}
      - setHeaderRoute: {name: qa, match: [{headerName: x-qa, headerValue: {exact: 'yes'}}]}
      - pause: {}
      - setWeight: 50
      - pause: {}
";
    assert_snapshot!(play(
        &format!("{rollout}{steps}{ROUTE}"),
        "run 1m\nimage web:2\nrun 1m\nlook\npromote\nrun 1m\npromote\nrun 1m\nlook"
    ));
}
