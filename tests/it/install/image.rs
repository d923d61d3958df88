//! The container image: put together without a daemon, and opened again as a container runtime does.

use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::deployment::project;
use super::pod::run;

/// An image in a layout folder.
pub struct Image {
    layout: PathBuf,
    manifest: Value,
    /// What it says of the container.
    pub config: Value,
}

impl Image {
    /// Puts the image of the program under test together in `folder`.
    pub fn build(folder: &Path) -> Self {
        let layout = folder.to_owned();
        let program = env!("CARGO_BIN_EXE_windlass");
        run(Command::new(project("scripts/image.sh")).args(["--program", program]).arg(&layout));
        let index = std::fs::read(layout.join("index.json")).expect("a layout has an index");
        let index: Value = serde_json::from_slice(&index).expect("the index is JSON");
        let all = json(&layout, &index["manifests"][0]);
        let manifest = json(&layout, &all["manifests"][0]);
        let config = json(&layout, &manifest["config"]);
        assert_eq!(all["manifests"][0]["platform"]["architecture"], config["architecture"]);
        Self { layout, manifest, config }
    }

    /// The program it starts.
    pub fn entrypoint(&self) -> Vec<String> {
        let words = self.config["config"]["Entrypoint"].as_array().expect("it has an entrypoint");
        words.iter().map(|word| word.as_str().expect("it is text").to_owned()).collect()
    }

    /// Unpacks its layers.
    pub fn unpack(&self, root: &Path) {
        std::fs::create_dir(root).expect("a folder can be made");
        let layers = self.manifest["layers"].as_array().expect("it has layers");
        let differences = self.config["rootfs"]["diff_ids"].as_array().expect("it has layers");
        assert_eq!(layers.len(), differences.len());
        for layer in layers {
            blob(&self.layout, layer);
            let place = place(&self.layout, layer);
            run(Command::new("tar").arg("-xzf").arg(place).args(["--same-owner", "-C"]).arg(root));
        }
    }
}

fn place(layout: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().expect("a descriptor has a digest");
    let (algorithm, hash) = digest.split_once(':').expect("a digest names its algorithm");
    layout.join("blobs").join(algorithm).join(hash)
}

/// What a descriptor leads to, which must be what it says.
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let content = std::fs::read(place(layout, descriptor)).expect("the layout holds what it names");
    assert_eq!(descriptor["size"], content.len());
    assert_eq!(descriptor["digest"], format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(&content))));
    content
}

fn json(layout: &Path, descriptor: &Value) -> Value {
    serde_json::from_slice(&blob(layout, descriptor)).expect("it is JSON")
}
