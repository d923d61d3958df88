//! What a provider found: JSON's values, and the numbers that JSON has no words for.

use std::fmt;

use serde_json::Value as Json;

/// What a provider found, as conditions see it under the name `result`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Nil,
    /// Yes or no.
    Bool(bool),
    /// Every number, whole or not: NaN and the infinities are numbers.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order of the answer.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A list of numbers.
    pub fn numbers(numbers: impl IntoIterator<Item = f64>) -> Self {
        Self::List(numbers.into_iter().map(Self::Number).collect())
    }

    /// True for nothing, an empty list and an empty map.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => false,
        }
    }

    /// The same as the expression language has it.
    pub(super) fn to_expr(&self) -> expr::Value {
        match self {
            Self::Nil => expr::Value::Nil,
            Self::Bool(yes) => expr::Value::Bool(*yes),
            Self::Number(number) => expr::Value::Float(*number),
            Self::Text(text) => expr::Value::String(text.clone()),
            Self::List(list) => expr::Value::Array(list.iter().map(Self::to_expr).collect()),
            Self::Map(map) => {
                expr::Value::Map(map.iter().map(|(key, value)| (key.clone(), value.to_expr())).collect())
            }
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(yes) => Self::Bool(yes),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(text),
            Json::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Json::Object(map) => Self::Map(map.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

impl fmt::Display for Value {
    /// JSON, with the numbers it lacks as Prometheus writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("null"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Number(value) => f.write_str(&number(*value)),
            Self::Text(text) => f.write_str(&Json::from(text.as_str()).to_string()),
            Self::List(list) => {
                let items: Vec<_> = list.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Self::Map(map) => {
                let pair = |(key, value): &(String, Value)| format!("{}:{value}", Json::from(key.as_str()));
                let mut pairs: Vec<_> = map.iter().collect();
                // Go writes maps in the order of their keys.
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                write!(f, "{{{}}}", pairs.into_iter().map(pair).collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// A number as Go's shortest form writes it: `NaN`, `+Inf`, `1e+21`, `0.5`.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
        return format!("{digits}e{sign}{power:0>2}");
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-07"),
            (-2.25, "-2.25"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (100_000_000.0, "100000000"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn an_answer_is_written_as_json() {
        let json = serde_json::json!({"b": [1, 2.5, null], "a": {"x": "q\"", "y": true}});
        assert_eq!(Value::from(json).to_string(), r#"{"a":{"x":"q\"","y":true},"b":[1,2.5,null]}"#);
        assert_eq!(Value::numbers([0.9, f64::NAN]).to_string(), "[0.9,NaN]");
    }
}
