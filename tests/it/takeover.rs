//! Taking over what Argo CD's own controller has made: nothing restarts, nothing is written that need not be, and
//! what Git drops afterwards is dropped in the cluster.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::agent::{Agent, Setup};
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::{Change, TestRepository};

struct Stage {
    setup: Setup,
    repository: TestRepository,
    namespace: &'static str,
    target: String,
}

impl Stage {
    fn new(plane: &ControlPlane, namespace: &'static str) -> Self {
        let setup = Setup::new(plane, namespace);
        let repository = TestRepository::bare(&setup.folder.join("source/shop.git"));
        let folder = setup.folder.join("source").to_str().expect("it is text").to_owned();
        let target = format!("{namespace}-shop");
        plane.apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": target}}).to_string(),
        );
        Self { setup: setup.with(&["--local-repository", &folder]), repository, namespace, target }
    }

    fn app(&self) -> Value {
        application(self.namespace, self.namespace, &self.repository.url(), "shop", &self.target)
    }

    fn start(&self, plane: &ControlPlane, app: &Value) -> Agent {
        let agent = self.setup.start();
        plane.apply(&app.to_string());
        plane.wait_until_well(self.namespace, self.namespace);
        agent
    }
}

/// The tracking id of an object of the Application that is named as its namespace.
fn tracked(target: &str, group: &str, kind: &str, name: &str) -> String {
    let app = target.trim_end_matches("-shop");
    format!("argocd.argoproj.io/tracking-id: '{app}:{group}/{kind}:{target}/{name}'")
}

fn deployment(annotation: &str, extra: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, annotations: {{{annotation}}}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{{name: A, value: '1'}}{extra}]
        resources: {{requests: {{cpu: 1000m, memory: 128Mi}}}}
        ports: [{{containerPort: 8080}}]
"
    )
}

/// Runs kubectl as upstream's controller would apply: its manager, with these arguments.
#[track_caller]
fn as_upstream(plane: &ControlPlane, target: &str, arguments: &[&str], manifests: &str) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), manifests).expect("it can be written");
    let output = Command::new(&plane.program)
        .args(["kubectl", "--kubeconfig"])
        .arg(&plane.kubeconfig)
        .args(["apply", "-n", target, "--field-manager=argocd-controller"])
        .args(arguments)
        .arg("-f")
        .arg(file.path())
        .output()
        .expect("kubectl can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What must not change in a take-over.
fn identity(plane: &ControlPlane, target: &str, kind: &str, name: &str) -> (String, i64) {
    let object = plane.get(kind, target, name).unwrap_or_else(|| panic!("{kind}/{name} is there"));
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
    (text(&object, "/metadata/uid").to_owned(), generation)
}

fn pods(plane: &ControlPlane, target: &str) -> Vec<String> {
    let list = plane.must(&["get", "pods", "-n", target, "-o", "json"]);
    let list: Value = serde_json::from_str(&list).expect("it is JSON");
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|pod| text(pod, "/metadata/uid").to_owned()).collect()
}

fn wait_for_pods(plane: &ControlPlane, target: &str) -> Vec<String> {
    wait_for("the pods", || {
        let ready = plane.get("deployment", target, "web").unwrap_or_default();
        let ready = ready.pointer("/status/readyReplicas").and_then(Value::as_i64);
        if ready == Some(1) { Ok(pods(plane, target)) } else { Err(format!("{ready:?}")) }
    })
}

/// The state of an Application as upstream leaves it: an inventory and a history.
fn leave_status(plane: &ControlPlane, stage: &Stage, revision: &str, rows: &[(&str, &str, &str, &str)]) {
    let mut app = stage.app();
    app["spec"]["syncPolicy"] = json!({});
    plane.apply(&app.to_string());
    let resources: Vec<Value> = rows
        .iter()
        .map(|(group, version, kind, name)| {
            json!({"group": group, "version": version, "kind": kind, "namespace": stage.target, "name": name,
                "status": "Synced", "health": {"status": "Healthy"}})
        })
        .collect();
    let source = app["spec"]["source"].clone();
    let status = json!({"status": {
        "sync": {"status": "Synced", "revision": revision, "comparedTo": {"source": source,
            "destination": app["spec"]["destination"]}},
        "health": {"status": "Healthy"},
        "reconciledAt": "2024-05-01T12:00:00Z", "sourceType": "Directory",
        "resources": resources,
        "history": [{"id": 0, "revision": revision, "source": source, "deployedAt": "2024-05-01T12:00:00Z",
            "deployStartedAt": "2024-05-01T11:59:59Z", "initiatedBy": {"automated": true}}],
        "operationState": {"phase": "Succeeded", "message": "successfully synced (all tasks run)",
            "startedAt": "2024-05-01T11:59:59Z", "finishedAt": "2024-05-01T12:00:00Z",
            "operation": {"sync": {"revision": revision, "prune": true}, "initiatedBy": {"automated": true},
                "retry": {"limit": 5}},
            "syncResult": {"revision": revision, "source": source, "resources": []}},
    }});
    plane.patch("application", stage.namespace, stage.namespace, &status);
}

#[test]
fn objects_of_client_side_apply_are_taken_over_without_a_restart() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-over-client");
    let target = stage.target.clone();
    let id = tracked(&target, "apps", "Deployment", "web");
    let old = tracked(&target, "", "ConfigMap", "old");
    let second = ", {name: B, value: '2'}";
    let map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: old, annotations: {{{old}}}}}\ndata: {{value: x, gone: 'yes'}}\n"
    );
    as_upstream(plane, &target, &["--server-side=false"], &format!("{}---\n{map}", deployment(&id, second)));
    let before = wait_for_pods(plane, &target);
    let deployed = identity(plane, &target, "deployment", "web");

    let same = deployment("", second).replace(", annotations: {}", "");
    let first = stage.repository.commit(
        "main",
        &[
            ("shop/web.yaml", &same),
            (
                "shop/old.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\ndata: {value: x, gone: 'yes'}\n",
            ),
        ],
    );
    leave_status(
        plane,
        &stage,
        &first,
        &[("apps", "v1", "Deployment", "web"), ("", "v1", "ConfigMap", "old")],
    );
    let agent = stage.start(plane, &stage.app());
    assert_eq!(identity(plane, &target, "deployment", "web"), deployed, "its spec was not written");
    assert_eq!(pods(plane, &target), before, "no pod has restarted");
    let app = plane.app(stage.namespace, stage.namespace);
    assert_eq!(
        app.pointer("/status/history").and_then(Value::as_array).map(Vec::len),
        Some(1),
        "{}",
        app["status"]
    );

    // Fields that Git drops are dropped, and so is an object that upstream has made.
    stage.repository.change(
        "main",
        &[
            (
                "shop/old.yaml",
                Change::File("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\ndata: {value: x}\n"),
            ),
            ("shop/web.yaml", Change::File(&deployment("", "").replace(", annotations: {}", ""))),
        ],
        "drop two fields",
    );
    wait_for("the dropped fields to go", || {
        let map = plane.get("configmap", &target, "old").unwrap_or_default();
        let web = plane.get("deployment", &target, "web").unwrap_or_default();
        let env = web.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).map(Vec::len);
        let is_gone = map.pointer("/data/gone").is_none() && env == Some(1);
        if is_gone { Ok(()) } else { Err(format!("{map} {env:?}\n{}", agent.log())) }
    });
    stage.repository.change("main", &[("shop/old.yaml", Change::Gone)], "drop an object");
    wait_for("the dropped object to go", || match plane.get("configmap", &target, "old") {
        None => Ok(()),
        Some(map) => Err(format!("{map}\n{}", agent.log())),
    });
    plane.wait_until_well(stage.namespace, stage.namespace);
}

#[test]
fn objects_of_server_side_apply_are_not_even_written() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-over-server");
    let target = stage.target.clone();
    let id = tracked(&target, "apps", "Deployment", "web");
    as_upstream(plane, &target, &["--server-side", "--force-conflicts"], &deployment(&id, ""));
    let before = wait_for_pods(plane, &target);
    let generation = identity(plane, &target, "deployment", "web");
    let managers = managers(plane, &target);

    let same = deployment("", "").replace(", annotations: {}", "");
    let first = stage.repository.commit("main", &[("shop/web.yaml", &same)]);
    leave_status(plane, &stage, &first, &[("apps", "v1", "Deployment", "web")]);
    let _agent = stage.start(plane, &stage.app());
    assert_eq!(identity(plane, &target, "deployment", "web"), generation);
    assert_eq!(self::managers(plane, &target), managers, "nothing was written");
    assert_eq!(pods(plane, &target), before);
}

/// Managers with their operation and time, but for the controllers of the cluster.
fn managers(plane: &ControlPlane, target: &str) -> Vec<String> {
    let kept = ["get", "deployment", "web", "-n", target, "-o", "json", "--show-managed-fields"];
    let web: Value = serde_json::from_str(&plane.must(&kept)).expect("it is JSON");
    let entries =
        web.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    let ours = entries.iter().filter(|entry| entry["subresource"].is_null());
    ours.filter(|entry| text(entry, "/manager") != "kube-controller-manager")
        .map(|entry| format!("{} {} {}", entry["manager"], entry["operation"], entry["time"]))
        .collect()
}

#[test]
fn labels_track_as_upstream_lets_them() {
    let plane = controlplane::shared();
    for (namespace, method) in [("it-over-label", "label"), ("it-over-both", "annotation+label")] {
        let stage = Stage::new(plane, namespace);
        let target = stage.target.clone();
        let settings = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "argocd-cm", "namespace": namespace},
            "data": {"application.resourceTrackingMethod": method}});
        plane.apply(&settings.to_string());
        let id = tracked(&target, "", "ConfigMap", "old");
        let annotations = if method == "label" { String::new() } else { format!(", annotations: {{{id}}}") };
        let old = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: old, labels: {{app.kubernetes.io/instance: {namespace}}}{annotations}}}\ndata: {{value: x}}\n"
        );
        // A copy that upstream never knew: its label alone gives nobody a right to it.
        let copy = old.replace("name: old", "name: copy");
        as_upstream(plane, &target, &["--server-side=false"], &format!("{old}---\n{copy}"));

        let first = stage.repository.commit("main", &[("shop/kept.yaml", &config_map("kept", "1"))]);
        leave_status(plane, &stage, &first, &[("", "v1", "ConfigMap", "old")]);
        let agent = stage.start(plane, &stage.app());
        wait_for("what upstream has tracked to be pruned", || match plane.get("configmap", &target, "old") {
            None => Ok(()),
            Some(_) => Err(format!("{}\n{}", plane.app(namespace, namespace)["status"], agent.log())),
        });
        let kept = plane.get("configmap", &target, "kept").expect("it is there");
        assert_eq!(text(&kept, "/metadata/labels/app.kubernetes.io~1instance"), namespace);
        let marked = kept.pointer("/metadata/annotations/argocd.argoproj.io~1tracking-id").is_some();
        assert_eq!(marked, method != "label");
        assert!(plane.get("configmap", &target, "copy").is_some(), "a copied mark owns nothing");
    }
}

#[test]
fn ignored_fields_stay_as_others_have_them() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-over-ignored");
    let target = stage.target.clone();
    let id = tracked(&target, "apps", "Deployment", "web");
    as_upstream(plane, &target, &["--server-side=false"], &deployment(&id, ""));
    plane.must(&["scale", "deployment", "web", "-n", &target, "--replicas=3"]);

    let same = deployment("", "").replace(", annotations: {}", "");
    let first = stage.repository.commit("main", &[("shop/web.yaml", &same)]);
    leave_status(plane, &stage, &first, &[("apps", "v1", "Deployment", "web")]);
    let mut app = stage.app();
    app["spec"]["ignoreDifferences"] =
        json!([{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]);
    app["spec"]["syncPolicy"]["syncOptions"] = json!(["RespectIgnoreDifferences=true"]);
    let agent = stage.start(plane, &app);
    let replicas = || {
        let web = plane.get("deployment", &target, "web").unwrap_or_default();
        web.pointer("/spec/replicas").and_then(Value::as_i64)
    };
    assert_eq!(replicas(), Some(3));

    stage.repository.commit("main", &[("shop/web.yaml", &same.replace("web:1", "web:2"))]);
    wait_for("the new image", || {
        let web = plane.get("deployment", &target, "web").unwrap_or_default();
        let image = text(&web, "/spec/template/spec/containers/0/image").to_owned();
        if image == "web:2" { Ok(()) } else { Err(format!("{image}\n{}", agent.log())) }
    });
    assert_eq!(replicas(), Some(3), "an apply leaves what is ignored as it is");
}

#[test]
fn what_only_client_side_apply_accepts_is_applied_that_way_and_said() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-over-doubled");
    let target = stage.target.clone();
    // Two entries with one key: server-side apply refuses them, client-side apply lets them through.
    let doubled = deployment("", ", {name: A, value: '2'}").replace(", annotations: {}", "");
    stage.repository.commit("main", &[("shop/web.yaml", &doubled)]);
    let agent = stage.start(plane, &stage.app());
    assert!(plane.get("deployment", &target, "web").is_some(), "{}", agent.log());
    let app = plane.app(stage.namespace, stage.namespace);
    let rows = app.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
    let said = rows.into_iter().flatten().any(|row| text(row, "/message").contains("client-side"));
    assert!(said, "{}", app["status"]["operationState"]);

    stage.repository.commit("main", &[("shop/web.yaml", &doubled.replace("web:1", "web:2"))]);
    wait_for("a change of it", || {
        let web = plane.get("deployment", &target, "web").unwrap_or_default();
        let image = text(&web, "/spec/template/spec/containers/0/image").to_owned();
        if image == "web:2" {
            Ok(())
        } else {
            Err(format!("{image}\n{}", plane.app(stage.namespace, stage.namespace)["status"]))
        }
    });
    plane.wait_until_well(stage.namespace, stage.namespace);
}
