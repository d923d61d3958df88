//! The YAML test suite through `fromYaml`, as Helm reads it: same values, same refusals, same words.

use std::path::Path;

use goyaml::{JsonLayout, Numbers, ReadOptions, go_json, to_json_with, to_yaml};

const CASES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/helm/functions/yaml-suite.jsonl");

#[test]
fn the_yaml_suite_reads_as_in_helm() {
    if !Path::new(CASES).exists() {
        assert!(std::env::var_os("CI").is_none(), "../shared is needed here");
        println!("skipped: ../shared is not here");
        return;
    }
    let cases = std::fs::read_to_string(CASES).unwrap();
    let wrong: Vec<_> = cases.lines().filter_map(mismatch).collect();
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What `{{ toJson $v }}|...|{{ toYaml $v }}` gives for `fromYaml`, where it differs.
fn mismatch(line: &str) -> Option<String> {
    let case: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = case["files"]["f.yaml"].as_str().unwrap();
    let expected = case["expected"].as_str().unwrap();
    let options = ReadOptions { numbers: Numbers::Float64, ..ReadOptions::default() };
    let value = match to_json_with(text, &options) {
        Ok(serde_json::Value::Null) => serde_json::json!({}),
        Ok(value @ serde_json::Value::Object(_)) => value,
        Ok(_) if expected.contains("json: cannot unmarshal") => return None,
        Ok(value) => return Some(format!("{}: read {value}, expected {expected}", case["id"])),
        Err(error) => serde_json::json!({ "Error": error.converting() }),
    };
    let json = go_json(&value, JsonLayout::COMPACT).unwrap();
    let yaml = to_yaml(&value).unwrap();
    let yaml = yaml.strip_suffix('\n').unwrap_or(&yaml);
    let same = expected.starts_with(&format!("{json}|")) && expected.ends_with(&format!("|{yaml}"));
    (!same).then(|| format!("{}: {json}|{yaml}\n  expected {expected}", case["id"]))
}
