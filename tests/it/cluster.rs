//! The whole agent against the real control plane: a commit becomes objects, and they stay as the commit says.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::agent::Setup;
use crate::support::controlplane::{self, ControlPlane, wait_for};

const MANIFESTS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1', resources: {requests: {cpu: 1000m}}}
";

#[test]
fn a_commit_is_applied_kept_and_taken_away() {
    let plane = controlplane::shared();
    let setup = Setup::new(plane, "it-follow");
    let repository = Repository::new(&setup.folder.join("shop"));
    repository.commit(&[("deploy/all.yaml", MANIFESTS)]);
    let folder = setup.folder.to_str().expect("it is text").to_owned();
    let setup = setup.with(&["--local-repository", &folder]);
    let agent = setup.start();

    plane.apply(&application(&repository, "it-follow", "it-follow-shop"));
    wait_until_well(plane, "it-follow");
    let colour = || text(plane, "configmap", "it-follow-shop", "settings", "/data/colour");
    assert_eq!(colour().as_deref(), Some("blue"));

    plane.must(&[
        "patch",
        "configmap",
        "settings",
        "-n",
        "it-follow-shop",
        "--type=merge",
        "-p",
        r#"{"data":{"colour":"red"}}"#,
    ]);
    wait_for("the hand edit to be undone", || {
        if colour().as_deref() == Some("blue") { Ok(()) } else { Err(agent.log()) }
    });

    repository.commit(&[("deploy/all.yaml", &MANIFESTS.replace("blue", "green"))]);
    wait_for("the push to be seen", || {
        if colour().as_deref() == Some("green") { Ok(()) } else { Err(agent.log()) }
    });

    // What happens while no agent runs is seen by the next.
    drop(agent);
    repository.commit(&[("deploy/all.yaml", MANIFESTS.split("---").nth(1).unwrap_or_default())]);
    let agent = setup.start();
    wait_for("the removed object to be pruned", || {
        match plane.get("configmap", "it-follow-shop", "settings") {
            None => Ok(()),
            Some(_) => Err(agent.log()),
        }
    });

    repository.commit(&[("deploy/all.yaml", "apiVersion: v1\nkind: [\nmetadata: {name: a}\n")]);
    wait_for("the broken file to be named", || {
        let app = plane.get("application", "it-follow", "shop").unwrap_or_default();
        let conditions = app["status"]["conditions"].to_string();
        if conditions.contains("deploy/all.yaml") { Ok(()) } else { Err(conditions) }
    });
    assert!(plane.get("deployment", "it-follow-shop", "web").is_some(), "an error is never an empty set");

    plane.must(&["delete", "application", "shop", "-n", "it-follow", "--wait=false"]);
    wait_for("the objects to go with the application", || {
        let left = plane.get("deployment", "it-follow-shop", "web").is_some();
        let app = plane.get("application", "it-follow", "shop");
        if left || app.is_some() { Err(format!("deployment left: {left}\n{}", agent.log())) } else { Ok(()) }
    });
    assert!(
        plane.get("namespace", "", "it-follow-shop").is_some(),
        "a namespace made by CreateNamespace stays"
    );
    wait_for("its tile to go", || match agent.page("/") {
        Ok((200, page)) if !page.contains("it-follow/shop") => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

fn application(repository: &Repository, namespace: &str, target: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: {namespace}, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec:
  project: default
  source: {{repoURL: 'file://{}', path: deploy}}
  destination: {{server: https://kubernetes.default.svc, namespace: {target}}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}, syncOptions: [CreateNamespace=true]}}
",
        repository.folder
    )
}

fn wait_until_well(plane: &ControlPlane, namespace: &str) {
    wait_for("the application to be Synced and Healthy", || {
        let app = plane.get("application", namespace, "shop").unwrap_or_default();
        let status =
            |pointer: &str| app.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let verdict = (
            status("/status/sync/status"),
            status("/status/health/status"),
            status("/status/operationState/phase"),
        );
        if verdict == ("Synced".into(), "Healthy".into(), "Succeeded".into()) {
            Ok(())
        } else {
            Err(app["status"].to_string())
        }
    });
}

fn text(plane: &ControlPlane, kind: &str, namespace: &str, name: &str, pointer: &str) -> Option<String> {
    plane.get(kind, namespace, name)?.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A repository with a work tree, as a user has it.
struct Repository {
    folder: String,
}

impl Repository {
    fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("the folder can be made");
        let repository = Self { folder: folder.to_str().expect("it is text").to_owned() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn commit(&self, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = Path::new(&self.folder).join(path);
            std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
            std::fs::write(path, content).expect("the file can be written");
        }
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "a change"]);
    }

    fn git(&self, arguments: &[&str]) {
        let done =
            Command::new("git").args(["-C", &self.folder]).args(arguments).status().expect("git can be run");
        assert!(done.success(), "git {arguments:?}");
    }
}
