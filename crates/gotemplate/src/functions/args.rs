//! Checked arguments taken apart.

use super::{FunctionError, List, Map, Str, Value};

/// Arguments by position.
///
/// The evaluator has checked them against the declared parameters, so these fail only where a table is wrong; they
/// then say so instead of panicking.
pub trait Arguments {
    /// Argument `at`; nil where there are fewer.
    fn any(&self, at: usize) -> &Value;
    /// A `bool`.
    fn boolean(&self, at: usize) -> Result<bool, FunctionError>;
    /// An `int`, `int64` or other integer.
    fn int(&self, at: usize) -> Result<i64, FunctionError>;
    /// A `float64`.
    fn float(&self, at: usize) -> Result<f64, FunctionError>;
    /// A `string`.
    fn text(&self, at: usize) -> Result<&Str, FunctionError>;
    /// A slice.
    fn list(&self, at: usize) -> Result<&List, FunctionError>;
    /// A map.
    fn map(&self, at: usize) -> Result<&Map, FunctionError>;
    /// The arguments from `at` on: those of a variadic parameter.
    fn rest(&self, at: usize) -> &[Value];
}

impl Arguments for [Value] {
    fn any(&self, at: usize) -> &Value {
        self.get(at).unwrap_or(&Value::Nil)
    }

    fn boolean(&self, at: usize) -> Result<bool, FunctionError> {
        match self.any(at) {
            Value::Bool(truth) => Ok(*truth),
            _ => Err(mismatch(at, "bool")),
        }
    }

    fn int(&self, at: usize) -> Result<i64, FunctionError> {
        self.any(at).as_integer().ok_or_else(|| mismatch(at, "int"))
    }

    fn float(&self, at: usize) -> Result<f64, FunctionError> {
        match self.any(at) {
            Value::Float(number) => Ok(*number),
            _ => Err(mismatch(at, "float64")),
        }
    }

    fn text(&self, at: usize) -> Result<&Str, FunctionError> {
        self.any(at).as_str().ok_or_else(|| mismatch(at, "string"))
    }

    fn list(&self, at: usize) -> Result<&List, FunctionError> {
        self.any(at).as_list().ok_or_else(|| mismatch(at, "slice"))
    }

    fn map(&self, at: usize) -> Result<&Map, FunctionError> {
        self.any(at).as_map().ok_or_else(|| mismatch(at, "map"))
    }

    fn rest(&self, at: usize) -> &[Value] {
        self.get(at..).unwrap_or(&[])
    }
}

fn mismatch(at: usize, expected: &str) -> FunctionError {
    FunctionError::new(format!("argument {at}: expected {expected}"))
}
