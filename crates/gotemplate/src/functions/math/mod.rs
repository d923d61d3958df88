//! Sprig's arithmetic; arguments of any type become numbers as far as they can.

mod decimal;
mod float;
mod sequence;

use super::conversion::{to_float64, to_int64};
use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value};
use decimal::Decimal;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("add", &[Param::Any], |_, args| Ok(fold_ints(0, args, i64::wrapping_add))),
    Function::new("add1", &[Param::Any], |_, args| Ok(Value::Int64(to_int64(args.any(0)).wrapping_add(1)))),
    Function::new("add1f", &[Param::Any], add1f),
    Function::variadic("addf", &[Param::Any], |ctx, args| {
        decimals(ctx, &Value::Int(0), args, |one, other| Ok(one.plus(other)))
    }),
    MAX.named("biggest"),
    Function::new("ceil", &[Param::Any], |_, args| Ok(Value::Float(to_float64(args.any(0)).ceil()))),
    Function::new("div", &[Param::Any, Param::Any], |_, args| divide(args, i64::wrapping_div)),
    Function::variadic("divf", &[Param::Any, Param::Any], |ctx, args| {
        decimals(ctx, args.any(0), args.rest(1), Decimal::divided_by)
    }),
    Function::new("floor", &[Param::Any], |_, args| Ok(Value::Float(to_float64(args.any(0)).floor()))),
    MAX,
    Function::variadic("maxf", &[Param::Any, Param::Any], |_, args| Ok(fold_floats(args, float::max))),
    Function::variadic("min", &[Param::Any, Param::Any], |_, args| {
        Ok(fold_ints(to_int64(args.any(0)), args.rest(1), i64::min))
    }),
    Function::variadic("minf", &[Param::Any, Param::Any], |_, args| Ok(fold_floats(args, float::min))),
    Function::new("mod", &[Param::Any, Param::Any], |_, args| divide(args, i64::wrapping_rem)),
    Function::variadic("mul", &[Param::Any, Param::Any], |_, args| {
        Ok(fold_ints(to_int64(args.any(0)), args.rest(1), i64::wrapping_mul))
    }),
    Function::variadic("mulf", &[Param::Any, Param::Any], |ctx, args| {
        decimals(ctx, args.any(0), args.rest(1), |one, other| Ok(one.times(other)))
    }),
    Function::variadic("round", &[Param::Any, Param::Int, Param::Float], round),
    Function::variadic("seq", &[Param::Int], sequence::seq),
    Function::new("sub", &[Param::Any, Param::Any], |_, args| {
        Ok(Value::Int64(to_int64(args.any(0)).wrapping_sub(to_int64(args.any(1)))))
    }),
    Function::variadic("subf", &[Param::Any, Param::Any], |ctx, args| {
        decimals(ctx, args.any(0), args.rest(1), |one, other| Ok(one.minus(other)))
    }),
    Function::new("until", &[Param::Int], sequence::until),
    Function::new("untilStep", &[Param::Int, Param::Int, Param::Int], sequence::until_step),
];

const MAX: Function = Function::variadic("max", &[Param::Any, Param::Any], |_: &mut Context<'_>, args| {
    Ok(fold_ints(to_int64(args.any(0)), args.rest(1), i64::max))
});

fn fold_ints(first: i64, rest: &[Value], combine: fn(i64, i64) -> i64) -> Value {
    Value::Int64(rest.iter().map(to_int64).fold(first, combine))
}

fn fold_floats(args: &[Value], combine: fn(f64, f64) -> f64) -> Value {
    Value::Float(args.rest(1).iter().map(to_float64).fold(to_float64(args.any(0)), combine))
}

fn divide(args: &[Value], divide: fn(i64, i64) -> i64) -> Result<Value, FunctionError> {
    match to_int64(args.any(1)) {
        0 => Err(FunctionError::new("runtime error: integer divide by zero")),
        divisor => Ok(Value::Int64(divide(to_int64(args.any(0)), divisor))),
    }
}

fn add1f(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    decimals(ctx, args.any(0), &[Value::Int(1)], |one, other| Ok(one.plus(other)))
}

/// Combines decimals one after another; only the result is rounded to a float.
fn decimals(
    ctx: &mut Context<'_>,
    first: &Value,
    rest: &[Value],
    combine: fn(Decimal, Decimal) -> Result<Decimal, FunctionError>,
) -> Result<Value, FunctionError> {
    let mut result = decimal_of(first)?;
    for next in rest {
        result = combine(result, decimal_of(next)?)?;
        // Numbers that only grow are charged for, so that a long list of huge factors ends.
        ctx.spend_steps(1 + result.size() / 64)?;
        ctx.spend_bytes(result.size())?;
    }
    Ok(Value::Float(result.to_float()))
}

fn decimal_of(value: &Value) -> Result<Decimal, FunctionError> {
    let number = to_float64(value);
    Decimal::of(number).ok_or_else(|| {
        FunctionError::new(format!("Cannot create a Decimal from {}", crate::fmt::float_text(number)))
    })
}

/// Rounds to decimal places; the next place up is taken from a fraction of `.5` on, or of the third argument.
///
/// Negative numbers go down, as in Sprig: their fraction is negative and so below any cut-off.
fn round(_ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let cut_off = if args.len() > 2 { args.float(2)? } else { 0.5 };
    let power = float::power_of_ten(args.int(1)?);
    let digits = power * to_float64(args.any(0));
    let rounded = if digits.fract() >= cut_off { digits.ceil() } else { digits.floor() };
    Ok(Value::Float(rounded / power))
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    /// An expected text that starts with `error:` is looked for at the end of the error.
    #[track_caller]
    fn check(template: &str, expected: &str) {
        match (render(template), expected.strip_prefix("error:")) {
            (Ok(text), None) => assert_eq!(text, expected, "{template}"),
            (Err(error), Some(expected)) => assert!(error.ends_with(expected), "{template}: {error}"),
            (outcome, _) => panic!("{template}: {outcome:?} instead of {expected}"),
        }
    }

    #[test]
    fn integers_wrap_and_refuse_to_divide_by_zero() {
        check(r#"{{ add 1 2.9 "3" true nil }}"#, "7");
        check("{{ sub 1 3 }} {{ mul 2 3 4 }} {{ div -7 2 }} {{ mod -7 2 }}", "-2 24 -3 -1");
        check("{{ add1 9223372036854775807 }}", "-9223372036854775808");
        check("{{ max 1 5 3 }} {{ min 1 5 -3 }} {{ biggest 2 1 }}", "5 -3 2");
        check("{{ div 1 0 }}", "error:error calling div: runtime error: integer divide by zero");
        check("{{ mod 1 nil }}", "error:error calling mod: runtime error: integer divide by zero");
    }

    #[test]
    fn decimals_are_exact() {
        check("{{ addf 0.1 0.2 }} {{ subf 0.3 0.1 }} {{ mulf 1.1 1.1 }} {{ add1f 1.5 }}", "0.3 0.2 1.21 2.5");
        check(
            "{{ divf 1 3 }} {{ divf 2 3 }} {{ divf -2 3 }}",
            "0.3333333333333333 0.6666666666666667 -0.6666666666666667",
        );
        check("{{ mulf 1e300 1e300 }} {{ addf 1e300 1e-300 }}", "+Inf 1e+300");
        check("{{ divf 1 0 }}", "error:error calling divf: decimal division by 0");
    }

    #[test]
    fn rounding_goes_down_below_zero() {
        check("{{ round 123.5555 3 }} {{ round 1.5 0 }} {{ round 1.45 1 0.4 }}", "123.556 2 1.5");
        check("{{ round -1.4 0 }} {{ floor 1.9 }} {{ ceil 1.1 }}", "-2 1 2");
        check("{{ maxf 1 2.5 }} {{ minf 1 -2.5 }}", "2.5 -2.5");
        check("{{ round 5 310 }} {{ round 123456 -3 }}", "NaN 123000");
    }

    #[test]
    fn sequences_stop_before_their_end() {
        check(
            "{{ until 3 }} {{ until -2 }} {{ untilStep 0 10 4 }} {{ untilStep 1 0 1 }}",
            "[0 1 2] [0 -1] [0 4 8] []",
        );
        check(
            "{{ seq 3 }}|{{ seq -1 }}|{{ seq 2 5 }}|{{ seq 5 -2 1 }}|{{ seq 0 2 5 }}|{{ seq 1 2 3 4 }}|{{ seq }}",
            "1 2 3|1 0 -1|2 3 4 5|5 3 1|0 2 4||",
        );
    }

    #[test]
    fn endless_sequences_end_in_the_budget() {
        for template in ["{{ until 9223372036854775807 }}", "{{ seq 9223372036854775806 }}"] {
            assert!(render(template).is_err_and(|error| error.contains("budget")), "{template}");
        }
        check("{{ untilStep 9223372036854775806 9223372036854775807 5 }}", "[9223372036854775806]");
    }
}
