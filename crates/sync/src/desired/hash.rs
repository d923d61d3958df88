//! 64 bits of an object's content, whatever the order of its fields.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// Deepest nesting that is told apart; readers refuse documents far below it.
const DEEPEST: usize = 512;

/// 64 bits of content: two objects with the same fields in another order have the same, within one process.
pub fn content_hash(fields: &Map<String, Value>) -> u64 {
    hash_map(fields, 0)
}

/// Maps add up the hashes of their entries, so that order does not count.
fn hash_map(fields: &Map<String, Value>, depth: usize) -> u64 {
    let entry = |(key, value): (&String, &Value)| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hash_value(value, &mut hasher, depth + 1);
        hasher.finish()
    };
    fields.iter().map(entry).fold(fields.len() as u64, u64::wrapping_add)
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher, depth: usize) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(_) | Value::Object(_) if depth > DEEPEST => {}
        Value::Array(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| hash_value(item, hasher, depth + 1));
        }
        Value::Object(fields) => hash_map(fields, depth).hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(one: &Value, other: &Value, same: bool) {
        let hash = |value: &Value| content_hash(value.as_object().expect("a map"));
        assert_eq!(hash(one) == hash(other), same, "{one} and {other}");
    }

    #[test]
    fn order_of_fields_does_not_count_all_else_does() {
        check(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"b": {"d": 3, "c": 2}, "a": 1}), true);
        check(&json!({"a": [1, 2]}), &json!({"a": [2, 1]}), false);
        check(&json!({"a": "1"}), &json!({"a": 1}), false);
        check(&json!({"a": {}}), &json!({"a": []}), false);
        check(&json!({"a": null}), &json!({}), false);
        check(&json!({"a": {"b": 1}}), &json!({"b": {"a": 1}}), false);
    }
}
