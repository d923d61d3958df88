//! Folders of a commit, parsed from the object database and shared between renders.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};
use model::tree::{Entry, EntryKind};
use sha2::{Digest, Sha256};

/// One folder as its tree object has it.
#[derive(Debug)]
pub(super) struct Folder {
    /// Sorted by name in byte order (Git's own order puts a slash behind folders).
    entries: Vec<FolderEntry>,
    /// Hash of names and kinds.
    pub listing: [u8; 32],
}

/// One entry of a folder.
#[derive(Debug, Clone)]
pub(super) struct FolderEntry {
    pub name: Box<str>,
    pub kind: EntryKind,
    pub id: Oid,
}

impl Folder {
    /// Looks an exact name up.
    pub fn find(&self, name: &str) -> Option<&FolderEntry> {
        let at = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        Some(&self.entries[at])
    }

    /// The entries in the form renders see.
    pub fn list(&self) -> Vec<Entry> {
        self.entries
            .iter()
            .map(|entry| Entry { name: entry.name.as_ref().to_owned(), kind: entry.kind })
            .collect()
    }

    /// Parses a tree object: `mode name NUL id`, again and again. None where it is malformed: a name that is empty,
    /// `.` or `..`, or holds a slash would lead a walk astray.
    fn parse(mut data: &[u8]) -> Option<Self> {
        let mut entries = Vec::new();
        while !data.is_empty() {
            let space = data.iter().position(|byte| *byte == b' ')?;
            let end = space + data[space..].iter().position(|byte| *byte == 0)?;
            let id = data.get(end + 1..end + 21)?;
            entries.push(FolderEntry {
                name: name(&data[space + 1..end])?,
                kind: kind(&data[..space])?,
                id: Oid::from_bytes(id).ok()?,
            });
            data = &data[end + 21..];
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let twice = entries.windows(2).any(|pair| pair[0].name == pair[1].name);
        (!twice).then(|| Self { listing: listing(&entries), entries })
    }
}

/// A name that is not UTF-8 is shown with replacement characters, and found under that spelling.
fn name(bytes: &[u8]) -> Option<Box<str>> {
    let sound = !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/');
    sound.then(|| String::from_utf8_lossy(bytes).into())
}

fn kind(mode: &[u8]) -> Option<EntryKind> {
    match mode {
        b"40000" | b"040000" => Some(EntryKind::Folder),
        b"120000" => Some(EntryKind::Link),
        b"160000" => Some(EntryKind::Submodule),
        mode if mode.starts_with(b"100") => Some(EntryKind::File),
        _ => None,
    }
}

fn listing(entries: &[FolderEntry]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update([entry.kind as u8]);
        hash.update(entry.name.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Folders parsed before: objects never change, so all renders of a repository share them.
#[derive(Default)]
pub(super) struct Folders(Mutex<HashMap<Oid, Arc<Folder>>>);

/// Folders kept; beyond it the cache starts anew.
const KEPT: usize = 8192;
/// The largest tree object that is read, in bytes: about half a million entries.
const LARGEST: usize = 32 << 20;

impl Folders {
    /// The folder with this id.
    ///
    /// # Errors
    /// With the reason in words, when the object is missing, damaged, or no tree.
    pub fn get(&self, repository: &Repository, id: Oid) -> Result<Arc<Folder>, String> {
        if let Some(folder) = self.lock().get(&id) {
            return Ok(folder.clone());
        }
        let folder = Arc::new(read(repository, id)?);
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(id, folder.clone());
        Ok(folder)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Oid, Arc<Folder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(repository: &Repository, id: Oid) -> Result<Folder, String> {
    let odb = repository.odb().map_err(|error| error.message().to_owned())?;
    let (size, _) = odb.read_header(id).map_err(|error| error.message().to_owned())?;
    if size > LARGEST {
        return Err(format!("a folder takes {size} bytes, more than {LARGEST}"));
    }
    let object = odb.read(id).map_err(|error| error.message().to_owned())?;
    let folder = (object.kind() == ObjectType::Tree).then(|| Folder::parse(object.data())).flatten();
    folder.ok_or_else(|| format!("object {id} is not a well-formed folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut data = Vec::new();
        for (mode, name) in entries {
            data.extend_from_slice(mode.as_bytes());
            data.push(b' ');
            data.extend_from_slice(name);
            data.push(0);
            data.extend_from_slice(&[7; 20]);
        }
        data
    }

    #[test]
    fn entries_are_sorted_by_name_alone() {
        let folder =
            Folder::parse(&tree(&[("100644", b"a.b"), ("40000", b"a"), ("120000", b"z"), ("160000", b"m")]));
        let listed: Vec<_> =
            folder.expect("it is well formed").list().into_iter().map(|e| (e.name, e.kind)).collect();
        let expected = [
            ("a", EntryKind::Folder),
            ("a.b", EntryKind::File),
            ("m", EntryKind::Submodule),
            ("z", EntryKind::Link),
        ];
        assert_eq!(listed, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn malformed_trees_are_refused() {
        for name in [&b""[..], b".", b"..", b"a/b"] {
            assert!(Folder::parse(&tree(&[("100644", name)])).is_none(), "{name:?} was accepted");
        }
        assert!(Folder::parse(&tree(&[("100644", b"a"), ("100644", b"a")])).is_none());
        assert!(Folder::parse(&tree(&[("777", b"a")])).is_none());
        let whole = tree(&[("100644", b"a")]);
        for end in 1..whole.len() {
            assert!(Folder::parse(&whole[..end]).is_none(), "{end} bytes were accepted");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(data: Vec<u8>) {
            let _ = Folder::parse(&data);
        }
    }
}
