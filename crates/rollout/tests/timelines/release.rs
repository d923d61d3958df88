//! A release whose metrics are given: 10 %, two minutes, 30 %, half a minute, 50 %, half a minute, measured from the
//! step at 30 % on.

use std::time::Duration;

use insta::assert_snapshot;
use rollout::simulate::{NoStory, Readings, Wishes, story};

use crate::play::read;

const RELEASE: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: shop}
spec:
  replicas: 6
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: 'web:1'}]}
  strategy:
    canary:
      canaryService: shop-canary
      stableService: shop
      trafficRouting: {istio: {virtualService: {name: shop}}}
      analysis: {startingStep: 2, templates: [{templateName: success-rate}]}
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
metadata: {name: success-rate, namespace: shop}
spec:
  metrics:
  - name: success-rate
    interval: 10s
    failureLimit: 3
    successCondition: result[0] >= 0.95
    provider: {prometheus: {address: 'http://prometheus', query: rate}}
";

fn tell(metrics: &[&str]) -> Result<String, NoStory> {
    let wishes = Wishes {
        replicas: None,
        fail_at: None,
        readings: metrics.iter().map(|text| text.parse::<Readings>().expect("they are readings")).collect(),
        pods_after: Duration::from_secs(1),
        most: Duration::from_hours(1),
    };
    let rows = story(read(RELEASE), &wishes)?;
    Ok(rows.iter().map(|row| format!("{row}\n")).collect())
}

#[test]
fn good_metrics_end_at_a_hundred_percent() {
    assert_snapshot!(tell(&["success-rate=1"]).expect("there is a story"));
}

#[test]
fn failing_metrics_bring_the_old_version_back() {
    assert_snapshot!(tell(&["success-rate=1,0.5"]).expect("there is a story"));
}

#[test]
fn silence_promotes_nobody() {
    assert_snapshot!(tell(&["success-rate=1,error"]).expect("there is a story"));
    let empty = tell(&["success-rate=empty"]).expect("there is a story");
    assert!(empty.contains("Degraded") && !empty.contains("Healthy \n"), "{empty}");
}

#[test]
fn a_metric_that_nobody_has_is_named() {
    let refused = tell(&["error-rate=1"]).expect_err("no template has it");
    assert_eq!(
        refused.to_string(),
        "no AnalysisTemplate has a metric named error-rate; there are: success-rate"
    );
}
