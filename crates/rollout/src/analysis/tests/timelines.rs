//! The worked timelines, as far as they are an analysis: two metrics every ten seconds, three failures forgiven.

use super::Play;

const STORY: &str = "
metrics:
- name: success-rate
  interval: 10s
  failureLimit: 3
  successCondition: result[0] >= 0.8
  failureCondition: result[0] < 0.8
  provider: {prometheus: {address: 'http://prometheus-server.monitoring', query: q}}
- name: latency
  interval: 10s
  failureLimit: 3
  successCondition: result[0] <= 1000
  failureCondition: result[0] > 1000
  provider: {prometheus: {address: 'http://prometheus-server.monitoring', query: q}}";

#[test]
fn good_metrics_are_measured_every_ten_seconds_until_the_run_is_ended() {
    let mut play = Play::new(STORY, &[("success-rate", "0.99"), ("latency", "200")]);
    play.run_for(75);
    assert_eq!(play.verdict(), "Running");
    assert_eq!(play.metric("success-rate"), "Running count=8 ok=8 failed=0 inconclusive=0 error=0");
    play.spec.terminate = true;
    play.run_for(1);
    assert_eq!(play.verdict(), "Successful: Run Terminated");
}

#[test]
fn the_fourth_failed_measurement_fails_the_run_thirty_seconds_after_its_start() {
    let mut play = Play::new(STORY, &[("success-rate", "0.5"), ("latency", "200")]);
    play.run_for(29);
    assert_eq!(play.verdict(), "Running");
    assert_eq!(play.metric("success-rate"), "Running count=3 ok=0 failed=3 inconclusive=0 error=0");
    play.run_for(5);
    assert_eq!(
        play.verdict(),
        "Failed: Metric \"success-rate\" assessed Failed due to failed (4) > failureLimit (3)"
    );
    assert_eq!(play.metric("latency").split(' ').next(), Some("Successful"));
    let told: Vec<_> = play.lines.iter().filter(|line| !line.contains('#')).map(String::as_str).collect();
    assert_eq!(told, ["30s MetricFailed", "30s MetricSuccessful", "30s AnalysisRunFailed"]);
}

#[test]
fn an_empty_vector_is_an_error_and_the_fifth_ends_the_run_after_forty_seconds() {
    let mut play = Play::new(STORY, &[("success-rate", "-"), ("latency", "200")]);
    play.run_for(39);
    assert_eq!(play.verdict(), "Running");
    play.run_for(5);
    let words = "Error: Metric \"success-rate\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)";
    assert!(play.verdict().starts_with(words), "{}", play.verdict());
    assert!(play.verdict().contains("metric result is nil or empty"), "{}", play.verdict());
}

#[test]
fn prometheus_down_is_the_same_with_other_words() {
    let mut play = Play::new(STORY, &[("success-rate", "!"), ("latency", "!")]);
    play.run_for(45);
    let words = "Error: Metric \"success-rate\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): \"Error Message: connection refused\"";
    assert_eq!(play.verdict(), words);
    assert_eq!(play.lines.last().map(String::as_str), Some("40s AnalysisRunError"));
}

#[test]
fn one_recovery_starts_the_count_of_errors_anew() {
    let mut play = Play::new(STORY, &[("success-rate", "! ! ! ! 0.9 ! ! ! ! 0.9"), ("latency", "1")]);
    play.run_for(120);
    assert_eq!(play.verdict(), "Running");
}

#[test]
fn nan_is_neither_good_nor_bad() {
    let mut play = Play::new(STORY, &[("success-rate", "NaN"), ("latency", "200")]);
    play.run_for(5);
    let words = "Inconclusive: Metric \"success-rate\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)";
    assert_eq!(play.verdict(), words);
    assert_eq!(play.status.metric_results[0].measurements[0].value, "[NaN]");
}
