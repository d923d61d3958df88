//! Wavefront: `/api/v2/chart/api`.

use serde_json::Value as Json;

use super::super::measure::Outcome;
use super::{is_success, json, words};

/// Reads a reply: of each series the point nearest to `start`, in seconds.
pub fn wavefront(status: u16, body: &[u8], start: i64) -> Outcome {
    if !is_success(status) {
        return Outcome::error(format!("server returned {status}: {}", words(body)));
    }
    let reply = match json(body) {
        Ok(reply) => reply,
        Err(why) => return Outcome::error(why),
    };
    let series = reply["timeseries"].as_array().into_iter().flatten();
    let nearest: Vec<f64> = series.filter_map(|series| nearest(&series["data"], start as f64)).collect();
    let mut outcome = match nearest.as_slice() {
        [] => Outcome::error("No TimeSeries found in response from Wavefront"),
        [one] => Outcome::result(Json::from(*one)),
        several => Outcome::result(Json::from(several.to_vec())),
    };
    if let Some(warnings) = reply["warnings"].as_str().filter(|warnings| !warnings.is_empty()) {
        outcome.metadata.insert("warnings".to_owned(), warnings.to_owned());
    }
    outcome
}

fn nearest(points: &Json, start: f64) -> Option<f64> {
    let points = points
        .as_array()?
        .iter()
        .filter_map(|point| Some((point.get(0)?.as_f64()?, point.get(1)?.as_f64()?)));
    let distance = |(at, _): &(f64, f64)| (at - start).abs();
    points.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::Found;
    use super::*;

    #[test]
    fn the_nearest_point_of_each_series() {
        let text = |body: &str| match wavefront(200, body.as_bytes(), 100).found {
            Found::Result { text, .. } => text,
            other => format!("{other:?}"),
        };
        assert_eq!(text(r#"{"timeseries":[{"data":[[10,1],[99,2],[200,3]]}]}"#), "2");
        assert_eq!(text(r#"{"timeseries":[{"data":[[99,2]]},{"data":[[98,4]]}]}"#), "[2,4]");
        assert_eq!(text("{}"), "Error(\"No TimeSeries found in response from Wavefront\")");
    }
}
