//! Two releases in the production environment, in real time: a bad one and a good one, each in a cluster of its own,
//! side by side. Prometheus is real, the requests that it counts are not.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::mesh;
use super::seed::Seed;
use super::stage::Story;
use crate::support::apps::text;
use crate::support::controlplane::{self, wait_for, wait_within};
use crate::support::git_http::HttpServer;
use crate::support::journal::Journal;
use crate::support::mesh::{is_ready, shares};
use crate::support::prometheus::Prometheus;

const PRODUCTION: &str = "production";
/// The Rollout, its VirtualService, its HPA and the Service of its stable version.
const NAME: &str = "devops-toolkit-devops-toolkit";
const APPLICATION: &str = "devops-toolkit";
const HASH: &str = "/metadata/labels/rollouts-pod-template-hash";
/// A release pauses for three minutes in all.
const RELEASE: Duration = Duration::from_mins(8);

#[test]
fn a_bad_release_is_taken_back_and_a_good_one_takes_over() {
    let (Some(first), Some(second)) = (Seed::serve(), Seed::serve()) else { return };
    thread::scope(|scope| {
        let bad = scope.spawn(|| perform(&first, bad_metrics_bring_the_old_version_back));
        let good = scope.spawn(|| perform(&second, good_metrics_end_at_a_hundred_percent));
        assert!(bad.join().is_ok() && good.join().is_ok(), "what went wrong is above");
    });
}

fn perform(seed: &Seed, play: impl FnOnce(&mut Release<'_>)) {
    let plane = controlplane::fresh();
    let kinds = ["rollout", "virtualservice", "service", "pod", "replicaset", "analysisrun", "hpa"];
    let journal = Arc::new(Journal::watch(&plane, PRODUCTION, &kinds));
    let requests = mesh::serve(journal.clone(), PRODUCTION, NAME);
    let prometheus = Prometheus::scraping(&[&requests.host()]);
    let rule = format!("http://prometheus-server.monitoring={}", prometheus.url());
    let arguments = ["--controllers=sync,rollouts", "--drive-rollouts", "--rewrite-url", &rule];
    let story = Story::begin(&plane, seed, &arguments);
    let mut release =
        Release { story, journal, before: Before::default(), _requests: requests, _prometheus: prometheus };
    release.the_environment_converges();
    play(&mut release);
    release.no_side_without_ready_pods_had_a_weight();
}

/// One release, and what was there when it was pushed.
struct Release<'a> {
    story: Story<'a>,
    journal: Arc<Journal>,
    before: Before,
    _requests: HttpServer,
    _prometheus: Prometheus,
}

#[derive(Default)]
struct Before {
    version: u64,
    stable: String,
    /// Its pods, by their UIDs.
    pods: BTreeSet<String>,
}

fn bad_metrics_bring_the_old_version_back(release: &mut Release<'_>) {
    release.story.play("02-release-bad.sh");
    let why = "RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: \
               Metric \"success-rate\" assessed Failed due to failed (4) > failureLimit (3)";
    let stable = release.before.stable.clone();
    let aborted = release.reaches("Degraded", why, &stable);
    let canary = text(&aborted, "/status/currentPodHash").to_owned();
    release.story.stands(APPLICATION, ["Synced", "Degraded", "Succeeded"]);
    release.says_which_commit_was_rejected();
    release.loses_its_pods(&canary);

    release.serves_with_all_pods(&stable);

    // Whoever comes next finds it given up, and leaves it so.
    release.story.stop_agent();
    release.story.start_agent();
    release.story.stands(APPLICATION, ["Synced", "Degraded", "Succeeded"]);
    release.reaches("Degraded", why, &stable);
    release.says_which_commit_was_rejected();

    // The verdict and the end of the last pause are a second apart: either may come first.
    let weights = release.weights();
    let short = [(100, 0), (90, 10), (70, 30), (100, 0)];
    let long = [(100, 0), (90, 10), (70, 30), (50, 50), (100, 0)];
    assert!(weights == short || weights == long, "{weights:?}");
    let steps = release.steps();
    assert!(steps.starts_with(&[0, 1, 2, 3]) && steps.ends_with(&[0]) && steps.len() <= 7, "{steps:?}");
    assert!(!steps.contains(&6), "{steps:?}");
    assert!(release.pods(&stable).is_superset(&release.before.pods), "the old pods were never touched");
    assert_eq!(release.verdicts(), ["Failed"], "it is not tried again");
    release.no_pause_was_cut_short();
}

fn good_metrics_end_at_a_hundred_percent(release: &mut Release<'_>) {
    release.story.play("03-release-good.sh");
    let canary = wait_for("the new version", || {
        let rollout = release.rollout();
        let hash = text(&rollout, "/status/currentPodHash").to_owned();
        if hash == release.before.stable { Err(rollout["status"].to_string()) } else { Ok(hash) }
    });
    release.reaches("Healthy", "", &canary);
    release.loses_its_pods(&release.before.stable);
    release.story.stands(APPLICATION, ["Synced", "Healthy", "Succeeded"]);

    assert_eq!(release.weights(), [(100, 0), (90, 10), (70, 30), (50, 50), (0, 100), (100, 0)]);
    assert_eq!(release.steps(), [0, 1, 2, 3, 4, 5, 6]);
    release.serves_with_all_pods(&canary);
    assert_eq!(release.verdicts(), ["Successful"]);
    let pauses = release.no_pause_was_cut_short();
    assert_eq!(pauses.len(), 3);
    release.the_old_pods_stayed_for_their_delay(pauses[2]);
}

impl Release<'_> {
    /// The tag stands in the environment repository, in the chart of Applications: its commit is named, not that of the
    /// Application's own source, which has not moved.
    fn says_which_commit_was_rejected(&self) {
        let folder = self.story.seed.environment();
        let output = Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output();
        let commit = String::from_utf8(output.expect("git can be run").stdout).expect("it is text");
        let words = format!(
            "Revision {} of Application argocd/{PRODUCTION} is rejected by Rollout {PRODUCTION}/{NAME} ",
            commit.trim()
        );
        wait_for("the Application to say which commit was rejected", || {
            let status = self.story.status(APPLICATION);
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            let said = conditions.iter().any(|one| text(one, "/message").starts_with(&words));
            if said { Ok(()) } else { Err(format!("{words}: {status}")) }
        });
    }

    fn the_environment_converges(&mut self) {
        self.story.play("01-setup.sh");
        let files = [self.story.file("project.yaml"), self.story.file("apps.yaml")];
        self.story.plane.must(&["apply", "-f", &files[0], "-f", &files[1]]);
        self.story.stands(APPLICATION, ["Synced", "Healthy", "Succeeded"]);
        // More may come while the release walks: the HPA sees pods that use all that they ask for.
        let stable = wait_for("the HPA to have its least pods", || {
            let rollout = self.rollout();
            let stable = text(&rollout, "/status/stableRS").to_owned();
            let is_at_rest = text(&rollout, "/status/phase") == "Healthy" && rollout["spec"]["replicas"] != 1;
            if is_at_rest && self.has_all_pods(&stable) { Ok(stable) } else { Err(rollout.to_string()) }
        });
        self.story.stands(APPLICATION, ["Synced", "Healthy", "Succeeded"]);
        assert_eq!(self.verdicts(), [""; 0], "the first version is not measured");
        self.before = Before { version: self.journal.version(), pods: self.pods(&stable), stable };
    }

    fn rollout(&self) -> Value {
        self.journal.now().get("Rollout", NAME).clone()
    }

    /// Waits until the Rollout is in a phase with this message, and this version is the stable one.
    fn reaches(&self, phase: &str, message: &str, stable: &str) -> Value {
        wait_within(RELEASE, &format!("the Rollout to be {phase}"), || {
            let rollout = self.rollout();
            let (found, words) = (text(&rollout, "/status/phase"), text(&rollout, "/status/message"));
            let is_stable = text(&rollout, "/status/stableRS") == stable;
            if found == phase && words.starts_with(message) && is_stable {
                Ok(rollout)
            } else {
                Err(format!("{}\n{}", rollout["status"], self.story.agent().log()))
            }
        })
    }

    fn loses_its_pods(&self, hash: &str) {
        wait_for(&format!("the pods of {hash} to go"), || {
            let left = self.pods(hash);
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}\n{}", self.story.agent().log())) }
        });
    }

    fn serves_with_all_pods(&self, hash: &str) {
        wait_for(&format!("all pods of {hash}"), || {
            if self.has_all_pods(hash) { Ok(()) } else { Err(self.rollout().to_string()) }
        });
    }

    /// Whether a version has as many ready pods as the Rollout wants.
    fn has_all_pods(&self, hash: &str) -> bool {
        self.rollout()["spec"]["replicas"].as_u64() == Some(self.pods(hash).len() as u64)
    }

    /// UIDs of a version's ready pods.
    fn pods(&self, hash: &str) -> BTreeSet<String> {
        let moment = self.journal.now();
        let of = moment.all("Pod").filter(|pod| text(pod, HASH) == hash && is_ready(pod));
        of.map(|pod| text(pod, "/metadata/uid").to_owned()).collect()
    }

    /// All weights that there were, of the old version and the new one.
    fn weights(&self) -> Vec<(u64, u64)> {
        let mut weights = Vec::new();
        for (_, moment) in self.journal.replay(self.before.version) {
            let [old, new] = shares(&moment, NAME).try_into().expect("there are two sides");
            weights.push((old.weight, new.weight));
        }
        weights.dedup();
        weights
    }

    /// All steps that the new version was at.
    fn steps(&self) -> Vec<i64> {
        let mut steps: Vec<i64> =
            self.states().iter().filter_map(|state| state["currentStepIndex"].as_i64()).collect();
        steps.dedup();
        steps
    }

    /// All that the Rollout said of itself since the new version is known.
    fn states(&self) -> Vec<Value> {
        let story = self.journal.replay(self.before.version);
        let states = story.iter().map(|(_, moment)| moment.get("Rollout", NAME)["status"].clone());
        states.skip_while(|state| text(state, "/currentPodHash") == self.before.stable).collect()
    }

    /// Phases of all AnalysisRuns.
    fn verdicts(&self) -> Vec<String> {
        let moment = self.journal.now();
        moment.all("AnalysisRun").map(|run| text(run, "/status/phase").to_owned()).collect()
    }

    /// By the stamps of the server and of the agent, whole seconds since 1970; the beginnings of all pauses.
    fn no_pause_was_cut_short(&self) -> Vec<i64> {
        let begins =
            self.states().into_iter().filter_map(|state| stamp(&state, "/pauseConditions/0/startTime"));
        let begins: Vec<i64> = begins.collect::<BTreeSet<_>>().into_iter().collect();
        let moment = self.journal.now();
        let run = moment.all("AnalysisRun").next().expect("there is one");
        let measured = stamp(run, "/metadata/creationTimestamp").expect("the server wrote it");
        assert!(measured - begins[0] >= 120, "{measured} {begins:?}");
        assert!(begins[1..].windows(2).all(|pair| pair[1] - pair[0] >= 30), "{begins:?}");
        begins
    }

    /// The last pause took half a minute, and so did the old version's way out.
    fn the_old_pods_stayed_for_their_delay(&self, last_pause: i64) {
        let story = self.journal.replay(self.before.version);
        let gone: Vec<&Value> = story
            .iter()
            .filter(|(entry, _)| {
                entry.is_gone && self.before.pods.contains(text(&entry.object, "/metadata/uid"))
            })
            .map(|(entry, _)| &entry.object)
            .collect();
        assert_eq!(gone.len(), self.before.pods.len());
        for pod in gone {
            let end = stamp(pod, "/metadata/deletionTimestamp").expect("it was deleted");
            let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
            let asked = end - grace;
            assert!(asked >= last_pause + 60, "{asked} {last_pause}");
        }
    }

    fn no_side_without_ready_pods_had_a_weight(&self) {
        let story = self.journal.replay(self.before.version);
        assert!(!story.is_empty());
        for (entry, moment) in story {
            for share in shares(&moment, NAME) {
                assert!(share.weight == 0 || !share.images.is_empty(), "{share:?} after {:#}", entry.object);
            }
        }
    }
}

/// A stamp in seconds.
fn stamp(value: &Value, pointer: &str) -> Option<i64> {
    text(value, pointer).parse::<Timestamp>().ok().map(Timestamp::as_second)
}
