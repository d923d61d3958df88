//! A Helm repository's index.yaml: bytes in, the chart to fetch out.

use gotemplate::functions::semver::{Constraint, Version};
use goyaml::{Builder, Limits, ReadOptions, Scalar};

/// The part of an index that a choice needs: versions, addresses and digests of each chart.
#[derive(Clone, Debug, Default)]
pub struct Index {
    charts: Vec<(String, Vec<IndexEntry>)>,
}

/// One packed version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its version, as written.
    pub version: String,
    /// Where it lies; relative addresses are below the repository's.
    pub urls: Vec<String>,
    /// SHA-256 of the archive in hex, if the index has it.
    pub digest: Option<String>,
}

/// Why an index could not be read or has no answer; the texts are Helm's where Helm has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// There is nothing in it.
    #[error("empty index.yaml file")]
    Empty,
    /// It is no YAML, or goes beyond the limits.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// It does not say which version it is written for.
    #[error("no API version specified")]
    NoApiVersion,
    /// The chart is not in it.
    #[error("no chart name found")]
    NoSuchChart,
    /// The range of versions is none.
    #[error("improper constraint: {0}")]
    Range(String),
    /// No version of the chart fits.
    #[error("no chart version found for {chart}-{range}")]
    NoSuchVersion {
        /// The chart.
        chart: String,
        /// What was asked for.
        range: String,
    },
}

impl Index {
    /// Reads an index. Entries Helm would not take (no name, no version, a version that is none) are passed over;
    /// versions are sorted, newest first.
    pub fn parse(text: &str) -> Result<Self, IndexError> {
        if text.is_empty() {
            return Err(IndexError::Empty);
        }
        let limits = Limits { bytes: 256 << 20, nodes: 50_000_000, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let root = goyaml::read_through_json(text, &mut IndexBuilder { depth: 0 }, &options)
            .map_err(|error| IndexError::Yaml(error.to_string()))?;
        let Some(Part::Table(fields)) = root else { return Err(IndexError::NoApiVersion) };
        let mut index = Self::default();
        let mut api_version = false;
        for (key, value) in fields {
            match (&*key, value) {
                ("apiVersion", Part::Text(version)) => api_version = !version.is_empty(),
                ("entries", Part::Table(charts)) => {
                    index.charts = charts.into_iter().map(|(name, list)| (name, versions(list))).collect();
                }
                _ => {}
            }
        }
        if api_version { Ok(index) } else { Err(IndexError::NoApiVersion) }
    }

    /// All versions of `chart`, newest first.
    pub fn versions(&self, chart: &str) -> Option<&[IndexEntry]> {
        self.charts.iter().rev().find(|(name, _)| name == chart).map(|(_, versions)| versions.as_slice())
    }

    /// The version of `chart` that `range` asks for: this very one, else the newest in the range; an empty range
    /// means the newest that is no pre-release.
    pub fn choose(&self, chart: &str, range: &str) -> Result<&IndexEntry, IndexError> {
        let versions = self.versions(chart).ok_or(IndexError::NoSuchChart)?;
        let none = || IndexError::NoSuchVersion { chart: chart.to_owned(), range: range.to_owned() };
        let wanted = if range.is_empty() { "*" } else { range };
        let constraint = Constraint::parse(wanted).map_err(|_| IndexError::Range(range.to_owned()))?;
        if let Some(exact) = versions.iter().find(|entry| entry.version == range) {
            return Ok(exact);
        }
        let fits = |entry: &&IndexEntry| Version::parse(&entry.version).is_ok_and(|v| constraint.check(&v));
        versions.iter().find(fits).ok_or_else(none)
    }
}

impl IndexEntry {
    /// The address of the archive, a relative one below `repository`.
    pub fn address(&self, repository: &str) -> Option<String> {
        let url = self.urls.first()?;
        if url.contains("://") {
            return Some(url.clone());
        }
        let base = repository.trim_end_matches('/');
        match url.strip_prefix('/') {
            Some(rooted) => Some(format!("{}/{rooted}", origin(base))),
            None => Some(format!("{base}/{url}")),
        }
    }
}

/// Scheme and host of an address.
fn origin(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    address[host..].find('/').map_or(address, |end| &address[..host + end])
}

fn versions(list: Part) -> Vec<IndexEntry> {
    let Part::List(items) = list else { return Vec::new() };
    let mut read: Vec<(Version, IndexEntry)> = items.into_iter().filter_map(entry).collect();
    // Equal versions keep their order; Helm's own sort leaves it open.
    read.sort_by(|a, b| b.0.cmp(&a.0));
    read.into_iter().map(|(_, entry)| entry).collect()
}

fn entry(item: Part) -> Option<(Version, IndexEntry)> {
    let Part::Table(fields) = item else { return None };
    let mut entry = IndexEntry::default();
    let mut named = false;
    for (key, value) in fields {
        match (&*key, value) {
            ("name", Part::Text(name)) => named = !name.is_empty(),
            ("version", Part::Text(version)) => entry.version = version.into(),
            ("digest", Part::Text(digest)) => entry.digest = Some(digest.into()),
            ("urls", Part::List(urls)) => {
                let text = |url| if let Part::Text(url) = url { Some(String::from(url)) } else { None };
                entry.urls = urls.into_iter().filter_map(text).collect();
            }
            _ => {}
        }
    }
    let version = Version::parse(&entry.version).ok()?;
    named.then_some((version, entry))
}

/// A value as far as a choice needs it.
enum Part {
    Text(Box<str>),
    List(Vec<Part>),
    Table(Vec<(String, Part)>),
    Other,
}

/// Keeps names, versions, addresses and digests, and drops the rest while it is read: indexes of tens of megabytes
/// are usual.
struct IndexBuilder {
    depth: usize,
}

const KEPT: [&str; 6] = ["apiVersion", "entries", "name", "version", "urls", "digest"];
/// entries, chart, list, version, urls.
const DEEPEST: usize = 5;

impl Builder for IndexBuilder {
    type Value = Part;
    type Sequence = Vec<Part>;
    type Mapping = Vec<(String, Part)>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Part {
        if self.depth > DEEPEST {
            return Part::Other;
        }
        match scalar {
            Scalar::String(text) | Scalar::Timestamp(text) => Part::Text(text.into()),
            Scalar::Int(number) => Part::Text(number.to_string().into()),
            Scalar::Float(number) => Part::Text(goyaml::shortest_float(number).into()),
            Scalar::Null | Scalar::Bool(_) | Scalar::Uint(_) => Part::Other,
        }
    }

    fn sequence(&mut self) -> Vec<Part> {
        self.depth += 1;
        Vec::new()
    }

    fn push(&mut self, sequence: &mut Vec<Part>, item: Part) {
        if self.depth <= DEEPEST {
            sequence.push(item);
        }
    }

    fn finish_sequence(&mut self, sequence: Vec<Part>) -> Part {
        self.depth -= 1;
        Part::List(sequence)
    }

    fn mapping(&mut self) -> Self::Mapping {
        self.depth += 1;
        Vec::new()
    }

    fn insert(&mut self, mapping: &mut Self::Mapping, key: Scalar<'_>, value: Part) {
        let Scalar::String(key) = key else { return };
        // The second level has the names of charts.
        if self.depth == 2 || (self.depth < DEEPEST && KEPT.contains(&&*key)) {
            mapping.push((key.into_owned(), value));
        }
    }

    fn contains(&self, mapping: &Self::Mapping, key: &Scalar<'_>) -> bool {
        matches!(key, Scalar::String(key) if mapping.iter().any(|(known, _)| known == key))
    }

    fn finish_mapping(&mut self, mapping: Self::Mapping) -> Part {
        self.depth -= 1;
        Part::Table(mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.2.0, urls: [web-1.2.0.tgz]}\n  \
                         - {name: web, version: 2.0.0-rc.1, urls: ['https://x.example/web.tgz'], digest: abc}\n  \
                         - {name: web, version: 1.10.0, urls: [/charts/web-1.10.0.tgz], dependencies: [{name: a}]}\n  \
                         - {name: web, version: bad}\n  - {version: 9.0.0}\n  -\n";

    #[track_caller]
    fn check(range: &str, expected: Result<&str, IndexError>) {
        let index = Index::parse(INDEX).expect("the index is well formed");
        let found = index.choose("web", range).map(|entry| entry.version.as_str());
        assert_eq!(found, expected.as_ref().map(|version| *version).map_err(Clone::clone), "{range}");
    }

    #[test]
    fn the_newest_version_in_the_range_is_chosen() {
        check("", Ok("1.10.0"));
        check("^1.0.0", Ok("1.10.0"));
        check("1.2.0", Ok("1.2.0"));
        check(">1-0", Ok("2.0.0-rc.1"));
        check("2.0.0-rc.1", Ok("2.0.0-rc.1"));
        check("3", Err(IndexError::NoSuchVersion { chart: "web".to_owned(), range: "3".to_owned() }));
    }

    #[test]
    fn relative_addresses_are_below_the_repository() {
        let index = Index::parse(INDEX).expect("the index is well formed");
        let address =
            |range: &str| index.choose("web", range).expect("it is there").address("https://h.example/r/");
        assert_eq!(address("1.2.0").as_deref(), Some("https://h.example/r/web-1.2.0.tgz"));
        assert_eq!(address("1.10.0").as_deref(), Some("https://h.example/charts/web-1.10.0.tgz"));
        assert_eq!(address("2.0.0-rc.1").as_deref(), Some("https://x.example/web.tgz"));
        assert_eq!(index.choose("none", "").err(), Some(IndexError::NoSuchChart));
    }

    #[test]
    fn broken_indexes_are_refused() {
        assert_eq!(Index::parse("").err(), Some(IndexError::Empty));
        assert_eq!(Index::parse("entries: {}").err(), Some(IndexError::NoApiVersion));
        assert!(matches!(Index::parse("a: ["), Err(IndexError::Yaml(_))));
    }
}
