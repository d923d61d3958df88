//! From tokens to values.

pub(crate) mod builder;
mod collections;
pub(crate) mod compose;
mod mapping;
pub(crate) mod parser;
pub(crate) mod source;
