//! Admission webhooks that change what is written, and one that does not answer (fault F06).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::Stage;
use crate::support::apps::{application, config_map, text};
use crate::support::authority::Authority;
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git_http::{HttpServer, Reply, Request};

const NAMESPACE: &str = "it-admission";

/// A webhook for the ConfigMaps of one namespace; its answer is `answer`'s JSON patch for the object.
fn webhook(
    plane: &ControlPlane,
    target: &str,
    answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
) -> HttpServer {
    let authority = Authority::new();
    let server = HttpServer::start_tls(authority.server(None), move |request| reply(request, &answer));
    let url = server.url("admit").replace("http://", "https://");
    let bundle = data_encoding::BASE64.encode(authority.pem().as_bytes());
    let hook = json!({
        "name": format!("{target}.windlass.example"),
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
            "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": target}},
        "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 1,
        "admissionReviewVersions": ["v1"],
    });
    let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration", "metadata": {"name": target}, "webhooks": [hook]});
    plane.apply(&configuration.to_string());
    server
}

fn reply(request: &Request, answer: &impl Fn(&Value) -> Value) -> Reply {
    let review: Value = serde_json::from_slice(&request.body).expect("the server sends a review");
    let object = &review["request"]["object"];
    let patch = data_encoding::BASE64.encode(answer(object).to_string().as_bytes());
    let response = json!({"uid": review["request"]["uid"], "allowed": true, "patchType": "JSONPatch",
        "patch": patch});
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    Reply::ok("application/json", review.to_string())
}

/// Waits until the webhook is in force: the API server learns of it a moment after it was written.
fn wait_until_asked(plane: &ControlPlane, target: &str, server: &HttpServer) {
    wait_for("the webhook to be asked", || {
        let map = config_map("probe", "x")
            .replace("{name: probe}", &format!("{{name: probe, namespace: {target}}}"));
        plane.apply(&map);
        plane.must(&["delete", "configmap", "probe", "-n", target]);
        if server.requests().is_empty() { Err("not yet".to_owned()) } else { Ok(()) }
    });
}

fn namespace(plane: &ControlPlane, name: &str) {
    plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"));
}

#[test]
fn what_admission_changes_is_no_drift_and_what_it_holds_up_is_named() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, NAMESPACE);
    let (loud, quiet) = ("it-admission-loud", "it-admission-quiet");
    for target in [loud, quiet] {
        namespace(plane, target);
    }
    // One that writes everything in capitals and adds a label.
    let shouts = webhook(plane, loud, |object| {
        let value = text(object, "/data/value").to_uppercase();
        json!([{"op": "add", "path": "/metadata/labels", "value": {"shouted": "yes"}},
            {"op": "replace", "path": "/data/value", "value": value}])
    });
    wait_until_asked(plane, loud, &shouts);
    let url = stage.repository.url();
    let two = |value: &str| format!("{}---\n{}", config_map("map", value), config_map("slow", value));
    stage
        .repository
        .commit("main", &[("loud/map.yaml", &config_map("map", "red")), ("quiet/all.yaml", &two("red"))]);
    let mut agent = stage.setup.start();
    plane.apply(&application(NAMESPACE, "loud", &url, "loud", loud).to_string());
    plane.wait_until_well(NAMESPACE, "loud");
    let map = plane.get("configmap", loud, "map").expect("it is there");
    assert_eq!((text(&map, "/data/value"), text(&map, "/metadata/labels/shouted")), ("RED", "yes"));

    // All of it is compared anew, and nothing is written for it.
    stage.proxy.take_asked();
    plane.must(&["annotate", "application", "loud", "-n", NAMESPACE, "argocd.argoproj.io/refresh=hard"]);
    wait_for("the refresh to be done", || {
        let app = plane.app(NAMESPACE, "loud");
        let asked = app.pointer("/metadata/annotations/argocd.argoproj.io~1refresh").is_some();
        if asked { Err(app.to_string()) } else { Ok(()) }
    });
    plane.wait_until_well(NAMESPACE, "loud");
    let writes = stage.proxy.take_asked().into_iter().filter(|asked| asked.is_write());
    let writes: Vec<String> =
        writes.map(|asked| asked.target).filter(|to| to.contains("/configmaps")).collect();
    assert!(writes.is_empty(), "{writes:?}");

    // A hand's change and a commit go through it, too.
    plane.patch("configmap", loud, "map", &json!({"data": {"value": "by hand"}}));
    wait_for_value(plane, loud, "map", "RED");
    stage.repository.commit("main", &[("loud/map.yaml", &config_map("map", "blue"))]);
    wait_for_value(plane, loud, "map", "BLUE");
    plane.wait_until_well(NAMESPACE, "loud");

    // One that never answers for one object: that object is named with the webhook; nobody else notices.
    let is_stuck = Arc::new(AtomicBool::new(true));
    let stuck = is_stuck.clone();
    let sleepy = webhook(plane, quiet, move |object| {
        while text(object, "/metadata/name") == "slow" && stuck.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
        json!([])
    });
    wait_until_asked(plane, quiet, &sleepy);
    plane.apply(&application(NAMESPACE, "quiet", &url, "quiet", quiet).to_string());
    let words = [
        "ConfigMap it-admission-quiet/slow",
        "failed calling webhook",
        "it-admission-quiet.windlass.example",
    ];
    plane.wait_for_condition(NAMESPACE, "quiet", "UnansweredRequestWarning", &words);
    wait_for("the page to say so", || {
        let (_, page) = agent.page(&format!("/applications/{NAMESPACE}/quiet"))?;
        if page.contains("The API server did not take ConfigMap it-admission-quiet/slow") {
            Ok(())
        } else {
            Err(page)
        }
    });
    stage.repository.commit("main", &[("loud/map.yaml", &config_map("map", "green"))]);
    wait_for_value(plane, loud, "map", "GREEN");

    is_stuck.store(false, Ordering::Relaxed);
    let app = plane.wait_until_well(NAMESPACE, "quiet");
    assert!(!app["status"].to_string().contains("failed calling webhook"), "{}", app["status"]);
    assert!(agent.is_running());
    for target in [loud, quiet] {
        plane.must(&["delete", "mutatingwebhookconfiguration", target]);
    }
}

#[track_caller]
fn wait_for_value(plane: &ControlPlane, namespace: &str, name: &str, expected: &str) {
    wait_for(&format!("{name} to be {expected}"), || {
        let map = plane.get("configmap", namespace, name).unwrap_or_default();
        if text(&map, "/data/value") == expected { Ok(()) } else { Err(map.to_string()) }
    });
}
