//! New Relic: NRQL through GraphQL.

use serde_json::Value as Json;

use super::super::measure::Outcome;
use super::{is_success, json, words};

/// Reads a reply: one row is a map, several are a list of maps.
pub fn new_relic(status: u16, body: &[u8]) -> Outcome {
    if !is_success(status) {
        return Outcome::error(format!("{status} response returned: {}", words(body)));
    }
    let reply = match json(body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    let errors: Vec<_> =
        reply["errors"].as_array().into_iter().flatten().filter_map(|one| one["message"].as_str()).collect();
    if !errors.is_empty() {
        return Outcome::error(errors.join(", "));
    }
    let rows = reply.pointer("/data/actor/account/nrql/results").and_then(Json::as_array);
    match rows.map(Vec::as_slice) {
        None | Some([]) => Outcome::error("no results returned from NRQL query"),
        Some([row]) => Outcome::result(row.clone()),
        Some(rows) => Outcome::result(Json::from(rows.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::Found;
    use super::*;

    #[test]
    fn rows_become_a_map_or_a_list() {
        let check = |results: &str, expected: &str| {
            let body = format!(r#"{{"data":{{"actor":{{"account":{{"nrql":{{"results":{results}}}}}}}}}}}"#);
            let shown = match new_relic(200, body.as_bytes()).found {
                Found::Result { text, .. } => text,
                other => format!("{other:?}"),
            };
            assert_eq!(shown, expected);
        };
        check(r#"[{"count": 10}]"#, r#"{"count":10}"#);
        check(r#"[{"a":1},{"a":2}]"#, r#"[{"a":1},{"a":2}]"#);
        check("[]", r#"Error("no results returned from NRQL query")"#);
        let refused = new_relic(200, br#"{"errors":[{"message":"NRQL Syntax Error"}],"data":null}"#);
        assert_eq!(refused, Outcome::error("NRQL Syntax Error"));
    }
}
