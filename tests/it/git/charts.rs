//! Helm repositories: an index and archives over HTTP, from servers that also misbehave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use windlass::net::RewriteRules;
use windlass::source::credentials::{Credentials, RepositorySecret};
use windlass::source::helm_repository::{ChartRequest, Freshness, HelmOptions, HelmRepositories};

use super::{World, chain};
use crate::support::git_http::{HttpServer, Reply, basic};

/// Stands for an archive: nothing here looks inside.
const ARCHIVE: &str = "an archive";

fn digest() -> String {
    HEXLOWER.encode(&Sha256::digest(ARCHIVE))
}

fn index(urls: &str, digest: &str) -> String {
    format!(
        "apiVersion: v1\nentries:\n  web:\n  - {{name: web, version: 1.0.0, urls: [{urls}], digest: {digest}}}\n  \
         - {{name: web, version: 0.9.0, urls: [web-0.9.0.tgz]}}\n"
    )
}

fn charts(world: &World) -> HelmRepositories {
    HelmRepositories::new(
        HelmOptions { index_bytes: 10_000, ..HelmOptions::new(world.path("charts")) },
        world.http.clone(),
    )
}

fn log_in(charts: &HelmRepositories, url: &str) {
    let fields =
        [("url", url), ("type", "helm"), ("name", "stable"), ("username", "me"), ("password", "hunter2")];
    let data: BTreeMap<_, _> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let secret = RepositorySecret::read("charts", &data).expect("it can be read");
    charts.set_credentials(Arc::new(Credentials::new([secret], [])));
}

fn request<'a>(repository: &'a str, version: &'a str) -> ChartRequest<'a> {
    ChartRequest { repository, chart: "web", version, project: "default", pass_credentials: false }
}

fn fetched(charts: &HelmRepositories, request: ChartRequest<'_>) -> String {
    let read = || {
        let chosen = charts.choose(request, Freshness::Known)?;
        charts.archive(request, &chosen)
    };
    match read() {
        Ok(archive) => String::from_utf8_lossy(&archive).into_owned(),
        Err(error) => chain(&error),
    }
}

#[test]
fn charts_are_chosen_fetched_and_kept() {
    let world = World::new();
    let current = Arc::new(AtomicUsize::new(0));
    let version = current.clone();
    let server = HttpServer::start(move |request| match request.path.as_str() {
        "/charts/index.yaml" => {
            let etag = format!("\"{}\"", version.load(Ordering::Relaxed));
            if request.headers.get("if-none-match") == Some(&etag) {
                return Reply::status(304);
            }
            let mut reply = Reply::ok("text/yaml", index("web-1.0.0.tgz", &digest()));
            reply.headers.push(("ETag".to_owned(), etag));
            reply
        }
        "/charts/web-1.0.0.tgz" => Reply::ok("application/gzip", ARCHIVE),
        "/charts/web-0.9.0.tgz" => Reply::ok("application/gzip", "an old archive"),
        _ => Reply::status(404),
    });
    let url = server.url("charts");
    let charts = charts(&world);
    assert_eq!(fetched(&charts, request(&url, "^1.0.0")), ARCHIVE);
    assert_eq!(fetched(&charts, request(&url, "0.9.0")), "an old archive");
    assert_eq!(server.take_count(), 3);
    assert_eq!(fetched(&charts, request(&url, "")), ARCHIVE);
    assert_eq!(fetched(&charts, request(&url, "0.9.0")), "an old archive");
    assert_eq!(server.take_count(), 0, "index and archives are kept");
    assert!(!charts.look(&url, "default").expect("the server answers"), "the same ETag: nothing changed");
    current.store(1, Ordering::Relaxed);
    assert!(!charts.look(&url, "default").expect("the server answers"), "another ETag, the same content");
    assert_eq!(server.take_count(), 2);
    let missing = fetched(&charts, request(&url, "2.0.0"));
    assert_eq!(
        missing,
        format!(
            "Helm repository {url} has no chart web \"2.0.0\" for us: no chart version found for web-2.0.0"
        )
    );
    let nowhere = server.url("nowhere");
    let expected =
        format!("could not read the index of Helm repository {nowhere}: {nowhere}/index.yaml answered 404");
    assert_eq!(fetched(&charts, request(&nowhere, "")), expected);
    let oci = fetched(&charts, request("oci://registry.example/charts", ""));
    assert_eq!(
        oci,
        "oci://registry.example/charts is an OCI registry: charts from OCI registries are not supported yet; use an https repository"
    );
}

#[test]
fn chart_credentials_stay_with_their_host() {
    let world = World::new();
    let elsewhere = HttpServer::start(|_| Reply::ok("application/gzip", ARCHIVE));
    let (away, login) = (elsewhere.url("web.tgz"), basic("me", "hunter2"));
    let server = HttpServer::start(move |request| match request.headers.get("authorization") {
        Some(given) if *given == login => Reply::ok("text/yaml", index(&away, &digest())),
        _ => Reply::status(401),
    });
    let url = server.url("charts");
    let charts = charts(&world);
    let without = fetched(&charts, request(&url, ""));
    assert!(without.contains("without credentials: add a repository or repo-creds Secret"), "{without}");
    log_in(&charts, &url);
    assert_eq!(charts.alias("stable", "default").as_deref(), Some(url.as_str()));
    assert_eq!(fetched(&charts, request(&url, "1.0.0")), ARCHIVE);
    let asked = elsewhere.requests();
    assert_eq!(asked.len(), 1);
    assert!(!format!("{asked:?}").contains("authorization"), "{asked:?}");

    let passing = ChartRequest { pass_credentials: true, ..request(&url, "1.0.0") };
    std::fs::remove_dir_all(world.path("charts")).expect("it is there");
    assert_eq!(fetched(&charts, passing), ARCHIVE);
    let asked = elsewhere.requests();
    assert_eq!(
        asked[1].headers.get("authorization"),
        Some(&basic("me", "hunter2")),
        "passCredentials asks for it"
    );
}

#[test]
fn servers_that_misbehave_are_stopped() {
    let world = World::new();
    let server = HttpServer::start(|request| match request.path.as_str() {
        "/endless/index.yaml" => Reply::ok("text/yaml", "a".repeat(20_000)),
        "/html/index.yaml" => Reply::ok("text/html", "<html>"),
        "/cut/index.yaml" => Reply { cut_at: Some(10), ..Reply::ok("text/yaml", index("web.tgz", "x")) },
        path if path.ends_with("index.yaml") => Reply::ok("text/yaml", index("web.tgz", &"ab".repeat(32))),
        _ => Reply::ok("application/gzip", ARCHIVE),
    });
    let charts = charts(&world);
    let error = |path: &str| fetched(&charts, request(&server.url(path), "")).replace(&server.host(), "HOST");
    let prefix = |path: &str| format!("could not read the index of Helm repository http://HOST/{path}: ");
    assert_eq!(
        error("endless"),
        prefix("endless") + "http://HOST/endless/index.yaml answered with more than 10000 bytes"
    );
    assert!(
        error("cut").starts_with(&(prefix("cut") + "the answer of 127.0.0.1 broke off")),
        "{}",
        error("cut")
    );
    assert!(
        error("html").starts_with("the index of Helm repository http://HOST/html cannot be used: "),
        "{}",
        error("html")
    );
    let wrong = format!(
        "chart web 1.0.0 from http://HOST/wrong/web.tgz has digest {}, and the index says {}: it is not used",
        digest(),
        "ab".repeat(32)
    );
    assert_eq!(error("wrong"), wrong);
}

#[test]
fn rewriting_covers_index_and_archives() {
    let world = World::new();
    let server = HttpServer::start(|request| match request.path.as_str() {
        "/mirror/index.yaml" => Reply::ok("text/yaml", index("https://files.example.com/web.tgz", &digest())),
        "/files/web.tgz" => Reply::ok("application/gzip", ARCHIVE),
        _ => Reply::status(404),
    });
    let rules = [
        format!("https://charts.example.com/={}", server.url("mirror/")),
        format!("https://files.example.com/={}", server.url("files/")),
    ];
    world.http.set_rewrite(RewriteRules::new(rules.iter().map(|rule| rule.parse().expect("it is a rule"))));
    assert_eq!(fetched(&charts(&world), request("https://charts.example.com/", "")), ARCHIVE);
}
