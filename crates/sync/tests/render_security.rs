//! What a repository may not do to a render: leave it (threats T01, T02), read the machine (T04), or blow it up (T06).

mod render_world;

use model::budget::Limits;
use render_world::Commit;
use serde_json::{Value, json};

/// Stands in a file of this machine, outside every repository.
const CANARY: &str = "canary-7f3a9c";

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const TEMPLATE: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {values: {{ toJson .Values | quote }}}\n";

/// A folder with the canary file, and a repository whose chart lies two folders deep.
fn stage() -> (tempfile::TempDir, Commit) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("canary.yaml"), format!("canary: {CANARY}\n"))
        .expect("a file can be written");
    let commit = Commit::new(&[
        ("apps/web/Chart.yaml", CHART),
        ("apps/web/values.yaml", "own: 1\n"),
        ("apps/web/templates/a.yaml", TEMPLATE),
        ("apps/plain/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("apps/other/values.yaml", "other: 1\n"),
    ]);
    (folder, commit)
}

/// A hundred spellings of places outside the repository, seen from a folder two deep.
fn spellings(canary: &str) -> Vec<String> {
    let relative = canary.trim_start_matches('/');
    let mut all: Vec<String> = Vec::new();
    for up in [
        "../",
        "..//",
        ".././",
        "./../",
        "x/../../",
        "..\\",
        "%2e%2e/",
        "%2E%2E%2F",
        "..%2f",
        "..%5c",
        "....//",
        "..;/",
        "\u{2025}/",
        "\u{ff0e}\u{ff0e}/",
        ".. /",
        " ../",
    ] {
        for depth in [1, 3, 12] {
            all.push(format!("{}{relative}", up.repeat(depth)));
        }
    }
    for root in [
        "/",
        "//",
        "///",
        "/./",
        "/../",
        "/x/../../",
        "file://",
        "file:///",
        "FILE://",
        "file:",
        "C:",
        "C:/",
        "c:\\",
        "\\\\host\\share\\",
        "\\\\?\\",
        "~/",
        "~root/",
        "$HOME/",
        "${HOME}/",
        "$ARGOCD_APP_NAME/../../../../../..",
        "${ARGOCD_APP_NAME}/../../../../..",
        "$ARGOCD_APP_NAME/../../../../../../..//",
        "/proc/self/root/",
        "/dev/fd/../..",
        "/proc/self/cwd/../../../..",
        "apps/../../..",
        "apps/web/../../../..",
        "./././../../../..",
        "\0/",
        "a\0/../../../..",
        "\t/",
        "\n/",
    ] {
        all.push(format!("{root}{canary}"));
        all.push(format!("{root}{relative}"));
    }
    for whole in [
        "..",
        "../..",
        "../../..",
        "/",
        "/etc/passwd",
        "../../../etc/passwd",
        "../../../../proc/self/environ",
        "/proc/self/environ",
    ] {
        all.push(whole.to_owned());
    }
    all
}

#[track_caller]
fn check_refused(commit: &Commit, source: &Value, field: &str, spelling: &str) {
    let shown = commit.shown(source);
    assert!(!shown.contains(CANARY) && !shown.contains("root:x:"), "{field} {spelling:?}: {shown}");
    let refused = commit.render(source).is_err();
    assert!(refused, "{field} {spelling:?} was taken: {shown}");
    assert!(shown.contains(field), "{spelling:?} is refused without its field {field}: {shown}");
}

#[test]
fn no_field_with_a_path_leaves_the_repository() {
    let (folder, commit) = stage();
    let canary = folder.path().join("canary.yaml").to_str().expect("it is text").to_owned();
    let spellings = spellings(&canary);
    assert!(spellings.len() >= 100, "{}", spellings.len());
    for spelling in &spellings {
        let helm = |options: Value| json!({"path": "apps/web", "helm": options});
        let two_up = matches!(spelling.as_str(), ".." | "../..");
        if !two_up {
            check_refused(&commit, &json!({"path": spelling}), "spec.source.path", spelling);
        }
        check_refused(
            &commit,
            &helm(json!({"valueFiles": [spelling]})),
            "spec.source.helm.valueFiles",
            spelling,
        );
        let lent = format!("$values/{spelling}");
        check_refused(&commit, &helm(json!({"valueFiles": [lent]})), "spec.source.helm.valueFiles", spelling);
        let files = json!({"fileParameters": [{"name": "own", "path": spelling}]});
        check_refused(&commit, &helm(files), "spec.source.helm.fileParameters", spelling);
    }
}

#[test]
fn a_chart_cannot_reach_out_of_the_repository() {
    let (folder, commit) = stage();
    let canary = folder.path().join("canary.yaml").to_str().expect("it is text").to_owned();
    for spelling in spellings(&canary) {
        // Helm's Files knows the chart's own files only: any other name is nothing, not an error.
        let template = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  get: {{{{ .Files.Get {0} | quote }}}}\n  glob: {{{{ .Files.Glob {0} | toJson | quote }}}}\n  lines: {{{{ .Files.Lines {0} | toJson | quote }}}}\n",
            json!(spelling)
        );
        let mut with_files = commit.clone();
        with_files.tree.insert(&render_world::path_of("apps/web/templates/a.yaml"), template.as_bytes());
        let shown = with_files.shown(&json!({"path": "apps/web"}));
        assert!(!shown.contains(CANARY) && !shown.contains("root:x:"), "{spelling:?}: {shown}");

        let mut depending = commit.clone();
        let chart = format!(
            "{CHART}dependencies:\n- {{name: x, version: '*', repository: {}}}\n",
            json!(format!("file://{spelling}"))
        );
        depending.tree.insert(&render_world::path_of("apps/web/Chart.yaml"), chart.as_bytes());
        check_refused(&depending, &json!({"path": "apps/web"}), "Chart.yaml", &spelling);
    }
}

#[test]
fn patterns_pick_among_the_files_of_the_folder_only() {
    let (_folder, commit) = stage();
    for pattern in ["../other/*", "/apps/other/*", "{../other/*,..}", "**/../../other/values.yaml", "*"] {
        let source = json!({"path": "apps/plain", "directory": {"include": pattern, "recurse": true}});
        let shown = commit.shown(&source);
        assert!(!shown.contains("other"), "{pattern}: {shown}");
    }
}

/// Every entry of the stage as a link, one at a time.
fn linked(entry: &str, target: &str) -> Commit {
    let (_folder, commit) = stage();
    commit.link(entry, target)
}

#[test]
fn a_link_out_of_the_repository_is_named_and_not_followed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let outside = folder.path().join("canary.yaml");
    std::fs::write(&outside, format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {CANARY}}}\n"))
        .expect("a file can be written");
    let outside = outside.to_str().expect("it is text");
    let up = format!("../../../../../../../..{outside}");
    for target in [outside, up.as_str(), "/etc/passwd", "../../../../etc/passwd", "/", "../../../../.."] {
        for (entry, path) in [
            ("apps/web/Chart.yaml", "apps/web"),
            ("apps/web/values.yaml", "apps/web"),
            ("apps/web/templates/a.yaml", "apps/web"),
            ("apps/web/templates/more", "apps/web"),
            ("apps/web/crds", "apps/web"),
            ("apps/web/charts", "apps/web"),
            ("apps/web/Chart.lock", "apps/web"),
            ("apps/web/values.schema.json", "apps/web"),
            ("apps/web/.helmignore", "apps/web"),
            ("apps/plain/b.yaml", "apps/plain"),
            ("apps/linked", "apps/linked"),
        ] {
            let commit = linked(entry, target);
            let shown = commit.shown(&json!({"path": path}));
            assert!(!shown.contains(CANARY) && !shown.contains("root:x:"), "{entry} -> {target}: {shown}");
            assert!(commit.render(&json!({"path": path})).is_err(), "{entry} -> {target} was taken: {shown}");
            let name = entry.rsplit('/').next().expect("it has one");
            assert!(
                shown.contains(name) && shown.contains("link that leads out of the repository"),
                "{entry} -> {target}: {shown}"
            );
        }
    }
}

#[test]
fn links_inside_the_repository_lead_on() {
    let plain = json!({"path": "apps/plain"});
    let target = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    let commit = Commit::new(&[("shared/b.yaml", target), ("apps/plain/a.txt", "")]);
    let shown = commit.clone().link("apps/plain/b.yaml", "../../shared/b.yaml").shown(&plain);
    assert!(shown.starts_with("apps/plain/b.yaml:1 ConfigMap b"), "{shown}");
    let chain = commit
        .clone()
        .link("apps/plain/b.yaml", "c")
        .link("apps/plain/c", "d")
        .link("apps/plain/d", "../../shared/b.yaml");
    assert!(chain.shown(&plain).contains("ConfigMap b"));
    let folder = commit.clone().link("apps/linked", "../shared");
    assert!(folder.shown(&json!({"path": "apps/linked"})).contains("ConfigMap b"));
    let round = commit.clone().link("apps/plain/b.yaml", "c.yaml").link("apps/plain/c.yaml", "b.yaml");
    assert!(
        round.shown(&plain).contains("b.yaml is a link that leads through too many links"),
        "{}",
        round.shown(&plain)
    );
    let nowhere = commit.link("apps/plain/b.yaml", "../../shared/none.yaml");
    let render = nowhere.render(&plain).expect("a link to nothing is passed over");
    assert_eq!((render.manifests.len(), render.warnings.len()), (0, 1));
}

#[test]
fn templates_know_nothing_of_the_machine() {
    let (_folder, mut commit) = stage();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  host: {{ getHostByName \"localhost\" | quote }}\n  lookup: {{ lookup \"v1\" \"Secret\" \"kube-system\" \"\" | toJson | quote }}\n";
    commit.tree.insert(&render_world::path_of("apps/web/templates/a.yaml"), template.as_bytes());
    let shown = commit.shown(&json!({"path": "apps/web"}));
    assert!(shown.contains(r#""host":"""#) && shown.contains(r#""lookup":"{}""#), "{shown}");
    for function in ["env \"HOME\"", "expandenv \"$HOME\""] {
        let template = format!("a: {{{{ {function} }}}}\n");
        commit.tree.insert(&render_world::path_of("apps/web/templates/a.yaml"), template.as_bytes());
        let shown = commit.shown(&json!({"path": "apps/web"}));
        assert!(shown.contains("function") && shown.contains("not defined"), "{shown}");
    }
}

/// A manifest whose data is `value`.
fn manifest(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: {value}\n")
}

/// Renders one hostile file beside a good one; what is said of it.
fn said_of(file: &str) -> String {
    let commit = Commit::new(&[("deploy/hostile.yaml", file)]);
    let limits = Limits { bytes_in: 20 << 20, ..Limits::default() };
    match commit.render_within(&json!({"path": "deploy"}), limits) {
        Ok(render) => format!("taken: {} objects", render.manifests.len()),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn manifests_cannot_blow_up() {
    let aliases = {
        let mut text = String::from(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
        );
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text += &format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", "));
        }
        text
    };
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let merge_loop = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: &d\n  <<: *d\n  a: b\n";
    let huge = manifest(&"x".repeat(11 << 20));
    let many = manifest("x") + "---\n";
    for (name, file, words) in [
        ("alias expansion", aliases.as_str(), "deploy/hostile.yaml"),
        ("nesting", &manifest(&deep), "deploy/hostile.yaml"),
        ("a merge of itself", merge_loop, "deploy/hostile.yaml:"),
        ("a huge text", &huge, "deploy"),
        ("documents without end", &many.repeat(20_001), "more than 20000 objects"),
        ("a tab", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", "deploy/hostile.yaml:"),
        ("a list among documents", "- a\n- apiVersion: kind: metadata:\n", "deploy/hostile.yaml"),
    ] {
        let said = said_of(file);
        assert!(said.contains(words), "{name}: {}", said.chars().take(300).collect::<String>());
        assert!(said.len() < 2_000, "{name}: the complaint itself is huge: {}", said.len());
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let mut commit = Commit::new(&[]);
    let bytes: &[u8] = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \xff\xfe}\n";
    commit.tree.insert(&render_world::path_of("deploy/hostile.yaml"), bytes);
    let shown = commit.shown(&json!({"path": "deploy"}));
    assert!(shown.contains("deploy/hostile.yaml"), "{shown}");
}
