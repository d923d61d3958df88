//! Two objects line by line, as people read a change.

use model::Object;
use similar::TextDiff;

use super::{normalize, redact};

/// A unified diff of two objects as YAML, Secrets and the listed annotations masked; empty where they are equal.
///
/// `before` is what is live, `after` what an apply would make of it; one of them may be missing.
pub fn unified(before: Option<&Object>, after: Option<&Object>, masked_annotations: &[String]) -> String {
    let masked = redact::mask(after.cloned(), before.cloned(), masked_annotations);
    let (before, after) = (yaml(masked.live), yaml(masked.target));
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(3)
        .header("live", "desired")
        .to_string()
}

/// An object as YAML without what only the server writes, keys sorted; it must be masked before.
fn yaml(object: Option<Object>) -> String {
    let Some(object) = object else { return String::new() };
    let shown = normalize::presentable(&object).into_value();
    // What cannot be written is nested beyond what the server accepts.
    goyaml::to_yaml(&shown).unwrap_or_else(|error| format!("# {error}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(before: Value, after: Value, expected: &str) {
        let object =
            |value: Value| (!value.is_null()).then(|| Object::from_value(value).expect("it is a map"));
        assert_eq!(unified(object(before).as_ref(), object(after).as_ref(), &[]), expected);
    }

    #[test]
    fn a_change_is_shown_in_its_lines() {
        let is = |replicas: i32, uid: &str| json!({"kind": "A", "metadata": {"name": "a", "uid": uid}, "spec": {"replicas": replicas}});
        check(is(1, "x"), is(1, "y"), "");
        check(
            is(1, "x"),
            is(2, "y"),
            "--- live\n+++ desired\n@@ -2,4 +2,4 @@\n metadata:\n   name: a\n spec:\n-  replicas: 1\n+  replicas: 2\n",
        );
        check(Value::Null, json!({"kind": "A"}), "--- live\n+++ desired\n@@ -0,0 +1 @@\n+kind: A\n");
    }

    #[test]
    fn a_secret_shows_that_it_changed_and_nothing_else() {
        let is = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": value}});
        check(
            is("b2xk"),
            is("bmV3"),
            "--- live\n+++ desired\n@@ -1,4 +1,4 @@\n apiVersion: v1\n data:\n-  a: ++++++++++++\n+  a: ++++++++\n kind: Secret\n",
        );
    }
}
