//! The evaluator with every function of Sprig and Helm: the first part of the input is a template, the rest (after a
//! zero byte) its values. Whatever it is, the render ends within its budget.
#![no_main]

use std::sync::Arc;

use helm::{Capabilities, Chart, HelmVersion, Limits, MemoryFiles, Release, RenderOptions, StillWorld, TextOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (template, values) = match input.iter().position(|byte| *byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &b"{a: {b: [1, two, 3.5, null]}, s: text, t: true}"[..]),
    };
    let Ok(values) = std::str::from_utf8(values).map_err(drop).and_then(|text| helm::read_values(text).map_err(drop))
    else {
        return;
    };
    let mut files = MemoryFiles::from_iter([("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n")]);
    files.insert("templates/t.yaml", template);
    let Ok(chart) = Chart::load(&files) else { return };
    let rendered = helm::render(
        &Arc::new(chart),
        &RenderOptions {
            release: Release::new("demo", "default"),
            values: &values,
            capabilities: &Capabilities::default(),
            version: HelmVersion::V4,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::new(200_000, 8 << 20),
        },
    );
    if let Ok(rendered) = rendered {
        let _ = rendered.to_text(&TextOptions::default());
    }
});
