//! The functions that Go's text/template brings itself.

use super::{Arguments, Function, FunctionError, Param, Special};
use crate::{Context, IntKind, Kind, Value, fmt, unicode, utf8};

mod compare;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    // and, or and call are run by the evaluator itself; these bodies are never reached.
    Function::special("and", &[Param::Reflect, Param::Reflect], Special::And, |_, _| Ok(Value::Nil)),
    Function::special("call", &[Param::Reflect, Param::Reflect], Special::Call, |_, _| Ok(Value::Nil)),
    Function::special("or", &[Param::Reflect, Param::Reflect], Special::Or, |_, _| Ok(Value::Nil)),
    Function::variadic("eq", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(compare::equal(args.any(0), args.rest(1))?))
    }),
    Function::new("ge", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(!compare::less(args.any(0), args.any(1))?))
    }),
    Function::new("gt", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(!compare::less_or_equal(args.any(0), args.any(1))?))
    }),
    Function::variadic("html", &[Param::Any], |_, args| {
        Ok(Value::str(html_escape(text_of(args)?.as_bytes())))
    }),
    Function::variadic("index", &[Param::Reflect, Param::Reflect], index),
    Function::variadic("js", &[Param::Any], |_, args| Ok(Value::str(js_escape(text_of(args)?.as_bytes())))),
    Function::new("le", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(compare::less_or_equal(args.any(0), args.any(1))?))
    }),
    Function::new("len", &[Param::Reflect], |_, args| Ok(Value::Int(length(args.any(0))? as i64))),
    Function::new("lt", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(compare::less(args.any(0), args.any(1))?))
    }),
    Function::new("ne", &[Param::Reflect, Param::Reflect], |_, args| {
        Ok(Value::Bool(!compare::equal(args.any(0), args.rest(1))?))
    }),
    Function::new("not", &[Param::Reflect], |_, args| Ok(Value::Bool(!args.any(0).truth()))),
    Function::variadic("print", &[Param::Any], |_, args| Ok(Value::Str(fmt::sprint(args)?))),
    Function::variadic("printf", &[Param::Str, Param::Any], |_, args| {
        Ok(Value::Str(fmt::sprintf(args.text(0)?.as_bytes(), args.rest(1))?))
    }),
    Function::variadic("println", &[Param::Any], |_, args| Ok(Value::Str(fmt::sprintln(args)?))),
    Function::variadic("slice", &[Param::Reflect, Param::Reflect], slice),
    Function::variadic("urlquery", &[Param::Any], |_, args| {
        Ok(Value::str(query_escape(text_of(args)?.as_bytes())))
    }),
];

fn length(value: &Value) -> Result<usize, FunctionError> {
    match value {
        Value::Str(text) => Ok(text.len()),
        Value::Bytes(bytes) => Ok(bytes.len()),
        Value::List(list) => Ok(list.len()),
        Value::Map(map) => Ok(map.len()),
        Value::Nil => Err(FunctionError::new(super::NO_TYPE)),
        Value::NilInterface => Err(FunctionError::new("len of nil pointer")),
        other => Err(FunctionError::new(format!("len of type {}", pointed(other)))),
    }
}

/// `index x 1 2 3` is `x[1][2][3]`.
fn index(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let mut item = args.any(0).clone();
    if item.is_nil() {
        return Err(FunctionError::new("index of untyped nil"));
    }
    for key in args.rest(1) {
        item = match &item {
            Value::Map(map) => {
                let key = map_key(key)?;
                map.get(key).unwrap_or_else(|| map.map_type().element.zero())
            }
            Value::List(list) => {
                let at = position(key, list.len())?;
                list.items()
                    .get(at)
                    .cloned()
                    .ok_or_else(|| FunctionError::new("reflect: slice index out of range"))?
            }
            Value::Bytes(bytes) => byte_at(bytes, key, "slice")?,
            Value::Str(text) => byte_at(text.as_bytes(), key, "string")?,
            Value::Nil | Value::NilInterface => return Err(FunctionError::new("index of nil pointer")),
            other => return Err(FunctionError::new(format!("can't index item of type {}", pointed(other)))),
        };
    }
    Ok(item)
}

/// The type of what a pointer points to.
fn pointed(value: &Value) -> String {
    value.go_type().trim_start_matches('*').to_owned()
}

fn map_key(key: &Value) -> Result<&crate::Str, FunctionError> {
    match key {
        Value::Str(key) => Ok(key),
        Value::Nil | Value::NilInterface => Err(FunctionError::new("value is nil; should be of type string")),
        other => Err(FunctionError::new(format!("value has type {}; should be string", other.go_type()))),
    }
}

/// An index that is at most `most`: one beyond the end is found out later, with another text.
fn position(index: &Value, most: usize) -> Result<usize, FunctionError> {
    if index.is_nil() {
        return Err(FunctionError::new("cannot index slice/array with nil"));
    }
    let number = match index {
        Value::Sized(_, bits) => *bits as i64,
        other => other.as_integer().ok_or_else(|| {
            FunctionError::new(format!("cannot index slice/array with type {}", other.go_type()))
        })?,
    };
    let fits = usize::try_from(number).ok().filter(|&number| number <= most);
    fits.ok_or_else(|| FunctionError::new(format!("index out of range: {number}")))
}

fn byte_at(bytes: &[u8], index: &Value, kind: &str) -> Result<Value, FunctionError> {
    let at = position(index, bytes.len())?;
    let byte =
        bytes.get(at).ok_or_else(|| FunctionError::new(format!("reflect: {kind} index out of range")))?;
    Ok(Value::Sized(IntKind::Uint8, u64::from(*byte)))
}

/// Go's own `slice`, which Sprig replaces.
fn slice(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (item, indexes) = (args.any(0), args.rest(1));
    if item.is_nil() {
        return Err(FunctionError::new("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(FunctionError::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match item {
        Value::Str(_) if indexes.len() == 3 => {
            return Err(FunctionError::new("cannot 3-index slice a string"));
        }
        Value::Str(_) | Value::Bytes(_) | Value::List(_) => length(item)?,
        other => return Err(FunctionError::new(format!("can't slice item of type {}", other.go_type()))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, most] = bounds;
    if start > end {
        return Err(FunctionError::new(format!("invalid slice index: {start} > {end}")));
    }
    if end > most {
        return Err(FunctionError::new(format!("invalid slice index: {end} > {most}")));
    }
    Ok(match item {
        Value::Str(text) => Value::str(&text.as_bytes()[start..end]),
        Value::Bytes(bytes) => Value::Bytes(bytes[start..end].into()),
        Value::List(list) => {
            Value::List(crate::List::typed(list.items()[start..end].to_vec(), list.list_type()))
        }
        other => other.clone(),
    })
}

/// The arguments printed, as the escaping functions take them.
fn text_of(args: &[Value]) -> Result<crate::Str, FunctionError> {
    if let [Value::Str(text)] = args {
        return Ok(text.clone());
    }
    let shown: Vec<Value> = args
        .iter()
        .map(|value| if value.kind() == Kind::Invalid { Value::str("<no value>") } else { value.clone() })
        .collect();
    Ok(fmt::sprint(&shown)?)
}

fn html_escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            0 => out.extend_from_slice("\u{FFFD}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(byte),
        }
    }
    out
}

fn js_escape(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    while let Some((c, length)) = utf8::decode(text) {
        match c {
            '\\' => out.extend_from_slice(b"\\\\"),
            '\'' => out.extend_from_slice(b"\\'"),
            '"' => out.extend_from_slice(b"\\\""),
            '<' | '>' | '&' | '=' => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            c if c < ' ' || !c.is_ascii() && !unicode::is_print(c) => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes());
            }
            _ => out.extend_from_slice(&text[..length]),
        }
        text = &text[length..];
    }
    out
}

/// Go's `url.QueryEscape`.
fn query_escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
