//! A commit in memory and one source of an Application: what a render of it comes to.
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::collections::BTreeMap;

use model::budget::{Budget, Limits};
use model::tree::{MemoryTree, TreePath};
use model::{Application, Object};
use serde_json::{Value, json};
use sync::render::{
    Environment, Incomplete, Manifest, NoCharts, Problem, Request, SourceRender, render_source,
};

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    pub tree: MemoryTree,
    /// A second tree that `$values` leads to.
    pub lent: MemoryTree,
}

impl Commit {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let mut commit = Self { tree: MemoryTree::new("4f1c2ab"), lent: MemoryTree::new("7d0e9f3") };
        for (path, content) in files {
            commit.tree.insert(&path_of(path), content.as_bytes());
        }
        commit
    }

    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.tree.link(&path_of(path), target);
        self
    }

    /// Renders the source written as JSON; its `repoURL` is filled in.
    pub fn render(&self, source: &Value) -> Result<SourceRender, Vec<Problem>> {
        self.render_within(source, Limits::default())
    }

    pub fn render_within(&self, source: &Value, limits: Limits) -> Result<SourceRender, Vec<Problem>> {
        let mut source = source.clone();
        source["repoURL"] = "https://git.example.com/shop.git".into();
        let app = Object::from_value(json!({
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {"source": source, "destination": {"namespace": "prod"}, "project": "default"},
        }));
        let app = Application::read(&app.expect("it is a map")).expect("the Application can be read");
        let source = app.spec.source.as_ref().expect("it has a source");
        let environment = Environment::new(&app, "argocd", source, "4f1c2ab");
        let refs = BTreeMap::from([("values".to_owned(), &self.lent as &dyn model::tree::SourceTree)]);
        let rendered = render_source(&Request {
            source,
            index: 0,
            tree: &self.tree,
            refs: &refs,
            app_name: "shop",
            namespace: "prod",
            kube_version: "v1.33.0",
            api_versions: &[],
            environment: &environment,
            charts: &NoCharts,
            parsed: &NoCharts,
            world: &helm::StillWorld::default(),
            budget: &Budget::new(limits, &|| false),
        });
        rendered.map_err(|incomplete| match incomplete {
            Incomplete::Problems(problems) => problems,
            Incomplete::NeedsCharts(wanted) => panic!("nothing is to be fetched here: {wanted:?}"),
        })
    }

    /// What a render shows: each object in one line, or each problem.
    pub fn shown(&self, source: &Value) -> String {
        match self.render(source) {
            Ok(render) => render.manifests.iter().map(line).collect(),
            Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
        }
    }
}

fn line(manifest: &Manifest) -> String {
    format!("{} {} {}\n", manifest.origin, manifest.object.key(), manifest.object.to_value())
}

pub fn path_of(text: &str) -> TreePath {
    TreePath::new(text).expect("it is a path")
}
