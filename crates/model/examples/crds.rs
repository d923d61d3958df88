//! Writes the CustomResourceDefinitions: `cargo run -p model --example crds -- FOLDER`, one file for each kind.

use std::error::Error;
use std::path::PathBuf;

use model::crd::{KINDS, definition};

const HEADER: &str = "# Made by scripts/manifests.sh from the types in crates/model: do not edit.\n";

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("the folder to write to is missing")?.into();
    for kind in &KINDS {
        let yaml = goyaml::to_yaml(&definition(kind))?;
        std::fs::write(folder.join(format!("{}.yaml", kind.plural)), format!("{HEADER}{yaml}"))?;
    }
    Ok(())
}
