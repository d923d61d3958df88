//! One stuck Application slows nobody, a newer commit overtakes a sync that waits, and a token that is rotated in
//! mid-run loses nothing.

use serde_json::{Value, json};

use super::{Stage, behind_proxy};
use crate::support::agent::Setup;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;

fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: '{image}'}}]}}
"
    )
}

fn late(value: &str) -> String {
    config_map("late", value)
        .replace("metadata: {", "metadata: {annotations: {argocd.argoproj.io/sync-wave: '1'}, ")
}

#[test]
fn a_sync_that_waits_slows_nobody_and_is_overtaken() {
    let plane = controlplane::shared();
    let namespace = "it-pace";
    let stage = Stage::new(plane, namespace);
    stage.repository.commit(
        "main",
        &[
            ("stuck/web.yaml", &deployment("web:broken")),
            ("stuck/late.yaml", &late("1")),
            ("free/map.yaml", &config_map("map", "1")),
        ],
    );
    let agent = stage.setup.start();
    let url = stage.repository.url();
    plane.apply(&application(namespace, "stuck", &url, "stuck", "it-pace-stuck").to_string());
    wait_for("the first wave to be waited for", || {
        let app = plane.app(namespace, "stuck");
        let message = text(&app, "/status/operationState/message");
        if message.contains("waiting for healthy state") { Ok(()) } else { Err(app["status"].to_string()) }
    });
    plane.apply(&application(namespace, "free", &url, "free", "it-pace-free").to_string());
    plane.wait_until_well(namespace, "free");
    stage.repository.commit("main", &[("free/map.yaml", &config_map("map", "2"))]);
    wait_for("the other Application to follow", || {
        let map = plane.get("configmap", "it-pace-free", "map").unwrap_or_default();
        if text(&map, "/data/value") == "2" { Ok(()) } else { Err(agent.log()) }
    });
    assert!(plane.get("configmap", "it-pace-stuck", "late").is_none(), "the second wave waits for the first");

    stage
        .repository
        .commit("main", &[("stuck/web.yaml", &deployment("web:1")), ("stuck/late.yaml", &late("2"))]);
    plane.wait_until_well(namespace, "stuck");
    let map = plane.get("configmap", "it-pace-stuck", "late").expect("the second wave has come");
    assert_eq!(text(&map, "/data/value"), "2");
}

#[test]
fn a_token_that_is_rotated_loses_nothing() {
    let plane = controlplane::shared();
    let namespace = "it-token";
    let setup = Setup::new(plane, namespace);
    let repository = TestRepository::bare(&setup.folder.join("source/shop.git"));
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "1"))]);
    let file = setup.folder.join("token");
    let (proxy, kubeconfig) = behind_proxy(&setup.kubeconfig);
    let mut config: serde_yaml::Value =
        serde_yaml::from_str(&std::fs::read_to_string(&kubeconfig).expect("it is there"))
            .expect("it is YAML");
    let user = serde_yaml::to_value(json!({"tokenFile": file})).expect("it is a value");
    config["users"][0]["user"] = user;
    std::fs::write(&kubeconfig, serde_yaml::to_string(&config).expect("it is YAML"))
        .expect("it can be written");
    let folder = setup.folder.join("source").to_str().expect("it is text").to_owned();
    let setup = Setup { kubeconfig, ..setup }.with(&["--local-repository", &folder]);

    std::fs::write(&file, token(plane, namespace, "first")).expect("it can be written");
    let mut agent = setup.start();
    let app = application(namespace, "rotated", &repository.url(), "shop", "it-token-shop");
    plane.apply(&app.to_string());
    plane.wait_until_well(namespace, "rotated");

    std::fs::write(&file, token(plane, namespace, "second")).expect("it can be written");
    plane.must(&["delete", "secret", "first", "-n", namespace]);
    proxy.cut();
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "2"))]);
    wait_for("the commit to arrive with the new token", || {
        let map = plane.get("configmap", "it-token-shop", "map").unwrap_or_default();
        if text(&map, "/data/value") == "2" { Ok(()) } else { Err(agent.log()) }
    });
    let app = plane.wait_until_well(namespace, "rotated");
    assert_eq!(app.pointer("/status/history").and_then(Value::as_array).map(Vec::len), Some(2));
    assert!(agent.is_running());
}

/// A token of the agent's account that is good as long as this Secret is there.
fn token(plane: &ControlPlane, namespace: &str, secret: &str) -> String {
    let object =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret, "namespace": namespace}});
    plane.apply(&object.to_string());
    let bound = ["--bound-object-kind=Secret", "--bound-object-name", secret];
    let mut arguments = vec!["create", "token", "windlass", "-n", namespace];
    arguments.extend(bound);
    plane.must(&arguments).trim().to_owned()
}
