//! Sprig's functions about empty values.

use super::{Arguments, Function, Param};
use crate::Value;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("all", &[Param::Any], |_, args| Ok(Value::Bool(!args.iter().any(is_empty)))),
    Function::variadic("any", &[Param::Any], |_, args| Ok(Value::Bool(!args.iter().all(is_empty)))),
    Function::variadic("coalesce", &[Param::Any], |_, args| {
        Ok(args.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil))
    }),
    Function::variadic("default", &[Param::Any, Param::Any], |_, args| {
        let given = args.get(1).filter(|value| !is_empty(value));
        Ok(given.unwrap_or(args.any(0)).clone())
    }),
    Function::new("empty", &[Param::Any], |_, args| Ok(Value::Bool(is_empty(args.any(0))))),
    Function::new("ternary", &[Param::Any, Param::Any, Param::Bool], |_, args| {
        Ok(args.any(if args.boolean(2)? { 0 } else { 1 }).clone())
    }),
];

/// Sprig's idea of empty is the opposite of the language's idea of true.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.truth()
}
