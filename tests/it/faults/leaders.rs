//! Two agents and one lease: whoever is frozen and wakes up late changes nothing (fault F11). Beside Argo CD's own
//! controller windlass stands by.

use serde_json::json;

use super::{Stage, behind_proxy, contents};
use crate::support::agent::Setup;
use crate::support::apps::{application, config_map};
use crate::support::controlplane::{self, wait_for};
use crate::support::faults::Fault;

const NAMESPACE: &str = "it-leaders";

fn manifests() -> String {
    let maps: Vec<String> = (0..8)
        .map(|number| {
            config_map(&format!("map-{number}"), "red").replace(
                "metadata: {",
                &format!("metadata: {{annotations: {{argocd.argoproj.io/sync-wave: '{}'}}, ", number / 4),
            )
        })
        .collect();
    maps.join("---\n")
}

#[test]
fn a_frozen_leader_does_no_harm_when_it_wakes_up() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, NAMESPACE);
    stage.repository.commit("main", &[("shop/all.yaml", &manifests()), ("calm/all.yaml", &manifests())]);
    let first = stage.setup.start();
    let url = stage.repository.url();
    plane.apply(&application(NAMESPACE, "led-calm", &url, "calm", "it-leaders-calm").to_string());
    plane.wait_until_well(NAMESPACE, "led-calm");

    let (other_proxy, kubeconfig) = behind_proxy(&stage.setup.folder.join("kubeconfig"));
    let named = |argument: &String| if argument == "stage" { "second".to_owned() } else { argument.clone() };
    let arguments = stage.setup.arguments.iter().map(named).collect();
    let folder = stage.setup.folder.join("second");
    let launcher = Vec::new();
    let second = Setup { namespace: NAMESPACE.to_owned(), arguments, kubeconfig, folder, launcher }.start();
    wait_for("the second agent to stand by", || {
        let (_, page) = second.page("/")?;
        if page.contains("stage leads") { Ok(()) } else { Err(page) }
    });
    assert!(other_proxy.take_writes().is_empty(), "who stands by writes nothing");

    // The leader is frozen with a write under way.
    stage.proxy.set(|asked| {
        match asked.is_write() && asked.target.contains("it-leaders-shop/configmaps/map-2") {
            true => Fault::Silence,
            false => Fault::None,
        }
    });
    stage.proxy.take_asked();
    plane.apply(&application(NAMESPACE, "led-shop", &url, "shop", "it-leaders-shop").to_string());
    wait_for("the sync to be under way", || {
        let writes = stage.proxy.take_writes();
        let is_there = writes.iter().any(|asked| asked.target.contains("/map-2?"));
        if is_there { Ok(()) } else { Err(first.log()) }
    });
    first.signal("STOP");
    plane.wait_until_well(NAMESPACE, "led-shop");
    assert!(!other_proxy.take_writes().is_empty(), "the second agent has taken over");
    let ended = plane.app(NAMESPACE, "led-shop");

    stage.proxy.clear();
    stage.proxy.take_asked();
    first.signal("CONT");
    wait_for("the first agent to stand by", || {
        let (_, page) = first.page("/")?;
        if page.contains("second leads") { Ok(()) } else { Err(format!("{page}\n{}", first.log())) }
    });
    let late = stage.proxy.take_writes();
    assert!(late.is_empty(), "a late writer: {late:?}");
    assert_eq!(plane.app(NAMESPACE, "led-shop"), ended, "nobody has touched what the new leader wrote");
    assert_eq!(contents(plane, "it-leaders-shop"), contents(plane, "it-leaders-calm"));
}

#[test]
fn beside_argo_cds_own_controller_windlass_stands_by() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, "it-upstream");
    stage.repository.commit("main", &[("shop/all.yaml", &config_map("map", "red"))]);
    let upstream = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "argocd-application-controller-0", "namespace": "it-upstream",
            "labels": {"app.kubernetes.io/name": "argocd-application-controller"}},
        "spec": {"containers": [{"name": "controller", "image": "argocd:1"}]},
    });
    plane.apply(&upstream.to_string());
    let agent = stage.setup.start();
    let app = application("it-upstream", "beside", &stage.repository.url(), "shop", "it-upstream-shop");
    plane.apply(&app.to_string());
    wait_for("the page to say who is there", || {
        let (_, page) = agent.page("/")?;
        if page.contains("argocd-application-controller-0") { Ok(()) } else { Err(page) }
    });
    assert!(stage.proxy.take_writes().is_empty(), "two controllers do not drive one Application");
    assert!(plane.app("it-upstream", "beside").get("status").is_none());

    plane.must(&[
        "delete",
        "pod",
        "argocd-application-controller-0",
        "-n",
        "it-upstream",
        "--grace-period=0",
        "--force",
    ]);
    plane.wait_until_well("it-upstream", "beside");

    // It comes back while windlass leads.
    plane.apply(&upstream.to_string());
    wait_for("windlass to stand by again", || {
        let (_, page) = agent.page("/")?;
        if page.contains("argocd-application-controller-0") { Ok(()) } else { Err(page) }
    });
}
