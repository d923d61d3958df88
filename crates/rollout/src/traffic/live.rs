//! What was read from the cluster, and what must be.

use std::collections::BTreeMap;

use model::parts::LabelSelector;
use model::{Gvk, Object, ObjectKey};

/// The objects that were read.
#[derive(Clone, Debug, Default)]
pub struct Live<'a>(BTreeMap<ObjectKey, &'a Object>);

impl<'a> Live<'a> {
    /// One object; none where it is not in the cluster.
    pub fn get(&self, key: &ObjectKey) -> Option<&'a Object> {
        self.0.get(key).copied()
    }

    /// Objects of one kind in one namespace that a selector means, by name.
    pub(super) fn selected<'s>(
        &'s self,
        kind: &'s Gvk,
        namespace: &'s str,
        selector: &'s LabelSelector,
    ) -> impl Iterator<Item = &'a Object> + 's {
        let of_kind = move |key: &ObjectKey| {
            key.group == kind.group && key.kind == kind.kind && key.namespace == namespace
        };
        let found = self.0.iter().filter(move |(key, _)| of_kind(key)).map(|(_, object)| *object);
        found.filter(move |object| means(selector, object))
    }
}

impl<'a> FromIterator<&'a Object> for Live<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Object>>(objects: I) -> Self {
        Self(objects.into_iter().map(|object| (object.key(), object)).collect())
    }
}

/// Something that must be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// One object.
    Object {
        /// Its kind; any version the server serves will do.
        kind: Gvk,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// False where it may be missing.
        required: bool,
    },
    /// All objects that carry certain labels.
    Labelled {
        /// Their kind; any version the server serves will do.
        kind: Gvk,
        /// Their namespace.
        namespace: String,
        /// The labels, as the API writes a selector.
        selector: String,
    },
}

impl Need {
    pub(super) fn required(kind: &Gvk, namespace: &str, name: &str) -> Self {
        Self::Object { kind: kind.clone(), namespace: namespace.into(), name: name.into(), required: true }
    }

    pub(super) fn optional(kind: &Gvk, namespace: &str, name: &str) -> Self {
        Self::Object { kind: kind.clone(), namespace: namespace.into(), name: name.into(), required: false }
    }
}

/// The key of an object of a kind.
pub(super) fn key(kind: &Gvk, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new(&*kind.group, &*kind.kind, namespace, name)
}

/// A selector as the API's query parameter.
pub(super) fn query(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().map(|(name, value)| format!("{name}={value}"));
    let more = selector.match_expressions.iter().map(|one| match one.operator.as_str() {
        "In" => format!("{} in ({})", one.key, one.values.join(",")),
        "NotIn" => format!("{} notin ({})", one.key, one.values.join(",")),
        "DoesNotExist" => format!("!{}", one.key),
        _ => one.key.clone(),
    });
    labels.chain(more).collect::<Vec<_>>().join(",")
}

fn means(selector: &LabelSelector, object: &Object) -> bool {
    let labels = selector.match_labels.iter().all(|(name, value)| object.label(name) == Some(value));
    labels
        && selector.match_expressions.iter().all(|one| {
            let value = object.label(&one.key);
            let listed = value.is_some_and(|value| one.values.iter().any(|other| other == value));
            match one.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                // An operator nobody knows selects nothing.
                _ => false,
            }
        })
}
