//! `windlass render helm`: its options, and what it says when it is refused. What charts render to is proved elsewhere.

use super::Desk;

const TEMPLATE: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}
data:
{{- range $key := list \"plain\" \"text\" \"json\" \"file\" \"literal\" \"values\" }}
  {{ $key }}: {{ index $.Values $key | toJson }}
{{- end }}
";

fn chart(desk: &Desk) -> String {
    desk.write("web/values.yaml", "{plain: 0, text: 0, json: 0, file: 0, literal: 0, values: 0}\n");
    desk.write("web/templates/cm.yaml", TEMPLATE);
    desk.write(
        "web/templates/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n",
    );
    desk.write("web/templates/version.yaml", "{{- if .Values.version }}\nversion: {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"a.example/v1/B\" }}\n{{- end }}\n");
    desk.write("web/crds/b.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: bs.a.example}\n");
    let path = desk.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    path.trim_end_matches("/Chart.yaml").to_owned()
}

#[test]
fn values_come_in_every_way() {
    let desk = Desk::new();
    let chart = chart(&desk);
    let text = desk.write("text.txt", "from a file");
    let values = desk.write("values.yaml", "values: [1, two]\n");
    let file = format!("file={text}");
    let arguments = [
        "render",
        "helm",
        &chart,
        "--release-name",
        "shop",
        "--namespace",
        "prod",
        "-f",
        &values,
        "--set",
        "plain=1",
        "--set-string",
        "text=1",
        "--set-json",
        "json={\"a\":[1]}",
        "--set-file",
        &file,
        "--set-literal",
        "literal={a,b}",
        "--show-only",
        "templates/cm.yaml",
    ];
    let expected = "---
# Source: web/templates/cm.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: 'shop', namespace: 'prod'}
data:
  plain: 1
  text: \"1\"
  json: {\"a\":[1]}
  file: \"from a file\"
  literal: \"{a,b}\"
  values: [1,\"two\"]

";
    assert_eq!(desk.run(&arguments).well(), expected);
}

#[test]
fn parts_are_left_out_or_taken_in() {
    let desk = Desk::new();
    let chart = chart(&desk);
    let kinds = |more: &[&str]| {
        let text = desk.run(&[&["render", "helm", &chart], more].concat()).well();
        text.lines().filter_map(|line| line.strip_prefix("kind: ")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(&[]), "ConfigMap Pod");
    assert_eq!(kinds(&["--skip-tests"]), "ConfigMap");
    assert_eq!(kinds(&["--include-crds"]), "CustomResourceDefinition ConfigMap Pod");
    let apis = desk.write("apis.txt", "a.example/v1/B\n");
    let version = [
        "render",
        "helm",
        &chart,
        "--set",
        "version=true",
        "--kube-version",
        "v1.29.3",
        "--api-versions-file",
        &apis,
    ];
    assert!(desk.run(&version).well().contains("version: v1.29.3 true"));
    assert_eq!(
        kinds(&["--api-versions-file", ""]),
        "ConfigMap Pod",
        "a name that was not filled in is no file"
    );
}

#[test]
fn a_refusal_goes_to_standard_error() {
    let desk = Desk::new();
    let chart = chart(&desk);
    desk.write("web/values.schema.json", "{\"properties\": {\"plain\": {\"type\": \"integer\"}}}");
    let arguments = ["render", "helm", &chart, "--set", "plain=many"];
    let said = desk.run(&arguments).refused(1);
    assert!(said.contains("plain"), "{said}");
    assert!(desk.run(&[&arguments[..], &["--skip-schema-validation"]].concat()).well().contains("\"many\""));
    desk.write("web/templates/wrong.yaml", "a: 1\nb: {{ .Values.a.b.c }}\n");
    let said = desk.run(&["render", "helm", &chart]).refused(1);
    assert!(said.contains("web/templates/wrong.yaml:2"), "{said}");
    assert!(desk.run(&["render", "helm", "nowhere"]).refused(1).contains("could not read nowhere"));
    assert!(desk.run(&["render", "helm", &chart, "--kube-version", "new"]).refused(1).contains("new"));
}
