//! What a Rollout lets go of when it is deleted, by whichever cascade.

use serde_json::{Value, json};

use super::clients::{Desk, STEPS};
use super::manifests;
use crate::support::controlplane::wait_for;

const RULE: &str = "
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: stable, labels: {app: web}}, {name: canary, labels: {app: web}}]}
";

#[test]
fn a_rule_is_let_go_of_when_the_rollout_goes_in_the_foreground() {
    let namespace = "it-deletion";
    let files = manifests(namespace, "web:1", "5s", STEPS)
        .replace("{host: web-stable}", "{host: web, subset: stable}")
        .replace("{host: web-canary}", "{host: web, subset: canary}")
        .replace(
            "virtualService: {name: web}",
            "virtualService: {name: web}, \
             destinationRule: {name: web, stableSubsetName: stable, canarySubsetName: canary}",
        );
    let desk = Desk::of(namespace, &(files + RULE));
    let subsets = || -> Value {
        let rule = desk.plane.get("destinationrule", namespace, "web").unwrap_or_default();
        rule["spec"]["subsets"].clone()
    };
    wait_for("the hash in the subsets", || {
        let subsets = subsets();
        let has_hash = subsets[0]["labels"].get("rollouts-pod-template-hash").is_some();
        if has_hash { Ok(()) } else { Err(format!("{subsets}\n{}", desk.agent.log())) }
    });
    desk.plane.must(&["delete", "rollout", "web", "-n", namespace, "--cascade=foreground"]);
    wait_for("the subsets to select all pods of the application", || {
        let subsets = subsets();
        let labels = |index: usize| subsets[index]["labels"] == json!({"app": "web"});
        if labels(0) && labels(1) { Ok(()) } else { Err(format!("{subsets}\n{}", desk.agent.log())) }
    });
}
