//! A Rollout that nobody can read, because a definition let it in: its own status says so, and the next one walks.

use serde_json::json;

use super::manifests;
use crate::support::agent::Setup;
use crate::support::apps::text;
use crate::support::controlplane::{self, wait_for};
use crate::support::faults::FaultProxy;

#[test]
fn a_rollout_that_cannot_be_read_says_which_field() {
    let (plane, namespace) = (controlplane::shared(), "it-unreadable");
    let setup = Setup::new(plane, namespace);
    let text_of = std::fs::read_to_string(&setup.kubeconfig).expect("the kubeconfig is there");
    let proxy = FaultProxy::start(&text_of);
    // As a server says it whose definition lets everything in.
    proxy.rewrite("\"progressDeadlineSeconds\":7654321", "\"progressDeadlineSeconds\":\"wrong\"");
    let kubeconfig = proxy.kubeconfig(&setup.kubeconfig);
    let setup = Setup { kubeconfig, ..setup };
    let setup = setup.with(&["--controllers=rollouts", "--drive-rollouts", "--instance-id", namespace]);
    let agent = setup.start();
    let good = manifests(namespace, "web:1", "5s", "      steps: []\n");
    let strange = good.replace("name: web\n", "name: odd\n").replace("app: web", "app: odd");
    let strange = strange.replace("replicas: 4", "replicas: 1\n  progressDeadlineSeconds: 7654321");
    for (name, manifests) in [("odd.yaml", strange), ("web.yaml", good)] {
        let file = setup.folder.join(name);
        std::fs::write(&file, manifests).expect("it can be written");
        plane.must(&["apply", "-n", namespace, "-f", file.to_str().expect("it is text")]);
    }
    let words = "InvalidSpec: The Rollout \"odd\" is invalid: spec.progressDeadlineSeconds: ";
    wait_for("the field to be named", || {
        let rollout = plane.get("rollout", namespace, "odd").unwrap_or_default();
        let is_said = text(&rollout, "/status/message").starts_with(words)
            && text(&rollout, "/status/phase") == "Degraded"
            && rollout["status"]["conditions"][0]["type"] == json!("InvalidSpec");
        if is_said { Ok(()) } else { Err(format!("{}\n{}", rollout["status"], agent.log())) }
    });
    wait_for("the other one to be driven", || {
        let rollout = plane.get("rollout", namespace, "web").unwrap_or_default();
        if text(&rollout, "/status/phase") == "Healthy" { Ok(()) } else { Err(rollout["status"].to_string()) }
    });
}
