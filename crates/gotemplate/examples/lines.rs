//! Renders templates from JSON lines: `{"template": "...", "data": {...}}` in, `{"text": "..."}` or
//! `{"error": "..."}` out. Handy to compare with Go itself.

use std::io::{BufRead, Write};
use std::sync::Arc;

use gotemplate::{
    Context, FunctionSet, Limits, List, Map, MissingKey, Parsed, StillWorld, Str, TemplateSet, Value,
};
use serde_json::{Value as Json, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Json = serde_json::from_str(&line?)?;
        let template = case["template"].as_str().unwrap_or_default();
        let answer = match render(template, &value_of(&case["data"])) {
            Ok(text) => json!({ "text": text }),
            Err(error) => json!({ "error": error }),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn render(template: &str, data: &Value) -> Result<String, String> {
    let parsed = Parsed::parse("t", template, &FunctionSet::sprig()).map_err(|error| error.to_string())?;
    let mut templates = TemplateSet::new("t");
    templates.add(&parsed);
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(templates), &world, &limits).with_missing_key(MissingKey::Zero);
    context.execute("t", data).map(|text| text.to_string()).map_err(|error| error.to_string())
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::str(text.as_str()),
        Json::Array(items) => Value::List(List::new(items.iter().map(value_of).collect())),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Str::from(key.as_str()), value_of(value)));
            Value::Map(Map::from_entries(entries.collect()))
        }
    }
}
