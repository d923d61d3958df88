//! What templates print where Go's types show through, as Helm 4.2 prints it.

use std::sync::Arc;

use helm::{
    Capabilities, Chart, HelmVersion, KubeVersion, Limits, MemoryFiles, Release, RenderOptions, StillWorld,
    TextOptions, ValueSources,
};

const HEAD: &str = "---\n# Source: c/templates/t.yaml\nkind: T\n...\n";

fn render(template: &str, kube_version: &str, version: HelmVersion) -> Result<String, String> {
    let text = format!("kind: T\n...\n{template}");
    let files: MemoryFiles =
        [("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"), ("templates/t.yaml", text.as_str())]
            .into_iter()
            .collect();
    let chart = Arc::new(Chart::load(&files).expect("the chart loads"));
    let kube_version = KubeVersion::parse(kube_version).expect("it is a version");
    let rendered = helm::render(
        &chart,
        &RenderOptions {
            release: Release::new("demo", "default"),
            values: &helm::Table::default(),
            capabilities: &Capabilities::offline(version, Some(kube_version), []),
            version,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::default(),
        },
    );
    let text = rendered.and_then(|rendered| rendered.to_text(&TextOptions::default()));
    let text = text.map_err(|error| error.to_string())?;
    Ok(text.strip_prefix(HEAD).unwrap_or(&text).trim_end().to_owned())
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let found = render(template, "1.33.4", HelmVersion::V4);
    match found {
        Ok(text) => assert_eq!(text, expected, "{template}"),
        Err(error) => assert!(error.contains(expected), "{template}: {error}"),
    }
}

#[test]
fn a_version_has_its_own_text_only_where_go_finds_its_pointer() {
    check(
        "{{ .Capabilities.KubeVersion }}|{{ .Capabilities.KubeVersion | quote }}",
        "v1.33.4|\"{v1.33.4 v1.33.4 1 33}\"",
    );
    check(
        "{{ $v := .Capabilities.KubeVersion }}{{ $v }}|{{ print $v }}|{{ $v.GitVersion }}",
        "v1.33.4|{v1.33.4 v1.33.4 1 33}|v1.33.4",
    );
    check("{{ printf \"%d\" (semver \"1.2.3\") }}", "&{1 2 3 %!d(string=) %!d(string=) %!d(string=1.2.3)}");
    check("{{ (semver \"1.2-rc.1\").MarshalText }}", "[49 46 50 46 48 45 114 99 46 49]");
    check("{{ len (semver \"1.2.3\") }}", "error calling len: len of type semver.Version");
    check("{{ true | call }}", "error calling call: non-function <bool Value> of type bool");
}

#[test]
fn the_older_helm_forgets_what_comes_after_the_patch_number() {
    let template = "{{ .Capabilities.KubeVersion.Version }}|{{ print .Capabilities.KubeVersion }}";
    let found = |version| render(template, "1.33.4-gke.1", version);
    assert_eq!(found(HelmVersion::V3).as_deref(), Ok("v1.33.4|{v1.33.4 1 33}"));
    assert_eq!(found(HelmVersion::V4).as_deref(), Ok("v1.33.4-gke.1|{v1.33.4-gke.1 v1.33.4 1 33}"));
}

#[test]
fn encoders_see_nil_and_moments_as_gos_do() {
    check("{{ toYamlPretty .Chart.Annotations }}|{{ toYaml .Chart.Annotations }}", "{}|null");
    check("{{ toToml (dict \"n\" .Chart.Annotations \"a\" 1) }}", "a = 1");
    check("{{ toToml (dict \"a\" (list (dict \"b\" 1 \"c\" nil) 2)) }}", "a = [{b = 1, }, 2]");
    let moment = "{{ $t := toDate \"2006-01-02\" \"2023-05-06\" }}";
    check(
        &format!("{moment}{{{{ toYamlPretty $t }}}}|{{{{ toToml $t }}}}|{{{{ toYaml $t }}}}"),
        "2023-05-06T00:00:00Z|2023-05-06T00:00:00Z|\"2023-05-06T00:00:00Z\"",
    );
}

#[test]
fn bytes_that_are_no_text_are_escaped_or_written_in_base64() {
    check("{{ toJson (b64dec \"YWL/\") }}|{{ toYaml (b64dec \"YWL/\") }}", "\"ab\\ufffd\"|ab\u{fffd}");
    check("{{ toYamlPretty (dict \"a\" (b64dec \"/w==\")) }}", "a: !!binary /w==");
    check(
        "{{ toYamlPretty (dict \"a\" (repeat 53 (b64dec \"/w==\"))) }}",
        &format!("a: !!binary |\n  {}\n  8=", "/".repeat(70)),
    );
}

#[test]
fn what_has_no_encoding_is_nothing() {
    check("{{ toJson 1i }}|{{ toYaml 1i }}|", "||");
    check("{{ toToml (list) }}|{{ toToml (regexFindAll \"x\" \"a\" -1) }}", "[]|[]");
}

#[test]
fn copies_and_go_syntax_are_those_of_go() {
    check("{{ deepCopy (semver \"1.2.3\") }}", "0.0.0");
    check(
        "{{ printf \"%#v\" (toDate \"2006-01-02T15:04:05Z07:00\" \"2024-02-29T12:34:56Z\") }}",
        "time.Date(2024, time.February, 29, 12, 34, 56, 0, time.UTC)",
    );
}

#[test]
fn the_older_helm_lists_structs_in_its_chart() {
    let list = |version| {
        render("{{ kindOf .Chart.Dependencies }} {{ printf \"%T\" .Chart.Maintainers }}", "1.33.4", version)
    };
    assert_eq!(list(HelmVersion::V3).as_deref(), Ok("slice []*chart.Maintainer"));
    assert_eq!(list(HelmVersion::V4).as_deref(), Ok("slice []interface {}"));
}

#[test]
fn floats_in_toml_have_an_exponent_since_helm_4() {
    let found = |version| render("{{ toToml (dict \"a\" 1e21 \"b\" 0.5) }}", "1.33.4", version);
    assert_eq!(found(HelmVersion::V4).as_deref(), Ok("a = 1e+21\nb = 0.5"));
    assert_eq!(found(HelmVersion::V3).as_deref(), Ok("a = 1000000000000000000000.0\nb = 0.5"));
}

#[test]
fn mistakes_are_told_as_gos_readers_tell_them() {
    check(
        "{{ fromJson \"{\\\"a\\\": [1e999, 2]}\" | toJson }}",
        "{\"Error\":\"json: cannot unmarshal number 1e999 into Go value of type float64\",\"a\":[null,2]}",
    );
    check(
        "{{ fromJson \"1e999\" }}",
        "map[Error:json: cannot unmarshal number into Go value of type map[string]interface {}]",
    );

    check("{{ fromJson \"-\" }}", "map[Error:invalid character ' ' in numeric literal]");
    check("{{ fromJson \"[1e999, x\" }}", "map[Error:invalid character 'x' looking for beginning of value]");
    check(
        "{{ fromYaml (b64dec \"xQ==\") }}",
        "map[Error:error converting YAML to JSON: yaml: incomplete UTF-8 octet sequence]",
    );
    check("{{ chunk -3 (list) }}", "error calling chunk: runtime error: makeslice: len out of range");
}

#[test]
fn an_index_without_end_sets_nothing() {
    let set = ValueSources { set: vec!["a[".to_owned(), "b=1".to_owned()], ..ValueSources::default() };
    let values = set.merge(HelmVersion::V4, &|_| Err(String::new())).expect("Helm takes it for the end");
    assert_eq!(values.len(), 1);
}
