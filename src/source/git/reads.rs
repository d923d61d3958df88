//! What a render has read of a commit, so that it can be kept while none of it changes.

use std::collections::BTreeMap;

use git2::Oid;
use model::tree::EntryKind;

use super::tree::GitTree;

/// What was read of one commit: which places were looked at, and how.
///
/// The record has the shape of the tree itself, with the object id of every place on the way. Where an id is the
/// same in another commit, everything below it is, too, so asking whether a render still holds costs a look-up for
/// each place on a changed path and nothing for the rest.
#[derive(Clone, Debug)]
pub struct ReadSet {
    pub(super) root: Place,
}

/// One place of the tree that was visited.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// What stands there; none where nothing does.
    pub found: Option<(EntryKind, Oid)>,
    /// Its existence and kind were asked for.
    pub kind_read: bool,
    /// Its bytes were read.
    pub bytes_read: bool,
    /// Its names and kinds were read.
    pub listed: Option<[u8; 32]>,
    /// Places below it.
    pub below: BTreeMap<Box<str>, Place>,
}

impl Place {
    pub(super) fn new(found: Option<(EntryKind, Oid)>) -> Self {
        Self { found, kind_read: false, bytes_read: false, listed: None, below: BTreeMap::new() }
    }

    fn kind(&self) -> Option<EntryKind> {
        self.found.map(|(kind, _)| kind)
    }
}

impl ReadSet {
    /// Whether a render that read this would read the same from `tree`. False where it cannot be told.
    pub fn still_true(&self, tree: &GitTree) -> bool {
        same(&self.root, Some((EntryKind::Folder, tree.root_id())), tree)
    }

    /// How many places are recorded: a measure of its size.
    pub fn places(&self) -> usize {
        fn count(place: &Place) -> usize {
            1 + place.below.values().map(count).sum::<usize>()
        }
        count(&self.root)
    }
}

/// Depth is bounded by the names that a path may have (see `GitTree`).
fn same(place: &Place, now: Option<(EntryKind, Oid)>, tree: &GitTree) -> bool {
    if place.found == now {
        return true;
    }
    let kind = now.map(|(kind, _)| kind);
    if place.bytes_read || (place.kind_read && place.kind() != kind) {
        return false;
    }
    let folder = match now {
        Some((EntryKind::Folder, id)) => match tree.folder(id) {
            Ok(folder) => Some(folder),
            Err(_) => return false,
        },
        _ => None,
    };
    if place.listed.is_some() && place.listed != folder.as_ref().map(|folder| folder.listing) {
        return false;
    }
    place.below.iter().all(|(name, below)| {
        let now = folder.as_ref().and_then(|folder| folder.find(name)).map(|entry| (entry.kind, entry.id));
        same(below, now, tree)
    })
}
