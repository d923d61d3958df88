//! Windlass: a **commit** is **rendered** into manifests, these become the **desired** objects, they are **diffed**
//! with what is live, the difference becomes a **plan**, the plan is **applied**, **health** is judged, and a **page**
//! tells the story.
//!
//! All that decides is a function of values, so the sentence can be played in memory:
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use model::budget::{Budget, Limits};
//! use model::settings::Settings;
//! use model::tree::{MemoryTree, TreePath};
//! use model::{AppProject, Application, Kinds, Object};
//! use serde_json::json;
//! use sync::desired::{Context, Desired, Exclusions, Tracking};
//! use sync::diff::{Answer, IgnoreRules, Verdict, compare};
//! use sync::plan::{self, Live, NamespaceSeen, Pace, Revision};
//! use sync::project::Cluster;
//! use sync::render::{Environment, NoCharts, Rendered, Request, render_source};
//!
//! // A commit: two manifests in one file.
//! let mut commit = MemoryTree::new("4f1c2ab");
//! let file = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: blue}\n---\n\
//!             apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
//! commit.insert(&TreePath::new("deploy/shop.yaml")?, file.as_bytes());
//!
//! // An Application that wants them, and the project that lets it.
//! let app = Application::read(&Object::from_value(json!({
//!     "metadata": {"name": "shop", "namespace": "argocd"},
//!     "spec": {
//!         "source": {"repoURL": "https://git.example.com/shop.git", "path": "deploy"},
//!         "destination": {"server": "https://kubernetes.default.svc", "namespace": "prod"},
//!         "syncPolicy": {"automated": {"selfHeal": true}},
//!     },
//! }))?)?;
//! let project = AppProject::read(&Object::from_value(json!({
//!     "metadata": {"name": "default"},
//!     "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]},
//! }))?)?;
//!
//! // Rendered.
//! let source = &app.spec.sources_in_force()[0];
//! let environment = Environment::new(&app, "argocd", source, "4f1c2ab");
//! let render = render_source(&Request {
//!     source,
//!     index: 0,
//!     tree: &commit,
//!     refs: &BTreeMap::new(),
//!     app_name: &app.name,
//!     namespace: "prod",
//!     kube_version: "v1.33.0",
//!     api_versions: &[],
//!     environment: &environment,
//!     charts: &NoCharts,
//!     parsed: &NoCharts,
//!     world: &helm::StillWorld::default(),
//!     budget: &Budget::new(Limits::default(), &|| false),
//! })
//! .expect("the manifests can be read");
//!
//! // Desired: with namespaces and the mark by which windlass knows its own.
//! let mut kinds = Kinds::default();
//! # for kind in ["ConfigMap", "Service"] {
//! #     let plural = format!("{}s", kind.to_lowercase());
//! #     let verbs = vec!["get".to_owned()];
//! #     let served = model::kinds::ServedVersion { version: "v1".to_owned(), plural, namespaced: true, verbs };
//! #     kinds.insert(model::GroupKind::new("", kind), served);
//! # }
//! let (settings, tracking, cluster) = (Settings::default(), Tracking::default(), Cluster::in_cluster());
//! let rendered = Rendered {
//!     source_types: vec![Some(render.source_type)],
//!     manifests: render.manifests,
//!     problems: Vec::new(),
//!     warnings: render.warnings,
//! };
//! let desired = Desired::from_render(rendered, &Context {
//!     instance: "shop",
//!     namespace: "prod",
//!     kinds: &kinds,
//!     tracking: &tracking,
//!     exclusions: &Exclusions { settings: &settings, server: &cluster.server },
//! })?;
//! let wanted = &desired.objects()[0];
//! assert_eq!(wanted.object.annotation("argocd.argoproj.io/tracking-id"), Some("shop:/ConfigMap:prod/settings"));
//!
//! // Diffed: somebody has painted it red, and the Service is not there yet.
//! let mut live = wanted.object.as_ref().clone();
//! live.fields_mut()["data"]["colour"] = "red".into();
//! let (rules, _) = IgnoreRules::compile(&[], &settings);
//! let Verdict::Different(changes) = compare(&wanted.object, &live, Answer::None, &rules, Default::default()) else {
//!     panic!("red is not blue");
//! };
//! assert_eq!(changes[0].to_string(), "data.colour: \"red\" -> \"blue\"");
//!
//! // Planned: every action in order, and why the rest waits.
//! let (seen, unlisted) = ([Live::of(&live, &tracking, None)], BTreeMap::new());
//! let mut items = plan::join(Some(&desired), &seen, &unlisted, &[]);
//! for item in &mut items {
//!     item.verdict = model::application::SyncStatusCode::OutOfSync;
//!     item.answer = plan::Answer::Accepted;
//! }
//! let plan = plan::plan(&plan::Input {
//!     app: &app,
//!     instance: "shop",
//!     control_namespace: "argocd",
//!     project: Ok(&project),
//!     cluster: Ok(&cluster),
//!     desired: Ok(&desired),
//!     items: &items,
//!     kinds: &kinds,
//!     namespace: &NamespaceSeen::Present,
//!     revision: &Revision::single("4f1c2ab"),
//!     tracking: &tracking,
//!     cycle: &[],
//!     stale: &[],
//!     unanswered: None,
//!     rejected: &[],
//!     exists: &|_| false,
//!     last_write: None,
//!     pace: Pace::default(),
//!     now: "2026-01-01T12:00:00Z".parse()?,
//! });
//! let actions: Vec<String> =
//!     plan.batches.iter().flat_map(|batch| &batch.actions).map(ToString::to_string).collect();
//! assert_eq!(actions, ["apply ConfigMap prod/settings", "apply Service prod/web, new"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Crates and modules, in the order of the sentence
//!
//! The crates decide and never touch the world: [`model`] (the nouns), [`sync`] (from a commit to a plan), the engines
//! below it ([`helm`], [`gotemplate`], [`goyaml`]), and [`report`] (what people read).
//!
//! The modules here act: [`source`] (a remote becomes a tree, through [`net`]), [`cluster`] (live objects in, actions
//! out), [`server`] (reports out), and [`agent`], the loop that joins them. [`cli`] has one file for each command,
//! [`config`] what was typed, [`telemetry`] logs and metrics.

pub mod agent;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod net;
pub mod provider;
pub mod server;
pub mod source;
pub mod telemetry;
