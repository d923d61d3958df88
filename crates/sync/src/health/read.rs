//! Reading what checks look at: numbers, texts and conditions of an object.

use std::borrow::Cow;

use model::Object;
use serde_json::Value;

use super::{Verdict, degraded, healthy, progressing, unknown};

/// The value at a path of plain fields.
pub(super) fn at<'a>(object: &'a Object, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(first)?, |value, field| value.get(field)).filter(|value| !value.is_null())
}

/// A text; empty where there is none.
pub(super) fn text<'a>(object: &'a Object, path: &[&str]) -> &'a str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number.
pub(super) fn number(object: &Object, path: &[&str]) -> Option<i64> {
    let value = at(object, path)?;
    value.as_i64().or_else(|| value.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
}

/// True for exactly `true`.
pub(super) fn is_true(object: &Object, path: &[&str]) -> bool {
    at(object, path).and_then(Value::as_bool).unwrap_or(false)
}

/// The items of a list.
pub(super) fn list<'a>(object: &'a Object, path: &[&str]) -> &'a [Value] {
    at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// One condition of a status.
#[derive(Clone, Copy)]
pub(super) struct Condition<'a>(pub(super) &'a Value);

impl<'a> Condition<'a> {
    fn field(self, field: &str) -> &'a str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn kind(self) -> &'a str {
        self.field("type")
    }

    pub(super) fn status(self) -> &'a str {
        self.field("status")
    }

    pub(super) fn reason(self) -> &'a str {
        self.field("reason")
    }

    pub(super) fn message(self) -> &'a str {
        self.field("message")
    }

    /// The message, or these words where it has none.
    pub(super) fn message_or(self, words: &'a str) -> &'a str {
        self.0.get("message").and_then(Value::as_str).unwrap_or(words)
    }

    /// True for a condition of this type and status.
    pub(super) fn is(self, kind: &str, status: &str) -> bool {
        self.kind() == kind && self.status() == status
    }

    pub(super) fn observed_generation(self) -> Option<i64> {
        self.0.get("observedGeneration").and_then(Value::as_i64)
    }
}

/// `status.conditions`.
pub(super) fn conditions(object: &Object) -> impl DoubleEndedIterator<Item = Condition<'_>> + Clone {
    list(object, &["status", "conditions"]).iter().map(Condition)
}

/// True where the status has any conditions at all.
pub(super) fn has_conditions(object: &Object) -> bool {
    at(object, &["status", "conditions"]).is_some()
}

/// The first condition of a type.
pub(super) fn condition<'a>(object: &'a Object, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|condition| condition.kind() == kind)
}

/// The rule most operators share: the condition `kind` False is Degraded, True is Healthy, else Progressing.
pub(super) fn by_condition<'a>(object: &'a Object, kind: &str, waiting: &'static str) -> Option<Verdict<'a>> {
    for condition in conditions(object).filter(|condition| condition.kind() == kind) {
        match condition.status() {
            "False" => return degraded(condition.message()),
            "True" => return healthy(condition.message()),
            _ => {}
        }
    }
    progressing(waiting)
}

/// The verdict on a kind at a version the check does not know.
pub(super) fn unsupported<'a>(object: &'a Object) -> Option<Verdict<'a>> {
    let (group, version) = object.api_version().split_once('/').unwrap_or(("", object.api_version()));
    let kind = match object.kind() {
        "HorizontalPodAutoscaler" => "HPA",
        kind => kind,
    };
    unknown(format!("unsupported {kind} GVK: {group}/{version}, Kind={}", object.kind()))
}

/// Words that are borrowed where nothing has to be put together.
pub(super) fn joined<'a>(words: &[&'a str], between: &str) -> Cow<'a, str> {
    match words {
        [] => Cow::Borrowed(""),
        [one] => Cow::Borrowed(one),
        several => Cow::Owned(several.join(between)),
    }
}
