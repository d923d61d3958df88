//! Texts that a Git program could take for a command (threat T05): each is refused in words, and nothing is run.

use super::{Desk, application};
use crate::support::git::TestRepository;

/// An Application with this URL and revision, both written as JSON so that every character arrives.
fn with(url: &str, revision: &str) -> String {
    let source = serde_json::json!({"repoURL": url, "path": "deploy", "targetRevision": revision});
    let before = application("", "");
    let (head, _) = before.split_once("  source:").expect("it has a source");
    format!("{head}  source: {source}\n")
}

/// Leaves a file where a command was run.
const COMMAND: &str = "touch run-by-a-shell";

#[track_caller]
fn check_refused(desk: &Desk, url: &str, revision: &str) {
    let app = desk.write("hostile.yaml", &with(url, revision));
    let said = desk.run_here(&["render", "app", &app]).refused(1);
    assert!(said.starts_with("Error: "), "{url:?} at {revision:?}: {said}");
    assert!(!desk.path("run-by-a-shell").exists(), "{url:?} at {revision:?} was run");
}

#[test]
fn urls_are_never_commands() {
    let desk = Desk::new();
    for url in [
        format!("ext::sh -c '{COMMAND}'"),
        format!("--upload-pack={COMMAND}"),
        format!("-u{COMMAND}"),
        format!("ssh://-oProxyCommand={COMMAND}/x"),
        format!("ssh://me@-oProxyCommand={COMMAND}/x"),
        format!("-oProxyCommand={COMMAND}:x"),
        format!("me@-oProxyCommand={COMMAND}:x"),
        format!("ssh://127.0.0.1:1/'; {COMMAND}; '"),
        format!("ssh://127.0.0.1:1/$({COMMAND})"),
        format!("fd::17/{COMMAND}"),
        format!("transport::{COMMAND}"),
        "git://127.0.0.1:1/x".to_owned(),
        "ftp://127.0.0.1/x".to_owned(),
        "javascript:alert(1)".to_owned(),
        "https://".to_owned(),
        "http://127.0.0.1:1/x\nHost: evil".to_owned(),
        "http://127.0.0.1:1/x\0".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://localhost:1/x".to_owned(),
        "file:///etc".to_owned(),
        "file:///proc/self/cwd".to_owned(),
        "/etc".to_owned(),
        "../shop".to_owned(),
        "file://../shop".to_owned(),
        "file://localhost/etc".to_owned(),
        "\\\\host\\share".to_owned(),
        " ".to_owned(),
    ] {
        check_refused(&desk, &url, "");
    }
}

#[test]
fn revisions_are_never_options() {
    let desk = Desk::new();
    let repository: TestRepository = desk.repository("shop");
    repository.commit("main", &[("deploy/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    for revision in [
        format!("--upload-pack={COMMAND}"),
        format!("-c core.sshCommand='{COMMAND}'"),
        "-".to_owned(),
        "--".to_owned(),
        "..".to_owned(),
        "main..main".to_owned(),
        "../../../etc/passwd".to_owned(),
        "refs/heads/../../config".to_owned(),
        "refs/../HEAD".to_owned(),
        "/etc/passwd".to_owned(),
        "HEAD:deploy/a.yaml".to_owned(),
        "main^{/x}".to_owned(),
        "main@{1}".to_owned(),
        "main~0".to_owned(),
        ":/x".to_owned(),
        "main\0".to_owned(),
        "main\u{1b}[2J".to_owned(),
        "*".repeat(10_000) + "x",
        "refs/heads/*".to_owned(),
        "ref: refs/heads/main".to_owned(),
        "config".to_owned(),
        "packed-refs".to_owned(),
    ] {
        check_refused(&desk, &repository.url(), &revision);
    }
}
