//! Looking up dotted paths in coalesced values, and which paths a look needs.

use std::collections::BTreeMap;

use gotemplate::{Map, Value as Live};

/// The table at `path`; none where a step is absent or no table.
pub(crate) fn table(values: &Map, path: &str) -> Option<Map> {
    path.split('.').try_fold(values.clone(), |table, name| match table.get(name) {
        Some(Live::Map(inner)) => Some(inner),
        _ => None,
    })
}

/// The value at `path`, which must not be a table.
pub(crate) fn scalar(values: &Map, path: &str) -> Option<Live> {
    let (above, name) = match path.rsplit_once('.') {
        Some((above, name)) => (table(values, above)?, name),
        None => (values.clone(), path),
    };
    above.get(name).filter(|value| !matches!(value, Live::Map(_)))
}

/// The parts of the values that will be looked at, so that the rest need not be merged.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    everything: bool,
    keys: BTreeMap<String, Needed>,
}

impl Needed {
    /// All of it.
    pub(crate) const ALL: Needed = Needed { everything: true, keys: BTreeMap::new() };

    /// What is needed below `key`; none where nothing is.
    pub(crate) fn below(&self, key: &str) -> Option<&Needed> {
        if self.everything { Some(self) } else { self.keys.get(key) }
    }

    /// Asks for the value at `path` too.
    pub(crate) fn add(&mut self, path: &str) {
        if path.split('.').any(|name| name == "global") {
            // Globals flow down through every level.
            self.add_globals(path);
        }
        let mut here = self;
        for name in path.split('.') {
            here = here.keys.entry(name.to_owned()).or_default();
        }
        here.everything = true;
    }

    /// Asks whether there is a table at `path`, not what is in it.
    pub(crate) fn add_table(&mut self, path: &str) {
        let mut here = self;
        for name in path.split('.') {
            here = here.keys.entry(name.to_owned()).or_default();
        }
    }

    fn add_globals(&mut self, path: &str) {
        let mut here = self;
        for name in path.split('.') {
            here.keys.entry("global".to_owned()).or_default().everything = true;
            here = here.keys.entry(name.to_owned()).or_default();
        }
    }
}
