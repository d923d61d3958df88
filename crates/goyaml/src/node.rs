//! The trait through which emitters look at values of any type.

use crate::scalar::Scalar;

/// A value that can be written as YAML or JSON.
pub trait Node: Sized {
    /// Shows the value. What is borrowed for it (a cell's guard, say) lives as long as `see` runs.
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R;
}

/// What an emitter needs to know of a value.
pub enum View<'a, N> {
    /// A scalar.
    Scalar(Scalar<'a>),
    /// A Go string whose bytes are no UTF-8: base64 under `!!binary` where YAML is written by itself, replacement
    /// characters where it takes the way through JSON.
    Bytes(&'a [u8]),
    /// The items of a list.
    Sequence(&'a mut dyn Iterator<Item = &'a N>),
    /// The entries of a map in any order: emitters sort them.
    Mapping(&'a mut dyn Iterator<Item = (Scalar<'a>, &'a N)>),
    /// The fields of a Go struct in the order of their declaration, which JSON keeps.
    Struct(&'a mut dyn Iterator<Item = (Scalar<'a>, &'a N)>),
}
