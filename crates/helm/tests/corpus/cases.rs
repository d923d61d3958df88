//! cases/NNN: charts people use.

use std::path::Path;
use std::sync::Arc;

use helm::HelmVersion;
use serde_json::Value as Json;

use crate::compare::{Mask, compare};
use crate::refusals::error_fault;
use crate::support::{Job, Score, load, only};

pub fn run(root: &Path, version: HelmVersion) -> Score {
    let mut score = Score::default();
    let mut names: Vec<String> = std::fs::read_dir(root.join("cases"))
        .expect("the cases are there")
        .map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let only = only();
    for name in names.iter().filter(|name| name.starts_with(&only)) {
        one(root, name, version, &mut score);
    }
    score
}

fn one(root: &Path, name: &str, version: HelmVersion, score: &mut Score) {
    let folder = root.join("cases").join(name);
    let case =
        goyaml::to_json(&read(&folder.join("case.yaml")).expect("there is a case")).expect("it is YAML");
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let job = job(root, name, &case, version);
    let found = job.render(|| load(&root.join(text("chart").expect("it names a chart"))));
    if case["exitCode"] == 1 {
        if version == HelmVersion::V3 {
            return;
        }
        score.errors += 1;
        let expected = read(&folder.join("expected.error")).unwrap_or_default();
        match &found {
            Ok(_) => score.faults.push(format!("{name}  not refused")),
            Err(error) => match error_fault(&expected, error) {
                None => score.right += 1,
                Some(fault) => score.faults.push(format!("{name}  {fault}: {}", first_line(error))),
            },
        }
        return;
    }
    let v3 = version == HelmVersion::V3 && read(&folder.join("expected.v3.yaml")).is_some();
    let (expected, mask) =
        if v3 { ("expected.v3.yaml", "mask.v3.json") } else { ("expected.yaml", "mask.json") };
    let expected = read(&folder.join(expected)).expect("there is something to expect");
    let mask = read(&folder.join(mask)).map(|text| Mask::parse(&text)).unwrap_or_default();
    score.cases += 1;
    if let Some(out) = std::env::var_os("OUT") {
        let out = Path::new(&out);
        std::fs::write(out.join(format!("{name}.want")), &expected).expect("OUT is writable");
        std::fs::write(out.join(format!("{name}.got")), found.as_ref().unwrap_or_else(|e| e))
            .expect("writable");
    }
    match found {
        Ok(found) => compare(&expected, &found, &mask).count(name, score),
        Err(error) => score.faults.push(format!("{name}  refused: {}", first_line(&error))),
    }
}

fn job(root: &Path, name: &str, case: &Json, version: HelmVersion) -> Job {
    let list = |key: &str| -> Vec<String> {
        let items = case[key].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
    };
    let api_versions =
        case["apiVersions"].as_str().and_then(|file| read(&root.join(file))).unwrap_or_default();
    let set_file = list("setFile");
    let side = set_file.iter().flat_map(|text| text.split(',')).filter_map(|part| {
        let path = part.split_once('=')?.1;
        Some((path.to_owned(), read(&root.join(path))?))
    });
    let mut job = Job {
        release: case["release"].as_str().unwrap_or_default().to_owned(),
        namespace: case["namespace"].as_str().unwrap_or_default().to_owned(),
        kube_version: case["kubeVersion"].as_str().map(str::to_owned),
        api_versions: api_versions
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect(),
        side: side.collect(),
        include_crds: case["includeCrds"] == true,
        skip_tests: case["skipTests"] == true,
        skip_schema: case["skipSchema"] == true,
        version,
        ..Job::default()
    };
    for file in list("values") {
        let path = format!("cases/{name}/{file}");
        let text = read(&root.join(&path)).expect("the values file is there");
        job.values.files.push((path, Arc::from(text)));
    }
    job.values.set = list("set");
    job.values.set_string = list("setString");
    job.values.set_json = list("setJson");
    job.values.set_literal = list("setLiteral");
    job.values.set_file = set_file;
    job
}

/// A text, packed or not.
fn read(path: &Path) -> Option<String> {
    if let Ok(data) = std::fs::read(path) {
        return Some(String::from_utf8_lossy(&data).into_owned());
    }
    let packed =
        std::fs::read(path.with_file_name(format!("{}.gz", path.file_name()?.to_string_lossy()))).ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut text).ok()?;
    Some(text)
}

pub fn first_line(text: &str) -> String {
    text.trim().lines().take(3).collect::<Vec<_>>().join(" / ").chars().take(260).collect()
}
