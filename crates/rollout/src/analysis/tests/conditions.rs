//! What conditions answer: true, false, or nothing at all.

use super::super::condition::{check as can_be_read, eval_time, holds};
use super::super::value::Value;
use super::start;

/// `true`, `false`, or `error: …`.
#[track_caller]
fn check(condition: &str, result: &Value, expected: &str) {
    let answer = match holds(condition, result, start()) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("error: {error}"),
    };
    if expected == "error" {
        assert!(answer.starts_with("error"), "{condition} of {result} is {answer}");
    } else {
        assert_eq!(answer, expected, "{condition} of {result}");
    }
}

fn json(text: &str) -> Value {
    Value::from(serde_json::from_str::<serde_json::Value>(text).expect("it is JSON"))
}

#[test]
fn samples_are_compared_with_numbers() {
    let sample = Value::numbers([0.97]);
    check("result[0] >= 0.95", &sample, "true");
    check("result[0] < 0.95", &sample, "false");
    check("len(result) == 1 and result[0] > 0.5 && not (result[0] > 1)", &sample, "true");
    check("all(result, # > 0.5)", &sample, "true");
    check("all(result, {# > 0.99})", &sample, "false");
    check("result[-1] == 0.97", &sample, "true");
    check("result[0] > 0.9 ? true : false", &sample, "true");
    check("sum(result) / len(result) >= 0.9", &Value::numbers([0.8, 1.0]), "true");
    check("result >= 5", &Value::Number(5.0), "true");
}

#[test]
fn no_data_is_never_an_answer() {
    let nothing = Value::numbers([]);
    let words = "error: condition \"result[0] >= 0.95\" cannot be evaluated: metric result is nil or empty: index out of range: 0 (array length is 0)";
    check("result[0] >= 0.95", &nothing, words);
    check("result[0] != 1", &nothing, "error");
    check("result[0] == nil", &nothing, "error");
    check("not (result[0] > 1)", &nothing, "error");
    check(
        "result[1] < 3",
        &Value::numbers([1.0]),
        "error: condition \"result[1] < 3\" cannot be evaluated: index out of range: 1 (array length is 1)",
    );
    check("len(result) == 0 || result[0] >= 0.95", &nothing, "true");
    check("result > 1", &Value::Nil, "error");
    check("isNil(result)", &Value::Nil, "true");
    check("default(result, 0) < 5", &Value::Nil, "true");
    check("default(result, 0) < 5", &Value::Number(7.0), "false");
    check("isNil(result)", &Value::Number(7.0), "false");
}

#[test]
fn nan_holds_nothing_but_different() {
    let nan = Value::numbers([f64::NAN]);
    for condition in ["result[0] < 0.05", "result[0] >= 0.05", "result[0] == result[0]"] {
        check(condition, &nan, "false");
    }
    check("isNaN(result[0])", &nan, "true");
    check("isNaN(result[0])", &Value::numbers([1.0]), "false");
    check("isInf(result[0])", &Value::numbers([f64::NEG_INFINITY]), "true");
    check("result[0] > 1000", &Value::numbers([f64::INFINITY]), "true");
}

#[test]
fn wrong_types_are_errors() {
    check("result > 1", &Value::numbers([5.0]), "error");
    check(
        "result != 1",
        &Value::numbers([5.0]),
        "error: condition \"result != 1\" cannot be evaluated: invalid operation: != (mismatched types a list and 1)",
    );
    check("result == \"ok\"", &Value::Number(1.0), "error");
    check("result != \"bad\"", &json("{\"a\": 1}"), "error");
    check("\"bad\" != result", &json("[1]"), "error");
    check("result != true", &Value::Number(1.0), "error");
    check(
        "result",
        &Value::Number(1.0),
        "error: condition \"result\" cannot be evaluated: expected bool, but got float64",
    );
    check("result[0] > \"x\"", &Value::numbers([5.0]), "error");
    check("unknown > 1", &Value::Number(1.0), "error");
    check("nothing(result)", &Value::Number(1.0), "error");
}

#[test]
fn maps_and_texts_of_web_answers() {
    let answer = json(r#"{"ok": true, "count": 3, "name": "web", "items": [{"v": "7"}, {"v": "9"}]}"#);
    check("result.ok", &answer, "true");
    check("result.ok && result.count >= 3", &answer, "true");
    check("result[\"name\"] == \"web\"", &answer, "true");
    check("asInt(result.items[1].v) == 9", &answer, "true");
    check("asFloat(result.items[0].v) > 6.5", &answer, "true");
    check("any(result.items, {#.v == \"9\"})", &answer, "true");
    check("result.name matches \"^w\" and result.name contains \"e\"", &answer, "true");
    check("result.name in [\"a\", \"web\"]", &answer, "true");
    check("result.missing?.deep == nil", &answer, "true");
    check("result.items[5].v == \"x\"", &answer, "error");
    check("asInt(result) < 3", &Value::Text("2".into()), "true");
    check("asInt(result) < 3", &Value::Text("two".into()), "error");
    check("result == \"true\"", &Value::Text("true".into()), "true");
}

#[test]
fn conditions_that_cannot_be_read_are_known_before_any_result() {
    for condition in ["result[0] >", "(result", "result === 1", "", "result[0] >= 0.9 garbage"] {
        assert!(can_be_read(condition).is_err(), "{condition:?} was read");
    }
    for condition in
        ["result[0] >= 0.95", "isNaN(result[0]) or result[0] < 1", "len(filter(result, # > 2)) == 0"]
    {
        assert_eq!(can_be_read(condition), Ok(()), "{condition}");
    }
}

#[test]
fn times_of_range_queries_count_from_now() {
    let at = |expression: &str| eval_time(expression, start()).map(|time| time.to_string());
    assert_eq!(at("now()").as_deref(), Ok("2026-01-01T00:00:00Z"));
    assert_eq!(at("now() - duration(\"1h30m\")").as_deref(), Ok("2025-12-31T22:30:00Z"));
    assert_eq!(at("date(\"2025-05-01T00:00:00Z\")").as_deref(), Ok("2025-05-01T00:00:00Z"));
    assert!(at("5").is_err());
}
