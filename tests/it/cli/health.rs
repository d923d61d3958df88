//! `windlass health`.

use super::Desk;

const LIVE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, generation: 2}
spec: {replicas: 1}
status: {observedGeneration: 1}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}}
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
";

#[test]
fn a_line_for_each_object() {
    let desk = Desk::new();
    let file = desk.write("live.yaml", LIVE);
    assert_eq!(
        desk.run(&["health", &file]).well(),
        "Deployment shop/web Progressing Waiting for rollout to finish: observed deployment generation less then desired \
         generation\nConfigMap shop/settings -\nNamespace shop -\n"
    );
}

#[test]
fn a_list_for_programs() {
    let desk = Desk::new();
    let file = desk.write("live.yaml", LIVE);
    let text = desk.run(&["health", &file, "-o", "json"]).well();
    let rows: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(3));
    assert_eq!(
        rows[0],
        serde_json::json!({
            "file": file, "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web",
            "status": "Progressing",
            "message": "Waiting for rollout to finish: observed deployment generation less then desired generation",
        })
    );
    assert_eq!(rows[2]["status"], "", "upstream has no opinion on a Namespace");
}

#[test]
fn one_unreadable_file_hides_nothing() {
    let desk = Desk::new();
    let good = desk.write("good.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    let half = desk.write("half.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: b}\n---\nkind: [\n");
    let bytes = desk.path("bytes.yaml");
    std::fs::write(&bytes, b"\xff\xfe\xfd").expect("it can be written");
    let bytes = bytes.to_str().expect("it is text");
    let done = desk.run(&["health", "nowhere.yaml", &half, bytes, &good]);
    assert_eq!((done.code, done.stdout.as_str()), (1, "Service b Healthy\nService a Healthy\n"));
    for words in ["could not read nowhere.yaml", "half.yaml:", "bytes.yaml"] {
        assert!(done.stderr.contains(words), "{words} is missing in {}", done.stderr);
    }
    let json = desk.run(&["health", "nowhere.yaml", &good, "-o", "json"]);
    assert_eq!((json.code, json.stdout.matches("\"name\":\"a\"").count()), (1, 1));
}
