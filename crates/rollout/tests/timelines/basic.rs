//! Canaries without a router: weights by pod counts.

use insta::assert_snapshot;

use crate::play::play;

pub const SHOP: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: shop}
spec:
  replicas: 5
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: 'web:1'}]}
  strategy:
    canary:
      steps:
      - setWeight: 20
      - pause: {}
      - setWeight: 60
      - pause: {duration: 10}
";

fn with(from: &str, to: &str) -> String {
    assert!(SHOP.contains(from));
    SHOP.replace(from, to)
}

#[test]
fn pods_follow_the_weight_and_a_pause_waits_for_a_human() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\nrun 10m\npromote\nrun 10m"));
}

#[test]
fn without_steps_it_is_a_rolling_update_within_its_bounds() {
    let start = SHOP.find("      steps:").expect("it is there");
    assert_snapshot!(play(&format!("{}      maxSurge: 1\n", &SHOP[..start]), "run 1m\nimage web:2\nrun 10m"));
}

#[test]
fn an_abort_scales_back_and_the_next_version_starts_over() {
    assert_snapshot!(play(
        SHOP,
        "run 1m\nimage web:2\nrun 10m\nabort\nrun 1m\nimage web:3\nrun 1m\npromote\nrun 10m"
    ));
}

#[test]
fn a_new_version_in_mid_canary_starts_over_and_the_abandoned_pods_go() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\nrun 1m\nimage web:3\nrun 1m"));
}

#[test]
fn going_back_in_mid_canary_skips_all_steps() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\nrun 1m\nimage web:1\nrun 1m"));
}

#[test]
fn both_sides_keep_their_share_when_replicas_change_in_a_pause() {
    let eight = with("replicas: 5", "replicas: 8").replace("setWeight: 20", "setWeight: 25");
    assert_snapshot!(play(
        &eight,
        "run 1m
         image web:2
         run 1m
         spec {\"replicas\": 4}
         run 1m
         spec {\"replicas\": 0}
         run 1m
         spec {\"replicas\": 8}
         run 1m"
    ));
}

#[test]
fn nothing_moves_while_it_is_paused_by_hand() {
    assert_snapshot!(play(
        SHOP,
        "run 1m\nspec {\"paused\": true}\nimage web:2\nrun 10m\nspec {\"paused\": false}\nrun 1m"
    ));
}

#[test]
fn pods_that_never_come_are_named_and_the_fix_gets_through() {
    assert_snapshot!(play(
        SHOP,
        "pods bad never
         run 1m
         image web:bad
         run 15m
         image web:bad-again
         run 1m
         image web:3
         run 1m"
    ));
}

#[test]
fn a_version_that_does_not_come_up_in_time_is_given_up_where_that_is_wanted() {
    let impatient =
        with("  replicas: 5", "  replicas: 5\n  progressDeadlineSeconds: 30\n  progressDeadlineAbort: true");
    assert_snapshot!(play(&impatient, "pods bad never\nrun 1m\nimage web:bad\nrun 5m"));
}

#[test]
fn everything_is_skipped_when_it_is_promoted_in_full() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\nrun 1m\npromote full\nrun 1m"));
}

#[test]
fn a_restart_replaces_pods_a_few_at_a_time() {
    assert_snapshot!(play(SHOP, "run 1m\nspec {\"restartAt\": \"2026-01-01T00:01:00Z\"}\nrun 10m"));
}
