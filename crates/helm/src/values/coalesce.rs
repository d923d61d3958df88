//! How user values and the defaults of a chart and its sub-charts become one tree.
//!
//! The tree is built out of maps that are shared exactly where Helm's are: a table two levels down in `global` is
//! one map for a chart and its sub-charts, so that defaults (and `set` in a template) show up in all of them.

use gotemplate::{Map, Str, Value as Live};

use super::live::{thaw, thaw_without_nulls};
use super::paths::Needed;
use super::value::{Table, Value};
use crate::HelmVersion;
use crate::dependencies::ChartNode;

const GLOBAL: &str = "global";

/// What becomes of nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// They stay, for a later pass.
    Kept,
    /// They take away defaults and go.
    Dropped(HelmVersion),
}

/// Why values and charts do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CoalesceError {
    /// A sub-chart's name holds something else than a table; the words are Helm's.
    #[error("type mismatch on {chart}: {found}")]
    TypeMismatch { chart: String, found: String },
    /// Imports have put a table into itself; Helm overflows its stack.
    #[error("values are nested deeper than {0}, or hold themselves: look at import-values")]
    TooDeep(usize),
}

/// Fills `values` with the defaults of `node` and everything below it, as far as it is needed.
pub(crate) fn coalesce(
    node: &ChartNode,
    values: &Map,
    nulls: Nulls,
    needed: &Needed,
) -> Result<(), CoalesceError> {
    defaults(node, values, nulls, needed);
    for child in &node.children {
        let Some(needed) = needed.below(&child.name) else { continue };
        let table = match values.get(&*child.name) {
            None => {
                let table = Map::new();
                values.insert(Str::from(&*child.name), Live::Map(table.clone()));
                table
            }
            Some(Live::Map(table)) => table,
            Some(other) => return Err(mismatch(&child.name, &other)),
        };
        if needed.below(GLOBAL).is_some() {
            globals(&table, values)?;
        }
        coalesce(child, &table, nulls, needed)?;
    }
    Ok(())
}

/// What of `table` is needed, as user values to start from.
pub(crate) fn thaw_needed(table: &Table, needed: &Needed) -> Map {
    let mut entries = Vec::new();
    for (key, value) in table {
        let Some(needed) = needed.below(key) else { continue };
        let live = match value {
            Value::Table(inner) => Live::Map(thaw_needed(inner, needed)),
            other => thaw(other),
        };
        entries.push((Str::from(&**key), live));
    }
    Map::from_entries(entries)
}

fn defaults(node: &ChartNode, values: &Map, nulls: Nulls, needed: &Needed) {
    for (key, default) in node.values.iter() {
        if needed.below(key).is_none() {
            continue;
        }
        match values.get(&**key) {
            None => add(values, key, default, nulls),
            Some(Live::Nil) if nulls != Nulls::Kept => {
                values.remove(&**key);
            }
            Some(Live::Map(have)) => {
                if let Value::Table(default) = default {
                    // What goes to a sub-chart keeps its nulls: they take away that chart's own defaults.
                    let nulls = if node.has_child(key) { Nulls::Kept } else { nulls };
                    tables(&have, default, nulls);
                }
            }
            Some(_) => {}
        }
    }
}

/// A default for a key that is absent.
fn add(values: &Map, key: &str, default: &Value, nulls: Nulls) {
    let live = match nulls {
        Nulls::Dropped(HelmVersion::V4) if default.is_null() => return,
        Nulls::Dropped(HelmVersion::V4) => thaw_without_nulls(default),
        Nulls::Dropped(HelmVersion::V3) | Nulls::Kept => thaw(default),
    };
    values.insert(Str::from(key), live);
}

/// Merges default tables into `have`, which wins.
fn tables(have: &Map, defaults: &Table, nulls: Nulls) {
    for (key, default) in defaults {
        match have.get(&**key) {
            None => add(have, key, default, nulls),
            Some(Live::Nil) => {
                let takes_away = match nulls {
                    Nulls::Kept => false,
                    Nulls::Dropped(HelmVersion::V3) => true,
                    Nulls::Dropped(HelmVersion::V4) => !default.is_null(),
                };
                if takes_away {
                    have.remove(&**key);
                }
            }
            Some(Live::Map(inner)) => {
                if let Value::Table(default) = default {
                    tables(&inner, default, nulls);
                }
            }
            Some(_) => {}
        }
    }
}

/// Merges `defaults` into `have`, which wins; tables that are only in `defaults` become part of both.
pub(crate) fn merge_maps(have: &Map, defaults: &Map) -> Result<(), CoalesceError> {
    merge_below(have, defaults, 0)
}

fn merge_below(have: &Map, defaults: &Map, depth: usize) -> Result<(), CoalesceError> {
    if have.same(defaults) {
        return Ok(());
    }
    check_depth(depth)?;
    for (key, default) in defaults.snapshot() {
        match (have.get(&key), default) {
            (None, default) => have.insert(key, default),
            (Some(Live::Map(inner)), Live::Map(default)) => merge_below(&inner, &default, depth + 1)?,
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what is nested deeper than anything that was read.
pub(crate) fn check_depth(depth: usize) -> Result<(), CoalesceError> {
    let deepest = goyaml::Limits::DEPTH + 64;
    if depth > deepest { Err(CoalesceError::TooDeep(deepest)) } else { Ok(()) }
}

/// Copies the globals of `parent` into `child`; the parent wins.
fn globals(child: &Map, parent: &Map) -> Result<(), CoalesceError> {
    let theirs = match child.get(GLOBAL) {
        None => Map::new(),
        Some(Live::Map(globals)) => globals,
        Some(_) => return Ok(()),
    };
    let ours = match parent.get(GLOBAL) {
        None => Vec::new(),
        Some(Live::Map(globals)) => globals.snapshot(),
        Some(_) => return Ok(()),
    };
    for (key, value) in ours {
        match (value, theirs.get(&key)) {
            (Live::Map(table), have) => {
                // Only the first level is copied: what lies deeper is shared.
                let copy = Map::from_entries(table.snapshot());
                match have {
                    None => {}
                    Some(Live::Map(have)) => merge_maps(&copy, &have)?,
                    Some(_) => continue,
                }
                theirs.insert(key, Live::Map(copy));
            }
            (_, Some(Live::Map(_))) => {}
            (value, _) => theirs.insert(key, value),
        }
    }
    child.insert(Str::from(GLOBAL), Live::Map(theirs));
    Ok(())
}

fn mismatch(chart: &str, found: &Live) -> CoalesceError {
    let found = gotemplate::fmt::sprintf(b"%t", std::slice::from_ref(found)).map(|text| text.to_string());
    CoalesceError::TypeMismatch { chart: chart.to_owned(), found: found.unwrap_or_default() }
}
