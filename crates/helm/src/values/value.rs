//! Chart values outside a render: an immutable tree whose parts are shared, so that merging copies only what it
//! changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use goyaml::{Builder, Node, Scalar, View};

/// A table: keys in byte order, as templates walk them.
pub type Table = BTreeMap<Arc<str>, Value>;

/// One value. Clones share lists and tables.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// true or false
    Bool(bool),
    /// A whole number: only `--set` makes one, YAML and JSON make floats (as in Helm).
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A table.
    Table(Arc<Table>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// A table.
    pub fn table(table: Table) -> Self {
        Value::Table(Arc::new(table))
    }

    /// The table in it, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Go's name of its kind in error texts.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Value::Null => "nil",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::List(_) => "[]interface {}",
            Value::Table(_) => "map[string]interface {}",
        }
    }

    /// A value made of JSON, every number a float.
    pub(crate) fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(*flag),
            serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::text(text.as_str()),
            serde_json::Value::Array(items) => {
                Value::List(Arc::new(items.iter().map(Self::from_json).collect()))
            }
            serde_json::Value::Object(fields) => Value::table(
                fields.iter().map(|(key, value)| (Arc::from(key.as_str()), Self::from_json(value))).collect(),
            ),
        }
    }

    /// The value as JSON, for schema checks: whole floats are whole numbers there.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => json_number(*number),
            Value::Text(text) => text.as_ref().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(table) => {
                serde_json::Value::Object(table.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect())
            }
        }
    }
}

fn json_number(number: f64) -> serde_json::Value {
    let whole = number as i64;
    if whole as f64 == number && number.abs() < 9e15 { whole.into() } else { number.into() }
}

/// Builds [`Value`]s out of YAML.
pub(crate) struct ValueBuilder;

impl Builder for ValueBuilder {
    type Value = Value;
    type Sequence = Vec<Value>;
    type Mapping = Table;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Value {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(flag) => Value::Bool(flag),
            Scalar::Int(number) => Value::Float(number as f64),
            Scalar::Uint(number) => Value::Float(number as f64),
            Scalar::Float(number) => Value::Float(number),
            Scalar::String(text) | Scalar::Timestamp(text) => Value::text(&*text),
        }
    }

    fn sequence(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn push(&mut self, sequence: &mut Vec<Value>, item: Value) {
        sequence.push(item);
    }

    fn finish_sequence(&mut self, sequence: Vec<Value>) -> Value {
        Value::List(Arc::new(sequence))
    }

    fn mapping(&mut self) -> Table {
        Table::new()
    }

    fn insert(&mut self, mapping: &mut Table, key: Scalar<'_>, value: Value) {
        if let Scalar::String(key) = key {
            mapping.insert(Arc::from(&*key), value);
        }
    }

    fn contains(&self, mapping: &Table, key: &Scalar<'_>) -> bool {
        matches!(key, Scalar::String(key) if mapping.contains_key(&**key))
    }

    fn finish_mapping(&mut self, mapping: Table) -> Value {
        Value::table(mapping)
    }
}

impl Node for Value {
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R {
        match self {
            Value::Null => see(View::Scalar(Scalar::Null)),
            Value::Bool(flag) => see(View::Scalar(Scalar::Bool(*flag))),
            Value::Int(number) => see(View::Scalar(Scalar::Int(*number))),
            Value::Float(number) => see(View::Scalar(Scalar::Float(*number))),
            Value::Text(text) => see(View::Scalar(Scalar::String((&**text).into()))),
            Value::List(items) => see(View::Sequence(&mut items.iter())),
            Value::Table(table) => see(View::Mapping(
                &mut table.iter().map(|(key, value)| (Scalar::String((&**key).into()), value)),
            )),
        }
    }
}
