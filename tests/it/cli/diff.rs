//! `windlass diff` against the real control plane.

use serde_json::json;

use super::{Desk, Done, application};
use crate::support::controlplane::{self, ControlPlane};
use crate::support::git::{Change, TestRepository};

const MANIFESTS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue, size: small}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// A project, a repository and an Application in a namespace of the test's own.
struct Stage {
    desk: Desk,
    plane: &'static ControlPlane,
    namespace: String,
    repository: TestRepository,
    app: String,
}

impl Stage {
    fn new(namespace: &str, manifests: &str) -> Self {
        let (desk, plane) = (Desk::new(), controlplane::shared());
        plane.apply(&format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n\
             apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: default, namespace: {namespace}}}\n\
             spec:\n  sourceRepos: ['*']\n  destinations: [{{server: '*', namespace: '*'}}]\n  \
             clusterResourceWhitelist: [{{group: '*', kind: '*'}}]\n"
        ));
        let repository = desk.repository("shop");
        repository.commit("main", &[("deploy/all.yaml", manifests)]);
        let app = application(&repository.url(), "")
            .replace("namespace: argocd", &format!("namespace: {namespace}"))
            .replace("namespace: shop", &format!("namespace: {namespace}"));
        let app = desk.write("app.yaml", &app);
        Self { desk, plane, namespace: namespace.to_owned(), repository, app }
    }

    fn diff(&self, more: &[&str]) -> Done {
        let kubeconfig = self.plane.kubeconfig.to_str().expect("it is text");
        let arguments =
            ["diff", "--app", &self.app, "--namespace", &self.namespace, "--kubeconfig", kubeconfig];
        self.desk.run_here(&[&arguments, more].concat())
    }

    /// Applies what the Application describes, as the agent would.
    fn sync(&self) {
        let text = self.desk.run_here(&["render", "app", &self.app, "--namespace", &self.namespace]).well();
        let file = self.desk.write("rendered.yaml", &text);
        let arguments =
            ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", &file];
        self.plane.must(&arguments);
    }

    fn patch(&self, kind: &str, name: &str, patch: serde_json::Value) {
        let patch = patch.to_string();
        self.plane.must(&["patch", kind, name, "-n", &self.namespace, "--type=merge", "-p", &patch]);
    }
}

#[test]
fn nothing_something_and_what_it_is() {
    let stage = Stage::new("it-diff", MANIFESTS);
    let new = stage.diff(&[]);
    assert_eq!((new.code, new.stderr.as_str()), (1, ""), "{}", new.stdout);
    let heads: Vec<&str> = new.stdout.lines().filter(|line| line.starts_with("=====")).collect();
    assert_eq!(
        heads,
        [
            "===== /ConfigMap it-diff/settings =====",
            "===== /Secret it-diff/login =====",
            "===== /Service it-diff/web ====="
        ]
    );
    assert!(
        new.stdout.contains("+  colour: blue") && new.stdout.contains("+  password: ++++++++"),
        "{}",
        new.stdout
    );

    stage.sync();
    assert_eq!(stage.diff(&[]).well(), "", "what was just applied does not differ");

    stage.patch("configmap", "settings", json!({"data": {"colour": "red", "note": "by hand"}}));
    stage.patch("secret", "login", json!({"stringData": {"password": "swordfish"}}));
    stage.patch(
        "service",
        "web",
        json!({"spec": {"sessionAffinity": "ClientIP"}, "metadata": {"labels": {"x": "y"}}}),
    );
    let edited = stage.diff(&[]);
    assert_eq!((edited.code, edited.stderr.as_str()), (1, ""));
    assert!(edited.stdout.contains("-  colour: red\n+  colour: blue\n"), "{}", edited.stdout);
    assert!(
        !edited.stdout.contains("Service"),
        "what nobody wants otherwise is no difference: {}",
        edited.stdout
    );
    for secret in ["hunter2", "swordfish", "aHVudGVyMg", "c3dvcmRmaXNo"] {
        assert!(!edited.stdout.contains(secret), "{}", edited.stdout);
    }
    assert!(
        edited.stdout.contains("-  password: ++++++++++++\n+  password: ++++++++\n"),
        "{}",
        edited.stdout
    );
}

#[test]
fn what_git_no_longer_has_would_go() {
    let stage = Stage::new("it-diff-prune", MANIFESTS);
    stage.sync();
    // The inventory is the status of the Application in the cluster.
    let row = json!({"version": "v1", "kind": "ConfigMap", "namespace": stage.namespace, "name": "settings", "status": "Synced"});
    let file = std::fs::read_to_string(&stage.app).expect("it is there");
    stage
        .plane
        .apply(&format!("{file}status: {}\n", json!({"resources": [row], "sync": {"status": "Synced"}})));
    assert_eq!(stage.diff(&[]).well(), "");
    stage
        .repository
        .commit("main", &[("deploy/all.yaml", MANIFESTS.split_once("---\n").expect("it has two").1)]);
    let gone = stage.diff(&[]);
    assert_eq!((gone.code, gone.stderr.as_str()), (1, ""));
    assert!(
        gone.stdout.starts_with("===== /ConfigMap it-diff-prune/settings =====\n--- live\n"),
        "{}",
        gone.stdout
    );
    assert!(gone.stdout.lines().skip(3).all(|line| line.starts_with(['-', '@'])), "{}", gone.stdout);
    // An error is never an empty set.
    stage.repository.change(
        "main",
        &[("deploy/all.yaml", Change::File("kind: [\napiVersion: metadata:"))],
        "break it",
    );
    let said = stage.diff(&[]).refused(2);
    assert!(said.contains("deploy/all.yaml:"), "{said}");
}

#[test]
fn ignored_differences_are_none() {
    let stage = Stage::new("it-diff-ignore", MANIFESTS);
    stage.sync();
    stage.patch("configmap", "settings", json!({"data": {"colour": "red"}}));
    assert_eq!(stage.diff(&[]).code, 1);
    let ignored = std::fs::read_to_string(&stage.app).expect("it is there")
        + "  ignoreDifferences: [{group: '', kind: ConfigMap, jsonPointers: [/data/colour]}]\n";
    std::fs::write(&stage.app, &ignored).expect("it can be written");
    assert_eq!(stage.diff(&[]).well(), "");
    std::fs::write(&stage.app, ignored.replace("/data/colour", "/data/size")).expect("it can be written");
    assert_eq!(stage.diff(&[]).code, 1);
}

#[test]
fn what_a_sync_would_be_refused_for_is_an_error() {
    let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n---\n\
                 apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, wrong: 1}]}\n---\n\
                 apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n---\n\
                 apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: p}\n";
    let stage = Stage::new("it-diff-refused", wrong);
    let done = stage.diff(&[]);
    assert_eq!(done.code, 2, "{}", done.stdout);
    assert!(done.stdout.contains("===== /ConfigMap it-diff-refused/good ====="), "{}", done.stdout);
    for words in [
        "Service it-diff-refused/web (deploy/all.yaml:5): ",
        "the cluster does not serve example.com/v1/Widget; install the definition of its kind first",
        "the cluster does not serve policy/v1beta1/PodDisruptionBudget; write it in version v1",
    ] {
        assert!(done.stderr.contains(words), "{words} is missing in {}", done.stderr);
    }
}

#[test]
fn without_a_project_or_a_cluster_nothing_is_told() {
    let stage = Stage::new("it-diff-alone", MANIFESTS);
    let nowhere = stage.desk.write(
        "kubeconfig",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n\
         users: [{name: u, user: {token: t}}]\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n",
    );
    let said = stage.desk.run_here(&["diff", "--app", &stage.app, "--kubeconfig", &nowhere]).refused(2);
    assert!(said.contains("the API server does not answer"), "{said}");
    let app = std::fs::read_to_string(&stage.app)
        .expect("it is there")
        .replace("project: default", "project: none");
    std::fs::write(&stage.app, app).expect("it can be written");
    let said = stage.diff(&[]).refused(2);
    assert!(said.contains("Application referencing project none which does not exist"), "{said}");
}
