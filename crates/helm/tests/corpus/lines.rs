//! functions/*.jsonl: one case a line.

use std::path::Path;
use std::sync::Arc;

use helm::{Chart, MemoryFiles};
use serde_json::Value as Json;

use crate::cases::first_line;
use crate::compare::{Mask, compare};
use crate::refusals::error_fault;
use crate::support::{Job, Score, only};

const OPEN: &str = "@@B@@";
const CLOSE: &str = "@@E@@";

pub fn run(root: &Path) -> Score {
    let mut score = Score::default();
    let mut tables: Vec<_> = std::fs::read_dir(root)
        .expect("the tables are there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    tables.sort();
    let only = only();
    for table in tables.iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")) {
        for line in
            std::fs::read_to_string(table).expect("it is text").lines().filter(|line| !line.is_empty())
        {
            let case: Json = serde_json::from_str(line).expect("it is JSON");
            if case["id"].as_str().is_some_and(|id| id.starts_with(&only)) {
                one(&case, &mut score);
            }
        }
    }
    score
}

fn one(case: &Json, score: &mut Score) {
    let id = case["id"].as_str().unwrap_or_default();
    let files = files(case);
    let found = job(case).render(|| Chart::load(&files));
    if let Some(expected) = case["error"].as_str() {
        score.errors += 1;
        match found {
            Ok(_) => score.faults.push(format!("{id}  not refused, wanted {}", first_line(expected))),
            Err(error) => match error_fault(expected, &error) {
                None => score.right += 1,
                Some(fault) => score.faults.push(format!(
                    "{id}  {fault}: {} WANTED {}",
                    first_line(&error),
                    first_line(expected)
                )),
            },
        }
        return;
    }
    score.cases += 1;
    score.documents += 1;
    let wanted = case["expected"].as_str().unwrap_or_default();
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            score.faults.push(format!("{id}  refused: {}", first_line(&error)));
            return;
        }
    };
    let text = match case["template"].is_string() {
        true => between(&found).unwrap_or_default(),
        false => &found,
    };
    let fits = match case["pattern"].as_str() {
        Some(pattern) => {
            let pattern = regex::Regex::new(&format!("(?s)^(?:{pattern})$")).expect("the pattern is one");
            pattern.is_match(text)
        }
        None => text == wanted,
    };
    if fits {
        score.semantic += 1;
        score.order += 1;
        score.bytes += 1;
    } else if case["template"].is_string() {
        score.faults.push(format!("{id}  wanted {wanted:?} got {text:?}"));
    } else {
        let verdict = compare(wanted, text, &Mask::default());
        score.semantic += usize::from(verdict.semantic());
        score.order += usize::from(verdict.semantic());
        score.faults.push(format!("{id}  {verdict:?} wanted {wanted:?} got {text:?}"));
    }
}

fn between(text: &str) -> Option<&str> {
    let start = text.find(OPEN)? + OPEN.len();
    let end = text.rfind(CLOSE)?;
    text.get(start..end)
}

fn files(case: &Json) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for (path, text) in case["files"].as_object().into_iter().flatten() {
        match text {
            Json::String(text) => files.insert(path, text.as_bytes()),
            other => files.insert(path, hex(other["hex"].as_str().unwrap_or_default())),
        }
    }
    if let Some(template) = case["template"].as_str() {
        if case["files"]["Chart.yaml"].is_null() {
            files.insert(
                "Chart.yaml",
                b"apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: 1.2.3\n".as_slice(),
            );
        }
        let text = match case["error"].is_string() {
            true => template.to_owned(),
            false => format!("kind: T\n...\n{OPEN}{template}{CLOSE}"),
        };
        files.insert("templates/t.yaml", text.into_bytes());
    }
    files
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn job(case: &Json) -> Job {
    let list = |key: &str| -> Vec<String> {
        let items = case[key].as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let text = |key: &str, default: &str| case[key].as_str().unwrap_or(default).to_owned();
    let side = case["side"].as_object().into_iter().flatten();
    let mut job = Job {
        release: text("release", "demo"),
        namespace: text("namespace", "demo-ns"),
        kube_version: Some(text("kubeVersion", "1.33.4")),
        api_versions: list("apiVersions"),
        side: side.map(|(path, text)| (path.clone(), text.as_str().unwrap_or_default().to_owned())).collect(),
        include_crds: case["includeCrds"] == true,
        skip_tests: case["skipTests"] == true,
        skip_schema: case["skipSchema"] == true,
        ..Job::default()
    };
    if let Some(values) = case["values"].as_str().filter(|text| !text.is_empty()) {
        job.values.files.push(("values.yaml".to_owned(), Arc::from(values)));
    }
    job.values.set = list("set");
    job.values.set_string = list("setString");
    job.values.set_json = list("setJson");
    job.values.set_literal = list("setLiteral");
    job.values.set_file = list("setFile");
    job
}
