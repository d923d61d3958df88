//! What people and tools do to a Rollout by other ways than Git: upstream's `kubectl argo rollouts`, `kubectl scale`
//! through `/scale`, and patches by hand.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::manifests;
use crate::support::agent::{Agent, Setup};
use crate::support::apps::text;
use crate::support::controlplane::{self, ControlPlane, wait_for};

pub const STEPS: &str = "      steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {}}]\n";

/// A Rollout that nobody syncs, and an agent that drives it.
pub struct Desk {
    pub plane: &'static ControlPlane,
    namespace: &'static str,
    pub agent: Agent,
}

impl Desk {
    fn new(namespace: &'static str) -> Self {
        Self::of(namespace, &manifests(namespace, "web:1", "5s", STEPS))
    }

    /// With manifests of the test's own.
    pub fn of(namespace: &'static str, files: &str) -> Self {
        let plane = controlplane::shared();
        let setup = Setup::new(plane, namespace);
        let setup = setup.with(&["--controllers=rollouts", "--drive-rollouts", "--instance-id", namespace]);
        let agent = setup.start();
        let file = setup.folder.join("all.yaml");
        std::fs::write(&file, files).expect("it can be written");
        plane.must(&["apply", "-n", namespace, "-f", file.to_str().expect("it is text")]);
        let desk = Self { plane, namespace, agent };
        desk.wait_for("Healthy", "", 4);
        desk
    }

    pub fn rollout(&self) -> Value {
        self.plane.get("rollout", self.namespace, "web").unwrap_or_default()
    }

    /// Waits until the Rollout, as its users left it, is in a phase with this message, at this step.
    #[track_caller]
    pub fn wait_for(&self, phase: &str, message: &str, step: i64) -> Value {
        wait_for(&format!("the Rollout to be {phase} ({message}) at step {step}"), || {
            let rollout = self.rollout();
            let status = &rollout["status"];
            let observed = text(status, "/observedGeneration").parse::<i64>().ok();
            let is_there = text(status, "/phase") == phase
                && text(status, "/message").starts_with(message)
                && status["currentStepIndex"] == step
                && observed == rollout["metadata"]["generation"].as_i64();
            if is_there { Ok(rollout) } else { Err(format!("{status}\n{}", self.agent.log())) }
        })
    }

    fn image(&self) -> String {
        text(&self.rollout(), "/spec/template/spec/containers/0/image").to_owned()
    }

    pub fn weight(&self) -> i64 {
        let route = self.plane.get("virtualservice", self.namespace, "web").unwrap_or_default();
        route["spec"]["http"][0]["route"][1]["weight"].as_i64().unwrap_or(-1)
    }

    /// Runs the plugin; its output, or its complaint.
    fn plugin(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(plugin())
            .args(arguments)
            .args(["--namespace", self.namespace, "--kubeconfig"])
            .arg(&self.plane.kubeconfig)
            .stdin(Stdio::null())
            .output()
            .expect("the plugin can be run");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let all = said(&output.stdout) + &said(&output.stderr);
        if output.status.success() { Ok(all) } else { Err(all) }
    }

    #[track_caller]
    fn must(&self, arguments: &[&str]) -> String {
        match self.plugin(arguments) {
            Ok(output) => output,
            Err(complaint) => panic!("kubectl argo rollouts {}: {complaint}", arguments.join(" ")),
        }
    }

    /// A change of the Rollout by hand.
    pub fn merge(&self, patch: &Value) {
        let patch = patch.to_string();
        self.plane.must(&["patch", "rollout", "web", "-n", self.namespace, "--type=merge", "-p", &patch]);
    }

    /// A merge patch of the status, as tools send it.
    fn patch_status(&self, patch: &Value) {
        let patch = json!({"status": patch}).to_string();
        let arguments = ["patch", "rollout", "web", "-n", self.namespace, "--subresource=status"];
        self.plane.must(&[&arguments[..], &["--type=merge", "-p", &patch]].concat());
    }

    /// A process with this half alone goes on renewing its lease, beyond the length of one.
    fn keeps_its_lease(&self) {
        wait_for("the lease to be older than its length, and fresh", || {
            let lease =
                self.plane.get("lease", self.namespace, "argo-rollouts-controller-lock").unwrap_or_default();
            let time = |field: &str| {
                lease["spec"][field].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok())
            };
            let age = time("renewTime")
                .zip(time("acquireTime"))
                .map(|(renewed, taken)| renewed.as_second() - taken.as_second());
            if age > lease["spec"]["leaseDurationSeconds"].as_i64() { Ok(()) } else { Err(lease.to_string()) }
        });
    }

    pub fn pods(&self) -> Vec<Value> {
        let list = self.plane.must(&["get", "pods", "-n", self.namespace, "-l", "app=web", "-o", "json"]);
        let list: Value = serde_json::from_str(&list).expect("it is JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    }
}

/// Upstream's plugin, built where it is not there yet.
fn plugin() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plugin/build.sh");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("build.sh can be run");
    assert!(output.status.success(), "kubectl argo rollouts could not be built");
    let text = String::from_utf8(output.stdout).expect("a path is text");
    PathBuf::from(text.trim().lines().last().expect("build.sh prints the program's path"))
}

#[track_caller]
fn says(output: &str, parts: &[&str]) {
    let squeezed: Vec<&str> = output.split_whitespace().collect();
    let squeezed = squeezed.join(" ");
    for part in parts {
        assert!(squeezed.contains(part), "{part} is not in:\n{output}");
    }
}

#[test]
fn upstreams_plugin_works() {
    let desk = Desk::new("it-plugin");
    let shown = desk.must(&["get", "rollout", "web", "--no-color"]);
    says(
        &shown,
        &["Name: web", "Status: ✔ Healthy", "Strategy: Canary", "Step: 4/4", "web:1 (stable)", "Ready: 4"],
    );
    says(&desk.must(&["list", "rollouts"]), &["web Canary Healthy 4/4 100 4/4 4 4 4"]);
    says(&desk.must(&["status", "web", "--timeout", "60s"]), &["Healthy"]);

    desk.must(&["set", "image", "web", "web=web:2"]);
    desk.wait_for("Paused", "CanaryPauseStep", 1);
    assert_eq!(desk.weight(), 25);
    says(&desk.must(&["status", "web", "--watch=false"]), &["Paused - CanaryPauseStep"]);
    let shown = desk.must(&["get", "rollout", "web", "--no-color"]);
    let parts = ["Status: ॥ Paused", "SetWeight: 25", "ActualWeight: 25", "web:1 (stable)", "web:2 (canary)"];
    says(&shown, &parts);

    desk.must(&["promote", "web"]);
    desk.wait_for("Paused", "CanaryPauseStep", 3);
    assert_eq!(desk.weight(), 50);

    desk.must(&["abort", "web"]);
    desk.wait_for("Degraded", "RolloutAborted", 0);
    wait_for("the traffic to be back", || if desk.weight() == 0 { Ok(()) } else { Err(desk.agent.log()) });
    assert!(desk.plugin(&["status", "web", "--timeout", "5s"]).is_err(), "a degraded Rollout is an error");

    desk.must(&["retry", "rollout", "web"]);
    desk.wait_for("Paused", "CanaryPauseStep", 1);
    desk.must(&["promote", "web", "--full"]);
    desk.wait_for("Healthy", "", 4);
    assert_eq!(desk.image(), "web:2");

    desk.must(&["set", "image", "web", "web=web:3"]);
    desk.wait_for("Paused", "CanaryPauseStep", 1);
    desk.must(&["undo", "web"]);
    desk.wait_for("Healthy", "", 4);
    assert_eq!(desk.image(), "web:2");

    desk.must(&["pause", "web"]);
    desk.wait_for("Paused", "manually paused", 4);
    desk.must(&["promote", "web"]);
    desk.wait_for("Healthy", "", 4);

    let before: Vec<String> = desk.pods().iter().map(|pod| text(pod, "/metadata/uid").to_owned()).collect();
    desk.must(&["restart", "web"]);
    wait_for("all pods to be others", || {
        let rollout = desk.rollout();
        let done = !text(&rollout, "/spec/restartAt").is_empty()
            && text(&rollout, "/status/restartedAt") == text(&rollout, "/spec/restartAt");
        let old = desk
            .pods()
            .iter()
            .filter(|pod| before.iter().any(|uid| uid == text(pod, "/metadata/uid")))
            .count();
        if done && old == 0 { Ok(()) } else { Err(format!("{old} old pods; {}", rollout["status"])) }
    });
    desk.wait_for("Healthy", "", 4);
}

#[test]
fn the_plugin_lints() {
    let folder = tempfile::tempdir().expect("a folder");
    let lint = |text: &str| {
        let file = folder.path().join("rollout.yaml");
        std::fs::write(&file, text).expect("it can be written");
        Command::new(plugin()).args(["lint", "-f"]).arg(&file).output().expect("the plugin can be run")
    };
    let good = manifests("lint", "web:1", "5s", STEPS);
    let output = lint(&good);
    assert!(output.status.success(), "{output:?}");
    assert!(!lint(&good.replace("setWeight: 25", "setWeight: 250")).status.success());
}

#[test]
fn scale_and_patches_by_hand_do_what_they_do_upstream() {
    let desk = Desk::new("it-hands");
    let scale = format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/web/scale", desk.namespace);
    let read = || -> Value {
        serde_json::from_str(&desk.plane.must(&["get", "--raw", &scale])).expect("it is JSON")
    };
    let seen = read();
    assert_eq!((&seen["spec"]["replicas"], &seen["status"]["replicas"]), (&json!(4), &json!(4)));
    assert_eq!(text(&seen, "/status/selector"), "app=web");
    desk.plane.must(&["scale", "rollout", "web", "-n", desk.namespace, "--replicas=6"]);
    wait_for("six pods", || {
        let seen = read();
        if seen["status"]["replicas"] == 6 && desk.pods().len() == 6 { Ok(()) } else { Err(seen.to_string()) }
    });
    desk.wait_for("Healthy", "", 4);

    let image = |tag: &str| {
        let patch =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": tag}]);
        let patch = patch.to_string();
        desk.plane.must(&["patch", "rollout", "web", "-n", desk.namespace, "--type=json", "-p", &patch]);
    };
    image("web:2");
    desk.wait_for("Paused", "CanaryPauseStep", 1);
    desk.patch_status(&json!({"pauseConditions": null}));
    desk.wait_for("Paused", "CanaryPauseStep", 3);
    desk.patch_status(&json!({"abort": true}));
    desk.wait_for("Degraded", "RolloutAborted", 0);
    desk.patch_status(&json!({"abort": false}));
    desk.wait_for("Paused", "CanaryPauseStep", 1);
    // The next step by its number, as `promote --skip-current-step` sends it.
    desk.patch_status(&json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 3}));
    desk.wait_for("Paused", "CanaryPauseStep", 3);
    assert_eq!(desk.weight(), 50);
    desk.patch_status(&json!({"promoteFull": true}));
    let done = desk.wait_for("Healthy", "", 4);
    assert!(done["status"].get("promoteFull").is_none(), "{}", done["status"]);
    desk.keeps_its_lease();

    // Gone: its Services select all pods of their application again, and what Git says of them is in force.
    let service = |name: &str| desk.plane.get("service", desk.namespace, name).unwrap_or_default();
    assert!(service("web-stable").pointer("/spec/selector/rollouts-pod-template-hash").is_some());
    desk.plane.must(&["delete", "rollout", "web", "-n", desk.namespace]);
    for name in ["web-stable", "web-canary"] {
        wait_for("the Service to be let go of", || {
            let service = service(name);
            let is_free = service["spec"]["selector"] == json!({"app": "web"})
                && service
                    .pointer("/metadata/annotations/argo-rollouts.argoproj.io~1managed-by-rollouts")
                    .is_none();
            if is_free { Ok(()) } else { Err(format!("{service}\n{}", desk.agent.log())) }
        });
    }
}
