//! What the emitters write, byte for byte. The expectations come from Go's libraries.

use goyaml::{JsonLayout, Value, go_json, to_yaml, to_yaml_pretty};
use serde_json::json;

#[track_caller]
fn check(value: serde_json::Value, expected: &str) {
    assert_eq!(to_yaml(&value).unwrap(), format!("{expected}\n"));
}

#[test]
fn texts_are_quoted_where_they_would_change() {
    let typed =
        ["true", "123", "1e3", "0x1F", "~", "null", "yes", "on", "y", "n", "2024-01-01", "12:30:45", ""];
    for text in typed {
        check(json!(text), &format!("\"{text}\""));
    }
    for text in
        ["a: b", "# x", "- x", " x", "x ", "*x", "{a}", "@x", "!x", "%x", "?", "a #b", "---", "[", "'"]
    {
        check(json!(text), &format!("'{}'", text.replace('\'', "''")));
    }
    for text in ["<<", "=", "1.2.3", "it's", "a\"b", "a:b", "a#b", "-a", "\u{fffd}", "é", "日本", "a, [b]"]
    {
        check(json!(text), text);
    }
    check(json!("a\tb"), r#""a\tb""#);
    check(json!("😀\u{7}\u{a0}"), "\"\\U0001F600\\a\u{a0}\"");
}

#[test]
fn lines_fold_at_eighty() {
    let words = "word ".repeat(20);
    let (line, rest) = ("word ".repeat(16) + "word", "word word word");
    check(json!(words.trim_end()), &format!("{line}\n  {rest}"));
    check(json!("x".repeat(200)), &"x".repeat(200));
    check(
        json!({ "k": "a: ".to_owned() + &words + "x" }),
        &format!("k: 'a: {}word\n  {}x'", "word ".repeat(14), "word ".repeat(5)),
    );
}

#[test]
fn texts_of_several_lines_are_literal() {
    check(json!({"a": "x\ny\n", "b": "x\ny", "c": "x\n\n"}), "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n");
    check(json!([" x\ny", "\nx"]), "- |2-\n   x\n  y\n- |2-\n\n  x");
    check(json!("x \ny"), r#""x \ny""#);
}

#[test]
fn collections() {
    check(json!({"a": [1, {"b": [], "c": {}}, [2, [3]]]}), "a:\n- 1\n- b: []\n  c: {}\n- - 2\n  - - 3");
    check(json!({"y": 1, "a\nb": 2}), "? |-\n  a\n  b\n: 2\n\"y\": 1");
    check(json!({ "k".repeat(129): 1 }), &format!("? {}\n: 1", "k".repeat(129)));
    check(json!({ "k".repeat(128): 1 }), &format!("{}: 1", "k".repeat(128)));
}

#[test]
fn keys_stand_in_natural_order() {
    let map =
        json!({"b": 0, "a10": 0, "a2": 0, "a_b": 0, "a.b": 0, "a-b": 0, "B": 0, "10": 0, "2": 0, "1": 0});
    check(map, "\"1\": 0\n\"2\": 0\n\"10\": 0\nB: 0\na-b: 0\na.b: 0\na_b: 0\na2: 0\na10: 0\nb: 0");
}

#[test]
fn numbers_take_the_way_through_json() {
    let numbers = json!([1e6, 3e10, 1e20, 1e21, 1e-7, 100_000_000.5, 1.0, u64::MAX, -0.0]);
    let expected = "- 1000000\n- 30000000000\n- 1e+20\n- 1e+21\n- 1e-07\n- 1.000000005e+08\n- 1\n- \
                    18446744073709551615\n- 0";
    check(numbers, expected);
    assert!(to_yaml(&Value::Float(f64::NAN)).is_err());
}

#[test]
fn json_read_as_yaml_changes_some_texts() {
    check(json!("a\u{85}b"), "a b");
    check(json!("\u{feff}ab"), r#""\uFEFF\x61\x62""#);
    let refused = to_yaml(&json!(["\u{7f}"])).unwrap_err();
    assert_eq!(refused.to_string(), "yaml: control characters are not allowed");
    let refused = to_yaml(&json!({ "k".repeat(2000): 1 })).unwrap_err();
    assert_eq!(refused.to_string(), "yaml: did not find expected ',' or '}'");
}

#[test]
fn pretty_yaml_indents_lists() {
    let value = json!({"a": [{"b": [1], "c": "x\ny"}], "n": 1e6, "y": "on", "t": "a\tb"});
    let expected =
        "a:\n  - b:\n      - 1\n    c: |-\n      x\n      y\n\"n\": 1e+06\nt: \"a\\tb\"\n\"y\": \"on\"\n";
    assert_eq!(to_yaml_pretty(&value).unwrap(), expected);
    let words = "word ".repeat(30) + "x";
    assert_eq!(to_yaml_pretty(&json!(words)).unwrap(), format!("{words}\n"));
}

#[test]
fn json_as_go_writes_it() {
    let value = json!({"b": ["<&>", "\u{2028}\u{7}\u{8}"], "a10": 1e21, "a2": 1e-7, "c": {}, "d": 1e20});
    assert_eq!(
        go_json(&value, JsonLayout::COMPACT).unwrap(),
        r#"{"a10":1e+21,"a2":1e-7,"b":["\u003c\u0026\u003e","\u2028\u0007\b"],"c":{},"d":100000000000000000000}"#
    );
    let pretty = "{\n  \"a\": [\n    \"<\"\n  ],\n  \"b\": []\n}".replace('<', "\\u003c");
    assert_eq!(go_json(&json!({"b": [], "a": ["<"]}), JsonLayout::PRETTY).unwrap(), pretty);
    assert_eq!(go_json(&json!("<&>"), JsonLayout::RAW).unwrap(), "\"<&>\"");
}

#[test]
fn floats_as_go_prints_them() {
    let cases =
        [(8080.0, "8080"), (1e6, "1e+06"), (123_456.0, "123456"), (0.0001, "0.0001"), (0.00001, "1e-05")];
    for (number, expected) in cases {
        assert_eq!(goyaml::shortest_float(number), expected);
    }
    assert_eq!(goyaml::json_float(1e20), "100000000000000000000");
    assert_eq!(goyaml::json_float(-1e-6), "-0.000001");
}
