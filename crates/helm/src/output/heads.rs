//! Heads of documents, kept from one render of a chart to the next: with other values most documents are as they were.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use super::head::{Head, HeadError, read_head};

/// Most heads that are kept; beyond it all are forgotten.
const MOST: usize = 4096;

/// The heads of documents that could be read, by the length and the keyed hash of their texts: without the key nobody
/// writes two texts that are taken for one.
#[derive(Debug, Default)]
pub(crate) struct HeadCache {
    key: RandomState,
    known: Mutex<HashMap<(usize, u64), Arc<Head>>>,
}

impl HeadCache {
    /// The head of a document, read once for each text.
    pub(super) fn read(&self, text: &str) -> Result<Arc<Head>, HeadError> {
        let mark = (text.len(), self.key.hash_one(text));
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = lock().get(&mark) {
            return Ok(head.clone());
        }
        let head = Arc::new(read_head(text)?);
        let mut known = lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(mark, head.clone());
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(cache: &HeadCache, text: &str) -> Option<String> {
        cache.read(text).ok().map(|head| head.kind.clone())
    }

    #[test]
    fn a_text_is_read_once_and_a_mistake_each_time() {
        let cache = HeadCache::default();
        for (text, expected) in
            [("kind: A", Some("A")), ("kind: B", Some("B")), ("kind: A", Some("A")), ("[", None)]
        {
            assert_eq!(kind(&cache, text).as_deref(), expected);
        }
        assert_eq!(cache.known.lock().unwrap().len(), 2);
        for number in 0..MOST {
            assert_eq!(kind(&cache, &format!("kind: K{number}")), Some(format!("K{number}")));
        }
        assert!(cache.known.lock().unwrap().len() <= MOST);
    }
}
