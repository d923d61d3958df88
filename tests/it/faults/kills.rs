//! The agent is killed after each of its writes in turn, the server having carried it out (fault F10).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use super::{Stage, contents};
use crate::support::agent::Agent;
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::faults::{Asked, Fault};
use crate::support::git::Change;

const NAMESPACE: &str = "it-kills";
/// More writes than one sync of the test's Application makes.
const ENOUGH: usize = 40;

#[test]
fn killed_at_any_write_it_goes_on_where_it_was() {
    let plane = controlplane::shared();
    let stage = Stage::new(plane, NAMESPACE);
    let mut agent = stage.setup.start();
    let undisturbed = story(plane, &stage, &mut agent, 0);
    for number in 1..ENOUGH {
        let ended = story(plane, &stage, &mut agent, number);
        assert_eq!(ended.contents, undisturbed.contents, "killed at write {number}");
        if ended.kills == 0 {
            assert!(number > 5, "a first sync and a change make more than {number} writes");
            return;
        }
    }
    panic!("the sync makes writes without end");
}

/// How one story ended.
struct Ended {
    contents: [std::collections::BTreeMap<String, serde_json::Value>; 2],
    kills: usize,
}

/// A first sync of two waves, then a commit that changes, adds and removes; killed at write `number` of each.
fn story(plane: &ControlPlane, stage: &Stage, agent: &mut Agent, number: usize) -> Ended {
    let (app, target) = (format!("app-{number}"), format!("it-kills-{number}"));
    let path = |file: &str| format!("{app}/{file}");
    let (first, second, third) = (path("a.yaml"), path("b.yaml"), path("c.yaml"));
    stage.repository.commit("main", &[(&first, &config_map("first", "1")), (&second, &waved("second", 1))]);

    let deadline = Deadline::at(stage, &app, &target, number);
    plane.apply(&application(NAMESPACE, &app, &stage.repository.url(), &app, &target).to_string());
    let first_kill = deadline.meet(stage, agent, || is_well(plane, &app, ""));
    plane.wait_until_well(NAMESPACE, &app);
    let after_first = contents(plane, &target);

    let deadline = Deadline::at(stage, &app, &target, number);
    let (changed, fresh) = (config_map("first", "2"), waved("third", 2));
    let changes =
        [(first.as_str(), Change::File(&changed)), (&second, Change::Gone), (&third, Change::File(&fresh))];
    let commit = stage.repository.change("main", &changes, "change, add and remove");
    let second_kill = deadline.meet(stage, agent, || is_well(plane, &app, &commit));
    wait_for("the commit to be synced", || is_well(plane, &app, &commit));
    let kills = usize::from(first_kill) + usize::from(second_kill);
    Ended { contents: [after_first, contents(plane, &target)], kills }
}

fn waved(name: &str, wave: i64) -> String {
    let metadata = format!("{{name: {name}, annotations: {{argocd.argoproj.io/sync-wave: '{wave}'}}}}");
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {{wave: w{wave}}}\n")
}

/// The agent's end at one write, if it comes to that.
struct Deadline {
    reached: mpsc::Receiver<()>,
}

impl Deadline {
    /// Counts the writes about one Application. The one with this number is carried out and never answered, and
    /// nothing gets through after it.
    fn at(stage: &Stage, app: &str, target: &str, number: usize) -> Self {
        let (reach, reached) = mpsc::channel();
        let (reach, seen) = (std::sync::Mutex::new(reach), Arc::new(AtomicUsize::new(0)));
        let parts = [format!("/applications/{app}?"), format!("/namespaces/{target}")];
        stage.proxy.set(move |asked: &Asked| {
            if !asked.is_write() || !parts.iter().any(|part| asked.target.contains(part)) {
                return Fault::None;
            }
            let place = seen.fetch_add(1, Ordering::SeqCst) + 1;
            if number == 0 || place < number {
                return Fault::None;
            }
            if place > number {
                return Fault::Silence;
            }
            let _ = reach.lock().expect("nobody panics with it").send(());
            Fault::SilenceAfter(0)
        });
        Self { reached }
    }

    /// Kills the agent when the write comes, and starts it again. False where the Application is well without it.
    fn meet(self, stage: &Stage, agent: &mut Agent, well: impl Fn() -> Result<(), String>) -> bool {
        let came = wait_for("the write or the end of the sync", || match self.reached.try_recv() {
            Ok(()) => Ok(true),
            // The write itself may be what made it well.
            Err(_) => well().map(|()| self.reached.try_recv().is_ok()),
        });
        if came {
            agent.signal("KILL");
            stage.proxy.clear();
            *agent = stage.setup.start();
        }
        came
    }
}

/// Whether an Application is well, at this commit where one is named.
fn is_well(plane: &ControlPlane, app: &str, commit: &str) -> Result<(), String> {
    let app = plane.app(NAMESPACE, app);
    let verdict = ["/status/sync/status", "/status/health/status", "/status/operationState/phase"]
        .map(|pointer| text(&app, pointer));
    let is_there = commit.is_empty() || text(&app, "/status/sync/revision") == commit;
    let is_well = is_there && verdict == ["Synced", "Healthy", "Succeeded"];
    if is_well { Ok(()) } else { Err(app["status"].to_string()) }
}
