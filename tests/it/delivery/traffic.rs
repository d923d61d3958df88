//! Real requests through a real Envoy: they reach the versions by the weights of each step, and none is lost.

use serde_json::json;

use super::Stage;
use super::mesh::Mesh;
use crate::support::apps::text;
use crate::support::controlplane::wait_for;
use crate::support::envoy;

const CANARY: &str = "      scaleDownDelaySeconds: 5
      abortScaleDownDelaySeconds: 5
      steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {}}]
";

const IMAGES: [&str; 2] = ["web:1", "web:2"];

impl Stage {
    /// Waits until a version has no pods.
    fn wait_until_gone(&self, hash: &str) {
        wait_for("the pods to go", || {
            let left = self.pods_of(hash);
            if left == 0 { Ok(()) } else { Err(format!("{left} are there\n{}", self.agent.log())) }
        });
    }

    /// Lets all pods of a version pass or fail their readiness probe.
    fn turn_ready(&self, hash: &str, ready: bool) {
        let label = format!("rollouts-pod-template-hash={hash}");
        let pods = self.plane.must(&["get", "pod", "-n", &self.target, "-l", &label, "-o", "name"]);
        assert!(!pods.trim().is_empty(), "there are pods of {hash}");
        let status = if ready { "True" } else { "False" };
        let patch = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}}).to_string();
        for pod in pods.lines() {
            self.plane.must(&["patch", pod, "-n", &self.target, "--subresource=status", "-p", &patch]);
        }
    }
}

#[test]
fn no_request_is_lost_while_a_version_takes_over() {
    let Some(program) = envoy::program() else { return };
    let stage = Stage::new("it-traffic", "", CANARY);
    let stable = text(&stage.rollout(), "/status/stableRS").to_owned();
    let mesh = Mesh::follow(stage.plane, &stage.target, "web", &IMAGES, &program);
    mesh.splits(&[("web:1", 100)]);

    stage.push("web:2", "5s", "", CANARY);
    stage.wait_for("Paused", "CanaryPauseStep", 1);
    mesh.splits(&[("web:1", 75), ("web:2", 25)]);

    let stage = stage.restart();
    stage.wait_for("Paused", "CanaryPauseStep", 1);
    mesh.splits(&[("web:1", 75), ("web:2", 25)]);

    stage.resume();
    stage.wait_for("Paused", "CanaryPauseStep", 3);
    mesh.splits(&[("web:1", 50), ("web:2", 50)]);

    stage.resume();
    stage.wait_for("Healthy", "", 4);
    mesh.splits(&[("web:2", 100)]);
    stage.wait_until_gone(&stable);
    mesh.splits(&[("web:2", 100)]);
    assert_eq!(mesh.failures(), []);
}

#[test]
fn no_request_is_lost_while_a_version_fails() {
    let Some(program) = envoy::program() else { return };
    let stage = Stage::new("it-traffic-back", "", CANARY);
    let mesh = Mesh::follow(stage.plane, &stage.target, "web", &IMAGES, &program);
    stage.push("web:2", "5s", "", CANARY);
    let paused = stage.wait_for("Paused", "CanaryPauseStep", 1);
    let canary = text(&paused, "/status/currentPodHash").to_owned();
    mesh.splits(&[("web:1", 75), ("web:2", 25)]);

    // Its pods fail: nothing is sent there until they are back.
    stage.turn_ready(&canary, false);
    mesh.splits(&[("web:1", 100)]);
    stage.turn_ready(&canary, true);
    mesh.splits(&[("web:1", 75), ("web:2", 25)]);

    stage.tell(r#"{"abort":true}"#);
    stage.wait_for("Degraded", "RolloutAborted", 0);
    mesh.splits(&[("web:1", 100)]);
    stage.wait_until_gone(&canary);
    mesh.splits(&[("web:1", 100)]);
    assert_eq!(mesh.failures(), []);
}
