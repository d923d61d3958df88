//! Manifest generation as Argo CD documents it: each test's name is the sentence it proves (reference section 2).

mod render_world;

use render_world::Commit;
use serde_json::{Value, json};

/// Names of the objects that a source of these files gives, in order; or what is wrong.
#[track_caller]
fn check(files: &[(&str, &str)], source: Value, expected: &str) {
    check_commit(&Commit::new(files), source, expected);
}

#[track_caller]
fn check_commit(commit: &Commit, source: Value, expected: &str) {
    let found = match commit.render(&source) {
        Ok(render) => {
            let names = render.manifests.iter().map(|manifest| manifest.object.name().to_owned());
            names.collect::<Vec<_>>().join(" ")
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    assert_eq!(found, expected);
}

/// What the values of a chart with one template come to.
#[track_caller]
fn check_values(files: &[(&str, &str)], helm: Value, expected: &Value) {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {values: {{ toJson .Values | quote }}}\n";
    let chart = [
        ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("web/templates/a.yaml", template),
    ];
    let commit = Commit::new(&[&chart, files].concat());
    let render = commit.render(&json!({"path": "web", "helm": helm})).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let values = render.manifests[0].object.pointer("/data/values").and_then(Value::as_str).expect("a text");
    assert_eq!(serde_json::from_str::<Value>(values).expect("it is JSON"), *expected);
}

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

// ---- 2.3 type detection

#[test]
fn a_folder_with_a_chart_is_helm_and_any_other_is_plain() {
    let (plain, template) = (config("plain"), config("{{ .Release.Name }}"));
    let files =
        [("a/x.yaml", plain.as_str()), ("b/Chart.yaml", CHART), ("b/templates/t.yaml", template.as_str())];
    check(&files, json!({"path": "a"}), "plain");
    check(&files, json!({"path": "b"}), "shop");
}

#[test]
fn options_that_say_nothing_name_no_tool() {
    let plain = config("plain");
    let files = [("a/x.yaml", plain.as_str())];
    check(&files, json!({"path": "a", "helm": {}, "kustomize": {}, "directory": {}}), "plain");
    check(&files, json!({"path": "a", "helm": {"valueFiles": []}}), "plain");
}

#[test]
fn options_of_two_tools_are_refused() {
    let source = json!({"path": "a", "helm": {"releaseName": "x"}, "directory": {"recurse": true}});
    check(
        &[("a/x.yaml", &config("a"))],
        source,
        "spec.source: multiple application sources defined: Helm,Directory; keep the options of one tool",
    );
}

#[test]
fn a_plugin_is_refused_in_words() {
    check(
        &[("a/x.yaml", &config("a"))],
        json!({"path": "a", "plugin": {"name": "cdk"}}),
        "a: config management plugins are not supported: nothing is run as a process; render the manifests in a \
         pipeline and commit them",
    );
}

#[test]
fn a_path_that_is_no_folder_is_named() {
    let files = [("a/x.yaml", "")];
    for path in ["b", "a/x.yaml"] {
        let shown = Commit::new(&files).shown(&json!({"path": path}));
        assert!(shown.starts_with(&format!("{path}: app path does not exist")), "{shown}");
    }
    let shown = Commit::new(&files).shown(&json!({"path": "/a"}));
    assert!(shown.starts_with("/a: app path is absolute"), "{shown}");
}

// ---- 2.4 directories

#[test]
fn sub_folders_count_only_with_recurse_and_in_lexical_order() {
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let files = [
        ("d/m.yaml", a.as_str()),
        ("d/a/x.yml", b.as_str()),
        ("d/z/y/x.json", "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"j\"}}"),
        ("e/x.yaml", c.as_str()),
    ];
    check(&files, json!({"path": "d"}), "a");
    check(&files, json!({"path": "d", "directory": {"recurse": true}}), "b a j");
    check(&files, json!({"path": ".", "directory": {"recurse": true}}), "b a j c");
}

#[test]
fn patterns_cross_folders_and_exclude_comes_first() {
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let files =
        [("d/one.yaml", a.as_str()), ("d/env/two.yaml", b.as_str()), ("d/env/prod/three.yml", c.as_str())];
    let pick = |options: Value| {
        let mut options = options;
        options["recurse"] = true.into();
        json!({"path": "d", "directory": options})
    };
    check(&files, pick(json!({"include": "env/*"})), "c b");
    check(&files, pick(json!({"include": "{one,env/two}.yaml"})), "b a");
    check(&files, pick(json!({"exclude": "*.yml"})), "b a");
    check(&files, pick(json!({"include": "env/*", "exclude": "env/prod/*"})), "b");
    check(&files, pick(json!({"include": "t[wh]*.yaml"})), "");
    check(&files, pick(json!({"include": "*/t[wh]*.y?ml"})), "b");
}

#[test]
fn other_extensions_count_only_without_the_filter() {
    let (a, b) = (config("a"), config("b"));
    let files = [("d/a.yaml", a.as_str()), ("d/b.txt", b.as_str())];
    check(&files, json!({"path": "d"}), "a");
    check(&files, json!({"path": "d", "directory": {"disableExtensionFilter": true}}), "a b");
}

#[test]
fn a_file_with_the_skip_mark_is_passed_over() {
    let marked = format!("# +argocd:skip-file-rendering\n{}", config("a"));
    check(&[("d/a.yaml", &marked), ("d/b.yaml", &config("b"))], json!({"path": "d"}), "b");
}

#[test]
fn a_file_that_is_no_manifest_is_passed_over_and_a_broken_manifest_is_not() {
    let b = config("b");
    let values = "a: [\nb: }\n";
    check(&[("d/values.yaml", values), ("d/b.yaml", &b)], json!({"path": "d"}), "b");
    let shown = Commit::new(&[("d/a.yaml", "apiVersion: v1\nkind: [\nmetadata: {}\n"), ("d/b.yaml", &b)])
        .shown(&json!({"path": "d"}));
    assert!(shown.starts_with("d/a.yaml:"), "{shown}");
    let half = format!("{b}---\n{values}");
    let shown = Commit::new(&[("d/b.yaml", &half)]).shown(&json!({"path": "d"}));
    assert!(shown.starts_with("d/b.yaml:5") || shown.starts_with("d/b.yaml:6"), "{shown}");
}

#[test]
fn a_json_file_holds_one_object() {
    let one = "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"j\"}}";
    check(&[("d/a.json", one)], json!({"path": "d"}), "j");
    for several in [format!("[{one},{one}]"), format!("{one}\n{one}")] {
        let shown = Commit::new(&[("d/a.json", &several)]).shown(&json!({"path": "d"}));
        assert!(shown.starts_with("d/a.json:"), "{shown}");
    }
}

#[test]
fn text_with_a_byte_order_mark_is_decoded() {
    let text = config("a");
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let little = [vec![0xFF, 0xFE], wide(u16::to_le_bytes)].concat();
    let big = [vec![0xFE, 0xFF], wide(u16::to_be_bytes)].concat();
    let marked = [b"\xEF\xBB\xBF".to_vec(), text.clone().into_bytes()].concat();
    for content in [little, big, marked] {
        let mut commit = Commit::new(&[]);
        commit.tree.insert(&render_world::path_of("d/a.yaml"), content);
        check_commit(&commit, json!({"path": "d"}), "a");
    }
}

// ---- 2.9 lists

#[test]
fn a_list_becomes_its_items_and_an_empty_one_nothing() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: X, metadata: {name: a}}\n- {apiVersion: v1, kind: X, metadata: {name: b}}\n";
    let files = [
        ("d/a.yaml", list),
        ("d/b.yaml", "apiVersion: v1\nkind: List\nitems: null\n"),
        ("d/c.yaml", "apiVersion: v1\nkind: X\nmetadata: {name: c}\nspec: {}\nitems: null\n"),
    ];
    check(&files, json!({"path": "d"}), "a b c");
}

// ---- 2.5 Helm

#[test]
fn values_come_weakest_first() {
    let files = [
        ("web/values.yaml", "a: chart\nb: chart\nc: chart\nd: chart\ne: chart\nf: chart\n"),
        ("web/one.yaml", "b: one\nc: one\nd: one\ne: one\nf: one\n"),
        ("web/two.yaml", "c: two\nd: two\ne: two\nf: two\n"),
        ("web/file.txt", "file"),
    ];
    let helm = json!({
        "valueFiles": ["one.yaml", "two.yaml"],
        "valuesObject": {"d": "object", "e": "object", "f": "object"},
        "values": "d: values\na: values\n",
        "parameters": [{"name": "e", "value": "parameter"}, {"name": "f", "value": "parameter"}],
        "fileParameters": [{"name": "f", "path": "file.txt"}],
    });
    let expected =
        json!({"a": "chart", "b": "one", "c": "two", "d": "object", "e": "parameter", "f": "file"});
    check_values(&files, helm, &expected);
    check_values(&[], json!({"values": "a: 1\n", "valuesObject": {}}), &json!({"a": 1}));
}

#[test]
fn of_two_parameters_with_one_name_the_last_counts_and_text_may_be_forced() {
    let helm = json!({"parameters": [
        {"name": "a", "value": "1"}, {"name": "a", "value": "2"},
        {"name": "b", "value": "3", "forceString": true}, {"name": "c", "value": "true"},
    ]});
    check_values(&[], helm, &json!({"a": 2, "b": "3", "c": true}));
}

#[test]
fn commas_are_text_unless_the_whole_is_a_list() {
    let helm = json!({"parameters": [
        {"name": "a", "value": "x,y"}, {"name": "b", "value": "x\\,y"}, {"name": "c", "value": "{x,y}"},
    ]});
    check_values(&[], helm, &json!({"a": "x,y", "b": "x,y", "c": ["x", "y"]}));
}

#[test]
fn value_files_are_relative_or_from_the_root_and_may_be_patterns() {
    let files = [
        ("web/env/b.yaml", "b: b\nlast: b\n"),
        ("web/env/a.yaml", "a: a\nlast: a\n"),
        ("web/env/deep/c.yaml", "c: c\nlast: c\n"),
        ("common/values.yaml", "common: true\n"),
    ];
    check_values(
        &files,
        json!({"valueFiles": ["/common/values.yaml", "../common/values.yaml"]}),
        &json!({"common": true}),
    );
    check_values(&files, json!({"valueFiles": ["env/*.yaml"]}), &json!({"a": "a", "b": "b", "last": "b"}));
    check_values(
        &files,
        json!({"valueFiles": ["env/**/*.yaml"]}),
        &json!({"a": "a", "b": "b", "c": "c", "last": "c"}),
    );
    // A file that is listed by itself stands where it is listed.
    check_values(
        &files,
        json!({"valueFiles": ["env/*.yaml", "env/a.yaml"]}),
        &json!({"a": "a", "b": "b", "last": "a"}),
    );
}

#[test]
fn a_missing_value_file_is_an_error_unless_it_may_be_missing() {
    let refused = json!({"path": "c", "helm": {"valueFiles": ["none.yaml"]}});
    let shown = Commit::new(&[("c/Chart.yaml", CHART)]).shown(&refused);
    assert!(
        shown.starts_with("spec.source.helm.valueFiles: none.yaml: c/none.yaml does not exist"),
        "{shown}"
    );
    let pattern = json!({"path": "c", "helm": {"valueFiles": ["none-*.yaml"]}});
    let shown = Commit::new(&[("c/Chart.yaml", CHART)]).shown(&pattern);
    assert!(shown.contains("no file matches"), "{shown}");
    let ignored =
        json!({"valueFiles": ["none.yaml", "none-*.yaml", "there.yaml"], "ignoreMissingValueFiles": true});
    check_values(&[("web/there.yaml", "a: 1\n")], ignored, &json!({"a": 1}));
}

#[test]
fn value_files_of_another_source_come_through_its_ref() {
    let mut commit =
        Commit::new(&[("c/Chart.yaml", CHART), ("c/templates/a.yaml", &config("'{{ .Values.name }}'"))]);
    commit.lent.insert(&render_world::path_of("env/prod.yaml"), "name: lent".as_bytes());
    check_commit(&commit, json!({"path": "c", "helm": {"valueFiles": ["$values/env/prod.yaml"]}}), "lent");
    let shown = commit.shown(&json!({"path": "c", "helm": {"valueFiles": ["$other/env/prod.yaml"]}}));
    assert!(
        shown.contains("source referenced $other, but no source has a 'ref' field defined as that"),
        "{shown}"
    );
}

#[test]
fn values_files_from_urls_are_refused_in_words() {
    let shown = Commit::new(&[("c/Chart.yaml", CHART)])
        .shown(&json!({"path": "c", "helm": {"valueFiles": ["https://example.com/values.yaml"]}}));
    assert!(
        shown.contains("values files from URLs are not supported: put the file into the repository"),
        "{shown}"
    );
}

#[test]
fn release_namespace_and_cluster_are_those_of_the_source() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: '{{ .Release.Name }}-{{ .Release.Namespace }}-{{ .Capabilities.KubeVersion }}-{{ .Capabilities.APIVersions.Has \"a.b/v1\" }}'\n";
    let files = [("c/Chart.yaml", CHART), ("c/templates/a.yaml", template)];
    check(&files, json!({"path": "c"}), "shop-prod-v1.33.0-false");
    let helm = json!({"releaseName": "r", "namespace": "n", "kubeVersion": "v1.29.3+k3s1", "apiVersions": ["a.b/v1"]});
    check(&files, json!({"path": "c", "helm": helm}), "r-n-v1.29.3-true");
}

#[test]
fn definitions_and_tests_are_left_out_where_the_source_says_so() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: crd}\n";
    let hook = "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n";
    let install = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: install, annotations: {helm.sh/hook: pre-install}}\n";
    let a = config("a");
    let files = [
        ("c/Chart.yaml", CHART),
        ("c/crds/x.yaml", crd),
        ("c/templates/a.yaml", a.as_str()),
        ("c/templates/h.yaml", hook),
        ("c/templates/i.yaml", install),
    ];
    check(&files, json!({"path": "c"}), "crd a test install");
    check(&files, json!({"path": "c", "helm": {"skipCrds": true}}), "a test install");
    check(&files, json!({"path": "c", "helm": {"skipTests": true}}), "crd a install");
}

#[test]
fn values_are_checked_against_the_schema_unless_that_is_skipped() {
    let schema = "{\"properties\": {\"a\": {\"type\": \"integer\"}}}";
    let a = config("a");
    let files =
        [("c/Chart.yaml", CHART), ("c/values.schema.json", schema), ("c/templates/a.yaml", a.as_str())];
    let wrong = json!({"valuesObject": {"a": "text"}});
    let shown = Commit::new(&files).shown(&json!({"path": "c", "helm": wrong}));
    assert!(shown.contains("correct the values, or values.schema.json"), "{shown}");
    check(
        &files,
        json!({"path": "c", "helm": {"valuesObject": {"a": "text"}, "skipSchemaValidation": true}}),
        "a",
    );
}

// ---- 2.7 the build environment

#[test]
fn names_are_substituted_in_parameters_and_paths_but_not_in_values() {
    let files = [("web/shop.yaml", "file: true\n"), ("web/prod.txt", "text")];
    let helm = json!({
        "valueFiles": ["$ARGOCD_APP_NAME.yaml"],
        "values": "values: $ARGOCD_APP_NAME\n",
        "parameters": [
            {"name": "revision", "value": "${ARGOCD_APP_REVISION_SHORT}", "forceString": true},
            {"name": "unknown", "value": "x${NOTHING}y"}, {"name": "dollar", "value": "$$a"},
        ],
        "fileParameters": [{"name": "text", "path": "${ARGOCD_APP_NAMESPACE}.txt"}],
    });
    let expected = json!({
        "file": true, "values": "$ARGOCD_APP_NAME", "revision": "4f1c2ab", "unknown": "xy", "dollar": "$a", "text": "text",
    });
    check_values(&files, helm, &expected);
}

// ---- 2.8 overrides in the repository

#[test]
fn the_folder_may_change_the_options_of_its_tool_and_nothing_else() {
    let template = config("'{{ .Values.a }}-{{ .Values.b }}-{{ .Values.c }}'");
    let files = [
        ("c/Chart.yaml", CHART),
        ("c/values.yaml", "a: chart\nb: chart\nc: chart\n"),
        ("c/templates/a.yaml", template.as_str()),
        (
            "c/.argocd-source.yaml",
            "path: elsewhere\nrepoURL: https://elsewhere\nhelm: {valuesObject: {a: all, b: all}}\n",
        ),
        ("c/.argocd-source-shop.yaml", "helm: {valuesObject: {b: own}}\n"),
        ("c/.argocd-source-blog.yaml", "helm: {valuesObject: {c: other}}\n"),
    ];
    check(&files, json!({"path": "c"}), "all-own-chart");
    let parameters = json!({"parameters": [{"name": "c", "value": "app"}]});
    check(&files, json!({"path": "c", "helm": parameters}), "all-own-app");
}

#[test]
fn an_override_that_cannot_be_read_is_named() {
    let a = config("a");
    for (content, words) in
        [("helm: [\n", "d/.argocd-source.yaml:"), ("helm: 7\n", "d/.argocd-source.yaml: ")]
    {
        let shown =
            Commit::new(&[("d/a.yaml", &a), ("d/.argocd-source.yaml", content)]).shown(&json!({"path": "d"}));
        assert!(shown.starts_with(words) && shown.contains("correct the file"), "{shown}");
    }
}
