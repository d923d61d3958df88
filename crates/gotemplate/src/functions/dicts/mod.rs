//! Sprig's map functions. `set`, `unset` and the merges change their first argument for every holder.

mod copy;
mod merge;

use super::conversion::strval;
use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, List, Map, Str, Value};

const DEEP_COPY: Function = Function::new("deepCopy", &[Param::Any], copy::deep_copy);
const MERGE: Function = Function::variadic("merge", &[Param::Map, Param::Map], |ctx, args| {
    merge::merge(ctx, args, merge::Winner::Destination)
});
const MERGE_OVERWRITE: Function =
    Function::variadic("mergeOverwrite", &[Param::Map, Param::Map], |ctx, args| {
        merge::merge(ctx, args, merge::Winner::Source)
    });

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    DEEP_COPY,
    DEEP_COPY.named("mustDeepCopy"),
    Function::variadic("dict", &[Param::Any], dict),
    Function::variadic("dig", &[Param::Any], dig),
    Function::new("get", &[Param::Map, Param::Str], |_, args| {
        Ok(args.map(0)?.get(args.text(1)?).unwrap_or(Value::Str(Str::EMPTY)))
    }),
    Function::new("hasKey", &[Param::Map, Param::Str], |_, args| {
        Ok(Value::Bool(args.map(0)?.contains_key(args.text(1)?)))
    }),
    Function::variadic("keys", &[Param::Map], keys),
    MERGE,
    MERGE.named("mustMerge"),
    MERGE_OVERWRITE,
    MERGE_OVERWRITE.named("mustMergeOverwrite"),
    Function::variadic("omit", &[Param::Map, Param::Str], omit),
    Function::variadic("pick", &[Param::Map, Param::Str], pick),
    Function::variadic("pluck", &[Param::Str, Param::Map], pluck),
    Function::new("set", &[Param::Map, Param::Str, Param::Any], set),
    Function::new("unset", &[Param::Map, Param::Str], |_, args| {
        args.map(0)?.remove(args.text(1)?);
        Ok(args.any(0).clone())
    }),
    Function::new("values", &[Param::Map], |_, args| {
        Ok(Value::List(List::new(args.map(0)?.entries().iter().map(|(_, value)| value.clone()).collect())))
    }),
];

/// Keys and values in turn; a last key without a value gets "".
fn dict(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let entries = args.chunks(2).map(|pair| {
        let value = pair.get(1).cloned().unwrap_or(Value::Str(Str::EMPTY));
        (strval(&pair[0]), value)
    });
    Ok(Value::Map(Map::from_entries(entries.collect())))
}

fn set(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    ctx.set_entry(args.map(0)?, args.text(1)?.clone(), args.any(2).clone())?;
    Ok(args.any(0).clone())
}

/// The keys of all maps, each map's in byte order where Go has no order.
fn keys(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let mut keys: Vec<Str> = Vec::new();
    for at in 0..args.len() {
        keys.extend(args.map(at)?.entries().iter().map(|(key, _)| key.clone()));
    }
    Ok(Value::List(List::of_texts(keys)))
}

fn pick(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let map = args.map(0)?;
    let wanted = args.rest(1).iter().filter_map(Value::as_str);
    let picked = wanted.filter_map(|key| map.get(key).map(|value| (key.clone(), value)));
    Ok(Value::Map(Map::from_entries(picked.collect())))
}

fn omit(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let map = args.map(0)?;
    let unwanted: Vec<&Str> = args.rest(1).iter().filter_map(Value::as_str).collect();
    ctx.spend_steps((map.len() * unwanted.len()) as u64)?;
    let entries = map.entries();
    let kept = entries.iter().filter(|(key, _)| !unwanted.contains(&key)).cloned();
    Ok(Value::Map(Map::from_entries(kept.collect())))
}

fn pluck(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let key = args.text(0)?;
    let maps = args.rest(1).iter().filter_map(Value::as_map);
    Ok(Value::List(List::new(maps.filter_map(|map| map.get(key)).collect())))
}

/// `dig "a" "b" default map`
fn dig(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let [keys @ .., default, map] = args else { return Err(too_few()) };
    if keys.is_empty() {
        return Err(too_few());
    }
    let mut map = plain_map(map)?.clone();
    let keys: Vec<&Str> = keys.iter().map(text_key).collect::<Result<_, _>>()?;
    for (at, key) in keys.iter().enumerate() {
        let Some(step) = map.get(key) else { return Ok(default.clone()) };
        if at + 1 == keys.len() {
            return Ok(step);
        }
        map = plain_map(&step)?.clone();
    }
    Ok(default.clone())
}

fn too_few() -> FunctionError {
    FunctionError::new("dig needs at least three arguments")
}

/// `dig` asserts the type: a named map type such as that of `.Values` is refused.
fn plain_map(value: &Value) -> Result<&Map, FunctionError> {
    match value {
        Value::Map(map) if map.map_type().go_type == crate::ANY_MAP.go_type => Ok(map),
        other => Err(wrong_interface(other, crate::ANY_MAP.go_type)),
    }
}

fn text_key(value: &Value) -> Result<&Str, FunctionError> {
    value.as_str().ok_or_else(|| wrong_interface(value, "string"))
}

fn wrong_interface(value: &Value, wanted: &str) -> FunctionError {
    let is = if value.is_nil() { "nil".into() } else { value.go_type() };
    FunctionError::new(format!("interface conversion: interface {{}} is {is}, not {wanted}"))
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
    fn maps_are_shared() {
        check(r#"{{ $a := dict "x" 1 }}{{ $b := $a }}{{ $_ := set $b "y" 2 }}{{ $a }}"#, "map[x:1 y:2]");
        check(r#"{{ $a := dict "n" (dict "x" 1) }}{{ $_ := unset $a.n "x" }}{{ $a }}"#, "map[n:map[]]");
        check(
            r#"{{ $a := dict "n" (dict) }}{{ $c := deepCopy $a }}{{ $_ := set $c.n "x" 1 }}{{ $a }}{{ $c }}"#,
            "map[n:map[]]map[n:map[x:1]]",
        );
    }

    #[test]
    fn merges_follow_mergo() {
        check(r#"{{ merge (dict "a" 1 "e" "") (dict "a" 2 "b" 3 "e" "x" "n" nil) }}"#, "map[a:1 b:3 e:x]");
        check(
            r#"{{ mergeOverwrite (dict "a" 1 "b" "keep") (dict "a" 2 "b" "" "n" nil) }}"#,
            "map[a:2 b: n:<nil>]",
        );
        check(r#"{{ merge (dict "m" (dict "x" 1)) (dict "m" (dict "x" 2 "y" 3)) }}"#, "map[m:map[x:1 y:3]]");
        check(r#"{{ merge (dict "l" (list 1)) (dict "l" (list 2)) }}"#, "map[l:[1]]");
        check(r#"{{ mergeOverwrite (dict "l" (list 1)) (dict "l" (list 2 3)) }}"#, "map[l:[2 3]]");
        check(r#"{{ mergeOverwrite (dict "m" (dict "x" 1)) (dict "m" 5) }}"#, "map[m:5]");
    }

    #[test]
    fn entries_are_found() {
        check(
            r#"{{ dig "a" "b" "d" (dict "a" (dict "b" 1)) }}{{ dig "a" "z" "d" (dict "a" (dict)) }}"#,
            "1d",
        );
        check(
            r#"{{ dig "a" "b" "d" (dict "a" nil) }}"#,
            "interface conversion: interface {} is nil, not map[string]interface {}",
        );
        check(
            r#"{{ pick (dict "a" 1 "b" 2) "a" "z" }}{{ omit (dict "a" 1 "b" 2) "a" }}"#,
            "map[a:1]map[b:2]",
        );
        check(
            r#"{{ pluck "a" (dict "a" 1) (dict) (dict "a" 2) }}{{ keys (dict "b" 1 "a" 2) }}"#,
            "[1 2][a b]",
        );
        check(r#"{{ get (dict) "x" }}{{ hasKey (dict "x" nil) "x" }}{{ dict "a" }}"#, "truemap[a:]");
    }

    #[test]
    fn maps_that_hold_themselves_do_no_harm() {
        check(r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ print (len $d) }}"#, "1");
        check(r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}"#, "nested deeper than 1000");
        check(r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}"#, "nested deeper than 10000");
    }
}
