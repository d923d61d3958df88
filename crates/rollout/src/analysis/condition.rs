//! Conditions: whether a result is good or bad, in the expression language that upstream uses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use expr::{Context, Environment, Value as Expr};
use model::Time;

use super::guard;
use super::value::Value;

/// Why a condition has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// It is not an expression, or asks for more than a condition may.
    #[error("condition {condition:?} cannot be read: {why}")]
    Unreadable {
        /// The condition.
        condition: String,
        /// What is wrong with it.
        why: String,
    },
    /// It does not fit the result.
    #[error("condition {condition:?} cannot be evaluated: {}{why}", if *nothing { "metric result is nil or empty: " } else { "" })]
    Unanswered {
        /// The condition.
        condition: String,
        /// True where the result is nil or empty.
        nothing: bool,
        /// What went wrong.
        why: String,
    },
}

/// Whether a condition holds for a result.
///
/// # Errors
/// When it cannot be read, does not fit the result, or is not true or false. Nothing of that ever counts as true.
pub fn holds(condition: &str, result: &Value, now: Time) -> Result<bool, ConditionError> {
    let code = read(condition)?;
    let fail = |why: String| ConditionError::Unanswered {
        condition: condition.to_owned(),
        nothing: result.is_empty(),
        why,
    };
    guard::check_types(condition, result).map_err(fail)?;
    match evaluate(&code, Some(result), now).map_err(fail)? {
        Expr::Bool(answer) => Ok(answer),
        other => Err(fail(format!("expected bool, but got {}", type_name(&other)))),
    }
}

/// Whether a condition can be read at all, before there is any result.
///
/// # Errors
/// When it cannot be read.
pub fn check(condition: &str) -> Result<(), ConditionError> {
    read(condition).map(|_| ())
}

/// The moment that an expression such as `now() - duration("1h")` means.
///
/// # Errors
/// When it cannot be read, or is not a time.
pub fn eval_time(expression: &str, now: Time) -> Result<Time, ConditionError> {
    let code = read(expression)?;
    let fail =
        |why: String| ConditionError::Unanswered { condition: expression.to_owned(), nothing: false, why };
    let nanoseconds = format!("({code}).UnixNano()");
    match evaluate(&nanoseconds, None, now).map_err(fail)? {
        Expr::Integer(at) => {
            jiff::Timestamp::from_nanosecond(at.into()).map(Time).map_err(|why| fail(why.to_string()))
        }
        other => Err(fail(format!("expected a time, but got {}", type_name(&other)))),
    }
}

fn read(condition: &str) -> Result<String, ConditionError> {
    let unreadable = |why: String| ConditionError::Unreadable { condition: condition.to_owned(), why };
    let code = guard::guard(condition).map_err(unreadable)?;
    // The parser has places that it takes for unreachable: an odd condition must not end windlass.
    let compiled = catch_unwind(|| expr::compile(&code).map(|_| ()).map_err(|why| why.to_string()));
    compiled.unwrap_or_else(|_| Err("the parser gave up".to_owned())).map_err(unreadable)?;
    Ok(code)
}

fn evaluate(code: &str, result: Option<&Value>, now: Time) -> Result<Expr, String> {
    let mut context = Context::default();
    let found = result.map_or(Expr::Nil, Value::to_expr);
    if result.is_some() {
        context.insert("result", found.clone());
    }
    let environment = environment(found, now)?;
    let answer =
        catch_unwind(AssertUnwindSafe(|| environment.eval(code, &context).map_err(|why| why.to_string())));
    answer.unwrap_or_else(|_| Err("the evaluation gave up".to_owned()))
}

/// The language with what upstream adds to it.
fn environment(found: Expr, now: Time) -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    let moment = expr::eval(&format!("date({:?})", now.0.to_string()), &Context::default());
    let moment = moment.map_err(|why| why.to_string())?;
    environment.add_function("now", move |_| Ok(moment.clone()));
    environment.add_function("asInt", |call| whole(call.args.first()).map(Expr::Integer));
    environment.add_function("asFloat", |call| decimal(call.args.first()).map(Expr::Float));
    environment.add_function("isNaN", |call| Ok(decimal(call.args.first())?.is_nan().into()));
    environment.add_function("isInf", |call| Ok(decimal(call.args.first())?.is_infinite().into()));
    // Both look at the result whatever they are given, as upstream's do.
    let nothing = matches!(found, Expr::Nil);
    environment.add_function("isNil", move |_| Ok(nothing.into()));
    environment.add_function("default", move |call| {
        let other =
            call.args.get(1).cloned().ok_or_else(|| failed("default() takes two arguments".into()))?;
        Ok(if nothing { other } else { found.clone() })
    });
    environment.add_function(guard::AT, |call| element(&call.args));
    environment.add_function("repeat", |_| Err(failed("repeat() is not available in conditions".into())));
    Ok(environment)
}

/// An element by its index. The crate answers nil where Go's library fails: nil is different from any number, so
/// that `result[0] != 1` would hold for no data at all.
fn element(args: &[Expr]) -> expr::Result<Expr> {
    let [list, index] = args else { return Err(failed("an index takes a list and a number".into())) };
    match (list, index) {
        (Expr::Array(items), Expr::Integer(index)) => {
            let place =
                if *index < 0 { index.checked_add_unsigned(items.len() as u64) } else { Some(*index) };
            let item = place.and_then(|place| usize::try_from(place).ok()).and_then(|place| items.get(place));
            let missing = || failed(format!("index out of range: {index} (array length is {})", items.len()));
            item.cloned().ok_or_else(missing)
        }
        (Expr::Map(map), Expr::String(key)) => Ok(map.get(key).cloned().unwrap_or(Expr::Nil)),
        (Expr::String(text), Expr::Integer(index)) => {
            let letter = usize::try_from(*index).ok().and_then(|index| text.chars().nth(index));
            let missing = || failed(format!("index out of range: {index} (string length is {})", text.len()));
            Ok(letter.ok_or_else(missing)?.to_string().into())
        }
        (other, _) => Err(failed(format!("cannot fetch an element from {}", type_name(other)))),
    }
}

fn whole(value: Option<&Expr>) -> expr::Result<i64> {
    match value {
        Some(Expr::Integer(number)) => Ok(*number),
        Some(Expr::Float(number)) if number.is_finite() => Ok(*number as i64),
        Some(Expr::String(text)) => {
            let whole =
                text.parse::<i64>().ok().or_else(|| text.parse::<f64>().ok().map(|number| number as i64));
            whole.ok_or_else(|| failed(format!("asInt: {text:?} is not a number")))
        }
        other => Err(failed(format!("asInt: {} is not a number", other.map_or("nothing", type_name)))),
    }
}

fn decimal(value: Option<&Expr>) -> expr::Result<f64> {
    match value {
        Some(Expr::Integer(number)) => Ok(*number as f64),
        Some(Expr::Float(number)) => Ok(*number),
        Some(Expr::String(text)) => text.parse().map_err(|_| failed(format!("{text:?} is not a number"))),
        other => Err(failed(format!("{} is not a number", other.map_or("nothing", type_name)))),
    }
}

fn failed(why: String) -> expr::Error {
    expr::Error::ExprError(why)
}

fn type_name(value: &Expr) -> &'static str {
    match value {
        Expr::Nil => "nil",
        Expr::Bool(_) => "bool",
        Expr::Integer(_) => "int",
        Expr::Float(_) => "float64",
        Expr::String(_) => "string",
        Expr::Array(_) => "a list",
        Expr::Map(_) | Expr::KeyedMap(_) => "a map",
        _ => "a value of another kind",
    }
}
