//! List functions that compare or judge elements.

use super::super::defaults::is_empty;
use super::super::types::deep_equal;
use super::super::{Arguments, FunctionError};
use super::{elements, list_of};
use crate::{Context, Value};

/// Whether an element equals `wanted`, type and all.
fn contains(ctx: &mut Context<'_>, items: &[Value], wanted: &Value) -> Result<bool, FunctionError> {
    for item in items {
        if deep_equal(ctx, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn has(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    if args.any(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = elements(args.any(1), "Cannot find has on type")?;
    Ok(Value::Bool(contains(ctx, &items, args.any(0))?))
}

pub(super) fn uniq(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find uniq on type")?;
    let mut seen: Vec<Value> = Vec::new();
    for item in items.iter() {
        if !contains(ctx, &seen, item)? {
            seen.push(item.clone());
        }
    }
    Ok(list_of(seen))
}

pub(super) fn without(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find without on type")?;
    let mut kept = Vec::new();
    for item in items.iter() {
        if !contains(ctx, args.rest(1), item)? {
            kept.push(item.clone());
        }
    }
    Ok(list_of(kept))
}

pub(super) fn compact(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot compact on type")?;
    Ok(list_of(items.iter().filter(|item| !is_empty(item)).cloned().collect()))
}
