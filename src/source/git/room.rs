//! Room on the disk of the mirrors (fault F12).
//!
//! libgit2 writes a pack through mapped memory: a disk that fills up meanwhile would end the whole program by a signal.
//! So a fetch looks at the disk as it goes, and ends before.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Bytes that a fetch leaves free: several times what arrives between two looks.
const SPARE: u64 = 1 << 20;

/// Watches the disk of one folder during one fetch.
#[derive(Clone)]
pub(super) struct Room {
    folder: PathBuf,
    ran_out: Rc<Cell<bool>>,
}

impl Room {
    /// For what is written below `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ran_out: Rc::default() }
    }

    /// True while there is some. A disk that cannot be asked counts as one with room.
    pub fn is_left(&self) -> bool {
        let free = rustix::fs::statvfs(&self.folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        let is_left = free.is_ok_and(|free| free >= SPARE) || free.is_err();
        self.ran_out.set(!is_left);
        is_left
    }

    /// Why the fetch was ended, if it was for this.
    pub fn complaint(&self) -> Option<String> {
        self.ran_out.get().then(|| "No space left on device (less than 1 MiB is free)".to_owned())
    }
}
