//! One write to one object: what is sent, and what the answer means.
//!
//! Server-side apply is the way objects are written; the last-applied annotation is never needed and never written.

use http::Method;
use kube::Client;
use model::kinds::{Lookup, ServedVersion};
use model::{Gvk, Kinds, Object, ObjectKey};
use serde_json::{Value, json};

use super::request::{self, FIELD_MANAGER, OWN_MANAGER};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// The server only says what would come of it.
    pub dry_run: bool,
    /// Unknown and double fields are refused.
    pub strict: bool,
}

/// Why the server did not take a write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The kind is not served: nothing was sent.
    #[error("the cluster does not serve {0}")]
    NotServed(Gvk),
    /// The object or its namespace is not there.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else has changed it in between (409): read again, decide again.
    #[error("{0}")]
    Conflict(String),
    /// Server-side apply cannot make anything of the manifest, which another way of writing may still accept.
    #[error("{0}")]
    Unfit(String),
    /// The server said no: its words.
    #[error("{0}")]
    Refused(String),
    /// The server is busy or did not answer: the same write may go through later.
    #[error("{0}")]
    Passing(String),
}

impl Refusal {
    /// What the client's error means.
    pub fn of(error: &kube::Error) -> Self {
        let words = request::words(error);
        match request::code(error) {
            // Not a fault of the server, though it answers with 500: two list items with one key, say.
            Some(500) if words.starts_with("failed to create typed patch object") => Self::Unfit(words),
            Some(404) => Self::NotFound(words),
            Some(409) => Self::Conflict(words),
            // 401 is about who asks, not about the object: a token that is being rotated.
            Some(401 | 429 | 500 | 502 | 503 | 504) | None => Self::Passing(words),
            Some(_) => Self::Refused(words),
        }
    }

    /// True where the same write may go through later without any change.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

/// Applies `object` as windlass' own fields, taking over those of others.
pub async fn server_side_apply(
    client: &Client,
    kinds: &Kinds,
    object: &Object,
    how: Write,
) -> Result<Object, Refusal> {
    let gvk = object.gvk();
    let served = served(kinds, &gvk)?;
    let path = format!(
        "{}?fieldManager={FIELD_MANAGER}&force=true&fieldValidation={}{}",
        request::object(&gvk, served, object.namespace(), object.name()),
        if how.strict { "Strict" } else { "Ignore" },
        if how.dry_run { "&dryRun=All" } else { "" },
    );
    let body = object.to_value();
    send(client, request::json(Method::PATCH, &path, "application/apply-patch+yaml", &body)).await
}

/// Creates `object`, or replaces the live one at its `resourceVersion` where it has one.
pub async fn replace(client: &Client, kinds: &Kinds, object: &Object, how: Write) -> Result<Object, Refusal> {
    let gvk = object.gvk();
    let served = served(kinds, &gvk)?;
    let creates = object.resource_version().is_empty();
    let place = if creates {
        request::collection(&gvk, served, object.namespace())
    } else {
        request::object(&gvk, served, object.namespace(), object.name())
    };
    let path = format!(
        "{place}?fieldManager={FIELD_MANAGER}&fieldValidation={}{}",
        if how.strict { "Strict" } else { "Ignore" },
        if how.dry_run { "&dryRun=All" } else { "" },
    );
    let method = if creates { Method::POST } else { Method::PUT };
    send(client, request::json(method, &path, "application/json", &object.to_value())).await
}

/// Makes an object that is not there yet.
pub async fn create(client: &Client, kinds: &Kinds, object: &Object) -> Result<Object, Refusal> {
    let gvk = object.gvk();
    let place = request::collection(&gvk, served(kinds, &gvk)?, object.namespace());
    let path = format!("{place}?fieldManager={OWN_MANAGER}");
    send(client, request::json(Method::POST, &path, "application/json", &object.to_value())).await
}

/// The objects of one kind and namespace that carry certain labels.
pub async fn list(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    namespace: &str,
    selector: &str,
) -> Result<Vec<Object>, Refusal> {
    let place = request::collection(gvk, served(kinds, gvk)?, namespace);
    let path = format!("{place}?labelSelector={}", request::encode(selector));
    let answer = client.request::<Value>(request::get(&path)).await.map_err(|error| Refusal::of(&error))?;
    let items = answer["items"].as_array().into_iter().flatten();
    // Items of a list say neither kind nor version.
    let objects = items.filter_map(|item| {
        let mut item = item.clone();
        item["apiVersion"] = gvk.api_version().into();
        item["kind"] = gvk.kind.as_str().into();
        Object::from_value(item).ok()
    });
    Ok(objects.collect())
}

/// Sends a JSON patch to a live object.
pub async fn json_patch(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    key: &ObjectKey,
    patch: &Value,
) -> Result<Object, Refusal> {
    let path = request::object(gvk, served(kinds, gvk)?, &key.namespace, &key.name);
    let path = format!("{path}?fieldManager={FIELD_MANAGER}");
    send(client, request::json(Method::PATCH, &path, "application/json-patch+json", patch)).await
}

/// Sends a merge patch to a live object.
pub async fn merge_patch(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    key: &ObjectKey,
    patch: &Value,
) -> Result<Object, Refusal> {
    let path = request::object(gvk, served(kinds, gvk)?, &key.namespace, &key.name);
    let path = format!("{path}?fieldManager={OWN_MANAGER}");
    send(client, request::json(Method::PATCH, &path, "application/merge-patch+json", patch)).await
}

/// Sends a body to one object, or to its status where it lies apart: method, content type, and whether it is the status.
pub async fn send_to(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    key: &ObjectKey,
    (method, content_type, status): (Method, &str, bool),
    body: &Value,
) -> Result<Object, Refusal> {
    let path = request::object(gvk, served(kinds, gvk)?, &key.namespace, &key.name);
    let path = format!("{path}{}?fieldManager={OWN_MANAGER}", if status { "/status" } else { "" });
    send(client, request::json(method, &path, content_type, body)).await
}

/// Which state of an object may be deleted (promise S1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// `metadata.uid` as just read.
    pub uid: String,
    /// `metadata.resourceVersion` as just read; none where only the identity counts.
    pub resource_version: Option<String>,
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum Deletion {
    /// The object is gone.
    Gone,
    /// It waits for finalizers or for what it owns.
    Waiting,
}

/// Deletes the object in exactly the state of `precondition`.
pub async fn delete(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    key: &ObjectKey,
    precondition: &Precondition,
    propagation: &str,
) -> Result<Deletion, Refusal> {
    let path = request::object(gvk, served(kinds, gvk)?, &key.namespace, &key.name);
    let mut conditions = json!({"uid": precondition.uid});
    if let Some(version) = &precondition.resource_version {
        conditions["resourceVersion"] = version.as_str().into();
    }
    let body = json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        "propagationPolicy": propagation, "preconditions": conditions,
    });
    let asked = request::json(Method::DELETE, &path, "application/json", &body);
    match client.request::<Value>(asked).await {
        Ok(answer) if answer["kind"] == "Status" => Ok(Deletion::Gone),
        Ok(_) => Ok(Deletion::Waiting),
        Err(error) if request::code(&error) == Some(404) => Ok(Deletion::Gone),
        Err(error) => Err(Refusal::of(&error)),
    }
}

/// Reads one object; none where it is not there.
pub async fn read(
    client: &Client,
    kinds: &Kinds,
    gvk: &Gvk,
    key: &ObjectKey,
) -> Result<Option<Object>, Refusal> {
    let path = request::object(gvk, served(kinds, gvk)?, &key.namespace, &key.name);
    match send(client, request::get(&path)).await {
        Ok(object) => Ok(Some(object)),
        Err(Refusal::NotFound(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

async fn send(client: &Client, asked: http::Request<Vec<u8>>) -> Result<Object, Refusal> {
    let answer = client.request::<Value>(asked).await.and_then(request::object_of);
    answer.map_err(|error| Refusal::of(&error))
}

fn served<'a>(kinds: &'a Kinds, gvk: &Gvk) -> Result<&'a ServedVersion, Refusal> {
    match kinds.find(gvk) {
        Lookup::Served(served) => Ok(served),
        Lookup::Unknown(why) => Err(Refusal::Passing(why.to_owned())),
        Lookup::OtherVersions(_) | Lookup::Absent => Err(Refusal::NotServed(gvk.clone())),
    }
}
