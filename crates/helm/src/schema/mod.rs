//! values.schema.json: a chart's own opinion of its values.

use std::sync::{Arc, OnceLock};

use gotemplate::{Map, Value as Live};
use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError, Validator};

use crate::dependencies::ChartNode;
use crate::functions::json::read_json;
use crate::values::{Value, freeze_map};

mod formats;
mod numbers;
mod text;

/// A schema, compiled when it is first asked.
pub(crate) struct Schema {
    bytes: Arc<[u8]>,
    compiled: OnceLock<Result<Compiled, String>>,
}

struct Compiled {
    schema: serde_json::Value,
    validator: Validator,
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
            Ok(Compiled { validator, .. }) if validator.is_valid(values) => None,
            Ok(Compiled { schema, validator }) => {
                Some(text::describe(validator.iter_errors(values), &text::About { schema, values }))
            }
        }
    }
}

fn compile(bytes: &[u8]) -> Result<Compiled, String> {
    let schema: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))?;
    match validator(&schema) {
        Ok(validator) => Ok(Compiled { schema, validator }),
        Err(error) => Err(text::own_fault(&schema, error)),
    }
}

fn validator(schema: &serde_json::Value) -> Result<Validator, ValidationError<'static>> {
    let options = jsonschema::options()
        .with_retriever(Refuse)
        .with_pattern_options(PatternOptions::regex().size_limit(10 << 20));
    let with_formats = formats::FORMATS.into_iter().fold(options, |options, (name, check)| {
        options.with_format(name, move |text: &str| check(text).is_ok())
    });
    with_formats.build(schema)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &str, values: &str, expected: &str) {
        let schema = Schema::new(schema.as_bytes().into());
        let values = serde_json::from_str(values).expect("it is JSON");
        assert_eq!(schema.faults(&values).unwrap_or_default(), expected);
    }

    #[test]
    fn the_first_two_of_too_many_matches_are_named() {
        check(
            r#"{"properties": {"d": {"oneOf": [{"type": "string"}, {"minimum": 1}, {"type": "object"}, {"type": "integer"}, {}]}}}"#,
            r#"{"d": 5}"#,
            "- at '/d': 'oneOf' failed, subschemas 1, 3 matched\n",
        );
    }

    #[test]
    fn what_one_schema_among_several_refuses_stands_together() {
        check(
            r#"{"properties": {"d": {"anyOf": [
                {"required": ["x", "y"], "properties": {"b": {"type": "string", "enum": ["a"]}}},
                {"allOf": [{"required": ["z"]}, {"maxProperties": 0, "minProperties": 2}]},
                {"type": "string"}]}}}"#,
            r#"{"d": {"b": 1}}"#,
            "- at '/d': 'anyOf' failed\n  \
               - at '/d': validation failed\n    \
                 - at '/d': missing properties 'x', 'y'\n    \
                 - at '/d/b': got number, want string\n  \
               - at '/d': 'allOf' failed\n    \
                 - at '/d': missing property 'z'\n    \
                 - at '/d': validation failed\n      \
                   - at '/d': minProperties: got 1, want 2\n      \
                   - at '/d': maxProperties: got 1, want 0\n  \
               - at '/d': got object, want string\n",
        );
    }

    #[test]
    fn items_are_counted_and_those_that_do_not_fit_say_why() {
        let contains =
            |more: &str| format!(r#"{{"properties": {{"d": {{"contains": {{"type": "integer"}}{more}}}}}}}"#);
        let of = "items required to match contains schema, but matched";
        check(
            &contains(""),
            r#"{"d": ["a"]}"#,
            "- at '/d': no items match contains schema\n  - at '/d/0': got string, want integer\n",
        );
        check(
            &contains(r#", "minContains": 3"#),
            r#"{"d": [1, "a", 3]}"#,
            &format!("- at '/d': min 3 {of} 2 items at 0 2\n  - at '/d/1': got string, want integer\n"),
        );
        check(
            &contains(r#", "maxContains": 2"#),
            r#"{"d": [1, 2, "a", 3]}"#,
            &format!("- at '/d': max 2 {of} 3 items at 0 1 3\n"),
        );
    }

    #[test]
    fn names_that_are_too_many_are_listed() {
        check(
            r#"{"properties": {"d": {"additionalProperties": false}}}"#,
            r#"{"d": {"k": 1, "z": 2}}"#,
            "- at '/d': additional properties 'k', 'z' not allowed\n",
        );
        check(
            r#"{"properties": {"d": {"unevaluatedProperties": false}}}"#,
            r#"{"d": {"k": 1, "z": 2}}"#,
            "- at '/d/k': false schema\n- at '/d/z': false schema\n",
        );
        check(
            r#"{"properties": {"d": {"propertyNames": {"pattern": "^k"}}}}"#,
            r#"{"d": {"k": 1, "z": 2}}"#,
            "- at '': invalid propertyName 'z'\n  - at '': 'z' does not match pattern '^k'\n",
        );
    }

    #[test]
    fn what_is_missing_names_what_asks_for_it() {
        let expected = "- at '/d': properties 'x' required, if 'k' exists\n";
        check(
            r#"{"properties": {"d": {"dependentRequired": {"k": ["x"]}}}}"#,
            r#"{"d": {"k": 1}}"#,
            expected,
        );
        check(
            r#"{"properties": {"d": {"dependencies": {"k": {"required": ["w"]}}}}}"#,
            r#"{"d": {"k": 1}}"#,
            "- at '/d': missing property 'w'\n",
        );
        check(
            r#"{"properties": {"dependencies": {"required": ["x"]}}}"#,
            r#"{"dependencies": {}}"#,
            "- at '/dependencies': missing property 'x'\n",
        );
    }

    #[test]
    fn a_schema_with_faults_of_its_own_is_named() {
        let draft = r#""$schema": "http://json-schema.org/draft-07/schema#""#;
        let of = |schema: &str| format!("{{{draft}, \"properties\": {{\"a\": {schema}}}}}");
        let refused = |fault: &str| {
            format!(
                "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with \
                 'http://json-schema.org/draft-07/schema#'\n{fault}"
            )
        };
        check(
            &of(r#"{"minimum": "x"}"#),
            "{}",
            &refused("- at '/properties/a/minimum': got string, want number"),
        );
        check(
            &of(r#"{"pattern": "("}"#),
            "{}",
            &refused(
                "- at '/properties/a/pattern': '(' is not valid regex: error parsing regexp: missing closing ): `(`",
            ),
        );
        check(
            &of(r##"{"$ref": "#/nope"}"##),
            "{}",
            "json-pointer in \"file:///values.schema.json#/nope\" not found",
        );
    }
}
