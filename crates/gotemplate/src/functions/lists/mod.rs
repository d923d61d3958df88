//! Sprig's list functions. Lists are never changed: each gives a new one.

mod chunk;
mod search;

use std::borrow::Cow;

use super::conversion::{strval, text_list, to_int64};
use super::{Arguments, Function, FunctionError, Param};
use crate::{ANY_LIST, Context, IntKind, List, Str, Value};

const CHUNK: Function = Function::new("chunk", &[Param::Int, Param::Any], chunk::chunk);
const COMPACT: Function = Function::new("compact", &[Param::Any], search::compact);
const FIRST: Function = Function::new("first", &[Param::Any], first);
const HAS: Function = Function::new("has", &[Param::Any, Param::Any], search::has);
const INITIAL: Function = Function::new("initial", &[Param::Any], initial);
const LAST: Function = Function::new("last", &[Param::Any], last);
const LIST: Function = Function::variadic("list", &[Param::Any], |_, args| Ok(list_of(args.to_vec())));
const PREPEND: Function = Function::new("prepend", &[Param::Any, Param::Any], prepend);
const PUSH: Function = Function::new("append", &[Param::Any, Param::Any], push);
const REST: Function = Function::new("rest", &[Param::Any], rest);
const REVERSE: Function = Function::new("reverse", &[Param::Any], reverse);
const SLICE: Function = Function::variadic("slice", &[Param::Any, Param::Any], slice);
const UNIQ: Function = Function::new("uniq", &[Param::Any], search::uniq);
const WITHOUT: Function = Function::variadic("without", &[Param::Any, Param::Any], search::without);

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    CHUNK,
    CHUNK.named("mustChunk"),
    COMPACT,
    COMPACT.named("mustCompact"),
    Function::variadic("concat", &[Param::Any], concat),
    FIRST,
    FIRST.named("mustFirst"),
    HAS,
    HAS.named("mustHas"),
    INITIAL,
    INITIAL.named("mustInitial"),
    Function::new("join", &[Param::Str, Param::Any], join),
    LAST,
    LAST.named("mustLast"),
    LIST,
    LIST.named("tuple"),
    PREPEND,
    PREPEND.named("mustPrepend"),
    PUSH,
    PUSH.named("mustAppend"),
    PUSH.named("mustPush"),
    PUSH.named("push"),
    REST,
    REST.named("mustRest"),
    REVERSE,
    REVERSE.named("mustReverse"),
    SLICE,
    SLICE.named("mustSlice"),
    Function::new("sortAlpha", &[Param::Any], sort_alpha),
    UNIQ,
    UNIQ.named("mustUniq"),
    WITHOUT,
    WITHOUT.named("mustWithout"),
];

/// The elements of a slice, or the refusal with the kind of what it is instead.
fn elements<'a>(value: &'a Value, refusal: &str) -> Result<Cow<'a, [Value]>, FunctionError> {
    match value {
        Value::List(list) => Ok(Cow::Borrowed(list.items())),
        Value::Bytes(bytes) => {
            let bytes = bytes.iter().map(|&byte| Value::Sized(IntKind::Uint8, u64::from(byte)));
            Ok(Cow::Owned(bytes.collect()))
        }
        Value::Nil | Value::NilInterface => Err(FunctionError::new(super::NIL_DEREFERENCE)),
        other => Err(FunctionError::new(format!("{refusal} {}", other.kind().name()))),
    }
}

fn list_of(items: Vec<Value>) -> Value {
    Value::List(List::new(items))
}

fn nil_list() -> Value {
    Value::List(List::nil(&ANY_LIST))
}

fn first(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find first on type")?;
    Ok(items.first().cloned().unwrap_or(Value::Nil))
}

fn last(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find last on type")?;
    Ok(items.last().cloned().unwrap_or(Value::Nil))
}

fn rest(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find rest on type")?;
    Ok(items.split_first().map_or_else(nil_list, |(_, rest)| list_of(rest.to_vec())))
}

fn initial(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find initial on type")?;
    Ok(items.split_last().map_or_else(nil_list, |(_, initial)| list_of(initial.to_vec())))
}

fn reverse(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot find reverse on type")?;
    Ok(list_of(items.iter().rev().cloned().collect()))
}

fn push(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot push on type")?;
    let mut pushed = Vec::with_capacity(items.len() + 1);
    pushed.extend_from_slice(&items);
    pushed.push(args.any(1).clone());
    Ok(list_of(pushed))
}

fn prepend(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args.any(0), "Cannot prepend on type")?;
    let mut prepended = Vec::with_capacity(items.len() + 1);
    prepended.push(args.any(1).clone());
    prepended.extend_from_slice(&items);
    Ok(list_of(prepended))
}

fn concat(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let mut joined = Vec::new();
    for list in args {
        match elements(list, "Cannot concat type") {
            Ok(items) => joined.extend_from_slice(&items),
            Err(FunctionError::Message(message)) if !list.is_nil() => {
                return Err(FunctionError::new(message + " as list"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(if joined.is_empty() { nil_list() } else { list_of(joined) })
}

/// `slice list start end`, both bounds read as integers of any kind.
fn slice(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let value = args.any(0);
    let items = elements(value, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |at, open: usize| args.get(at).map_or(open as i64, to_int64);
    let (start, end) = (bound(1, 0), bound(2, items.len()));
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(start, end)| items.get(start..end));
    let part = part.ok_or_else(|| FunctionError::new("reflect.Value.Slice: slice index out of bounds"))?;
    Ok(match value {
        Value::List(list) => Value::List(List::typed(part.to_vec(), list.list_type())),
        _ => Value::Bytes(part.iter().map(|byte| to_int64(byte) as u8).collect()),
    })
}

fn sort_alpha(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let value = args.any(0);
    if !matches!(value, Value::List(_) | Value::Bytes(_)) {
        return Ok(Value::List(List::of_texts([strval(value)])));
    }
    let mut texts: Vec<Str> = text_list(ctx, value)?.items().iter().map(strval).collect();
    texts.sort();
    Ok(Value::List(List::of_texts(texts)))
}

fn join(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let separator = args.text(0)?.as_bytes();
    let texts = text_list(ctx, args.any(1))?;
    ctx.spend_bytes(separator.len().saturating_mul(texts.len()) as u64)?;
    let mut joined = Vec::new();
    for (at, text) in texts.items().iter().enumerate() {
        if at > 0 {
            joined.extend_from_slice(separator);
        }
        if let Value::Str(text) = text {
            ctx.spend_bytes(text.len() as u64)?;
            joined.extend_from_slice(text.as_bytes());
        }
    }
    Ok(Value::str(joined))
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let rendered = render(template).unwrap_or_else(|error| error);
        assert!(rendered.ends_with(expected), "{template}: {rendered}");
    }

    #[test]
    fn lists_are_taken_apart_and_put_together() {
        check(
            "{{ first (list 1 2) }}{{ last (list 1 2) }}{{ rest (list 1 2) }}{{ initial (list 1 2) }}",
            "12[2][1]",
        );
        check(
            "{{ append (list 1) 2 }} {{ prepend (list 1) 2 }} {{ concat (list 1) (list 2) }}",
            "[1 2] [2 1] [1 2]",
        );
        check("{{ $a := list 1 }}{{ $b := append $a 2 }}{{ $a }}{{ $b }}", "[1][1 2]");
        check("{{ reverse (list 1 2 3) }} {{ slice (list 1 2 3) 1 }}", "[3 2 1] [2 3]");
        check("{{ sortAlpha (list \"b\" 10 \"a\") }} {{ join \"-\" (list 1 nil \"x\") }}", "[10 a b] 1-x");
        check("{{ chunk 2 (list 1 2 3) }} {{ uniq (list 1 1.0 1) }}", "[[1 2] [3]] [1 1]");
        check(
            "{{ without (list 1 2 3) 2 }} {{ has 2 (list 1 2) }} {{ compact (list 0 1 \"\") }}",
            "[1 3] true [1]",
        );
    }

    #[test]
    fn other_things_are_refused() {
        check("{{ first \"a\" }}", "error calling first: Cannot find first on type string");
        check("{{ concat 1 }}", "error calling concat: Cannot concat type int as list");
        check("{{ slice (list 1) 2 }}", "reflect.Value.Slice: slice index out of bounds");
        check("{{ chunk 0 (list 1) }}", "runtime error: makeslice: len out of range");
    }
}
