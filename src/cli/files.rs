//! Files with Kubernetes objects, as YAML or JSON; `-` is standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use model::Object;
use model::budget::{Budget, Limits};
use sync::render::documents::read_documents;
use sync::render::{Origin, Problem};

/// Why a file's objects are not all to be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadObjectsError {
    /// The file cannot be read at all.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// One of its documents is no object.
    #[error("{0}")]
    Document(Problem),
}

/// The objects of a file, lists unrolled, and what is wrong with the rest of it.
pub fn objects(path: &Path) -> (Vec<Object>, Vec<ReadObjectsError>) {
    let text = match text(path) {
        Ok(text) => text,
        Err(source) => return (Vec::new(), vec![ReadObjectsError::Read { path: path.to_owned(), source }]),
    };
    let budget = Budget::new(Limits { objects: u64::MAX, ..Limits::default() }, &|| false);
    let origin = Origin { source: 0, file: path.display().to_string(), line: 1 };
    let (manifests, problems) = read_documents(&text, &origin, &budget);
    let objects = manifests.into_iter().map(|manifest| manifest.object);
    (objects.collect(), problems.into_iter().map(ReadObjectsError::Document).collect())
}

/// The objects of a file, all of them.
///
/// # Errors
/// Where the file, or one of its documents, cannot be read.
pub fn all_objects(path: &Path) -> Result<Vec<Object>, ReadObjectsError> {
    let (objects, problems) = objects(path);
    problems.into_iter().next().map_or(Ok(objects), Err)
}

fn text(path: &Path) -> std::io::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        return std::io::stdin().read_to_string(&mut text).map(|_| text);
    }
    std::fs::read_to_string(path)
}
