//! The agent is killed after each of its writes of an update in turn, the server having carried it out: the walk goes on
//! where it was, and no step is taken twice (fault F10). Nor is one where the agent sees late what it wrote.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;

use super::manifests;
use crate::support::agent::{Agent, Setup};
use crate::support::apps::text;
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::faults::{Asked, Fault, FaultProxy};
use crate::support::journal::{Journal, Moment};

const STEPS: &str = "      steps: [{setWeight: 25}, {pause: {duration: 1s}}, {setWeight: 50}]\n";
/// Weights that the new version has, one after the other.
const WEIGHTS: [i64; 5] = [0, 25, 50, 100, 0];
/// More writes than one update of the test's Rollout makes.
const ENOUGH: usize = 60;

struct Stage {
    plane: &'static ControlPlane,
    namespace: &'static str,
    setup: Setup,
    proxy: FaultProxy,
    journal: Journal,
}

#[test]
fn killed_at_any_write_of_a_walk_it_goes_on_where_it_was() {
    let stage = Stage::new("it-walks");
    let mut agent = stage.setup.start();
    let (undisturbed, _) = stage.update(&mut agent, 0, Fault::None);
    assert_eq!(undisturbed, WEIGHTS);
    for number in 1..ENOUGH {
        let (weights, was_killed) = stage.update(&mut agent, number, Fault::None);
        assert_eq!(weights, WEIGHTS, "killed at write {number}");
        if !was_killed {
            assert!(number > 10, "an update makes more than {number} writes");
            return;
        }
    }
    panic!("an update makes writes without end");
}

#[test]
fn a_walk_takes_each_step_once_while_its_own_writes_come_back_late() {
    let stage = Stage::new("it-late");
    let mut agent = stage.setup.start();
    // Watches that are open already are as they were: these begin anew.
    stage.proxy.set(late);
    stage.proxy.cut();
    let (weights, _) = stage.update(&mut agent, 0, Fault::Late(LATE));
    assert_eq!(weights, WEIGHTS);
}

/// How late each piece of a watch comes; one waits for the other.
const LATE: Duration = Duration::from_millis(150);

fn late(asked: &Asked) -> Fault {
    if asked.is_watch() { Fault::Late(LATE) } else { Fault::None }
}

impl Stage {
    fn new(namespace: &'static str) -> Self {
        let plane = controlplane::shared();
        let setup = Setup::new(plane, namespace);
        let text = std::fs::read_to_string(&setup.kubeconfig).expect("the kubeconfig is there");
        let proxy = FaultProxy::start(&text);
        let kubeconfig = proxy.kubeconfig(&setup.kubeconfig);
        let journal = Journal::watch(plane, namespace, &["virtualservice", "rollout", "replicaset"]);
        // A fixed name: an agent that comes back need not wait for its own lease to run out.
        let arguments =
            ["--controllers=rollouts", "--drive-rollouts", "--instance-id", namespace, "--identity", "one"];
        let setup = Setup { kubeconfig, ..setup }.with(&arguments);
        Self { plane, namespace, setup, proxy, journal }
    }

    /// One update, and the agent's end at one of its writes; the weights that the new version had, and whether it came
    /// to the end.
    fn update(&self, agent: &mut Agent, number: usize, watches: Fault) -> (Vec<i64>, bool) {
        let name = format!("w{number:02}");
        let files = |tag: &str| manifests(self.namespace, tag, "5s", STEPS).replace("web", &name);
        self.plane.must(&["apply", "-n", self.namespace, "-f", &self.file(&files("web:1"))]);
        wait_for("the first version", || self.is_healthy(&name, "1"));
        let reached = self.deadline(number, watches);
        let before = self.journal.version();
        self.plane.must(&["apply", "-n", self.namespace, "-f", &self.file(&files("web:2"))]);
        let was_killed = wait_for("the write or the end of the update", || match reached.try_recv() {
            Ok(()) => Ok(true),
            // The write itself may be what ended it.
            Err(_) => self.is_healthy(&name, "2").map(|()| reached.try_recv().is_ok()),
        });
        if was_killed {
            agent.signal("KILL");
            self.proxy.clear();
            *agent = self.setup.start();
        }
        wait_for("the new version", || self.is_healthy(&name, "2"));
        let sets = self.journal.now().all("ReplicaSet").filter(|set| is_of(set, &name)).count();
        assert_eq!(sets, 2, "killed at write {number}");
        (self.weights(&name, before), was_killed)
    }

    fn file(&self, manifests: &str) -> String {
        let file = self.setup.folder.join("all.yaml");
        std::fs::write(&file, manifests).expect("it can be written");
        file.to_str().expect("it is text").to_owned()
    }

    /// The agent's end: the write with this number is carried out and never answered, and nothing gets through after it.
    fn deadline(&self, number: usize, watches: Fault) -> mpsc::Receiver<()> {
        let (reach, reached) = mpsc::channel();
        let (reach, seen) = (Mutex::new(reach), Arc::new(AtomicUsize::new(0)));
        self.proxy.set(move |asked: &Asked| {
            if !asked.is_write() {
                return if asked.is_watch() { watches.clone() } else { Fault::None };
            }
            let place = seen.fetch_add(1, Ordering::SeqCst) + 1;
            match place {
                _ if number == 0 || place < number => Fault::None,
                _ if place > number => Fault::Silence,
                _ => {
                    let _ = reach.lock().expect("nobody panics with it").send(());
                    Fault::SilenceAfter(0)
                }
            }
        });
        reached
    }

    /// Whether a version, told by its tag, has taken over and the routes are back.
    fn is_healthy(&self, name: &str, tag: &str) -> Result<(), String> {
        let now = self.journal.now();
        let rollout = now.get("Rollout", name);
        let status = &rollout["status"];
        let observed = text(status, "/observedGeneration").parse::<i64>().ok();
        let image = text(rollout, "/spec/template/spec/containers/0/image");
        let is_there = image == format!("{name}:{tag}")
            && text(status, "/phase") == "Healthy"
            && status["stableRS"] == status["currentPodHash"]
            && text(rollout, "/metadata/annotations/rollout.argoproj.io~1revision") == tag
            && observed == rollout["metadata"]["generation"].as_i64();
        let route = now.get("VirtualService", name);
        if is_there && canary_weight(route) == 0 { Ok(()) } else { Err(format!("{status} {route}")) }
    }

    /// The weights that the new version had, one after the other. It had pods whenever it had any.
    fn weights(&self, name: &str, after: u64) -> Vec<i64> {
        let mut weights = Vec::new();
        for (_, moment) in self.journal.replay(after) {
            let weight = canary_weight(moment.get("VirtualService", name));
            assert!(weight == 0 || has_new_pods(&moment, name), "{weight} % for nobody");
            weights.push(weight);
        }
        weights.dedup();
        weights
    }
}

fn canary_weight(route: &Value) -> i64 {
    route["spec"]["http"][0]["route"][1]["weight"].as_i64().unwrap_or(-1)
}

fn is_of(set: &Value, name: &str) -> bool {
    text(set, "/metadata/name").starts_with(&format!("{name}-"))
}

fn has_new_pods(moment: &Moment, name: &str) -> bool {
    let is_new = |set: &&Value| text(set, "/spec/template/spec/containers/0/image") == format!("{name}:2");
    let mut new = moment.all("ReplicaSet").filter(|set| is_of(set, name)).filter(is_new);
    new.any(|set| set["status"]["availableReplicas"].as_i64().unwrap_or(0) > 0)
}
