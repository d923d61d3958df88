//! Counts and limits, each by a run that is played through.

use super::Play;

/// A spec with one Prometheus metric `m`, whose other fields are given.
fn spec(fields: &str) -> String {
    format!("metrics: [{{name: m, provider: {{prometheus: {{address: 'http://p', query: q}}}}, {fields}}}]")
}

/// What a run of one metric ends as, given what the provider says.
#[track_caller]
fn check(fields: &str, script: &'static str, expected: &str) {
    let mut play = Play::new(&spec(fields), &[("m", script)]);
    play.run_for(300);
    assert_eq!(play.verdict(), expected, "{fields} with {script}: {:#?}", play.lines);
}

const GOOD: &str = "successCondition: 'result[0] >= 0.9'";

#[test]
fn one_measurement_without_an_interval() {
    check(GOOD, "1", "Successful");
    check(GOOD, "0.5", "Failed: Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
    check(
        "failureCondition: 'result[0] < 0.9'",
        "0.5",
        "Failed: Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)",
    );
    check("failureCondition: 'result[0] < 0.9'", "1", "Successful");
    check("count: 1", "-", "Successful");
}

#[test]
fn without_conditions_only_errors_count() {
    check("count: 3, interval: 10s", "1 - 1", "Successful");
    check(
        "count: 1, consecutiveErrorLimit: 0",
        "!",
        "Error: Metric \"m\" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): \"Error Message: connection refused\"",
    );
}

#[test]
fn both_conditions_leave_a_middle() {
    let both = "successCondition: 'result[0] >= 0.9', failureCondition: 'result[0] < 0.5'";
    check(both, "1", "Successful");
    check(both, "0.4", "Failed: Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
    check(
        both,
        "0.7",
        "Inconclusive: Metric \"m\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)",
    );
    check(
        both,
        "NaN",
        "Inconclusive: Metric \"m\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)",
    );
    let overlap = "successCondition: 'result[0] > 0', failureCondition: 'result[0] > 0'";
    check(overlap, "1", "Failed: Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
    check(&format!("{both}, inconclusiveLimit: 2, count: 4, interval: 10s"), "0.7 0.7 1", "Successful");
}

#[test]
fn nan_alone_fails_or_passes_by_which_condition_there_is() {
    check(GOOD, "NaN", "Failed: Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
    check("failureCondition: 'result[0] < 0.9'", "NaN", "Successful");
}

#[test]
fn failures_within_the_limit_are_forgiven() {
    check(&format!("{GOOD}, count: 5, interval: 10s, failureLimit: 2"), "0 0 1", "Successful");
    check(&format!("{GOOD}, count: '5', interval: 10s, failureLimit: '2'"), "0 0 1", "Successful");
    let failed = "Failed: Metric \"m\" assessed Failed due to failed (3) > failureLimit (2)";
    check(&format!("{GOOD}, count: 5, interval: 10s, failureLimit: 2"), "0 0 1 0 1", failed);
    check(
        &format!("{GOOD}, count: 3, interval: 10s, failureLimit: -1, consecutiveSuccessLimit: 1"),
        "0 0 1",
        "Successful",
    );
}

#[test]
fn errors_are_retried_after_ten_seconds_and_do_not_count() {
    let mut play = Play::new(&spec(&format!("{GOOD}, count: 2, interval: 60s")), &[("m", "! ! 1 ! 1")]);
    play.run_for(300);
    let asked: Vec<_> = play.lines.iter().filter(|line| line.contains('#')).map(String::as_str).collect();
    assert_eq!(asked, ["0s m #1 !", "10s m #2 !", "20s m #3 1", "80s m #4 !", "90s m #5 1"]);
    assert_eq!(play.metric("m"), "Successful count=2 ok=2 failed=0 inconclusive=0 error=3");
}

#[test]
fn the_fifth_error_in_a_row_is_the_last() {
    let words = "Error: Metric \"m\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): \"Error Message: connection refused\"";
    check(&format!("{GOOD}, interval: 10s"), "!", words);
    check(&format!("{GOOD}, interval: 10s, count: 2"), "! ! ! ! 1 ! ! ! ! 1", "Successful");
}

#[test]
fn successes_in_a_row() {
    let fields = format!("{GOOD}, interval: 10s, count: 6, failureLimit: 2, consecutiveSuccessLimit: 3");
    check(&fields, "1 0 1 1 1", "Successful");
    check(&fields, "1 1 0 1 1 0", "Inconclusive");
    let fields = format!("{GOOD}, interval: 10s, count: 3, failureLimit: -1, consecutiveSuccessLimit: 2");
    check(&fields, "0 1 0", "Failed");
}

#[test]
fn a_dry_run_never_fails_the_run_but_is_waited_for() {
    let spec = "
metrics:
- {name: real, provider: {prometheus: {query: q}}, successCondition: 'result[0] > 0'}
- {name: trial-one, interval: 10s, count: 3, failureLimit: 3, successCondition: 'result[0] > 0', provider: {prometheus: {query: q}}}
dryRun: [{metricName: trial}]";
    let mut play = Play::new(spec, &[("real", "1"), ("trial-one", "0")]);
    play.run_for(15);
    assert_eq!(play.verdict(), "Running");
    play.run_for(60);
    assert_eq!(play.verdict(), "Successful");
    assert_eq!(play.metric("trial-one"), "Successful count=3 ok=0 failed=3 inconclusive=0 error=0");
    let dry = play.status.dry_run_summary.as_ref().map(|counts| (counts.count, counts.successful));
    assert_eq!(dry, Some((1, 1)));
    let mut play =
        Play::new(&spec.replace("failureLimit: 3", "failureLimit: 0"), &[("real", "1"), ("trial-one", "0")]);
    play.run_for(60);
    assert_eq!(
        (play.verdict().as_str(), play.metric("trial-one").split(' ').next()),
        ("Successful", Some("Failed"))
    );
}

#[test]
fn only_the_last_measurements_are_kept_and_counters_stay() {
    let mut play = Play::new(&spec(&format!("{GOOD}, interval: 1s, count: 25")), &[("m", "1")]);
    play.run_for(60);
    assert_eq!(play.metric("m"), "Successful count=25 ok=25 failed=0 inconclusive=0 error=0");
    assert_eq!(play.status.metric_results[0].measurements.len(), 10);
    let spec = format!(
        "{}\nmeasurementRetention: [{{metricName: ^m$, limit: 3}}]",
        spec(&format!("{GOOD}, interval: 1s, count: 25"))
    );
    let mut play = Play::new(&spec, &[("m", "1")]);
    play.run_for(60);
    assert_eq!(play.status.metric_results[0].measurements.len(), 3);
}

#[test]
fn a_delay_counts_from_the_start_of_the_run() {
    let mut play = Play::new(&spec(&format!("{GOOD}, initialDelay: 30s")), &[("m", "1")]);
    play.run_for(29);
    assert_eq!((play.verdict().as_str(), play.status.metric_results.len()), ("Running", 0));
    play.run_for(10);
    assert_eq!(play.lines, ["30s m #1 1", "30s MetricSuccessful", "30s AnalysisRunSuccessful"]);
}

#[test]
fn a_job_is_resumed_and_broken_off() {
    let spec = "
metrics:
- {name: job, provider: {job: {spec: {template: {}}}}}
- {name: bad, initialDelay: 12s, provider: {prometheus: {query: q}}, successCondition: 'result[0] > 0'}";
    let mut play = Play::new(spec, &[("job", ".. .. ok"), ("bad", "1")]);
    play.run_for(60);
    assert_eq!(play.verdict(), "Successful");
    let mut play = Play::new(spec, &[("job", ".."), ("bad", "0")]);
    play.run_for(60);
    assert_eq!(play.verdict(), "Failed: Metric \"bad\" assessed Failed due to failed (1) > failureLimit (0)");
    assert_eq!(play.metric("job"), "Inconclusive count=1 ok=0 failed=0 inconclusive=1 error=0");
}

#[test]
fn a_run_that_is_terminated_is_as_good_as_what_it_saw() {
    let mut play = Play::new(&spec(&format!("{GOOD}, interval: 10s, failureLimit: 3")), &[("m", "0 1")]);
    play.run_for(15);
    play.spec.terminate = true;
    play.run_for(1);
    assert_eq!(play.verdict(), "Successful: Run Terminated");
    let mut play = Play::new(&spec(GOOD), &[("m", "1")]);
    play.spec.terminate = true;
    play.run_for(1);
    assert_eq!(play.verdict(), "Successful: Run Terminated");
}

#[test]
fn a_spec_that_cannot_be_measured_says_why() {
    let invalid = |fields: &str, expected: &str| {
        check(fields, "1", &format!("Error: Analysis spec invalid: {expected}"))
    };
    invalid("count: 2", "metrics[0]: interval must be specified when count > 1");
    invalid("count: 1, failureLimit: 2", "metrics[0]: count must be >= failureLimit");
    invalid("count: 1, inconclusiveLimit: 2", "metrics[0]: count must be >= inconclusiveLimit");
    invalid("failureLimit: -2", "metrics[0]: failureLimit must be >= -1");
    invalid(
        "failureLimit: -1",
        "metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled",
    );
    invalid("interval: soon", "metrics[0]: invalid interval string: time: invalid duration \"soon\"");
    invalid("count: many", "metrics[0]: count \"many\" is not a number");
    let mut play = Play::new("metrics: []", &[]);
    play.run_for(1);
    assert_eq!(play.verdict(), "Error: Analysis spec invalid: no metrics specified");
    let mut play = Play::new(&format!("{}\ndryRun: [{{metricName: other}}]", spec(GOOD)), &[("m", "1")]);
    play.run_for(1);
    assert_eq!(
        play.verdict(),
        "Error: Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"
    );
    let mut play = Play::new("metrics: [{name: m, provider: {}}]", &[("m", "1")]);
    play.run_for(1);
    assert_eq!(play.verdict(), "Error: Analysis spec invalid: metrics[0]: no provider specified");
}

#[test]
fn a_finished_run_is_kept_as_long_as_it_says() {
    use super::super::expires;
    let after = |strategy: &str, script: &'static str| {
        let mut play = Play::new(&format!("{}\nttlStrategy: {strategy}", spec(GOOD)), &[("m", script)]);
        play.run_for(0);
        expires(&play.spec, &play.status).map(|at| at.since(super::start()).as_secs())
    };
    assert_eq!(after("{secondsAfterCompletion: 60}", "1"), Some(61));
    assert_eq!(after("{secondsAfterCompletion: 60, secondsAfterSuccess: 10}", "1"), Some(11));
    assert_eq!(after("{secondsAfterCompletion: 60, secondsAfterFailure: 20}", "0"), Some(21));
    assert_eq!(after("{secondsAfterSuccess: 10}", "0"), None);
}
