//! A loaded chart: what its files say, read once and shared by every render.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::prepare::Prepared;
use crate::schema::Schema;
use crate::values::Table;

/// A chart with its sub-charts. It never changes; renders share it.
///
/// What renders learn about it (which sub-charts go with which values, the parsed templates) is kept inside, so that
/// a second render of the same chart parses nothing.
#[derive(Debug)]
pub struct Chart {
    pub(crate) contents: Arc<Contents>,
    /// Apart from the contents, which it refers to itself.
    pub(crate) prepared: Mutex<Vec<Arc<Prepared>>>,
}

/// What the files of a chart say.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) metadata: Metadata,
    pub(crate) lock: Option<Lock>,
    pub(crate) values: Arc<Table>,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) templates: Vec<TextFile>,
    /// The manifests of crds/, in the order they were loaded.
    pub(crate) crds: Vec<(String, Arc<[u8]>)>,
    pub(crate) files: Arc<FileSet>,
    pub(crate) subcharts: Vec<Arc<Contents>>,
}

/// Files by their path in the chart.
pub(crate) type FileSet = BTreeMap<Arc<str>, Arc<[u8]>>;

/// A template's text.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    /// Its path in the chart.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) text: Arc<[u8]>,
}

impl From<Contents> for Chart {
    fn from(contents: Contents) -> Self {
        Self { contents: Arc::new(contents), prepared: Mutex::default() }
    }
}

impl Chart {
    /// What Chart.yaml says.
    pub fn metadata(&self) -> &Metadata {
        &self.contents.metadata
    }

    /// What Chart.lock says, if there is one.
    pub fn lock(&self) -> Option<&Lock> {
        self.contents.lock.as_ref()
    }

    /// The default values.
    pub fn values(&self) -> &Table {
        &self.contents.values
    }

    /// The content of a file that is neither template nor part of the chart's own description.
    pub fn file(&self, path: &str) -> Option<&Arc<[u8]>> {
        self.contents.files.get(path)
    }
}

/// Chart.yaml.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of that name in Chart.yaml")]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    /// An entry without content is none.
    pub maintainers: Vec<Option<Maintainer>>,
    pub icon: String,
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    /// Sorted by key; none where the field is absent.
    pub annotations: Option<Vec<(String, String)>>,
    pub kube_version: String,
    /// None where the field is absent: Helm then looks into no sub-chart. An entry without content is none.
    pub dependencies: Option<Vec<Option<Dependency>>>,
    /// `type`: application, library or empty.
    pub chart_type: String,
}

impl Metadata {
    /// The dependencies that have content.
    pub fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().flatten().flatten()
    }

    /// True for a chart that only defines templates for others.
    pub fn is_library(&self) -> bool {
        self.chart_type.eq_ignore_ascii_case("library")
    }
}

/// One maintainer of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of that name in Chart.yaml")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// One dependency as Chart.yaml or Chart.lock lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// Name of the chart.
    pub name: String,
    /// Version, or a range of versions.
    pub version: String,
    /// Where it comes from: `https://`, `oci://`, `file://`, `@alias`, or empty where it is in charts/.
    pub repository: String,
    /// Paths in the values, separated by commas; the first that is a flag decides.
    pub condition: String,
    /// Names below `tags` in the values.
    pub tags: Vec<String>,
    /// What the file itself says; the values decide.
    pub enabled: bool,
    /// Parts of its values that the parent takes over, as written: a name below `exports`, or `{child, parent}`.
    pub import_values: Vec<serde_json::Value>,
    /// Name it gets in this chart.
    pub alias: String,
}

/// Chart.lock: the versions that were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// When, as text.
    pub generated: String,
    /// `sha256:` over what was asked for and what was chosen.
    pub digest: String,
    /// What was chosen.
    pub dependencies: Vec<Dependency>,
}
