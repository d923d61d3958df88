//! What the readers make of texts, and how they word their refusals. The expectations come from Go's libraries.

use goyaml::{Duplicates, JsonLayout, ReadOptions, go_json};

/// Reads by v2 through JSON and compares the JSON, or the error.
#[track_caller]
fn check(text: &str, expected: &str) {
    let read = goyaml::to_json(text).map(|value| go_json(&value, JsonLayout::RAW).unwrap());
    assert_eq!(read.unwrap_or_else(|error| error.to_string()), expected, "{text:?}");
}

#[track_caller]
fn check_v3(text: &str, expected: &str) {
    let read = goyaml::read_v3(text).map(|value| go_json(&value, JsonLayout::RAW).unwrap());
    assert_eq!(read.unwrap_or_else(|error| error.to_string()), expected, "{text:?}");
}

#[test]
fn scalars_of_yaml_1_1() {
    check("[y, Yes, on, n, No, OFF, true, False]", "[true,true,true,false,false,false,true,false]");
    check("[~, null, Null, NULL]", "[null,null,null,null]");
    check("[0777, 0o777, 0b11, 0x1F, 1_000, 08, +1, -0x1F]", "[511,511,3,31,1000,8,1,-31]");
    check("[1e3, .5, 1., 1.5e-7, 0.1e1]", "[1000,0.5,1,1.5e-7,1]");
    check("[12:30:45, 2001-01-01, 1.2.3, 0xZ, 1e400]", r#"["12:30:45","2001-01-01","1.2.3","0xZ","1e400"]"#);
    check("[9223372036854775807, 18446744073709551615]", "[9223372036854775807,18446744073709551615]");
    check("18446744073709551616", "18446744073709552000");
    check("[.51_000, 0b-1, 1__0, _1]", r#"[0.51,-1,10,"_1"]"#);
}

#[test]
fn tags() {
    check("[!!str 1, !!int '1', !!float 1, ! 1, !foo 1, !!binary YWJj]", r#"["1",1,1,"1","1","abc"]"#);
    check("!!int x", "yaml: cannot decode !!str `x` as a !!int");
    check("!!binary x", "yaml: !!binary value contains invalid base64 data");
    check("!e!x 1", "yaml: found undefined tag handle");
    check("%TAG !e! tag:yaml.org,2002:\n--- !e!str 1", "\"1\"");
}

#[test]
fn keys_become_text() {
    check(
        "{1: a, yes: b, 1.5: c, 0x10: d, 1e20: e}",
        r#"{"1":"a","1.5":"c","16":"d","1e+20":"e","true":"b"}"#,
    );
    check("~: 1", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1");
    check("{? {b: 1} : 2}", "yaml: invalid map key: map[interface {}]interface {}{\"b\":1}");
    check("a: {{ x }}", "yaml: invalid map key: map[interface {}]interface {}{\"x\":interface {}(nil)}");
}

#[test]
fn numbers_json_lacks() {
    check("a: .inf", "json: unsupported value: +Inf");
    check("[.nan]", "json: unsupported value: NaN");
    check("a: .inf\na: 1", r#"{"a":1}"#);
}

#[test]
fn anchors_and_merges() {
    check("a: &x {p: 1, q: 2}\nb: *x", r#"{"a":{"p":1,"q":2},"b":{"p":1,"q":2}}"#);
    check("a: &x {p: 1}\nb: {p: 0, <<: *x, q: 2}", r#"{"a":{"p":1},"b":{"p":1,"q":2}}"#);
    check("a: &x {p: 1}\nb: {<<: *x, p: 0}", r#"{"a":{"p":1},"b":{"p":0}}"#);
    check("b: {<<: [{p: 1}, {p: 2, q: 3}]}", r#"{"b":{"p":1,"q":3}}"#);
    check("a: &k key\n*k : 1", r#"{"a":"key","key":1}"#);
    check("{<<: 1}", "yaml: map merge requires map or sequence of maps as the value");
    check("*x", "yaml: unknown anchor 'x' referenced");
    check("&x [*x]", "yaml: anchor 'x' value contains itself");
    check_v3("a: &x {p: 1}\nb: {p: 0, <<: *x, q: 2}", r#"{"a":{"p":1},"b":{"p":0,"q":2}}"#);
    check_v3("b: {<<: [{p: 1}, {p: 2, q: 3}]}", r#"{"b":{"p":1,"q":3}}"#);
}

#[test]
fn faults_of_syntax() {
    check("this\n is\n  invalid: x", "yaml: line 3: mapping values are not allowed in this context");
    check("foo:\n  bar\ninvalid\n", "yaml: line 4: could not find expected ':'");
    check("a: 'b", "yaml: found unexpected end of stream");
    check("a:\n\tb: 1", "yaml: line 2: found character that cannot start any token");
    check("a: [1, 2", "yaml: line 1: did not find expected ',' or ']'");
    check("a: @x", "yaml: found character that cannot start any token");
    check(r#""\/""#, "yaml: found unknown escape character");
    check("%YAML 1.2\n--- a", "yaml: found incompatible YAML document");
    check("a: \x07", "yaml: control characters are not allowed");
    check("- a\nb: c", "yaml: line 1: did not find expected '-' indicator");
    check("x: 1\n{", "yaml: line 3: could not find expected ':'");
    check_v3("foo:\n  bar\ninvalid\n", "yaml: line 3: could not find expected ':'");
    // A fault of syntax further on comes before one of decoding.
    check("a: !!int x\nb: 'c", "yaml: line 2: found unexpected end of stream");
}

#[test]
fn faults_have_a_place() {
    let error = goyaml::to_json("a: 1\nb: c: d").unwrap_err();
    assert_eq!((error.line, error.column), (Some(2), Some(5)));
    assert_eq!(
        error.converting(),
        "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context"
    );
}

#[test]
fn only_the_first_document_counts() {
    check("a: 1\n---\n[", r#"{"a":1}"#);
    check("--- a\n...\nb: [", "\"a\"");
    check("", "null");
    check("# nothing\n", "null");
    check("\u{feff}a: 1", r#"{"a":1}"#);
}

#[test]
fn scalars_fold() {
    check("a: b\n  c\n\n  d", r#"{"a":"b c\nd"}"#);
    check("a: \"b\\\n  c\n  d\"", r#"{"a":"bc d"}"#);
    check("a: 'it''s\n\n b'", r#"{"a":"it's\nb"}"#);
    check("a: >-\n  b\n  c\n\n   d\n  e\n", r#"{"a":"b c\n\n d\ne"}"#);
    check("a: |+\n  b\n\nc: |2-\n    d\n", r#"{"a":"b\n\n","c":"  d"}"#);
}

#[test]
fn strict_reading_tells_all_duplicates() {
    let options = ReadOptions { duplicates: Duplicates::Refused, ..ReadOptions::default() };
    let error = goyaml::to_json_with("a: 1\na: 2\nb: {1: x, 1: y}", &options).unwrap_err();
    let expected =
        "yaml: unmarshal errors:\n  line 2: key \"a\" already set in map\n  line 3: key 1 already set in map";
    assert_eq!((error.to_string().as_str(), error.line), (expected, Some(2)));
    check("a: 1\na: 2", r#"{"a":2}"#);
    check_v3("a: 1\na: 2", "yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 1");
}

#[test]
fn scalars_of_v3() {
    check_v3("[yes, on, 0777, 012, 0o17, 0x3, 1_000]", r#"["yes","on",511,10,15,3,1000]"#);
    check_v3("[2024-01-01, 2024-1-1 1:2:3]", r#"["2024-01-01T00:00:00Z","2024-01-01T01:02:03Z"]"#);
    check_v3("2001-12-14t21:59:43.10-05:00", r#""2001-12-14T21:59:43.1-05:00""#);
    check_v3("2024-02-30", r#""2024-02-30""#);
}

#[test]
fn streams_are_cut_at_separators() {
    let stream = "---\na: 1\n--- # two\nb: |\n  ---\n---\n---   \nc: 3";
    let found: Vec<_> =
        goyaml::documents(stream).map(|document| document.map(|found| (found.line, found.text))).collect();
    let expected = [Ok((1, "---\na: 1\n")), Ok((4, "b: |\n  ---\n")), Ok((7, "---   \nc: 3"))];
    assert_eq!(found, expected);
    let error = goyaml::documents("a: 1\n--- b: 2\n").next().unwrap().unwrap_err();
    assert_eq!((error.to_string().as_str(), error.line), ("invalid Yaml document separator: b: 2", Some(2)));
    assert_eq!(goyaml::documents("").count(), 0);
}
