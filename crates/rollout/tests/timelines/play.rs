//! The one door: a story is played and its transcript compared.

use std::time::Duration;

use model::{Object, Time};
use rollout::simulate::{PodRule, World};
use rollout::{APPROVE, Decision, Event, duration};
use serde_json::{Value, json};

/// Plays a script against some objects. Lines of the script:
///
/// - `run LENGTH`: time passes, everything that happens by itself happens
/// - `image NAME`: a commit with another image
/// - `pods PART LENGTH`: pods whose image holds PART are available after LENGTH (`never`)
/// - `break PART`: the pods of those images stop being available
/// - `promote`, `promote full`, `abort`, `retry`: as the tools patch the status
/// - `judge NAME PHASE [MESSAGE]`: an AnalysisRun or Experiment has a verdict; `A`, `B` stand for hashes
/// - `approve STEP/VERSION`: a commit with the annotation
/// - `spec JSON`: a commit with another spec
/// - `route WEIGHT`: somebody writes a weight into the route by hand
/// - `look`: the objects that a router reads
/// - `sets`: the ReplicaSets
/// - `deployment`: pods of the object that `workloadRef` names
#[track_caller]
pub fn play(objects: &str, script: &str) -> String {
    let start: Time = "2026-01-01T00:00:00Z".parse().expect("it is a time");
    let mut world = World::new(read(objects), start).expect("there is a Rollout");
    world.pod_rules = vec![PodRule { image: String::new(), after: Some(Duration::from_secs(5)) }];
    let mut story = Story { world, start, lines: Vec::new(), last: String::new() };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        story.play(line);
    }
    story.text()
}

/// Objects of a YAML text with several documents.
pub fn read(text: &str) -> Vec<Object> {
    let documents = text.split("\n---\n");
    documents
        .map(|document| {
            let value: Value = serde_yaml::from_str(document).expect("it is YAML");
            Object::from_value(value).expect("it is an object")
        })
        .collect()
}

struct Story {
    world: World,
    start: Time,
    lines: Vec<String>,
    last: String,
}

impl Story {
    fn play(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if verb != "pods" {
            self.lines.push(format!("> {line}"));
        }
        match verb {
            "run" => self.run(duration::parse(rest).expect("it is a duration")),
            "image" => {
                self.edit(&json!({"template": {"spec": {"containers": [{"name": "web", "image": rest}]}}}))
            }
            "spec" => self.edit(&serde_json::from_str(rest).expect("it is JSON")),
            "pods" => {
                let (image, after) = rest.split_once(' ').expect("an image and a length");
                self.world
                    .pod_rules
                    .insert(0, PodRule { image: image.into(), after: duration::parse(after) });
            }
            "break" => self.world.break_pods(rest),
            "promote" if rest == "full" => self.world.edit_status(&json!({"promoteFull": true})),
            "promote" => self.promote(),
            "abort" => self.world.edit_status(&json!({"abort": true})),
            "retry" => self.world.edit_status(&json!({"abort": false})),
            "approve" => {
                let version = self.real(rest);
                self.world.edit(&json!({"metadata": {"annotations": {APPROVE: version}}}));
            }
            "judge" => {
                let mut parts = self.real(rest);
                parts.push_str("  ");
                let mut parts = parts.splitn(3, ' ').map(str::trim);
                let mut part = || parts.next().unwrap_or_default().to_owned();
                let (name, phase, message) = (part(), part(), part());
                let there = self.world.judge(&name, &phase, &message);
                assert!(there, "there is no {name} after\n{}", self.lines.join("\n"));
            }
            "look" => {
                let routes = self.world.routes().map(|route| format!("      = {}", route.fields()["spec"]));
                let routes: Vec<String> = routes.collect();
                return self.lines.extend(routes);
            }
            "sets" => {
                let sets = self.world.sets().map(|set| {
                    let template = set.pointer("/spec/template").cloned().unwrap_or_default();
                    let affinity = template.pointer("/spec/affinity").filter(|value| !value.is_null());
                    let affinity = affinity.map(|value| format!(" {value}")).unwrap_or_default();
                    let labels = template.pointer("/metadata/labels").cloned().unwrap_or_default();
                    let annotations = set.pointer("/metadata/annotations").cloned().unwrap_or_default();
                    let replicas = set.pointer("/spec/replicas").cloned().unwrap_or_default();
                    format!("      = {} {replicas} {annotations} {labels}{affinity}", set.name())
                });
                let sets: Vec<String> = sets.collect();
                return self.lines.extend(sets);
            }
            "deployment" => {
                let pods = self.world.workload().and_then(|object| object.pointer("/spec/replicas").cloned());
                return self.lines.push(format!("      = {}", pods.unwrap_or_default()));
            }
            "route" => {
                let weight: i32 = rest.parse().expect("it is a weight");
                for route in self.world.routes_mut() {
                    route.fields_mut()["spec"]["http"][0]["route"][1]["weight"] = weight.into();
                }
            }
            other => panic!("no such line in a script: {other}"),
        }
        if verb != "pods" && verb != "run" {
            self.settle();
        }
    }

    fn edit(&mut self, spec: &Value) {
        self.world.edit(&json!({"spec": spec}));
    }

    /// As the command line tool does it.
    fn promote(&mut self) {
        let index = self.world.rollout.pointer("/status/currentStepIndex").and_then(Value::as_i64);
        let paused = self.world.rollout.pointer("/status/pauseConditions").is_some();
        if paused {
            self.world.edit_status(&json!({"pauseConditions": null}));
        } else {
            let index = index.map(|index| index + 1);
            self.world.edit_status(&json!({"pauseConditions": null, "currentStepIndex": index}));
        }
    }

    fn settle(&mut self) {
        let mut seen = Vec::new();
        let start = self.start;
        let outcome = self.world.settle(|world, decision: &Decision| {
            let row = world.row(start, &decision.held).expect("objects can be read");
            seen.push((row.to_string(), decision.events.clone()));
        });
        self.show(seen);
        outcome.expect("it comes to rest");
    }

    fn run(&mut self, length: Duration) {
        let mut seen = Vec::new();
        let outcome = self.world.walk(self.start, length, |row, events| {
            seen.push((row.to_string(), events.to_vec()));
        });
        self.show(seen);
        outcome.expect("it comes to rest");
    }

    fn show(&mut self, seen: Vec<(String, Vec<Event>)>) {
        for (row, events) in seen {
            let visible = row.split_once(' ').map_or("", |(_, rest)| rest).to_owned();
            if visible != self.last {
                self.last = visible;
                self.lines.push(row);
            }
            for event in events {
                let sign = if event.warning { '!' } else { '-' };
                self.lines.push(format!("      {sign} {}: {}", event.reason, event.message));
            }
        }
    }

    fn hashes(&self) -> Vec<(String, String)> {
        let seen = self.world.observe().expect("objects can be read");
        let hashes = seen.replica_sets.iter().map(|set| set.meta.labels[rollout::HASH_LABEL].clone());
        hashes.zip('A'..).map(|(hash, letter)| (hash, letter.to_string())).collect()
    }

    /// Letters become the hashes they stand for.
    fn real(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (hash, letter) in self.hashes() {
            text = text.replace(&format!("-{letter}-"), &format!("-{hash}-"));
            text = text.replace(&format!("/{letter}"), &format!("/{hash}"));
        }
        text
    }

    fn text(self) -> String {
        let hashes = self.hashes();
        let mut text = self.lines.join("\n");
        for (hash, letter) in hashes {
            text = text.replace(&hash, &letter);
        }
        text
    }
}
