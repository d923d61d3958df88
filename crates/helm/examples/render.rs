//! Renders a chart folder: `cargo run --example render -- CHART [VALUES FILE]...`

use std::path::PathBuf;
use std::sync::Arc;

use helm::{
    Capabilities, Chart, HelmVersion, Limits, MemoryFiles, Release, RenderOptions, StillWorld, TextOptions,
    ValueSources,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("name a chart folder")?);
    let mut files = MemoryFiles::default();
    collect(&folder, "", &mut files)?;
    let chart = Arc::new(Chart::load(&files)?);

    let mut sources = ValueSources::default();
    for name in args {
        let text = std::fs::read_to_string(&name)?;
        sources.files.push((name, Arc::from(text)));
    }
    let values = sources.merge(HelmVersion::V4, &|name| Err(format!("{name} is not read")))?;

    let rendered = helm::render(
        &chart,
        &RenderOptions {
            release: Release::new("demo", "default"),
            values: &values,
            capabilities: &Capabilities::default(),
            version: HelmVersion::V4,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::default(),
        },
    )?;
    print!("{}", rendered.to_text(&TextOptions::default())?);
    Ok(())
}

/// Takes the files of a folder up, by their paths below it.
fn collect(folder: &std::path::Path, below: &str, files: &mut MemoryFiles) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => collect(&entry.path(), &format!("{path}/"), files)?,
            false => files.insert(path, std::fs::read(entry.path())?),
        }
    }
    Ok(())
}
