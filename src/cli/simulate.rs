//! `windlass simulate`: the walk of an update, step by step, without a cluster.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use model::Object;
use rollout::simulate::{Readings, Row, Wishes, story};

/// `windlass simulate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file may hold Services, AnalysisTemplates and the objects of a router beside the Rollout; \
what it lacks is taken for granted. Pauses that wait for a human are approved as soon as they are reached, and \
analyses succeed unless --fail-at or --metric says otherwise. A value of --metric is a number, NaN, a text, empty \
(an answer without a value) or error (no answer); Prometheus answers with a list, as it does in earnest.

Examples:
  windlass simulate rollout.yaml
  windlass simulate rollout.yaml --replicas 20 --fail-at 3
  windlass simulate rollout.yaml --metric error-rate=0.01,0.02,0.4"
)]
pub struct SimulateArgs {
    /// File with the Rollout, as YAML or JSON.
    file: PathBuf,

    /// Pods, instead of the Rollout's own number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    replicas: Option<i32>,

    /// Step at which the new version turns out to be bad (the first is 0).
    #[arg(long, value_name = "STEP")]
    fail_at: Option<usize>,

    /// What is measured of a metric, in turn; the last value is repeated. May be given several times.
    #[arg(long = "metric", value_name = "NAME=V1,V2,...")]
    metrics: Vec<Readings>,

    /// Seconds until a pod is available.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pods_after: u64,
}

/// Prints the walk as a table.
pub fn run(args: &SimulateArgs) -> ExitCode {
    let wishes = Wishes {
        replicas: args.replicas,
        fail_at: args.fail_at,
        readings: args.metrics.clone(),
        pods_after: Duration::from_secs(args.pods_after),
        most: Duration::from_hours(24),
    };
    let rows =
        read(&args.file).and_then(|objects| story(objects, &wishes).map_err(|error| with_causes(&error)));
    match rows {
        Ok(rows) => {
            print!("{}", table(&rows));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("Error: {}: {why}", args.file.display());
            ExitCode::FAILURE
        }
    }
}

fn read(file: &Path) -> Result<Vec<Object>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut objects = Vec::new();
    for document in goyaml::documents(&text) {
        let document = document.map_err(|error| error.to_string())?;
        let value =
            goyaml::to_json(document.text).map_err(|error| format!("line {}: {error}", document.line))?;
        if !value.is_null() {
            objects.push(Object::manifest(value).map_err(|error| error.to_string())?);
        }
    }
    Ok(objects)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The rows below their heads; stable and canary are pods by spec, and available ones in brackets.
fn table(rows: &[Row]) -> String {
    let mut lines: Vec<[String; 7]> =
        vec![["TIME", "STEP", "WEIGHT", "STABLE", "CANARY", "PHASE", "WAITS FOR"].map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: [usize; 6] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let line = |cells: &[String; 7]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let mut text: Vec<String> = padded.collect();
        text.push(cells[6].clone());
        text.join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

fn cells(row: &Row) -> [String; 7] {
    let Row { seconds, step, weight, stable, canary, others, phase, waits } = row;
    let step = step.map_or_else(|| "-".to_owned(), |(index, count)| format!("{index}/{count}"));
    let mut old = format!("{}({})", stable.0, stable.1);
    if *others > 0 {
        old = format!("{old} +{others} old");
    }
    [
        format!("{:02}:{:02}", seconds / 60, seconds % 60),
        step,
        format!("{} of {}", weight.1, weight.0),
        old,
        format!("{}({})", canary.0, canary.1),
        phase.clone(),
        waits.clone(),
    ]
}
