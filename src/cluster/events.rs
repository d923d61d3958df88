//! Records Kubernetes Events on Applications and Rollouts, with upstream's reasons (reference section 10.2).

use std::borrow::Cow;

use http::Method;
use kube::Client;
use model::{ObjectKey, Time};
use serde_json::{Value, json};

use super::request;

/// Weight of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something went as it should.
    Normal,
    /// Something did not.
    Warning,
}

impl Kind {
    /// As the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// One event on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The object.
    pub about: ObjectKey,
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub resource_version: String,
    /// Weight.
    pub kind: Kind,
    /// Which of upstream's controllers would say so.
    pub component: &'static str,
    /// Upstream's reason, such as `OperationCompleted`.
    pub reason: Cow<'static, str>,
    /// In a sentence.
    pub message: String,
}

/// Records an event. `number` makes its name unique among those of one moment.
pub async fn record(client: &Client, event: &Event, now: Time, number: u64) -> Result<(), kube::Error> {
    let path = format!("/api/v1/namespaces/{}/events", event.about.namespace);
    client
        .request::<Value>(request::json(Method::POST, &path, "application/json", &body(event, now, number)))
        .await?;
    Ok(())
}

/// Longest message that is recorded, in bytes; the API server refuses more than 1024.
const LONGEST: usize = 1024;

fn body(event: &Event, now: Time, number: u64) -> Value {
    let Event { about, uid, resource_version, kind, component, reason, message } = event;
    let nanos = now.0.as_nanosecond() + i128::from(number);
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("{}.{nanos:x}", about.name), "namespace": about.namespace},
        "involvedObject": {
            "apiVersion": format!("{}/v1alpha1", about.group), "kind": about.kind, "namespace": about.namespace,
            "name": about.name, "uid": uid, "resourceVersion": resource_version,
        },
        "type": kind.as_str(),
        "reason": reason, "message": shorten(message), "count": 1,
        "source": {"component": component},
        "firstTimestamp": now, "lastTimestamp": now,
    })
}

fn shorten(message: &str) -> &str {
    let mut end = message.len().min(LONGEST);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_object_and_stays_short() {
        let event = Event {
            about: ObjectKey::new("argoproj.io", "Application", "argocd", "shop"),
            uid: "u".into(),
            resource_version: "7".into(),
            kind: Kind::Warning,
            component: "argocd-application-controller",
            reason: "OperationCompleted".into(),
            message: "ä".repeat(1000),
        };
        let now = "2024-05-01T12:00:00Z".parse().expect("it is a time");
        let body = body(&event, now, 1);
        assert_eq!(body["involvedObject"]["apiVersion"], "argoproj.io/v1alpha1");
        assert_eq!(body["message"].as_str().map(str::len), Some(1024));
    }
}
