//! Renders a folder of this machine as an Application's source, without a cluster and without Git.
//!
//! `cargo run --release --example render_folder -- examples/production/applications/shop`

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use model::budget::{Budget, Limits};
use model::tree::{MemoryTree, TreePath};
use model::{Application, Object};
use serde_json::json;
use sync::render::{Environment, Incomplete, NoCharts, Request, render_source};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or("examples/production/applications/blog".to_owned());
    let mut tree = MemoryTree::new("working-copy");
    read(Path::new(&folder), &TreePath::root(), &mut tree)?;
    let app = Application::read(&Object::from_value(json!({
        "metadata": {"name": "example", "namespace": "argocd"},
        "spec": {"source": {"repoURL": folder, "path": "."}, "destination": {"namespace": "default"}},
    }))?)?;
    print(&app, &tree);
    Ok(())
}

/// Puts the files below `folder` into the tree. Links are left out: a render would follow them inside the tree only.
fn read(folder: &Path, place: &TreePath, tree: &mut MemoryTree) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let place = place.join(&entry.file_name().to_string_lossy())?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read(&entry.path(), &place, tree)?;
        } else if kind.is_file() {
            tree.insert(&place, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Prints the manifests, or every problem with its file and line.
fn print(app: &Application, tree: &MemoryTree) {
    let source = &app.spec.sources_in_force()[0];
    let rendered = render_source(&Request {
        source,
        index: 0,
        tree,
        refs: &BTreeMap::new(),
        app_name: &app.name,
        namespace: &app.spec.destination.namespace,
        kube_version: "v1.33.0",
        api_versions: &[],
        environment: &Environment::new(app, "argocd", source, "working-copy"),
        charts: &NoCharts,
        parsed: &NoCharts,
        world: &helm::StillWorld::default(),
        budget: &Budget::new(Limits::default(), &|| false),
    });
    match rendered {
        Ok(render) => render.manifests.iter().for_each(|manifest| {
            let yaml = goyaml::to_yaml(&manifest.object.to_value()).unwrap_or_default();
            println!("---\n# Source: {}\n{yaml}", manifest.origin);
        }),
        Err(Incomplete::Problems(problems)) => problems.iter().for_each(|problem| println!("{problem}")),
        Err(Incomplete::NeedsCharts(charts)) => {
            charts
                .iter()
                .for_each(|chart| println!("{} must be fetched from {}", chart.name, chart.repository));
        }
    }
}
