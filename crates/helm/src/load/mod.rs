//! From files to a [`Chart`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chart::{Chart, Contents, Metadata, TextFile};
use crate::files::{ChartFiles, FileError};
use crate::schema::Schema;
use crate::values::{Table, ValuesError, read_values};

mod archive;
mod ignore;
mod metadata;
mod validate;

pub use archive::{ArchiveError, LARGEST_CHART, LARGEST_FILE};
pub use ignore::IgnoreError;
pub use metadata::DescriptionError;
pub(crate) use metadata::scalar_text;

pub use archive::ArchiveFile;
use archive::{read_archive, without_mark};
use ignore::IgnoreRules;

/// Deepest nesting of sub-charts and of folders in a chart.
const DEEPEST: usize = 64;

/// Why a chart could not be loaded. The texts are Helm's where Helm has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] FileError),
    /// There is no Chart.yaml where one must be.
    #[error("Chart.yaml file is missing")]
    NoChart,
    /// The chart is written for a Helm that is not known.
    #[error("unsupported chart version")]
    UnknownApiVersion,
    /// `.helmignore` is wrong.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// One of the chart's own files is wrong.
    #[error("cannot load {file}: {source}")]
    Description {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        source: DescriptionError,
    },
    /// values.yaml is wrong.
    #[error("cannot load values.yaml: {0}")]
    Values(#[from] ValuesError),
    /// Chart.yaml says something that may not be.
    #[error("validation: {0}")]
    Invalid(String),
    /// An archive is refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file is too large.
    #[error("chart file {0:?} is larger than the maximum file size {LARGEST_FILE}")]
    FileTooLarge(String),
    /// All files together are too large.
    #[error("the chart is larger than the maximum size {LARGEST_CHART}")]
    TooLarge,
    /// Folders or sub-charts lie too deep.
    #[error("{0:?} lies deeper in the chart than {DEEPEST} folders or sub-charts")]
    TooDeep(String),
    /// A sub-chart could not be loaded.
    #[error("error unpacking subchart {name} in {parent}: {source}")]
    Subchart {
        /// Its name in charts/.
        name: String,
        /// The chart that has it.
        parent: String,
        /// Why.
        source: Box<LoadError>,
    },
}

impl Chart {
    /// Loads the chart whose root `files` shows. `.helmignore` decides first, so that what it leaves out is never
    /// read.
    pub fn load(files: &dyn ChartFiles) -> Result<Chart, LoadError> {
        let listed = files.list("")?;
        if !listed.iter().any(|entry| entry.name == "Chart.yaml" && !entry.folder) {
            return Err(LoadError::NoChart);
        }
        check_api_version(without_mark(&files.read("Chart.yaml")?))?;
        let rules = match listed.iter().any(|entry| entry.name == ".helmignore" && !entry.folder) {
            true => IgnoreRules::parse(&String::from_utf8_lossy(&files.read(".helmignore")?))?,
            false => IgnoreRules::parse("")?,
        };
        let mut walk = Walk { files, rules, found: Vec::new(), left: LARGEST_CHART };
        walk.folder("", 0)?;
        from_files(walk.found, &mut Room { left: LARGEST_CHART }, 0).map(Chart::from)
    }

    /// Loads a packed chart (`.tgz`).
    pub fn load_archive(packed: &[u8]) -> Result<Chart, LoadError> {
        let mut room = Room { left: LARGEST_CHART };
        let files = room.unpack(packed)?;
        match files.iter().find(|(path, _)| path == "Chart.yaml") {
            Some((_, text)) => check_api_version(text)?,
            None => return Err(LoadError::NoChart),
        }
        from_files(files, &mut room, 0).map(Chart::from)
    }
}

/// The files of a packed chart (`.tgz`), their paths relative to the chart, with the limits of [`Chart::load_archive`].
///
/// # Errors
/// Where the archive is none, too large, or names paths outside of the chart.
pub fn unpack(packed: &[u8]) -> Result<Vec<ArchiveFile>, ArchiveError> {
    read_archive(packed)
}

fn check_api_version(text: &[u8]) -> Result<(), LoadError> {
    let mut metadata = Metadata::default();
    describe("Chart.yaml", text, &mut metadata)?;
    match metadata.api_version.as_str() {
        "" | "v1" | "v2" => Ok(()),
        _ => Err(LoadError::UnknownApiVersion),
    }
}

/// What all archives of one chart, nested ones too, may still unpack to.
struct Room {
    left: u64,
}

impl Room {
    fn unpack(&mut self, packed: &[u8]) -> Result<Vec<ArchiveFile>, LoadError> {
        let files = read_archive(packed)?;
        let size: u64 = files.iter().map(|(_, data)| data.len() as u64).sum();
        self.left = self.left.checked_sub(size).ok_or(ArchiveError::TooLarge)?;
        Ok(files)
    }
}

/// Collects the files of a folder in the order in which Helm walks.
struct Walk<'a> {
    files: &'a dyn ChartFiles,
    rules: IgnoreRules,
    found: Vec<ArchiveFile>,
    left: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &str, depth: usize) -> Result<(), LoadError> {
        if depth > DEEPEST {
            return Err(LoadError::TooDeep(folder.to_owned()));
        }
        let mut entries = self.files.list(folder)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in entries {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            if self.rules.ignores(&path, entry.folder) {
                continue;
            }
            if entry.folder { self.folder(&path, depth + 1)? } else { self.file(path)? }
        }
        Ok(())
    }

    fn file(&mut self, path: String) -> Result<(), LoadError> {
        let data = self.files.read(&path)?;
        let size = data.len() as u64;
        if size > LARGEST_FILE {
            return Err(LoadError::FileTooLarge(path));
        }
        self.left = self.left.checked_sub(size).ok_or(LoadError::TooLarge)?;
        let plain = without_mark(&data);
        let data = if plain.len() == data.len() { data } else { plain.into() };
        self.found.push((path, data));
        Ok(())
    }
}

/// A chart out of its files; `room` is what archives among them may still unpack to.
fn from_files(files: Vec<ArchiveFile>, room: &mut Room, depth: usize) -> Result<Contents, LoadError> {
    let mut metadata = Metadata::default();
    let mut found = false;
    for (_, text) in files.iter().filter(|(path, _)| path == "Chart.yaml") {
        describe("Chart.yaml", text, &mut metadata)?;
        found = true;
    }
    if metadata.api_version.is_empty() {
        metadata.api_version = "v1".to_owned();
    }
    let mut parts = Parts::default();
    for (path, data) in files {
        parts.sort_in(path, data, &mut metadata)?;
    }
    if !found {
        return Err(LoadError::NoChart);
    }
    validate::validate(&mut metadata).map_err(LoadError::Invalid)?;
    let subcharts = subcharts(parts.subcharts, &metadata.name, room, depth)?;
    Ok(Contents {
        metadata,
        lock: parts.lock,
        values: Arc::new(parts.values),
        schema: parts.schema.map(Arc::new),
        templates: parts.templates,
        crds: parts.crds,
        files: Arc::new(parts.files),
        subcharts,
    })
}

/// The files of a chart by their part in it.
#[derive(Default)]
struct Parts {
    lock: Option<crate::chart::Lock>,
    values: Table,
    schema: Option<Schema>,
    templates: Vec<TextFile>,
    crds: Vec<(String, Arc<[u8]>)>,
    files: crate::chart::FileSet,
    subcharts: BTreeMap<String, Vec<ArchiveFile>>,
}

impl Parts {
    fn sort_in(&mut self, path: String, data: Arc<[u8]>, metadata: &mut Metadata) -> Result<(), LoadError> {
        match path.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => self.lock = Some(lock("Chart.lock", &data)?),
            "values.yaml" => self.values = read_values(&String::from_utf8_lossy(&data))?,
            "values.schema.json" => self.schema = Some(Schema::new(data)),
            "requirements.yaml" => {
                describe("requirements.yaml", &data, metadata)?;
                self.keep_for_old_charts(path, data, metadata);
            }
            "requirements.lock" => {
                self.lock = Some(lock("requirements.lock", &data)?);
                self.keep_for_old_charts(path, data, metadata);
            }
            _ if path.starts_with("templates/") => {
                self.templates.push(TextFile { path, text: data });
            }
            _ => match path.strip_prefix("charts/") {
                Some(below) if !below.ends_with(".prov") => {
                    let name = below.split('/').next().unwrap_or(below).to_owned();
                    self.subcharts.entry(name).or_default().push((below.to_owned(), data));
                }
                _ => self.keep(path, data),
            },
        }
        Ok(())
    }

    fn keep(&mut self, path: String, data: Arc<[u8]>) {
        if path.starts_with("crds/") && is_manifest(&path) {
            self.crds.push((path.clone(), data.clone()));
        }
        self.files.insert(path.into(), data);
    }

    /// Charts of version 1 may look at their requirements.
    fn keep_for_old_charts(&mut self, path: String, data: Arc<[u8]>, metadata: &Metadata) {
        if metadata.api_version == "v1" {
            self.keep(path, data);
        }
    }
}

fn is_manifest(path: &str) -> bool {
    let extension =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    extension.is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn describe(file: &'static str, text: &[u8], metadata: &mut Metadata) -> Result<(), LoadError> {
    metadata::read_metadata(&String::from_utf8_lossy(text), metadata)
        .map_err(|source| LoadError::Description { file, source })
}

fn lock(file: &'static str, text: &[u8]) -> Result<crate::chart::Lock, LoadError> {
    metadata::read_lock(&String::from_utf8_lossy(text))
        .map_err(|source| LoadError::Description { file, source })
}

/// The sub-charts in charts/, by name; hidden ones and loose files are passed over.
fn subcharts(
    groups: BTreeMap<String, Vec<ArchiveFile>>,
    parent: &str,
    room: &mut Room,
    depth: usize,
) -> Result<Vec<Arc<Contents>>, LoadError> {
    let mut charts = Vec::with_capacity(groups.len());
    for (name, files) in groups {
        if name.starts_with(['_', '.']) {
            continue;
        }
        if depth >= DEEPEST {
            return Err(LoadError::TooDeep(name));
        }
        let chart = subchart(&name, files, room, depth + 1).map_err(|source| LoadError::Subchart {
            name: name.clone(),
            parent: parent.to_owned(),
            source: Box::new(source),
        })?;
        charts.push(Arc::new(chart));
    }
    Ok(charts)
}

fn subchart(
    name: &str,
    files: Vec<ArchiveFile>,
    room: &mut Room,
    depth: usize,
) -> Result<Contents, LoadError> {
    if name.ends_with(".tgz") && files.len() == 1 && files[0].0 == name {
        let unpacked = room.unpack(&files[0].1)?;
        return from_files(unpacked, room, depth);
    }
    let below = |(path, data): ArchiveFile| path.split_once('/').map(|(_, rest)| (rest.to_owned(), data));
    from_files(files.into_iter().filter_map(below).collect(), room, depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Result<&str, &str>) {
        let files: MemoryFiles = files.iter().copied().collect();
        let loaded = Chart::load(&files).map(|chart| {
            let names: Vec<&str> =
                chart.contents.subcharts.iter().map(|sub| sub.metadata.name.as_str()).collect();
            format!("{} [{}]", chart.contents.metadata.name, names.join(" "))
        });
        assert_eq!(loaded.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned));
    }

    const CHART: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    const SUB: (&str, &str) = ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");

    #[test]
    fn folders_become_charts() {
        check(&[CHART, SUB, ("charts/_x/a", ""), ("charts/.x/a", "")], Ok("web [db]"));
        check(&[("values.yaml", "")], Err("Chart.yaml file is missing"));
        check(
            &[CHART, ("charts/README.md", "")],
            Err("error unpacking subchart README.md in web: Chart.yaml file is missing"),
        );
        check(
            &[("Chart.yaml", "apiVersion: v9\nname: web\nversion: 1.0.0")],
            Err("unsupported chart version"),
        );
        check(&[("Chart.yaml", "name: web")], Err("validation: chart.metadata.version is required"));
        check(&[CHART, (".helmignore", "Chart.yaml")], Err("Chart.yaml file is missing"));
        check(&[CHART, (".helmignore", "charts/**")], Err("double-star (**) syntax is not supported"));
    }

    #[test]
    fn files_are_sorted_into_their_parts() {
        let files: MemoryFiles = [
            CHART,
            ("values.yaml", "a: 1\n---\nb: {c: 2}\n"),
            ("templates/a.yaml", "x"),
            ("crds/b.yaml", "b"),
            ("crds/a/c.YML", "c"),
            ("crds/readme.md", "r"),
            ("conf/x.txt", "\u{feff}text"),
            (".helmignore", "*.bak\n"),
            ("old.bak", ""),
        ]
        .into_iter()
        .collect();
        let chart = Chart::load(&files).expect("it loads");
        assert_eq!(chart.values().keys().map(|key| &**key).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(chart.contents.templates.len(), 1);
        assert_eq!(
            chart.contents.crds.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            ["crds/a/c.YML", "crds/b.yaml"]
        );
        let files: Vec<&str> = chart.contents.files.keys().map(|path| &**path).collect();
        assert_eq!(files, [".helmignore", "conf/x.txt", "crds/a/c.YML", "crds/b.yaml", "crds/readme.md"]);
        assert_eq!(chart.file("conf/x.txt").map(|data| &**data), Some(b"text".as_slice()));
    }
}
