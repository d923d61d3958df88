//! values.schema.json: a chart's own opinion of its values.

use std::sync::{Arc, OnceLock};

use gotemplate::{Map, Value as Live};
use jsonschema::{PatternOptions, Retrieve, Uri, Validator};

use crate::dependencies::ChartNode;
use crate::functions::json::read_json;
use crate::values::{Value, freeze_map};

mod formats;
mod numbers;
mod text;

/// A schema, compiled when it is first asked.
pub(crate) struct Schema {
    bytes: Arc<[u8]>,
    compiled: OnceLock<Result<Validator, String>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Schema {
    pub(crate) fn new(bytes: Arc<[u8]>) -> Self {
        Self { bytes, compiled: OnceLock::new() }
    }

    /// What is wrong with `values`, in Helm's words.
    fn faults(&self, values: &serde_json::Value) -> Option<String> {
        match self.compiled.get_or_init(|| compile(&self.bytes)) {
            Err(why) => Some(why.clone()),
            Ok(validator) if validator.is_valid(values) => None,
            Ok(validator) => Some(text::describe(validator.iter_errors(values))),
        }
    }
}

fn compile(bytes: &[u8]) -> Result<Validator, String> {
    let schema: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))?;
    let options = jsonschema::options()
        .with_retriever(Refuse)
        .with_pattern_options(PatternOptions::regex().size_limit(10 << 20));
    let with_formats =
        formats::FORMATS.into_iter().fold(options, |options, (name, check)| options.with_format(name, check));
    with_formats.build(&schema).map_err(|error| format!("{error}"))
}

/// What Go says of JSON that is none.
fn malformed(bytes: &[u8], error: &serde_json::Error) -> String {
    read_json(bytes).err().map_or_else(|| error.to_string(), |error| error.0)
}

/// Follows no reference that leaves the schema: names (`urn:`) allow everything, as in Helm, addresses are refused.
struct Refuse;

impl Retrieve for Refuse {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<serde_json::Value, Box<dyn std::error::Error + Send + Sync>> {
        if uri.scheme().as_str() == "urn" {
            return Ok(serde_json::Value::Bool(true));
        }
        Err(format!("{uri} lies outside the chart: such references are not followed").into())
    }
}

/// Checks the values of a chart and its sub-charts against their schemas; the error lists every fault.
pub(crate) fn check(node: &ChartNode, values: &Map) -> Result<(), String> {
    let mut faults = String::new();
    if has_schema(node) {
        collect(node, values, &mut faults);
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn has_schema(node: &ChartNode) -> bool {
    node.chart.schema.is_some() || node.children.iter().any(has_schema)
}

fn collect(node: &ChartNode, values: &Map, faults: &mut String) {
    if let Some(schema) = &node.chart.schema {
        let found = match freeze_map(values) {
            Ok(values) => schema.faults(&Value::table(values).to_json()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(found) = found {
            *faults += &format!("{}:\n{found}", node.name);
        }
    }
    for child in node.children.iter().filter(|child| has_schema(child)) {
        match values.get(&*child.name) {
            None | Some(Live::Nil) => {}
            Some(Live::Map(values)) => collect(child, &values, faults),
            Some(other) => {
                let found = other.go_type();
                *faults += &format!(
                    "{}:\ninvalid type for values: expected object (map), got {found}\n",
                    child.name
                );
            }
        }
    }
}
