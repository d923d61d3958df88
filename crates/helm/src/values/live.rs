//! Between values at rest and values in a render.

use std::sync::Arc;

use gotemplate::{List, Map, Str, Value as Live};

use super::coalesce::{CoalesceError, check_depth};
use super::value::{Table, Value};

/// The value for one render; what it holds is copied.
pub(crate) fn thaw(value: &Value) -> Live {
    match value {
        Value::Null => Live::Nil,
        Value::Bool(flag) => Live::Bool(*flag),
        Value::Int(number) => Live::Int64(*number),
        Value::Float(number) => Live::Float(*number),
        Value::Text(text) => Live::Str(Str::from(&**text)),
        Value::List(items) => Live::List(List::new(items.iter().map(thaw).collect())),
        Value::Table(table) => Live::Map(thaw_table(table)),
    }
}

/// The table for one render.
pub(crate) fn thaw_table(table: &Table) -> Map {
    Map::from_entries(table.iter().map(|(key, value)| (Str::from(&**key), thaw(value))).collect())
}

/// The value for one render without the nulls of its tables.
pub(crate) fn thaw_without_nulls(value: &Value) -> Live {
    let Value::Table(table) = value else { return thaw(value) };
    let set = table.iter().filter(|(_, value)| !value.is_null());
    Live::Map(Map::from_entries(
        set.map(|(key, value)| (Str::from(&**key), thaw_without_nulls(value))).collect(),
    ))
}

/// The values of a render at rest. Objects and functions, which values never hold, become null.
pub(crate) fn freeze_map(map: &Map) -> Result<Table, CoalesceError> {
    freeze_table(map, 0)
}

fn freeze_table(map: &Map, depth: usize) -> Result<Table, CoalesceError> {
    check_depth(depth)?;
    let entries = map.snapshot().into_iter();
    entries.map(|(key, value)| Ok((Arc::from(&*key.to_text()), freeze(&value, depth + 1)?))).collect()
}

fn freeze(value: &Live, depth: usize) -> Result<Value, CoalesceError> {
    Ok(match value {
        Live::Bool(flag) => Value::Bool(*flag),
        Live::Int(number) | Live::Int64(number) => Value::Int(*number),
        Live::Sized(_, bits) => Value::Int(*bits as i64),
        Live::Float(number) => Value::Float(*number),
        Live::Str(text) => Value::text(&*text.to_text()),
        Live::Bytes(bytes) => Value::text(&*String::from_utf8_lossy(bytes)),
        Live::List(list) => {
            check_depth(depth)?;
            let items: Result<Vec<Value>, CoalesceError> =
                list.items().iter().map(|item| freeze(item, depth + 1)).collect();
            Value::List(Arc::new(items?))
        }
        Live::Map(map) => Value::table(freeze_table(map, depth)?),
        Live::Nil | Live::NilInterface | Live::Object(_) | Live::Function(_) => Value::Null,
    })
}

/// A copy that shares no map with the original. Lists are never changed in place, but they may hold maps.
pub(crate) fn deep_copy(map: &Map) -> Result<Map, CoalesceError> {
    copy_map(map, 0)
}

fn copy_map(map: &Map, depth: usize) -> Result<Map, CoalesceError> {
    check_depth(depth)?;
    let entries = map.snapshot().into_iter();
    let copies: Result<_, CoalesceError> =
        entries.map(|(key, value)| Ok((key, copy_value(value, depth + 1)?))).collect();
    Ok(Map::from_entries(copies?))
}

fn copy_value(value: Live, depth: usize) -> Result<Live, CoalesceError> {
    Ok(match value {
        Live::Map(map) => Live::Map(copy_map(&map, depth)?),
        Live::List(list) => {
            check_depth(depth)?;
            let items: Result<Vec<Live>, CoalesceError> =
                list.items().iter().map(|item| copy_value(item.clone(), depth + 1)).collect();
            Live::List(List::new(items?))
        }
        other => other,
    })
}
