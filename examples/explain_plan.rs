//! Plans in plain words: three objects in two waves, a cluster in memory, and why the rest waits.
//!
//! `cargo run --release --example explain_plan`

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use model::application::{HealthCode, HealthStatus, SyncStatusCode};
use model::kinds::ServedVersion;
use model::settings::Settings;
use model::{AppProject, Application, GroupKind, Kinds, Object, ObjectKey, Time};
use serde_json::{Value, json};
use sync::desired::{Context, Desired, Exclusions, Tracking};
use sync::plan::{self, Action, Answer, Input, Live, NamespaceSeen, Outcome, Pace, Plan, Revision};
use sync::project::Cluster;
use sync::render::{Manifest, Origin, Rendered};

fn main() -> Result<(), Box<dyn Error>> {
    let mut story = Story::start()?;
    story.tell("A first sync: everything is put to the server before anything is changed.", 3)?;
    story.tell("The database is not ready, so its wave is not over and the web server waits.", 1)?;
    story.become_healthy();
    story.tell("The database is ready: the next wave.", 2)?;
    story.wanted.remove(0);
    story.tell("Git no longer has the settings, but the policy does not prune.", 1)?;
    Ok(())
}

/// An Application, what Git wants, and a cluster in memory.
struct Story {
    app: Application,
    project: AppProject,
    kinds: Kinds,
    wanted: Vec<Value>,
    live: BTreeMap<ObjectKey, (Object, u64)>,
    healthy: bool,
    accepted: bool,
    now: Time,
}

impl Story {
    fn start() -> Result<Self, Box<dyn Error>> {
        let app = json!({
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {
                "source": {"repoURL": "https://git.example.com/shop.git", "path": "deploy"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "prod"},
                "syncPolicy": {"automated": {}},
            },
        });
        let project = json!({
            "metadata": {"name": "default"},
            "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]},
        });
        let mut kinds = Kinds::default();
        for (group, kind) in [("", "ConfigMap"), ("apps", "Deployment")] {
            let (plural, verbs) = (format!("{}s", kind.to_lowercase()), vec!["get".to_owned()]);
            let served = ServedVersion { version: "v1".to_owned(), plural, namespaced: true, verbs };
            kinds.insert(GroupKind::new(group, kind), served);
        }
        let manifest = |version: &str, kind: &str, name: &str, wave: &str| {
            let annotations = json!({"argocd.argoproj.io/sync-wave": wave});
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "annotations": annotations}})
        };
        Ok(Self {
            app: Application::read(&Object::from_value(app)?)?,
            project: AppProject::read(&Object::from_value(project)?)?,
            kinds,
            wanted: vec![
                manifest("v1", "ConfigMap", "settings", "0"),
                manifest("apps/v1", "Deployment", "database", "0"),
                manifest("apps/v1", "Deployment", "web", "1"),
            ],
            live: BTreeMap::new(),
            healthy: false,
            accepted: false,
            now: "2026-01-01T12:00:00Z".parse()?,
        })
    }

    fn become_healthy(&mut self) {
        self.healthy = true;
        self.now = self.now.plus(Duration::from_secs(30));
    }

    /// Plans and acts `times` times, and prints each plan.
    fn tell(&mut self, words: &str, times: usize) -> Result<(), Box<dyn Error>> {
        println!("# {words}\n");
        for _ in 0..times {
            let plan = self.plan()?;
            println!("{plan}");
            self.carry_out(&plan);
        }
        Ok(())
    }

    fn plan(&self) -> Result<Plan, Box<dyn Error>> {
        let (settings, tracking, cluster) = (Settings::default(), Tracking::default(), Cluster::in_cluster());
        let manifests = self.wanted.iter().map(|value| {
            let origin = Origin { source: 0, file: "deploy/shop.yaml".to_owned(), line: 1 };
            Ok(Manifest { object: Object::manifest(value.clone())?, origin })
        });
        let rendered = Rendered {
            source_types: Vec::new(),
            manifests: manifests.collect::<Result<_, Box<dyn Error>>>()?,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let exclusions = Exclusions { settings: &settings, server: &cluster.server };
        let (kinds, instance) = (&self.kinds, "shop");
        let context =
            Context { instance, namespace: "prod", kinds, tracking: &tracking, exclusions: &exclusions };
        let desired = Desired::from_render(rendered, &context)?;
        let live: Vec<Live> =
            self.live.values().map(|(object, _)| Live::of(object, &tracking, self.health(object))).collect();
        let unlisted = BTreeMap::new();
        let mut items = plan::join(Some(&desired), &live, &unlisted, &self.app.status.resources);
        for item in &mut items {
            let same = item.desired.zip(self.live.get(&item.key)).is_some_and(|(new, old)| new.hash == old.1);
            item.verdict = if same { SyncStatusCode::Synced } else { SyncStatusCode::OutOfSync };
            item.answer = if self.accepted { Answer::Accepted } else { Answer::NotAsked };
        }
        Ok(plan::plan(&Input {
            app: &self.app,
            instance,
            control_namespace: "argocd",
            project: Ok(&self.project),
            cluster: Ok(&cluster),
            desired: Ok(&desired),
            items: &items,
            kinds,
            namespace: &NamespaceSeen::Present,
            revision: &Revision::single("4f1c2ab"),
            tracking: &tracking,
            cycle: &[],
            stale: &[],
            unanswered: None,
            rejected: &[],
            exists: &|_| false,
            last_write: None,
            pace: Pace::default(),
            now: self.now,
        }))
    }

    fn health(&self, object: &Object) -> Option<HealthStatus> {
        let code = if self.healthy { HealthCode::Healthy } else { HealthCode::Progressing };
        (object.kind() == "Deployment")
            .then(|| HealthStatus { status: Some(code), ..HealthStatus::default() })
    }

    /// A cluster that accepts everything; what was done goes into the status, as the agent writes it.
    fn carry_out(&mut self, plan: &Plan) {
        let status = &mut self.app.status;
        status.operation_state = plan.operation.clone().or(status.operation_state.take());
        status.resources.clone_from(&plan.sync.resources);
        status.sync.status = plan.sync.status;
        for action in plan.batches.iter().flat_map(|batch| &batch.actions) {
            match action {
                Action::Apply(apply) => {
                    let object = apply.object.as_ref().clone();
                    self.live.insert(apply.key.clone(), (object, apply.hash));
                }
                Action::DryRun(_) => self.accepted = true,
                Action::CreateNamespace { .. }
                | Action::Prune(_)
                | Action::DeleteHook(_)
                | Action::Delete(_)
                | Action::RemoveFinalizers { .. } => unreachable!("this story has none of them"),
            }
            if let Some(state) = &mut self.app.status.operation_state {
                plan::record(state, action, &Outcome::Done(String::new()));
            }
        }
    }
}
