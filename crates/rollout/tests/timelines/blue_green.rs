//! Blue-green updates.

use insta::assert_snapshot;

use crate::play::play;

const BLUE: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: blue, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: blue}}
  template:
    metadata: {labels: {app: blue}}
    spec: {containers: [{name: web, image: 'web:1'}]}
  strategy:
    blueGreen:
      activeService: active
      previewService: preview
";

const MEASURE: &str = "
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: measure}
spec:
  metrics:
  - name: smoke
    provider: {web: {url: 'http://smoke'}}
";

fn with(more: &str) -> String {
    let more: Vec<String> = more.lines().map(|line| format!("      {line}\n")).collect();
    format!("{BLUE}{}", more.concat())
}

#[test]
fn the_new_version_takes_over_once_all_its_pods_are_there() {
    assert_snapshot!(play(BLUE, "run 1m\nimage web:2\nrun 10m"));
}

#[test]
fn without_automatic_promotion_it_waits_for_a_human() {
    assert_snapshot!(play(
        &with("autoPromotionEnabled: false"),
        "run 1m\nimage web:2\nrun 10m\npromote\nrun 10m"
    ));
}

#[test]
fn automatic_promotion_can_wait_a_while() {
    assert_snapshot!(play(&with("autoPromotionSeconds: 20"), "run 1m\nimage web:2\nrun 10m"));
}

#[test]
fn a_small_preview_grows_before_it_takes_over() {
    let small = with("autoPromotionEnabled: false\npreviewReplicaCount: 1");
    assert_snapshot!(play(&small, "run 1m\nimage web:2\nrun 1m\npromote\nrun 10m"));
}

#[test]
fn a_failure_before_the_promotion_changes_nothing_for_users() {
    let measured = with("prePromotionAnalysis: {templates: [{templateName: measure}]}") + MEASURE;
    assert_snapshot!(play(
        &measured,
        "run 1m\nimage web:2\nrun 10s\njudge blue-B-2-pre Failed it smokes\nrun 10m"
    ));
}

#[test]
fn a_failure_after_the_promotion_brings_the_old_version_back() {
    let measured = with("postPromotionAnalysis: {templates: [{templateName: measure}]}") + MEASURE;
    assert_snapshot!(play(
        &measured,
        "run 1m
         image web:2
         run 10s
         judge blue-B-2-post Failed it smokes
         run 10m"
    ));
}

#[test]
fn a_success_after_the_promotion_lets_the_old_version_go() {
    let measured = with("postPromotionAnalysis: {templates: [{templateName: measure}]}") + MEASURE;
    assert_snapshot!(play(
        &measured,
        "run 1m\nimage web:2\nrun 10s\njudge blue-B-2-post Successful\nrun 10m"
    ));
}

#[test]
fn a_crashing_new_version_does_not_keep_an_abort_from_switching_back() {
    let measured = with("postPromotionAnalysis: {templates: [{templateName: measure}]}") + MEASURE;
    assert_snapshot!(play(&measured, "run 1m\nimage web:2\nrun 10s\nbreak web:2\nabort\nrun 10m"));
}

#[test]
fn going_back_while_the_old_pods_are_still_there_is_instant() {
    assert_snapshot!(play(BLUE, "run 1m\nimage web:2\nrun 10s\nimage web:1\nrun 10m"));
}
