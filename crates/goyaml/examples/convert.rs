//! Reads YAML as Kubernetes tools do and writes it back as they do: `cargo run --example convert < values.yaml`.
//! With `--json`, writes JSON.

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let value = goyaml::to_json(&text)?;
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", goyaml::go_json(&value, goyaml::JsonLayout::PRETTY)?);
    } else {
        print!("{}", goyaml::to_yaml(&value)?);
    }
    Ok(())
}
