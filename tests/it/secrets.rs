//! Secrets stay in (threat T11): markers in every position, and every output of agent and commands searched for them.

use data_encoding::BASE64;
use serde_json::json;

use crate::cli::{Desk, application};
use crate::support::agent::{Agent, Setup};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git_http::{GitBackend, HttpServer, Reply, basic};

/// Positions, each with a marker of its own.
const POSITIONS: [&str; 15] = [
    "git-password",
    "url-password",
    "bearer-token",
    "ssh-key",
    "client-key",
    "helm-password",
    "webhook-secret",
    "data",
    "string-data",
    "changed-by-hand",
    "last-applied",
    "masked-annotation",
    "refused",
    "not-base64",
    "mistyped-field",
];

/// A marker that looks different when it is escaped for JSON or a URL.
fn marker(position: &str) -> String {
    assert!(POSITIONS.contains(&position), "{position} is in the list");
    format!("5ecr3t/{position}\"+x")
}

/// A marker as it would stand in texts of every kind.
fn forms(position: &str) -> [String; 4] {
    let plain = marker(position);
    let json = json!(plain).to_string().trim_matches('"').to_owned();
    let url = plain.replace('/', "%2F").replace('"', "%22").replace('+', "%2B");
    [BASE64.encode(plain.as_bytes()), json, url, plain]
}

#[track_caller]
fn check(what: &str, text: &str) {
    assert!(!text.is_empty(), "{what} says nothing");
    for position in POSITIONS {
        for form in forms(position) {
            let Some(at) = text.find(&form) else { continue };
            let before = text[..at].lines().last().unwrap_or_default();
            panic!("{what} shows the secret of {position}, behind {before:?}");
        }
    }
}

fn repository_secret(name: &str, kind: &str, fields: serde_json::Value) -> String {
    let labels = json!({"argocd.argoproj.io/secret-type": kind});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}, "stringData": fields,
    });
    format!("{secret}\n---\n")
}

fn credentials(git: &str) -> String {
    let ssh = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n", marker("ssh-key"));
    let tls = json!({"url": "https://tls.example.com/", "tlsClientCertData": "-----BEGIN", "tlsClientCertKey": marker("client-key")});
    [
        repository_secret("git", "repository", json!({"url": git, "username": "me", "password": marker("git-password")})),
        repository_secret("token", "repo-creds", json!({"url": "http://127.0.0.1:1/token", "bearerToken": marker("bearer-token")})),
        repository_secret("ssh", "repo-creds", json!({"url": "ssh://git@127.0.0.1:1/", "sshPrivateKey": ssh})),
        repository_secret("tls", "repo-creds", tls),
        repository_secret(
            "helm",
            "repository",
            json!({"url": "http://127.0.0.1:1/helm", "type": "helm", "name": "h", "username": "me", "password": marker("helm-password")}),
        ),
    ]
    .concat()
}

fn manifests() -> String {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "login", "annotations": {"example.com/token": marker("masked-annotation")}},
        "data": {"a": BASE64.encode(marker("data").as_bytes())}, "stringData": {"b": marker("string-data")},
    });
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    format!("{config}---\n{secret}\n")
}

/// A Secret that the server refuses for what is not in it.
fn refused() -> String {
    let data = json!({"a": BASE64.encode(marker("refused").as_bytes())});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "tls"}, "data": data});
    format!("{secret}\n")
}

/// Secrets that the server cannot even read, with words that may quote them.
fn unreadable() -> String {
    let bad = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad"}, "data": {"a": marker("not-base64")}});
    let typed = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "typed"}, "stringdata": {"a": marker("mistyped-field")}});
    format!("{bad}\n---\n{typed}\n")
}

/// The page of the home screen and every page it leads to.
fn pages(agent: &Agent) -> String {
    let (_, home) = agent.page("/").expect("the page is served");
    let links = home.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own: std::collections::BTreeSet<&str> = links.filter(|link| link.starts_with('/')).collect();
    let more = own.into_iter().map(|link| agent.page(link).expect("the page is served").1);
    std::iter::once(home.clone()).chain(more).collect()
}

fn apply_application(plane: &ControlPlane, namespace: &str, name: &str, url: &str, rest: &str) {
    let text = application(url, rest)
        .replace("name: shop, namespace: argocd", &format!("name: {name}, namespace: {namespace}"))
        .replace("namespace: shop", &format!("namespace: {namespace}"))
        + "  syncPolicy: {automated: {}}\n";
    plane.apply(&text);
}

fn conditions(plane: &ControlPlane, namespace: &str, name: &str) -> String {
    let app = plane.get("application", namespace, name).unwrap_or_default();
    app["status"]["conditions"].to_string() + &app["status"]["operationState"].to_string()
}

#[test]
fn no_output_shows_a_secret() {
    let plane = controlplane::shared();
    let namespace = "it-secrets";
    let desk = Desk::new();
    let served = desk.repository("root/shop.git");
    served.commit("main", &[("deploy/all.yaml", &manifests())]);
    let hostile = desk.repository("root/hostile.git");
    hostile.commit("main", &[("deploy/all.yaml", &unreadable()), ("refused/all.yaml", &refused())]);
    let backend = GitBackend::new(&desk.path("root"));
    let server = HttpServer::start(move |request| {
        if request.headers.get("authorization") == Some(&basic("me", &marker("git-password"))) {
            return backend.answer(request);
        }
        let mut reply = Reply::status(401);
        reply.headers.push(("WWW-Authenticate".to_owned(), "Basic realm=\"git\"".to_owned()));
        reply
    });
    let git = server.url("");
    let creds = repository_secret(
        "all",
        "repo-creds",
        json!({"url": git, "username": "me", "password": marker("git-password")}),
    );
    let webhook = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret"},
        "stringData": {"webhook.github.secret": marker("webhook-secret")},
    });
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {resource.sensitive.mask.annotations: example.com/token}\n";

    let setup = Setup::new(plane, namespace);
    let given = format!("{}{creds}{webhook}\n---\n{settings}", credentials(&server.url("shop.git")));
    let file = desk.write("given.yaml", &given);
    plane.must(&["apply", "--server-side", "-n", namespace, "-f", &file]);
    let live = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": namespace},
        "stringData": {"c": marker("last-applied")},
    });
    let live = desk.write("live.json", &live.to_string());
    plane.must(&["apply", "-f", &live]);

    let agent = setup.start_with_log("trace");
    apply_application(plane, namespace, "shop", &server.url("shop.git"), "");
    apply_application(plane, namespace, "hostile", &server.url("hostile.git"), "");
    apply_application(plane, namespace, "refused", &server.url("hostile.git"), "/../refused");
    let password = forms("url-password")[2].clone();
    apply_application(
        plane,
        namespace,
        "unreachable",
        &format!("http://me:{password}@127.0.0.1:1/x.git"),
        "",
    );
    apply_application(plane, namespace, "token", "http://127.0.0.1:1/token/x.git", "");
    apply_application(plane, namespace, "ssh", "ssh://git@127.0.0.1:1/x.git", "");
    apply_application(
        plane,
        namespace,
        "chart",
        "http://127.0.0.1:1/helm",
        ", chart: web, targetRevision: 1.0.0",
    );
    for (name, words) in [
        ("shop", "successfully synced"),
        ("refused", "tls.crt"),
        ("unreachable", "ComparisonError"),
        ("token", "ComparisonError"),
        ("ssh", "ComparisonError"),
        ("chart", "ComparisonError"),
    ] {
        wait_for(name, || {
            let found = conditions(plane, namespace, name);
            if found.contains(words) { Ok(()) } else { Err(format!("{found}\n{}", agent.log())) }
        });
    }
    let patch = json!({"stringData": {"a": marker("changed-by-hand")}}).to_string();
    plane.must(&["patch", "secret", "login", "-n", namespace, "--type=merge", "-p", &patch]);
    wait_for("the drift to be seen", || {
        let app = plane.get("application", namespace, "shop").unwrap_or_default();
        if app["status"]["sync"]["status"] == "OutOfSync" { Ok(()) } else { Err(app["status"].to_string()) }
    });

    for name in ["shop", "hostile", "refused", "token", "ssh", "chart"] {
        let app = plane.get("application", namespace, name).expect("it is there");
        check(&format!("the status of {name}"), &app["status"].to_string());
    }
    // The URL with its password is what the user has written into the spec, and so into what was compared.
    check("conditions of unreachable", &conditions(plane, namespace, "unreachable"));
    check("events", &plane.must(&["get", "events", "-n", namespace, "-o", "json"]));
    check("pages", &pages(&agent));
    check("metrics", &agent.page("/metrics").expect("it is served").1);
    check("the agent's log", &agent.log());

    let app = desk.write(
        "shop.yaml",
        &application(&server.url("shop.git"), "")
            .replace("argocd", namespace)
            .replace("namespace: shop", &format!("namespace: {namespace}")),
    );
    let kubeconfig = plane.kubeconfig.to_str().expect("it is text");
    let diff = desk.run(&[
        "diff",
        "--app",
        &app,
        "--namespace",
        namespace,
        "--kubeconfig",
        kubeconfig,
        "--allow-loopback",
        "--log",
        "trace",
    ]);
    assert_eq!(diff.code, 1, "{}", diff.stderr);
    check("diff", &diff.stdout);
    check("diff's log", &diff.stderr);
    let render = desk.run(&[
        "render",
        "app",
        &app,
        "-f",
        &file,
        "--namespace",
        namespace,
        "--allow-loopback",
        "--log",
        "trace",
    ]);
    assert_eq!(render.code, 0, "{}", render.stderr);
    check("render's log", &render.stderr);
    let live = plane.must(&["get", "secrets", "-n", namespace, "-o", "yaml"]);
    let live = desk.write("live.yaml", &live);
    let health = desk.run(&["health", &live, "--log", "trace"]);
    check("health", &(health.stdout + &health.stderr));
}
