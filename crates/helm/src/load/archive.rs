//! Chart archives: a gzip tar read in memory, with Helm's limits and path rules (rules R2 and R3).

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

/// Most bytes of all files of one chart after decompression.
pub const LARGEST_CHART: u64 = 100 << 20;
/// Most bytes of one file after decompression.
pub const LARGEST_FILE: u64 = 5 << 20;
/// What headers and padding may add to the largest chart; it bounds the number of entries too.
const HEADERS: u64 = 16 << 20;

/// A file of an archive, its path relative to the chart.
pub type ArchiveFile = (String, Arc<[u8]>);

/// Why an archive is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is no gzip stream.
    #[error("gzip: invalid header")]
    NotGzip,
    /// The tar stream is broken.
    #[error("could not read the archive: {0}")]
    Broken(String),
    /// An entry has an absolute path.
    #[error("chart illegally contains absolute paths")]
    Absolute,
    /// An entry is not below a folder.
    #[error("chart illegally contains content outside the base directory: {0:?}")]
    OutsideBase(String),
    /// An entry leaves the chart.
    #[error("chart illegally references parent directory")]
    Parent,
    /// An entry names a drive.
    #[error("chart contains illegally named files")]
    Drive,
    /// Chart.yaml stands at the top.
    #[error("chart yaml not in base directory")]
    ChartAtTop,
    /// All files together are too large.
    #[error("decompressed chart is larger than the maximum size {LARGEST_CHART}")]
    TooLarge,
    /// One file is too large.
    #[error("decompressed chart file {0:?} is larger than the maximum file size {LARGEST_FILE}")]
    FileTooLarge(String),
    /// There is nothing in it.
    #[error("no files in chart archive")]
    Empty,
}

/// The files of a packed chart, the first path element cut off. Links carry no data, as in Helm.
pub(crate) fn read_archive(packed: &[u8]) -> Result<Vec<ArchiveFile>, ArchiveError> {
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Err(ArchiveError::NotGzip);
    }
    let broken = |error: std::io::Error| ArchiveError::Broken(error.to_string());
    let mut archive = tar::Archive::new(MultiGzDecoder::new(packed).take(LARGEST_CHART + HEADERS));
    let mut left = LARGEST_CHART;
    let mut files = Vec::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let header_only =
            matches!(kind, EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader);
        if header_only || name.ends_with('/') {
            continue;
        }
        let path = chart_path(&name)?;
        let size = if matches!(kind, EntryType::Link | EntryType::Symlink) { 0 } else { entry.size() };
        if size > left {
            return Err(ArchiveError::TooLarge);
        }
        if size > LARGEST_FILE {
            return Err(ArchiveError::FileTooLarge(name));
        }
        let mut data = Vec::with_capacity(size as usize);
        entry.by_ref().take(size).read_to_end(&mut data).map_err(broken)?;
        left -= size;
        if (data.len() as u64) < size || left == 0 {
            return Err(ArchiveError::TooLarge);
        }
        files.push((path, without_mark(&data).into()));
    }
    if files.is_empty() { Err(ArchiveError::Empty) } else { Ok(files) }
}

/// `data` without a byte order mark.
pub(crate) fn without_mark(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)
}

/// The path of an entry inside the chart.
fn chart_path(name: &str) -> Result<String, ArchiveError> {
    // An archive made on Windows has back-slashes.
    let delimiter = if name.contains('\\') { '\\' } else { '/' };
    let (top, rest) = name.split_once(delimiter).unwrap_or((name, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(ArchiveError::Absolute);
    }
    let mut names: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                names.pop().ok_or(ArchiveError::Parent)?;
            }
            part => names.push(part),
        }
    }
    let path = names.join("/");
    if path.is_empty() {
        return Err(ArchiveError::OutsideBase(name.to_owned()));
    }
    if path.starts_with("..") || path.contains('\0') {
        return Err(ArchiveError::Parent);
    }
    let bytes = path.as_bytes();
    if bytes[0].is_ascii_alphabetic() && bytes.get(1..3) == Some(b":/") {
        return Err(ArchiveError::Drive);
    }
    if top == "Chart.yaml" { Err(ArchiveError::ChartAtTop) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn pack(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (name, kind, data) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.extend_from_slice(header.as_bytes());
            tar.extend_from_slice(data);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).expect("memory takes it");
        gzip.finish().expect("memory takes it")
    }

    #[track_caller]
    fn check(name: &str, expected: Result<&str, ArchiveError>) {
        let files = read_archive(&pack(&[(name, EntryType::Regular, b"x")]));
        assert_eq!(files.map(|files| files[0].0.clone()), expected.map(str::to_owned), "{name}");
    }

    #[test]
    fn paths_stay_inside_the_chart() {
        check("web/Chart.yaml", Ok("Chart.yaml"));
        check("web\\templates\\a.yaml", Ok("templates/a.yaml"));
        check("web/a/../b", Ok("b"));
        check("web/../../x", Err(ArchiveError::Parent));
        check("web//etc/passwd", Err(ArchiveError::Absolute));
        check("web/c:/x", Err(ArchiveError::Drive));
        check("x", Err(ArchiveError::OutsideBase("x".to_owned())));
        check("web/.", Err(ArchiveError::OutsideBase("web/.".to_owned())));
        check("Chart.yaml/x", Err(ArchiveError::ChartAtTop));
    }

    #[test]
    fn links_carry_no_data_and_limits_hold() {
        let files =
            read_archive(&pack(&[("web/l", EntryType::Symlink, b""), ("web/d/", EntryType::Directory, b"")]));
        assert_eq!(files, Ok(vec![("l".to_owned(), Arc::from(b"".as_slice()))]));
        let large = vec![0; LARGEST_FILE as usize + 1];
        let refused = read_archive(&pack(&[("web/big", EntryType::Regular, &large)]));
        assert_eq!(refused, Err(ArchiveError::FileTooLarge("web/big".to_owned())));
        assert_eq!(read_archive(b"no gzip"), Err(ArchiveError::NotGzip));
        assert_eq!(read_archive(&pack(&[])), Err(ArchiveError::Empty));
        assert!(read_archive(&pack(&[("web/a", EntryType::Regular, b"x")])[..30]).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_cut() {
        let files = read_archive(&pack(&[("web/a", EntryType::Regular, b"\xef\xbb\xbfx")]));
        assert_eq!(files.expect("it is a chart")[0].1.as_ref(), b"x");
    }
}
