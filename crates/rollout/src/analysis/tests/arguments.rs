//! Arguments: values, Secrets, and what is never shown.

use std::collections::BTreeSet;

use super::super::{Arrived, Outcome, Run, advance, secrets};
use super::{Play, start};

const SPEC: &str = r#"
args:
- {name: service, value: 'web "canary"'}
- {name: limit, value: "3"}
- {name: token, valueFrom: {secretKeyRef: {name: login, key: token}}}
metrics:
- name: m
  count: "{{args.limit}}"
  interval: 10s
  provider:
    prometheus:
      address: http://prometheus
      query: 'up{service="{{ args.service }}"}'
      headers: [{key: Authorization, value: 'Bearer {{args.token}}'}]
"#;

fn with_token() -> Play {
    let mut play = Play::new(SPEC, &[("m", "1")]);
    play.secrets.insert(("login".into(), "token".into()), Ok("s3cret".into()));
    play
}

#[test]
fn values_and_secrets_are_put_in_their_places() {
    let mut play = with_token();
    let needed: Vec<_> =
        secrets(&play.spec.args).into_iter().map(|one| format!("{}/{}", one.name, one.key)).collect();
    assert_eq!(needed, ["login/token"]);
    let task = play.look(&[]).tasks.pop().expect("it is measured at once");
    let prometheus = task.metric.provider.prometheus.expect("it asks Prometheus");
    assert_eq!(prometheus.query, r#"up{service="web "canary""}"#);
    assert_eq!(prometheus.headers[0].value, "Bearer s3cret");
    play.run_for(60);
    assert_eq!(play.metric("m"), "Successful count=3 ok=3 failed=0 inconclusive=0 error=0");
}

#[test]
fn a_secret_is_never_shown() {
    let play = with_token();
    let mut outcome = Outcome::error("401 for Bearer s3cret");
    outcome.about.insert("ResolvedPrometheusQuery".into(), "up{token=\"s3cret\"}".into());
    let arrived = Arrived { metric: "m".into(), outcome, started_at: start(), finished_at: start() };
    let nothing = BTreeSet::new();
    let run = Run { spec: &play.spec, status: &play.status, secrets: &play.secrets, in_flight: &nothing };
    let status = advance(&run, &[arrived], start()).status;
    let shown = serde_json::to_string(&status).expect("it can be written");
    assert!(!shown.contains("s3cret") && shown.contains("401 for Bearer *****"), "{shown}");
}

/// What a run says when its arguments are these and it asks for `query`.
#[track_caller]
fn check(args: &str, query: &str, expected: &str) {
    let spec =
        format!("args: {args}\nmetrics: [{{name: m, provider: {{prometheus: {{query: '{query}'}}}}}}]");
    let mut play = Play::new(&spec, &[("m", "1")]);
    play.secrets
        .insert(("there".into(), "key".into()), Err("key 'key' does not exist in secret 'there'".into()));
    play.run_for(1);
    assert_eq!(play.verdict(), format!("Error: Unable to resolve metric arguments: {expected}"));
}

#[test]
fn what_has_no_value_ends_the_run_by_name() {
    check("[{name: a}]", "q", "args.a was not resolved");
    check("[{name: a, value: x}]", "{{args.b}}", "failed to resolve {{args.b}}");
    check("[]", "{{ inputs.x }}", "failed to resolve {{inputs.x}}");
    check("[]", "{{args.b", "a placeholder that begins with {{ does not end in }}");
    let both = "[{name: a, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]";
    check(both, "q", "arg 'a' has both Value and ValueFrom fields");
    check("[{name: a, valueFrom: {secretKeyRef: {name: gone, key: k}}}]", "q", "secrets \"gone\" not found");
    check(
        "[{name: a, valueFrom: {secretKeyRef: {name: there, key: key}}}]",
        "q",
        "key 'key' does not exist in secret 'there'",
    );
}
