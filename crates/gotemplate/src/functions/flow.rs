//! Sprig's `fail` and `hello`.

use super::{Arguments, Function, FunctionError, Param};
use crate::Value;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("fail", &[Param::Str], |_, args| Err(FunctionError::new(args.text(0)?.to_text()))),
    Function::new("hello", &[], |_, _| Ok(Value::str("Hello!"))),
];
