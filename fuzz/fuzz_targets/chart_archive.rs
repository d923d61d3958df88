//! The archive loader, and the chart that comes out of it. The input is the tar stream; it is packed here, so that the
//! fuzzer need not learn checksums of gzip (an input that is packed already is taken as it is).
#![no_main]

use std::io::Write;
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};
use helm::{Capabilities, Chart, HelmVersion, Limits, Release, RenderOptions, StillWorld, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(chart) = Chart::load_archive(&packed(input)) else { return };
    let rendered = helm::render(
        &Arc::new(chart),
        &RenderOptions {
            release: Release::new("demo", "default"),
            values: &Table::default(),
            capabilities: &Capabilities::default(),
            version: HelmVersion::V4,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::new(200_000, 8 << 20),
        },
    );
    drop(rendered);
});

fn packed(input: &[u8]) -> Vec<u8> {
    if input.starts_with(&[0x1f, 0x8b]) {
        return input.to_vec();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(input).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
