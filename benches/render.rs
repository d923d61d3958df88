//! From a commit in Git's object database to manifests: the seed's charts, and folders of plain manifests.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock and unpacks archives")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use helm::StillWorld;
use model::application::Source;
use model::budget::{Budget, Limits};
use model::tree::SourceTree;
use serde_json::{Value, json};
use sync::render::{
    ChartArchives, ChartWanted, Environment, ParsedCharts, Request, SourceRender, render_source,
};
use windlass::net::{HttpClient, HttpOptions};
use windlass::source::git::{GitOptions, NamesOnly, Repositories, Wanted};

mod measure;
mod story;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    seed_charts(&runtime);
    plain_manifests();
}

/// A chart of the seed: its Application's name, repository, folder and namespace.
const CHARTS: [(&str, &str, &str, &str); 5] = [
    ("production", "vfarcic/argocd-production.git", "helm", "argocd"),
    ("devops-paradox", "vfarcic/devops-paradox.git", "helm", "production"),
    ("devops-toolkit", "vfarcic/devops-toolkit.git", "helm", "production"),
    ("argo-rollouts", "argoproj/argo-helm.git", "charts/argo-rollouts", "argo-rollouts"),
    ("prometheus", "prometheus-community/helm-charts.git", "charts/prometheus", "monitoring"),
];

fn seed_charts(runtime: &tokio::runtime::Runtime) {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed");
    if !seed.is_dir() {
        return println!("the seed's charts are not here (../shared/seed)");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().canonicalize().expect("it is there");
    unpack(&seed.join("git"), &root);
    let mut options = GitOptions::new(root.join("cache"));
    options.local = vec![root.clone()];
    let repositories =
        Repositories::new(options, HttpClient::new(HttpOptions::default(), runtime.handle().clone()));
    let archives = Archives::read(&seed.join("helm-repo"));
    let served = std::fs::read_to_string(seed.join("expected/api-versions.txt")).expect("the list is there");
    let served: Vec<String> = served.lines().map(str::to_owned).collect();

    measure::heading("Render of the seed's charts, from the commit");
    for (name, repository, path, namespace) in CHARTS {
        let values = seed.join("expected/01-setup").join(name).join("values.yaml");
        let values = std::fs::read_to_string(values).unwrap_or_default();
        let source = source(&json!({"repoURL": repository, "path": path, "helm": {"values": values}}));
        let url = format!("file://{}", root.join(repository).display());
        let repository = repositories.find(&url, "default").expect("the repository is there");
        let commit = repository.resolve(Wanted::new("HEAD"), &NamesOnly).expect("it has a HEAD").commit;
        for (suffix, parsed) in [("", Parsed::default()), (", chart kept", Parsed::keeping())] {
            measure::measure(
                &format!("{name}{suffix}"),
                || {
                    let tree = repository.tree(commit).expect("the commit is there");
                    render(&source, &tree, name, namespace, &served, &archives, &parsed)
                },
                |done| format!("{} objects", done.manifests.len()),
            );
        }
    }
}

fn plain_manifests() {
    measure::heading("Render of a folder of manifests, one file each");
    let source = source(&json!({"repoURL": "https://git.example.com/shop", "path": "deploy"}));
    for number in story::SIZES {
        let tree = story::tree(number);
        measure::measure(
            &format!("{number} objects"),
            || render(&source, &tree, "shop", "shop", &[], &Archives::default(), &Parsed::default()),
            |done| format!("{} objects", done.manifests.len()),
        );
    }
}

fn render(
    source: &Source,
    tree: &dyn SourceTree,
    name: &str,
    namespace: &str,
    served: &[String],
    archives: &Archives,
    parsed: &Parsed,
) -> SourceRender {
    let never = || false;
    let budget = Budget::new(Limits::default(), &never);
    let request = Request {
        source,
        index: 0,
        tree,
        refs: &BTreeMap::new(),
        app_name: name,
        namespace,
        kube_version: "v1.33.4",
        api_versions: served,
        environment: &Environment::default(),
        charts: archives,
        parsed,
        world: &StillWorld::default(),
        budget: &budget,
    };
    render_source(&request).unwrap_or_else(|why| panic!("{name} cannot be rendered: {why:?}"))
}

fn source(spec: &Value) -> Source {
    serde_json::from_value(spec.clone()).expect("it is a source")
}

/// Unpacks the seed's repositories.
fn unpack(archives: &Path, into: &Path) {
    for archive in std::fs::read_dir(archives).expect("the seed is there").flatten() {
        let done = Command::new("tar").arg("-xzf").arg(archive.path()).arg("-C").arg(into).status();
        assert!(done.is_ok_and(|status| status.success()), "{} unpacks", archive.path().display());
    }
}

/// The archives of a static Helm repository, by name and version.
#[derive(Default)]
struct Archives(HashMap<String, Arc<[u8]>>);

impl Archives {
    fn read(folder: &Path) -> Self {
        let files = std::fs::read_dir(folder).expect("the Helm repository is there").flatten();
        let archives = files.filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            Some((name.strip_suffix(".tgz")?.to_owned(), std::fs::read(file.path()).ok()?.into()))
        });
        Self(archives.collect())
    }
}

impl ChartArchives for Archives {
    fn archive(&self, wanted: &ChartWanted) -> Option<Arc<[u8]>> {
        self.0.get(&format!("{}-{}", wanted.name, wanted.version)).cloned()
    }
}

/// Charts kept between renders, or none.
#[derive(Default)]
struct Parsed {
    keeps: bool,
    charts: Mutex<HashMap<String, Arc<helm::Chart>>>,
}

impl Parsed {
    fn keeping() -> Self {
        Self { keeps: true, charts: Mutex::default() }
    }
}

impl ParsedCharts for Parsed {
    fn find(&self, files: &str) -> Option<Arc<helm::Chart>> {
        self.charts.lock().expect("nobody panics with it").get(files).cloned()
    }

    fn keep(&self, files: String, chart: Arc<helm::Chart>) {
        if self.keeps {
            self.charts.lock().expect("nobody panics with it").insert(files, chart);
        }
    }
}
