//! Go slices.

use std::rc::Rc;

use crate::map::drop_deep;
use crate::object::Method;
use crate::{Str, Value};

/// What a list or map holds, as far as Go's types are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`
    Any,
    /// `string`
    Text,
    /// `int`
    Int,
    /// `[]uint8`
    Bytes,
    /// `[]interface {}`
    List,
    /// `map[string]interface {}`
    Map,
    /// Another type, by its Go name; its zero value is taken to be nil.
    Named(&'static str),
}

impl Element {
    /// The Go name of the type.
    pub fn go_type(self) -> &'static str {
        match self {
            Element::Any => "interface {}",
            Element::Text => "string",
            Element::Int => "int",
            Element::Bytes => "[]uint8",
            Element::List => "[]interface {}",
            Element::Map => "map[string]interface {}",
            Element::Named(name) => name,
        }
    }

    /// What Go's `reflect.Zero` gives: the value of a missing key.
    pub fn zero(self) -> Value {
        match self {
            Element::Any | Element::Named(_) => Value::Nil,
            Element::Text => Value::Str(Str::EMPTY),
            Element::Int => Value::Int(0),
            Element::Bytes => Value::Bytes(Rc::from([])),
            Element::List => Value::List(List::nil(&ANY_LIST)),
            Element::Map => Value::Map(crate::Map::nil(&crate::map::ANY_MAP)),
        }
    }
}

/// The Go type of a slice.
#[derive(Debug)]
pub struct ListType {
    /// As `%T` prints it, for instance `[]string`.
    pub go_type: &'static str,
    /// Type of the elements.
    pub element: Element,
    /// Methods that templates may call, sorted or not.
    pub methods: &'static [Method],
}

/// `[]interface {}`
pub static ANY_LIST: ListType = ListType { go_type: "[]interface {}", element: Element::Any, methods: &[] };
/// `[]string`
pub static TEXT_LIST: ListType = ListType { go_type: "[]string", element: Element::Text, methods: &[] };
/// `[]int`
pub static INT_LIST: ListType = ListType { go_type: "[]int", element: Element::Int, methods: &[] };
/// `[][]interface {}`
pub static LIST_LIST: ListType =
    ListType { go_type: "[][]interface {}", element: Element::List, methods: &[] };

/// A Go slice: shared and never changed (`append` makes a new one).
#[derive(Clone)]
pub struct List {
    items: Option<Rc<Items>>,
    list_type: &'static ListType,
}

struct Items(Vec<Value>);

impl Drop for Items {
    fn drop(&mut self) {
        drop_deep(std::mem::take(&mut self.0));
    }
}

impl List {
    /// A `[]interface {}`.
    pub fn new(items: Vec<Value>) -> List {
        List::typed(items, &ANY_LIST)
    }

    /// A slice of another type; the caller sees to it that the items fit.
    pub fn typed(items: Vec<Value>, list_type: &'static ListType) -> List {
        List { items: Some(Rc::new(Items(items))), list_type }
    }

    /// A `[]string`.
    pub fn of_texts<S: Into<Str>>(texts: impl IntoIterator<Item = S>) -> List {
        List::typed(texts.into_iter().map(|text| Value::Str(text.into())).collect(), &TEXT_LIST)
    }

    /// A nil slice, which is empty and becomes `null` in JSON.
    pub fn nil(list_type: &'static ListType) -> List {
        List { items: None, list_type }
    }

    /// Whether this is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }

    /// The items.
    #[inline]
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().map_or(&[], |items| &items.0)
    }

    /// Number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// The Go type.
    pub fn list_type(&self) -> &'static ListType {
        self.list_type
    }

    /// Whether both are the same slice, not only an equal one.
    pub fn same(&self, other: &List) -> bool {
        match (&self.items, &other.items) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Takes the items out if nobody else holds this slice.
    pub(crate) fn take_if_last(self) -> Option<Vec<Value>> {
        let mut items = Rc::into_inner(self.items?)?;
        Some(std::mem::take(&mut items.0))
    }
}
