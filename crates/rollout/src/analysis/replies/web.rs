//! Any web service: the part of its JSON that a path names, or its text.

use super::super::measure::{Found, Outcome};
use super::super::value::Value;
use super::{is_success, jsonpath};

/// Reads a reply; an empty path means all of it.
pub fn web(status: u16, body: &[u8], path: &str) -> Outcome {
    if !is_success(status) {
        return Outcome::error(format!("received non 2xx response code: {status}"));
    }
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        // What is no JSON is a text, and the path has nothing to look into.
        let text = String::from_utf8_lossy(body).into_owned();
        return Outcome::new(Found::Result { value: Value::Text(text.clone()), text });
    };
    let path = if path.is_empty() { "{$}" } else { path };
    match jsonpath::find(path, &json) {
        Err(why) => Outcome::error(format!("Could not find JSONPath in body: {why}")),
        Ok(found) => match found.first() {
            Some(value) => Outcome::result((*value).clone()),
            None => Outcome::error("Result of web metric produced no value"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, path: &str, expected: &str) {
        let shown = match web(status, body.as_bytes(), path).found {
            Found::Result { value, text } => format!("{text} {}", matches!(value, Value::Text(_))),
            Found::Error(why) => format!("error: {why}"),
            other => format!("{other:?}"),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn replies_become_values() {
        check(200, r#"{"data":{"b":2,"a":1}}"#, "{$.data}", "{\"a\":1,\"b\":2} false");
        check(201, "true", "", "true false");
        check(200, "all good", "{$.ignored}", "all good true");
        check(200, r#"{"a":1}"#, "{$.b}", "error: Could not find JSONPath in body: b is not found");
        check(200, r#"{"a":[]}"#, "{$.a[*]}", "error: Result of web metric produced no value");
        check(500, r#"{"a":1}"#, "{$.a}", "error: received non 2xx response code: 500");
        check(304, "", "", "error: received non 2xx response code: 304");
    }
}
