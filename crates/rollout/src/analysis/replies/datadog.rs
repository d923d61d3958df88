//! Datadog: `/api/v1/query` and `/api/v2/query/scalar`.

use serde_json::Value as Json;

use super::super::measure::{Found, Outcome};
use super::super::value::{self, Value};
use super::{is_success, json, words};

/// Reads a reply of version 1: the last point of the first series.
pub fn datadog_v1(status: u16, body: &[u8]) -> Outcome {
    read(status, body, |reply| {
        if reply["status"] == "error" {
            return Err(format!("There were errors in your query: {}", reply["error"]));
        }
        let point =
            reply.pointer("/series/0/pointlist").and_then(Json::as_array).and_then(|points| points.last());
        let Some(point) = point else { return Ok(nothing(reply["series"].to_string())) };
        let number = point.get(1).and_then(Json::as_f64);
        Ok(number.map_or_else(|| nothing("null".to_owned()), one))
    })
}

/// Reads a reply of version 2: one number, or a list where the query groups.
pub fn datadog_v2(status: u16, body: &[u8]) -> Outcome {
    read(status, body, |reply| {
        if let Some(errors) = reply.get("errors").filter(|errors| !errors.is_null()) {
            return Err(format!("There were errors in your query: {errors}"));
        }
        let columns = reply.pointer("/data/attributes/columns").and_then(Json::as_array);
        let mut columns = columns.into_iter().flatten().filter(|column| column["type"] != "group");
        let values = columns.next().and_then(|column| column["values"].as_array());
        let numbers: Vec<_> = values.into_iter().flatten().map(Json::as_f64).collect();
        Ok(match numbers.as_slice() {
            [] | [None] => nothing("[]".to_owned()),
            [Some(number)] => one(*number),
            several => {
                let value = Value::numbers(several.iter().flatten().copied());
                let text = value.to_string();
                Found::Result { value, text }
            }
        })
    })
}

fn read(status: u16, body: &[u8], found: impl Fn(&Json) -> Result<Found, String>) -> Outcome {
    match status {
        401 | 403 => {
            return Outcome::error(format!(
                "received authentication error response code: {status} {}",
                words(body)
            ));
        }
        _ if !is_success(status) => {
            return Outcome::error(format!("received non 2xx response code: {status} {}", words(body)));
        }
        _ => {}
    }
    let found =
        json(body).map_err(|why| format!("Could not parse JSON body: {why}")).and_then(|reply| found(&reply));
    found.map_or_else(Outcome::error, Outcome::new)
}

fn one(number: f64) -> Found {
    Found::Result { value: Value::Number(number), text: value::number(number) }
}

/// No data: conditions see nil and say what that means with `default()`.
fn nothing(text: String) -> Found {
    Found::Result { value: Value::Nil, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outcome: Outcome, expected: &str) {
        let shown = match outcome.found {
            Found::Result { value, text } => format!("{text} as {value}"),
            Found::Error(why) => format!("error: {why}"),
            other => format!("{other:?}"),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn replies_of_both_versions() {
        check(
            datadog_v1(200, br#"{"status":"ok","series":[{"pointlist":[[1,0.1],[2,0.0006]]}]}"#),
            "0.0006 as 0.0006",
        );
        check(datadog_v1(200, br#"{"status":"ok","series":[]}"#), "[] as null");
        check(datadog_v1(200, br#"{"status":"ok","series":[{"pointlist":[[1,null]]}]}"#), "null as null");
        check(
            datadog_v1(401, b"{\"errors\":[\"no\"]}"),
            "error: received authentication error response code: 401 {\"errors\":[\"no\"]}",
        );
        check(datadog_v1(500, b"oops"), "error: received non 2xx response code: 500 oops");
        check(
            datadog_v2(200, br#"{"data":{"attributes":{"columns":[{"type":"number","values":[0.5]}]}}}"#),
            "0.5 as 0.5",
        );
        let grouped = br#"{"data":{"attributes":{"columns":[{"type":"group","values":[["a"]]},{"type":"number","values":[1,2]}]}}}"#;
        check(datadog_v2(200, grouped), "[1,2] as [1,2]");
        check(datadog_v2(200, br#"{"data":{"attributes":{"columns":[]}}}"#), "[] as null");
        check(
            datadog_v2(200, br#"{"errors":"bad query"}"#),
            "error: There were errors in your query: \"bad query\"",
        );
    }
}
