//! One kind's objects as a stream: list, watch, and again where a watch ends (kube's watcher), each object read once
//! and untyped.

use std::borrow::Cow;
use std::fmt;

use futures::{Stream, StreamExt};
use kube::api::{ApiResource, ObjectMeta};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as start};
use kube::{Api, Client, Resource};
use model::kinds::ServedVersion;
use model::{Gvk, Object};
use serde::{Deserialize, Deserializer};

/// What happens to the objects of one kind.
#[derive(Debug)]
pub enum Watched {
    /// A new list begins.
    ListStarted,
    /// An object of the list.
    Listed(Object),
    /// The list is complete: what it does not hold is gone.
    ListEnded,
    /// An object was made or changed.
    Changed(Object),
    /// An object was deleted.
    Deleted(Object),
    /// The watch failed; it is tried again with growing waits.
    Failed {
        /// The server's words, or the network's.
        why: String,
        /// True where the server said no: the kind may not be listed, or is not served (any more).
        refused: bool,
    },
}

/// Which objects of a kind are watched.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// One namespace; all where empty.
    pub namespace: String,
    /// A label selector; all where empty.
    pub labels: String,
}

/// How long one watch lasts, in seconds: the server ends it then, and one that it does not end is dead (fault F04).
const SILENCE: u32 = 60;
/// Objects of one page of a list: a page is read as a whole, and large clusters must not cost memory for a moment.
const PAGE: u32 = 100;

/// Watches `gvk`. The stream does not end; it waits between failures.
pub fn watch(
    client: &Client,
    gvk: &Gvk,
    served: &ServedVersion,
    scope: &Scope,
) -> impl Stream<Item = Watched> + use<> {
    let resource = ApiResource {
        group: gvk.group.clone(),
        version: gvk.version.clone(),
        api_version: gvk.api_version(),
        kind: gvk.kind.clone(),
        plural: served.plural.clone(),
    };
    let api: Api<Raw> = if scope.namespace.is_empty() || !served.namespaced {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), &scope.namespace, &resource)
    };
    let config = watcher::Config {
        timeout: Some(SILENCE),
        page_size: Some(PAGE),
        label_selector: Some(scope.labels.clone()).filter(|text| !text.is_empty()),
        ..Default::default()
    };
    let (api_version, kind) = (gvk.api_version(), gvk.kind.clone());
    start(api, config).default_backoff().map(move |event| match event {
        Ok(Event::Init) => Watched::ListStarted,
        Ok(Event::InitApply(raw)) => Watched::Listed(named(raw.object, &api_version, &kind)),
        Ok(Event::InitDone) => Watched::ListEnded,
        Ok(Event::Apply(raw)) => Watched::Changed(raw.object),
        Ok(Event::Delete(raw)) => Watched::Deleted(raw.object),
        Err(error) => Watched::Failed { why: why(&error), refused: is_refused(&error) },
    })
}

/// The items of a list do not say what they are: the list does. As the server writes it, the kind comes first.
fn named(mut object: Object, api_version: &str, kind: &str) -> Object {
    for (field, text) in [("apiVersion", api_version), ("kind", kind)] {
        if !object.fields().contains_key(field) {
            object.fields_mut().shift_insert(0, field.to_owned(), text.into());
        }
    }
    object
}

fn is_refused(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(cause)
        | watcher::Error::WatchStartFailed(cause)
        | watcher::Error::WatchFailed(cause) => {
            matches!(super::request::code(cause), Some(403..=405))
        }
        watcher::Error::WatchError(status) => matches!(status.code, 403..=405),
        watcher::Error::NoResourceVersion => false,
    }
}

fn why(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(cause)
        | watcher::Error::WatchStartFailed(cause)
        | watcher::Error::WatchFailed(cause) => super::request::words(cause),
        watcher::Error::WatchError(status) => status.message.clone(),
        watcher::Error::NoResourceVersion => error.to_string(),
    }
}

/// An object with just the metadata that kube's watcher asks for.
#[derive(Clone)]
struct Raw {
    meta: ObjectMeta,
    object: Object,
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object.key())
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let object = Object::from_value(value).map_err(serde::de::Error::custom)?;
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let meta = ObjectMeta {
            name: text(object.name()),
            namespace: text(object.namespace()),
            resource_version: text(object.resource_version()),
            annotations: bookmark_annotations(&object),
            ..Default::default()
        };
        Ok(Self { meta, object })
    }
}

/// The mark that ends a streamed list.
fn bookmark_annotations(object: &Object) -> Option<std::collections::BTreeMap<String, String>> {
    let mark = "k8s.io/initial-events-end";
    object.annotation(mark).map(|value| [(mark.to_owned(), value.to_owned())].into())
}

impl Resource for Raw {
    type DynamicType = ApiResource;
    type Scope = kube::core::DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_of_a_list_gets_its_kind() {
        let item = || Object::from_value(json!({"metadata": {"name": "shop"}})).expect("it is a map");
        let named = named(item(), "apps/v1", "Deployment");
        assert_eq!(named.key(), model::ObjectKey::new("apps", "Deployment", "", "shop"));
        let fields: Vec<&str> = named.fields().keys().map(String::as_str).collect();
        assert_eq!(fields, ["kind", "apiVersion", "metadata"]);
    }
}
