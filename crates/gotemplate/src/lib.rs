#![doc = include_str!("../README.md")]

mod budget;
mod complex;
mod context;
mod exec;
pub mod fmt;
pub mod functions;
mod list;
mod map;
mod numbers;
mod object;
mod parse;
mod set;
mod stack;
mod str;
mod unicode;
pub mod utf8;
mod value;
mod world;

#[cfg(test)]
mod testing;

pub use budget::{Budget, Exhausted, Limits};
pub use context::{Context, MissingKey};
pub use exec::{ExecError, Frame};
pub use functions::{Call, Function, FunctionError, FunctionSet, FunctionValue, Param};
pub use list::{ANY_LIST, Element, INT_LIST, LIST_LIST, List, ListType, TEXT_LIST};
pub use map::{ANY_MAP, Entry, Map, MapType, TEXT_MAP};
pub use object::{Method, Object};
pub use parse::{ParseError, Parsed, Template};
pub use set::TemplateSet;
pub use str::Str;
pub use value::{IntKind, Kind, Value};
pub use world::{StillWorld, World};
