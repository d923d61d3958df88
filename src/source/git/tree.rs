//! The files of one commit, read out of the object database on demand.

use std::cell::RefCell;
use std::sync::Arc;

use git2::Oid;
use model::budget::Budget;
use model::tree::{Entry, EntryKind, SourceTree, TreeError, TreePath};

use super::object::Folder;
use super::reads::{Place, ReadSet};
use super::store::{Handle, Store};

/// The files of one commit. Nothing is checked out, names are matched exactly, and what was read is recorded
/// ([`Self::into_reads`]).
///
/// It belongs to one render on one thread; open another for the next one, which costs microseconds.
pub struct GitTree {
    handle: Handle,
    revision: String,
    root: Oid,
    largest_file: u64,
    reads: RefCell<Place>,
}

/// Names in one path: deeper trees are refused, so that walks cannot overflow the stack.
const DEEPEST: usize = 256;

impl GitTree {
    pub(super) fn new(handle: Handle, commit: Oid, root: Oid, largest_file: u64) -> Self {
        let reads = RefCell::new(Place::new(Some((EntryKind::Folder, root))));
        Self { handle, revision: commit.to_string(), root, largest_file, reads }
    }

    /// The id of the commit's root folder: two commits with the same one have the same files.
    pub fn root_id(&self) -> Oid {
        self.root
    }

    /// What was read so far.
    pub fn reads(&self) -> ReadSet {
        ReadSet { root: self.reads.borrow().clone() }
    }

    /// What was read, at the end of a render.
    pub fn into_reads(self) -> ReadSet {
        ReadSet { root: self.reads.into_inner() }
    }

    /// This tree with each file's size counted against a render's budget (rule R3).
    pub fn budgeted<'a>(&'a self, budget: &'a Budget<'a>) -> BudgetedTree<'a> {
        BudgetedTree { tree: self, budget }
    }

    pub(super) fn folder(&self, id: Oid) -> Result<Arc<Folder>, String> {
        self.store().folders.get(&self.handle, id)
    }

    fn store(&self) -> &Store {
        self.handle.store()
    }

    /// The place of `path` with what stands there, recorded by `mark`.
    fn visit(
        &self,
        path: &TreePath,
        mark: impl FnOnce(&mut Place),
    ) -> Result<Option<(EntryKind, Oid)>, TreeError> {
        let mut reads = self.reads.borrow_mut();
        let mut place = &mut *reads;
        for (depth, name) in path.names().enumerate() {
            if depth >= DEEPEST {
                let why = format!("it lies more than {DEEPEST} folders deep");
                return Err(TreeError::Store { path: path.clone(), why });
            }
            if !place.below.contains_key(name) {
                let found = match place.found {
                    Some((EntryKind::Folder, id)) => {
                        self.look_up(id, name).map_err(|why| self.failed(path, why))?
                    }
                    _ => None,
                };
                place.below.insert(name.into(), Place::new(found));
            }
            place = place.below.get_mut(name).expect("it was just put there");
        }
        mark(place);
        Ok(place.found)
    }

    fn look_up(&self, folder: Oid, name: &str) -> Result<Option<(EntryKind, Oid)>, String> {
        Ok(self.folder(folder)?.find(name).map(|entry| (entry.kind, entry.id)))
    }

    /// The store's failure: it is marked, so that a mirror with a damaged object is fetched anew (F08).
    fn failed(&self, path: &TreePath, why: String) -> TreeError {
        self.store().mark_damaged();
        TreeError::Store { path: path.clone(), why }
    }

    fn read(&self, path: &TreePath, id: Oid) -> Result<Arc<[u8]>, TreeError> {
        let git = |error: git2::Error| self.failed(path, error.message().to_owned());
        let odb = self.handle.odb().map_err(git)?;
        let (size, _) = odb.read_header(id).map_err(git)?;
        if size as u64 > self.largest_file {
            let why =
                format!("it has {size} bytes, more than the {} that one file may have", self.largest_file);
            return Err(TreeError::Store { path: path.clone(), why });
        }
        Ok(odb.read(id).map_err(git)?.data().into())
    }
}

impl SourceTree for GitTree {
    fn revision(&self) -> &str {
        &self.revision
    }

    fn entry(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(self.visit(path, |place| place.kind_read = true)?.map(|(kind, _)| kind))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<Entry>, TreeError> {
        match self.visit(path, |place| place.kind_read = true)? {
            Some((EntryKind::Folder, id)) => {
                let folder = self.folder(id).map_err(|why| self.failed(path, why))?;
                self.visit(path, |place| place.listed = Some(folder.listing))?;
                Ok(folder.list())
            }
            Some(_) => Err(TreeError::NotAFolder { path: path.clone() }),
            None => Err(TreeError::NotFound { path: path.clone(), revision: self.revision.clone() }),
        }
    }

    fn blob(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.visit(path, |place| (place.kind_read, place.bytes_read) = (true, true))? {
            Some((EntryKind::File | EntryKind::Link, id)) => self.read(path, id),
            Some((EntryKind::Folder | EntryKind::Submodule, _)) => {
                Err(TreeError::NotAFile { path: path.clone() })
            }
            None => Err(TreeError::NotFound { path: path.clone(), revision: self.revision.clone() }),
        }
    }

    fn content_id(&self, path: &TreePath) -> Option<String> {
        // A folder whose "bytes" were read holds for as long as its id does.
        match self.visit(path, |place| (place.kind_read, place.bytes_read) = (true, true)) {
            Ok(Some((EntryKind::Folder, id))) => Some(id.to_string()),
            Ok(_) | Err(_) => None,
        }
    }
}

/// A [`GitTree`] whose reads count against a budget.
pub struct BudgetedTree<'a> {
    tree: &'a GitTree,
    budget: &'a Budget<'a>,
}

impl SourceTree for BudgetedTree<'_> {
    fn revision(&self) -> &str {
        self.tree.revision()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.spend(path, 1, 0)?;
        self.tree.entry(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<Entry>, TreeError> {
        let entries = self.tree.list(path)?;
        self.spend(path, entries.len() as u64, 0)?;
        Ok(entries)
    }

    fn blob(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let bytes = self.tree.blob(path)?;
        self.spend(path, 1, bytes.len())?;
        Ok(bytes)
    }
}

impl BudgetedTree<'_> {
    fn spend(&self, path: &TreePath, steps: u64, bytes: usize) -> Result<(), TreeError> {
        let spent = self.budget.tick(steps).and_then(|()| self.budget.read(bytes));
        spent.map_err(|why| TreeError::Store { path: path.clone(), why: why.to_string() })
    }
}
