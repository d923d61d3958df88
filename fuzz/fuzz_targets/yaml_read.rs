//! The YAML readers: any text ends in a value or an error, and what was read is the same after it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// Whether a key or a text holds a line break that JSON does not know, or a byte order mark.
fn text_has_break(value: &serde_json::Value) -> bool {
    let breaks = |text: &str| text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']);
    match value {
        serde_json::Value::String(text) => breaks(text),
        serde_json::Value::Array(items) => items.iter().any(text_has_break),
        serde_json::Value::Object(entries) => {
            entries.iter().any(|(key, value)| breaks(key) || text_has_break(value))
        }
        _ => false,
    }
}

fuzz_target!(|text: &str| {
    let _ = goyaml::read_v2(text);
    let _ = goyaml::read_v3(text);
    for document in goyaml::documents(text).take(100) {
        let _ = document;
    }
    let Ok(value) = goyaml::to_json(text) else { return };
    let Ok(written) = goyaml::to_yaml(&value) else { return };
    // What JSON takes for text and YAML for a line break becomes a blank on the way, in Go as well.
    if text_has_break(&value) {
        return;
    }
    let again = goyaml::to_json(&written).unwrap_or_else(|error| panic!("{error} in {written:?}"));
    assert_eq!(again, value, "through {written:?}");
});
