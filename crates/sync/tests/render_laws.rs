//! Laws of rendering: the same commit gives the same bytes, and what is not asked for changes nothing.

mod render_world;

use proptest::collection::btree_map;
use proptest::prelude::*;
use render_world::{Commit, path_of};
use serde_json::json;

/// A commit with a folder of manifests and a chart that shows its values in every order there is.
fn commits() -> impl Strategy<Value = Commit> {
    let files = btree_map("[a-d]{1,2}", "[a-z0-9]{0,6}", 0..6);
    (files, btree_map("[a-e]", "[a-z0-9]{0,4}", 0..5)).prop_map(|(files, values)| {
        let mut commit = Commit::new(&[
            ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            (
                "chart/templates/a.yaml",
                "{{- range $key, $value := .Values }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ $key | quote }}}\n\
                 data: {value: {{ $value | quote }}, random: {{ randAlphaNum 8 | quote }}, id: {{ uuidv4 | quote }}}\n{{- end }}\n",
            ),
        ]);
        let mut text = String::new();
        for (key, value) in &values {
            text += &format!("{key}: {}\n", json!(value));
        }
        commit.tree.insert(&path_of("chart/values.yaml"), text.as_bytes());
        for (name, data) in files {
            let manifest = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: {}}}\n",
                json!(data)
            );
            commit.tree.insert(&path_of(&format!("plain/{name}.yaml")), manifest.as_bytes());
        }
        commit.tree.insert(&path_of("plain/README.md"), "text".as_bytes());
        commit
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rendering_twice_with_one_seed_gives_the_same_bytes(commit in commits()) {
        for path in ["plain", "chart"] {
            let source = json!({"path": path});
            prop_assert_eq!(commit.shown(&source), commit.shown(&source));
        }
    }

    #[test]
    fn what_lies_elsewhere_changes_nothing(commit in commits(), noise in "[a-z: {}\\[\\]\n]{0,40}") {
        let mut noisy = commit.clone();
        for path in ["elsewhere/a.yaml", "plainly.yaml", "chart.yaml", "plain/README.md"] {
            noisy.tree.insert(&path_of(path), noise.as_bytes());
        }
        for path in ["plain", "chart"] {
            let source = json!({"path": path});
            prop_assert_eq!(commit.shown(&source), noisy.shown(&source));
        }
    }
}
