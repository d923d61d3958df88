//! Where a chart's files come from: a trait, so that a Git tree, a folder or a test can serve them.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The files of one chart folder, read on demand.
///
/// Paths are relative to the chart's root, with `/` between names and neither `.` nor `..`; the root is the empty
/// text. Links are the implementation's matter: what it lists is a file or a folder, and where a link leaves its
/// tree it answers with an error (rule R2).
pub trait ChartFiles {
    /// The entries of `folder`, in any order.
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError>;

    /// The bytes of the file at `path`.
    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError>;
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name in the folder.
    pub name: String,
    /// True for a folder, false for a file.
    pub folder: bool,
}

/// Why a chart's files could not be read: the words of whoever serves them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not read {path:?} of the chart: {why}")]
pub struct FileError {
    /// The path below the chart's root.
    pub path: String,
    /// What went wrong.
    pub why: String,
}

/// Chart files held in memory.
///
/// ```
/// use helm::{ChartFiles, MemoryFiles};
///
/// let files = MemoryFiles::from_iter([("Chart.yaml", "name: web"), ("templates/a.yaml", "kind: A")]);
/// assert_eq!(files.list("templates").unwrap()[0].name, "a.yaml");
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryFiles {
    /// Adds or replaces the file at `path`.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) {
        self.files.insert(path.into(), content.into());
    }
}

impl<P: Into<String>, C: AsRef<[u8]>> FromIterator<(P, C)> for MemoryFiles {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        Self {
            files: files.into_iter().map(|(path, content)| (path.into(), content.as_ref().into())).collect(),
        }
    }
}

impl ChartFiles for MemoryFiles {
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.files.range(prefix.clone()..).map_while(|(path, _)| path.strip_prefix(&prefix));
        let mut entries: Vec<FolderEntry> = Vec::new();
        for rest in below {
            let (name, folder) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            if !entries.iter().rev().any(|seen| seen.name == name) {
                entries.push(FolderEntry { name: name.to_owned(), folder });
            }
        }
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError> {
        let missing = || FileError { path: path.to_owned(), why: "it does not exist".to_owned() };
        self.files.get(path).cloned().ok_or_else(missing)
    }
}
