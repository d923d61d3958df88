//! Comparison: only basic kinds, only alike.

use std::cmp::Ordering;

use super::super::FunctionError;
use crate::complex::Complex;
use crate::{Kind, Value, fmt};

/// A value of a basic kind.
enum Basic<'a> {
    Bool(bool),
    Complex(Complex),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(&'a [u8]),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    Some(match value {
        Value::Bool(truth) => Basic::Bool(*truth),
        Value::Int(number) | Value::Int64(number) => Basic::Int(*number),
        Value::Sized(kind, bits) if kind.signed() => Basic::Int(*bits as i64),
        Value::Sized(_, bits) => Basic::Uint(*bits),
        Value::Float(number) => Basic::Float(*number),
        Value::Str(text) => Basic::Str(text.as_bytes()),
        Value::Object(object) => return named_basic(value, object.kind()),
        Value::Nil
        | Value::NilInterface
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => return None,
    })
}

/// Named integer types, such as months and durations, and complex numbers.
fn named_basic(value: &Value, kind: Kind) -> Option<Basic<'static>> {
    if let Some(complex) = value.as_object::<Complex>() {
        return Some(Basic::Complex(*complex));
    }
    let Value::Object(object) = value else { return None };
    match kind {
        Kind::Int | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => {
            object.plain()?.as_integer().map(Basic::Int)
        }
        _ => None,
    }
}

/// Whether `first` equals any of the others.
pub(super) fn equal(first: &Value, others: &[Value]) -> Result<bool, FunctionError> {
    if others.is_empty() {
        return Err(FunctionError::new("missing argument for comparison"));
    }
    let known = basic(first);
    for other in others {
        let same = match (&known, basic(other)) {
            (Some(a), Some(b)) => basics_equal(a, &b).ok_or_else(|| incompatible(first, other))?,
            (None, None) => others_equal(first, other)?,
            _ if first.is_nil() || other.is_nil() => false,
            _ => return Err(incompatible(first, other)),
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `None` when the two cannot be compared.
fn basics_equal(a: &Basic<'_>, b: &Basic<'_>) -> Option<bool> {
    Some(match (a, b) {
        (Basic::Bool(a), Basic::Bool(b)) => a == b,
        (Basic::Complex(a), Basic::Complex(b)) => a == b,
        (Basic::Int(a), Basic::Int(b)) => a == b,
        (Basic::Uint(a), Basic::Uint(b)) => a == b,
        (Basic::Int(a), Basic::Uint(b)) | (Basic::Uint(b), Basic::Int(a)) => u64::try_from(*a) == Ok(*b),
        (Basic::Float(a), Basic::Float(b)) => a == b,
        (Basic::Str(a), Basic::Str(b)) => a == b,
        _ => return None,
    })
}

/// Values of other kinds: nil, containers, structs.
fn others_equal(a: &Value, b: &Value) -> Result<bool, FunctionError> {
    let (a_kind, b_kind) = (a.kind(), b.kind());
    if a_kind != b_kind && a_kind != Kind::Invalid && b_kind != Kind::Invalid {
        let (a_type, b_type) = (a.go_type(), b.go_type());
        let message = format!("non-comparable types {}: {a_type}, {b_type}: {}", shown(a), fmt::to_text(b));
        return Err(FunctionError::new(message));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => Ok(a.go_type() == b.go_type() && a.equals(&**b)),
        _ => Err(FunctionError::new(format!("non-comparable type {}: {}", shown(b), b.go_type()))),
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        other => other.is_nil(),
    }
}

/// `%s` of a value.
fn shown(value: &Value) -> String {
    fmt::sprintf(b"%s", std::slice::from_ref(value))
        .map_or_else(|error| error.to_string(), |text| text.to_string())
}

fn incompatible(a: &Value, b: &Value) -> FunctionError {
    FunctionError::new(format!("incompatible types for comparison: {} and {}", a.go_type(), b.go_type()))
}

/// Whether `a` comes before `b`.
pub(super) fn less(a: &Value, b: &Value) -> Result<bool, FunctionError> {
    let invalid = || FunctionError::new("invalid type for comparison");
    let (first, second) = (basic(a).ok_or_else(invalid)?, basic(b).ok_or_else(invalid)?);
    Ok(match (&first, &second) {
        (Basic::Bool(_), Basic::Bool(_)) | (Basic::Complex(_), Basic::Complex(_)) => return Err(invalid()),
        (Basic::Int(a), Basic::Int(b)) => a < b,
        (Basic::Uint(a), Basic::Uint(b)) => a < b,
        (Basic::Int(a), Basic::Uint(b)) => *a < 0 || (*a as u64) < *b,
        (Basic::Uint(a), Basic::Int(b)) => *b >= 0 && *a < *b as u64,
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(b) == Some(Ordering::Less),
        (Basic::Str(a), Basic::Str(b)) => a < b,
        _ => return Err(incompatible(a, b)),
    })
}

pub(super) fn less_or_equal(a: &Value, b: &Value) -> Result<bool, FunctionError> {
    Ok(less(a, b)? || equal(a, std::slice::from_ref(b))?)
}
