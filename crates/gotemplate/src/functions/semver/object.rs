//! A version as templates see it: Go's `*semver.Version`.

use std::any::Any;
use std::cmp::Ordering;

use super::{Version, VersionError};
use crate::functions::{Arguments, FunctionError, Param};
use crate::object::Method;
use crate::{Context, Kind, Object, Value};

impl Object for Version {
    fn go_type(&self) -> &'static str {
        "*semver.Version"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn methods(&self) -> &'static [Method] {
        &METHODS
    }

    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("major", Value::uint64(self.major())),
            ("minor", Value::uint64(self.minor())),
            ("patch", Value::uint64(self.patch())),
            ("pre", Value::str(self.prerelease())),
            ("metadata", Value::str(self.metadata())),
            ("original", Value::str(self.original())),
        ]
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn plain(&self) -> Option<Value> {
        Some(Value::str(self.to_string()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref().is_some_and(|other| same(self, other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A version that is no pointer: what `IncMajor` and its like give. Go finds fewer methods on it.
struct Copied(Version);

impl Object for Copied {
    fn go_type(&self) -> &'static str {
        "semver.Version"
    }

    fn methods(&self) -> &'static [Method] {
        &METHODS[POINTER_METHODS..]
    }

    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        self.0.printed_fields()
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }

    fn plain(&self) -> Option<Value> {
        Some(Value::str(self.0.to_string()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| same(&self.0, &other.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn same(one: &Version, other: &Version) -> bool {
    one == other && one.metadata() == other.metadata() && one.original() == other.original()
}

const OTHER: &[Param] = &[Param::Named("*semver.Version")];
/// How many of the methods, the first ones, want a pointer.
const POINTER_METHODS: usize = 7;

static METHODS: [Method; 21] = [
    method("Compare", OTHER, |_, args| Ok(Value::Int(compare(args)? as i64))),
    method("Equal", OTHER, |_, args| Ok(Value::Bool(compare(args)?.is_eq()))),
    method("GreaterThan", OTHER, |_, args| Ok(Value::Bool(compare(args)?.is_gt()))),
    method("GreaterThanEqual", OTHER, |_, args| Ok(Value::Bool(compare(args)?.is_ge()))),
    method("LessThan", OTHER, |_, args| Ok(Value::Bool(compare(args)?.is_lt()))),
    method("LessThanEqual", OTHER, |_, args| Ok(Value::Bool(compare(args)?.is_le()))),
    method("Original", &[], |_, args| Ok(Value::str(version(args, 0)?.original()))),
    method("IncMajor", &[], |_, args| next(args, "major", Version::next_major)),
    method("IncMinor", &[], |_, args| next(args, "minor", Version::next_minor)),
    method("IncPatch", &[], |_, args| next(args, "patch", Version::next_patch)),
    method("Major", &[], |_, args| Ok(Value::uint64(version(args, 0)?.major()))),
    method("MarshalJSON", &[], |_, args| Ok(bytes(&format!("{:?}", version(args, 0)?.to_string())))),
    method("MarshalText", &[], |_, args| Ok(bytes(&version(args, 0)?.to_string()))),
    method("Metadata", &[], |_, args| Ok(Value::str(version(args, 0)?.metadata()))),
    method("Minor", &[], |_, args| Ok(Value::uint64(version(args, 0)?.minor()))),
    method("Patch", &[], |_, args| Ok(Value::uint64(version(args, 0)?.patch()))),
    method("Prerelease", &[], |_, args| Ok(Value::str(version(args, 0)?.prerelease()))),
    method("SetMetadata", &[Param::Str], |_, args| with(args, Version::with_metadata)),
    method("SetPrerelease", &[Param::Str], |_, args| with(args, Version::with_prerelease)),
    method("String", &[], |_, args| Ok(Value::str(version(args, 0)?.to_string()))),
    method("Value", &[], |_, args| Ok(Value::str(version(args, 0)?.to_string()))),
];

fn bytes(text: &str) -> Value {
    Value::Bytes(text.as_bytes().into())
}

type Call = fn(&mut Context<'_>, &[Value]) -> Result<Value, FunctionError>;

const fn method(name: &'static str, params: &'static [Param], call: Call) -> Method {
    Method { name, params, variadic: false, call }
}

fn version(args: &[Value], at: usize) -> Result<&Version, FunctionError> {
    let value = args.any(at);
    let copied = || value.as_object().map(|Copied(version)| version);
    // A nil pointer passes the parameter check; Go then panics with this text.
    value
        .as_object()
        .or_else(copied)
        .ok_or_else(|| FunctionError::new("runtime error: invalid memory address or nil pointer dereference"))
}

fn compare(args: &[Value]) -> Result<Ordering, FunctionError> {
    Ok(version(args, 0)?.cmp(version(args, 1)?))
}

fn next(args: &[Value], part: &str, next: fn(&Version) -> Option<Version>) -> Result<Value, FunctionError> {
    next(version(args, 0)?)
        .map(|version| Value::object(Copied(version)))
        .ok_or_else(|| FunctionError::new(format!("{part} version increment would overflow uint64")))
}

fn with(
    args: &[Value],
    change: fn(&Version, &str) -> Result<Version, VersionError>,
) -> Result<Value, FunctionError> {
    change(version(args, 0)?, &args.text(1)?.to_text())
        .map(|version| Value::object(Copied(version)))
        .map_err(|error| FunctionError::new(error.to_string()))
}
