//! Chart archives on disk: a cache of bounded size that may be thrown away at any time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::hex;

/// Archives by digest, or by a hash of their address.
pub(super) struct ChartCache {
    folder: PathBuf,
    bytes: u64,
    written: AtomicU64,
}

impl ChartCache {
    pub fn new(folder: PathBuf, bytes: u64) -> Self {
        Self { folder, bytes, written: AtomicU64::new(0) }
    }

    /// The archive under a key; one whose key is its digest is checked, as disks forget (F08).
    pub fn get(&self, key: &str, is_digest: bool) -> Option<Vec<u8>> {
        let archive = fs::read(self.path(key)?).ok()?;
        (!is_digest || hex(&archive) == key).then_some(archive)
    }

    /// Keeps an archive. A disk that is full or read-only costs a fetch later, nothing else (F12).
    pub fn put(&self, key: &str, archive: &[u8]) {
        let Some(path) = self.path(key) else { return };
        let _ = self.write(&path, archive);
        self.sweep();
    }

    /// Never torn: written aside, then renamed.
    fn write(&self, path: &Path, archive: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{number}.new"));
        fs::write(&aside, archive)?;
        fs::rename(aside, path)
    }

    /// A key comes from an index, which is untrusted: only hexadecimal digits make a file name.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let sound = key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        sound.then(|| self.folder.join(format!("{key}.tgz")))
    }

    /// Removes the oldest archives until the rest fits.
    fn sweep(&self) {
        let listed = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let file = |entry: fs::DirEntry| -> Option<(SystemTime, u64, PathBuf)> {
            let about = entry.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), entry.path()))
        };
        let mut files: Vec<_> = listed.filter_map(file).collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in files {
            if total <= self.bytes {
                return;
            }
            let _ = fs::remove_file(path);
            total -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_kept_checked_and_bounded() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let cache = ChartCache::new(folder.path().join("charts"), 25);
        let keys = [b"0123456789", b"abcdefghij", b"ABCDEFGHIJ"].map(|archive| {
            let key = hex(archive);
            cache.put(&key, archive);
            (key, archive)
        });
        assert_eq!(cache.get(&keys[2].0, true).as_deref(), Some(&keys[2].1[..]));
        let kept = keys.iter().filter(|(key, _)| cache.get(key, true).is_some()).count();
        assert_eq!(kept, 2, "the third pushed one out");
        fs::write(folder.path().join("charts").join(format!("{}.tgz", keys[2].0)), "damaged")
            .expect("it can be written");
        assert_eq!(cache.get(&keys[2].0, true), None);
        cache.put("../../etc/passwd", b"x");
        assert_eq!(cache.get("../../etc/passwd", false), None);
    }
}
