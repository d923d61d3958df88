//! Go values that are neither plain nor containers: structs with fields and methods.

use std::any::Any;
use std::fmt;

use crate::functions::{Call, Param};
use crate::{Kind, Str, Value};

/// A struct (or pointer to one, or a named basic type) that templates may look into.
///
/// Fields are read by `.Name`; methods come before fields, as in Go.
pub trait Object: Any {
    /// As `%T` prints it, for instance `time.Time` or `*semver.Version`.
    fn go_type(&self) -> &'static str;

    /// The reflect kind: `Struct`, or `Ptr` for a pointer to one.
    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// The exported field of that name.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    /// The exported fields in order, for printing and for encoders.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// The fields as print functions see them, the unexported ones included.
    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        self.fields()
    }

    /// Methods that templates may call; their first argument is the receiver.
    fn methods(&self) -> &'static [Method] {
        &[]
    }

    /// What the Go type's `String` or `Error` method gives, if it has one.
    fn text(&self) -> Option<String> {
        None
    }

    /// What the Go type's `GoString` method gives, if it has one: `%#v` prints that.
    fn go_string(&self) -> Option<String> {
        None
    }

    /// What an action prints that ends in this very value. Go finds the methods of a pointer there too, and those of
    /// what a pointer points to.
    fn shown(&self) -> Option<String> {
        self.text()
    }

    /// The fields as JSON encoders name them, in order, without those that are left out where they are empty.
    fn json_fields(&self) -> Vec<(Str, Value)> {
        self.fields().into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    /// What an encoder (toJson, toYaml) sees. `None` means: its fields.
    fn plain(&self) -> Option<Value> {
        None
    }

    /// Whether the value counts as true; structs always do.
    fn truth(&self) -> bool {
        true
    }

    /// Whether `other` is equal, for `eq` and `deepEqual`.
    fn equals(&self, other: &dyn Object) -> bool;

    /// The value as [`Any`], to get the concrete type back.
    fn as_any(&self) -> &dyn Any;
}

/// A method of an object, list or map type. Arguments are checked as those of functions are; `call` gets the
/// receiver as its first argument.
pub struct Method {
    /// The method's name.
    pub name: &'static str,
    /// Types of the parameters, without the receiver.
    pub params: &'static [Param],
    /// Whether the last parameter may be given any number of times.
    pub variadic: bool,
    /// The code.
    pub call: Call,
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method").field("name", &self.name).finish_non_exhaustive()
    }
}
