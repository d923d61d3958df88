//! Values as templates see them.

use std::any::Any;
use std::borrow::Cow;
use std::rc::Rc;

use crate::functions::FunctionValue;
use crate::{List, Map, Object, Str};

/// A Go value, as far as templates can tell the difference.
///
/// Clones are cheap. Lists and maps are shared: a change to a map is seen by every holder. Values belong to one
/// thread.
#[derive(Clone)]
pub enum Value {
    /// nil without a type.
    Nil,
    /// nil in an `interface {}`: what a field of a map or an element of a list gives. Only the evaluator makes it;
    /// functions always see [`Value::Nil`].
    #[doc(hidden)]
    NilInterface,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// Any other integer type, as its bits (two's complement for the signed ones).
    Sized(IntKind, u64),
    /// `float64`
    Float(f64),
    /// `string`
    Str(Str),
    /// `[]uint8`
    Bytes(Rc<[u8]>),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// A struct, a pointer to one, or a named basic type.
    Object(Rc<dyn Object>),
    /// A function that `call` can run.
    Function(Rc<FunctionValue>),
}

/// Go's integer types other than `int` and `int64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the Go type of that name")]
pub enum IntKind {
    Int8,
    Int16,
    Int32,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
}

impl IntKind {
    /// Whether the type has a sign.
    pub fn signed(self) -> bool {
        matches!(self, IntKind::Int8 | IntKind::Int16 | IntKind::Int32)
    }
}

/// Go's reflect kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the Go kind of that name")]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Struct,
    Ptr,
    Func,
}

impl Kind {
    /// As Go prints it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Int8 => "int8",
            Kind::Int16 => "int16",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint => "uint",
            Kind::Uint8 => "uint8",
            Kind::Uint16 => "uint16",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Float64 => "float64",
            Kind::Complex128 => "complex128",
            Kind::String => "string",
            Kind::Slice => "slice",
            Kind::Map => "map",
            Kind::Struct => "struct",
            Kind::Ptr => "ptr",
            Kind::Func => "func",
        }
    }
}

impl From<IntKind> for Kind {
    fn from(kind: IntKind) -> Kind {
        match kind {
            IntKind::Int8 => Kind::Int8,
            IntKind::Int16 => Kind::Int16,
            IntKind::Int32 => Kind::Int32,
            IntKind::Uint => Kind::Uint,
            IntKind::Uint8 => Kind::Uint8,
            IntKind::Uint16 => Kind::Uint16,
            IntKind::Uint32 => Kind::Uint32,
            IntKind::Uint64 => Kind::Uint64,
        }
    }
}

impl Value {
    /// A string value.
    pub fn str(text: impl Into<Str>) -> Value {
        Value::Str(text.into())
    }

    /// A `uint64`.
    pub fn uint64(number: u64) -> Value {
        Value::Sized(IntKind::Uint64, number)
    }

    /// An object.
    pub fn object(object: impl Object) -> Value {
        Value::Object(Rc::new(object))
    }

    /// The reflect kind.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Nil | Value::NilInterface => Kind::Invalid,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Int64(_) => Kind::Int64,
            Value::Sized(kind, _) => Kind::from(*kind),
            Value::Float(_) => Kind::Float64,
            Value::Str(_) => Kind::String,
            Value::Bytes(_) | Value::List(_) => Kind::Slice,
            Value::Map(_) => Kind::Map,
            Value::Object(object) => object.kind(),
            Value::Function(_) => Kind::Func,
        }
    }

    /// The Go type as `%T` prints it; `<nil>` for nil.
    pub fn go_type(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Value::Nil => "<nil>",
            Value::NilInterface => "interface {}",
            Value::Bytes(_) => "[]uint8",
            Value::List(list) => list.list_type().go_type,
            Value::Map(map) => map.map_type().go_type,
            Value::Object(object) => object.go_type(),
            Value::Function(function) => return Cow::Owned(function.go_type.clone()),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Int64(_)
            | Value::Sized(..)
            | Value::Float(_)
            | Value::Str(_) => self.kind().name(),
        })
    }

    /// Whether `if` takes the value as true: not false, zero, empty or nil.
    #[inline]
    pub fn truth(&self) -> bool {
        match self {
            Value::Nil | Value::NilInterface => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) | Value::Int64(number) => *number != 0,
            Value::Sized(_, bits) => *bits != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Object(object) => object.truth(),
            Value::Function(_) => true,
        }
    }

    /// Whether this is nil, with or without an interface around it.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil | Value::NilInterface)
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The number of any integer type; an unsigned one beyond `i64` gives `None`.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Int(number) | Value::Int64(number) => Some(*number),
            Value::Sized(kind, bits) if kind.signed() => Some(*bits as i64),
            Value::Sized(_, bits) => i64::try_from(*bits).ok(),
            _ => None,
        }
    }

    /// The object of that Rust type, if it is one.
    pub fn as_object<T: Any>(&self) -> Option<&T> {
        match self {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// nil in an interface as plain nil.
    #[inline]
    pub(crate) fn unwrapped(self) -> Value {
        match self {
            Value::NilInterface => Value::Nil,
            other => other,
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.go_type(), crate::fmt::to_text(self))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::str(text)
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Value {
        Value::Str(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Float(number)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Value {
        Value::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Value {
        Value::Map(map)
    }
}
