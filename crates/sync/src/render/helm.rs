//! A chart in the tree, through the Helm engine (reference sections 2.5 and 2.8).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use helm::{
    Capabilities, Chart, ChartFiles, DependencyRequest, FileError, FolderEntry, HelmVersion, HookEvent,
    KubeVersion, Release, RenderError, RenderOptions, Table, ValueSources,
};
use model::application::{HelmParameter, HelmSource};
use model::tree::{EntryKind, SourceTree, TreePath, list_folder, read_file, resolve};

use super::documents::{exceeded, read_documents};
use super::{ChartWanted, Incomplete, Manifest, Origin, Problem, Request, SourceRender, SourceType, detect};
use crate::glob::Glob;

/// Charts that depend on charts in folders, at most this deep.
const DEEPEST: usize = 16;

/// Renders the chart of the source.
///
/// # Errors
/// The problems with file and line, or the charts that must be fetched first.
pub fn render(request: &Request<'_>) -> Result<SourceRender, Incomplete> {
    let folder = detect::folder(request).map_err(one)?;
    let default = HelmSource::default();
    let options = request.source.helm.as_ref().unwrap_or(&default);
    let chart = Loader { request }.load(&folder, 0)?;
    let version = engine(&options.version);
    let values = values(request, options, &folder, version).map_err(one)?;
    let capabilities = capabilities(request, options).map_err(one)?;
    let release = Release::new(
        if options.release_name.is_empty() { request.app_name } else { &options.release_name },
        if options.namespace.is_empty() { request.namespace } else { &options.namespace },
    );
    let rendered = helm::render(
        &chart,
        &RenderOptions {
            release,
            values: &values,
            capabilities: &capabilities,
            version,
            skip_schema_validation: options.skip_schema_validation,
            world: request.world,
            budget: &Spend(request),
        },
    );
    let rendered = rendered.map_err(|error| one(template_problem(request, &folder, &error)))?;
    read_manifests(request, options, &folder, &rendered)
}

/// The documents in Helm's order: definitions unless they are skipped, manifests, hooks.
fn read_manifests(
    request: &Request<'_>,
    options: &HelmSource,
    folder: &TreePath,
    rendered: &helm::Rendered,
) -> Result<SourceRender, Incomplete> {
    let crds = rendered.crds.iter().filter(|_| !options.skip_crds);
    let is_test = |hook: &helm::Hook| options.skip_tests && hook.events.contains(&HookEvent::Test);
    let hooks = rendered.hooks.iter().filter(|hook| !is_test(hook)).map(|hook| &hook.manifest);
    let (mut manifests, mut problems): (Vec<Manifest>, Vec<Problem>) = (Vec::new(), Vec::new());
    for document in crds.chain(&rendered.manifests).chain(hooks) {
        let origin = Origin {
            source: request.index,
            file: template_path(folder, document.source()),
            line: u32::try_from(document.line()).unwrap_or(0),
        };
        if let Err(error) = request.budget.wrote(document.text().len()) {
            return Err(one(exceeded(&origin, &error)));
        }
        // As `helm template` prints it: a block scalar at the end of a document keeps its line break.
        let printed = format!("{}\n", document.text());
        let (found, wrong) = read_documents(&printed, &origin, request.budget);
        manifests.extend(found);
        problems.extend(wrong);
    }
    if problems.is_empty() {
        Ok(SourceRender { source_type: SourceType::Helm, manifests, warnings: Vec::new() })
    } else {
        Err(Incomplete::Problems(problems))
    }
}

/// A template's place in the repository: Helm names it by the chart's name.
fn template_path(folder: &TreePath, source: &str) -> String {
    let below = source.split_once('/').map_or(source, |(_, below)| below);
    if folder.is_root() { below.to_owned() } else { format!("{folder}/{below}") }
}

fn template_problem(request: &Request<'_>, folder: &TreePath, error: &RenderError) -> Problem {
    let (file, line) = match error.place() {
        Some(place) => (template_path(folder, &place.file), u32::try_from(place.line).unwrap_or(0)),
        None => (folder.to_string(), 0),
    };
    let next = match error {
        RenderError::Schema(_) => "correct the values, or values.schema.json",
        RenderError::KubeVersion { .. } => {
            "use a chart made for this version, or set spec.source.helm.kubeVersion"
        }
        _ => "correct the template or its values",
    };
    Problem::at(request.index, file, line, error.to_string(), next)
}

fn one(problem: Problem) -> Incomplete {
    Incomplete::Problems(vec![problem])
}

/// Loads charts with what they depend on.
struct Loader<'a> {
    request: &'a Request<'a>,
}

impl Loader<'_> {
    fn load(&self, folder: &TreePath, depth: usize) -> Result<Arc<Chart>, Incomplete> {
        let id = self.request.tree.content_id(folder).filter(|_| depth == 0);
        if let Some(chart) = id.as_ref().and_then(|id| self.request.parsed.find(id)) {
            return Ok(chart);
        }
        let files = TreeFiles { request: self.request, root: folder.clone(), linked: Cell::new(false) };
        let chart = Chart::load(&files).map_err(|error| self.chart_problem(folder, &error.to_string()))?;
        let chart = Arc::new(self.completed(chart, folder, depth)?);
        // What a link leads to may change without the folder: such a chart is read each time.
        if let Some(id) = id.filter(|_| {
            !files.linked.get() && chart.lock().is_none() && chart.metadata().dependencies().next().is_none()
        }) {
            self.request.parsed.keep(id, chart.clone());
        }
        Ok(chart)
    }

    /// The chart with what it depends on and does not have in `charts/`.
    fn completed(&self, chart: Chart, folder: &TreePath, depth: usize) -> Result<Chart, Incomplete> {
        let missing = chart.missing_dependencies(&|_| None);
        let missing = missing.map_err(|error| self.chart_problem(folder, &error.to_string()))?;
        if missing.is_empty() {
            return Ok(chart);
        }
        if depth >= DEEPEST {
            return Err(self.chart_problem(folder, "charts depend on each other without end"));
        }
        let (mut found, mut wanted) = (Vec::new(), Vec::new());
        for request in missing {
            match self.dependency(&request, folder, depth)? {
                Some(chart) => found.push((request, chart)),
                None => wanted.push(ChartWanted {
                    repository: request.repository,
                    name: request.name,
                    version: request.version,
                }),
            }
        }
        if !wanted.is_empty() {
            return Err(Incomplete::NeedsCharts(wanted));
        }
        chart.with_dependencies(found).map_err(|error| self.chart_problem(folder, &error.to_string()))
    }

    /// A chart in a folder beside, or one that was fetched; none where it must be fetched.
    fn dependency(
        &self,
        wanted: &DependencyRequest,
        folder: &TreePath,
        depth: usize,
    ) -> Result<Option<Arc<Chart>>, Incomplete> {
        if let Some(path) = wanted.repository.strip_prefix("file://") {
            let beside = folder.join(path).map_err(|error| self.chart_problem(folder, &error.to_string()))?;
            return self.load(&beside, depth + 1).map(Some);
        }
        let key = ChartWanted {
            repository: wanted.repository.clone(),
            name: wanted.name.clone(),
            version: wanted.version.clone(),
        };
        let Some(archive) = self.request.charts.archive(&key) else { return Ok(None) };
        let chart = Chart::load_archive(&archive);
        chart.map(|chart| Some(Arc::new(chart))).map_err(|error| {
            let cause = format!("{} {} of {}: {error}", wanted.name, wanted.version, wanted.repository);
            self.chart_problem(folder, &cause)
        })
    }

    fn chart_problem(&self, folder: &TreePath, cause: &str) -> Incomplete {
        let file = folder.join("Chart.yaml").unwrap_or_default().to_string();
        one(Problem::at(self.request.index, file, 0, cause, "correct the chart"))
    }
}

/// The files of a chart's folder in a tree; links are followed inside the tree.
struct TreeFiles<'a> {
    request: &'a Request<'a>,
    root: TreePath,
    linked: Cell<bool>,
}

impl TreeFiles<'_> {
    fn place(&self, path: &str) -> Result<TreePath, FileError> {
        self.root.join(path).map_err(|error| FileError { path: path.to_owned(), why: error.to_string() })
    }
}

impl ChartFiles for TreeFiles<'_> {
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let refuse = |why: String| FileError { path: folder.to_owned(), why };
        let place = self.place(folder)?;
        let entries = list_folder(self.request.tree, &place).map_err(|error| refuse(error.to_string()))?;
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            let is_folder = match entry.kind {
                EntryKind::Folder => true,
                EntryKind::File => false,
                EntryKind::Submodule => continue,
                EntryKind::Link => {
                    self.linked.set(true);
                    let path = place.join(&entry.name).map_err(|error| refuse(error.to_string()))?;
                    match resolve(self.request.tree, &path).map_err(|error| refuse(error.to_string()))? {
                        Some((_, EntryKind::Folder)) => true,
                        Some((_, EntryKind::File)) => false,
                        Some(_) | None => continue,
                    }
                }
            };
            found.push(FolderEntry { name: entry.name, folder: is_folder });
        }
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError> {
        let refuse = |why: String| FileError { path: path.to_owned(), why };
        let content =
            read_file(self.request.tree, &self.place(path)?).map_err(|error| refuse(error.to_string()))?;
        self.request.budget.read(content.len()).map_err(|error| refuse(error.to_string()))?;
        Ok(content)
    }
}

/// The Helm to equal. `v3` alone is upstream's old word for "not Helm 2", which it renders with the Helm it ships; only
/// a version such as `v3.19` asks for the older output.
fn engine(version: &str) -> HelmVersion {
    match version.trim_start_matches('v').split_once('.') {
        Some(("3", _)) => HelmVersion::V3,
        Some(_) | None => HelmVersion::V4,
    }
}

/// The render's budget as the engine spends it.
struct Spend<'a>(&'a Request<'a>);

impl helm::Budget for Spend<'_> {
    fn spend(&self, steps: u64, bytes: u64) -> Result<(), helm::Exhausted> {
        let budget = self.0.budget;
        let spent = budget.tick(steps).and_then(|()| budget.made_text(bytes));
        spent.map_err(|error| helm::Exhausted::Other(error.to_string()))
    }
}

fn capabilities(request: &Request<'_>, options: &HelmSource) -> Result<Capabilities, Problem> {
    let version = if options.kube_version.is_empty() { request.kube_version } else { &options.kube_version };
    let kube_version = KubeVersion::parse(&plain_version(version)).map_err(|error| {
        let field = "spec.source.helm.kubeVersion";
        Problem::at(request.index, field, 0, error.to_string(), "write a version such as 1.33.0")
    })?;
    let more = if options.api_versions.is_empty() {
        request.api_versions.to_vec()
    } else {
        options.api_versions.clone()
    };
    Ok(Capabilities::offline(engine(&options.version), Some(kube_version), more))
}

/// `v1.28.3+k3s1` becomes `1.28.3`.
fn plain_version(version: &str) -> String {
    let version = version.trim_start_matches('v');
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].to_owned()
}

/// Everything that is said about values, weakest first.
fn values(
    request: &Request<'_>,
    options: &HelmSource,
    folder: &TreePath,
    version: HelmVersion,
) -> Result<Table, Problem> {
    let mut sources =
        ValueSources { files: values_files(request, options, folder)?, ..ValueSources::default() };
    let inline = match &options.values_object {
        Some(object) if object.as_object().is_some_and(|map| !map.is_empty()) => object.to_string(),
        _ => options.values.clone(),
    };
    if !inline.is_empty() {
        sources.files.push(("spec.source.helm.values".to_owned(), inline.into()));
    }
    for (name, parameter) in last_of_each(&options.parameters) {
        let value = escaped(&request.environment.substitute(&parameter.value));
        let text = format!("{name}={value}");
        if parameter.force_string { sources.set_string.push(text) } else { sources.set.push(text) }
    }
    for parameter in &options.file_parameters {
        let path = request.environment.substitute(&parameter.path);
        sources.set_file.push(format!("{}={}", parameter.name, escaped(&path)));
    }
    let read = |path: &str| {
        let refuse = |cause: String| format!("spec.source.helm.fileParameters: {path}: {cause}");
        let (tree, place) = place_of(request, folder, path).map_err(refuse)?;
        let content = read_file(tree, &place).map_err(|error| refuse(error.to_string()))?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    };
    sources.merge(version, &read).map_err(|error| {
        Problem::at(request.index, "spec.source.helm", 0, error.to_string(), "correct the values")
    })
}

/// Parameters by name; of two with one name the last counts.
fn last_of_each(parameters: &[HelmParameter]) -> BTreeMap<&str, &HelmParameter> {
    parameters.iter().map(|parameter| (parameter.name.as_str(), parameter)).collect()
}

/// Commas escaped, unless they are already or the value is a `{a,b}` list.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    let mut before = ' ';
    for c in value.chars() {
        if c == ',' && before != '\\' {
            text.push('\\');
        }
        text.push(c);
        before = c;
    }
    text
}

/// The values files in order, globs expanded.
fn values_files(
    request: &Request<'_>,
    options: &HelmSource,
    folder: &TreePath,
) -> Result<Vec<(String, Arc<str>)>, Problem> {
    let refuse = |name: &str, cause: String| {
        let next = "correct spec.source.helm.valueFiles, or set ignoreMissingValueFiles";
        Problem::at(request.index, "spec.source.helm.valueFiles", 0, format!("{name}: {cause}"), next)
    };
    let plain: Vec<&String> = options.value_files.iter().filter(|name| !is_glob(name)).collect();
    let mut files: Vec<(String, Arc<str>)> = Vec::new();
    let mut seen: Vec<(String, TreePath)> = Vec::new();
    for name in &options.value_files {
        let (tree, place) = place_of(request, folder, name).map_err(|cause| refuse(name, cause))?;
        let root = name
            .strip_prefix('$')
            .and_then(|rest| rest.split_once('/'))
            .map_or("", |(root, _)| root)
            .to_owned();
        let explicit = |path: &TreePath| {
            plain.iter().any(|other| place_of(request, folder, other).is_ok_and(|(_, place)| place == *path))
        };
        let places = match is_glob(name) {
            true => expand(tree, &place).into_iter().filter(|path| !explicit(path)).collect(),
            false => vec![place],
        };
        if places.is_empty() && !options.ignore_missing_value_files {
            return Err(refuse(name, "no file matches".to_owned()));
        }
        for place in places {
            if seen.contains(&(root.clone(), place.clone())) {
                continue;
            }
            match read_file(tree, &place) {
                Ok(content) => {
                    request.budget.read(content.len()).map_err(|error| refuse(name, error.to_string()))?;
                    files.push((place.to_string(), String::from_utf8_lossy(&content).into()));
                    seen.push((root.clone(), place));
                }
                Err(model::tree::TreeError::NotFound { .. }) if options.ignore_missing_value_files => {}
                Err(error) => return Err(refuse(name, error.to_string())),
            }
        }
    }
    Ok(files)
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The tree and the place that a name stands for: `$ref/path`, `/path` from the root, or a path from the chart.
fn place_of<'a>(
    request: &'a Request<'_>,
    folder: &TreePath,
    name: &str,
) -> Result<(&'a dyn SourceTree, TreePath), String> {
    if let Some((reference, rest)) = name.strip_prefix('$').and_then(|rest| rest.split_once('/'))
        && !request.refs.is_empty()
    {
        let Some(tree) = request.refs.get(reference) else {
            let known: Vec<_> = request.refs.keys().map(|name| format!("${name}")).collect();
            return Err(format!(
                "source referenced ${reference}, but no source has a 'ref' field defined as that; there are {}",
                known.join(", ")
            ));
        };
        let rest = request.environment.substitute(rest);
        return TreePath::new(&rest).map(|place| (*tree, place)).map_err(|error| error.to_string());
    }
    let name = request.environment.substitute(name);
    if name.contains("://") {
        return Err("values files from URLs are not supported: put the file into the repository".to_owned());
    }
    let place = match name.strip_prefix('/') {
        Some(rest) => TreePath::new(rest),
        None => folder.join(&name),
    };
    place.map(|place| (request.tree, place)).map_err(|error| error.to_string())
}

/// A pattern, and what it is where one of its `**/` stands for no folder at all.
fn spellings(pattern: &str) -> Vec<String> {
    const MOST: usize = 16;
    let mut all = vec![pattern.to_owned()];
    let mut next = 0;
    while let Some(one) = all.get(next).cloned() {
        let shorter = one.match_indices("**/").map(|(at, stars)| {
            let (before, after) = (&one[..at], &one[at + stars.len()..]);
            format!("{before}{after}")
        });
        let fresh: Vec<String> = shorter.filter(|short| !all.contains(short)).collect();
        all.extend(fresh.into_iter().take(MOST.saturating_sub(all.len())));
        next += 1;
    }
    all
}

/// The files that match a pattern, each folder's files before its folders, in order.
fn expand(tree: &dyn SourceTree, pattern: &TreePath) -> Vec<TreePath> {
    let globs: Vec<Glob> =
        spellings(pattern.as_str()).iter().filter_map(|one| Glob::gobwas(one, &['/']).ok()).collect();
    let fixed: Vec<&str> = pattern.names().take_while(|name| !is_glob(name)).collect();
    let mut found = Vec::new();
    let start = TreePath::new(&fixed.join("/")).unwrap_or_default();
    let depth = if pattern.as_str().contains("**") { DEEPEST } else { pattern.names().count() - fixed.len() };
    walk(tree, &start, depth, &mut |path| {
        if globs.iter().any(|glob| glob.matches(path.as_str())) {
            found.push(path.clone());
        }
    });
    found
}

fn walk(tree: &dyn SourceTree, folder: &TreePath, depth: usize, see: &mut dyn FnMut(&TreePath)) {
    let Ok(entries) = list_folder(tree, folder) else { return };
    let paths = |wanted: fn(EntryKind) -> bool| -> Vec<TreePath> {
        entries
            .iter()
            .filter(|entry| wanted(entry.kind))
            .filter_map(|entry| folder.join(&entry.name).ok())
            .collect()
    };
    paths(|kind| matches!(kind, EntryKind::File | EntryKind::Link)).iter().for_each(&mut *see);
    if depth > 1 {
        paths(|kind| kind == EntryKind::Folder).iter().for_each(|folder| walk(tree, folder, depth - 1, see));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_version_asks_for_the_older_helm() {
        for (version, expected) in [
            ("", HelmVersion::V4),
            ("v3", HelmVersion::V4),
            ("v3.19", HelmVersion::V3),
            ("3.19.4", HelmVersion::V3),
            ("v4.2", HelmVersion::V4),
        ] {
            assert_eq!(engine(version), expected, "{version}");
        }
    }
}
