//! Charts of Helm repositories, and parsed charts kept between renders.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use helm::Chart;
use model::tree::{MemoryTree, SourceTree, TreePath};
use sync::desired::Refused;
use sync::render::{ChartWanted, ParsedCharts};

use crate::net::{HttpClient, chain};
use crate::source::credentials::Credentials;
use crate::source::helm_repository::{
    ChartRequest, Freshness, HelmOptions, HelmRepositories, HelmRepositoryError,
};

/// Fetches charts and keeps them.
pub struct Charts {
    repositories: HelmRepositories,
    parsed: Mutex<HashMap<String, Arc<Chart>>>,
}

/// Parsed charts that are kept.
const KEPT: usize = 256;

/// A chart of a Helm repository, as an application's source: one folder with one archive in its `charts/`.
pub struct Fetched {
    version: String,
    tree: MemoryTree,
}

impl Fetched {
    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its files.
    pub fn tree(&self) -> &dyn SourceTree {
        &self.tree
    }
}

impl Charts {
    /// Charts below a cache folder.
    pub fn new(http: HttpClient, cache: &Path) -> Self {
        let repositories = HelmRepositories::new(HelmOptions::new(cache.join("charts")), http);
        Self { repositories, parsed: Mutex::default() }
    }

    /// Goes by these credentials from now on.
    pub fn set_credentials(&self, credentials: Arc<Credentials>) {
        self.repositories.set_credentials(credentials);
    }

    /// A chart as a source.
    ///
    /// # Errors
    /// In words, where it cannot be fetched or read.
    pub fn fetch_source(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
        project: &str,
        now: bool,
    ) -> Result<Fetched, Refused> {
        let request = ChartRequest { repository, chart, version, project, pass_credentials: false };
        let freshness = if now { Freshness::Now } else { Freshness::Known };
        let chosen = self.repositories.choose(request, freshness).map_err(refused)?;
        let archive = self.repositories.archive(request, &chosen).map_err(refused)?;
        let files = helm::unpack(&archive)
            .map_err(|error| Refused::because(format!("{chart} of {repository}: {error}"), ""))?;
        let mut tree = MemoryTree::new(chosen.version.as_str());
        for (path, content) in files {
            if let Ok(path) = TreePath::new(&path) {
                tree.insert(&path, content);
            }
        }
        Ok(Fetched { version: chosen.version, tree })
    }

    /// The archive of a chart that a chart depends on.
    ///
    /// # Errors
    /// In words, where it cannot be fetched.
    pub fn fetch_dependency(&self, wanted: &ChartWanted, project: &str) -> Result<Arc<[u8]>, Refused> {
        let ChartWanted { repository, name, version } = wanted;
        let address = match repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:")) {
            Some(alias) => self.repositories.alias(alias, project).ok_or_else(|| {
                Refused::because(
                    format!(
                        "no repository Secret is named {alias:?}, which a chart's dependency {name} asks for"
                    ),
                    "add a repository Secret with this name",
                )
            })?,
            None => repository.clone(),
        };
        let request =
            ChartRequest { repository: &address, chart: name, version, project, pass_credentials: false };
        let chosen = self.repositories.choose(request, Freshness::Known).map_err(refused)?;
        self.repositories.archive(request, &chosen).map(Arc::from).map_err(refused)
    }
}

fn refused(error: HelmRepositoryError) -> Refused {
    Refused::because(chain(&error), "")
}

impl ParsedCharts for Charts {
    fn find(&self, files: &str) -> Option<Arc<Chart>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner).get(files).cloned()
    }

    fn keep(&self, files: String, chart: Arc<Chart>) {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if parsed.len() >= KEPT {
            parsed.clear();
        }
        parsed.insert(files, chart);
    }
}
