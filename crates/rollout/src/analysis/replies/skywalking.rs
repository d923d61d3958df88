//! SkyWalking: GraphQL.

use super::super::measure::Outcome;
use super::{is_success, json, words};

/// Reads a reply: the data of the answer as it is.
pub fn skywalking(status: u16, body: &[u8]) -> Outcome {
    if !is_success(status) {
        return Outcome::error(format!("SkyWalking answered {status}: {}", words(body)));
    }
    let reply = match json(body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    let errors: Vec<_> =
        reply["errors"].as_array().into_iter().flatten().filter_map(|one| one["message"].as_str()).collect();
    match reply.get("data") {
        _ if !errors.is_empty() => Outcome::error(format!("graphql: {}", errors.join(", "))),
        Some(data) if !data.is_null() => Outcome::result(data.clone()),
        Some(_) | None => Outcome::error("SkyWalking answered without data"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::Found;
    use super::*;

    #[test]
    fn data_or_errors() {
        let Found::Result { text, .. } = skywalking(200, br#"{"data":{"m":[{"value":1}]}}"#).found else {
            panic!("it has a result")
        };
        assert_eq!(text, r#"{"m":[{"value":1}]}"#);
        assert_eq!(skywalking(200, br#"{"errors":[{"message":"bad"}]}"#), Outcome::error("graphql: bad"));
        assert_eq!(skywalking(200, b"{\"data\":null}"), Outcome::error("SkyWalking answered without data"));
    }
}
