//! A chart and values into manifests.

use std::rc::Rc;
use std::sync::Arc;

use gotemplate::{Context, ExecError, MissingKey, Value as Live, World};

use crate::capabilities::Capabilities;
use crate::chart::{Chart, Contents};
use crate::dependencies::{ChartNode, check_present, in_range};
use crate::errors::{Place, execution_error, octet_fault};
use crate::functions::{Host, cut_no_value};
use crate::output::{Collector, Rendered};
use crate::prepare::{Prepared, prepared};
use crate::scope::{Scopes, scopes, template};
use crate::values::coalesce::{Nulls, coalesce};
use crate::values::paths::Needed;
use crate::values::{Table, thaw_table};
use crate::{Budget, HelmVersion, RenderError, schema};

/// What a render is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Name of the release.
    pub name: String,
    /// Namespace it goes to.
    pub namespace: String,
    /// Whether it is there already.
    pub upgrade: bool,
    /// Which revision of it this is.
    pub revision: i64,
}

impl Release {
    /// The first revision of a new release, which is what `helm template` renders.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), upgrade: false, revision: 1 }
    }
}

/// Everything a render is told besides the chart.
#[derive(Clone)]
pub struct RenderOptions<'a> {
    /// The release.
    pub release: Release,
    /// What the user says about values, merged.
    pub values: &'a Table,
    /// The cluster.
    pub capabilities: &'a Capabilities,
    /// Which Helm to equal.
    pub version: HelmVersion,
    /// `--skip-schema-validation`
    pub skip_schema_validation: bool,
    /// Clock, time zone and randomness.
    pub world: &'a dyn World,
    /// What the render may spend (rule R3).
    pub budget: &'a dyn Budget,
}

/// Renders `chart` as `helm template` does. Nothing is written and nothing is asked: the same arguments give the same
/// manifests.
///
/// # Errors
/// What Helm refuses, in its words.
pub fn render(chart: &Arc<Chart>, options: &RenderOptions<'_>) -> Result<Rendered, RenderError> {
    let contents = &chart.contents;
    if !matches!(contents.metadata.chart_type.as_str(), "" | "application") {
        return Err(RenderError::NotInstallable(contents.metadata.chart_type.clone()));
    }
    check_present(contents)?;
    check_name(&options.release.name)?;
    let prepared = prepared(chart, options.values, options.version)?;
    let values = thaw_table(options.values);
    coalesce(&prepared.root, &values, Nulls::Dropped(options.version), &Needed::ALL)
        .map_err(|error| RenderError::Values(error.to_string()))?;
    if !options.skip_schema_validation {
        schema::check(&prepared.root, &values).map_err(RenderError::Schema)?;
    }
    check_cluster(contents, options.capabilities)?;
    let scopes = scopes(&prepared.root, values, options);
    let files = run(&prepared, scopes, options)?;
    let mut collector = Collector::new(options.version, options.budget, &prepared.heads);
    crds(&prepared.root, &prepared.root.name, &mut collector);
    for (path, text) in files {
        collector.file(path, text)?;
    }
    Ok(collector.finish())
}

/// The files of crds/, the chart's own first.
fn crds(node: &ChartNode, path: &str, collector: &mut Collector<'_>) {
    for (name, text) in &node.chart.crds {
        collector.crd(format!("{path}/{name}"), text);
    }
    for child in &node.children {
        crds(child, &format!("{path}/charts/{}", child.name), collector);
    }
}

fn check_cluster(chart: &Contents, capabilities: &Capabilities) -> Result<(), RenderError> {
    let required = &chart.metadata.kube_version;
    let found = &capabilities.kube_version;
    if required.is_empty() || in_range(required, &found.normalized) {
        return Ok(());
    }
    Err(RenderError::KubeVersion { required: required.clone(), found: found.version.clone() })
}

const LONGEST_NAME: usize = 53;

fn check_name(name: &str) -> Result<(), RenderError> {
    if name.is_empty() {
        return Err(RenderError::ReleaseName("release name \"\": no name provided".to_owned()));
    }
    if name.len() <= LONGEST_NAME && name.split('.').all(is_label) {
        return Ok(());
    }
    Err(RenderError::ReleaseName(format!(
        "release name {name:?}: invalid release name, must match regex \
         ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than \
         {LONGEST_NAME}"
    )))
}

fn is_label(label: &str) -> bool {
    let inside = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inside)
}

/// Runs the templates in Helm's order; the texts come back in the order of their paths, notes and blanks left out.
fn run(
    prepared: &Prepared,
    scopes: Scopes,
    options: &RenderOptions<'_>,
) -> Result<Vec<(String, String)>, RenderError> {
    let Scopes { maps, files } = scopes;
    let files = Rc::new(files);
    if prepared.names_files {
        files.fill();
    }
    let host = Host::new(prepared.functions.clone(), prepared.texts.clone(), files);
    let mut context = Context::new(prepared.templates.clone(), options.world, options.budget)
        .with_host(&host)
        .with_missing_key(MissingKey::Zero);
    let mut texts = Vec::with_capacity(prepared.runs.len());
    for run in &prepared.runs {
        let scope = &maps[run.chart];
        scope.insert("Template".into(), template(&run.name, &run.base_path, options.version));
        let text = context
            .execute_template(&run.template, &Live::Map(scope.clone()))
            .map_err(|error| failed(&run.name, &error, options.version))?;
        if !run.name.ends_with("NOTES.txt") {
            texts.push((run.name.clone(), finished(&run.name, text.as_bytes())?));
        }
    }
    texts.sort();
    Ok(texts)
}

/// The text of a file without the marks of absent values.
fn finished(name: &str, text: &[u8]) -> Result<String, RenderError> {
    String::from_utf8(cut_no_value(text.to_vec())).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        RenderError::Yaml {
            place: Place { file: name.to_owned(), line },
            why: format!(
                "error converting YAML to JSON: yaml: {}",
                octet_fault(error.as_bytes()).unwrap_or_default()
            ),
        }
    })
}

fn failed(file: &str, error: &ExecError, version: HelmVersion) -> RenderError {
    match error.spent() {
        Some(spent) => RenderError::Budget(format!("{file}: {spent}")),
        None => execution_error(file, &chain(error), version),
    }
}

/// The texts of an error and of the errors it wraps, as Go unwraps them.
fn chain(error: &ExecError) -> Vec<String> {
    let frames: Vec<String> = error.frames().map(ToString::to_string).collect();
    let mut chain: Vec<String> =
        (0..frames.len()).map(|from| frames[from..].concat() + error.message()).collect();
    let by_function = error.frames().last().is_some_and(|frame| match frame {
        gotemplate::Frame::At { call, .. } => call.is_some(),
        gotemplate::Frame::Text(_) => true,
    });
    if by_function {
        chain.push(error.message().to_owned());
    }
    chain
}
