//! What goes wrong around a Rollout: each cause is named in its status, and nothing is promoted on silence.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::clients::{Desk, STEPS};
use super::manifests;
use crate::support::agent::{Agent, Setup};
use crate::support::apps::text;
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git_http::{HttpServer, Reply};

/// Many Rollouts in one namespace, and an agent that drives them.
struct Ward {
    plane: &'static ControlPlane,
    namespace: &'static str,
    folder: PathBuf,
    agent: Agent,
}

impl Ward {
    fn new(namespace: &'static str) -> Self {
        let plane = controlplane::shared();
        let setup = Setup::new(plane, namespace);
        let setup = setup.with(&["--controllers=rollouts", "--drive-rollouts", "--instance-id", namespace]);
        let (agent, folder) = (setup.start(), setup.folder.clone());
        Self { plane, namespace, folder, agent }
    }

    fn apply(&self, objects: &[Value]) {
        let items = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let file = self.folder.join("objects.json");
        std::fs::write(&file, items.to_string()).expect("it can be written");
        self.plane.must(&["apply", "-n", self.namespace, "-f", file.to_str().expect("it is text")]);
    }

    /// A Rollout of two pods named like its image, with a part of its spec of the test's own.
    fn rollout(&self, name: &str, tag: &str, spec: &Value) -> Value {
        let mut rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": {"name": name, "labels": {"argo-rollouts.argoproj.io/controller-instance-id": self.namespace}},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "web", "image": format!("web:{tag}")}]}},
            },
        });
        for (field, value) in spec.as_object().expect("it is a map") {
            rollout["spec"][field] = value.clone();
        }
        if spec.get("workloadRef").is_some() {
            rollout["spec"].as_object_mut().expect("it is a map").remove("template");
        }
        rollout
    }

    fn status(&self, name: &str) -> Value {
        self.plane.get("rollout", self.namespace, name).unwrap_or_default()["status"].clone()
    }

    /// Waits until a Rollout is in a phase for a reason that holds all these words.
    #[track_caller]
    fn says(&self, name: &str, phase: &str, words: &[&str]) -> Value {
        wait_for(&format!("{name} to be {phase}: {words:?}"), || {
            let status = self.status(name);
            let message = text(&status, "/message");
            let is_there =
                text(&status, "/phase") == phase && words.iter().all(|word| message.contains(word));
            if is_there { Ok(status) } else { Err(format!("{status}\n{}", self.agent.log())) }
        })
    }
}

fn canary(fields: &Value) -> Value {
    json!({"strategy": {"canary": fields}})
}

fn service(name: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]}})
}

#[test]
fn what_is_wrong_or_missing_is_named_with_its_field() {
    let ward = Ward::new("it-trouble");
    let steps = json!([{"setWeight": 50}, {"pause": {}}]);
    let routed = json!({"canaryService": "shared-canary", "stableService": "shared", "steps": steps,
        "trafficRouting": {"istio": {"virtualService": {"name": "nowhere"}}}});
    let measured = |template: &str| json!({"steps": [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": template}]}}]});
    let template = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "asks"},
        "spec": {"args": [{"name": "host"}], "metrics": [{"name": "up", "successCondition": "true",
            "provider": {"web": {"url": "http://{{args.host}}/"}}}]}});
    let cases: [(&str, Value, &[&str]); 7] = [
        (
            "no-service",
            canary(&json!({"canaryService": "nobody", "stableService": "shared", "steps": steps})),
            &["spec.strategy.canary.canaryService: Invalid value: \"nobody\"", "not found"],
        ),
        ("no-route", canary(&routed), &["VirtualService it-trouble/nowhere is not there"]),
        (
            "heavy",
            canary(&json!({"steps": [{"setWeight": 250}]})),
            &["spec.strategy.canary.steps[0].setWeight: Invalid value: 250"],
        ),
        (
            "stuck",
            canary(&json!({"maxSurge": 0, "maxUnavailable": 0, "steps": steps})),
            &["spec.strategy.canary.maxUnavailable: Invalid value: may not be 0 when `maxSurge` is 0"],
        ),
        (
            "no-workload",
            json!({"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"},
                "strategy": {"canary": {"steps": steps}}}),
            &["spec.workloadRef.name: Invalid value: \"gone\"", "not found"],
        ),
        (
            "no-strategy",
            json!({}),
            &["Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"],
        ),
        (
            "other-pods",
            canary(&json!({"canaryService": "theirs", "stableService": "theirs-too", "steps": steps})),
            &["Service \"theirs\" has unmatch label \"app\" in rollout"],
        ),
    ];
    let services = [service("shared", "no-route"), service("shared-canary", "no-route")];
    let others = [service("theirs", "somebody"), service("theirs-too", "somebody"), template];
    let rollouts = cases.iter().map(|(name, spec, _)| {
        // Its own stable Service, so that only what is meant is wrong.
        let mut spec = spec.clone();
        if *name == "no-service" {
            spec["strategy"]["canary"]["stableService"] = "mine".into();
        }
        ward.rollout(name, "1", &spec)
    });
    let all: Vec<Value> =
        services.into_iter().chain(others).chain([service("mine", "no-service")]).chain(rollouts).collect();
    ward.apply(&all);
    for (name, _, words) in &cases {
        ward.says(name, "Degraded", &[&["InvalidSpec: The Rollout"], *words].concat());
    }

    // What only an update needs is missing: the version that serves goes on.
    for name in ["no-template", "no-argument"] {
        ward.apply(&[ward.rollout(name, "1", &canary(&json!({"steps": steps})))]);
        ward.says(name, "Healthy", &[""]);
    }
    let stable = ["no-template", "no-argument"].map(|name| ward.status(name)["stableRS"].clone());
    for (name, template) in [("no-template", "nobody"), ("no-argument", "asks")] {
        ward.apply(&[ward.rollout(name, "2", &canary(&measured(template)))]);
    }
    ward.says("no-template", "Degraded", &["AnalysisTemplate 'nobody' not found"]);
    ward.says("no-argument", "Degraded", &["args.host"]);
    assert_eq!(["no-template", "no-argument"].map(|name| ward.status(name)["stableRS"].clone()), stable);

    // A second Rollout takes no Service from the first.
    let pair = canary(&json!({"canaryService": "pair-canary", "stableService": "pair", "steps": steps}));
    ward.apply(&[
        service("pair", "first"),
        service("pair-canary", "first"),
        ward.rollout("first", "1", &pair),
    ]);
    ward.says("first", "Healthy", &[""]);
    let mut second = ward.rollout("second", "1", &pair);
    for pointer in ["/spec/selector/matchLabels/app", "/spec/template/metadata/labels/app"] {
        *second.pointer_mut(pointer).expect("it is there") = "first".into();
    }
    ward.apply(&[second]);
    ward.says("second", "Degraded", &["is managed by another Rollout (first)"]);
    assert_eq!(text(&ward.status("first"), "/phase"), "Healthy");

    // Somebody else has a ReplicaSet of the name that a new version would get: another hash is taken.
    let twin = ward.rollout("twin", "1", &canary(&json!({"steps": steps})));
    ward.apply(std::slice::from_ref(&twin));
    let hash = text(&ward.says("twin", "Healthy", &[""]), "/stableRS").to_owned();
    ward.plane.must(&["delete", "rollout", "twin", "-n", ward.namespace]);
    let name = format!("twin-{hash}");
    wait_for("its ReplicaSet to go", || match ward.plane.get("replicaset", ward.namespace, &name) {
        None => Ok(()),
        Some(set) => Err(set.to_string()),
    });
    let theirs = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "theirs"}},
            "template": {"metadata": {"labels": {"app": "theirs"}},
                "spec": {"containers": [{"name": "web", "image": "theirs:1"}]}}}});
    ward.apply(&[theirs, twin]);
    let status = ward.says("twin", "Healthy", &[""]);
    assert_eq!(status["collisionCount"], 1);
    assert_ne!(text(&status, "/stableRS"), hash);

    // The server does not take the pods.
    let mut refused = ward.rollout("refused", "1", &canary(&json!({"steps": steps})));
    refused["spec"]["template"]["spec"]["nodeSelector"] = json!({"pool": "not a label"});
    ward.apply(&[refused]);
    let status =
        ward.says("refused", "Progressing", &["Failed to create new replica set \"refused-", "nodeSelector"]);
    let reasons: Vec<&str> = status["conditions"]
        .as_array()
        .expect("there are some")
        .iter()
        .map(|one| text(one, "/reason"))
        .collect();
    assert!(reasons.contains(&"ReplicaSetCreateError"), "{reasons:?}");
}

#[test]
fn nothing_is_promoted_on_silence() {
    let ward = Ward::new("it-silence");
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let nan =
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#;
    let answers = HttpServer::start(move |asked| match asked.path.split('/').nth(1) {
        Some("empty") => Reply::ok("application/json", empty),
        Some("nan") => Reply::ok("application/json", nan),
        Some("refused") => Reply::status(401),
        Some("slow") => {
            std::thread::sleep(std::time::Duration::from_secs(5));
            Reply::ok("application/json", empty)
        }
        _ => Reply::status(500),
    });
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = format!("http://{}", nobody.expect("a port is free"));
    let at = |place: &str| if place == "down" { nobody.clone() } else { answers.url(place) };
    let places = ["down", "empty", "nan", "refused", "slow", "broken"];
    let template = |place: &str| {
        let prometheus = json!({"address": at(place), "query": "up", "timeout": 1});
        let metric = json!({"name": "up", "interval": "1s", "count": 3, "consecutiveErrorLimit": 1,
            "successCondition": "result[0] > 0", "failureCondition": "result[0] <= 0",
            "provider": {"prometheus": prometheus}});
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": place},
            "spec": {"metrics": [metric]}})
    };
    let spec = |place: &str| {
        canary(&json!({"steps": [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": place}]}}]}))
    };
    let all = |tag: &str| -> Vec<Value> {
        let rollouts = places.iter().map(|place| ward.rollout(place, tag, &spec(place)));
        places.iter().map(|place| template(place)).chain(rollouts).collect()
    };
    ward.apply(&all("1"));
    for place in places {
        ward.says(place, "Healthy", &[""]);
    }
    let stable = places.map(|place| ward.status(place)["stableRS"].clone());
    ward.apply(&all("2"));
    let causes = [
        ("down", "onnection refused"),
        ("empty", "index out of range"),
        ("refused", "401"),
        ("slow", "did not answer in full within 1"),
        ("broken", "500"),
    ];
    for (place, cause) in causes {
        let verdict = "assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1)";
        ward.says(place, "Degraded", &["RolloutAborted", verdict, cause]);
    }
    ward.says("nan", "Paused", &["InconclusiveAnalysisRun"]);
    assert_eq!(places.map(|place| ward.status(place)["stableRS"].clone()), stable, "the old version stays");
}

#[test]
fn a_version_whose_pods_never_come_takes_no_traffic_and_git_brings_the_old_one_back() {
    let desk = Desk::of(
        "it-never-ready",
        &manifests("it-never-ready", "web:1", "5s", STEPS)
            .replace("  replicas: 4\n", "  replicas: 4\n  progressDeadlineSeconds: 3\n"),
    );
    let homeless = json!({"spec": {"template": {"spec": {"nodeSelector": {"nowhere": "found"}}}}});
    desk.merge(&homeless);
    desk.wait_for("Degraded", "ProgressDeadlineExceeded: ReplicaSet \"web-", 0);
    assert_eq!(desk.weight(), 0, "nobody is there to answer");
    desk.merge(&json!({"spec": {"template": {"spec": {"nodeSelector": null}}}}));
    desk.wait_for("Healthy", "", 4);
    assert_eq!(desk.pods().len(), 4);
}

#[test]
fn what_changes_in_the_middle_of_a_canary_is_followed() {
    let desk = Desk::of("it-midway", &manifests("it-midway", "web:1", "5s", STEPS));
    let first = desk.rollout()["status"]["stableRS"].clone();
    let image = |tag: &str| {
        desk.merge(&json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": tag}]}}}}))
    };
    image("web:2");
    let second = desk.wait_for("Paused", "CanaryPauseStep", 1)["status"]["currentPodHash"].clone();

    // Somebody edits the weights by hand.
    let patch = json!([{"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 10},
        {"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 90}]);
    desk.plane.must(&[
        "patch",
        "virtualservice",
        "web",
        "-n",
        "it-midway",
        "--type=json",
        "-p",
        &patch.to_string(),
    ]);
    wait_for("the weights to be those of the step", || {
        if desk.weight() == 25 { Ok(()) } else { Err(desk.agent.log()) }
    });
    assert_eq!(desk.rollout()["status"]["currentStepIndex"], 1, "no step is taken for it");

    // A newer version comes: it begins at the first step, and the one before it goes.
    image("web:3");
    wait_for("the third version to be paused", || {
        let status = desk.rollout()["status"].clone();
        let is_there = status["currentPodHash"] != second && status["phase"] == "Paused";
        if is_there && status["currentStepIndex"] == 1 { Ok(()) } else { Err(status.to_string()) }
    });
    assert_eq!((desk.weight(), &desk.rollout()["status"]["stableRS"]), (25, &first));

    // Git goes back: the stable version is the wanted one, at once and without steps.
    image("web:1");
    let done = desk.wait_for("Healthy", "", 4);
    assert_eq!((desk.weight(), &done["status"]["stableRS"]), (0, &first));
    wait_for("only the first version to have pods", || {
        let images: Vec<_> =
            desk.pods().iter().map(|pod| text(pod, "/spec/containers/0/image").to_owned()).collect();
        if images == ["web:1"; 4] { Ok(()) } else { Err(format!("{images:?}")) }
    });
}
