//! Bad input, named: each mistake becomes a condition in plain words with the next step, on the page too; nothing is
//! pruned or lost by it, nobody else notices, and its correction is all that is needed.

use serde_json::{Value, json};

use crate::support::agent::{Agent, Setup};
use crate::support::apps::{application, config_map, text};
use crate::support::controlplane::{self, ControlPlane, wait_for};
use crate::support::git::{Change, TestRepository};
use crate::support::git_http::{HttpServer, Reply};

const NAMESPACE: &str = "it-bad";

/// One mistake in an Application that was well.
struct Case {
    /// Its Application, path and target namespace.
    name: &'static str,
    /// What is changed in the Application.
    patch: Value,
    /// What is changed in its path, each a file with its content; none where it goes.
    files: Vec<(&'static str, Option<&'static str>)>,
    /// Type of the condition.
    kind: &'static str,
    /// What it must say: the cause and the next step.
    words: Vec<String>,
}

impl Case {
    fn of_spec(name: &'static str, patch: Value, kind: &'static str, words: &[&str]) -> Self {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        Self { name, patch: json!({"spec": patch}), files: Vec::new(), kind, words }
    }

    fn of_files(
        name: &'static str,
        files: &[(&'static str, Option<&'static str>)],
        kind: &'static str,
        words: &[&str],
    ) -> Self {
        Self { files: files.to_vec(), ..Self::of_spec(name, json!({}), kind, words) }
    }
}

const CHART: &str = "apiVersion: v2\nname: chart\nversion: 1.0.0\n";

fn cases(refusing: &str) -> Vec<Case> {
    let error = "ComparisonError";
    vec![
        Case::of_spec(
            "revision",
            json!({"source": {"targetRevision": "no-such-branch"}}),
            error,
            &["revision no-such-branch is not in"],
        ),
        Case::of_spec(
            "unreachable",
            json!({"source": {"repoURL": "http://127.0.0.1:9/gone.git"}}),
            error,
            &["127.0.0.1:9", "cannot be reached", "check the URL"],
        ),
        Case::of_spec(
            "unauthorised",
            json!({"source": {"repoURL": refusing}}),
            error,
            &["answered 401", "add a repository or repo-creds Secret for this URL"],
        ),
        Case::of_spec(
            "path",
            json!({"source": {"path": "nowhere"}}),
            error,
            &["nowhere: app path does not exist", "correct spec.source.path"],
        ),
        Case::of_files(
            "template",
            &[("Chart.yaml", Some(CHART)), ("templates/broken.yaml", Some("kind: A\n{{ .Values.a.b.c }}\n"))],
            error,
            &["templates/broken.yaml:2"],
        ),
        Case::of_files(
            "yaml",
            &[("broken.yaml", Some("apiVersion: v1\nkind: ConfigMap\nmetadata: [\n"))],
            error,
            &["yaml/broken.yaml:3", "correct the YAML"],
        ),
        Case::of_files(
            "kind",
            &[("barge.yaml", Some("apiVersion: river.example.com/v1\nkind: Barge\nmetadata: {name: a}\n"))],
            "SyncError",
            &["could not find river.example.com/Barge", "Make sure the \"Barge\" CRD is installed"],
        ),
        Case::of_files(
            "version",
            &[(
                "old.yaml",
                Some("apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n"),
            )],
            "SyncError",
            &["version \"v1beta1\" of policy/PodDisruptionBudget", "the successor is policy/v1"],
        ),
        Case::of_files(
            "forbidden",
            &[("account.yaml", Some("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"))],
            "SyncError",
            &["ServiceAccount", "strict"],
        ),
        Case::of_spec(
            "destination",
            json!({"destination": {"namespace": "kube-system"}}),
            "InvalidSpecError",
            &["kube-system", "strict"],
        ),
        Case::of_spec(
            "project",
            json!({"project": "ghost"}),
            "InvalidSpecError",
            &["ghost", "Make an AppProject"],
        ),
        Case::of_files(
            "empty",
            &[("keep.yaml", None), ("README.md", Some("nothing"))],
            "SyncError",
            &["wipe out all resources", "automated.allowEmpty"],
        ),
    ]
}

const PROJECT: &str = "
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: strict, namespace: it-bad}
spec:
  sourceRepos: ['*']
  destinations: [{server: 'https://kubernetes.default.svc', namespace: 'it-bad-*'}]
  clusterResourceWhitelist: [{group: '', kind: Namespace}]
  namespaceResourceBlacklist: [{group: '', kind: ServiceAccount}]
";

#[test]
fn each_mistake_is_named_and_costs_nothing() {
    let plane = controlplane::shared();
    let setup = Setup::new(plane, NAMESPACE);
    let repository = TestRepository::bare(&setup.folder.join("shop.git"));
    let refusing = HttpServer::start(|_| Reply::status(401));
    let cases = cases(&refusing.url("private.git"));
    let keeps: Vec<(String, String)> = cases
        .iter()
        .map(|case| (format!("{}/keep.yaml", case.name), config_map("keep", case.name)))
        .collect();
    let files: Vec<(&str, &str)> = keeps.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repository.commit("main", &files);
    let folder = setup.folder.to_str().expect("it is text").to_owned();
    let setup = setup.with(&["--local-repository", &folder]);
    let agent = setup.start();

    plane.apply(PROJECT);
    let url = repository.url();
    let apps: Vec<String> = cases.iter().map(|case| well(case, &url).to_string()).collect();
    plane.apply(&apps.join("\n---\n"));
    cases.iter().for_each(|case| drop(plane.wait_until_well(NAMESPACE, case.name)));

    make_mistakes(plane, &repository, &cases);
    for case in &cases {
        let words: Vec<&str> = case.words.iter().map(String::as_str).collect();
        plane.wait_for_condition(NAMESPACE, case.name, case.kind, &words);
        keeps_its_object(plane, case.name);
        is_on_the_page(&agent, case.name, &case.words);
    }

    change(&repository, &corrections(&cases));
    repository.commit("main", &files);
    plane.apply(&apps.join("\n---\n"));
    for case in &cases {
        // A sync that has failed for good at a revision is tried again with the next one.
        let app = plane.wait_until_well(NAMESPACE, case.name);
        assert_eq!(app.pointer("/status/conditions").unwrap_or(&json!([])), &json!([]), "{}", case.name);
        keeps_its_object(plane, case.name);
    }
    strange_applications(plane, &agent, &repository);
}

fn well(case: &Case, url: &str) -> Value {
    let mut app = application(NAMESPACE, case.name, url, case.name, &format!("it-bad-{}", case.name));
    app["spec"]["project"] = "strict".into();
    app["spec"]["source"]["targetRevision"] = "main".into();
    app
}

fn make_mistakes(plane: &ControlPlane, repository: &TestRepository, cases: &[Case]) {
    let changes: Vec<(String, Change<'_>)> = cases
        .iter()
        .flat_map(|case| case.files.iter().map(|(file, text)| (format!("{}/{file}", case.name), text)))
        .map(|(path, text)| (path, text.map_or(Change::Gone, Change::File)))
        .collect();
    change(repository, &changes);
    for case in cases.iter().filter(|case| case.files.is_empty()) {
        plane.patch("application", NAMESPACE, case.name, &case.patch);
    }
}

fn change(repository: &TestRepository, changes: &[(String, Change<'_>)]) {
    let changes: Vec<(&str, Change<'_>)> =
        changes.iter().map(|(path, change)| (path.as_str(), *change)).collect();
    repository.change("main", &changes, "change files");
}

fn corrections(cases: &[Case]) -> Vec<(String, Change<'static>)> {
    let made =
        cases.iter().flat_map(|case| case.files.iter().map(move |(file, text)| (case.name, file, text)));
    made.filter(|(_, _, text)| text.is_some())
        .map(|(name, file, _)| (format!("{name}/{file}"), Change::Gone))
        .collect()
}

#[track_caller]
fn keeps_its_object(plane: &ControlPlane, name: &str) {
    let kept = plane.get("configmap", &format!("it-bad-{name}"), "keep");
    let kept = kept.unwrap_or_else(|| panic!("{name} has lost its object"));
    assert_eq!(text(&kept, "/data/value"), name);
    assert!(kept.pointer("/metadata/deletionTimestamp").is_none(), "{name} loses its object");
    let app = plane.app(NAMESPACE, name);
    let rows = app.pointer("/status/resources").and_then(Value::as_array);
    let is_it = |row: &Value| row["kind"] == "ConfigMap" && row["name"] == "keep";
    assert!(rows.is_some_and(|rows| rows.iter().any(is_it)), "{name} forgets its object: {}", app["status"]);
}

/// The words are on the page, as a browser shows them.
#[track_caller]
fn is_on_the_page(agent: &Agent, name: &str, words: &[String]) {
    wait_for(&format!("the page of {name} to say {words:?}"), || {
        let (_, page) = agent.page(&format!("/applications/{NAMESPACE}/{name}"))?;
        let shown = page
            .replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#x27;", "'")
            .replace("&amp;", "&");
        if words.iter().all(|word| shown.contains(word)) { Ok(()) } else { Err(shown) }
    });
}

/// What no correction of one Application alone brings about: two claim one object, two manage each other.
fn strange_applications(plane: &ControlPlane, agent: &Agent, repository: &TestRepository) {
    let url = repository.url();
    let child = |name: &str, path: &str| {
        let mut app = application(NAMESPACE, name, &url, path, "it-bad-ring");
        app["metadata"].as_object_mut().expect("it is a map").remove("finalizers");
        app.to_string()
    };
    repository.commit(
        "main",
        &[
            ("one/claimed.yaml", &config_map("claimed", "one")),
            ("other/claimed.yaml", &config_map("claimed", "other")),
            ("ring-a/b.yaml", &child("ring-b", "ring-b")),
            ("ring-b/a.yaml", &child("ring-a", "ring-a")),
        ],
    );
    plane.apply(&application(NAMESPACE, "one", &url, "one", "it-bad-claimed").to_string());
    plane.wait_until_well(NAMESPACE, "one");
    let mut other = application(NAMESPACE, "other", &url, "other", "it-bad-claimed");
    other["spec"]["syncPolicy"]["automated"]["selfHeal"] = false.into();
    other["spec"]["syncPolicy"]["syncOptions"] = json!(["CreateNamespace=true", "FailOnSharedResource=true"]);
    plane.apply(&other.to_string());
    let words = ["ConfigMap/claimed is part of applications", "Take it out of one of them"];
    plane.wait_for_condition(NAMESPACE, "other", "SharedResourceWarning", &words);
    let claimed = plane.get("configmap", "it-bad-claimed", "claimed").expect("it is there");
    assert_eq!(text(&claimed, "/data/value"), "one", "the first one keeps it");

    plane.apply(&child("ring-a", "ring-a"));
    for (name, through) in [("ring-a", "ring-b"), ("ring-b", "ring-a")] {
        let words = ["manages itself through", through, "Take it out of its own sources"];
        plane.wait_for_condition(NAMESPACE, name, "CyclicApplicationWarning", &words);
        is_on_the_page(agent, name, &["manages itself through".to_owned()]);
    }
}
