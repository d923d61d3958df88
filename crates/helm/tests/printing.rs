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
            capabilities: &Capabilities::offline(Some(kube_version), []),
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
fn mistakes_are_told_as_gos_readers_tell_them() {
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
