//! The public function cases: every one that needs no function of Helm's own must give Helm's text, or fail where
//! Helm fails.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use gotemplate::{
    Context, Element, FunctionSet, Limits, List, Map, MapType, MissingKey, Parsed, StillWorld, Str,
    TemplateSet, Value,
};
use serde_json::Value as Json;

const NAME: &str = "c/templates/t.yaml";

/// Helm's `.Values` has a named type.
static VALUES: MapType =
    MapType { go_type: "common.Values", element: Element::Any, named: true, methods: &[] };

/// What only Helm brings, and data that this test does not build.
const FOREIGN: &[&str] = &[
    "include",
    "tpl",
    "required",
    "lookup",
    "toYaml",
    "fromYaml",
    "toJson",
    "fromJson",
    "toToml",
    "fromToml",
    "toPrettyJson",
    "toRawJson",
    "mustToJson",
    "mustFromJson",
    "mustToRawJson",
    "mustToPrettyJson",
    "mustToYaml",
    "mustToToml",
    "fromYamlArray",
    "fromJsonArray",
    "toYamlPretty",
    ".Files",
    ".Capabilities",
    ".Subcharts",
    ".Chart",
    ".Template",
    "env ",
    "typeOf .",
    // Answers with the day on which the corpus was made.
    "htmlDate ",
];

#[test]
fn functions_give_what_helm_gives() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/helm/functions"));
    if !folder.exists() {
        assert!(std::env::var_os("CI").is_none(), "the corpus must be here in CI");
        println!("skipped: ../shared is not here");
        return;
    }
    let files = ["language", "printf", "functions-of-one", "functions-of-two", "dates", "regex", "semver"];
    let mut report = Report::default();
    for file in files {
        let text =
            std::fs::read_to_string(folder.join(format!("{file}.jsonl"))).expect("the corpus is readable");
        for line in text.lines() {
            report.case(&serde_json::from_str(line).expect("each line is JSON"));
        }
    }
    println!("{} cases, {} error texts differ", report.cases, report.texts_differ);
    assert!(report.failures.is_empty(), "{}", report.failures);
    assert!(report.cases > 2000, "only {} cases could be tried", report.cases);
}

#[derive(Default)]
struct Report {
    cases: usize,
    texts_differ: usize,
    failures: String,
}

impl Report {
    fn case(&mut self, case: &Json) {
        let text = |key: &str| case.get(key).and_then(Json::as_str);
        let Some(template) = text("template") else { return };
        if FOREIGN.iter().any(|foreign| template.contains(foreign)) || case.get("files").is_some() {
            return;
        }
        // Helm reads the text as YAML afterwards.
        if text("error").is_some_and(|error| error.starts_with("YAML parse error")) {
            return;
        }
        self.cases += 1;
        let rendered = render(template, text("values").unwrap_or("{}"));
        let id = text("id").unwrap_or("?");
        match (rendered, text("expected"), text("error")) {
            (Ok(rendered), Some(expected), _) if rendered == expected => {}
            (Err(error), None, Some(expected)) => {
                if !same_text(&error, expected) {
                    self.texts_differ += 1;
                    if std::env::var_os("SHOW_ERRORS").is_some() {
                        println!("{id} {template}\n  ours   {error}\n  helm's {expected}");
                    }
                }
            }
            (rendered, expected, error) => {
                let wanted = expected.map_or(error.map(Err), |text| Some(Ok(text)));
                let _ =
                    writeln!(self.failures, "{id} {template}\n  ours   {rendered:?}\n  helm's {wanted:?}");
            }
        }
    }
}

/// Whether Helm's error, which it lays out over lines, has our text in it.
fn same_text(ours: &str, helms: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ours = ours.strip_prefix("template: ").unwrap_or(ours);
    // `place: executing ...` becomes `place` and `executing ...` on lines of their own, `name:line: text` a parse
    // error at `(name:line): text`.
    let parse_error = ours.replacen(": ", "): ", 1);
    let helms = plain(helms);
    helms.contains(&plain(ours))
        || helms.contains(&plain(&ours.replacen(": ", " ", 1)))
        || helms.contains(&plain(&parse_error))
}

fn render(template: &str, values: &str) -> Result<String, String> {
    let values: Json = serde_json::from_str(values).expect("values are JSON");
    let release = BTreeMap::from([
        ("IsInstall", Value::Bool(true)),
        ("IsUpgrade", Value::Bool(false)),
        ("Name", Value::str("demo")),
        ("Namespace", Value::str("demo-ns")),
        ("Revision", Value::Int(1)),
        ("Service", Value::str("Helm")),
    ]);
    let release =
        Map::from_entries(release.into_iter().map(|(key, value)| (Str::from(key), value)).collect());
    let Value::Map(values) = value_of(&values) else { panic!("values are a map") };
    let data = Map::from_entries(vec![
        (Str::from("Values"), Value::Map(values.with_type(&VALUES))),
        (Str::from("Release"), Value::Map(release)),
    ]);
    let data = Value::Map(data.with_type(&VALUES));

    let parsed = Parsed::parse(NAME, template, &FunctionSet::sprig()).map_err(|error| error.to_string())?;
    let mut set = TemplateSet::new("gotpl");
    set.add(&parsed);
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(set), &world, &limits).with_missing_key(MissingKey::Zero);
    let text = context.execute(NAME, &data).map_err(|error| error.to_string())?;
    Ok(text.to_text().replace("<no value>", ""))
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Float(number.as_f64().expect("numbers are floats")),
        Json::String(text) => Value::str(text.as_str()),
        Json::Array(items) => Value::List(List::new(items.iter().map(value_of).collect())),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Str::from(key.as_str()), value_of(value)));
            Value::Map(Map::from_entries(entries.collect()))
        }
    }
}
