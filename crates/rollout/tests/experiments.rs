//! Experiments: objects go in, what is decided comes out, round by round.

use std::time::Duration;

use model::{Object, Time};
use rollout::experiment::{ExperimentDecision, Seen, decide};
use rollout::{Action, AnalysisRun, AnalysisTemplate, Experiment, Options, ReplicaSet};
use serde_json::{Value, json};

struct Lab {
    seen: Seen,
    now: Time,
    lines: Vec<String>,
}

impl Lab {
    fn new(spec: &Value) -> Self {
        let template = |name: &str| {
            json!({
                "name": name, "replicas": 2,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]},
                },
                "service": {},
            })
        };
        let mut value = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment",
            "metadata": {"name": "lab", "namespace": "shop", "uid": "lab"},
            "spec": spec,
        });
        value["spec"]["templates"] = json!([template("one"), template("two")]);
        let metric = json!({"name": "m", "provider": {"web": {"url": "http://x"}}});
        let measure = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "measure"},
            "spec": {"metrics": [metric], "args": [{"name": "hash"}]},
        });
        let object = |value: Value| Object::from_value(value).expect("it is an object");
        Self {
            seen: Seen {
                experiment: Experiment::read(&object(value)).expect("it can be read"),
                replica_sets: Vec::new(),
                services: Vec::new(),
                analysis_runs: Vec::new(),
                templates: vec![AnalysisTemplate::read(&object(measure)).expect("it can be read")],
                taken: Vec::new(),
                options: Options::default(),
            },
            now: "2026-01-01T00:00:00Z".parse().expect("it is a time"),
            lines: Vec::new(),
        }
    }

    /// Decides and carries out until nothing moves; pods are available at once.
    fn settle(&mut self) -> ExperimentDecision {
        for _ in 0..20 {
            let decision = decide(&self.seen, self.now);
            if decision.actions.is_empty() && decision.status == self.seen.experiment.status {
                return decision;
            }
            decision.actions.iter().for_each(|action| self.act(action));
            for event in &decision.events {
                self.lines.push(format!("{}: {}", event.reason, event.message));
            }
            self.seen.experiment.status = decision.status;
        }
        panic!("it does not come to rest");
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::CreateReplicaSet(object) => self.seen.replica_sets.push(ReplicaSet::read(object)),
            Action::PatchReplicaSet(patch) => {
                let set = self.seen.replica_sets.iter_mut().find(|set| set.meta.name == patch.target.name);
                let set = set.expect("it is there");
                for (key, value) in &patch.annotations {
                    match value {
                        Some(value) => set.meta.annotations.insert(key.clone(), value.clone()),
                        None => set.meta.annotations.remove(key),
                    };
                }
                if let Some((_, to)) = patch.replicas {
                    (set.replicas, set.current, set.ready, set.available) = (to, to, to, to);
                }
            }
            Action::CreateService(object) => {
                self.lines.push(format!(
                    "service {} {}",
                    object.name(),
                    object.pointer("/spec/ports").unwrap()
                ));
                self.seen.services.push(rollout::Service::read(object));
            }
            Action::DeleteService(target) => {
                self.seen.services.retain(|service| service.meta.name != target.name);
            }
            Action::CreateAnalysisRun(object) => {
                self.seen.analysis_runs.push(AnalysisRun::read(object).expect("it can be read"));
            }
            Action::TerminateAnalysisRun(target) => {
                self.judge(&target.name.clone(), "Successful");
            }
            other => panic!("nobody expects {other:?}"),
        }
    }

    fn judge(&mut self, name: &str, phase: &str) {
        let run = self.seen.analysis_runs.iter_mut().find(|run| run.meta.name == name).expect("it is there");
        run.status.phase = phase.to_owned();
        run.status.message = "measured".to_owned();
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    fn state(&self) -> (String, String, i32) {
        let status = &self.seen.experiment.status;
        let pods = self.seen.replica_sets.iter().map(|set| set.replicas).sum();
        (status.phase.clone(), status.message.clone(), pods)
    }
}

fn analysis(required: bool) -> Value {
    let args = json!([{"name": "hash", "value": "{{templates.one.podTemplateHash}}"}]);
    json!([{"name": "check", "templateName": "measure", "args": args, "requiredForCompletion": required}])
}

#[test]
fn an_experiment_lasts_as_long_as_it_says_and_its_pods_go_after_a_delay() {
    let mut lab = Lab::new(&json!({"duration": "1m"}));
    let decision = lab.settle();
    assert_eq!(lab.state(), ("Running".into(), String::new(), 4));
    assert_eq!(lab.seen.services.len(), 2);
    assert_eq!(decision.wake.map(|at| at.since(lab.now)), Some(Duration::from_mins(1)));
    lab.pass(60);
    lab.settle();
    assert_eq!(lab.state(), ("Successful".into(), String::new(), 4));
    lab.pass(30);
    lab.settle();
    assert_eq!(lab.state(), ("Successful".into(), String::new(), 0));
    assert_eq!(lab.seen.services.len(), 0);
    assert!(
        lab.lines
            .contains(&"ExperimentSuccessful: Experiment transitioned from Running -> Successful".to_owned())
    );
}

#[test]
fn a_failed_analysis_ends_it_with_its_phase() {
    let mut lab = Lab::new(&json!({"analyses": analysis(false)}));
    lab.settle();
    let value = lab.seen.analysis_runs[0].spec.args[0].value.clone();
    assert_eq!(value.as_deref(), Some(lab.seen.replica_sets[0].meta.hash()));
    lab.judge("lab-check", "Failed");
    lab.settle();
    assert_eq!(lab.state().0, "Failed");
    assert_eq!(lab.state().1, "measured");
}

#[test]
fn what_must_succeed_is_waited_for_beyond_the_duration() {
    let mut lab = Lab::new(&json!({"duration": "10s", "analyses": analysis(true)}));
    lab.settle();
    lab.pass(11);
    lab.settle();
    assert_eq!(lab.state().0, "Running");
    lab.judge("lab-check", "Successful");
    lab.settle();
    assert_eq!(lab.state().0, "Successful");
}

#[test]
fn an_experiment_that_is_ended_lets_its_analyses_go() {
    let mut lab = Lab::new(&json!({"analyses": analysis(false)}));
    lab.settle();
    lab.seen.experiment.spec.terminate = true;
    lab.settle();
    assert_eq!(lab.state().0, "Successful");
    assert_eq!(lab.seen.analysis_runs[0].status.phase, "Successful");
}

#[test]
fn a_version_that_does_not_come_up_fails_it() {
    let mut lab = Lab::new(&json!({"progressDeadlineSeconds": 30}));
    let first = decide(&lab.seen, lab.now);
    first.actions.iter().for_each(|action| lab.act(action));
    lab.seen.experiment.status = first.status;
    lab.pass(31);
    // The pods were asked for and never came.
    for set in &mut lab.seen.replica_sets {
        set.replicas = 2;
    }
    let decision = decide(&lab.seen, lab.now);
    assert_eq!(decision.status.phase, "Failed");
    assert_eq!(decision.status.message, "Template 'one' exceeded its progressDeadlineSeconds (30)");
}
