//! Web: verbs, bodies, headers, OAuth2, paths.

use super::{Asker, shown};
use crate::support::git_http::{HttpServer, Reply, basic};

fn echo() -> HttpServer {
    HttpServer::start(|request| match request.path.as_str() {
        "/token" if request.headers.get("authorization") == Some(&basic("me", "s3cret")) => {
            Reply::ok("application/json", r#"{"access_token":"t0ken","token_type":"Bearer"}"#)
        }
        "/token" => Reply::status(401),
        "/text" => Reply::ok("text/plain", "all good"),
        "/away" => Reply::redirect("http://127.0.0.1:1/"),
        "/broken" => Reply::status(503),
        _ => {
            let seen = |name: &str| request.headers.get(name).cloned();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let answer = serde_json::json!({
                "method": request.method, "body": body, "type": seen("content-type"), "token": seen("authorization"),
            });
            Reply::ok("application/json", answer.to_string())
        }
    })
}

#[track_caller]
fn check(settings: &str, expected: &str) {
    let server = echo();
    let provider = format!("web: {{{}}}", settings.replace("URL", &server.url("")));
    assert_eq!(shown(&Asker::new().ask(&provider)), expected, "{settings}");
}

#[test]
fn verbs_bodies_and_headers() {
    check("url: URL, jsonPath: '{$.method}'", "\"GET\"");
    check("url: URL, method: POST, body: hello, jsonPath: '{$.body}'", "\"hello\"");
    check("url: URL, method: PUT, jsonBody: {a: 1}, jsonPath: '{$.body}'", r#""{\"a\":1}""#);
    check(
        "url: URL, method: PUT, jsonBody: {a: 1}, headers: [{key: Content-Type, value: text/x}], jsonPath: '{$.type}'",
        "\"application/json\"",
    );
    check(
        "url: URL, headers: [{key: Authorization, value: Bearer x}], jsonPath: '{$.token}'",
        "\"Bearer x\"",
    );
    check("url: URLtext", "all good");
}

#[test]
fn oauth2_asks_for_a_token_first() {
    let login = "authentication: {oauth2: {tokenUrl: URLtoken, clientId: me, clientSecret: s3cret}}, jsonPath: '{$.token}'";
    check(&format!("url: URL, {login}"), "\"Bearer t0ken\"");
    let wrong = login.replace("s3cret", "wrong");
    check(&format!("url: URL, {wrong}"), "error: oauth2: cannot fetch token: 401");
}

#[test]
fn what_cannot_be_asked_says_why() {
    check(
        "url: URL, body: x",
        "error: Body/JSONBody can only be used with POST or PUT WebMetric Method types",
    );
    check(
        "url: URL, method: POST, body: x, jsonBody: {}",
        "error: use either Body or JSONBody; both cannot exists for WebMetric payload",
    );
    check("url: URL, method: DELETE", "error: method \"DELETE\" is none of GET, POST and PUT");
    check("url: URLbroken", "error: received non 2xx response code: 503");
    check("url: URL, jsonPath: '{$.gone}'", "error: Could not find JSONPath in body: gone is not found");
}

#[test]
fn a_token_is_not_shown_to_another_host() {
    let other = HttpServer::start(|_| Reply::ok("application/json", "{}"));
    let (to, host) = (other.url("there"), other.host());
    let first = HttpServer::start(move |_| Reply::redirect(&to));
    let provider =
        format!("web: {{url: '{}', headers: [{{key: Authorization, value: Bearer x}}]}}", first.url(""));
    assert_eq!(shown(&Asker::new().ask(&provider)), "{}", "{host} answers");
    assert_eq!(other.requests()[0].headers.get("authorization"), None);
}
