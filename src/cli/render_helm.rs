//! `windlass render helm`: a chart as `helm template` prints it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use helm::{
    Capabilities, Chart, ChartFiles, FileError, FolderEntry, HelmVersion, Limits, Release, RenderOptions,
    TextOptions, ValueSources, World,
};

use super::offline::{DescribedCluster, DescribedClusterError};
use crate::agent::clock;

/// `windlass render helm`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass render helm ./charts/web --release-name web --namespace shop -f production.yaml
  windlass render helm web-1.2.0.tgz --release-name web --set image.tag=1.2.3 --kube-version 1.33
  windlass render helm ./charts/web --release-name web --show-only templates/deployment.yaml")]
pub struct RenderHelmArgs {
    /// Folder or packed archive (.tgz) of the chart.
    chart: PathBuf,

    /// Name of the release.
    #[arg(long, default_value = "release-name")]
    release_name: String,

    /// Namespace of the release.
    #[arg(short, long, default_value = "default")]
    namespace: String,

    /// Values file; a later one wins.
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    values: Vec<PathBuf>,

    /// Value in the form a.b[0]=v,c={x,y}.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// The same, always as text.
    #[arg(long, value_name = "KEY=VALUE")]
    set_string: Vec<String>,

    /// The same, as JSON.
    #[arg(long, value_name = "KEY=JSON")]
    set_json: Vec<String>,

    /// The same, with the content of a file.
    #[arg(long, value_name = "KEY=FILE")]
    set_file: Vec<String>,

    /// The same, word for word.
    #[arg(long, value_name = "KEY=VALUE")]
    set_literal: Vec<String>,

    #[command(flatten)]
    cluster: DescribedCluster,

    /// Print the chart's crds/ too.
    #[arg(long)]
    include_crds: bool,

    /// Leave the crds/ out, as without --include-crds.
    #[arg(long, conflicts_with = "include_crds")]
    skip_crds: bool,

    /// Leave test hooks out.
    #[arg(long)]
    skip_tests: bool,

    /// Do not check the values against the chart's schema.
    #[arg(long)]
    skip_schema_validation: bool,

    /// Print only what comes from this template (a path in the chart, * and ? allowed).
    #[arg(short, long, value_name = "TEMPLATE")]
    show_only: Vec<String>,

    /// The Helm to equal.
    #[arg(long, value_name = "3|4", default_value = "4", value_parser = helm_version)]
    helm_version: HelmVersion,
}

fn helm_version(text: &str) -> Result<HelmVersion, String> {
    match text.trim_start_matches('v').split('.').next() {
        Some("3") => Ok(HelmVersion::V3),
        Some("4") => Ok(HelmVersion::V4),
        _ => Err("it is 3 or 4".to_owned()),
    }
}

/// Renders the chart to standard output; what is refused goes to standard error with exit code 1.
pub fn run(args: &RenderHelmArgs) -> ExitCode {
    match rendered(args) {
        Ok(text) => super::printed(&text),
        Err(error) => super::fail(&error),
    }
}

/// Why a chart could not be rendered.
#[derive(Debug, thiserror::Error)]
enum RenderHelmError {
    #[error("could not read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Values(#[from] helm::ValuesError),
    #[error(transparent)]
    Load(#[from] helm::LoadError),
    #[error(transparent)]
    Cluster(#[from] DescribedClusterError),
    #[error(transparent)]
    Render(#[from] helm::RenderError),
}

fn rendered(args: &RenderHelmArgs) -> Result<String, RenderHelmError> {
    let kube_version = args.cluster.kube_version()?;
    let values = sources(args)?.merge(args.helm_version, &|name| {
        std::fs::read_to_string(name).map_err(|error| format!("open {name}: {error}"))
    })?;
    let chart = Arc::new(load(&args.chart)?);
    let api_versions = args.cluster.api_versions()?;
    let rendered = helm::render(
        &chart,
        &RenderOptions {
            release: Release::new(&args.release_name, &args.namespace),
            values: &values,
            capabilities: &Capabilities::offline(args.helm_version, kube_version, api_versions),
            version: args.helm_version,
            skip_schema_validation: args.skip_schema_validation,
            world: &OsWorld,
            budget: &Limits::default(),
        },
    )?;
    let options = TextOptions {
        include_crds: args.include_crds && !args.skip_crds,
        skip_tests: args.skip_tests,
        show_only: args.show_only.clone(),
        ..TextOptions::default()
    };
    Ok(rendered.to_text(&options)?)
}

fn sources(args: &RenderHelmArgs) -> Result<ValueSources, RenderHelmError> {
    let mut files = Vec::with_capacity(args.values.len());
    for path in &args.values {
        files.push((path.display().to_string(), Arc::from(read_text(path)?)));
    }
    Ok(ValueSources {
        files,
        set_json: args.set_json.clone(),
        set: args.set.clone(),
        set_string: args.set_string.clone(),
        set_file: args.set_file.clone(),
        set_literal: args.set_literal.clone(),
    })
}

fn read_text(path: &Path) -> Result<String, RenderHelmError> {
    std::fs::read_to_string(path).map_err(|source| RenderHelmError::Read { path: path.to_owned(), source })
}

fn load(path: &Path) -> Result<Chart, RenderHelmError> {
    let refuse = |source| RenderHelmError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(refuse)?.is_dir() {
        let root = path.canonicalize().map_err(refuse)?;
        return Ok(Chart::load(&ChartFolder { root })?);
    }
    Ok(Chart::load_archive(&std::fs::read(path).map_err(refuse)?)?)
}

/// A chart folder on disk. Links are followed as long as they stay inside.
struct ChartFolder {
    root: PathBuf,
}

impl ChartFolder {
    fn place(&self, path: &str) -> Result<PathBuf, FileError> {
        let refuse = |why: String| FileError { path: path.to_owned(), why };
        let place = self.root.join(path).canonicalize().map_err(|error| refuse(error.to_string()))?;
        if place.starts_with(&self.root) {
            Ok(place)
        } else {
            Err(refuse("it is a link out of the chart".to_owned()))
        }
    }
}

impl ChartFiles for ChartFolder {
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let refuse = |error: std::io::Error| FileError { path: folder.to_owned(), why: error.to_string() };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.place(folder)?).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let folder = std::fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
            entries.push(FolderEntry { name: entry.file_name().to_string_lossy().into_owned(), folder });
        }
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError> {
        let data = std::fs::read(self.place(path)?);
        data.map(Into::into).map_err(|error| FileError { path: path.to_owned(), why: error.to_string() })
    }
}

/// The clock, zone and randomness of this machine, for the template functions that ask for them.
pub struct OsWorld;

impl World for OsWorld {
    fn now(&self) -> jiff::Timestamp {
        clock::now().0
    }

    fn local_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::system()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        // Keys are made of these bytes: better none than weak ones.
        let random = rustls::crypto::ring::default_provider().secure_random;
        random.fill(bytes).expect("the system has randomness");
    }
}
