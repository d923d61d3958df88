//! The files of one commit behind a trait, read on demand.
//!
//! Rule R2: [`TreePath`] is the only path type; a link is an entry that is resolved inside the same tree.

use std::fmt;
use std::sync::Arc;

/// A path inside a tree: relative, `/` between names, no `.`, no `..`, no empty name. The root is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

/// Why a text is not a path inside a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not a path inside the repository: {why}")]
pub struct PathError {
    /// The text as given.
    pub path: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl TreePath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a relative path as users write it: `.` and doubled slashes are dropped, `..` may not leave the root.
    pub fn new(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// The path of `text` seen from this folder; a leading `/` is refused, `..` may not leave the root.
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        let refuse = |why| Err(PathError { path: text.to_owned(), why });
        if text.starts_with('/') {
            return refuse("it is absolute");
        }
        if text.contains(['\0', '\\']) {
            return refuse("it holds a NUL or a backslash");
        }
        if text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic() {
            return refuse("it names a drive");
        }
        let mut names: Vec<&str> = self.names().collect();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    if names.pop().is_none() {
                        return refuse("it leaves the root");
                    }
                }
                name => names.push(name),
            }
        }
        Ok(Self(names.join("/")))
    }

    /// The path as text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names from the root down.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The last name; empty for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that holds this entry; the root's is the root.
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default())
    }

    /// The path below `folder`; none where it is not inside.
    pub fn below(&self, folder: &Self) -> Option<&str> {
        if folder.is_root() {
            return Some(&self.0);
        }
        let rest = self.0.strip_prefix(&folder.0)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link: its content is the target's text.
    Link,
    /// The mark of a submodule, whose files are elsewhere.
    Submodule,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// Why a tree could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TreeError {
    /// Nothing stands at the path.
    #[error("{path} does not exist at revision {revision}")]
    NotFound {
        /// Where.
        path: TreePath,
        /// The commit.
        revision: String,
    },
    /// A file was asked for and another kind of entry stands there.
    #[error("{path} is not a file")]
    NotAFile {
        /// Where.
        path: TreePath,
    },
    /// A folder was asked for and another kind of entry stands there.
    #[error("{path} is not a folder")]
    NotAFolder {
        /// Where.
        path: TreePath,
    },
    /// A link leaves the tree, or links go round (rule R2): the target's content is never shown.
    #[error("{path} is a link that {why}")]
    Link {
        /// The link.
        path: TreePath,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The store failed.
    #[error("could not read {path}: {why}")]
    Store {
        /// Where.
        path: TreePath,
        /// The store's words.
        why: String,
    },
}

/// The files of one commit (or of one chart archive). What is read is recorded by the implementation, so that a
/// render can be kept for as long as nothing it read has changed.
pub trait SourceTree {
    /// The commit id, or a chart's version.
    fn revision(&self) -> &str;

    /// What stands at `path` itself: a link is not followed. None where nothing is.
    fn entry(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError>;

    /// The entries of the folder at `path`, sorted by name in byte order.
    fn list(&self, path: &TreePath) -> Result<Vec<Entry>, TreeError>;

    /// The bytes of the file (or the target text of the link) at `path`.
    fn blob(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError>;

    /// A name for everything below the folder at `path`: equal names, equal content. None where the store has no
    /// cheap one. Asking counts as reading all of it.
    fn content_id(&self, _path: &TreePath) -> Option<String> {
        None
    }
}

/// Links followed in one look-up, as the reference tools allow.
const LINK_HOPS: usize = 10;

/// The place `path` leads to once every link on the way is followed inside `tree`, and what stands there.
pub fn resolve(tree: &dyn SourceTree, path: &TreePath) -> Result<Option<(TreePath, EntryKind)>, TreeError> {
    let mut hops = 0;
    resolve_from(tree, path, &mut hops)
}

fn resolve_from(
    tree: &dyn SourceTree,
    path: &TreePath,
    hops: &mut usize,
) -> Result<Option<(TreePath, EntryKind)>, TreeError> {
    let mut here = TreePath::root();
    let mut kind = EntryKind::Folder;
    for name in path.names() {
        if kind != EntryKind::Folder {
            return Ok(None);
        }
        let next = TreePath(if here.is_root() { name.to_owned() } else { format!("{here}/{name}") });
        kind = match tree.entry(&next)? {
            None => return Ok(None),
            Some(kind) => kind,
        };
        if kind != EntryKind::Link {
            here = next;
            continue;
        }
        *hops += 1;
        if *hops > LINK_HOPS {
            return Err(TreeError::Link { path: next, why: "leads through too many links" });
        }
        let target = tree.blob(&next)?;
        let leaves = || TreeError::Link { path: next.clone(), why: "leads out of the repository" };
        let target = std::str::from_utf8(&target).map_err(|_| leaves())?;
        let target = next.parent().join(target).map_err(|_| leaves())?;
        match resolve_from(tree, &target, hops)? {
            None => return Ok(None),
            Some((place, found)) => (here, kind) = (place, found),
        }
    }
    Ok(Some((here, kind)))
}

/// The bytes of the file at `path`, links followed.
pub fn read_file(tree: &dyn SourceTree, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
    match resolve(tree, path)? {
        Some((place, EntryKind::File)) => tree.blob(&place),
        Some(_) => Err(TreeError::NotAFile { path: path.clone() }),
        None => Err(TreeError::NotFound { path: path.clone(), revision: tree.revision().to_owned() }),
    }
}

/// The entries of the folder at `path`, links on the way followed, links among the entries as they are.
pub fn list_folder(tree: &dyn SourceTree, path: &TreePath) -> Result<Vec<Entry>, TreeError> {
    match resolve(tree, path)? {
        Some((place, EntryKind::Folder)) => tree.list(&place),
        Some(_) => Err(TreeError::NotAFolder { path: path.clone() }),
        None => Err(TreeError::NotFound { path: path.clone(), revision: tree.revision().to_owned() }),
    }
}

/// A tree held in memory: a chart archive's files, or a test's.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    revision: String,
    files: std::collections::BTreeMap<String, (EntryKind, Arc<[u8]>)>,
}

impl MemoryTree {
    /// An empty tree of `revision`.
    pub fn new(revision: impl Into<String>) -> Self {
        Self { revision: revision.into(), files: Default::default() }
    }

    /// Adds a file.
    pub fn insert(&mut self, path: &TreePath, content: impl Into<Arc<[u8]>>) {
        self.files.insert(path.as_str().to_owned(), (EntryKind::File, content.into()));
    }

    /// Adds a link to `target`, a text as `ln -s` takes it.
    pub fn link(&mut self, path: &TreePath, target: &str) {
        self.files.insert(path.as_str().to_owned(), (EntryKind::Link, target.as_bytes().into()));
    }

    fn below(&self, path: &TreePath) -> impl Iterator<Item = (&str, EntryKind)> {
        let prefix = if path.is_root() { String::new() } else { format!("{path}/") };
        self.files.range(prefix.clone()..).map_while(move |(file, (kind, _))| {
            Some((
                file.get(..prefix.len()).filter(|start| *start == prefix).map(|_| &file[prefix.len()..])?,
                *kind,
            ))
        })
    }
}

impl SourceTree for MemoryTree {
    fn revision(&self) -> &str {
        &self.revision
    }

    fn entry(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        if let Some((kind, _)) = self.files.get(path.as_str()) {
            return Ok(Some(*kind));
        }
        Ok((path.is_root() || self.below(path).next().is_some()).then_some(EntryKind::Folder))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<Entry>, TreeError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (rest, kind) in self.below(path) {
            let (name, kind) = match rest.split_once('/') {
                Some((folder, _)) => (folder, EntryKind::Folder),
                None => (rest, kind),
            };
            if entries.last().is_none_or(|last| last.name != name) {
                entries.push(Entry { name: name.to_owned(), kind });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup();
        Ok(entries)
    }

    fn blob(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let file = self.files.get(path.as_str());
        file.map(|(_, content)| content.clone())
            .ok_or_else(|| TreeError::NotFound { path: path.clone(), revision: self.revision.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("it is a path")
    }

    #[test]
    fn paths_cannot_leave_the_tree() {
        for text in ["../x", "a/../../x", "/etc/passwd", "a\0b", "a\\b", "c:/x", "C:x"] {
            assert!(TreePath::new(text).is_err(), "{text:?} was accepted");
        }
        assert_eq!(path("./a//b/../c/").as_str(), "a/c");
        assert!(path("a/..").is_root());
        assert_eq!(path("a/b").join("../../../c").map_err(|e| e.why), Err("it leaves the root"));
    }

    #[test]
    fn below_asks_for_whole_names() {
        assert_eq!(path("apps/web/x").below(&path("apps")), Some("web/x"));
        assert_eq!(path("apps-2/x").below(&path("apps")), None);
        assert_eq!(path("apps").below(&TreePath::root()), Some("apps"));
    }

    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let mut tree = MemoryTree::new("r");
        tree.insert(&path("base/a.yaml"), b"a".as_slice());
        tree.link(&path("env/base"), "../base");
        tree.link(&path("env/out"), "../../etc/passwd");
        tree.link(&path("env/absolute"), "/etc/passwd");
        tree.link(&path("env/round"), "round");
        tree.link(&path("env/dangling"), "nowhere");
        assert_eq!(&*read_file(&tree, &path("env/base/a.yaml")).expect("it is there"), b"a");
        for name in ["out", "absolute"] {
            let error = read_file(&tree, &path(&format!("env/{name}"))).expect_err("it leaves the tree");
            assert_eq!(error.to_string(), format!("env/{name} is a link that leads out of the repository"));
        }
        assert!(matches!(read_file(&tree, &path("env/round")), Err(TreeError::Link { .. })));
        assert!(matches!(read_file(&tree, &path("env/dangling")), Err(TreeError::NotFound { .. })));
    }

    #[test]
    fn folders_list_their_own_entries() {
        let mut tree = MemoryTree::new("r");
        for file in ["a/x", "a/y/z", "a-b", "c"] {
            tree.insert(&path(file), b"".as_slice());
        }
        let names = |at: &str| -> Vec<String> {
            list_folder(&tree, &path(at)).expect("it is a folder").into_iter().map(|e| e.name).collect()
        };
        assert_eq!(names("."), ["a", "a-b", "c"]);
        assert_eq!(names("a"), ["x", "y"]);
        assert!(matches!(list_folder(&tree, &path("c")), Err(TreeError::NotAFolder { .. })));
    }
}
