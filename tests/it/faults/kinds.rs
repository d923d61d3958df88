//! Kinds that may not be read, come late, or go; objects that cannot be changed or do not end (faults F05, F15, F16).

use serde_json::{Value, json};

use super::Stage;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};

const LIMITS: &str = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: limits}\nspec: {limits: [{type: Pod, max: {cpu: '1'}}]}\n";

#[test]
fn a_kind_that_may_not_be_listed_is_unknown_and_never_pruned() {
    let plane = controlplane::shared();
    let namespace = "it-forbidden";
    let stage = Stage::new(plane, namespace);
    stage
        .repository
        .commit("main", &[("shop/map.yaml", &config_map("map", "red")), ("shop/limits.yaml", LIMITS)]);
    let agent = stage.setup.start();
    let app = application(namespace, "blind", &stage.repository.url(), "shop", "it-forbidden-shop");
    plane.apply(&app.to_string());
    plane.wait_until_well(namespace, "blind");

    // The right to list is taken away in mid-run; the watches under way end, as they do every minute.
    let role = format!("windlass-read-{namespace}");
    let rights = plane.get("clusterrole", "", &role).expect("the role is there")["rules"].clone();
    let narrow = json!([{"apiGroups": [""], "resources": ["configmaps", "namespaces", "secrets", "pods"],
        "verbs": ["get", "list", "watch"]}, {"apiGroups": ["argoproj.io", "apiextensions.k8s.io"],
        "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
    plane.patch("clusterrole", "", &role, &json!({"rules": narrow}));
    let account = format!("--as=system:serviceaccount:{namespace}:windlass");
    wait_for("the right to be gone", || {
        match plane.kubectl(&["auth", "can-i", "list", "limitranges", &account]) {
            Ok(answer) => Err(answer),
            Err(_) => Ok(()),
        }
    });
    stage.proxy.cut();
    wait_for("the kind to be refused", || {
        let log = agent.log();
        if log.contains("LimitRange") && log.contains("kind could not be listed") { Ok(()) } else { Err(log) }
    });
    stage.repository.change(
        "main",
        &[("shop/limits.yaml", crate::support::git::Change::Gone)],
        "remove the limits",
    );
    let row = |app: &Value| {
        let rows = app.pointer("/status/resources").and_then(Value::as_array).cloned().unwrap_or_default();
        rows.into_iter().find(|row| row["kind"] == "LimitRange")
    };
    wait_for("the kind to be Unknown", || {
        let app = plane.app(namespace, "blind");
        match row(&app) {
            Some(row) if row["status"] == "Unknown" => Ok(()),
            _ => Err(app["status"].to_string()),
        }
    });
    let (_, page) = agent.page(&format!("/applications/{namespace}/blind")).expect("the page is there");
    assert!(page.contains("limits"), "{page}");
    assert!(
        plane.get("limitrange", "it-forbidden-shop", "limits").is_some(),
        "what is unknown is not pruned"
    );

    plane.patch("clusterrole", "", &role, &json!({"rules": rights}));
    wait_for("the object to be pruned once it can be seen", || {
        match plane.get("limitrange", "it-forbidden-shop", "limits") {
            None => Ok(()),
            Some(_) => Err(agent.log()),
        }
    });
    let app = plane.wait_until_well(namespace, "blind");
    assert_eq!(row(&app), None);
    assert!(plane.get("configmap", "it-forbidden-shop", "map").is_some());
}

fn definition(versions: &[(&str, bool)]) -> String {
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(place, (name, served))| {
            json!({"name": name, "served": served, "storage": place == 0,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
        })
        .collect();
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "barges.faults.example.com"},
        "spec": {"group": "faults.example.com", "scope": "Namespaced", "versions": versions,
            "names": {"kind": "Barge", "plural": "barges", "singular": "barge", "listKind": "BargeList"}}})
    .to_string()
}

fn barge(version: &str, load: i64) -> String {
    json!({"apiVersion": format!("faults.example.com/{version}"), "kind": "Barge", "metadata": {"name": "anna"},
        "spec": {"load": load}})
    .to_string()
}

#[test]
fn definitions_come_before_their_objects_and_versions_go() {
    let plane = controlplane::shared();
    let namespace = "it-definitions";
    let stage = Stage::new(plane, namespace);
    let both = definition(&[("v1", true), ("v1alpha1", true)]);
    stage.repository.commit("main", &[("shop/barge.json", &barge("v1alpha1", 1)), ("shop/crd.json", &both)]);
    let agent = stage.setup.start();
    let url = stage.repository.url();
    plane.apply(&application(namespace, "defined", &url, "shop", "it-definitions-shop").to_string());
    plane.wait_until_well(namespace, "defined");
    let load = || {
        let barge =
            plane.get("barges.v1.faults.example.com", "it-definitions-shop", "anna").unwrap_or_default();
        barge.pointer("/spec/load").and_then(Value::as_i64)
    };
    assert_eq!(load(), Some(1));

    // The version goes while the source still names it: said, and nothing is lost.
    let only_new = definition(&[("v1", true), ("v1alpha1", false)]);
    stage.repository.commit("main", &[("shop/crd.json", &only_new)]);
    let words = ["version \"v1alpha1\" of faults.example.com/Barge", "Version \"v1\""];
    plane.wait_for_condition(namespace, "defined", "SyncError", &words);
    assert_eq!(load(), Some(1));

    stage.repository.commit("main", &[("shop/barge.json", &barge("v1", 2))]);
    wait_for("the object to be written in the version that is left", || {
        if load() == Some(2) {
            Ok(())
        } else {
            Err(format!("{}\n{}", plane.app(namespace, "defined")["status"], agent.log()))
        }
    });
    plane.wait_until_well(namespace, "defined");

    // An object of the kind goes from Git; the definition goes too, and stays in the cluster: it is never pruned.
    let gone = crate::support::git::Change::Gone;
    let kept = config_map("kept", "1");
    let changes = [
        ("shop/barge.json", gone),
        ("shop/crd.json", gone),
        ("shop/kept.yaml", crate::support::git::Change::File(&kept)),
    ];
    stage.repository.change("main", &changes, "remove both");
    wait_for("the object to be pruned", || {
        if load().is_none() { Ok(()) } else { Err(plane.app(namespace, "defined")["status"].to_string()) }
    });
    assert!(plane.get("crd", "", "barges.faults.example.com").is_some());
    plane.must(&["delete", "crd", "barges.faults.example.com"]);
}

#[test]
fn what_cannot_be_changed_or_does_not_end_is_named() {
    let plane = controlplane::shared();
    let namespace = "it-stuck";
    let stage = Stage::new(plane, namespace);
    let deployment = |app: &str| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    metadata: {{labels: {{app: {app}}}}}
    spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
        )
    };
    stage.repository.commit(
        "main",
        &[
            ("fixed/web.yaml", &deployment("web")),
            ("fixed/map.yaml", &config_map("map", "red")),
            ("held/map.yaml", &config_map("map", "red")),
            ("held/beside.yaml", &config_map("beside", "red")),
            ("leaving/map.yaml", &config_map("map", "red")),
        ],
    );
    let agent = stage.setup.start();
    let url = stage.repository.url();
    for name in ["fixed", "held", "leaving"] {
        plane.apply(&application(namespace, name, &url, name, &format!("it-stuck-{name}")).to_string());
    }
    ["fixed", "held", "leaving"].iter().for_each(|name| drop(plane.wait_until_well(namespace, name)));

    // A field that cannot be changed: the server's words, and the whole set stays as it was.
    stage.repository.commit(
        "main",
        &[("fixed/web.yaml", &deployment("other")), ("fixed/map.yaml", &config_map("map", "green"))],
    );
    plane.wait_for_condition(namespace, "fixed", "SyncError", &["web", "field is immutable"]);
    let map = plane.get("configmap", "it-stuck-fixed", "map").expect("it is there");
    assert_eq!(text(&map, "/data/value"), "red", "one refused object changes nothing");

    // An object that waits for a finalizer which nobody takes off.
    let hold = json!({"metadata": {"finalizers": ["example.com/hold"]}});
    plane.patch("configmap", "it-stuck-held", "map", &hold);
    plane.must(&["delete", "configmap", "map", "-n", "it-stuck-held", "--wait=false"]);
    stage.repository.commit("main", &[("held/beside.yaml", &config_map("beside", "green"))]);
    says(&agent, namespace, "held", "example.com/hold");
    plane.patch("configmap", "it-stuck-held", "map", &json!({"metadata": {"finalizers": null}}));
    wait_for("the object to be made again", || {
        let map = plane.get("configmap", "it-stuck-held", "map").unwrap_or_default();
        let beside = plane.get("configmap", "it-stuck-held", "beside").unwrap_or_default();
        let is_new = map.pointer("/metadata/deletionTimestamp").is_none() && !map.is_null();
        if is_new && text(&beside, "/data/value") == "green" { Ok(()) } else { Err(agent.log()) }
    });
    plane.wait_until_well(namespace, "held");

    // A namespace on its way out, held by an object of somebody else.
    let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign",
        "namespace": "it-stuck-leaving", "finalizers": ["example.com/hold"]}});
    plane.apply(&foreign.to_string());
    plane.must(&["delete", "namespace", "it-stuck-leaving", "--wait=false"]);
    says(&agent, namespace, "leaving", "it-stuck-leaving is being deleted");
    plane.patch("configmap", "it-stuck-leaving", "foreign", &json!({"metadata": {"finalizers": null}}));
    wait_for("the namespace to be made again", || made_again(plane, "it-stuck-leaving"));
    plane.wait_until_well(namespace, "leaving");
}

fn made_again(plane: &ControlPlane, namespace: &str) -> Result<(), String> {
    let map = plane.get("configmap", namespace, "map").unwrap_or_default();
    let is_new = map.pointer("/metadata/deletionTimestamp").is_none() && !map.is_null();
    if is_new { Ok(()) } else { Err(map.to_string()) }
}

/// The page of an Application says these words.
#[track_caller]
fn says(agent: &crate::support::agent::Agent, namespace: &str, name: &str, words: &str) {
    wait_for(&format!("the page of {name} to say {words}"), || {
        let (_, page) = agent.page(&format!("/applications/{namespace}/{name}"))?;
        if page.contains(words) { Ok(()) } else { Err(page) }
    });
}
