//! Sprig's questions about types, and deep equality.

use super::{Arguments, Function, FunctionError, Param};
use crate::budget::Exhausted;
use crate::{Context, List, Map, Value, stack};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("deepEqual", &[Param::Any, Param::Any], |ctx, args| {
        Ok(Value::Bool(deep_equal(ctx, args.any(0), args.any(1))?))
    }),
    Function::new("kindIs", &[Param::Str, Param::Any], |_, args| {
        Ok(Value::Bool(*args.text(0)? == args.any(1).kind().name()))
    }),
    Function::new("kindOf", &[Param::Any], |_, args| Ok(Value::str(args.any(0).kind().name()))),
    Function::new("typeIs", &[Param::Str, Param::Any], |_, args| {
        Ok(Value::Bool(args.text(0)?.as_bytes() == args.any(1).go_type().as_bytes()))
    }),
    Function::new("typeIsLike", &[Param::Str, Param::Any], |_, args| {
        let go_type = args.any(1).go_type();
        let target = args.text(0)?.as_bytes();
        let pointed = go_type.strip_prefix('*').is_some_and(|pointed| pointed.as_bytes() == target);
        Ok(Value::Bool(pointed || go_type.as_bytes() == target))
    }),
    Function::new("typeOf", &[Param::Any], |_, args| Ok(Value::str(args.any(0).go_type().as_ref()))),
];

/// How deep values may nest to be compared.
const MAX_DEPTH: usize = 10_000;

/// Go's `reflect.DeepEqual`: the same types all the way down.
///
/// # Errors
/// When the values nest too deep or the budget is spent.
pub(super) fn deep_equal(ctx: &mut Context<'_>, a: &Value, b: &Value) -> Result<bool, FunctionError> {
    equal_at(ctx, a, b, 0)
}

fn equal_at(ctx: &mut Context<'_>, a: &Value, b: &Value, depth: usize) -> Result<bool, FunctionError> {
    ctx.spend_steps(1)?;
    if depth > MAX_DEPTH {
        return Err(Exhausted::Depth { limit: MAX_DEPTH }.into());
    }
    Ok(match (a, b) {
        (Value::Nil | Value::NilInterface, Value::Nil | Value::NilInterface) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::Sized(kind, a), Value::Sized(other, b)) => kind == other && a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Object(a), Value::Object(b)) => a.go_type() == b.go_type() && a.equals(&**b),
        (Value::List(a), Value::List(b)) => stack::grow(|| lists_equal(ctx, a, b, depth))?,
        (Value::Map(a), Value::Map(b)) => stack::grow(|| maps_equal(ctx, a, b, depth))?,
        _ => false,
    })
}

fn lists_equal(ctx: &mut Context<'_>, a: &List, b: &List, depth: usize) -> Result<bool, FunctionError> {
    let same_type = a.list_type().go_type == b.list_type().go_type && a.is_nil() == b.is_nil();
    if !same_type || a.len() != b.len() {
        return Ok(false);
    }
    if a.same(b) {
        return Ok(true);
    }
    for (a, b) in a.items().iter().zip(b.items()) {
        if !equal_at(ctx, a, b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps_equal(ctx: &mut Context<'_>, a: &Map, b: &Map, depth: usize) -> Result<bool, FunctionError> {
    let same_type = a.map_type().go_type == b.map_type().go_type && a.is_nil() == b.is_nil();
    if !same_type || a.len() != b.len() {
        return Ok(false);
    }
    if a.same(b) {
        return Ok(true);
    }
    for ((key, a), (other, b)) in a.entries().iter().zip(b.entries().iter()) {
        if key != other || !equal_at(ctx, a, b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}
