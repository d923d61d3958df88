//! The YAML readers: any text ends in a value or an error, and what was read is the same after it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = goyaml::read_v2(text);
    let _ = goyaml::read_v3(text);
    for document in goyaml::documents(text).take(100) {
        let _ = document;
    }
    let Ok(value) = goyaml::to_json(text) else { return };
    let Ok(written) = goyaml::to_yaml(&value) else { return };
    let again = goyaml::to_json(&written).unwrap_or_else(|error| panic!("{error} in {written:?}"));
    assert_eq!(again, value, "through {written:?}");
});
