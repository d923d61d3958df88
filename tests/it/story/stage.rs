//! Where the story is played: the cluster, the repositories, the agent, and what can be asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::expected::{Wanted, marked, objects, tracked};
use super::seed::Seed;
use crate::support::agent::{Agent, Setup};
use crate::support::controlplane::{ControlPlane, wait_for};

/// The agent's namespace, which the story's own manifests name.
pub const NAMESPACE: &str = "argocd";

/// One performance.
pub struct Story<'a> {
    /// Its cluster.
    pub plane: &'a ControlPlane,
    /// Its repositories.
    pub seed: &'a Seed,
    /// How its agent is started.
    pub setup: Setup,
    /// Its agent, while one runs.
    pub agent: Option<Agent>,
    /// A definition of windlass' own, before anything was played.
    pub before: Value,
}

impl<'a> Story<'a> {
    /// Begins with an agent that is started with these arguments.
    pub fn begin(plane: &'a ControlPlane, seed: &'a Seed, arguments: &[&str]) -> Self {
        let setup = Setup::new(plane, NAMESPACE).with(arguments);
        let rules = seed.rewrite_rules();
        let setup = rules.iter().fold(setup, |setup, rule| setup.with(&["--rewrite-url", rule]));
        plane.apply(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-cm, namespace: {NAMESPACE}}}\n\
             data: {{timeout.reconciliation: 2s, timeout.reconciliation.jitter: 0s}}\n"
        ));
        let agent = Some(setup.start());
        let before = definition(plane, "rollouts");
        Self { plane, seed, setup, agent, before }
    }

    pub fn play(&self, script: &str) {
        self.seed.play(script);
    }

    pub fn file(&self, name: &str) -> String {
        self.seed.environment().join(name).to_str().expect("it is text").to_owned()
    }

    pub fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("it runs")
    }

    /// All that a step expects, by application; what a step does not say holds from the first.
    pub fn expected(&self, steps: &[&str], applications: &[&str]) -> BTreeMap<String, Vec<Wanted>> {
        let of = |application: &str| {
            let step = steps.iter().rev().find(|step| self.seed.expected(step, application).is_dir());
            let step = step.unwrap_or_else(|| panic!("the seed expects something of {application}"));
            (application.to_owned(), objects(self.seed, step, application))
        };
        applications.iter().map(|application| of(application)).collect()
    }

    /// The cluster holds exactly these objects, each with every field that was rendered.
    pub fn holds_exactly(&self, expected: &BTreeMap<String, Vec<Wanted>>) {
        let mut wanted: BTreeMap<String, BTreeSet<String>> =
            expected.iter().map(|(application, objects)| (application.clone(), marked(objects))).collect();
        wanted.retain(|_, names| !names.is_empty());
        wait_for("exactly the expected objects", || {
            let found = tracked(self.plane);
            if found == wanted { Ok(()) } else { Err(difference(&wanted, &found)) }
        });
        let different: Vec<String> =
            expected.values().flatten().flat_map(|wanted| wanted.differences(self.plane)).collect();
        assert!(different.is_empty(), "{}", different.join("\n"));
    }

    /// Waits for verdicts of sync, health and the last operation; `-` for one that may be anything.
    pub fn stands(&self, application: &str, verdict: [&str; 3]) {
        wait_for(&format!("{application} to be {verdict:?}"), || {
            let status = self.status(application);
            let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let found = [text("/sync/status"), text("/health/status"), text("/operationState/phase")];
            let holds = verdict.iter().zip(found).all(|(wanted, found)| *wanted == "-" || *wanted == found);
            if holds { Ok(()) } else { Err(format!("{found:?}: {status:#}")) }
        });
    }

    /// What `windlass diff` says of an Application as the cluster has it: exit code and output.
    pub fn diff(&self, application: &str) -> (Option<i32>, String) {
        let kind = "application.v1alpha1.argoproj.io";
        let file = self.setup.folder.join("application.yaml");
        let text = self.plane.must(&["get", kind, application, "-n", NAMESPACE, "-o", "yaml"]);
        std::fs::write(&file, text).expect("it can be written");
        let rules = self.seed.rewrite_rules();
        let mut diff = Command::new(env!("CARGO_BIN_EXE_windlass"));
        diff.arg("diff").arg("--app").arg(&file).arg("--kubeconfig").arg(&self.setup.kubeconfig);
        diff.arg("--cache-dir").arg(self.setup.folder.join("diff")).arg("--allow-loopback");
        let output = diff.args(rules.iter().flat_map(|rule| ["--rewrite-url", rule])).output();
        let output = output.expect("it can be run");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Ends the agent; another can be started.
    pub fn stop_agent(&mut self) {
        self.agent.take().expect("it runs").stop();
    }

    /// Starts another agent.
    pub fn start_agent(&mut self) {
        self.agent = Some(self.setup.start());
    }

    pub fn status(&self, application: &str) -> Value {
        let found = self.plane.get("application.v1alpha1.argoproj.io", NAMESPACE, application);
        found.map_or(Value::Null, |found| found["status"].clone())
    }

    /// Waits until the home screen has exactly these tiles; their texts.
    pub fn shows(&self, applications: &[&str]) -> Vec<String> {
        let wanted: Vec<String> = applications.iter().map(|name| format!("{NAMESPACE}/{name}")).collect();
        wait_for("the tiles of the home screen", || {
            let (code, page) = self.agent().page("/")?;
            let tiles: Vec<String> = page.split("<article class=\"tile").skip(1).map(str::to_owned).collect();
            let names: Vec<&str> = tiles.iter().map(|tile| between(tile, "data-app=\"", "\"")).collect();
            if code == 200 && names == wanted { Ok(tiles) } else { Err(format!("{code} {names:?}")) }
        })
    }

    pub fn applications(&self) -> Vec<String> {
        let names = self.plane.must(&[
            "get",
            "applications.argoproj.io",
            "-A",
            "-o",
            "jsonpath={.items[*].metadata.name}",
        ]);
        let mut names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Changes a field as another manager of it does.
    pub fn edit(&self, kind: &str, name: &str, path: &str, value: &str) {
        let patch = format!(r#"[{{"op":"replace","path":"{path}","value":{value}}}]"#);
        self.plane.must(&[
            "patch",
            kind,
            name,
            "-n",
            "production",
            "--field-manager=another",
            "--type=json",
            "-p",
            &patch,
        ]);
    }

    pub fn has(&self, kind: &str, name: &str, path: &str, value: impl Into<Value>) {
        let value = value.into();
        wait_for(&format!("{kind} {name} to have {value} at {path}"), || {
            let live = self.plane.get(kind, "production", name).unwrap_or_default();
            let found = live.pointer(path).cloned().unwrap_or_default();
            if found == value { Ok(()) } else { Err(format!("{found}\n{}", self.agent().log())) }
        });
    }
}

/// A definition of windlass' own.
pub fn definition(plane: &ControlPlane, plural: &str) -> Value {
    let name = format!("{plural}.argoproj.io");
    plane.get("customresourcedefinition", "", &name).expect("windlass' own definitions stay")
}

/// The text between two others.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before:?} is not in {text}"));
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

/// What is missing and what is too much, by application.
fn difference(
    wanted: &BTreeMap<String, BTreeSet<String>>,
    found: &BTreeMap<String, BTreeSet<String>>,
) -> String {
    let pairs = |side: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        side.iter().flat_map(|(app, names)| names.iter().map(move |name| format!("{app}: {name}"))).collect()
    };
    let (wanted, found) = (pairs(wanted), pairs(found));
    let missing = wanted.difference(&found).map(|name| format!("missing {name}"));
    let excess = found.difference(&wanted).map(|name| format!("too much {name}"));
    missing.chain(excess).collect::<Vec<_>>().join("\n")
}
