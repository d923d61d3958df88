//! Where the corpus is, and how a case is rendered.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use helm::{
    Capabilities, Chart, ChartFiles, FileError, FolderEntry, HelmVersion, KubeVersion, Limits, Release,
    RenderOptions, StillWorld, TextOptions, ValueSources, World,
};

/// A folder beside the project; none (with one line said) where it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path);
    if folder.exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not here", folder.display());
    println!("skipped: ../shared is not here");
    None
}

/// The beginning of the names of the cases to run: `ONLY=language-00 cargo test`.
pub fn only() -> String {
    std::env::var_os("ONLY").map(|only| only.to_string_lossy().into_owned()).unwrap_or_default()
}

/// How many cases were right.
#[derive(Debug, Default)]
pub struct Score {
    pub cases: usize,
    pub semantic: usize,
    pub order: usize,
    pub documents: usize,
    pub bytes: usize,
    pub errors: usize,
    pub right: usize,
    pub faults: Vec<String>,
    pub bytes_only: Vec<String>,
}

impl Score {
    /// Prints the score and what falls short; `SHOW=all` shows faults in bytes only as well.
    pub fn report(&self, what: &str) {
        for fault in &self.faults {
            println!("{fault}");
        }
        if std::env::var_os("SHOW").is_some() {
            for fault in &self.bytes_only {
                println!("{fault}");
            }
        }
        println!(
            "{what}: semantic {}/{}  bytes {}/{} docs  order {}/{}  errors {}/{}",
            self.semantic,
            self.cases,
            self.bytes,
            self.documents,
            self.order,
            self.cases,
            self.right,
            self.errors
        );
    }

    /// Fails where anything falls short: all of it has been reached.
    #[track_caller]
    pub fn expect_all(&self) {
        assert!(only().is_empty() || self.cases + self.errors > 0, "no case is named so");
        assert_eq!(self.semantic, self.cases, "cases with the right meaning");
        assert_eq!(self.order, self.cases, "cases in the right order");
        assert_eq!(self.bytes, self.documents, "documents equal byte for byte");
        assert_eq!(self.right, self.errors, "refusals that are right");
    }
}

/// One case, ready to render.
#[derive(Default)]
pub struct Job {
    pub release: String,
    pub namespace: String,
    pub kube_version: Option<String>,
    pub api_versions: Vec<String>,
    pub values: ValueSources,
    /// Files that `--set-file` may name.
    pub side: BTreeMap<String, String>,
    pub include_crds: bool,
    pub skip_tests: bool,
    pub skip_schema: bool,
    pub version: HelmVersion,
}

impl Job {
    /// Standard output, or the text on standard error. A panic is an error that says so.
    pub fn render(&self, load: impl FnOnce() -> Result<Chart, helm::LoadError>) -> Result<String, String> {
        let job = AssertUnwindSafe(|| self.try_render(load));
        catch_unwind(job).unwrap_or_else(|_| Err("panicked at a case".to_owned()))
    }

    fn try_render(&self, load: impl FnOnce() -> Result<Chart, helm::LoadError>) -> Result<String, String> {
        let text = |error: &dyn std::fmt::Display| format!("Error: {error}");
        let read =
            |name: &str| self.side.get(name).cloned().ok_or_else(|| format!("open {name}: no such file"));
        let values = self.values.merge(self.version, &read).map_err(|e| text(&e))?;
        let chart = Arc::new(load().map_err(|e| text(&e))?);
        let kube_version =
            self.kube_version.as_deref().map(KubeVersion::parse).transpose().map_err(|e| text(&e))?;
        let rendered = helm::render(
            &chart,
            &RenderOptions {
                release: Release::new(&self.release, &self.namespace),
                values: &values,
                capabilities: &Capabilities::offline(
                    self.version,
                    kube_version,
                    self.api_versions.iter().cloned(),
                ),
                version: self.version,
                skip_schema_validation: self.skip_schema,
                world: &Corpus(StillWorld::default()),
                budget: &Limits::default(),
            },
        );
        let options = TextOptions {
            include_crds: self.include_crds,
            skip_tests: self.skip_tests,
            ..TextOptions::default()
        };
        rendered.and_then(|rendered| rendered.to_text(&options)).map_err(|e| text(&e))
    }
}

/// The day on which the corpus was made.
struct Corpus(StillWorld);

impl World for Corpus {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-23T12:00:00Z".parse().expect("it is a moment")
    }

    fn local_zone(&self) -> jiff::tz::TimeZone {
        self.0.local_zone()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.0.fill_random(bytes);
    }
}

/// A chart folder on disk.
pub struct Folder(pub PathBuf);

impl ChartFiles for Folder {
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let refuse = |error: std::io::Error| FileError { path: folder.to_owned(), why: error.to_string() };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.0.join(folder)).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(FolderEntry { name, folder: entry.path().is_dir() });
        }
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError> {
        let data = std::fs::read(self.0.join(path));
        data.map(Into::into).map_err(|error| FileError { path: path.to_owned(), why: error.to_string() })
    }
}

/// A chart on disk: a folder or an archive.
pub fn load(path: &Path) -> Result<Chart, helm::LoadError> {
    if path.is_dir() {
        return Chart::load(&Folder(path.to_owned()));
    }
    Chart::load_archive(&std::fs::read(path).expect("the archive is readable"))
}
