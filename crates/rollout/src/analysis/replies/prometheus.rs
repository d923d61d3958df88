//! Prometheus: `/api/v1/query` and `/api/v1/query_range`.

use serde_json::Value as Json;

use super::super::measure::{Found, Outcome};
use super::super::value::Value;
use super::{is_success, json};

/// Reads a reply to a query.
pub fn prometheus(status: u16, body: &[u8]) -> Outcome {
    let reply = json(body);
    if let Ok(reply) = &reply
        && reply["status"] == "error"
    {
        let text = |field: &str| reply[field].as_str().unwrap_or_default().to_owned();
        return Outcome::error(format!("{}: {}", text("errorType"), text("error")));
    }
    let reply = match reply {
        Ok(reply) if is_success(status) && reply["status"] == "success" => reply,
        Ok(_) | Err(_) if status >= 500 => {
            return Outcome::error(format!("server_error: server error: {status}"));
        }
        Ok(_) | Err(_) if !is_success(status) => {
            return Outcome::error(format!("client_error: client error: {status}"));
        }
        Ok(_) => return Outcome::error("bad_response: the answer has no status"),
        Err(why) => return Outcome::error(format!("bad_response: {why}")),
    };
    let mut outcome = match found(&reply["data"]) {
        Ok(found) => Outcome::new(found),
        Err(why) => Outcome::error(why),
    };
    let warnings: Vec<_> =
        reply["warnings"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !warnings.is_empty() {
        outcome.metadata.insert("warnings".to_owned(), format!("\"{}\"", warnings.join("\", \"")));
    }
    outcome
}

fn found(data: &Json) -> Result<Found, String> {
    let result = &data["result"];
    match data["resultType"].as_str().unwrap_or_default() {
        "scalar" => {
            let number = sample(result)?;
            Ok(Found::Result { value: Value::Number(number), text: plain(number) })
        }
        "vector" => list(result.as_array().into_iter().flatten().map(|series| &series["value"])),
        "matrix" => {
            let series = result.as_array().into_iter().flatten();
            list(series.flat_map(|series| series["values"].as_array().into_iter().flatten()))
        }
        _ => Err("Prometheus metric type not supported".to_owned()),
    }
}

fn list<'a>(samples: impl Iterator<Item = &'a Json>) -> Result<Found, String> {
    let numbers = samples.map(sample).collect::<Result<Vec<_>, _>>()?;
    let text: Vec<_> = numbers.iter().map(|number| plain(*number)).collect();
    Ok(Found::Result { value: Value::numbers(numbers), text: format!("[{}]", text.join(",")) })
}

/// The number of a sample, which is a moment and a text.
fn sample(pair: &Json) -> Result<f64, String> {
    let text = pair
        .get(1)
        .and_then(Json::as_str)
        .ok_or("a sample has no value: native histograms are not supported")?;
    text.parse()
        .map_err(|_| format!("a sample is not a number: {:?}", text.chars().take(40).collect::<String>()))
}

/// Without an exponent, as Prometheus' own library writes it.
fn plain(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let outcome = prometheus(status, body.as_bytes());
        let shown = match &outcome.found {
            Found::Result { text, .. } => text.clone(),
            Found::Error(why) => format!("error: {why}"),
            other => format!("{other:?}"),
        };
        assert_eq!(shown, expected);
    }

    fn data(kind: &str, result: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
    }

    #[test]
    fn every_type_of_result() {
        check(
            200,
            &data("vector", r#"[{"metric":{"a":"b"},"value":[1.5,"0.97"]},{"metric":{},"value":[1,"NaN"]}]"#),
            "[0.97,NaN]",
        );
        check(200, &data("vector", "[]"), "[]");
        check(200, &data("scalar", r#"[1,"+Inf"]"#), "+Inf");
        check(200, &data("matrix", r#"[{"values":[[1,"1"],[2,"2"]]},{"values":[[1,"3e2"]]}]"#), "[1,2,300]");
        check(200, &data("string", r#"[1,"x"]"#), "error: Prometheus metric type not supported");
        check(
            200,
            &data("vector", r#"[{"histogram":[1,{}]}]"#),
            "error: a sample has no value: native histograms are not supported",
        );
        check(200, &data("vector", r#"[{"value":[1,"many"]}]"#), "error: a sample is not a number: \"many\"");
    }

    #[test]
    fn every_kind_of_failure() {
        check(
            400,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            "error: bad_data: parse error",
        );
        check(503, "upstream is down", "error: server_error: server error: 503");
        check(404, "", "error: client_error: client error: 404");
        check(401, "{}", "error: client_error: client error: 401");
        check(
            200,
            "<html>",
            "error: bad_response: the answer is not JSON: expected value at line 1 column 1",
        );
        check(200, "{}", "error: bad_response: the answer has no status");
    }

    #[test]
    fn warnings_are_remembered() {
        let body = r#"{"status":"success","warnings":["slow","partial"],"data":{"resultType":"vector","result":[]}}"#;
        let outcome = prometheus(200, body.as_bytes());
        assert_eq!(outcome.metadata.get("warnings").map(String::as_str), Some("\"slow\", \"partial\""));
    }
}
