//! Values as Go prints them with `%#v`, which shows in some errors.

use std::fmt::Write as _;

use crate::number::shortest_float;
use crate::scalar::Scalar;
use crate::scan::fault::Dialect;
use crate::sort::sort_naturally;
use crate::value::{Key, Value};

/// A text in Go's quotes.
pub(crate) fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0C' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0B' => quoted.push_str("\\v"),
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            '\0'..='\x1f' | '\x7f' => push_code(&mut quoted, "\\x", 2, character),
            _ if character.is_alphanumeric() || character.escape_debug().count() == 1 => {
                quoted.push(character);
            }
            '\u{80}'..='\u{ffff}' => push_code(&mut quoted, "\\u", 4, character),
            _ => push_code(&mut quoted, "\\U", 8, character),
        }
    }
    quoted.push('"');
    quoted
}

fn push_code(out: &mut String, prefix: &str, width: usize, character: char) {
    // Writing to a string does not fail.
    let _ = write!(out, "{prefix}{:0width$x}", u32::from(character));
}

/// A scalar in Go's syntax.
pub(crate) fn go_scalar(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => "<nil>".to_owned(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Uint(number) => format!("{number:#x}"),
        Scalar::Float(number) => shortest_float(*number),
        Scalar::String(text) | Scalar::Timestamp(text) => go_quote(text),
    }
}

/// A value in Go's syntax, with the types that the decoder of this dialect gives to maps.
pub(crate) fn go_value(value: &Value, dialect: Dialect) -> String {
    let mut out = String::new();
    push_value(&mut out, value, dialect, false);
    out
}

fn push_value(out: &mut String, value: &Value, dialect: Dialect, nested: bool) {
    let scalar = match value {
        Value::Sequence(items) => {
            out.push_str("[]interface {}{");
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                push_value(out, item, dialect, true);
            }
            out.push('}');
            return;
        }
        Value::Mapping(mapping) => {
            let text_keys = mapping.keys().all(|key| matches!(key, Key::String(_)));
            let is_text_map = dialect == Dialect::V3 && text_keys;
            out.push_str(if is_text_map {
                "map[string]interface {}{"
            } else {
                "map[interface {}]interface {}{"
            });
            let mut entries: Vec<_> = mapping.iter().map(|(key, value)| (key.scalar(), value)).collect();
            sort_for_printing(&mut entries);
            for (index, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                push_scalar(out, &key, true);
                out.push(':');
                push_value(out, value, dialect, true);
            }
            out.push('}');
            return;
        }
        Value::Null => Scalar::Null,
        Value::Bool(flag) => Scalar::Bool(*flag),
        Value::Int(number) => Scalar::Int(*number),
        Value::Uint(number) => Scalar::Uint(*number),
        Value::Float(number) => Scalar::Float(*number),
        Value::String(text) => Scalar::text(text),
        Value::Timestamp(text) => Scalar::Timestamp(text.into()),
    };
    push_scalar(out, &scalar, nested);
}

fn push_scalar(out: &mut String, scalar: &Scalar<'_>, nested: bool) {
    match scalar {
        Scalar::Null if nested => out.push_str("interface {}(nil)"),
        scalar => out.push_str(&go_scalar(scalar)),
    }
}

/// fmt prints texts by bytes; how it orders kinds is not laid down, and this is what it is seen to do.
fn sort_for_printing(entries: &mut [(Scalar<'_>, &Value)]) {
    sort_naturally(entries, Dialect::V2);
    entries.sort_by_cached_key(|(key, _)| match key {
        Scalar::Null => (0, String::new()),
        Scalar::String(text) | Scalar::Timestamp(text) => (1, text.to_string()),
        Scalar::Int(_) | Scalar::Uint(_) => (2, String::new()),
        Scalar::Float(_) => (3, String::new()),
        Scalar::Bool(_) => (4, String::new()),
    });
}
