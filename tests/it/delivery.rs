//! Progressive delivery on the real control plane: both halves of the agent, one Rollout in Git, and its traffic.

mod clients;
mod deletion;
mod kills;
mod mesh;
mod traffic;
mod trouble;
mod unreadable;

use serde_json::{Value, json};

use crate::support::agent::{Agent, Setup};
use crate::support::apps::{application, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::TestRepository;
use crate::support::git_http::{HttpServer, Reply};

/// A Rollout behind an Istio VirtualService, as it stands in Git.
fn manifests(namespace: &str, image: &str, timeout: &str, canary: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: web-stable}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web-canary}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: web}}
spec:
  hosts: [web]
  http:
  - name: primary
    timeout: {timeout}
    route:
    - {{destination: {{host: web-stable}}, weight: 100}}
    - {{destination: {{host: web-canary}}, weight: 0}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
  labels: {{argo-rollouts.argoproj.io/controller-instance-id: {namespace}}}
spec:
  replicas: 4
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: '{image}'}}]}}
  strategy:
    canary:
      canaryService: web-canary
      stableService: web-stable
      trafficRouting: {{istio: {{virtualService: {{name: web}}}}}}
{canary}"
    )
}

/// One Application with one Rollout, and an agent that drives both.
struct Stage {
    plane: &'static ControlPlane,
    namespace: &'static str,
    target: String,
    repository: TestRepository,
    agent: Agent,
    setup: Setup,
}

impl Stage {
    fn new(namespace: &'static str, more: &str, canary: &str) -> Self {
        let plane = controlplane::shared();
        let setup = Setup::new(plane, namespace);
        let repository = TestRepository::bare(&setup.folder.join("source/shop.git"));
        let target = format!("{namespace}-shop");
        let files = format!("{}{more}", manifests(namespace, "web:1", "5s", canary));
        repository.commit("main", &[("shop/all.yaml", &files)]);
        // Other tests' agents live in the same cluster: this one drives its own Rollouts whoever else is there.
        let arguments = [
            "--controllers=sync,rollouts",
            "--drive-rollouts",
            "--instance-id",
            namespace,
            "--local-repository",
        ];
        let root = setup.folder.join("source").to_str().expect("it is text").to_owned();
        let setup = setup.with(&arguments).with(&[&root]);
        let agent = setup.start();
        plane.apply(&application(namespace, "shop", &repository.url(), "shop", &target).to_string());
        plane.wait_until_well(namespace, "shop");
        Self { plane, namespace, target, repository, agent, setup }
    }

    /// Pushes; the commit.
    fn push(&self, image: &str, timeout: &str, more: &str, canary: &str) -> String {
        let files = format!("{}{more}", manifests(self.namespace, image, timeout, canary));
        self.repository.commit("main", &[("shop/all.yaml", &files)])
    }

    /// The agent ends, and another comes.
    fn restart(self) -> Self {
        let Self { plane, namespace, target, repository, agent, setup } = self;
        agent.stop();
        let agent = setup.start();
        Self { plane, namespace, target, repository, agent, setup }
    }

    /// Changes the Rollout's status as tools do.
    fn tell(&self, status: &str) {
        let patch = format!(r#"{{"status":{status}}}"#);
        let target = ["-n", &self.target, "--subresource=status", "--type=merge", "-p", &patch];
        self.plane.must(&[&["patch", "rollout", "web"], &target[..]].concat());
    }

    /// Ends a pause that waits for a human.
    fn resume(&self) {
        self.tell(r#"{"pauseConditions":null}"#);
    }

    fn rollout(&self) -> Value {
        self.plane.get("rollout", &self.target, "web").unwrap_or_default()
    }

    fn route(&self) -> Value {
        self.plane.get("virtualservice", &self.target, "web").unwrap_or_default()["spec"]["http"][0].clone()
    }

    fn weights(&self) -> (Value, Value) {
        let route = self.route();
        (route["route"][0]["weight"].clone(), route["route"][1]["weight"].clone())
    }

    /// Waits until the Rollout is in a phase with this message, at this step.
    #[track_caller]
    fn wait_for(&self, phase: &str, message: &str, step: i64) -> Value {
        wait_for(&format!("the Rollout to be {phase} at step {step}"), || {
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

    /// Waits until the Application has these verdicts.
    #[track_caller]
    fn wait_for_app(&self, sync: &str, health: &str) {
        wait_for(&format!("the Application to be {sync} and {health}"), || {
            let app = self.plane.app(self.namespace, "shop");
            let seen = (text(&app, "/status/sync/status"), text(&app, "/status/health/status"));
            if seen == (sync, health) { Ok(()) } else { Err(app["status"].to_string()) }
        });
    }

    /// Waits until the Application has a condition, or has it no more; its message.
    #[track_caller]
    fn wait_for_condition(&self, kind: &str, is_wanted: bool) -> String {
        wait_for(&format!("{kind} to be there: {is_wanted}"), || {
            let app = self.plane.app(self.namespace, "shop");
            let all = app["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let found = all.iter().find(|condition| condition["type"] == kind);
            match found.filter(|_| is_wanted) {
                Some(condition) => Ok(text(condition, "/message").to_owned()),
                None if found.is_none() && !is_wanted => Ok(String::new()),
                None => Err(app["status"].to_string()),
            }
        })
    }

    /// On the page, and in a diff that finds nothing to change.
    fn says_who_holds_the_weights(&self) {
        let words = "by Rollout web: /spec/http/0/route/0/weight, /spec/http/0/route/1/weight";
        wait_for("the page to say who holds the weights", || {
            let (_, page) = self.agent.page(&format!("/applications/{}/shop", self.namespace))?;
            if page.contains(words) { Ok(()) } else { Err(page) }
        });
        let file = self.setup.folder.join("app.json");
        let app = application(self.namespace, "shop", &self.repository.url(), "shop", &self.target);
        std::fs::write(&file, app.to_string()).expect("it can be written");
        let root = self.setup.folder.join("source");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"))
            .args(["diff", "--namespace", self.namespace, "--app"])
            .arg(&file)
            .arg("--kubeconfig")
            .arg(&self.plane.kubeconfig)
            .arg("--local-repository")
            .arg(&root)
            .env("WINDLASS_CACHE_DIR", self.setup.folder.join("diff"))
            .output()
            .expect("the program can be run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{output:?}");
        assert!(said.contains("VirtualService") && said.contains(words), "{said}");
    }

    fn pods_of(&self, hash: &str) -> i64 {
        let set = self.plane.get("replicaset", &self.target, &format!("web-{hash}")).unwrap_or_default();
        set["status"]["availableReplicas"].as_i64().unwrap_or(0)
    }
}

const STEPS: &str = "      steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 1s}}]\n";

#[test]
fn a_push_walks_through_its_steps_and_the_sync_leaves_the_weights() {
    let stage = Stage::new("it-canary", "", STEPS);
    let stable = text(&stage.rollout(), "/status/stableRS").to_owned();
    assert_eq!(stage.weights(), (json!(100), json!(0)), "the first version takes everything at once");

    stage.push("web:2", "5s", "", STEPS);
    let paused = stage.wait_for("Paused", "CanaryPauseStep", 1);
    assert_eq!(stage.weights(), (json!(75), json!(25)));
    assert_eq!(text(&paused, "/status/stableRS"), stable);
    let (_, metrics) = stage.agent.page("/metrics").expect("there are metrics");
    let who = format!("namespace=\"{}\",name=\"web\"", stage.target);
    for line in [
        format!("rollout_info{{{who},strategy=\"canary\",traffic_router=\"Istio\",phase=\"Paused\"}} 1"),
        format!("rollout_info_replicas_desired{{{who}}} 4"),
        format!("rollout_phase{{{who},strategy=\"canary\",phase=\"Completed\"}} 0"),
    ] {
        assert!(metrics.contains(&line), "{line} is not in:\n{metrics}");
    }
    stage.wait_for_app("Synced", "Suspended");

    // Git changes the route in mid-canary: the change is applied, the weights stay.
    stage.push("web:2", "9s", "", STEPS);
    wait_for("the timeout to come", || {
        if stage.route()["timeout"] == "9s" { Ok(()) } else { Err(stage.route().to_string()) }
    });
    stage.wait_for_app("Synced", "Suspended");
    assert_eq!(stage.weights(), (json!(75), json!(25)), "a sync leaves what the Rollout holds");
    stage.says_who_holds_the_weights();

    // The agent ends in mid-step and comes back: nothing is lost, no step is taken twice.
    let stage = stage.restart();
    stage.resume();
    let done = stage.wait_for("Healthy", "", 4);
    let fresh = text(&done, "/status/stableRS").to_owned();
    assert_ne!(fresh, stable);
    wait_for("the traffic to be whole again", || {
        if stage.weights() == (json!(100), json!(0)) { Ok(()) } else { Err(stage.route().to_string()) }
    });
    assert_eq!(stage.pods_of(&fresh), 4);
    stage.wait_for_app("Synced", "Healthy");
}

#[test]
fn a_sync_leaves_the_weights_of_a_rollout_that_no_application_contains() {
    let (plane, namespace, target) = (controlplane::shared(), "it-elsewhere", "it-elsewhere-shop");
    let setup = Setup::new(plane, namespace);
    let repository = TestRepository::bare(&setup.folder.join("source/shop.git"));
    let all = |timeout: &str| manifests("nobody", "web:1", timeout, STEPS);
    let in_git = |timeout: &str| {
        let all = all(timeout);
        let parts: Vec<&str> = all.split("---\n").filter(|part| !part.contains("kind: Rollout")).collect();
        parts.join("---\n")
    };
    repository.commit("main", &[("shop/all.yaml", &in_git("5s"))]);
    plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {target}}}\n"));
    let rollout = all("5s").split("---\n").last().expect("it is the last").to_owned();
    plane.apply(&rollout.replace("  name: web\n", &format!("  name: web\n  namespace: {target}\n")));
    let root = setup.folder.join("source").to_str().expect("it is text").to_owned();
    let agent = setup.with(&["--local-repository", &root]).start();
    plane.apply(&application(namespace, "shop", &repository.url(), "shop", target).to_string());
    plane.wait_until_well(namespace, "shop");
    let route = || plane.get("virtualservice", target, "web").unwrap_or_default()["spec"]["http"][0].clone();
    // As the one who drives it would.
    let patch = json!([{"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 60},
        {"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 40}]);
    plane.must(&["patch", "virtualservice", "web", "-n", target, "--type=json", "-p", &patch.to_string()]);
    repository.commit("main", &[("shop/all.yaml", &in_git("9s"))]);
    wait_for("the timeout to come", || {
        if route()["timeout"] == "9s" { Ok(()) } else { Err(format!("{}\n{}", route(), agent.log())) }
    });
    plane.wait_until_well(namespace, "shop");
    let route = route();
    assert_eq!((&route["route"][0]["weight"], &route["route"][1]["weight"]), (&json!(60), &json!(40)));
}

#[test]
fn failing_measurements_bring_the_old_version_back() {
    let server = HttpServer::start(|_| Reply::ok("application/json", r#"{"data": {"errors": 7}}"#));
    let template = format!(
        "---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: errors}}
spec:
  args: [{{name: service}}]
  metrics:
  - name: errors
    interval: 1s
    failureLimit: 1
    successCondition: result < 1
    provider:
      web: {{url: '{}?service={{{{args.service}}}}', jsonPath: '{{$.data.errors}}'}}
",
        server.url("/metrics")
    );
    let canary = "      analysis: {startingStep: 1, templates: [{templateName: errors}], args: [{name: service, value: web-canary}]}
      steps: [{setWeight: 50}, {pause: {}}]
";
    let stage = Stage::new("it-abort", &template, canary);
    let stable = text(&stage.rollout(), "/status/stableRS").to_owned();
    assert!(server.requests().is_empty(), "the first version is not measured");

    let bad = stage.push("web:2", "5s", &template, canary);
    let why = "RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: \
               Metric \"errors\" assessed Failed due to failed (2) > failureLimit (1)";
    let aborted = stage.wait_for("Degraded", why, 0);
    assert_eq!(text(&aborted, "/status/stableRS"), stable);
    assert!(server.requests().iter().all(|asked| asked.query == "service=web-canary"));
    wait_for("the traffic to be back", || {
        if stage.weights() == (json!(100), json!(0)) { Ok(()) } else { Err(stage.route().to_string()) }
    });
    assert_eq!(stage.pods_of(&stable), 4, "the old version was never touched");
    stage.wait_for_app("Synced", "Degraded");

    // A commit that has nothing to do with it comes after: the one that brought the version is named.
    stage.push("web:2", "7s", &template, canary);
    wait_for("the timeout to come", || {
        if stage.route()["timeout"] == "7s" { Ok(()) } else { Err(stage.route().to_string()) }
    });
    let rejected =
        format!("Revision {bad} is rejected by Rollout {}/web (web:2): Rollout aborted", stage.target);
    let said = stage.wait_for_condition("RejectedRevisionWarning", true);
    assert!(said.starts_with(&rejected), "{said}");
    let (_, page) = stage.agent.page("/applications/it-abort/shop").expect("there is a page");
    for words in [&*rejected, "setWeight: 50", "2 of 1 tolerated", "success where result &#60; 1", "4 of 4"] {
        assert!(page.contains(words), "{words} is not in:\n{page}");
    }
    assert_eq!(stage.rollout()["status"]["abort"], true, "it is not tried again");

    // Git moves back: the version that is stable is the one that is wanted.
    stage.push("web:1", "7s", &template, canary);
    stage.wait_for("Healthy", "", 2);
    stage.wait_for_app("Synced", "Healthy");
    stage.wait_for_condition("RejectedRevisionWarning", false);
}
