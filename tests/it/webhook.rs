//! Webhooks against the real agent over HTTP: what is refused, and that a push wakes what it touches, with one look.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::support::agent::{Agent, Setup};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer};

const SECRET: &str = "a shared secret";

/// An agent that polls nothing, a repository behind HTTP, and Applications that read it.
struct World {
    plane: &'static ControlPlane,
    namespace: &'static str,
    agent: Agent,
    server: HttpServer,
    repository: TestRepository,
}

impl World {
    /// `applications` are pairs of a name, which is the folder that is read, and annotations.
    fn start(namespace: &'static str, applications: &[(&str, &str)]) -> Self {
        let plane = controlplane::shared();
        let setup = Setup::new(plane, namespace);
        let repositories = setup.folder.join("repositories");
        let repository = TestRepository::bare(&repositories.join("team/shop.git"));
        let files: Vec<(String, String)> = applications
            .iter()
            .map(|(name, _)| (format!("{name}/all.yaml"), config_map(name, "0")))
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        repository.commit("main", &files);
        let server = GitBackend::start(&repositories);
        plane.apply(&settings(namespace));
        let agent = setup.start();
        let world = Self { plane, namespace, agent, server, repository };
        for (name, annotations) in applications {
            world.plane.apply(&world.application(name, annotations));
        }
        applications.iter().for_each(|(name, _)| world.wait_for(name, "0"));
        world.server.take_count();
        world
    }

    fn url(&self) -> String {
        self.server.url("team/shop.git")
    }

    fn application(&self, name: &str, annotations: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: {namespace}, annotations: {{{annotations}}}}}
spec:
  project: default
  source: {{repoURL: '{url}', path: {name}, targetRevision: HEAD}}
  destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
",
            namespace = self.namespace,
            url = self.url(),
        )
    }

    fn push(&self, number: &str, names: &[&str]) -> String {
        let files: Vec<(String, String)> =
            names.iter().map(|name| (format!("{name}/all.yaml"), config_map(name, number))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        self.repository.commit("main", &files)
    }

    /// Waits until the object of `name` has this number.
    #[track_caller]
    fn wait_for(&self, name: &str, number: &str) {
        wait_for(&format!("{name} to have {number}"), || {
            let found = self.plane.get("configmap", self.namespace, name).unwrap_or_default();
            if found["data"]["number"] == number {
                Ok(())
            } else {
                Err(format!("{found}\n{}", self.agent.log()))
            }
        });
    }

    fn revision(&self, name: &str) -> String {
        let app = self.plane.get("application", self.namespace, name).unwrap_or_default();
        app["status"]["sync"]["revision"].as_str().unwrap_or_default().to_owned()
    }

    /// How often the repository was turned to since the last call: each look lists its names, and so does each fetch.
    fn turns(&self) -> usize {
        let requests = self.server.requests();
        self.server.take_count();
        requests.iter().filter(|request| request.path.ends_with("/info/refs")).count()
    }

    fn post(&self, headers: &[(&str, &str)], body: &str) -> u16 {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (code, _) =
            self.agent.request("POST", "/api/webhook", &headers, body).expect("the agent answers");
        code
    }
}

fn config_map(name: &str, number: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{number: '{number}'}}\n")
}

fn settings(namespace: &str) -> String {
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: argocd-cm, namespace: {namespace}}}
data: {{timeout.reconciliation: 0s}}
---
apiVersion: v1
kind: Secret
metadata: {{name: argocd-secret, namespace: {namespace}}}
stringData:
  webhook.github.secret: {SECRET}
  webhook.gitlab.secret: {SECRET}
  webhook.gogs.secret: {SECRET}
"
    )
}

fn signature(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do").chain_update(body);
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// What GitHub, Gogs and Gitea send.
fn push_of(url: &str, after: &str, files: &[&str]) -> String {
    json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": after,
        "repository": {"html_url": url, "clone_url": url, "default_branch": "main"},
        "commits": [{"id": after, "added": [], "modified": files, "removed": []}],
    })
    .to_string()
}

fn github(world: &World, body: &str) -> u16 {
    let signature = format!("sha256={}", signature(body));
    world.post(&[("X-GitHub-Event", "push"), ("X-Hub-Signature-256", &signature)], body)
}

#[test]
fn a_push_wakes_what_it_touches_with_one_look() {
    let paths = "argocd.argoproj.io/manifest-generate-paths: .";
    let world = World::start("it-hook-push", &[("web", ""), ("api", ""), ("docs", paths)]);
    let before = world.revision("docs");
    let after = world.push("1", &["web", "api"]);
    assert_eq!(github(&world, &push_of(&world.url(), &after, &["web/all.yaml", "api/all.yaml"])), 200);
    world.wait_for("web", "1");
    world.wait_for("api", "1");
    wait_for("both to say so", || {
        let told = [world.revision("web"), world.revision("api")];
        if told == [after.clone(), after.clone()] { Ok(()) } else { Err(told.join(" ")) }
    });
    assert_eq!(world.turns(), 2, "one look and one fetch, however many Applications");
    assert_eq!(world.revision("docs"), before, "what the push does not touch is left alone");

    let after = world.push("2", &["docs"]);
    assert_eq!(github(&world, &push_of(&world.url(), &after, &["docs/all.yaml"])), 200);
    world.wait_for("docs", "2");
    let (_, metrics) = world.agent.page("/metrics").expect("the agent answers");
    let repo = world.url().trim_end_matches(".git").to_owned();
    let expected = format!("argocd_webhook_requests_total{{repo=\"{repo}\"}} 2");
    assert!(metrics.lines().any(|line| line == expected), "{expected} is not in\n{metrics}");
}

#[test]
fn each_provider_is_understood() {
    let world = World::start("it-hook-kinds", &[("web", "")]);
    let after = world.push("1", &["web"]);
    let gitlab = json!({
        "object_kind": "push", "ref": "refs/heads/main", "before": "0".repeat(40), "after": after,
        "project": {"web_url": world.url(), "git_http_url": world.url(), "default_branch": "main"},
        "commits": [], "total_commits_count": 0,
    });
    let headers = [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", SECRET)];
    assert_eq!(world.post(&headers, &gitlab.to_string()), 200);
    world.wait_for("web", "1");

    let after = world.push("2", &["web"]);
    let body = push_of(&world.url(), &after, &["web/all.yaml"]);
    let gogs = signature(&body);
    assert_eq!(world.post(&[("X-Gogs-Event", "push"), ("X-Gogs-Signature", &gogs)], &body), 200);
    world.wait_for("web", "2");

    // Gitea sends the headers of the others as well.
    let after = world.push("3", &["web"]);
    let body = push_of(&world.url().replace("http://", "HTTP://"), &after, &["web/all.yaml"]);
    let gitea = [
        ("X-Gitea-Event", "push"),
        ("X-Gogs-Event", "push"),
        ("X-GitHub-Event", "push"),
        ("X-Gogs-Signature", &*signature(&body)),
    ];
    assert_eq!(world.post(&gitea, &body), 200);
    world.wait_for("web", "3");
}

#[test]
fn what_is_forged_broken_or_huge_causes_nothing() {
    let world = World::start("it-hook-refused", &[("web", "")]);
    world.push("1", &["web"]);
    let body = push_of(&world.url(), "1", &["web/all.yaml"]);
    let good = format!("sha256={}", signature(&body));
    let event = ("X-GitHub-Event", "push");
    let codes = [
        ("no signature", world.post(&[event], &body), 400),
        ("a wrong one", world.post(&[event, ("X-Hub-Signature-256", "sha256=00")], &body), 400),
        (
            "another body's",
            world.post(&[event, ("X-Hub-Signature-256", &good)], &body.replace("main", "next")),
            400,
        ),
        ("no provider", world.post(&[], &body), 400),
        (
            "an unknown event",
            world.post(&[("X-GitHub-Event", "fork"), ("X-Hub-Signature-256", &good)], &body),
            400,
        ),
        ("no JSON", github(&world, "ref=refs/heads/main"), 400),
        ("another JSON", github(&world, "[[[]]]"), 400),
        ("nothing", github(&world, ""), 400),
        ("deep JSON", github(&world, &"[".repeat(900_000)), 400),
        (
            "a ping",
            world.post(&[("X-GitHub-Event", "ping"), ("X-Hub-Signature-256", &signature_of("{}"))], "{}"),
            200,
        ),
        ("a stranger", github(&world, &push_of("https://git.example.com/x.git", "1", &[])), 200),
        ("a pattern for a name", github(&world, &push_of("https://.*", "1", &[])), 200),
        ("another branch", github(&world, &body.replace("refs/heads/main", "refs/heads/next")), 200),
    ];
    for (what, code, expected) in codes {
        assert_eq!(code, expected, "{what}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let (code, _) = world.agent.request(method, "/api/webhook", "", "").expect("the agent answers");
        assert_eq!(code, 405, "{method}");
    }
    assert!(announce(&world, 2 << 30).starts_with("HTTP/1.1 413 "), "a length that is announced is believed");

    // The last one is in order: when it has had its effect, all before it had theirs.
    assert_eq!(world.turns(), 0);
    assert_eq!(github(&world, &body), 200);
    world.wait_for("web", "1");
    assert_eq!(world.turns(), 2);
}

/// The answer to a body that is announced and never sent.
fn announce(world: &World, length: u64) -> String {
    let mut stream = TcpStream::connect(world.agent.address).expect("the agent listens");
    write!(stream, "POST /api/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
        .expect("the agent reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("the agent answers");
    line
}

fn signature_of(body: &str) -> String {
    format!("sha256={}", signature(body))
}

#[test]
fn a_storm_of_webhooks_becomes_few_looks() {
    let world = World::start("it-hook-storm", &[("web", "")]);
    let after = world.push("1", &["web"]);
    let body = push_of(&world.url(), &after, &["web/all.yaml"]);
    let codes: Vec<u16> = (0..200).map(|_| github(&world, &body)).collect();
    assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
    world.wait_for("web", "1");
    let turns = world.turns();
    assert!((2..=12).contains(&turns), "{turns} turns for 200 webhooks");
}

#[test]
fn metrics_of_a_running_agent_have_upstreams_names() {
    let world = World::start("it-hook-metrics", &[("web", "")]);
    let metrics = || world.agent.page("/metrics").expect("the agent answers").1;
    let app = "namespace=\"it-hook-metrics\",name=\"web\",project=\"default\"";
    let server = "https://kubernetes.default.svc";
    let repo = world.url().trim_end_matches(".git").to_owned();
    let wanted = [
        format!(
            "argocd_app_sync_total{{{app},dest_server=\"{server}\",phase=\"Succeeded\",dry_run=\"false\"}} 1"
        ),
        format!(
            "argocd_app_info{{{app},autosync_enabled=\"true\",repo=\"{repo}\",dest_server=\"{server}\",\
             dest_namespace=\"it-hook-metrics\",sync_status=\"Synced\",health_status=\"Healthy\",operation=\"\"}} 1"
        ),
        format!(
            "argocd_app_k8s_request_total{{{app},server=\"{server}\",response_code=\"201\",verb=\"Patch\",\
             resource_kind=\"configmaps\",resource_namespace=\"it-hook-metrics\",dry_run=\"false\"}} 1"
        ),
        format!("argocd_git_request_total{{repo=\"{repo}\",request_type=\"ls-remote\"}} 1"),
        format!("argocd_git_request_total{{repo=\"{repo}\",request_type=\"fetch\"}} 1"),
        format!("argocd_cluster_connection_status{{server=\"{server}\",k8s_version="),
        format!("argocd_cluster_api_resources{{server=\"{server}\"}} "),
        format!("argocd_cluster_api_resource_objects{{server=\"{server}\"}} "),
        format!(
            "argocd_app_reconcile_bucket{{le=\"+Inf\",namespace=\"it-hook-metrics\",dest_server=\"{server}\"}} "
        ),
        "workqueue_depth{name=\"app_reconciliation_queue\"} 0".to_owned(),
        "process_resident_memory_bytes ".to_owned(),
        "process_cpu_seconds_total ".to_owned(),
        "windlass_api_requests_total{verb=\"Patch\",dry_run=\"true\"} ".to_owned(),
    ];
    for line in wanted {
        wait_for(&line, || {
            let text = metrics();
            if text.lines().any(|written| written.starts_with(&line)) { Ok(()) } else { Err(text) }
        });
    }
    for (name, kind) in [
        ("argocd_app_sync_total", "counter"),
        ("argocd_app_info", "gauge"),
        ("argocd_app_reconcile", "histogram"),
        ("argocd_app_k8s_request_total", "counter"),
        ("argocd_git_request_total", "counter"),
        ("argocd_git_request_duration_seconds", "histogram"),
        ("argocd_cluster_events_total", "counter"),
        ("workqueue_adds_total", "counter"),
    ] {
        assert!(metrics().contains(&format!("# TYPE {name} {kind}\n")), "{name}");
    }
    world.plane.must(&["delete", "application", "web", "-n", "it-hook-metrics"]);
    wait_for("what was counted to go with the application", || {
        let text = metrics();
        if text.contains("name=\"web\"") { Err(text) } else { Ok(()) }
    });
}
