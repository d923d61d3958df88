//! The disk of the caches is full, or cannot be written at all (fault F12): what is in force stays in force.

use std::process::Command;

use serde_json::json;

use crate::support::agent::Setup;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer};

/// A small disk in a mount namespace of the agent's own, where the machine lets us make one.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=3m none "$0" && exec "$@""#;

fn value(plane: &ControlPlane, namespace: &str) -> String {
    let map = plane.get("configmap", namespace, "map").unwrap_or_default();
    text(&map, "/data/value").to_owned()
}

#[track_caller]
fn wait_for_value(plane: &ControlPlane, namespace: &str, expected: &str) {
    wait_for(&format!("the object to be {expected}"), || {
        let found = value(plane, namespace);
        if found == expected { Ok(()) } else { Err(found) }
    });
}

/// Text that does not pack.
fn noise(bytes: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + u8::try_from(state % 26).expect("it is a letter"))
    });
    letters.take(bytes).collect()
}

fn serve(setup: &Setup) -> (TestRepository, HttpServer) {
    let served = setup.folder.join("served");
    let repository = TestRepository::bare(&served.join("shop.git"));
    repository.set("http.uploadpack", "true");
    (repository, GitBackend::start(&served))
}

fn pace(plane: &ControlPlane, namespace: &str) {
    let data = json!({"timeout.reconciliation": "1s", "timeout.reconciliation.jitter": "0s"});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
        "metadata": {"name": "argocd-cm", "namespace": namespace}});
    plane.apply(&settings.to_string());
}

#[test]
fn a_full_disk_is_named_and_the_last_good_commit_stays_in_force() {
    let place = tempfile::tempdir().expect("a folder");
    let tried =
        Command::new("unshare").args(["-rm", "sh", "-c", SMALL_DISK]).arg(place.path()).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine lets nobody mount a small disk (unshare -rm, mount -t tmpfs)");
        return;
    }
    let (plane, namespace, target) = (controlplane::shared(), "it-disk", "it-disk-shop");
    let setup = Setup::new(plane, namespace);
    let cache = setup.folder.join("cache");
    std::fs::create_dir(&cache).expect("it can be made");
    let cache = cache.to_str().expect("it is text").to_owned();
    let setup = setup.through(&["unshare", "-rm", "sh", "-c", SMALL_DISK, &cache]);
    let (repository, server) = serve(&setup);
    pace(plane, namespace);
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "red"))]);
    let mut agent = setup.start();
    let mut app = application(namespace, "shop", &server.url("shop.git"), "shop", target);
    app["spec"]["source"]["targetRevision"] = "main".into();
    plane.apply(&app.to_string());
    plane.wait_until_well(namespace, "shop");

    // A commit that does not fit.
    let large = noise(4 << 20);
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "green")), ("media/film", &large)]);
    plane.wait_for_condition(namespace, "shop", "StaleSourceWarning", &["No space left", "stays in force"]);
    assert_eq!(value(plane, target), "red");
    plane.patch("configmap", target, "map", &json!({"data": {"value": "by hand"}}));
    wait_for_value(plane, target, "red");

    // One that does.
    repository.rewrite("main", &[("shop/map.yaml", &config_map("map", "blue"))]);
    wait_for_value(plane, target, "blue");
    plane.wait_until_well(namespace, "shop");
    assert!(agent.is_running());
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_named() {
    let (plane, namespace, target) = (controlplane::shared(), "it-no-disk", "it-no-disk-shop");
    let setup = Setup::new(plane, namespace);
    // A file where the folder should be: nothing can be made below it, whoever asks.
    std::fs::write(setup.folder.join("cache"), "in the way").expect("it can be written");
    let (repository, server) = serve(&setup);
    pace(plane, namespace);
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "red"))]);
    let mut agent = setup.start();
    plane.apply(&application(namespace, "shop", &server.url("shop.git"), "shop", target).to_string());
    plane.wait_for_condition(
        namespace,
        "shop",
        "ComparisonError",
        &["could not make the cache", "must be writable"],
    );
    let (code, page) = agent.page(&format!("/applications/{namespace}/shop")).expect("the page is there");
    assert!(code == 200 && page.contains("must be writable"), "{page}");

    std::fs::remove_file(setup.folder.join("cache")).expect("it is ours");
    plane.wait_until_well(namespace, "shop");
    assert_eq!(value(plane, target), "red");
    assert!(agent.is_running());
}
