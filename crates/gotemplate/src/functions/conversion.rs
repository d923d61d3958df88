//! Sprig's conversions, with the rules of the cast package it uses.

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Kind, List, Str, Value, fmt, numbers};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("atoi", &[Param::Str], |_, args| {
        let text = args.text(0)?.to_text();
        Ok(Value::Int(numbers::parse_int_of_base(&text, 10).unwrap_or(0)))
    }),
    Function::new("float64", &[Param::Any], |_, args| Ok(Value::Float(to_float64(args.any(0))))),
    Function::new("int", &[Param::Any], |_, args| Ok(Value::Int(to_int64(args.any(0))))),
    Function::new("int64", &[Param::Any], |_, args| Ok(Value::Int64(to_int64(args.any(0))))),
    Function::new("toDecimal", &[Param::Any], to_decimal),
    Function::new("toString", &[Param::Any], |_, args| Ok(Value::Str(strval(args.any(0))))),
    Function::new("toStrings", &[Param::Any], |ctx, args| Ok(Value::List(text_list(ctx, args.any(0))?))),
];

/// Sprig's text form of a value: strings and bytes as they are, objects by their `String`, all else by `%v`.
pub fn strval(value: &Value) -> Str {
    match value {
        Value::Str(text) => text.clone(),
        Value::Bytes(bytes) => Str::new(bytes),
        other => fmt::to_text(other),
    }
}

/// `cast.ToInt64`: 0 for what is no number.
pub fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Sized(_, bits) => *bits as i64,
        Value::Float(number) => float_to_int(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::Str(text) => numbers::parse_int(trim_zero_decimal(&text.to_text())).unwrap_or(0),
        Value::Object(_) => month_or_weekday(value).unwrap_or(0),
        Value::Nil
        | Value::NilInterface
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => 0,
    }
}

/// `cast.ToFloat64`: 0 for what is no number.
pub fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Sized(kind, bits) if kind.signed() => *bits as i64 as f64,
        Value::Sized(_, bits) => *bits as f64,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Str(text) => numbers::parse_float(&text.to_text()).unwrap_or(0.0),
        Value::Object(_) => month_or_weekday(value).unwrap_or(0) as f64,
        Value::Nil
        | Value::NilInterface
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => 0.0,
    }
}

/// Go on amd64 gives the smallest integer for a float out of range.
fn float_to_int(number: f64) -> i64 {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    if fits { number as i64 } else { i64::MIN }
}

/// The two named integer types that the cast package knows.
fn month_or_weekday(value: &Value) -> Option<i64> {
    let Value::Object(object) = value else { return None };
    let known = matches!(object.go_type(), "time.Month" | "time.Weekday");
    object.plain().filter(|_| known)?.as_integer()
}

/// Cuts `.000` off the end, as the cast package does before it reads an integer.
fn trim_zero_decimal(text: &str) -> &str {
    let without_zeros = text.trim_end_matches('0');
    match without_zeros.strip_suffix('.') {
        Some(whole) if without_zeros.len() < text.len() => whole,
        _ => text,
    }
}

/// The text form of the value read as an octal number.
fn to_decimal(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = fmt::to_text(args.any(0));
    Ok(Value::Int64(numbers::parse_int_of_base(&text.to_text(), 8).unwrap_or(0)))
}

/// Sprig's `strslice`: the text forms of a list's elements without nil; another value alone.
pub(super) fn text_list(ctx: &mut Context<'_>, value: &Value) -> Result<List, FunctionError> {
    match value {
        Value::List(list) if list.list_type().go_type == "[]string" => Ok(list.clone()),
        Value::List(list) => {
            ctx.spend_steps(list.len() as u64)?;
            let texts = list.items().iter().filter(|item| !item.is_nil()).map(strval);
            Ok(List::of_texts(texts))
        }
        Value::Bytes(bytes) => Ok(List::of_texts(bytes.iter().map(u8::to_string))),
        other if other.kind() == Kind::Invalid => Ok(List::of_texts(Vec::<Str>::new())),
        other => Ok(List::of_texts([strval(other)])),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }

    #[test]
    fn integers_follow_the_cast_package() {
        check(
            r#"{{ int "10" }} {{ int "0x10" }} {{ int "10.00" }} {{ int "10.5" }} {{ int "" }}"#,
            "10 16 10 0 0",
        );
        check(
            r#"{{ int 2.9 }} {{ int -2.9 }} {{ int true }} {{ int nil }} {{ int (list 1) }}"#,
            "2 -2 1 0 0",
        );
        check(r#"{{ int 1e30 }} {{ int64 "08" }} {{ int "1_000" }}"#, "-9223372036854775808 0 1000");
        check(
            r#"{{ atoi "0x1" }} {{ atoi "-12" }} {{ toDecimal "0755" }} {{ float64 "1.5" }}"#,
            "0 -12 493 1.5",
        );
    }
}
