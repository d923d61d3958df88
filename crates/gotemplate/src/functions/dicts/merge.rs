//! `merge` and `mergeOverwrite`, with the rules of the mergo package.

use super::super::defaults::is_empty;
use super::super::{Arguments, FunctionError};
use crate::budget::Exhausted;
use crate::{Context, Element, Map, Str, Value, stack};

/// How deep maps may nest to be merged.
const MAX_DEPTH: usize = 10_000;

/// Whose value stays where both maps have one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Winner {
    /// `merge`: the destination's, unless it is empty.
    Destination,
    /// `mergeOverwrite`: the source's, even an empty one.
    Source,
}

/// Merges the maps into the first, which every holder of it sees.
pub(super) fn merge(ctx: &mut Context<'_>, args: &[Value], winner: Winner) -> Result<Value, FunctionError> {
    let mut destination = args.map(0)?.clone();
    for at in 1..args.len() {
        let source = args.map(at)?;
        if destination.is_nil() && !source.is_nil() {
            destination = Map::new();
        }
        merge_maps(ctx, &destination, source, winner, 0)?;
    }
    Ok(Value::Map(destination))
}

fn merge_maps(
    ctx: &mut Context<'_>,
    destination: &Map,
    source: &Map,
    winner: Winner,
    depth: usize,
) -> Result<(), FunctionError> {
    if depth > MAX_DEPTH {
        return Err(Exhausted::Depth { limit: MAX_DEPTH }.into());
    }
    if destination.same(source) || destination.is_nil() {
        return Ok(());
    }
    ctx.spend_steps(1 + source.len() as u64)?;
    let (wanted, given) = (destination.map_type().element, source.map_type().element);
    let assignable = wanted == Element::Any || wanted == given;
    let put = |ctx: &mut Context<'_>, key: Str, value: Value| {
        if assignable {
            return ctx.set_entry(destination, key, value);
        }
        let (given, wanted) = (given.go_type(), wanted.go_type());
        let message = format!("value of type {given} is not assignable to type {wanted}");
        Err(FunctionError::new(format!("reflect.Value.SetMapIndex: {message}")))
    };
    for (key, value) in source.snapshot() {
        let present = destination.get(&key);
        if value.is_nil() {
            if winner == Winner::Source {
                put(ctx, key, value)?;
            }
            continue;
        }
        if let (Value::Map(value), Some(Value::Map(present))) = (&value, &present) {
            stack::grow(|| merge_maps(ctx, present, value, winner, depth + 1))?;
        }
        if takes(winner, present.as_ref(), &value) {
            put(ctx, key, value)?;
        }
    }
    Ok(())
}

/// Whether the source's value (not nil) replaces what is there. Maps have been merged by now; nested ones from
/// the source are shared, not copied.
fn takes(winner: Winner, present: Option<&Value>, value: &Value) -> bool {
    let Some(present) = present.filter(|present| !is_empty(present)) else { return true };
    let both_maps = matches!((value, present), (Value::Map(_), Value::Map(_)));
    winner == Winner::Source && !both_maps
}
