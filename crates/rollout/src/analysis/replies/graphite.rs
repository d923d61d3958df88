//! Graphite: `/render?format=json`.

use serde_json::Value as Json;

use super::super::measure::{Found, Outcome};
use super::super::value::Value;
use super::{is_success, json, words};

/// Reads a reply: the points of the first series that have a value.
pub fn graphite(status: u16, body: &[u8]) -> Outcome {
    if !is_success(status) {
        return Outcome::error(format!("error response: {}", words(body)));
    }
    let reply = match json(body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    let points = reply.pointer("/0/datapoints").and_then(Json::as_array);
    let numbers: Vec<f64> =
        points.into_iter().flatten().filter_map(|point| super::number(point.get(0)?)).collect();
    if numbers.is_empty() {
        return Outcome::error("no values found");
    }
    let value = Value::numbers(numbers);
    let text = value.to_string();
    Outcome::new(Found::Result { value, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_without_a_value_are_left_out() {
        let outcome = graphite(200, br#"[{"target":"x","datapoints":[[0.3,1],[null,2],["4",3]]}]"#);
        assert_eq!(
            outcome,
            Outcome::new(Found::Result { value: Value::numbers([0.3, 4.0]), text: "[0.3,4]".into() })
        );
        assert_eq!(graphite(200, b"[]"), Outcome::error("no values found"));
        assert_eq!(graphite(500, b"broken"), Outcome::error("error response: broken"));
    }
}
