//! `managedFields` as a set of fields: who owns what, in the API server's own words (`FieldsV1`).
//!
//! Keys of a node: `f:name` a field, `k:{...}` a list item by its key fields, `v:...` a member of a set, `i:n` a place
//! in a list, `.` the node itself. A node with no children is a leaf; over a list or map a leaf means that it is
//! owned as a whole (atomic).

use model::Object;
use serde_json::{Map, Value};

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write, client-side apply among them.
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry of `managedFields`.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// API version in which the fields are named.
    pub api_version: &'a str,
    /// What is owned.
    pub fields: Fields<'a>,
}

/// The entries of one manager, those of subresources left out.
pub fn entries<'a>(
    object: &'a Object,
    manager: &str,
    operation: Operation,
) -> impl Iterator<Item = Entry<'a>> {
    let text = |entry: &'a Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    object
        .managed_fields()
        .iter()
        .filter(move |entry| {
            text(entry, "manager") == manager
                && text(entry, "operation") == operation.as_str()
                && text(entry, "subresource").is_empty()
        })
        .filter_map(move |entry| {
            let fields = Fields(entry.get("fieldsV1")?.as_object()?);
            Some(Entry { api_version: text(entry, "apiVersion"), fields })
        })
}

/// One node of a field set.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a Map<String, Value>);

/// What stands below one key of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Child<'a> {
    /// `f:name`
    Field(&'a str),
    /// `k:{...}`: the key fields of a list item.
    Item(Map<String, Value>),
    /// `v:...`: a member of a set.
    Member(Value),
    /// `i:n`, or something newer than this reader.
    Other,
}

/// How a list is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListShape {
    /// As a whole.
    Atomic,
    /// By items with key fields.
    Keyed,
    /// By its members.
    Set,
    /// In a way not known here.
    Unknown,
}

impl<'a> Fields<'a> {
    /// Reads a node.
    pub fn new(node: &'a Value) -> Option<Self> {
        node.as_object().map(Self)
    }

    /// The node below a field.
    pub fn field(self, name: &str) -> Option<Self> {
        // Field names are short: no allocation for the look-up key.
        let mut key = [0_u8; 128];
        let length = name.len() + 2;
        let node = if length <= key.len() {
            key[..2].copy_from_slice(b"f:");
            key[2..length].copy_from_slice(name.as_bytes());
            self.0.get(std::str::from_utf8(&key[..length]).ok()?)
        } else {
            self.0.get(&format!("f:{name}"))
        };
        Fields::new(node?)
    }

    /// Fields with their nodes.
    pub fn each_field(self) -> impl Iterator<Item = (&'a str, Fields<'a>)> {
        self.0.iter().filter_map(|(key, node)| Some((key.strip_prefix("f:")?, Fields::new(node)?)))
    }

    /// Everything below, read.
    pub fn children(self) -> impl Iterator<Item = (Child<'a>, Fields<'a>)> {
        self.0
            .iter()
            .filter(|(key, _)| key.as_str() != ".")
            .filter_map(|(key, node)| Some((read_key(key), Fields::new(node)?)))
    }

    /// True where nothing stands below.
    pub fn is_leaf(self) -> bool {
        self.0.keys().all(|key| key == ".")
    }

    /// How this node owns a list.
    pub fn list_shape(self) -> ListShape {
        let mut shape = ListShape::Atomic;
        for key in self.0.keys().filter(|key| key.as_str() != ".") {
            let this = match key.as_bytes() {
                [b'k', b':', ..] => ListShape::Keyed,
                [b'v', b':', ..] => ListShape::Set,
                _ => return ListShape::Unknown,
            };
            if shape != ListShape::Atomic && shape != this {
                return ListShape::Unknown;
            }
            shape = this;
        }
        shape
    }
}

fn read_key(key: &str) -> Child<'_> {
    match key.split_once(':') {
        Some(("f", name)) => Child::Field(name),
        Some(("k", keys)) => serde_json::from_str(keys).map_or(Child::Other, Child::Item),
        Some(("v", value)) => serde_json::from_str(value).map_or(Child::Other, Child::Member),
        _ => Child::Other,
    }
}

/// True where `item` is the list item that `keys` names.
///
/// A key field the item lacks matches its default only where that is known: `protocol` is `TCP` (the one default
/// among the keys of built-in kinds).
pub fn is_item(item: &Value, keys: &Map<String, Value>) -> bool {
    let Some(item) = item.as_object() else { return false };
    keys.iter().all(|(key, expected)| match item.get(key) {
        Some(value) => same_scalar(value, expected),
        None => key == "protocol" && expected == "TCP",
    })
}

/// True where two scalars are equal as the API server sees it: `1` and `1.0` are one number.
pub fn same_scalar(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() || b.is_f64()) && a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_are_found_by_manager_operation_and_main_resource() {
        let entry = |manager: &str, operation: &str, subresource: &str| {
            json!({"manager": manager, "operation": operation, "subresource": subresource,
                "apiVersion": "v1", "fieldsV1": {"f:data": {}}})
        };
        let object = Object::from_value(json!({"metadata": {"managedFields": [
            entry("a", "Update", ""), entry("a", "Apply", "status"), entry("a", "Apply", ""), entry("b", "Apply", ""),
            {"manager": "a", "operation": "Apply"},
        ]}}))
        .expect("it is a map");
        assert_eq!(entries(&object, "a", Operation::Apply).count(), 1);
        assert_eq!(entries(&object, "a", Operation::Update).count(), 1);
        assert_eq!(entries(&object, "c", Operation::Update).count(), 0);
    }

    #[test]
    fn keys_are_read() {
        let node = json!({".": {}, "f:a": {}, "k:{\"name\":\"x\"}": {}, "v:\"y\"": {}, "i:0": {}, "k:{": {}});
        let fields = Fields::new(&node).expect("it is a map");
        let children: Vec<_> = fields.children().map(|(child, _)| child).collect();
        let keys = json!({"name": "x"}).as_object().cloned().expect("it is a map");
        assert_eq!(
            children,
            [Child::Field("a"), Child::Item(keys), Child::Member(json!("y")), Child::Other, Child::Other,]
        );
        assert_eq!(fields.list_shape(), ListShape::Unknown);
        assert!(fields.field("a").is_some_and(Fields::is_leaf) && fields.field("b").is_none());
    }

    #[test]
    fn a_missing_protocol_is_tcp_and_nothing_else_is_guessed() {
        let keys = |value: Value| value.as_object().cloned().expect("it is a map");
        assert!(is_item(&json!({"port": 80}), &keys(json!({"port": 80, "protocol": "TCP"}))));
        assert!(!is_item(&json!({"port": 80}), &keys(json!({"port": 80, "protocol": "UDP"}))));
        assert!(!is_item(&json!({"port": 80}), &keys(json!({"port": 80, "host": "TCP"}))));
    }
}
