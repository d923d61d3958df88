//! `manifests/` as they are: one apply by hand, and the Deployment runs with its image, arguments, environment, user,
//! read-only root, mounts, identity, probes and port. What a machine without nodes leaves out: the container runtime
//! with its seccomp profile.

mod audit;
mod deployment;
mod image;
mod pod;
mod token;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::Value;

use crate::support::agent::ask;
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;
use crate::support::git_http::GitBackend;
use audit::Audit;
use deployment::{Container, documents, project};
use image::Image;
use pod::{Pod, RunningPod, Wire};
use token::{Token, TokenFolder};

/// Port at which the pod finds the test's Git server.
const GIT: u16 = 8081;
const ACCOUNT: &str = "system:serviceaccount:argocd:windlass";

#[test]
fn the_image_is_what_the_dockerfile_says() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let image = Image::build(&folder.path().join("image"));
    let dockerfile = std::fs::read_to_string(project("Dockerfile")).expect("it is there");
    let last = dockerfile.rsplit("FROM ").next().expect("it has stages");
    let says = |word: &str| last.lines().find_map(|line| line.strip_prefix(word)).expect("it says so").trim();
    assert_eq!(image.config["config"]["User"], says("USER"));
    let entrypoint: Vec<String> = serde_json::from_str(says("ENTRYPOINT")).expect("it is a list");
    assert_eq!(image.entrypoint(), entrypoint);
    let root = folder.path().join("root");
    image.unpack(&root);
    assert!(root.join("etc/ssl/certs/ca-certificates.crt").is_file());
    for (place, programs) in [("usr/local/bin", &["windlass"][..]), ("bin", &[]), ("usr/bin", &[])] {
        let found = std::fs::read_dir(root.join(place)).into_iter().flatten().flatten();
        let found: Vec<_> = found.map(|entry| entry.file_name()).collect();
        assert_eq!(found, programs, "{place} holds no shell and nothing else");
    }
}

#[test]
fn the_manifests_install_an_agent_that_runs_as_they_say() {
    let audit = Audit::of(ACCOUNT);
    let arguments = audit.arguments();
    let plane = controlplane::bare(&[&arguments[0], &arguments[1]]);
    applied_by_hand(&plane);
    if let Some(why) = pod::unable() {
        println!("skipped: the Deployment cannot be run as it says on this machine: {why}");
        return;
    }

    let folder = tempfile::tempdir().expect("a folder can be made");
    let repository = TestRepository::bare(&folder.path().join("git/shop.git"));
    repository.commit("main", &[("settings.yaml", &settings("blue"))]);
    let git = GitBackend::start(&folder.path().join("git"));
    let container = Container::read("windlass-0");
    let image = Image::build(&folder.path().join("image"));
    let token = folder.path().join("token");
    let tokens = TokenFolder::new(&token, &authority(&plane), &container.namespace);
    let first = Token::request(&plane, &container.namespace, &container.account, "first");
    tokens.put(&first);

    // The role of what it may apply is bound later.
    plane.must(&["delete", "clusterrolebinding", "windlass-apply"]);
    let wire = Wire::new();
    let pod = Pod { image: &image, container: &container, folder: folder.path(), token: &token, wire };
    let pod = pod.start(|| {
        wire.forward(443, server(&plane));
        wire.forward(GIT, git.host().parse().expect("it is an address"));
    });
    runs_as_the_deployment_says(&pod, &container);

    plane.apply(&objects(&wire.url(GIT, "shop.git")));
    let app = || plane.get("application", "argocd", "shop").unwrap_or_default();
    wait_for("the missing role to be named", || {
        let status = app()["status"].to_string();
        if status.contains("forbidden") { Ok(()) } else { Err(format!("{status}\n{}", pod.log())) }
    });
    assert!(plane.get("configmap", "default", "settings").is_none());
    plane.must(&["apply", "-f", &path("manifests/apply-role.yaml")]);
    has_colour(&plane, &pod, "blue");

    let second = Token::request(&plane, &container.namespace, &container.account, "second");
    tokens.put(&second);
    wait_for("the new token to be used", || {
        let used = audit.requests().iter().any(|asked| asked.is_by(&second.id));
        if used { Ok(()) } else { Err(pod.log()) }
    });
    first.revoke(&plane, &container.namespace);
    wait_for("the old token to be refused", || {
        match plane.kubectl(&["--token", &first.text, "auth", "whoami"]) {
            Err(_) => Ok(()),
            Ok(words) => Err(words),
        }
    });
    repository.commit("main", &[("settings.yaml", &settings("green"))]);
    has_colour(&plane, &pod, "green");

    plane.must(&["delete", "application", "shop", "-n", "argocd"]);
    plane.must(&["delete", "appproject", "shop", "-n", "argocd"]);
    uses_what_it_is_granted(&audit);
    assert!(pod.stop().success(), "it ends when it is told to");
    let lease = plane.get("lease", "argocd", "windlass").expect("it was held");
    assert_eq!(lease["spec"]["holderIdentity"], "", "the lease is given back");
}

/// One command on a cluster that has never seen windlass; a second one changes nothing.
fn applied_by_hand(plane: &ControlPlane) {
    let folder = path("manifests");
    plane.must(&["apply", "-k", &folder]);
    plane.must(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    let again = plane.must(&["apply", "-k", &folder]);
    let changed: Vec<&str> = again.lines().filter(|line| !line.ends_with(" unchanged")).collect();
    assert!(changed.is_empty(), "{changed:?}");
    plane.must(&[
        "apply",
        "-k",
        &folder,
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        "--dry-run=server",
    ]);
}

fn runs_as_the_deployment_says(pod: &RunningPod, container: &Container) {
    for probe in &container.probes {
        wait_for(probe, || match ask(pod.address, "GET", probe, "", "") {
            Ok((200, _)) => Ok(()),
            Ok((code, body)) => Err(format!("{code} {body}\n{}", pod.log())),
            Err(error) => Err(format!("{error}\n{}", pod.log())),
        });
    }
    let (code, page) = ask(pod.address, "GET", "/", "", "").expect("the page answers");
    assert!(code == 200 && page.contains("windlass"), "{code} {page}");
    assert_eq!(pod.ports(), [container.port], "nothing else is listened on");
    let four = |id: u32| [id; 4].map(|id| id.to_string()).join("\t");
    assert_eq!(pod.status("Uid"), four(container.user));
    assert_eq!(pod.status("Gid"), four(container.group));
    assert_eq!(pod.status("CapEff").trim_matches('0'), "", "no capability is left");
    assert_eq!(pod.status("NoNewPrivs"), "1");
    let mounted = pod.mounted();
    let writable: Vec<&str> = mounted
        .iter()
        .filter(|(place, options)| {
            options.starts_with("rw") && !["/proc", "/dev"].iter().any(|own| place.starts_with(own))
        })
        .map(|(place, _)| place.as_str())
        .collect();
    let folders: Vec<&str> = container.folders.iter().filter_map(|place| place.to_str()).collect();
    assert_eq!(writable, folders, "{mounted:?}");
}

/// Every request was allowed, each binding of the manifests was needed and no other, and of its own objects the agent
/// has written each kind in each way it may.
fn uses_what_it_is_granted(audit: &Audit) {
    let granted = granted_writes();
    wait_for("each write of its own objects to have been made", || {
        let used: BTreeSet<String> = audit.requests().iter().map(audit::Asked::what).collect();
        let unused: Vec<&String> = granted.difference(&used).collect();
        if unused.is_empty() { Ok(()) } else { Err(format!("never used: {unused:?}")) }
    });
    let requests = audit.requests();
    // Before its role was bound it could not apply; everything else must be allowed.
    let refused: BTreeSet<String> =
        requests.iter().filter(|asked| !asked.is_allowed()).map(audit::Asked::what).collect();
    assert_eq!(refused.iter().collect::<Vec<_>>(), ["patch configmaps"]);
    let bindings: BTreeSet<&str> = requests.iter().filter_map(audit::Asked::binding).collect();
    let own: Vec<&str> = bindings.into_iter().filter(|name| !name.starts_with("system:")).collect();
    assert_eq!(own, ["windlass-apply", "windlass-read", "windlass/argocd"]);
}

/// `verb resource.group` of all that the agent's own Role lets it write.
fn granted_writes() -> BTreeSet<String> {
    let documents = documents("manifests/rbac.yaml");
    let role = documents.iter().find(|one| one["kind"] == "Role").expect("there is one");
    let mut granted = BTreeSet::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for group in texts(&rule["apiGroups"]) {
            let dot = if group.is_empty() { "" } else { "." };
            for resource in texts(&rule["resources"]) {
                let writes = texts(&rule["verbs"]).filter(|verb| !["get", "list", "watch"].contains(verb));
                granted.extend(writes.map(|verb| format!("{verb} {resource}{dot}{group}")));
            }
        }
    }
    granted
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn has_colour(plane: &ControlPlane, pod: &RunningPod, colour: &str) {
    wait_for(&format!("the ConfigMap to be {colour}"), || {
        let live = plane.get("configmap", "default", "settings").unwrap_or_default();
        if live["data"]["colour"] == colour {
            Ok(())
        } else {
            Err(format!("{}\n{}", live["data"], pod.log()))
        }
    });
}

fn settings(colour: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{colour: {colour}}}\n")
}

/// The Application with its project, the repository's Secret (which vouches for a host in a private network), and a
/// short pace of polling.
fn objects(repository: &str) -> String {
    format!(
        "
apiVersion: v1
kind: ConfigMap
metadata: {{name: argocd-cm, namespace: argocd}}
data: {{timeout.reconciliation: 2s, timeout.reconciliation.jitter: 0s}}
---
apiVersion: v1
kind: Secret
metadata: {{name: shop, namespace: argocd, labels: {{argocd.argoproj.io/secret-type: repository}}}}
stringData: {{type: git, url: '{repository}'}}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {{name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec: {{sourceRepos: ['*'], destinations: [{{server: '*', namespace: '*'}}]}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec:
  project: shop
  source: {{repoURL: '{repository}', path: .}}
  destination: {{server: https://kubernetes.default.svc, namespace: default}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"
    )
}

fn path(below: &str) -> String {
    project(below).to_str().expect("it is text").to_owned()
}

/// The API server's address.
fn server(plane: &ControlPlane) -> SocketAddr {
    let url = plane.must(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    url.trim_start_matches("https://").parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// The certificate that the API server's is signed with.
fn authority(plane: &ControlPlane) -> String {
    plane.must(&["get", "configmap", "kube-root-ca.crt", "-n", "argocd", "-o", "jsonpath={.data.ca\\.crt}"])
}
