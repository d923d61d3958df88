//! From desired and live to a plan: nothing to do, everything to make, everything to change.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::collections::BTreeMap;

use model::application::{Application, SyncStatusCode};
use model::{AppProject, Kinds, Object, Time};
use serde_json::json;
use sync::desired::{Desired, Tracking};
use sync::plan::{self, Answer, Input, Live, NamespaceSeen, Pace, Plan, Revision};
use sync::project;

mod measure;
mod story;

fn main() {
    measure::heading("Plan of one Application");
    for number in story::SIZES {
        let world = World::new(number);
        let made: Vec<Live> = world.live(&world.desired);
        let none: Vec<Live> = Vec::new();
        let cases = [
            ("as wanted", &made, SyncStatusCode::Synced),
            ("all new", &none, SyncStatusCode::Unknown),
            ("all changed", &made, SyncStatusCode::OutOfSync),
        ];
        for (what, live, verdict) in cases {
            measure::measure(
                &format!("{number} objects, {what}"),
                || world.plan(live, verdict),
                |plan| {
                    format!("{} actions", plan.batches.iter().map(|batch| batch.actions.len()).sum::<usize>())
                },
            );
        }
    }
}

/// All that a plan is made from, but what is live.
struct World {
    app: Application,
    project: AppProject,
    kinds: Kinds,
    desired: Desired,
    tracking: Tracking,
    now: Time,
}

impl World {
    fn new(number: usize) -> Self {
        let app = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git.example.com/shop", "path": "deploy"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
            },
        });
        let project = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default"},
            "spec": {
                "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            },
        });
        let object = |value| Object::from_value(value).expect("it is an object");
        Self {
            app: Application::read(&object(app)).expect("the Application reads"),
            project: AppProject::read(&object(project)).expect("the project reads"),
            kinds: story::kinds(),
            desired: story::desired(number, "first"),
            tracking: Tracking::default(),
            now: "2026-01-01T12:00:00Z".parse().expect("it is a time"),
        }
    }

    fn live(&self, desired: &Desired) -> Vec<Live> {
        let objects = desired.objects().iter().enumerate();
        objects
            .map(|(index, wanted)| Live::of(&story::live(&wanted.object, index), &self.tracking, None))
            .collect()
    }

    fn plan(&self, live: &[Live], verdict: SyncStatusCode) -> Plan {
        let unlisted = BTreeMap::new();
        let mut items = plan::join(Some(&self.desired), live, &unlisted, &[]);
        for item in &mut items {
            (item.verdict, item.answer) = (verdict, Answer::Accepted);
        }
        let cluster = project::in_cluster(&self.app.spec.destination);
        plan::plan(&Input {
            app: &self.app,
            instance: "shop",
            control_namespace: "argocd",
            project: Ok(&self.project),
            cluster: cluster.as_ref(),
            desired: Ok(&self.desired),
            items: &items,
            kinds: &self.kinds,
            namespace: &NamespaceSeen::Present,
            revision: &Revision::single("0123456789abcdef0123456789abcdef01234567"),
            tracking: &self.tracking,
            cycle: &[],
            stale: &[],
            unanswered: None,
            rejected: &[],
            exists: &|_| true,
            last_write: None,
            pace: Pace::default(),
            now: self.now,
        })
    }
}
