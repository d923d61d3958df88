//! YAML read on its way through JSON, as `sigs.k8s.io/yaml` does it.

use crate::error::ReadError;
use crate::go_syntax::{go_scalar, go_value};
use crate::node::{Node, View};
use crate::number::non_finite;
use crate::read::builder::{Builder, Duplicates, Numbers, ReadOptions};
use crate::read::compose::{Rules, Stop, compose, json_key, json_scalar};
use crate::resolve::go_text;
use crate::scalar::Scalar;
use crate::scan::fault::Dialect;
use crate::value::{Key, Value};

/// Reads the first document by the rules of `sigs.k8s.io/yaml`: YAML 1.1, then JSON.
///
/// Keys are always text, and there are neither infinities nor moments. `None` means that the stream holds no document
/// at all, where Go leaves its target as it was.
///
/// # Errors
/// Where the text is not YAML, its values have no counterpart in JSON, or a limit is passed. The message is Go's,
/// without the wrapping of [`ReadError::converting`].
pub fn read_through_json<B: Builder>(
    text: &str,
    builder: &mut B,
    options: &ReadOptions,
) -> Result<Option<B::Value>, ReadError> {
    // Strict reading compares keys before they become text.
    if options.duplicates == Duplicates::LastWins {
        match compose(text, Rules::through_json(options), builder) {
            Ok(value) => return Ok(value),
            Err(Stop::Read(error) | Stop::Decode(error)) => return Err(*error),
            Err(Stop::Unclear) => {}
        }
    }
    let Some(value) = crate::read_with(text, Dialect::V2, options)? else {
        return Ok(None);
    };
    check_keys(&value)?;
    check_numbers(&value)?;
    rebuild(&value, builder, options.numbers).map(Some)
}

/// Reads the first document as JSON; 64-bit integers are kept, and a stream without a document is null.
///
/// # Errors
/// As [`read_through_json`].
pub fn to_json(text: &str) -> Result<serde_json::Value, ReadError> {
    to_json_with(text, &ReadOptions::default())
}

/// Reads the first document as JSON.
///
/// # Errors
/// As [`read_through_json`].
pub fn to_json_with(text: &str, options: &ReadOptions) -> Result<serde_json::Value, ReadError> {
    Ok(read_through_json(text, &mut JsonBuilder, options)?.unwrap_or_default())
}

/// Makes `serde_json` values.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonBuilder;

impl Builder for JsonBuilder {
    type Value = serde_json::Value;
    type Sequence = Vec<serde_json::Value>;
    type Mapping = serde_json::Map<String, serde_json::Value>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Self::Value {
        match scalar {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Bool(flag) => flag.into(),
            Scalar::Int(number) => number.into(),
            Scalar::Uint(number) => number.into(),
            Scalar::Float(number) => number.into(),
            Scalar::String(text) | Scalar::Timestamp(text) => text.into_owned().into(),
        }
    }

    fn sequence(&mut self) -> Self::Sequence {
        Vec::new()
    }

    fn push(&mut self, sequence: &mut Self::Sequence, item: Self::Value) {
        sequence.push(item);
    }

    fn finish_sequence(&mut self, sequence: Self::Sequence) -> Self::Value {
        serde_json::Value::Array(sequence)
    }

    fn mapping(&mut self) -> Self::Mapping {
        serde_json::Map::new()
    }

    fn insert(&mut self, mapping: &mut Self::Mapping, key: Scalar<'_>, value: Self::Value) {
        if let Some(Scalar::String(key)) = json_key(key) {
            mapping.insert(key.into_owned(), value);
        }
    }

    fn contains(&self, mapping: &Self::Mapping, key: &Scalar<'_>) -> bool {
        matches!(key, Scalar::String(key) if mapping.contains_key(key.as_ref()))
    }

    fn finish_mapping(&mut self, mapping: Self::Mapping) -> Self::Value {
        serde_json::Value::Object(mapping)
    }
}

impl Node for serde_json::Value {
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R {
        let scalar = match self {
            Self::Null => Scalar::Null,
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Number(number) => number_scalar(number),
            Self::String(text) => Scalar::text(text),
            Self::Array(items) => return see(View::Sequence(&mut items.iter())),
            Self::Object(map) => {
                return see(View::Mapping(&mut map.iter().map(|(key, value)| (Scalar::text(key), value))));
            }
        };
        see(View::Scalar(scalar))
    }
}

fn number_scalar(number: &serde_json::Number) -> Scalar<'static> {
    if let Some(integer) = number.as_i64() {
        Scalar::Int(integer)
    } else if let Some(integer) = number.as_u64() {
        Scalar::Uint(integer)
    } else {
        Scalar::Float(number.as_f64().unwrap_or_default())
    }
}

/// Keys have to be text or something that JSON can write as text.
fn check_keys(value: &Value) -> Result<(), ReadError> {
    match value {
        Value::Sequence(items) => items.iter().try_for_each(check_keys),
        Value::Mapping(mapping) => mapping.iter().try_for_each(|(key, value)| {
            let kind = match key {
                Key::Null => "%!s(<nil>)",
                Key::Uint(_) => "uint64",
                _ => return check_keys(value),
            };
            let key = go_scalar(&key.scalar());
            let value = go_value(value, Dialect::V2);
            let message = format!("unsupported map key of type: {kind}, key: {key}, value: {value}");
            Err(ReadError::json(message))
        }),
        _ => Ok(()),
    }
}

/// JSON has no infinities; encoding/json meets the values in the order of their keys.
fn check_numbers(value: &Value) -> Result<(), ReadError> {
    match value {
        Value::Float(number) if !number.is_finite() => {
            Err(ReadError::json(format!("json: unsupported value: {}", non_finite(*number))))
        }
        Value::Sequence(items) => items.iter().try_for_each(check_numbers),
        Value::Mapping(mapping) => {
            let mut entries: Vec<_> = mapping.iter().collect();
            entries.sort_by_cached_key(|(key, _)| key_text(key.scalar()));
            entries.iter().try_for_each(|(_, value)| check_numbers(value))
        }
        _ => Ok(()),
    }
}

fn key_text(key: Scalar<'_>) -> String {
    match json_key(key) {
        Some(Scalar::String(text)) => text.into_owned(),
        _ => String::new(),
    }
}

/// Builds a checked value once more in the caller's type.
fn rebuild<B: Builder>(value: &Value, builder: &mut B, numbers: Numbers) -> Result<B::Value, ReadError> {
    value.view(|view| match view {
        View::Scalar(scalar) => match json_scalar(scalar, numbers) {
            Ok(scalar) => Ok(builder.scalar(scalar)),
            Err(_) => Err(ReadError::json("json: unsupported value: NaN".to_owned())),
        },
        View::Bytes(bytes) => Ok(builder.scalar(Scalar::String(go_text(bytes).into()))),
        View::Sequence(items) => {
            let mut sequence = builder.sequence();
            for item in items {
                let item = rebuild(item, builder, numbers)?;
                builder.push(&mut sequence, item);
            }
            Ok(builder.finish_sequence(sequence))
        }
        View::Mapping(entries) | View::Struct(entries) => {
            let mut mapping = builder.mapping();
            for (key, value) in entries {
                let value = rebuild(value, builder, numbers)?;
                if let Some(key) = json_key(key) {
                    builder.insert(&mut mapping, key, value);
                }
            }
            Ok(builder.finish_mapping(mapping))
        }
    })
}
