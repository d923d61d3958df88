//! The API server is away, busy, wrong or silent (faults F01 to F04).

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{Stage, contents};
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::faults::{Asked, Fault};

fn refusal(code: u16, reason: &str) -> String {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("injected {reason}")})
    .to_string()
}

/// Every write is disturbed once, each in another way, and then goes through.
fn each_write_once() -> impl Fn(&Asked) -> Fault + Send + Sync {
    let known: Mutex<Vec<String>> = Mutex::default();
    let turn = AtomicUsize::new(0);
    move |asked| {
        let name = format!("{} {}", asked.method, asked.target);
        let mut known = known.lock().expect("nobody panics with it");
        if asked.method == "GET" || asked.target.contains("/leases") || known.contains(&name) {
            return Fault::None;
        }
        known.push(name);
        match turn.fetch_add(1, Ordering::SeqCst) % 6 {
            0 => Fault::Answer(429, "Retry-After: 1\r\n", refusal(429, "TooManyRequests")),
            1 => Fault::LoseAnswer,
            2 => Fault::Answer(503, "", refusal(503, "ServiceUnavailable")),
            3 => Fault::Answer(409, "", refusal(409, "Conflict")),
            4 => Fault::Break,
            _ => Fault::Answer(500, "", refusal(500, "InternalError")),
        }
    }
}

fn manifests(value: &str) -> String {
    let maps: Vec<String> = (0..6).map(|number| config_map(&format!("map-{number}"), value)).collect();
    maps.join("---\n")
}

fn colour(plane: &ControlPlane, namespace: &str, name: &str) -> String {
    let map = plane.get("configmap", namespace, name).unwrap_or_default();
    text(&map, "/data/value").to_owned()
}

#[test]
fn a_server_that_refuses_loses_answers_and_goes_away_costs_nothing() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-server");
    let url = stage.repository.url();
    stage
        .repository
        .commit("main", &[("sv-calm/all.yaml", &manifests("red")), ("sv-rough/all.yaml", &manifests("red"))]);
    let mut agent = stage.setup.start();
    plane.apply(&application("it-server", "sv-calm", &url, "sv-calm", "it-server-sv-calm").to_string());
    plane.wait_until_well("it-server", "sv-calm");

    stage.proxy.set(each_write_once());
    plane.apply(&application("it-server", "sv-rough", &url, "sv-rough", "it-server-sv-rough").to_string());
    plane.wait_until_well("it-server", "sv-rough");
    assert_eq!(contents(plane, "it-server-sv-rough"), contents(plane, "it-server-sv-calm"));

    // A change and a prune under the same weather.
    stage.proxy.set(each_write_once());
    let fewer = manifests("green").replace("map-5", "map-6");
    stage.repository.commit("main", &[("sv-calm/all.yaml", &fewer), ("sv-rough/all.yaml", &fewer)]);
    for app in ["sv-calm", "sv-rough"] {
        let target = format!("it-server-{app}");
        wait_for("the change to arrive", || {
            let pruned = plane.get("configmap", &target, "map-5").is_none();
            let made = colour(plane, &target, "map-6") == "green";
            if pruned && made { Ok(()) } else { Err(plane.app("it-server", app)["status"].to_string()) }
        });
        plane.wait_until_well("it-server", app);
    }
    stage.proxy.clear();
    assert_eq!(contents(plane, "it-server-sv-rough"), contents(plane, "it-server-sv-calm"));

    // Away, while Git moves and a hand changes an object; then back.
    stage.proxy.take_asked();
    stage.proxy.down(true);
    stage.repository.commit("main", &[("sv-calm/all.yaml", &manifests("blue"))]);
    plane.patch("configmap", "it-server-sv-rough", "map-0", &json!({"data": {"value": "by hand"}}));
    wait_for("the agent to notice", || {
        let log = agent.log();
        if log.contains("lease could not be renewed") { Ok(()) } else { Err(log) }
    });
    assert!(matches!(agent.page("/"), Ok((200, _))), "the page is there");
    stage.proxy.down(false);
    wait_for("everything to be made up for", || {
        let seen =
            (colour(plane, "it-server-sv-calm", "map-0"), colour(plane, "it-server-sv-rough", "map-0"));
        if seen == ("blue".into(), "green".into()) {
            Ok(())
        } else {
            Err(format!("{seen:?}\n{}", agent.log()))
        }
    });
    plane.wait_until_well("it-server", "sv-calm");
    plane.wait_until_well("it-server", "sv-rough");
    let asked = stage.proxy.take_asked().len();
    assert!(asked < 400, "{asked} requests: a server that comes back is not stormed");
    assert!(agent.is_running(), "the agent is the same as before");
}

#[test]
fn a_watch_that_ends_in_any_way_misses_nothing() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-watch");
    stage.repository.commit("main", &[("shop/all.yaml", &manifests("red"))]);
    let agent = stage.setup.start();
    let app = application("it-watch", "watched", &stage.repository.url(), "shop", "it-watch-shop");
    plane.apply(&app.to_string());
    plane.wait_until_well("it-watch", "watched");
    let healed = |name: &str| {
        plane.patch("configmap", "it-watch-shop", name, &json!({"data": {"value": "by hand"}}));
        wait_for("the hand edit to be undone", || {
            if colour(plane, "it-watch-shop", name) == "red" { Ok(()) } else { Err(agent.log()) }
        });
    };

    // Every watch breaks, and its version is too old when it is taken up again.
    let expired = AtomicUsize::new(0);
    stage.proxy.set(move |asked| {
        let is_resumed = asked.is_watch() && !asked.target.contains("sendInitialEvents");
        if is_resumed && expired.fetch_add(1, Ordering::SeqCst) < 20 {
            return Fault::Answer(410, "", refusal(410, "Expired"));
        }
        Fault::None
    });
    stage.proxy.cut();
    healed("map-0");

    // One that stays open and says nothing more.
    stage.proxy.set(|asked| match asked.is_watch() && asked.target.contains("/configmaps") {
        true => Fault::SilenceAfter(0),
        false => Fault::None,
    });
    stage.proxy.cut();
    wait_for("the silent watch to be opened", || {
        let is_open = stage.proxy.take_asked().iter().any(|asked| asked.target.contains("/configmaps"));
        if is_open { Ok(()) } else { Err(agent.log()) }
    });
    stage.proxy.clear();
    healed("map-1");

    // Deleted while nobody watched.
    stage.proxy.down(true);
    plane.must(&["delete", "configmap", "map-2", "-n", "it-watch-shop"]);
    stage.proxy.down(false);
    wait_for("the deleted object to be made again", || {
        if colour(plane, "it-watch-shop", "map-2") == "red" { Ok(()) } else { Err(agent.log()) }
    });
    plane.wait_until_well("it-watch", "watched");
    let undisturbed = contents(plane, "it-watch-shop");
    assert_eq!(undisturbed.len(), 6);
}

#[test]
fn what_cannot_be_read_is_named_and_nobody_else_notices() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-strange");
    // As a server says it whose definitions let everything in.
    stage.proxy.rewrite("\"revisionHistoryLimit\":7654321", "\"revisionHistoryLimit\":\"wrong\"");
    stage.repository.commit("main", &[("shop/all.yaml", &config_map("map", "red"))]);
    let url = stage.repository.url();
    let mut strange = application("it-strange", "strange", &url, "shop", "it-strange-shop");
    strange["spec"]["revisionHistoryLimit"] = 7_654_321.into();
    plane.apply(&strange.to_string());
    let agent = stage.setup.start();
    plane.apply(&application("it-strange", "plain", &url, "shop", "it-strange-shop").to_string());
    plane.wait_until_well("it-strange", "plain");
    let words = ["spec", "correct the field"];
    plane.wait_for_condition("it-strange", "strange", "InvalidSpecError", &words);
    let (code, page) = agent.page("/applications/it-strange/strange").expect("the page is there");
    assert!(code == 200 && page.contains("correct the field"), "{page}");
    assert!(plane.app("it-strange", "strange").pointer("/status/operationState").is_none());
}
