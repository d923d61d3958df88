//! InfluxDB: Flux, answered as annotated CSV.

use serde_json::Value as Json;

use super::super::measure::Outcome;
use super::{csv, is_success, json, words};

/// Reads a reply: the values of all records, in order.
pub fn influxdb(status: u16, body: &[u8]) -> Outcome {
    if !is_success(status) {
        let message = json(body).ok().and_then(|reply| reply["message"].as_str().map(str::to_owned));
        return Outcome::error(
            message.unwrap_or_else(|| format!("InfluxDB answered {status}: {}", words(body))),
        );
    }
    let text = String::from_utf8_lossy(body);
    let mut values = Vec::new();
    let (mut column, mut kind) = (None, String::new());
    let mut types: Vec<String> = Vec::new();
    let mut header_comes = true;
    for row in csv::rows(&text) {
        match row.first().map(String::as_str) {
            _ if row.iter().all(String::is_empty) => header_comes = true,
            Some("#datatype") => {
                types = row;
                header_comes = true;
            }
            Some(first) if first.starts_with('#') => {}
            _ if header_comes => {
                if let Some(at) = row.iter().position(|name| name == "error") {
                    return Outcome::error(row.get(at).cloned().unwrap_or_default());
                }
                column = row.iter().position(|name| name == "_value");
                kind = column.and_then(|at| types.get(at)).cloned().unwrap_or_default();
                header_comes = false;
            }
            _ => values.extend(column.and_then(|at| row.get(at)).map(|text| typed(text, &kind))),
        }
    }
    if values.is_empty() {
        return Outcome::error("no results returned from flux query");
    }
    Outcome::result(Json::from(values))
}

/// A value by the type that the annotation names; without one, a number where it looks like one.
fn typed(text: &str, kind: &str) -> Json {
    match kind {
        "boolean" => Json::from(text == "true"),
        "string" => Json::from(text),
        _ => text.parse::<f64>().map_or_else(|_| Json::from(text), Json::from),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::Found;
    use super::*;

    #[test]
    fn records_of_all_tables() {
        let body = "#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,0.5\r\n,,1,7\r\n\r\n";
        let Found::Result { text, .. } = influxdb(200, body.as_bytes()).found else {
            panic!("it has a result")
        };
        assert_eq!(text, "[0.5,7]");
        assert_eq!(influxdb(200, b"\r\n"), Outcome::error("no results returned from flux query"));
        let refused = influxdb(401, br#"{"code":"unauthorized","message":"unauthorized access"}"#);
        assert_eq!(refused, Outcome::error("unauthorized access"));
    }
}
