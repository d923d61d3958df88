//! How long a render takes: `cargo bench --profile release -p helm --bench render -- CHART...` prints, for each chart
//! folder, the microseconds of a cold render (its files read, parsed and rendered) and of a warm one (the chart is
//! loaded; the values are others than before). `benches/helm-peer` prints the same of Helm's own engine.
#![expect(clippy::disallowed_methods, reason = "a bench reads files and the clock")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use helm::{
    Capabilities, Chart, ChartFiles, FileError, FolderEntry, HelmVersion, KubeVersion, Limits, Release,
    RenderOptions, StillWorld, Table, TextOptions,
};

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_millis(1500);

fn main() {
    let charts: Vec<PathBuf> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).map(PathBuf::from).collect();
    if charts.is_empty() {
        println!("name chart folders: cargo bench --profile release -p helm --bench render -- CHART...");
    }
    for path in charts {
        let cold = best(|_| render(&Arc::new(load(&path)), &Table::default()));
        let chart = Arc::new(load(&path));
        let others =
            ["one", "two"].map(|text| helm::read_values(&format!("bench: {text}")).expect("it is YAML"));
        let warm = best(|turn| render(&chart, &others[turn % 2]));
        println!("{}\t{:.0}\t{:.0}", path.display(), micros(cold), micros(warm));
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median of a second and a half of turns, and of ten at least.
fn best(mut turn: impl FnMut(usize)) -> Duration {
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < MEASURED || times.len() < 10 {
        let before = Instant::now();
        turn(times.len());
        times.push(before.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn load(path: &Path) -> Chart {
    Chart::load(&Folder(path.to_owned())).expect("the chart loads")
}

fn render(chart: &Arc<Chart>, values: &Table) {
    let kube_version = KubeVersion::parse("1.33.4").expect("it is a version");
    let rendered = helm::render(
        chart,
        &RenderOptions {
            release: Release::new("demo", "default"),
            values,
            capabilities: &Capabilities::offline(HelmVersion::V4, Some(kube_version), []),
            version: HelmVersion::V4,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::default(),
        },
    );
    let rendered = rendered.expect("the chart renders with its own values");
    black_box(rendered.to_text(&TextOptions::default()).expect("it has a text"));
}

/// A chart folder on disk.
struct Folder(PathBuf);

impl ChartFiles for Folder {
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let refuse = |error: std::io::Error| FileError { path: folder.to_owned(), why: error.to_string() };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.0.join(folder)).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let folder = entry.file_type().map_err(refuse)?.is_dir();
            entries.push(FolderEntry { name: entry.file_name().to_string_lossy().into_owned(), folder });
        }
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FileError> {
        let data = std::fs::read(self.0.join(path));
        data.map(Into::into).map_err(|error| FileError { path: path.to_owned(), why: error.to_string() })
    }
}
