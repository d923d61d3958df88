//! The other providers, each against a server that speaks its protocol.

use super::{Asker, shown};
use crate::support::git_http::{HttpServer, Reply, Request};

fn json(body: &str) -> Reply {
    Reply::ok("application/json", body)
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map(String::as_str).unwrap_or_default()
}

#[test]
fn datadog_in_both_versions() {
    let server = HttpServer::start(|request| match (header(request, "dd-api-key"), request.path.as_str()) {
        ("a", "/api/v1/query") => json(r#"{"status":"ok","series":[{"pointlist":[[1,0.5],[2,0.75]]}]}"#),
        ("a", "/api/v2/query/scalar") => {
            json(r#"{"data":{"attributes":{"columns":[{"type":"number","values":[3]}]}}}"#)
        }
        _ => Reply::status(403),
    });
    let asker =
        |key: &str| Asker::new().secret(&[("address", &server.url("")), ("api-key", key), ("app-key", "b")]);
    assert_eq!(shown(&asker("a").ask("datadog: {query: 'avg:x{*}', interval: 10m}")), "0.75");
    assert_eq!(shown(&asker("a").ask("datadog: {apiVersion: v2, queries: {a: q}, formula: a * 2}")), "3");
    assert!(
        shown(&asker("z").ask("datadog: {query: q}"))
            .starts_with("error: received authentication error response code: 403")
    );
    let requests = server.requests();
    let query = &requests[0].query;
    assert!(query.starts_with("from=1767268200&to=1767268800&query=avg%3Ax"), "{query}");
    let body: serde_json::Value = serde_json::from_slice(&requests[1].body).expect("it is JSON");
    assert_eq!(body["data"]["attributes"]["formulas"][0]["formula"], "a * 2");
    assert_eq!(
        shown(&Asker::new().ask("datadog: {query: q}")),
        "error: the provider's Secret has no api-key"
    );
}

#[test]
fn new_relic() {
    let server = HttpServer::start(|request| match header(request, "api-key") {
        "k" => json(r#"{"data":{"actor":{"account":{"nrql":{"results":[{"average":1.5}]}}}}}"#),
        _ => Reply::status(401),
    });
    let url = server.url("graphql");
    let asker = Asker::new().secret(&[
        ("personal-api-key", "k"),
        ("account-id", "123"),
        ("base-url-nerdgraph", &url),
    ]);
    assert_eq!(shown(&asker.ask("newRelic: {query: 'SELECT average(x)'}")), r#"{"average":1.5}"#);
    let body: serde_json::Value = serde_json::from_slice(&server.requests()[0].body).expect("it is JSON");
    assert_eq!(body["variables"]["accountId"], 123);
}

#[test]
fn cloud_watch_is_asked_with_a_signature() {
    let server = HttpServer::start(|request| match header(request, "authorization") {
        signed
            if signed.starts_with(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/monitoring/aws4_request",
            ) =>
        {
            json(r#"{"MetricDataResults":[{"Id":"rate","Values":[0.5]}]}"#)
        }
        _ => Reply::status(403),
    });
    let provider = "cloudWatch: {interval: 30m, metricDataQueries: [{id: rate, expression: a / b}, {id: a, returnData: false, metricStat: {metric: {namespace: n, metricName: m, dimensions: [{name: d, value: v}]}, period: 300, stat: Sum}}]}";
    let answer = shown(&Asker::aws(server.url("")).ask(provider));
    assert_eq!(answer, r#"[{"Id":"rate","Values":[0.5]}]"#);
    let request = &server.requests()[0];
    assert_eq!(header(request, "x-amz-target"), "GraniteServiceVersion20100801.GetMetricData");
    let body: serde_json::Value = serde_json::from_slice(&request.body).expect("it is JSON");
    assert_eq!(body["MetricDataQueries"][1]["MetricStat"]["Metric"]["Dimensions"][0]["Name"], "d");
    assert_eq!(shown(&Asker::new().ask(provider)), "error: windlass has no keys for AWS");
}

#[test]
fn graphite() {
    let server = HttpServer::start(|_| json(r#"[{"target":"t","datapoints":[[0.3,1],[null,2]]}]"#));
    let provider = format!("graphite: {{address: '{}', query: 'target=a.b&from=-5min'}}", server.url(""));
    assert_eq!(shown(&Asker::new().ask(&provider)), "[0.3]");
    assert_eq!(server.requests()[0].query, "target=a.b&from=-5min&format=json");
}

#[test]
fn influxdb() {
    let server =
        HttpServer::start(|request| match (header(request, "authorization"), request.query.as_str()) {
            ("Token t", "org=o") => {
                Reply::ok("text/csv", "#datatype,string,long,double\r\n,result,table,_value\r\n,,0,0.5\r\n")
            }
            _ => Reply::status(401),
        });
    let url = server.url("");
    let asker = Asker::new().secret(&[("address", &url), ("authToken", "t"), ("org", "o")]);
    assert_eq!(shown(&asker.ask("influxdb: {query: 'from(bucket: \"b\")'}")), "[0.5]");
}

#[test]
fn wavefront() {
    let server = HttpServer::start(|request| match header(request, "authorization") {
        "Bearer t" => json(r#"{"timeseries":[{"data":[[1,5],[1767268800,7]]}]}"#),
        _ => Reply::status(401),
    });
    let url = server.url("");
    let asker = Asker::new().secret(&[(&url, "t")]);
    assert_eq!(shown(&asker.ask(&format!("wavefront: {{address: '{url}', query: ts(x)}}"))), "7");
    assert_eq!(
        shown(&Asker::new().ask(&format!("wavefront: {{address: '{url}', query: x}}"))),
        "error: API token not found"
    );
}

#[test]
fn skywalking() {
    let server = HttpServer::start(|_| json(r#"{"data":{"result":{"values":[1,2]}}}"#));
    let provider = format!("skywalking: {{address: '{}', query: 'query q', interval: 3m}}", server.url(""));
    assert_eq!(shown(&Asker::new().ask(&provider)), r#"{"result":{"values":[1,2]}}"#);
    let body: serde_json::Value = serde_json::from_slice(&server.requests()[0].body).expect("it is JSON");
    assert_eq!(body["variables"]["duration"]["start"], "2026-01-01 1157");
}

#[test]
fn kayenta_judges_in_its_own_time() {
    let server = HttpServer::start(|request| match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v2/canaryConfig") => json(r#"[{"name":"my-config","id":"cfg"}]"#),
        ("POST", "/canary/cfg") => json(r#"{"canaryExecutionId":"exe"}"#),
        ("GET", "/canary/exe") => {
            json(r#"{"complete":true,"status":"succeeded","result":{"judgeResult":{"score":{"score":80}}}}"#)
        }
        _ => Reply::status(404),
    });
    let provider = format!(
        "kayenta: {{address: '{}', application: web, canaryConfigName: my-config, configurationAccountName: c, metricsAccountName: m, storageAccountName: s, threshold: {{pass: 90, marginal: 75}}, scopes: []}}",
        server.url("")
    );
    let asker = Asker::new();
    let begun = asker.ask(&provider);
    assert_eq!(shown(&begun), "running");
    assert_eq!(shown(&asker.resume(&provider, begun.metadata)), "Inconclusive 80");
    assert_eq!(
        shown(&asker.ask(&provider.replace("my-config", "other"))),
        "error: cannot find Canary Config other"
    );
}

#[test]
fn a_plugin_is_refused_by_name() {
    assert_eq!(
        shown(&Asker::new().ask("plugin: {acme/metric: {}}")),
        "error: metric plugins are not supported: acme/metric"
    );
}
