//! What an apply would make of a live object, worked out without the API server.
//!
//! The live object's own field sets say which lists go by key, which are sets and which are atomic; what they do not
//! tell is taken item by item where the lengths agree, else as a whole. Used where no dry-run can be had: offline,
//! or where the server refuses it.

use model::Object;
use serde_json::{Map, Value};

use super::MANAGER;
use super::fields::{self, Child, Fields, ListShape, Operation, is_item, same_scalar};
use super::normalize::SERVER_METADATA;
use super::takeover::CLIENT_SIDE_MANAGERS;

/// The live object with the manifest's fields, and without those of ours that the manifest no longer has.
pub fn apply(desired: &Object, live: &Object) -> Object {
    let mut result = live.clone();
    let shapes: Vec<Fields<'_>> =
        live.managed_fields().iter().filter_map(|entry| Fields::new(entry.get("fieldsV1")?)).collect();
    let ours = fields::entries(live, MANAGER, Operation::Apply).chain(
        CLIENT_SIDE_MANAGERS
            .into_iter()
            .flat_map(|manager| fields::entries(live, manager, Operation::Update)),
    );
    for entry in ours {
        drop_unwanted(result.fields_mut(), desired.fields(), entry.fields, 0);
    }
    merge_root(result.fields_mut(), desired.fields(), &shapes);
    result
}

fn merge_root(result: &mut Map<String, Value>, desired: &Map<String, Value>, shapes: &[Fields<'_>]) {
    for (key, value) in desired {
        match (key.as_str(), value) {
            ("metadata", Value::Object(desired)) => {
                let below = below(shapes, |shape| shape.field(key));
                if let Some(Value::Object(result)) = result.get_mut(key) {
                    for (key, value) in
                        desired.iter().filter(|(key, _)| !SERVER_METADATA.contains(&key.as_str()))
                    {
                        merge_field(result, key, value, &below, 1);
                    }
                }
            }
            _ => merge_field(result, key, value, shapes, 0),
        }
    }
}

fn merge_field(
    result: &mut Map<String, Value>,
    key: &str,
    value: &Value,
    shapes: &[Fields<'_>],
    depth: usize,
) {
    match result.get_mut(key) {
        Some(place) => merge(place, value, &below(shapes, |shape| shape.field(key)), depth + 1),
        None if value.is_null() => {}
        None => {
            result.insert(key.to_owned(), value.clone());
        }
    }
}

fn merge(place: &mut Value, value: &Value, shapes: &[Fields<'_>], depth: usize) {
    let atomic = !shapes.is_empty() && shapes.iter().any(|shape| shape.is_leaf());
    match (&mut *place, value) {
        (Value::Object(result), Value::Object(desired)) if !atomic && depth <= super::MAX_DEPTH => {
            for (key, value) in desired {
                merge_field(result, key, value, shapes, depth);
            }
        }
        (Value::Array(result), Value::Array(desired)) if depth <= super::MAX_DEPTH => {
            merge_list(result, desired, shapes, depth);
        }
        _ => place.clone_from(value),
    }
}

fn merge_list(result: &mut Vec<Value>, desired: &[Value], shapes: &[Fields<'_>], depth: usize) {
    let shape = shapes.iter().map(|shape| shape.list_shape()).find(|shape| *shape != ListShape::Atomic);
    match shape {
        // Two items with one key cannot be told apart: such a list is taken as a whole.
        Some(ListShape::Keyed) if has_twins(desired, shapes) => *result = desired.to_vec(),
        Some(ListShape::Keyed | ListShape::Set) => {
            for item in desired {
                let known =
                    shapes.iter().flat_map(|shape| shape.children()).find(|(child, _)| names(child, item));
                let at = match &known {
                    Some((child, _)) => result.iter().position(|there| names(child, there)),
                    None => result.iter().position(|there| same_key(there, item, shapes)),
                };
                match at {
                    Some(at) => {
                        let below = known
                            .map(|(child, _)| below(shapes, |shape| find(shape, &child)))
                            .unwrap_or_default();
                        merge(&mut result[at], item, &below, depth + 1);
                    }
                    None => result.push(item.clone()),
                }
            }
        }
        Some(ListShape::Atomic | ListShape::Unknown) | None => {
            if result.len() == desired.len() && desired.iter().all(Value::is_object) {
                for (place, value) in result.iter_mut().zip(desired) {
                    merge(place, value, &[], depth + 1);
                }
            } else {
                *result = desired.to_vec();
            }
        }
    }
}

fn names(child: &Child<'_>, item: &Value) -> bool {
    match child {
        Child::Item(keys) => is_item(item, keys),
        Child::Member(member) => same_scalar(member, item),
        Child::Field(_) | Child::Other => false,
    }
}

/// Two items with equal key fields, the key's names taken from any known item.
fn same_key(a: &Value, b: &Value, shapes: &[Fields<'_>]) -> bool {
    let keys = shapes.iter().flat_map(|shape| shape.children()).find_map(|(child, _)| match child {
        Child::Item(keys) => Some(keys),
        _ => None,
    });
    match keys {
        Some(keys) => keys.keys().all(|key| a.get(key) == b.get(key)),
        None => same_scalar(a, b),
    }
}

fn has_twins(items: &[Value], shapes: &[Fields<'_>]) -> bool {
    let later = |place: usize, item: &Value| {
        items[place + 1..].iter().any(|other| other.is_object() && same_key(item, other, shapes))
    };
    items.iter().enumerate().any(|(place, item)| item.is_object() && later(place, item))
}

fn find<'a>(shape: Fields<'a>, wanted: &Child<'_>) -> Option<Fields<'a>> {
    shape.children().find(|(child, _)| child == wanted).map(|(_, node)| node)
}

fn below<'a>(shapes: &[Fields<'a>], step: impl Fn(Fields<'a>) -> Option<Fields<'a>>) -> Vec<Fields<'a>> {
    shapes.iter().filter_map(|shape| step(*shape)).collect()
}

/// Takes away the fields of a set that the manifest does not have.
fn drop_unwanted(
    result: &mut Map<String, Value>,
    desired: &Map<String, Value>,
    owned: Fields<'_>,
    depth: usize,
) {
    for (name, node) in owned.each_field() {
        if depth == 0 && name == "status" {
            continue;
        }
        match (result.get_mut(name), desired.get(name)) {
            (None, _) => {}
            (Some(value), None) => {
                if node.is_leaf() || drop_all(value, node, depth + 1) {
                    result.shift_remove(name);
                }
            }
            (Some(value), Some(desired)) => drop_unwanted_value(value, desired, node, depth + 1),
        }
    }
}

fn drop_unwanted_value(value: &mut Value, desired: &Value, owned: Fields<'_>, depth: usize) {
    if owned.is_leaf() || depth > super::MAX_DEPTH {
        return;
    }
    match (value, desired) {
        (Value::Object(value), Value::Object(desired)) => drop_unwanted(value, desired, owned, depth),
        (Value::Array(value), Value::Array(desired)) => {
            for (child, node) in owned.children() {
                let Some(at) = value.iter().position(|item| names(&child, item)) else { continue };
                match desired.iter().find(|item| names(&child, item)) {
                    Some(desired) => drop_unwanted_value(&mut value[at], desired, node, depth + 1),
                    None => {
                        value.remove(at);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Takes away all fields of a set; true where nothing is left.
fn drop_all(value: &mut Value, owned: Fields<'_>, depth: usize) -> bool {
    if depth > super::MAX_DEPTH {
        return false;
    }
    match value {
        Value::Object(map) => {
            for (name, node) in owned.each_field() {
                if map.get_mut(name).is_some_and(|value| node.is_leaf() || drop_all(value, node, depth + 1)) {
                    map.shift_remove(name);
                }
            }
            map.is_empty()
        }
        Value::Array(list) => {
            let owned: Vec<_> = owned.children().map(|(child, _)| child).collect();
            list.retain(|item| !owned.iter().any(|child| names(child, item)));
            list.is_empty()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(env: Value, fields: Value) -> Object {
        let container = json!({"name": "web", "env": env});
        let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
            "spec": {"template": {"spec": {"containers": [container]}}}});
        if !fields.is_null() {
            let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:env": fields}}}}}});
            object["metadata"]["managedFields"] = json!([{"manager": MANAGER, "operation": "Update",
                "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
        }
        Object::from_value(object).expect("it is a map")
    }

    #[track_caller]
    fn check(desired: Value, live: Value, expected: Value) {
        let fields = json!({".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}});
        let applied = apply(&deployment(desired, Value::Null), &deployment(live, fields));
        assert_eq!(applied.pointer("/spec/template/spec/containers/0/env"), Some(&expected));
    }

    #[test]
    fn items_go_by_key_and_a_list_with_twins_goes_as_a_whole() {
        let a = |value: &str| json!({"name": "A", "value": value});
        let theirs = json!({"name": "B", "value": "theirs"});
        check(json!([a("2")]), json!([a("1"), theirs]), json!([a("2"), theirs]));
        check(json!([a("1"), a("2")]), json!([a("1")]), json!([a("1"), a("2")]));
        check(json!([a("1"), a("3")]), json!([a("1"), a("2")]), json!([a("1"), a("3")]));
    }
}
