//! `windlass render app`.

use std::process::Command;

use super::{Desk, application, file_url};
use crate::support::git_http::{GitBackend, HttpServer, Reply, basic};

const MANIFESTS: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader, namespace: stray}
rules: []
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
";

#[test]
fn the_objects_are_those_the_agent_would_apply() {
    let desk = Desk::new();
    let repository = desk.repository("shop");
    repository.commit("main", &[("deploy/all.yaml", MANIFESTS)]);
    let app = desk.write("app.yaml", &application(&repository.url(), ""));
    let expected = "---
# Source: deploy/all.yaml:1
apiVersion: v1
kind: Service
metadata:
  annotations:
    argocd.argoproj.io/tracking-id: shop:/Service:shop/web
  name: web
  namespace: shop
spec:
  ports:
  - port: 80
---
# Source: deploy/all.yaml:6
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  annotations:
    argocd.argoproj.io/tracking-id: shop:rbac.authorization.k8s.io/ClusterRole:shop/reader
  name: reader
rules: []
---
# Source: deploy/all.yaml:11
apiVersion: v1
data:
  password: aHVudGVyMg==
kind: Secret
metadata:
  annotations:
    argocd.argoproj.io/tracking-id: shop:/Secret:shop/login
  name: login
  namespace: shop
";
    assert_eq!(desk.run_here(&["render", "app", &app]).well(), expected);
    assert_eq!(desk.run_here(&["render", "app", &app]).well(), expected, "twice the same");
}

#[test]
fn a_revision_takes_the_place_of_the_applications_own() {
    let desk = Desk::new();
    let repository = desk.repository("shop");
    let config = |colour: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{colour: {colour}}}\n")
    };
    let first = repository.commit("main", &[("deploy/c.yaml", &config("blue"))]);
    repository.tag("v1.0.0", &first, true);
    repository.commit("main", &[("deploy/c.yaml", &config("green"))]);
    repository.commit("next", &[("deploy/c.yaml", &config("red"))]);
    let app = desk.write("app.yaml", &application(&repository.url(), ""));
    let colour = |revision: &[&str]| {
        let text = desk.run_here(&[&["render", "app", &app], revision].concat()).well();
        text.lines().find_map(|line| line.trim().strip_prefix("colour: ").map(str::to_owned)).unwrap_or(text)
    };
    assert_eq!(colour(&[]), "green");
    assert_eq!(colour(&["--revision", "next"]), "red");
    assert_eq!(colour(&["--revision", "v1.0.0"]), "blue");
    assert_eq!(colour(&["--revision", "^1.0.0"]), "blue");
    assert_eq!(colour(&["--revision", &first]), "blue");
    let unknown = desk.run_here(&["render", "app", &app, "--revision", "nowhere"]).refused(1);
    assert!(unknown.contains("nowhere"), "{unknown}");
    let two = desk.run_here(&["render", "app", &app, "--revision", "a", "--revision", "b"]).refused(1);
    assert!(two.contains("given 2 times, but the Application has 1 sources"), "{two}");
}

#[test]
fn every_problem_has_its_file_and_line() {
    let desk = Desk::new();
    let repository = desk.repository("shop");
    let files = [
        ("deploy/a.yaml", "apiVersion: v1\nkind: [\nmetadata: {}\n"),
        ("deploy/b.yaml", "\nkind: Service\nmetadata: {name: b}\napiVersion: ''\n"),
    ];
    repository.commit("main", &files);
    let app = desk.write("app.yaml", &application(&repository.url(), ""));
    let said = desk.run_here(&["render", "app", &app]).refused(1);
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("Error: deploy/a.yaml:") && lines[0].ends_with("; correct the YAML"),
        "{said}"
    );
    assert_eq!(
        lines[1..],
        [
            "Error: deploy/b.yaml:2: Object 'apiVersion' is missing; give every manifest apiVersion, kind and metadata.name"
        ]
    );
    let elsewhere = desk.write("path.yaml", &application(&repository.url(), "/none"));
    let said = desk.run_here(&["render", "app", &elsewhere]).refused(1);
    assert!(said.starts_with("Error: ") && said.contains("deploy/none"), "{said}");
}

#[test]
fn a_chart_is_rendered_with_its_values_and_its_dependency_from_a_mirror() {
    let desk = Desk::new();
    desk.write("charts/cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 1.2.3\n");
    desk.write(
        "charts/cache/templates/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\ndata: {size: {{ .Values.size | quote }}}\n",
    );
    let packed = Command::new("tar")
        .args(["-C", desk.path("charts").to_str().expect("it is text"), "-cz", "cache"])
        .output()
        .expect("tar can be run")
        .stdout;
    let server = HttpServer::start(move |request| match request.path.as_str() {
        "/index.yaml" => Reply::ok(
            "text/yaml",
            "apiVersion: v1\nentries:\n  cache:\n  - {name: cache, version: 1.2.3, urls: [cache-1.2.3.tgz]}\n",
        ),
        "/cache-1.2.3.tgz" => Reply::ok("application/gzip", packed.clone()),
        _ => Reply::status(404),
    });
    let repository = desk.repository("shop");
    repository.commit("main", &[
        (
            "deploy/Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n- {name: cache, version: ^1.0.0, repository: 'https://charts.example.com/'}\n",
        ),
        (
            "deploy/templates/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata: {kube: '{{ .Capabilities.KubeVersion }}', widgets: '{{ .Capabilities.APIVersions.Has \"example.com/v1/Widget\" }}'}\n",
        ),
    ]);
    let values = ", helm: {releaseName: market, valuesObject: {cache: {size: 5}}}";
    let app = desk.write("app.yaml", &application(&repository.url(), values));
    let apis = desk.write("apis.txt", "example.com/v1\nexample.com/v1/Widget\n");
    let mirror = format!("https://charts.example.com/={}", server.url(""));
    let arguments = [
        "render",
        "app",
        &app,
        "--rewrite-url",
        &mirror,
        "--kube-version",
        "1.31.2",
        "--api-versions-file",
        &apis,
    ];
    let text = desk.run_here(&arguments).well();
    for line in [
        "# Source: deploy/charts/cache/templates/cm.yaml:1",
        "  size: \"5\"",
        "  name: market",
        "  kube: v1.31.2",
        "  widgets: \"true\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in {text}");
    }
    let refused = desk.run_here(&[
        "render",
        "app",
        &app,
        "--rewrite-url",
        "https://charts.example.com/=http://127.0.0.1:1/",
    ]);
    let said = refused.refused(1);
    assert!(said.contains("https://charts.example.com"), "{said}");
}

#[test]
fn secrets_projects_and_settings_may_be_handed_over() {
    let desk = Desk::new();
    let repository = desk.repository("root/acme/shop.git");
    repository.commit("main", &[("deploy/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    let backend = GitBackend::new(&desk.path("root"));
    let server = HttpServer::start(move |request| {
        if request.headers.get("authorization") == Some(&basic("me", "hunter2")) {
            return backend.answer(request);
        }
        let mut reply = Reply::status(401);
        reply.headers.push(("WWW-Authenticate".to_owned(), "Basic realm=\"git\"".to_owned()));
        reply
    });
    let url = "https://git.example.com/acme/shop.git";
    let app = desk.write("app.yaml", &application(url, ""));
    let mirror = format!("https://git.example.com/={}", server.url(""));
    let render =
        |more: &[&str]| desk.run(&[&["render", "app", &app, "--rewrite-url", &mirror], more].concat());
    let said = render(&[]).refused(1);
    assert!(said.contains("git.example.com/acme/shop"), "{said}");
    let secret = desk.write(
        "secret.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: git, labels: {{argocd.argoproj.io/secret-type: repository}}}}\n\
             stringData: {{url: '{url}', username: me, password: hunter2}}\n"
        ),
    );
    let text = render(&["-f", &secret]).well();
    assert!(text.contains("tracking-id: shop:/ConfigMap:shop/a"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let settings = desk.write(
        "settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {application.resourceTrackingMethod: label}\n",
    );
    let text = render(&["-f", &secret, "-f", &settings]).well();
    assert!(text.contains("app.kubernetes.io/instance: shop") && !text.contains("tracking-id"), "{text}");

    let project = desk.write(
        "project.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\nspec:\n  sourceRepos: ['*']\n  \
         destinations: [{server: '*', namespace: other}]\n  namespaceResourceBlacklist: [{group: '', kind: ConfigMap}]\n",
    );
    let said = render(&["-f", &secret, "-f", &project]).refused(1);
    assert!(said.contains("do not match any of the allowed destinations in project 'default'"), "{said}");
    assert!(said.contains("resource :ConfigMap is not permitted in project default"), "{said}");
}

#[test]
fn what_is_handed_over_must_be_one_application() {
    let desk = Desk::new();
    let none = desk.write("none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert!(desk.run(&["render", "app", &none]).refused(1).contains("holds no Application"));
    let one = application("https://example.com/a", "");
    let two = desk.write("two.yaml", &format!("{one}---\n{}", one.replace("name: shop", "name: blog")));
    assert!(desk.run(&["render", "app", &two]).refused(1).contains("holds the Applications shop, blog"));
    let empty = desk.write("empty.yaml", &one.replace("path: deploy", "path: ''"));
    let said = desk.run(&["render", "app", &empty]).refused(1);
    assert_eq!(
        said,
        "Error: spec.source.repoURL and either spec.source.path or spec.source.chart are required\n"
    );
    let wrong = desk.write("wrong.yaml", &one.replace("spec:", "spec:\n  sources: 7"));
    assert!(desk.run(&["render", "app", &wrong]).refused(1).contains("spec cannot be read"));
    assert!(desk.run(&["render", "app", "nowhere.yaml"]).refused(1).contains("could not read nowhere.yaml"));
    let folder = file_url(&desk.path("shop"));
    let outside = desk.write("outside.yaml", &application(&folder, ""));
    let said = desk.run(&["render", "app", &outside]).refused(1);
    assert!(said.contains("--local-repository"), "{said}");
}

#[test]
fn a_submodule_is_passed_over() {
    let desk = Desk::new();
    let repository = desk.repository("shop");
    let commit = repository
        .commit("main", &[("deploy/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(repository.folder()).args(arguments).output();
        let output = output.expect("git can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    git(&["read-tree", "main"]);
    git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},deploy/theme")]);
    let tree = git(&["write-tree"]);
    let names = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let next = git(&[&names[..], &["commit-tree", &tree, "-p", &commit, "-m", "a submodule"]].concat());
    git(&["update-ref", "refs/heads/main", &next]);
    let recurse = ", directory: {recurse: true}";
    let app = desk.write("app.yaml", &application(&repository.url(), recurse));
    let text = desk.run_here(&["render", "app", &app]).well();
    assert_eq!(text.matches("kind: ").count(), 1, "{text}");
    let inside = desk.write("inside.yaml", &application(&repository.url(), "/theme"));
    let said = desk.run_here(&["render", "app", &inside]).refused(1);
    assert!(said.contains("deploy/theme"), "{said}");
}
