//! Which sub-charts take part in a render, under which names, and with which defaults.

use std::sync::Arc;

use gotemplate::functions::semver::{Constraint, Version};
use gotemplate::{Map, Value as Live};

use crate::chart::{Contents, Dependency};
use crate::load::scalar_text;
use crate::values::coalesce::{CoalesceError, Nulls, coalesce, merge_maps, thaw_needed};
use crate::values::paths::{Needed, scalar, table};
use crate::values::{Table, deep_copy, freeze_map};
use crate::{HelmVersion, RenderError};

/// A chart in its place: the copy that one parent uses under one name.
#[derive(Clone, Debug)]
pub(crate) struct ChartNode {
    pub(crate) chart: Arc<Contents>,
    /// The chart's name, or the alias it has here.
    pub(crate) name: Arc<str>,
    /// What Chart.yaml lists, once the values have spoken; none where it lists nothing.
    pub(crate) listed: Option<Vec<Dependency>>,
    /// Its default values, with what it imports from its children.
    pub(crate) values: Arc<Table>,
    pub(crate) children: Vec<ChartNode>,
}

impl ChartNode {
    /// The chart with all that is in its charts/, as loaded.
    pub(crate) fn new(chart: &Arc<Contents>) -> Self {
        Self {
            chart: chart.clone(),
            name: Arc::from(chart.metadata.name.as_str()),
            listed: chart
                .metadata
                .dependencies
                .is_some()
                .then(|| chart.metadata.dependencies().cloned().collect()),
            values: chart.values.clone(),
            children: chart.subcharts.iter().map(Self::new).collect(),
        }
    }

    pub(crate) fn has_child(&self, name: &str) -> bool {
        self.children.iter().any(|child| &*child.name == name)
    }

    /// The names of all that takes part: equal marks mean equal trees of one chart.
    pub(crate) fn mark(&self, mark: &mut String) {
        for child in &self.children {
            mark.push('(');
            mark.push_str(&child.name);
            mark.push('=');
            mark.push_str(&child.chart.metadata.name);
            child.mark(mark);
            mark.push(')');
        }
    }
}

/// The names that Chart.yaml lists and charts/ lacks. Helm looks at names only here.
pub(crate) fn check_present(chart: &Contents) -> Result<(), RenderError> {
    let missing: Vec<String> = chart
        .metadata
        .dependencies()
        .filter(|d| !is_present(chart, &d.name))
        .map(|d| d.name.clone())
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(RenderError::MissingDependencies(missing)) }
}

pub(crate) fn is_present(chart: &Contents, name: &str) -> bool {
    chart.subcharts.iter().any(|sub| sub.metadata.name == name)
}

/// True where `version` is in the range; texts that cannot be read are in none.
pub(crate) fn in_range(range: &str, version: &str) -> bool {
    match (Constraint::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.check(&version),
        _ => false,
    }
}

/// The tree of `chart` once conditions and tags have been looked up in `values`.
pub(crate) fn enabled(
    chart: &Arc<Contents>,
    values: &Table,
    version: HelmVersion,
) -> Result<ChartNode, CoalesceError> {
    let mut root = ChartNode::new(chart);
    if root.listed.is_some() {
        let mut needed = Needed::default();
        needed.add("tags");
        collect_needed(&root, "", &mut needed);
        enable(&mut root, &thaw_needed(values, &needed), "", &needed, version)?;
    }
    Ok(root)
}

/// The paths that conditions anywhere in the tree may ask for, and the names that must hold tables.
fn collect_needed(node: &ChartNode, path: &str, needed: &mut Needed) {
    for dependency in node.listed.iter().flatten() {
        for condition in conditions(dependency) {
            needed.add(&format!("{path}{condition}"));
        }
        needed.add_table(&format!("{path}{}", local_name(dependency)));
        needed.add_table(local_name(dependency));
    }
    for child in &node.children {
        needed.add_table(&format!("{path}{}", child.name));
        needed.add_table(&child.name);
        let names = node.listed.iter().flatten().filter(|d| d.name == *child.name).map(local_name);
        for name in names.chain([&*child.name]) {
            collect_needed(child, &format!("{path}{name}."), needed);
        }
    }
}

fn conditions(dependency: &Dependency) -> impl Iterator<Item = &str> {
    dependency.condition.trim().split(',').filter(|condition| !condition.is_empty())
}

fn local_name(dependency: &Dependency) -> &str {
    if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias }
}

fn enable(
    node: &mut ChartNode,
    values: &Map,
    path: &str,
    needed: &Needed,
    version: HelmVersion,
) -> Result<(), CoalesceError> {
    let Some(mut listed) = node.listed.take() else { return Ok(()) };
    node.children = chosen(std::mem::take(&mut node.children), &listed);
    for dependency in &mut listed {
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
        dependency.enabled = true;
    }
    // As in Helm the defaults of a sub-chart are mixed in at the root of what its parent saw.
    let seen = deep_copy(values)?;
    coalesce(node, &seen, Nulls::Dropped(version), needed)?;
    let tags = table(&seen, "tags");
    for dependency in &mut listed {
        if let Some(tags) = &tags {
            dependency.enabled = by_tags(dependency, tags);
        }
        if let Some(flag) = by_condition(dependency, &seen, path) {
            dependency.enabled = flag;
        }
    }
    let disabled = |name: &str| listed.iter().any(|d| !d.enabled && d.name == name);
    node.children.retain(|child| !disabled(&child.name));
    for child in &mut node.children {
        let below = format!("{path}{}.", child.name);
        enable(child, &seen, &below, needed, version)?;
    }
    let gone: Vec<String> = listed.iter().filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
    listed.retain(|dependency| !gone.contains(&dependency.name));
    // A list of which nothing is left counts as none: such a chart imports nothing.
    node.listed = (!listed.is_empty()).then_some(listed);
    Ok(())
}

/// Sub-charts that no entry lists, then one copy for each entry whose chart is there.
fn chosen(present: Vec<ChartNode>, listed: &[Dependency]) -> Vec<ChartNode> {
    let fits = |d: &Dependency, child: &ChartNode| {
        *child.name == *d.name && in_range(&d.version, &child.chart.metadata.version)
    };
    let unlisted = present.iter().filter(|child| !listed.iter().any(|d| fits(d, child))).cloned();
    let copies = listed.iter().filter_map(|dependency| {
        let mut copy = present.iter().find(|child| fits(dependency, child))?.clone();
        if !dependency.alias.is_empty() {
            copy.name = Arc::from(dependency.alias.as_str());
        }
        Some(copy)
    });
    unlisted.chain(copies).collect()
}

fn by_tags(dependency: &Dependency, tags: &Map) -> bool {
    let flags = dependency.tags.iter().filter_map(|tag| match tags.get(tag) {
        Some(Live::Bool(flag)) => Some(flag),
        _ => None,
    });
    let (mut any, mut none) = (false, true);
    for flag in flags {
        (any, none) = (any || flag, false);
    }
    any || none
}

fn by_condition(dependency: &Dependency, values: &Map, path: &str) -> Option<bool> {
    conditions(dependency).find_map(|condition| match scalar(values, &format!("{path}{condition}")) {
        Some(Live::Bool(flag)) => Some(flag),
        _ => None,
    })
}

/// Gives each chart that lists dependencies the values it imports: what its children say by default, the parts named
/// in `import-values` at their new places, and its own defaults over both.
pub(crate) fn import_values(node: &mut ChartNode) -> Result<(), CoalesceError> {
    for child in &mut node.children {
        import_values(child)?;
    }
    let Some(listed) = &node.listed else { return Ok(()) };
    let seen = Map::new();
    coalesce(node, &seen, Nulls::Kept, &Needed::ALL)?;
    let imported = Map::new();
    let values = with_imports(listed, &seen, &imported);
    if values.is_err() {
        empty([seen, imported]);
    }
    node.values = Arc::new(values?);
    Ok(())
}

fn with_imports(listed: &[Dependency], seen: &Map, imported: &Map) -> Result<Table, CoalesceError> {
    for dependency in listed {
        for (child, parent) in dependency.import_values.iter().filter_map(import_of) {
            if let Some(found) = table(seen, &format!("{}.{child}", dependency.name)) {
                // An empty table stays the child's own; any other is shared until all is copied below.
                let found = if found.is_empty() { Map::new() } else { found };
                merge_maps(imported, &placed(&parent, found))?;
            }
        }
    }
    let own = deep_copy(seen)?;
    merge_maps(&own, imported)?;
    freeze_map(&own)
}

/// Takes everything out of maps that may hold each other, so that they are freed.
fn empty(maps: [Map; 2]) {
    let mut pending = Vec::from(maps);
    while let Some(map) = pending.pop() {
        for (key, value) in map.snapshot() {
            map.remove(&key);
            pending.extend(value.as_map().cloned());
        }
    }
}

/// The child's and the parent's path of an entry of `import-values`; entries of other types are passed over.
pub(crate) fn import_of(entry: &serde_json::Value) -> Option<(String, String)> {
    let field = |name: &str| match entry.get(name) {
        None | Some(serde_json::Value::Null) => "<nil>".to_owned(),
        Some(value) => scalar_text(value).unwrap_or_else(|| value.to_string()),
    };
    match entry {
        serde_json::Value::String(name) => Some((format!("exports.{name}"), ".".to_owned())),
        serde_json::Value::Object(_) => Some((field("child"), field("parent"))),
        _ => None,
    }
}

/// `table` at `path`; `.` is the root.
fn placed(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |inner, name| Map::from_entries(vec![(name.into(), Live::Map(inner))]))
}
