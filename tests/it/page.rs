//! The page, asked in process: what it shows, what it refuses, and that strings stay strings.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use futures::StreamExt;
use model::application::{HealthCode, OperationPhase, SyncStatusCode};
use report::AppReport;
use report::application::LastSync;
use tower::Service;
use windlass::server::{Front, router};

use crate::support::reports::{front, key, report, several};

/// An answer of the server.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().call(request).await.expect("a router always answers");
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("the body is whole");
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("it is text"),
    }
}

fn request(method: Method, path: &str, host: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, host);
    request.body(Body::empty()).expect("it is a request")
}

async fn get(front: &Front, path: &str) -> Answer {
    ask(&router(front.clone()), request(Method::GET, path, "localhost:8080")).await
}

fn showing(reports: impl IntoIterator<Item = AppReport>) -> Front {
    let (front, stop) = front();
    // A front whose stop signal is gone never stops.
    std::mem::forget(stop);
    reports.into_iter().for_each(|report| front.reports.set(report));
    front
}

/// A page without what moves with the time: the words of `<time>` elements.
fn still(html: &str) -> String {
    let mut parts = html.split("<time ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (open, rest) = part.split_once('>').expect("the element is opened");
        let (_, after) = rest.split_once("</time>").expect("the element is closed");
        kept += &format!("<time {open}>AGO</time>{after}");
    }
    let lines = kept.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let kept: Vec<&str> = lines.collect();
    // Ages of objects are words as well.
    kept.join("\n").split_inclusive("made ").map(without_age).collect()
}

fn without_age(part: &str) -> String {
    match part.split_once(" ago") {
        Some((age, rest)) if age.split(' ').count() == 2 && age.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("AGO{rest}")
        }
        _ => part.to_owned(),
    }
}

#[tokio::test]
async fn the_home_screen() {
    let front = showing(several());
    front.reports.set_notice(windlass::server::Half::Sync, Some("Standing by: windlass-1 leads.".to_owned()));
    let failure = Some("git.example.com does not answer".to_owned());
    let when = "2024-05-01T12:00:00Z".parse().expect("it is a time");
    front.reports.looked("https://git.example.com/team/shop.git", when, None);
    front.reports.looked("https://git.example.com/team/shop.git", when, failure);
    let answer = get(&front, "/").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!("home", still(&answer.body));
}

#[tokio::test]
async fn the_application_screen() {
    let answer = get(&showing([report("shop", str::to_owned)]), "/applications/argocd/shop").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!("application", still(&answer.body));
}

#[tokio::test]
async fn every_status_is_a_word_and_a_shape() {
    let syncs = [SyncStatusCode::Synced, SyncStatusCode::OutOfSync, SyncStatusCode::Unknown];
    let healths = [
        HealthCode::Healthy,
        HealthCode::Suspended,
        HealthCode::Progressing,
        HealthCode::Missing,
        HealthCode::Degraded,
        HealthCode::Unknown,
    ];
    let phases = [
        OperationPhase::Running,
        OperationPhase::Terminating,
        OperationPhase::Failed,
        OperationPhase::Error,
        OperationPhase::Succeeded,
    ];
    for (sync, health, phase) in syncs
        .into_iter()
        .flat_map(|sync| healths.map(|health| (sync, health)))
        .flat_map(|(sync, health)| phases.map(|phase| (sync, health, phase)))
    {
        let last = report("shop", str::to_owned).last_sync.map(|last| LastSync { phase, ..last });
        let app = AppReport { sync, health, last_sync: last, ..report("shop", str::to_owned) };
        let front = showing([app]);
        for path in ["/", "/applications/argocd/shop"] {
            let body = get(&front, path).await.body;
            let told = badges(&body);
            for word in [sync.as_str(), health.as_str(), phase.as_str()] {
                assert!(told.contains(word), "{word} is not told on {path}: {told:?}");
            }
        }
    }
}

/// The words of a page's badges; each must have a shape in front of it.
fn badges(html: &str) -> BTreeSet<&str> {
    let badges = html.split("<span class=\"badge ").skip(1);
    badges
        .map(|badge| {
            let (shape, word) = badge.split_once("</svg>").expect("a badge has a shape");
            assert!(shape.contains("<path "), "{shape}");
            word.split("</span>").next().expect("a badge has a word").trim()
        })
        .collect()
}

#[tokio::test]
async fn hostile_strings_are_only_text() {
    let harmless = |text: &str| if text.is_empty() { String::new() } else { "harmless".to_owned() };
    for payload in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></style></textarea></script><svg onload=alert(1)>",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        " https://x.example/",
        "java\tscript:alert(1)",
        "\u{202e}evil\u{200b}\u{1b}[31m",
        "{{ 7*7 }}{% include \"x\" %}",
        "<!--",
        "]]>",
        "&lt;b&gt;",
        "../../../healthz?x#y",
    ] {
        let hostile = |text: &str| if text.is_empty() { String::new() } else { payload.to_owned() };
        let (safe, bad) = (report("x", harmless), report("x", hostile));
        let address =
            |app: &AppReport| format!("/applications/argocd/{}", report::page::text::segment(&app.key.name));
        for (calm, wild) in [("/".to_owned(), "/".to_owned()), (address(&safe), address(&bad))] {
            let calm = get(&showing([safe.clone()]), &calm).await;
            let wild = get(&showing([bad.clone()]), &wild).await;
            assert_eq!((calm.status, wild.status), (StatusCode::OK, StatusCode::OK), "{payload}");
            assert_eq!(skeleton(&wild.body), skeleton(&calm.body), "{payload}");
            let hidden = |c: char| {
                !matches!(c, '\n' | '\t') && (c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c))
            };
            assert!(!wild.body.contains(hidden), "{payload:?} hides something");
        }
    }
}

/// The elements of a page with the names of their attributes, and where links lead.
fn skeleton(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start..];
        let mut quote = None;
        let end = tag.char_indices().find(|(_, c)| {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(*c),
                (Some(open), c) if open == *c => quote = None,
                _ => {}
            }
            quote.is_none() && *c == '>'
        });
        let (end, _) = end.expect("a tag ends");
        found.push(bare(&tag[..end]));
        rest = &tag[end..];
    }
    found
}

/// A tag without the values of its attributes; of links the scheme stays.
fn bare(tag: &str) -> String {
    let mut parts = tag.split('"');
    let mut kept = String::new();
    while let Some(names) = parts.next() {
        kept += names;
        let value = parts.next().unwrap_or_default();
        if names.ends_with("href=") {
            kept += value.split(['/', '#']).next().unwrap_or_default();
        }
    }
    kept
}

#[tokio::test]
async fn only_web_addresses_become_links() {
    let mut app = report("shop", str::to_owned);
    app.links = ["https://a.example/x?y=1&z", "javascript:alert(1)", "//b.example", "HTTP://c.example"]
        .map(str::to_owned)
        .to_vec();
    let body = get(&showing([app]), "/applications/argocd/shop").await.body;
    let section = body.split("id=\"links\"").nth(1).and_then(|rest| rest.split("</section>").next());
    let section = section.expect("there are links");
    assert_eq!(section.matches("<a ").count(), 2, "{section}");
    assert_eq!(section.matches("rel=\"noopener noreferrer nofollow\"").count(), 2);
    assert!(section.contains("href=\"https://a.example/x?y=1&#38;z\""), "{section}");
}

#[tokio::test]
async fn an_app_of_apps_and_its_children_lead_to_each_other() {
    let body = get(&showing([report("shop", str::to_owned)]), "/applications/argocd/shop").await.body;
    assert!(body.contains("<a href=\"/applications/argocd/shop-database\">shop-database</a>"), "{body}");
    assert!(body.contains("<a href=\"/applications/argocd/production\">production</a>"), "{body}");
}

#[tokio::test]
async fn every_answer_lets_nothing_else_in() {
    let router = router(showing(several()));
    for path in ["/", "/applications/argocd/shop", "/nowhere", "/metrics", "/healthz", "/assets/windlass.js"]
    {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
            let answer = ask(&router, request(method.clone(), path, "127.0.0.1:8080")).await;
            let told =
                |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
            let policy = told("content-security-policy");
            for rule in
                ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'none'"]
            {
                assert!(policy.contains(rule), "{method} {path}: {policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
            assert_eq!(told("x-content-type-options"), "nosniff", "{method} {path}");
            assert_eq!(told("x-frame-options"), "DENY", "{method} {path}");
            assert_eq!(told("cache-control"), "no-store", "{method} {path}");
            assert_eq!(told("access-control-allow-origin"), "", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let router = router(showing(several()));
    for path in [
        "/",
        "/applications/argocd/shop",
        "/stream",
        "/assets/windlass.css",
        "/metrics",
        "/healthz",
        "/readyz",
    ] {
        for method in
            [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE]
        {
            let answer = ask(&router, request(method.clone(), path, "localhost")).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers[header::ALLOW], "GET,HEAD", "{method} {path}");
            assert!(answer.body.contains("changes nothing"), "{}", answer.body);
        }
    }
    let answer = ask(&router, request(Method::GET, "/api/webhook", "localhost")).await;
    assert_eq!(
        (answer.status, &answer.headers[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().expect("it is a value"))
    );
}

#[tokio::test]
async fn what_is_not_here_is_said() {
    let front = showing(several());
    for path in ["/applications/argocd/stranger", "/nowhere/%3Cb%3E", "/applications/argocd"] {
        let answer = get(&front, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("Not found") && !answer.body.contains("<b>"), "{}", answer.body);
    }
}

#[tokio::test]
async fn strangers_names_are_refused_on_a_loopback_listener() {
    let router = router(showing(several()));
    for (host, expected) in [
        ("localhost:8080", StatusCode::OK),
        ("[::1]:8080", StatusCode::OK),
        ("windlass.attacker.example:8080", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
    ] {
        for path in ["/", "/stream", "/metrics"] {
            let asked = request(Method::HEAD, path, host);
            assert_eq!(ask(&router, asked).await.status, expected, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn readiness_is_told_apart_from_life() {
    let front = showing([]);
    assert_eq!(get(&front, "/healthz").await.status, StatusCode::OK);
    assert_eq!(get(&front, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    front.ready.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(get(&front, "/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_tell_of_every_application() {
    let answer = get(&showing(several()), "/metrics").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let expected = "argocd_app_info{namespace=\"argocd\",name=\"blog\",project=\"default\",autosync_enabled=\"true\",\
                    repo=\"https://git.example.com/team/shop\",dest_server=\"https://kubernetes.default.svc\",\
                    dest_namespace=\"shop\",sync_status=\"Unknown\",health_status=\"Healthy\",operation=\"\"} 1";
    assert!(answer.body.lines().any(|line| line == expected), "{}", answer.body);
    assert_eq!(answer.body.matches("\nargocd_app_info{").count(), several().len());
    assert!(answer.body.contains("name=\"retired\"") && answer.body.contains("operation=\"delete\"} 1"));
    let mut open = request(Method::GET, "/metrics", "localhost");
    let accept = "application/openmetrics-text".parse().expect("it is a value");
    open.headers_mut().insert(header::ACCEPT, accept);
    assert!(ask(&router(showing(several())), open).await.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_page_hears_what_has_changed_until_the_agent_stops() {
    let (front, stop) = front();
    let asked = request(Method::GET, "/stream", "localhost");
    let answer = router(front.clone()).call(asked).await.expect("a router always answers");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = answer.into_body().into_data_stream();
    let mut told = async || {
        let next =
            tokio::time::timeout(Duration::from_secs(20), body.next()).await.expect("it says something");
        next.map(|chunk| String::from_utf8(chunk.expect("it is whole").to_vec()).expect("it is text"))
    };
    assert!(told().await.is_some_and(|hello| hello.contains("retry: 2000")));
    front.reports.set(report("shop", str::to_owned));
    assert_eq!(told().await.as_deref(), Some("data: {\"application\":\"argocd/shop\"}\n\n"));
    front.reports.set(report("shop", str::to_owned));
    front.reports.remove(&key("stranger"));
    front.reports.set_notice(windlass::server::Half::Sync, Some("Standing by.".to_owned()));
    assert_eq!(told().await.as_deref(), Some("data: {\"application\":null}\n\n"), "what is equal is no news");
    stop.send(true).expect("the stream listens");
    assert_eq!(told().await, None, "the stream ends with the agent");
}

#[tokio::test]
async fn a_webhook_without_end_is_refused() {
    let chunk = axum::body::Bytes::from_static(&[b' '; 4096]);
    let endless = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    let asked = Request::builder().method(Method::POST).uri("/api/webhook").header(header::HOST, "localhost");
    let asked = asked.body(Body::from_stream(endless)).expect("it is a request");
    let answer = ask(&router(showing([])), asked).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_webhook_that_drips_is_given_up() {
    let asked = Request::builder().method(Method::POST).uri("/api/webhook").header(header::HOST, "localhost");
    let silence = futures::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
    let asked = asked.body(Body::from_stream(silence)).expect("it is a request");
    let answer = ask(&router(showing([])), asked).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}
