//! Canaries whose traffic a router splits.

use insta::assert_snapshot;

use crate::play::play;

pub const WEB: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop, annotations: {rollout.argoproj.io/revision: '1'}}
spec:
  replicas: 10
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
  strategy:
    canary:
      canaryService: web-canary
      stableService: web-stable
      trafficRouting: {istio: {virtualService: {name: web, routes: [primary]}}}
      analysis:
        startingStep: 2
        templates: [{templateName: watch}]
      steps:
      - setWeight: 10
      - pause: {duration: 2m}
      - setWeight: 30
      - pause: {duration: 30s}
      - setWeight: 50
      - pause: {duration: 30s}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: watch}
spec:
  metrics:
  - name: success-rate
    interval: 10s
    failureLimit: 3
    successCondition: result[0] >= 0.8
    provider: {prometheus: {address: 'http://prometheus', query: up}}
";

#[test]
fn a_good_version_takes_over_step_by_step() {
    assert_snapshot!(play(WEB, "run 1m\nimage web:2\nrun 10m"));
}

#[test]
fn a_bad_version_is_given_up_and_the_old_one_serves_at_once() {
    assert_snapshot!(play(
        WEB,
        "run 1m
         image web:2
         run 2m35s
         judge web-B-2 Failed Metric \"success-rate\" assessed Failed due to failed (4) > failureLimit (3)
         run 10m
         retry
         run 130s
         image web:1
         run 10m"
    ));
}

/// The same Rollout without analysis and with other fields or steps.
fn plain(more: &str, steps: &str) -> String {
    let (rollout, _) = WEB.split_once("\n---\n").expect("a template follows");
    let start = rollout.find("      analysis:").expect("it is there");
    let lines = |text: &str| text.lines().map(|line| format!("      {line}\n")).collect::<String>();
    format!("{}{}      steps:\n{}", &rollout[..start], lines(more), lines(steps))
}

#[test]
fn the_canary_can_be_scaled_apart_from_its_weight() {
    let steps = "- setCanaryScale: {replicas: 3}\n- pause: {}\n- setCanaryScale: {matchTrafficWeight: true}\n- setWeight: 50\n- pause: {}";
    assert_snapshot!(play(&plain("", steps), "run 1m\nimage web:2\nrun 1m\npromote\nrun 1m\nabort\nrun 1m"));
}

#[test]
fn the_stable_version_can_follow_its_traffic_forth() {
    let steps = "- setWeight: 30\n- pause: {duration: 10}\n- setWeight: 60\n- pause: {duration: 10}";
    assert_snapshot!(play(&plain("dynamicStableScale: true", steps), "run 1m\nimage web:2\nrun 10m"));
}

#[test]
fn the_stable_version_can_follow_its_traffic_back() {
    let steps = "- setWeight: 30\n- setWeight: 60\n- setWeight: 90\n- pause: {}";
    assert_snapshot!(play(
        &plain("dynamicStableScale: true", steps),
        "run 1m\nimage web:2\nrun 1m\nabort\nrun 10m"
    ));
}

#[test]
fn going_back_by_a_commit_follows_the_traffic_too() {
    let steps = "- setWeight: 30\n- setWeight: 60\n- setWeight: 90\n- pause: {}";
    assert_snapshot!(play(
        &plain("dynamicStableScale: true", steps),
        "run 1m\nimage web:2\nrun 1m\nimage web:1\nrun 10m"
    ));
}

#[test]
fn traffic_leaves_a_canary_whose_pods_die() {
    let steps = "- setWeight: 30\n- pause: {}\n- setWeight: 60\n- pause: {}";
    assert_snapshot!(play(&plain("", steps), "run 1m\nimage web:2\nrun 1m\nbreak web:2\nrun 1m"));
}

#[test]
fn no_traffic_moves_to_a_stable_version_that_cannot_take_it() {
    let steps = "- setWeight: 30\n- pause: {}";
    assert_snapshot!(play(
        &plain("", steps),
        "run 1m\nimage web:2\nrun 1m\nbreak web:1\nabort\nrun 1m\npromote full\nretry\nrun 2m"
    ));
}

#[test]
fn a_promotion_in_full_waits_for_the_pods_alone() {
    let steps = "- setWeight: 10\n- pause: {}";
    assert_snapshot!(play(&plain("", steps), "run 1m\nimage web:2\nrun 1m\npromote full\nrun 2m"));
}

#[test]
fn a_version_that_nobody_waits_for_any_more_loses_its_pods() {
    let steps = "- setWeight: 50\n- pause: {}";
    assert_snapshot!(play(&plain("", steps), "run 1m\nimage web:2\nrun 1m\nimage web:3\nrun 2m"));
}

#[test]
fn a_recent_version_comes_back_without_steps() {
    let rollout = plain("", "- setWeight: 50\n- pause: {}");
    let rollout = rollout.replace("  replicas: 10", "  replicas: 10\n  rollbackWindow: {revisions: 3}");
    assert_snapshot!(play(&rollout, "run 1m\nimage web:2\nrun 1m\npromote\nrun 1m\nimage web:1\nrun 5m"));
}

#[test]
fn two_services_take_turns() {
    let rollout =
        plain("pingPong: {pingService: ping, pongService: pong}", "- setWeight: 50\n- pause: {duration: 5}");
    let rollout = rollout.replace("      canaryService: web-canary\n      stableService: web-stable\n", "");
    assert_snapshot!(play(&rollout, "run 1m\nimage web:2\nrun 5m\nimage web:3\nrun 5m"));
}

#[test]
fn an_abort_can_leave_the_canary_up() {
    let steps = "- setWeight: 50\n- pause: {}";
    assert_snapshot!(play(
        &plain("abortScaleDownDelaySeconds: 0", steps),
        "run 1m\nimage web:2\nrun 1m\nabort\nrun 10m"
    ));
}
