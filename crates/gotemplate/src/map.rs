//! Go maps with text keys: shared and changed in place, so that every holder sees it.

use std::cell::{Ref, RefCell};
use std::rc::{Rc, Weak};

use crate::list::Element;
use crate::object::Method;
use crate::{Str, Value};

/// The Go type of a map with string keys.
#[derive(Debug)]
pub struct MapType {
    /// As `%T` prints it, for instance `map[string]interface {}` or `common.Values`.
    pub go_type: &'static str,
    /// Type of the values.
    pub element: Element,
    /// Whether this is a named type, which `map[string]interface {}` parameters convert.
    pub named: bool,
    /// Methods that templates may call.
    pub methods: &'static [Method],
}

/// `map[string]interface {}`
pub static ANY_MAP: MapType =
    MapType { go_type: "map[string]interface {}", element: Element::Any, named: false, methods: &[] };
/// `map[string]string`
pub static TEXT_MAP: MapType =
    MapType { go_type: "map[string]string", element: Element::Text, named: false, methods: &[] };

/// A Go map: clones are the same map.
#[derive(Clone)]
pub struct Map {
    cell: Rc<MapCell>,
    map_type: &'static MapType,
}

/// One entry of a map.
pub type Entry = (Str, Value);

struct MapCell {
    /// Sorted by key. Small maps are the rule, and ranging, printing and reading far outnumber changes.
    entries: RefCell<Vec<Entry>>,
    nil: bool,
}

impl Drop for MapCell {
    fn drop(&mut self) {
        drop_deep(self.entries.take().into_iter().map(|(_, value)| value).collect());
    }
}

impl Default for Map {
    fn default() -> Map {
        Map::new()
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Map {
        Map::from_sorted(Vec::new(), &ANY_MAP)
    }

    /// A `map[string]interface {}` of these entries; of two with the same key the later one wins.
    pub fn from_entries(entries: Vec<Entry>) -> Map {
        Map::typed(entries, &ANY_MAP)
    }

    /// A map of another type; the caller sees to it that the values fit.
    pub fn typed(mut entries: Vec<Entry>, map_type: &'static MapType) -> Map {
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            keep_last_of_equals(&mut entries);
        }
        Map::from_sorted(entries, map_type)
    }

    fn from_sorted(entries: Vec<Entry>, map_type: &'static MapType) -> Map {
        Map { cell: Rc::new(MapCell { entries: RefCell::new(entries), nil: false }), map_type }
    }

    /// A nil map, which is empty, refuses new entries and becomes `null` in JSON.
    pub fn nil(map_type: &'static MapType) -> Map {
        Map { cell: Rc::new(MapCell { entries: RefCell::default(), nil: true }), map_type }
    }

    /// Whether this is a nil map.
    pub fn is_nil(&self) -> bool {
        self.cell.nil
    }

    /// The Go type.
    pub fn map_type(&self) -> &'static MapType {
        self.map_type
    }

    /// The same map seen as another type, as when Go converts a named map type for a call.
    pub fn with_type(&self, map_type: &'static MapType) -> Map {
        Map { cell: self.cell.clone(), map_type }
    }

    /// The value under `key`.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        find(&self.cell.entries.borrow(), key.as_ref()).cloned()
    }

    /// Whether there is an entry for `key`.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        find(&self.cell.entries.borrow(), key.as_ref()).is_some()
    }

    /// Sets an entry, for every holder of this map. A nil map stays empty: ask [`Map::is_nil`] first.
    pub fn insert(&self, key: Str, value: Value) {
        if self.cell.nil {
            return;
        }
        let mut entries = self.cell.entries.borrow_mut();
        let old = match position(&entries, key.as_bytes()) {
            Ok(at) => Some(std::mem::replace(&mut entries[at].1, value)),
            Err(at) => {
                entries.insert(at, (key, value));
                None
            }
        };
        // What was there is dropped only now: it may hold this very map.
        drop(entries);
        drop(old);
    }

    /// Takes an entry out, for every holder of this map.
    pub fn remove(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        let mut entries = self.cell.entries.borrow_mut();
        let at = position(&entries, key.as_ref()).ok()?;
        Some(entries.remove(at).1)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.cell.entries.borrow().len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries in byte order of their keys. The map must not be changed while the borrow lives.
    pub fn entries(&self) -> Ref<'_, [Entry]> {
        Ref::map(self.cell.entries.borrow(), Vec::as_slice)
    }

    /// A copy of the entries, to walk over while the map may change.
    pub fn snapshot(&self) -> Vec<Entry> {
        self.cell.entries.borrow().clone()
    }

    /// Whether both are the same map, not only an equal one.
    pub fn same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }

    /// A handle that does not keep the map alive.
    pub(crate) fn downgrade(&self) -> WeakMap {
        WeakMap(Rc::downgrade(&self.cell))
    }
}

/// A map handle that does not keep the map alive.
pub(crate) struct WeakMap(Weak<MapCell>);

impl WeakMap {
    /// Empties the map if it still lives.
    pub(crate) fn clear(&self) {
        if let Some(cell) = self.0.upgrade() {
            let entries = cell.entries.take();
            drop_deep(entries.into_iter().map(|(_, value)| value).collect());
        }
    }
}

/// The value under `key`. Short maps are walked: most keys differ in length already, which beats halving.
#[inline]
fn find<'a>(entries: &'a [Entry], key: &[u8]) -> Option<&'a Value> {
    if entries.len() > 16 {
        return position(entries, key).ok().map(|at| &entries[at].1);
    }
    entries.iter().find(|(have, _)| have.as_bytes() == key).map(|(_, value)| value)
}

/// Where `key` is, or where it would go.
fn position(entries: &[Entry], key: &[u8]) -> Result<usize, usize> {
    entries.binary_search_by(|(have, _)| have.as_bytes().cmp(key))
}

fn keep_last_of_equals(entries: &mut Vec<Entry>) {
    entries.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            std::mem::swap(&mut earlier.1, &mut later.1);
        }
        same
    });
}

/// Drops values without recursion, so that a very deep one cannot overflow the stack.
pub(crate) fn drop_deep(mut pending: Vec<Value>) {
    if !pending.iter().any(is_container) {
        return;
    }
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => pending.extend(list.take_if_last().unwrap_or_default()),
            Value::Map(map) => {
                if let Some(cell) = Rc::into_inner(map.cell) {
                    pending.extend(cell.entries.take().into_iter().map(|(_, value)| value));
                }
            }
            _ => {}
        }
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}
