//! A value of YAML that keeps its order and its types.

use std::hash::{Hash, Hasher};

use indexmap::IndexMap;

use crate::node::{Node, View};
use crate::read::builder::Builder;
use crate::scalar::Scalar;

/// A value of YAML.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A moment as RFC 3339 text.
    Timestamp(String),
    /// A list.
    Sequence(Vec<Value>),
    /// A map in the order of its keys' first writing.
    Mapping(Mapping),
}

/// A map that keeps its order.
pub type Mapping = IndexMap<Key, Value>;

/// A key of a map: any scalar.
#[derive(Clone, Debug)]
pub enum Key {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A moment as RFC 3339 text.
    Timestamp(String),
}

impl Value {
    /// The value of a text key, where this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Mapping(mapping) => mapping.get(key),
            _ => None,
        }
    }

    /// The text, where this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(flag) => Self::Bool(flag),
            Scalar::Int(number) => Self::Int(number),
            Scalar::Uint(number) => Self::Uint(number),
            Scalar::Float(number) => Self::Float(number),
            Scalar::String(text) => Self::String(text.into_owned()),
            Scalar::Timestamp(text) => Self::Timestamp(text.into_owned()),
        }
    }
}

impl From<Scalar<'_>> for Key {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(flag) => Self::Bool(flag),
            Scalar::Int(number) => Self::Int(number),
            Scalar::Uint(number) => Self::Uint(number),
            Scalar::Float(number) => Self::Float(number),
            Scalar::String(text) => Self::String(text.into_owned()),
            Scalar::Timestamp(text) => Self::Timestamp(text.into_owned()),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl Key {
    /// The key as a scalar.
    pub fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Int(number) => Scalar::Int(*number),
            Self::Uint(number) => Scalar::Uint(*number),
            Self::Float(number) => Scalar::Float(*number),
            Self::String(text) => Scalar::String(text.into()),
            Self::Timestamp(text) => Scalar::Timestamp(text.into()),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        same_key(&self.scalar(), &other.scalar())
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_key(&self.scalar(), state);
    }
}

/// A scalar as a key to look for.
struct Lookup<'a>(&'a Scalar<'a>);

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_key(self.0, state);
    }
}

impl indexmap::Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        same_key(self.0, &key.scalar())
    }
}

impl indexmap::Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::String(text) if text == self)
    }
}

fn same_key(one: &Scalar<'_>, other: &Scalar<'_>) -> bool {
    match (one, other) {
        (Scalar::Float(one), Scalar::Float(other)) => one.to_bits() == other.to_bits(),
        _ => one == other,
    }
}

/// Texts hash as `str` does, so that they can be looked up by one.
fn hash_key<H: Hasher>(key: &Scalar<'_>, state: &mut H) {
    match key {
        Scalar::Null => 0u8.hash(state),
        Scalar::Bool(flag) => flag.hash(state),
        Scalar::Int(number) => number.hash(state),
        Scalar::Uint(number) => number.hash(state),
        Scalar::Float(number) => number.to_bits().hash(state),
        Scalar::String(text) | Scalar::Timestamp(text) => text.as_ref().hash(state),
    }
}

/// Makes [`Value`]s.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueBuilder;

impl Builder for ValueBuilder {
    type Value = Value;
    type Sequence = Vec<Value>;
    type Mapping = Mapping;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Value {
        scalar.into()
    }

    fn sequence(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn push(&mut self, sequence: &mut Vec<Value>, item: Value) {
        sequence.push(item);
    }

    fn finish_sequence(&mut self, sequence: Vec<Value>) -> Value {
        Value::Sequence(sequence)
    }

    fn mapping(&mut self) -> Mapping {
        Mapping::new()
    }

    fn insert(&mut self, mapping: &mut Mapping, key: Scalar<'_>, value: Value) {
        mapping.insert(key.into(), value);
    }

    fn contains(&self, mapping: &Mapping, key: &Scalar<'_>) -> bool {
        mapping.contains_key(&Lookup(key))
    }

    fn finish_mapping(&mut self, mapping: Mapping) -> Value {
        Value::Mapping(mapping)
    }
}

impl Node for Value {
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R {
        let scalar = match self {
            Self::Null => Scalar::Null,
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Int(number) => Scalar::Int(*number),
            Self::Uint(number) => Scalar::Uint(*number),
            Self::Float(number) => Scalar::Float(*number),
            Self::String(text) => Scalar::text(text),
            Self::Timestamp(text) => Scalar::Timestamp(text.into()),
            Self::Sequence(items) => return see(View::Sequence(&mut items.iter())),
            Self::Mapping(mapping) => {
                return see(View::Mapping(&mut mapping.iter().map(|(key, value)| (key.scalar(), value))));
            }
        };
        see(View::Scalar(scalar))
    }
}
