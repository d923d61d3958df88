//! One scalar after its type was resolved.

use std::borrow::Cow;

/// A scalar value or key.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`, in YAML 1.1 also `yes`, `off` and their like.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(Cow<'a, str>),
    /// A moment as RFC 3339 text; only the v3 rules know it.
    Timestamp(Cow<'a, str>),
}

impl Scalar<'_> {
    /// A borrowed text.
    pub fn text(text: &str) -> Scalar<'_> {
        Scalar::String(Cow::Borrowed(text))
    }
}
