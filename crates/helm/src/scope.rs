//! The objects that templates see: `.Values`, `.Chart`, `.Release`, `.Capabilities`, `.Files`, `.Subcharts`.

use std::cell::RefCell;
use std::sync::Arc;

use gotemplate::{ANY_MAP, Element, List, Map, MapType, Str, TEXT_MAP, Value as Live};

use crate::HelmVersion;
use crate::chart::{FileSet, Metadata};
use crate::dependencies::ChartNode;
use crate::functions::contains;
use crate::functions::encode::bytes;
use crate::objects::{CapabilitiesObject, MetadataObject};
use crate::render::{Release, RenderOptions};
use crate::values::paths::table;

mod files;
mod table_methods;

/// Go's type of `.Values` and of the whole scope.
pub(crate) fn values_type(version: HelmVersion) -> &'static MapType {
    static V3: MapType = MapType {
        go_type: "chartutil.Values",
        element: Element::Any,
        named: true,
        methods: table_methods::METHODS,
    };
    static V4: MapType = MapType {
        go_type: "common.Values",
        element: Element::Any,
        named: true,
        methods: table_methods::METHODS,
    };
    match version {
        HelmVersion::V3 => &V3,
        HelmVersion::V4 => &V4,
    }
}

/// The scopes of a tree of charts, parents first.
pub(crate) struct Scopes {
    pub(crate) maps: Vec<Map>,
    pub(crate) files: FileMaps,
}

/// Builds the scopes; `values` are the root's, coalesced.
pub(crate) fn scopes(root: &ChartNode, values: Map, options: &RenderOptions<'_>) -> Scopes {
    let version = options.version;
    let mut building = Building {
        version,
        release: release(&options.release),
        capabilities: Live::object(CapabilitiesObject::new(options.capabilities, version)),
        scopes: Scopes { maps: Vec::new(), files: FileMaps::default() },
    };
    building.scope(root, values, true);
    building.scopes
}

fn release(release: &Release) -> Live {
    let Release { name, namespace, upgrade, revision } = release;
    Live::Map(Map::from_entries(vec![
        ("IsInstall".into(), Live::Bool(!upgrade)),
        ("IsUpgrade".into(), Live::Bool(*upgrade)),
        ("Name".into(), Live::str(name.as_str())),
        ("Namespace".into(), Live::str(namespace.as_str())),
        ("Revision".into(), Live::Int(*revision)),
        ("Service".into(), Live::str("Helm")),
    ]))
}

struct Building {
    version: HelmVersion,
    release: Live,
    capabilities: Live,
    scopes: Scopes,
}

impl Building {
    fn scope(&mut self, node: &ChartNode, values: Map, root: bool) -> Map {
        let files = Map::typed(Vec::new(), &files::FILES);
        self.scopes.files.add(files.clone(), node.chart.files.clone());
        let subcharts = Map::new();
        let chart = match self.version {
            HelmVersion::V3 => Live::object(MetadataObject::new(node, root)),
            HelmVersion::V4 => Live::Map(metadata(node, root)),
        };
        let scope = Map::from_entries(vec![
            ("Capabilities".into(), self.capabilities.clone()),
            ("Chart".into(), chart),
            ("Files".into(), Live::Map(files)),
            ("Release".into(), self.release.clone()),
            ("Subcharts".into(), Live::Map(subcharts.clone())),
            ("Values".into(), Live::Map(values.with_type(values_type(self.version)))),
        ]);
        self.scopes.maps.push(scope.with_type(values_type(self.version)));
        for child in &node.children {
            let below = table(&values, &child.name).unwrap_or_default();
            let child_scope = self.scope(child, below, false);
            subcharts.insert(Str::from(&*child.name), Live::Map(child_scope));
        }
        scope
    }
}

/// `.Chart` as version 4 has it: a map with the names of Go's fields.
pub(crate) fn metadata(node: &ChartNode, root: bool) -> Map {
    let mut fields = metadata_fields(node);
    fields.push(("IsRoot", Live::Bool(root)));
    Map::from_entries(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The fields of Chart.yaml with Go's names, in Go's order.
pub(crate) fn metadata_fields(node: &ChartNode) -> Vec<(&'static str, Live)> {
    let m: &Metadata = &node.chart.metadata;
    let text = |text: &str| Live::str(text);
    let texts =
        |texts: &[String]| Live::List(List::new(texts.iter().map(|t| Live::str(t.as_str())).collect()));
    vec![
        ("Name", text(&node.name)),
        ("Home", text(&m.home)),
        ("Sources", texts(&m.sources)),
        ("Version", text(&m.version)),
        ("Description", text(&m.description)),
        ("Keywords", texts(&m.keywords)),
        ("Maintainers", Live::List(List::new(m.maintainers.iter().flatten().map(maintainer).collect()))),
        ("Icon", text(&m.icon)),
        ("APIVersion", text(&m.api_version)),
        ("Condition", text(&m.condition)),
        ("Tags", text(&m.tags)),
        ("AppVersion", text(&m.app_version)),
        ("Deprecated", Live::Bool(m.deprecated)),
        ("Annotations", Live::Map(text_map(m.annotations.as_deref()))),
        ("KubeVersion", text(&m.kube_version)),
        ("Dependencies", Live::List(List::new(node.listed.iter().flatten().map(dependency).collect()))),
        ("Type", text(&m.chart_type)),
    ]
}

fn text_map(entries: Option<&[(String, String)]>) -> Map {
    match entries {
        None => Map::nil(&TEXT_MAP),
        Some(entries) => Map::typed(
            entries.iter().map(|(key, value)| (Str::from(key.as_str()), Live::str(value.as_str()))).collect(),
            &TEXT_MAP,
        ),
    }
}

fn maintainer(maintainer: &crate::chart::Maintainer) -> Live {
    let crate::chart::Maintainer { name, email, url } = maintainer;
    record(&[("Email", email), ("Name", name), ("URL", url)], Vec::new())
}

fn dependency(dependency: &crate::chart::Dependency) -> Live {
    let crate::chart::Dependency {
        name,
        version,
        repository,
        condition,
        tags,
        enabled,
        import_values,
        alias,
    } = dependency;
    let tags = List::new(tags.iter().map(|tag| Live::str(tag.as_str())).collect());
    let imports = import_values.iter().filter_map(crate::dependencies::import_of).map(|(child, parent)| {
        let entry = |key: &str, text: String| (key.to_owned(), text);
        Live::Map(text_map(Some(&[entry("child", child), entry("parent", parent)])))
    });
    record(
        &[
            ("Alias", alias),
            ("Condition", condition),
            ("Name", name),
            ("Repository", repository),
            ("Version", version),
        ],
        vec![
            ("Enabled", Live::Bool(*enabled)),
            ("ImportValues", Live::List(List::new(imports.collect()))),
            ("Tags", Live::List(tags)),
        ],
    )
}

fn record(texts: &[(&'static str, &String)], others: Vec<(&'static str, Live)>) -> Live {
    let texts = texts.iter().map(|(name, text)| (Str::from(*name), Live::str(text.as_str())));
    Live::Map(Map::from_entries(
        texts.chain(others.into_iter().map(|(name, value)| (name.into(), value))).collect(),
    ))
}

/// `.Template` while a file runs.
pub(crate) fn template(name: &str, base_path: &str, version: HelmVersion) -> Live {
    let entries = vec![("BasePath".into(), Live::str(base_path)), ("Name".into(), Live::str(name))];
    Live::Map(Map::typed(entries, values_type(version)))
}

/// The maps behind `.Files`. They stay empty until somebody may look: most charts never do, and their files are
/// large.
#[derive(Default)]
pub(crate) struct FileMaps {
    waiting: RefCell<Vec<(Map, Arc<FileSet>)>>,
}

impl FileMaps {
    fn add(&self, map: Map, files: Arc<FileSet>) {
        if !files.is_empty() {
            self.waiting.borrow_mut().push((map, files));
        }
    }

    /// Fills all of them.
    pub(crate) fn fill(&self) {
        for (map, files) in self.waiting.take() {
            for (path, data) in files.iter() {
                map.insert(Str::from(&**path), bytes(data));
            }
        }
    }

    /// Fills them if `text` speaks of files.
    pub(crate) fn fill_if_named(&self, text: &[u8]) {
        if !self.waiting.borrow().is_empty() && contains(text, b"Files") {
            self.fill();
        }
    }
}

/// The map type of plain tables.
pub(crate) const PLAIN: &MapType = &ANY_MAP;
