//! `windlass health`: the verdict on each object of some files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use model::Object;
use model::settings::Settings;
use serde_json::{Value, json};
use sync::health::{Health, Scripts, assess};

use super::files::objects;

/// `windlass health`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass health deployment.yaml
  kubectl get deployments -o yaml > live.yaml && windlass health live.yaml -o json")]
pub struct HealthArgs {
    /// Files with live objects, as YAML or JSON.
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// How the verdicts are written.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// A line for each object.
    Text,
    /// A list of objects.
    Json,
}

/// Prints the verdicts; fails where a file could not be read, after all the others.
pub fn run(args: &HealthArgs) -> ExitCode {
    let (scripts, _) = Scripts::compile(&Settings::default());
    let mut rows = Vec::new();
    let mut failed = false;
    for file in &args.files {
        let (objects, problems) = objects(file);
        rows.extend(objects.iter().map(|object| row(file, object, assess(object, &scripts))));
        failed |= !problems.is_empty();
        problems.iter().for_each(|problem| super::output::print_error(problem));
    }
    let text = match args.output {
        Output::Json => format!("{}\n", Value::Array(rows)),
        Output::Text => rows.iter().map(line).collect(),
    };
    let code = super::printed(&text);
    if failed { ExitCode::FAILURE } else { code }
}

fn row(file: &Path, object: &Object, health: Option<Health>) -> Value {
    let (status, message) =
        health.map_or(("", String::new()), |health| (health.code.as_str(), health.message));
    json!({
        "file": file.display().to_string(), "apiVersion": object.api_version(), "kind": object.kind(),
        "namespace": object.namespace(), "name": object.name(), "status": status, "message": message,
    })
}

/// One verdict as a line: foreign texts break neither the line nor the terminal.
fn line(row: &Value) -> String {
    let text = |field: &str| row[field].as_str().unwrap_or_default().replace(char::is_control, " ");
    let place = [text("namespace"), text("name")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    let status = if text("status").is_empty() { "-".to_owned() } else { text("status") };
    let line = format!("{} {place} {status} {}", text("kind"), text("message"));
    format!("{}\n", line.trim_end())
}
