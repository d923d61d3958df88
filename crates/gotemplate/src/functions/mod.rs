//! Functions that templates may call: their table, their types, one file per family.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::budget::Exhausted;
use crate::{Context, ExecError, List, Map, Str, Value};

mod args;
pub mod conversion;
mod crypto;
pub mod dates;
mod defaults;
mod dicts;
mod encoding;
mod flow;
mod go;
mod lists;
mod math;
mod network;
mod paths;
mod random;
mod regex;
pub mod semver;
mod strings;
mod types;
mod urls;

pub use args::Arguments;
pub use regex::check_pattern;
pub use urls::Address;

/// The code of a function: arguments have been checked against its parameters.
pub type Call = fn(&mut Context<'_>, &[Value]) -> Result<Value, FunctionError>;

/// A function that templates may call.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// The Go types of its parameters.
    pub params: &'static [Param],
    /// Whether the last parameter may be given any number of times.
    pub variadic: bool,
    /// The code.
    pub call: Call,
    pub(crate) special: Special,
}

/// Functions that the evaluator itself treats in a special way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    No,
    And,
    Or,
    Call,
}

impl Function {
    /// A function with these parameters.
    pub const fn new(name: &'static str, params: &'static [Param], call: Call) -> Function {
        Function { name, params, variadic: false, call, special: Special::No }
    }

    /// A function whose last parameter may be given any number of times.
    pub const fn variadic(name: &'static str, params: &'static [Param], call: Call) -> Function {
        Function { name, params, variadic: true, call, special: Special::No }
    }

    pub(crate) const fn special(
        name: &'static str,
        params: &'static [Param],
        special: Special,
        call: Call,
    ) -> Function {
        Function { name, params, variadic: true, call, special }
    }

    /// The same function under another name.
    pub const fn named(self, name: &'static str) -> Function {
        Function { name, ..self }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

/// A Go parameter type: what a call accepts, and how a literal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `interface {}`: anything.
    Any,
    /// `reflect.Value`: anything, as Go's own `index` or `len` take it. nil may be [`Value::NilInterface`] here.
    Reflect,
    /// `bool`
    Bool,
    /// `string`
    Str,
    /// `int`: gives [`Value::Int`].
    Int,
    /// `int64`: gives [`Value::Int64`].
    Int64,
    /// `uint32`: gives [`Value::Sized`].
    Uint32,
    /// `float64`
    Float,
    /// `[]interface {}`; nil gives a nil list.
    List,
    /// `[]string`
    Texts,
    /// `map[string]interface {}`, and named types of that shape; nil gives a nil map.
    Map,
    /// A struct or pointer type by its Go name, for instance `time.Time`: gives [`Value::Object`], or
    /// [`Value::Nil`] where the name starts with `*`.
    Named(&'static str),
}

impl Param {
    /// The Go name of the type.
    pub fn go_type(self) -> &'static str {
        match self {
            Param::Any => "interface {}",
            Param::Reflect => "reflect.Value",
            Param::Bool => "bool",
            Param::Str => "string",
            Param::Int => "int",
            Param::Int64 => "int64",
            Param::Uint32 => "uint32",
            Param::Float => "float64",
            Param::List => "[]interface {}",
            Param::Texts => "[]string",
            Param::Map => "map[string]interface {}",
            Param::Named(name) => name,
        }
    }
}

/// A function inside a value, for `call`.
pub struct FunctionValue {
    /// As `%T` prints it, for instance `func(string) string`.
    pub go_type: String,
    /// The Go types of its parameters.
    pub params: Vec<Param>,
    /// Whether the last parameter may be given any number of times.
    pub variadic: bool,
    /// The code.
    pub call: Box<ValueCall>,
}

/// The code of a [`FunctionValue`].
pub type ValueCall = dyn Fn(&mut Context<'_>, &[Value]) -> Result<Value, FunctionError>;

/// Why a function could not give its result.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The function refuses, with Go's text.
    #[error("{0}")]
    Message(String),
    /// A template that the function ran failed.
    #[error(transparent)]
    Template(Box<ExecError>),
    /// The render has spent its budget.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

impl FunctionError {
    /// A refusal with that text.
    pub fn new(message: impl Into<String>) -> FunctionError {
        FunctionError::Message(message.into())
    }
}

impl From<Box<ExecError>> for FunctionError {
    fn from(error: Box<ExecError>) -> FunctionError {
        FunctionError::Template(error)
    }
}

/// The functions that templates may name.
#[derive(Clone, Default)]
pub struct FunctionSet {
    functions: Vec<Function>,
    by_name: HashMap<&'static str, u32>,
}

impl FunctionSet {
    /// No functions at all.
    pub fn empty() -> FunctionSet {
        FunctionSet::default()
    }

    /// The functions that Go's text/template brings itself.
    pub fn go() -> FunctionSet {
        FunctionSet::empty().with(go::FUNCTIONS)
    }

    /// Go's functions and all of Sprig but `env` and `expandenv`.
    pub fn sprig() -> Arc<FunctionSet> {
        static SPRIG: LazyLock<Arc<FunctionSet>> =
            LazyLock::new(|| Arc::new(with_families(FunctionSet::go())));
        SPRIG.clone()
    }

    /// These functions as well; they replace those of the same name.
    pub fn with(mut self, functions: &[Function]) -> FunctionSet {
        for function in functions {
            let next = self.functions.len() as u32;
            let id = *self.by_name.entry(function.name).or_insert(next);
            match self.functions.get_mut(id as usize) {
                Some(old) => *old = *function,
                None => self.functions.push(*function),
            }
        }
        self
    }

    /// Without the function of that name.
    pub fn without(mut self, name: &str) -> FunctionSet {
        self.by_name.remove(name);
        self
    }

    /// The function of that name.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.functions.get(self.id(name)? as usize)
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_name.keys().copied()
    }

    pub(crate) fn id(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    #[inline]
    pub(crate) fn by_id(&self, id: u32) -> &Function {
        &self.functions[id as usize]
    }
}

impl fmt::Debug for FunctionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What Go says when a function looks at the type of nil.
const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";
/// What Go says when reflection looks at the type of nil.
const NO_TYPE: &str = "reflect: call of reflect.Value.Type on zero Value";

/// A value given to a function value by `call`, as its parameter wants it.
///
/// # Errors
/// Go's text of what does not fit.
pub(crate) fn assigned(value: &Value, param: Param) -> Result<Value, String> {
    let fits = match (param, value) {
        (Param::Any | Param::Reflect, _) => return Ok(value.clone()),
        (Param::List, Value::Nil) => return Ok(Value::List(List::nil(&crate::ANY_LIST))),
        (Param::Texts, Value::Nil) => return Ok(Value::List(List::nil(&crate::TEXT_LIST))),
        (Param::Map, Value::Nil) => return Ok(Value::Map(Map::nil(&crate::ANY_MAP))),
        (Param::Named(name), Value::Nil) if name.starts_with('*') => return Ok(Value::Nil),
        (_, Value::Nil) => return Err(format!("value is nil; should be of type {}", param.go_type())),
        (Param::Int, _) if value.as_integer().is_some() => {
            return Ok(Value::Int(value.as_integer().unwrap_or_default()));
        }
        (Param::Int64, _) if value.as_integer().is_some() => {
            return Ok(Value::Int64(value.as_integer().unwrap_or_default()));
        }
        (Param::Map, Value::Map(map)) => map.map_type().element == crate::ANY_MAP.element,
        _ => value.go_type() == param.go_type(),
    };
    let mismatch = || format!("value has type {}; should be {}", value.go_type(), param.go_type());
    fits.then(|| value.clone()).ok_or_else(mismatch)
}

fn with_families(set: FunctionSet) -> FunctionSet {
    let families = [
        conversion::FUNCTIONS,
        crypto::FUNCTIONS,
        dates::FUNCTIONS,
        defaults::FUNCTIONS,
        dicts::FUNCTIONS,
        encoding::FUNCTIONS,
        flow::FUNCTIONS,
        lists::FUNCTIONS,
        math::FUNCTIONS,
        network::FUNCTIONS,
        paths::FUNCTIONS,
        random::FUNCTIONS,
        regex::FUNCTIONS,
        semver::FUNCTIONS,
        strings::FUNCTIONS,
        types::FUNCTIONS,
        urls::FUNCTIONS,
    ];
    families.into_iter().fold(set, FunctionSet::with)
}
