//! Git is away, rewritten or broken on disk (faults F07 to F09): the last good commit stays in force, and drift is
//! still healed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::agent::Setup;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer, Reply};

const NAMESPACE: &str = "it-git-faults";

fn colour(plane: &ControlPlane) -> String {
    let map = plane.get("configmap", "it-git-faults-shop", "map").unwrap_or_default();
    text(&map, "/data/value").to_owned()
}

#[track_caller]
fn wait_for_colour(plane: &ControlPlane, expected: &str) {
    wait_for(&format!("the object to be {expected}"), || {
        let found = colour(plane);
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found}: {}", plane.app(NAMESPACE, "mirrored")["status"]))
        }
    });
}

#[test]
fn what_git_does_loses_nothing() {
    let plane = controlplane::shared();
    let setup = Setup::new(plane, NAMESPACE).with(&["--identity", "git"]);
    let served = setup.folder.join("served");
    let repository = TestRepository::bare(&served.join("shop.git"));
    repository.set("http.uploadpack", "true");
    let is_away = Arc::new(AtomicBool::new(false));
    let (away, backend) = (is_away.clone(), GitBackend::new(&served));
    let server = HttpServer::start(move |request| match away.load(Ordering::Relaxed) {
        true => Reply::status(503),
        false => backend.answer(request),
    });
    let pace = json!({"timeout.reconciliation": "1s", "timeout.reconciliation.jitter": "0s",
        "windlass.rewrite-url": format!("https://git.example.com/={}", server.url(""))});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": pace,
        "metadata": {"name": "argocd-cm", "namespace": NAMESPACE}});
    plane.apply(&settings.to_string());
    let file = |value: &str| config_map("map", value);
    let beside = config_map("beside", "1");
    repository.commit("main", &[("shop/map.yaml", &file("red")), ("shop/beside.yaml", &beside)]);
    let agent = setup.start();
    let mut app =
        application(NAMESPACE, "mirrored", "https://git.example.com/shop.git", "shop", "it-git-faults-shop");
    app["spec"]["source"]["targetRevision"] = "main".into();
    plane.apply(&app.to_string());
    plane.wait_until_well(NAMESPACE, "mirrored");

    // Away: said, and drift is healed all the same, by the agent as it runs and by one that starts now.
    is_away.store(true, Ordering::Relaxed);
    plane.wait_for_condition(NAMESPACE, "mirrored", "StaleSourceWarning", &["503", "stays in force"]);
    by_hand(plane);
    wait_for_colour(plane, "red");
    drop(agent);
    by_hand(plane);
    let agent = setup.start();
    wait_for_colour(plane, "red");
    plane.must(&["annotate", "application", "mirrored", "-n", NAMESPACE, "argocd.argoproj.io/refresh=hard"]);
    wait_for("the refresh to be done", || {
        let app = plane.app(NAMESPACE, "mirrored");
        let asked = app.pointer("/metadata/annotations/argocd.argoproj.io~1refresh").is_some();
        if asked { Err(app.to_string()) } else { Ok(()) }
    });
    assert_eq!(colour(plane), "red");

    // Back, with a history that was rewritten.
    let rewritten =
        repository.rewrite("main", &[("shop/map.yaml", &file("green")), ("shop/beside.yaml", &beside)]);
    is_away.store(false, Ordering::Relaxed);
    wait_for_colour(plane, "green");
    let app = wait_until_calm(plane);
    assert_eq!(text(&app, "/status/sync/revision"), rewritten);

    // A branch that is deleted is an error, not an empty source.
    repository.delete_branch("main");
    plane.wait_for_condition(NAMESPACE, "mirrored", "ComparisonError", &["revision main is not in"]);
    assert_eq!(colour(plane), "green");
    assert!(plane.get("configmap", "it-git-faults-shop", "beside").is_some());
    repository.rewrite("main", &[("shop/map.yaml", &file("blue")), ("shop/beside.yaml", &beside)]);
    wait_for_colour(plane, "blue");
    wait_until_calm(plane);

    // What was kept on disk is garbage: it is thrown away and fetched anew.
    drop(agent);
    let packs = packs(&setup.folder.join("cache/git"));
    assert!(!packs.is_empty(), "the mirror has packs");
    packs.iter().for_each(|pack| flip_bytes(pack));
    repository.commit("main", &[("shop/map.yaml", &file("white"))]);
    let _agent = setup.start();
    wait_for_colour(plane, "white");
    wait_until_calm(plane);
    assert!(plane.get("configmap", "it-git-faults-shop", "beside").is_some());
}

fn by_hand(plane: &ControlPlane) {
    plane.patch("configmap", "it-git-faults-shop", "map", &json!({"data": {"value": "by hand"}}));
}

/// Well, and without a condition.
fn wait_until_calm(plane: &ControlPlane) -> serde_json::Value {
    wait_for("the conditions to go", || {
        let app = plane.wait_until_well(NAMESPACE, "mirrored");
        let conditions = app.pointer("/status/conditions").cloned().unwrap_or_default();
        if conditions.as_array().is_none_or(Vec::is_empty) { Ok(app) } else { Err(conditions.to_string()) }
    })
}

fn packs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(packs(&path)),
            false if path.extension().is_some_and(|ending| ending == "pack") => found.push(path),
            false => {}
        }
    }
    found
}

/// Every seventh byte of a pack's objects.
fn flip_bytes(pack: &Path) {
    let mut bytes = std::fs::read(pack).expect("it can be read");
    bytes.iter_mut().skip(12).step_by(7).for_each(|byte| *byte ^= 0x55);
    let mut permissions = std::fs::metadata(pack).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(pack, permissions).expect("it is ours");
    std::fs::write(pack, bytes).expect("it can be written");
}
