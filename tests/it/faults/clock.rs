//! The wall clock of the agent's machine is set, back and ahead (fault F13): no wait gets longer or shorter.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Stage;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};

const NAMESPACE: &str = "it-clock";
const TARGET: &str = "it-clock-shop";

/// The library of Debian's package `faketime`, which tells one process another time.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("there is one").flatten().map(|entry| entry.path());
    let mut found =
        folders.map(|folder| folder.join("faketime/libfaketime.so.1")).filter(|path| path.exists());
    found.next().expect("faketime is installed: scripts/setup.sh does it")
}

/// What the agent's clock says from now on, seen from the true one: `-2h`, `+5h`.
fn set_clock(file: &Path, offset: &str) {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, offset).expect("it can be written");
    std::fs::rename(&fresh, file).expect("it can be put in place");
}

#[test]
fn a_clock_that_is_set_holds_nothing_up() {
    let plane = controlplane::shared();
    let Stage { setup, proxy: _proxy, repository } = Stage::new(plane, NAMESPACE);
    let clock = setup.folder.join("clock");
    set_clock(&clock, "+0s");
    let setup = setup.through(&[
        "env",
        &format!("LD_PRELOAD={}", library().display()),
        &format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()),
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ]);
    let mut agent = setup.start();
    repository.commit("main", &[("shop/map.yaml", &config_map("map", "first"))]);
    plane.apply(&application(NAMESPACE, "shop", &repository.url(), "shop", TARGET).to_string());
    plane.wait_until_well(NAMESPACE, "shop");

    for (round, offset) in ["-2h", "+5h", "-1h", "+0s"].into_iter().enumerate() {
        set_clock(&clock, offset);
        // Twice in a row: the second one waits for its turn after the first.
        for edit in 0..2 {
            let before = value(plane);
            plane.patch("configmap", TARGET, "map", &json!({"data": {"value": format!("by hand {edit}")}}));
            wait_for_value(plane, &before, &agent.log());
        }
        let fresh = format!("commit {round}");
        repository.commit("main", &[("shop/map.yaml", &config_map("map", &fresh))]);
        wait_for_value(plane, &fresh, &agent.log());
        let app = plane.wait_until_well(NAMESPACE, "shop");
        assert_eq!(
            app["status"]["history"].as_array().map(Vec::len),
            Some(round + 2),
            "one entry for each commit"
        );
    }

    // What is refused is tried again, though the clock is set back while it waits.
    repository.commit("main", &[("late/map.yaml", &config_map("map", "late"))]);
    setup_retry(plane, &repository.url());
    wait_for("a retry to be waited for", || {
        let app = plane.app(NAMESPACE, "late");
        let count = app.pointer("/status/operationState/retryCount").and_then(serde_json::Value::as_u64);
        if count >= Some(1) { Ok(()) } else { Err(app["status"].to_string()) }
    });
    set_clock(&clock, "-1h");
    plane.apply("{apiVersion: v1, kind: Namespace, metadata: {name: it-clock-late}}");
    plane.wait_until_well(NAMESPACE, "late");
    assert!(agent.is_running());
}

/// An Application whose namespace is missing, tried again after a while.
fn setup_retry(plane: &ControlPlane, url: &str) {
    let mut late = application(NAMESPACE, "late", url, "late", "it-clock-late");
    late["spec"]["syncPolicy"]["syncOptions"] = json!([]);
    late["spec"]["syncPolicy"]["retry"] =
        json!({"limit": 20, "backoff": {"duration": "2s", "maxDuration": "4s"}});
    plane.apply(&late.to_string());
}

fn value(plane: &ControlPlane) -> String {
    let map = plane.get("configmap", TARGET, "map").unwrap_or_default();
    text(&map, "/data/value").to_owned()
}

#[track_caller]
fn wait_for_value(plane: &ControlPlane, expected: &str, log: &str) {
    wait_for(&format!("the object to say {expected}"), || {
        let found = value(plane);
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found}: {}\n{log}", plane.app(NAMESPACE, "shop")["status"]))
        }
    });
}
