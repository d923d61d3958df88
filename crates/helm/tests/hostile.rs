//! Charts that mean harm end in a named error, soon and without bringing the process down (rule R3).

use std::sync::Arc;

use helm::{
    Capabilities, Chart, HelmVersion, Limits, MemoryFiles, Release, RenderOptions, StillWorld, TextOptions,
    ValueSources,
};

/// Renders a chart of one template (and more files) under a small budget.
fn render(template: &str, more: &[(&str, &str)], values: &str) -> Result<String, String> {
    let mut files: MemoryFiles =
        [("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"), ("templates/t.yaml", template)]
            .into_iter()
            .collect();
    for (path, text) in more {
        files.insert(*path, text.as_bytes());
    }
    let chart = Arc::new(Chart::load(&files).map_err(|error| error.to_string())?);
    let values = helm::read_values(values).map_err(|error| error.to_string())?;
    let rendered = helm::render(
        &chart,
        &RenderOptions {
            release: Release::new("demo", "default"),
            values: &values,
            capabilities: &Capabilities::default(),
            version: HelmVersion::V4,
            skip_schema_validation: false,
            world: &StillWorld::default(),
            budget: &Limits::new(2_000_000, 64 << 20),
        },
    );
    rendered.and_then(|rendered| rendered.to_text(&TextOptions::default())).map_err(|error| error.to_string())
}

#[track_caller]
fn check(template: &str, values: &str, expected: &str) {
    let error = render(template, &[], values).expect_err("it is refused");
    assert!(error.contains(expected), "{}", &error[..error.len().min(600)]);
}

#[test]
fn endless_templates_end() {
    check(
        "{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}",
        "",
        "nested reference name: r",
    );
    check("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", "", "");
    check("{{ tpl .Values.t . }}", "t: '{{ tpl .Values.t . }}'", "");
    check("{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}", "", "budget spent");
    check("{{ range $i := until 1000000000 }}x{{ end }}", "", "budget spent");
    check("{{ repeat 1000000000 \"x\" }}", "", "budget spent");
    check("{{ $s := \"x\" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}", "", "budget spent");
}

#[test]
fn values_that_hold_themselves_end() {
    let cyclic = "{{ $_ := set .Values \"me\" .Values }}";
    for encoder in ["toYaml", "toJson", "toYamlPretty", "toPrettyJson"] {
        let text = render(&format!("{cyclic}a: {{{{ {encoder} .Values | quote }}}}"), &[], "");
        assert_eq!(text.as_deref(), Ok("---\n# Source: c/templates/t.yaml\na: \"\"\n"), "{encoder}");
    }
    let toml = render(&format!("{cyclic}a: {{{{ toToml .Values | len }}}}"), &[], "");
    assert!(toml.is_ok(), "{toml:?}");
}

#[test]
fn imports_that_put_a_table_into_itself_end() {
    let chart = "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n- name: s\n  version: 1.0.0\n  \
                 import-values: [data, {child: exports.data, parent: b.c}]\n";
    let sub = [
        ("Chart.yaml", chart),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
        ("charts/s/values.yaml", "exports: {data: {b: {x: 1}}}\n"),
    ];
    let refused = render("x: y", &sub, "").expect_err("it is refused");
    assert!(refused.contains("hold themselves"), "{refused}");
}

#[test]
fn bombs_are_refused() {
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = vec![format!("*a{}", level - 1); 9].join(", ");
        aliases += &format!("a{level}: &a{level} [{before}]\n");
    }
    check("x: y", &aliases, "");
    check("x: y", &"[".repeat(200_000), "");
    check("x: y", &format!("a: {}", "{a: ".repeat(100_000)), "");
    let deep = ValueSources { set: vec![format!("a{}=1", "[0]".repeat(100_000))], ..ValueSources::default() };
    assert!(deep.merge(HelmVersion::V4, &|_| Err(String::new())).is_err());
}

#[test]
fn schemas_follow_no_address() {
    let remote = r#"{"properties": {"a": {"$ref": "https://schemas.example/a.json"}}}"#;
    let refused = render("x: y", &[("values.schema.json", remote)], "a: 1").expect_err("it is refused");
    assert!(refused.contains("such references are not followed"), "{refused}");
    let local = r#"{"properties": {"a": {"$ref": "file:///etc/passwd"}}}"#;
    assert!(render("x: y", &[("values.schema.json", local)], "a: 1").is_err());
    let name = r#"{"properties": {"a": {"$ref": "urn:a:b"}}}"#;
    assert!(render("x: y", &[("values.schema.json", name)], "a: 1").is_ok());
    let round = r##"{"$ref": "#"}"##;
    let _ = render("x: y", &[("values.schema.json", round)], "a: 1");
}

/// A packed chart of these entries: name, kind of entry, content.
fn pack(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("../../../etc/passwd").expect("it is a name");
        }
        header.set_cksum();
        archive.append(&header, *content).expect("memory takes it");
    }
    archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory takes it")
}

const CHART: (&str, tar::EntryType, &[u8]) =
    ("c/Chart.yaml", tar::EntryType::Regular, b"apiVersion: v2\nname: c\nversion: 0.1.0\n");

#[track_caller]
fn refused(entries: &[(&str, tar::EntryType, &[u8])], expected: &str) {
    let error = Chart::load_archive(&pack(entries)).expect_err("it is refused").to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn archives_that_mean_harm_are_refused() {
    use tar::EntryType::{Regular, Symlink};
    refused(&[CHART, ("c/../../x", Regular, b"x")], "references parent directory");
    refused(&[CHART, ("c//etc/cron.d/x", Regular, b"x")], "absolute paths");
    let zeros = vec![0; 4 << 20];
    let many: Vec<_> = (0..30).map(|_| ("c/zeros", Regular, zeros.as_slice())).collect();
    refused(&many, "larger than the maximum size");
    refused(&[("c/Chart.yaml", Symlink, b"")], "validation: chart.metadata.name is required");
    for name in ["..", ".", "a/b", "../c"] {
        let text = format!("apiVersion: v2\nname: {name:?}\nversion: 0.1.0\n");
        refused(&[("c/Chart.yaml", Regular, text.as_bytes())], "chart.metadata.name");
    }
}

#[test]
fn links_and_devices_bring_nothing_in() {
    use tar::EntryType::{Block, Char, Fifo, Link, Symlink};
    let entries: [(&str, tar::EntryType, &[u8]); 7] = [
        CHART,
        ("c/link", Symlink, b""),
        ("c/hard", Link, b""),
        ("c/link/through", tar::EntryType::Regular, b"text"),
        ("c/block", Block, b""),
        ("c/char", Char, b""),
        ("c/fifo", Fifo, b""),
    ];
    let chart = Chart::load_archive(&pack(&entries)).expect("what is left is a chart");
    for name in ["link", "hard", "block", "char", "fifo"] {
        assert_eq!(chart.file(name).map(|content| content.len()), Some(0), "{name}");
    }
    // In memory a path is only a name: nothing is written through the link.
    assert_eq!(chart.file("link/through").map(|content| &**content), Some(b"text".as_slice()));
}

#[test]
fn archives_inside_archives_share_one_room() {
    use tar::EntryType::Regular;
    let zeros = vec![0; 4 << 20];
    let inner: Vec<_> =
        [CHART].into_iter().chain((0..24).map(|_| ("c/zeros", Regular, zeros.as_slice()))).collect();
    let inner = pack(&inner);
    let names: Vec<String> = (0..3).map(|at| format!("c/charts/{at}.tgz")).collect();
    let outer: Vec<_> = [CHART]
        .into_iter()
        .chain(names.iter().map(|name| (name.as_str(), Regular, inner.as_slice())))
        .collect();
    refused(&outer, "larger than the maximum size");
}
