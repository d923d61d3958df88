//! Reading and changing untyped fields without losing those nobody here knows.

use model::Object;
use serde_json::{Map, Value};

/// A text field; empty where missing.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A list below a path of maps.
pub fn list<'a>(object: &'a Object, path: &[&str]) -> Option<&'a Vec<Value>> {
    let (first, rest) = path.split_first()?;
    let start = object.get(first)?;
    rest.iter().try_fold(start, |value, field| value.get(field))?.as_array()
}

/// A list below a path of maps, to change.
pub fn list_mut<'a>(object: &'a mut Object, path: &[&str]) -> Option<&'a mut Vec<Value>> {
    let (first, rest) = path.split_first()?;
    let start = object.fields_mut().get_mut(*first)?;
    rest.iter().try_fold(start, |value, field| value.get_mut(field))?.as_array_mut()
}

/// A map below a path of maps, made where it is missing; none where something else stands in its way.
pub fn map_mut<'a>(object: &'a mut Object, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    path.iter().try_fold(object.fields_mut(), |map, field| {
        map.entry(*field).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    })
}

/// The weight of a destination: absent counts as 0, and numbers may be written as 30 or 30.0.
pub fn weight(value: &Value) -> i64 {
    let number = value.get("weight");
    let whole = number.and_then(Value::as_i64);
    whole.or_else(|| number.and_then(Value::as_f64).map(|weight| weight as i64)).unwrap_or(0)
}

/// Writes a weight where none or another one stands.
pub fn set_weight(value: &mut Value, wanted: i32) {
    if value.get("weight").is_none() || weight(value) != i64::from(wanted) {
        value["weight"] = wanted.into();
    }
}

/// Whether `existing` says all that `wanted` says: it may have more fields, which a server or a user filled in, but
/// no longer lists.
pub fn covers(existing: &Value, wanted: &Value) -> bool {
    match (existing, wanted) {
        (Value::Object(existing), Value::Object(wanted)) => {
            wanted.iter().all(|(field, value)| existing.get(field).is_some_and(|own| covers(own, value)))
        }
        (Value::Array(existing), Value::Array(wanted)) => {
            existing.len() == wanted.len()
                && existing.iter().zip(wanted).all(|(own, value)| covers(own, value))
        }
        (Value::Number(existing), Value::Number(wanted)) => existing.as_f64() == wanted.as_f64(),
        (existing, wanted) => existing == wanted,
    }
}
