//! `deepCopy`

use super::super::semver::Version;
use super::super::{Arguments, FunctionError, NO_TYPE};
use crate::budget::Exhausted;
use crate::{Context, List, Map, Value, stack};

/// How deep values may nest to be copied.
const MAX_DEPTH: usize = 10_000;

pub(super) fn deep_copy(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    if args.any(0).is_nil() {
        return Err(FunctionError::new(NO_TYPE));
    }
    copy_at(ctx, args.any(0), 0)
}

fn copy_at(ctx: &mut Context<'_>, value: &Value, depth: usize) -> Result<Value, FunctionError> {
    if depth > MAX_DEPTH {
        return Err(Exhausted::Depth { limit: MAX_DEPTH }.into());
    }
    Ok(match value {
        Value::List(list) if !list.is_nil() => Value::List(stack::grow(|| copy_list(ctx, list, depth))?),
        Value::Map(map) if !map.is_nil() => Value::Map(stack::grow(|| copy_map(ctx, map, depth))?),
        // The library copies exported fields only, and a version has none.
        Value::Object(object) if object.as_any().is::<Version>() => Value::object(Version::default()),
        other => other.clone(),
    })
}

fn copy_list(ctx: &mut Context<'_>, list: &List, depth: usize) -> Result<List, FunctionError> {
    ctx.spend_steps(1 + list.len() as u64)?;
    let items = list.items().iter().map(|item| copy_at(ctx, item, depth + 1));
    Ok(List::typed(items.collect::<Result<_, _>>()?, list.list_type()))
}

fn copy_map(ctx: &mut Context<'_>, map: &Map, depth: usize) -> Result<Map, FunctionError> {
    ctx.spend_steps(1 + map.len() as u64)?;
    let entries = map.entries();
    let copied = entries.iter().map(|(key, value)| Ok((key.clone(), copy_at(ctx, value, depth + 1)?)));
    Ok(Map::typed(copied.collect::<Result<_, FunctionError>>()?, map.map_type()))
}
