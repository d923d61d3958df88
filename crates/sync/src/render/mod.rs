//! SourceTree + source spec -> manifests, or every problem at once with file and line.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Object;
use model::application::Source;
use model::budget::Budget;
use model::tree::SourceTree;

pub mod detect;
pub mod directory;
pub mod documents;
pub mod environment;
pub mod helm;
mod overrides;

pub use detect::detect;
pub use environment::Environment;

/// One rendered manifest and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The object.
    pub object: Object,
    /// Where it stands.
    pub origin: Origin,
}

/// Where a manifest or a problem stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Index of the source among the application's.
    pub source: usize,
    /// File in the source: a manifest's path, or a chart's template.
    pub file: String,
    /// First line in the file, or in the template's output; 0 where unknown.
    pub line: u32,
}

/// One thing that keeps a render from being complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What is wrong.
    pub cause: String,
    /// What to do about it.
    pub next_step: String,
}

/// Kind of a source, as `status.sourceType` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceType {
    /// A chart.
    Helm,
    /// A kustomization.
    Kustomize,
    /// Plain manifests.
    Directory,
    /// A config management plugin.
    Plugin,
}

/// What a render came to: only one without problems can become desired.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The kind of each source; none for a source that only lends its files.
    pub source_types: Vec<Option<SourceType>>,
    /// The manifests, in order.
    pub manifests: Vec<Manifest>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing: it keeps nothing back.
    pub warnings: Vec<String>,
}

/// What one source is rendered with. Everything the result depends on is in here or in what the tree hands out.
pub struct Request<'a> {
    /// The source as the Application has it.
    pub source: &'a Source,
    /// Its index among the application's sources.
    pub index: usize,
    /// Its files.
    pub tree: &'a dyn SourceTree,
    /// Trees that other sources lend under their `ref` name.
    pub refs: &'a BTreeMap<String, &'a dyn SourceTree>,
    /// The Application's name, without its namespace.
    pub app_name: &'a str,
    /// The destination's namespace.
    pub namespace: &'a str,
    /// The destination's Kubernetes version, such as `v1.33.4`.
    pub kube_version: &'a str,
    /// `group/version` and `group/version/Kind` of all that the destination serves, sorted.
    pub api_versions: &'a [String],
    /// What `$ARGOCD_APP_...` stands for.
    pub environment: &'a Environment,
    /// Charts that were fetched for this source's dependencies.
    pub charts: &'a dyn ChartArchives,
    /// Parsed charts kept from earlier renders, by what they were read from.
    pub parsed: &'a dyn ParsedCharts,
    /// Clock and randomness of templates.
    pub world: &'a dyn ::helm::World,
    /// What the render may spend.
    pub budget: &'a Budget<'a>,
}

/// Renders one source.
///
/// # Errors
/// The problems, each with file and line, or the charts that must be fetched first.
pub fn render_source(request: &Request<'_>) -> Result<SourceRender, Incomplete> {
    let one = |problem| Incomplete::Problems(vec![problem]);
    let source = overrides::overridden(request).map_err(one)?;
    let request = Request { source: &source, ..*request };
    match detect(&request).map_err(one)? {
        SourceType::Helm => helm::render(&request),
        SourceType::Directory => directory::render(&request).map_err(Incomplete::Problems),
        SourceType::Kustomize => Err(unsupported(
            &request,
            "Kustomize is not built in yet",
            "render it in Git, or use Helm or plain manifests",
        )),
        SourceType::Plugin => Err(unsupported(
            &request,
            "config management plugins are not supported: nothing is run as a process",
            "render the manifests in a pipeline and commit them",
        )),
    }
}

/// One rendered source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRender {
    /// Its kind.
    pub source_type: SourceType,
    /// Its manifests, lists unrolled.
    pub manifests: Vec<Manifest>,
    /// What is worth knowing.
    pub warnings: Vec<String>,
}

/// Why a source has not been rendered.
#[derive(Clone, Debug, PartialEq)]
pub enum Incomplete {
    /// The user's mistakes.
    Problems(Vec<Problem>),
    /// Charts that must be fetched before the next try.
    NeedsCharts(Vec<ChartWanted>),
}

/// One chart that a chart depends on and that is not in its `charts/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartWanted {
    /// Helm repository, as `Chart.yaml` or `Chart.lock` names it.
    pub repository: String,
    /// Chart.
    pub name: String,
    /// Version, or a constraint where there is no lock.
    pub version: String,
}

/// Archives of charts that were fetched.
pub trait ChartArchives {
    /// The archive's bytes and the version it has; none where it has not been fetched.
    fn archive(&self, wanted: &ChartWanted) -> Option<Arc<[u8]>>;
}

/// Parsed charts kept between renders.
pub trait ParsedCharts {
    /// The chart read from exactly these files, where it is kept.
    fn find(&self, files: &str) -> Option<Arc<::helm::Chart>>;
    /// Keeps a chart.
    fn keep(&self, files: String, chart: Arc<::helm::Chart>);
}

/// No charts at all: for sources whose charts depend on nothing that must be fetched, and nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCharts;

impl ChartArchives for NoCharts {
    fn archive(&self, _: &ChartWanted) -> Option<Arc<[u8]>> {
        None
    }
}

impl ParsedCharts for NoCharts {
    fn find(&self, _: &str) -> Option<Arc<::helm::Chart>> {
        None
    }

    fn keep(&self, _: String, _: Arc<::helm::Chart>) {}
}

impl Problem {
    /// A problem at a file of a source; line 0 where there is none.
    pub(crate) fn at(
        index: usize,
        file: impl Into<String>,
        line: u32,
        cause: impl Into<String>,
        next_step: &str,
    ) -> Self {
        Self {
            origin: Origin { source: index, file: file.into(), line },
            cause: cause.into(),
            next_step: next_step.to_owned(),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.origin.file.is_empty() {
            write!(f, "{}: ", self.origin)?;
        }
        f.write_str(&self.cause)?;
        if self.next_step.is_empty() { Ok(()) } else { write!(f, "; {}", self.next_step) }
    }
}

impl SourceType {
    /// The type as `status.sourceType` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Directory => "Directory",
            Self::Plugin => "Plugin",
        }
    }
}

fn unsupported(request: &Request<'_>, cause: &str, next_step: &str) -> Incomplete {
    Incomplete::Problems(vec![Problem::at(request.index, request.source.path.as_str(), 0, cause, next_step)])
}
