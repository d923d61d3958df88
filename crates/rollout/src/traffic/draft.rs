//! The objects as they are being changed, and the writes that come of it.

use std::fmt;

use model::{Gvk, Object, ObjectKey};
use serde_json::json;

use super::error::RouteError;
use super::live::Live;
use crate::decision::{Event, Target};

/// One change of one object of a router.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteWrite {
    /// Kind and version.
    pub gvk: Gvk,
    /// The object; without a UID where it is made.
    pub target: Target,
    /// What changes.
    pub change: RouteChange,
    /// What is told to people afterwards.
    pub events: Vec<Event>,
}

/// What changes.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteChange {
    /// It is made.
    Create(Object),
    /// It is changed by a JSON patch. The first operation names the version that was read, so that the server answers
    /// with a conflict where somebody else was faster.
    Patch {
        /// The patch.
        patch: json_patch::Patch,
        /// The object as it will be.
        after: Object,
    },
    /// It is deleted, if it is still what was read.
    Delete,
}

/// Objects under change: routers write here, and what differs in the end becomes writes.
pub(super) struct Draft<'a> {
    live: &'a Live<'a>,
    touched: Vec<Touched<'a>>,
}

struct Touched<'a> {
    key: ObjectKey,
    before: Option<&'a Object>,
    /// None where it is to be deleted.
    after: Option<Object>,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    pub fn new(live: &'a Live<'a>) -> Self {
        Self { live, touched: Vec::new() }
    }

    /// What was read.
    pub fn live(&self) -> &'a Live<'a> {
        self.live
    }

    /// An object as it is now in this draft.
    pub fn look(&self, key: &ObjectKey) -> Option<&Object> {
        match self.touched.iter().find(|touched| touched.key == *key) {
            Some(touched) => touched.after.as_ref(),
            None => self.live.get(key),
        }
    }

    /// An object to change. `field` is the setting that names it.
    pub fn change(&mut self, key: &ObjectKey, field: &'static str) -> Result<&mut Object, RouteError> {
        let missing = || RouteError::missing(key, field);
        if !self.touched.iter().any(|touched| touched.key == *key) {
            let before = self.live.get(key).ok_or_else(missing)?;
            let after = Some(before.clone());
            self.touched.push(Touched { key: key.clone(), before: Some(before), after, events: Vec::new() });
        }
        let touched = self.touched.iter_mut().find(|touched| touched.key == *key);
        touched.and_then(|touched| touched.after.as_mut()).ok_or_else(missing)
    }

    /// Makes an object that is not there.
    pub fn create(&mut self, object: Object, event: Event) {
        let key = object.key();
        self.touched.push(Touched { key, before: None, after: Some(object), events: vec![event] });
    }

    /// Deletes an object that is there.
    pub fn delete(&mut self, key: &ObjectKey) {
        if let Some(touched) = self.touched.iter_mut().find(|touched| touched.key == *key) {
            touched.after = None;
        } else if let Some(before) = self.live.get(key) {
            let before = Some(before);
            self.touched.push(Touched { key: key.clone(), before, after: None, events: Vec::new() });
        }
    }

    /// What to tell where the object turns out to be changed.
    pub fn tell(&mut self, key: &ObjectKey, reason: &'static str, message: String) {
        if let Some(touched) = self.touched.iter_mut().find(|touched| touched.key == *key) {
            touched.events.push(told(reason, message));
        }
    }

    /// The writes, in the order in which objects were first touched.
    pub fn writes(self) -> Vec<RouteWrite> {
        self.touched.into_iter().filter_map(Touched::write).collect()
    }
}

impl Touched<'_> {
    fn write(self) -> Option<RouteWrite> {
        let Self { key, before, after, events } = self;
        let gvk = after.as_ref().or(before)?.gvk();
        let target = Target {
            namespace: key.namespace,
            name: key.name,
            uid: before.map(Object::uid).unwrap_or_default().to_owned(),
            resource_version: before.map(Object::resource_version).unwrap_or_default().to_owned(),
        };
        let change = match (before, after) {
            (None, None) => return None,
            (None, Some(object)) => RouteChange::Create(object),
            (Some(_), None) => RouteChange::Delete,
            (Some(before), Some(after)) if *before == after => return None,
            (Some(before), Some(after)) => RouteChange::Patch { patch: patch(before, &after), after },
        };
        Some(RouteWrite { gvk, target, change, events })
    }
}

fn patch(before: &Object, after: &Object) -> json_patch::Patch {
    let lock =
        json!([{"op": "add", "path": "/metadata/resourceVersion", "value": before.resource_version()}]);
    let mut patch: json_patch::Patch = serde_json::from_value(lock).expect("it is written as a patch above");
    patch.0.extend(json_patch::diff(&before.to_value(), &after.to_value()).0);
    patch
}

/// An Event of a router: none of them is a Warning.
pub(super) fn told(reason: &str, message: String) -> Event {
    Event { warning: false, reason: reason.to_owned(), message }
}

impl fmt::Display for RouteWrite {
    /// The object, what is done, and each field with its value: made to be read in a diff.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gvk, target: Target { namespace, name, .. }, change, events } = self;
        let object = format!("{} {namespace}/{name}", gvk.kind);
        match change {
            RouteChange::Create(made) => {
                write!(f, "create {object}\n  {}", serde_json::to_string(made.fields()).unwrap_or_default())?;
            }
            RouteChange::Delete => write!(f, "delete {object}")?,
            RouteChange::Patch { patch, .. } => {
                write!(f, "patch {object}")?;
                for operation in patch.0.iter().skip(1) {
                    write!(f, "\n  {}", Operation(operation))?;
                }
            }
        }
        events.iter().try_for_each(|event| write!(f, "\n  event {}: {}", event.reason, event.message))
    }
}

struct Operation<'a>(&'a json_patch::PatchOperation);

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use json_patch::PatchOperation as Op;
        match self.0 {
            Op::Add(add) => write!(f, "{} + {}", add.path, add.value),
            Op::Replace(replace) => write!(f, "{} = {}", replace.path, replace.value),
            Op::Remove(remove) => write!(f, "{} -", remove.path),
            Op::Move(moved) => write!(f, "{} <- {}", moved.path, moved.from),
            Op::Copy(copied) => write!(f, "{} << {}", copied.path, copied.from),
            Op::Test(test) => write!(f, "{} ? {}", test.path, test.value),
        }
    }
}
