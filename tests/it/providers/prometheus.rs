//! Prometheus: a server that speaks its protocol, and a real one.

use std::time::Duration;

use windlass::net::EgressPolicy;
use windlass::provider::ProviderOptions;

use super::{Asker, shown};
use crate::support::git_http::{HttpServer, Reply, basic};
use crate::support::prometheus::Prometheus;

const VECTOR: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.9"]}]}}"#;

fn server() -> HttpServer {
    HttpServer::start(|request| match request.path.as_str() {
        "/prefix/api/v1/query" | "/api/v1/query" => Reply::ok("application/json", VECTOR),
        "/slow/api/v1/query" => {
            std::thread::sleep(Duration::from_secs(3));
            Reply::status(200)
        }
        "/old/api/v1/query" if request.method == "POST" => Reply::status(405),
        "/old/api/v1/query" => Reply::ok("application/json", VECTOR),
        "/denied/api/v1/query" => Reply::status(401),
        _ => Reply::ok(
            "application/json",
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"1"],[2,"2"]]}]}}"#,
        ),
    })
}

#[track_caller]
fn check(settings: &str, expected: &str) -> HttpServer {
    let server = server();
    let provider = format!("prometheus: {{{}}}", settings.replace("URL", &server.url("")));
    assert_eq!(shown(&Asker::new().ask(&provider)), expected, "{settings}");
    server
}

fn form(server: &HttpServer) -> String {
    String::from_utf8(server.requests()[0].body.clone()).expect("a form is text")
}

#[test]
fn an_instant_query_is_a_form() {
    let server = check("address: URLprefix, query: 'up{a=\"b\"}'", "[0.9]");
    assert_eq!(form(&server), "query=up%7Ba%3D%22b%22%7D&time=1767268800.000");
    check("address: URLold, query: up", "[0.9]");
}

#[test]
fn a_range_query_has_a_beginning_and_an_end() {
    let range = "rangeQuery: {start: 'now() - duration(\"1h\")', end: now(), step: 1m}";
    let server = check(&format!("address: URL, query: up, {range}"), "[1,2]");
    assert_eq!(server.requests()[0].path, "/api/v1/query_range");
    assert_eq!(form(&server), "query=up&start=1767265200.000&end=1767268800.000&step=60");
}

#[test]
fn logins_and_headers_go_along() {
    let login = "authentication: {basicAuth: {username: me, password: s3cret}}";
    let server = check(
        &format!("address: URL, query: up, {login}, headers: [{{key: X-Scope-OrgID, value: t}}]"),
        "[0.9]",
    );
    let seen = &server.requests()[0].headers;
    assert_eq!(seen.get("authorization"), Some(&basic("me", "s3cret")));
    assert_eq!(seen.get("x-scope-orgid").map(String::as_str), Some("t"));
}

#[test]
fn what_goes_wrong_is_an_error_and_nothing_else() {
    check("query: up", "error: prometheus address is not configured");
    check("address: URL, query: up, timeout: -1", "error: prometheus timeout should not be negative");
    check("address: URLdenied, query: up", "error: client_error: client error: 401");
    check("address: URLslow, query: up, timeout: 1", "error: 127.0.0.1 did not answer in full within 1 s");
    check("address: 'prometheus:9090', query: up", "error: address \"prometheus:9090\" has no host");
}

#[test]
fn an_address_in_a_template_follows_the_rewrite_rules() {
    let server = server();
    let asker = Asker::with(EgressPolicy::default(), ProviderOptions::default());
    asker.rewrite(&format!("http://prometheus-server.monitoring={}", server.url("prefix")));
    let provider = "prometheus: {address: 'http://prometheus-server.monitoring', query: up}";
    assert_eq!(shown(&asker.ask(provider)), "[0.9]");
    // Without a rule this machine itself is out of reach for what tenants write.
    let near = format!("prometheus: {{address: '{}', query: up}}", server.url(""));
    let refused = shown(&Asker::with(EgressPolicy::default(), ProviderOptions::default()).ask(&near));
    assert!(refused.contains("may not be connected to"), "{refused}");
}

#[test]
fn a_real_prometheus_is_understood() {
    let prometheus = Prometheus::scraping(&[]);
    let ask = |query: &str| {
        let provider = serde_json::json!({"prometheus": {"address": prometheus.url(), "query": query}});
        shown(&Asker::new().ask(&provider.to_string()))
    };
    assert_eq!(ask("vector(1)"), "[1]");
    assert_eq!(ask("scalar(vector(0.25))"), "0.25");
    assert_eq!(ask("no_such_series"), "[]");
    assert_eq!(ask("vector(0) / vector(0)"), "[NaN]");
    assert_eq!(ask("\"text\""), "error: Prometheus metric type not supported");
    assert!(ask("up{").starts_with("error: bad_data: "), "{}", ask("up{"));
}
