//! The tables of a TOML text as they grow, and which keys may still be set.

use std::collections::{BTreeMap, HashSet};

use gotemplate::{Element, List, ListType, Map, Str, Value as Live};

use super::path;

/// What a key holds.
enum Node {
    Value(Live),
    Table(Table),
    /// Written with `[[...]]`, or the tables of a list that is still being read.
    Tables(Vec<Table>),
}

type Table = BTreeMap<String, Node>;

/// `[]map[string]interface {}`
static TABLE_LIST: ListType =
    ListType { go_type: "[]map[string]interface {}", element: Element::Map, methods: &[] };

#[derive(Default)]
pub(super) struct Tree {
    root: Table,
    /// Tables that came to be on the way to another one, and may still be written out.
    implicit: HashSet<String>,
    /// Keys whose value is a list.
    lists: HashSet<String>,
}

impl Tree {
    /// A key that may be set once more.
    pub(super) fn expect_again(&mut self, key: &[String]) {
        self.implicit.insert(path(key));
    }

    /// Notes whether a key holds a list.
    pub(super) fn set_list(&mut self, context: &[String], key: &str, list: bool) {
        let key = below(context, key);
        if list {
            self.lists.insert(key);
        } else {
            self.lists.remove(&key);
        }
    }

    /// Makes the tables on the way to a key.
    pub(super) fn open(&mut self, parents: &[String]) -> Result<(), String> {
        let Self { root, implicit, .. } = self;
        let mut table = root;
        for (at, key) in parents.iter().enumerate() {
            let node = table.entry(key.clone()).or_insert_with(|| {
                implicit.insert(path(&parents[..=at]));
                Node::Table(Table::new())
            });
            table = inner(node)
                .ok_or_else(|| format!("Key '{}' was already created as a hash.", path(&parents[..=at])))?;
        }
        Ok(())
    }

    /// Sets a key below tables that are there; without a value it becomes a table.
    pub(super) fn set(&mut self, context: &[String], key: &str, value: Option<Live>) -> Result<(), String> {
        let name = below(context, key);
        let (lists, implicit) = (self.lists.contains(&name), self.implicit.contains(&name));
        let table = self.table(context)?;
        let known = table.contains_key(key);
        if known && !implicit {
            return Err(format!("Key '{name}' has already been defined."));
        }
        let node = value.map_or_else(|| Node::Table(Table::new()), Node::Value);
        // What was expected again keeps what it holds; but a list that was read takes the place of its tables.
        if !known || lists {
            table.insert(key.to_owned(), node);
        }
        if known {
            self.implicit.remove(&name);
        }
        Ok(())
    }

    /// Appends a table to a list of tables.
    pub(super) fn append(&mut self, context: &[String], key: &str) -> Result<(), String> {
        let name = below(context, key);
        let table = self.table(context)?;
        match table.entry(key.to_owned()).or_insert_with(|| Node::Tables(Vec::new())) {
            Node::Tables(tables) => {
                tables.push(Table::new());
                Ok(())
            }
            _ => Err(format!("Key '{name}' was already created and cannot be used as an array.")),
        }
    }

    /// The table at a key, or the last one of a list of tables.
    fn table(&mut self, context: &[String]) -> Result<&mut Table, String> {
        let mut table = &mut self.root;
        for (at, key) in context.iter().enumerate() {
            let node = table.get_mut(key).and_then(inner);
            table =
                node.ok_or_else(|| format!("Key '{}' has already been defined.", path(&context[..=at])))?;
        }
        Ok(table)
    }

    pub(super) fn into_map(self) -> Live {
        map(self.root)
    }
}

fn inner(node: &mut Node) -> Option<&mut Table> {
    match node {
        Node::Value(_) => None,
        Node::Table(table) => Some(table),
        Node::Tables(tables) => tables.last_mut(),
    }
}

fn below(context: &[String], key: &str) -> String {
    let mut parts = context.to_vec();
    parts.push(key.to_owned());
    path(&parts)
}

fn map(table: Table) -> Live {
    let entries = table.into_iter().map(|(key, node)| {
        let value = match node {
            Node::Value(value) => value,
            Node::Table(table) => map(table),
            Node::Tables(tables) => {
                Live::List(List::typed(tables.into_iter().map(map).collect(), &TABLE_LIST))
            }
        };
        (Str::from(key), value)
    });
    Live::Map(Map::from_entries(entries.collect()))
}
