//! Webhooks in the words of their providers.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use model::application::Source;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::source::git::NamesOnly;

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    list.iter().map(header).collect()
}

fn hmac(secret: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    HEXLOWER.encode(&mac.chain_update(body).finalize().into_bytes())
}

fn secrets() -> WebhookSecrets {
    WebhookSecrets::read(|key| key.starts_with("webhook.").then_some("s3cret"))
}

const GITHUB: &str = r#"{"ref":"refs/heads/main","before":"b1","after":"a1","commits":[
    {"added":["apps/a.yaml"],"modified":["apps/b.yaml"],"removed":[]},{"added":null,"removed":["old"]}],
    "repository":{"html_url":"https://github.com/Acme/Web","clone_url":"https://github.com/Acme/Web.git",
    "ssh_url":"git@github.com:Acme/Web.git","default_branch":"main"}}"#;
const GITLAB: &str = r#"{"object_kind":"push","ref":"refs/heads/feature/x","before":"b1","after":"a1",
    "total_commits_count":21,"commits":[{"added":["a"]}],"project":{"web_url":"https://gitlab.com/acme/web",
    "git_ssh_url":"git@gitlab.com:acme/web.git","default_branch":"main"}}"#;
const AZURE: &str = r#"{"eventType":"git.push","resource":{"refUpdates":[{"name":"refs/heads/main","oldObjectId":"b1",
    "newObjectId":"a1"}],"repository":{"remoteUrl":"https://dev.azure.com/acme/_git/web","defaultBranch":"refs/heads/main"}}}"#;
const BITBUCKET: &str = r#"{"push":{"changes":[{"new":{"name":"main","target":{"hash":"a1"}},"old":null}]},
    "repository":{"links":{"html":{"href":"https://bitbucket.org/acme/web"}}}}"#;
const BITBUCKET_SERVER: &str = r#"{"changes":[{"ref":{"id":"refs/tags/v1"},"fromHash":"b1","toHash":"a1"}],
    "repository":{"links":{"clone":[{"href":"ssh://git@bb.example.com:7999/acme/web.git"}]}}}"#;

fn told(headers: &HeaderMap, body: &str) -> String {
    match receive(headers, body.as_bytes(), &secrets()) {
        Err(error) => error.to_string(),
        Ok(Received::Nothing) => "nothing".to_owned(),
        Ok(Received::Push(push)) => {
            let Push { repositories, revision, before, after, is_default_branch, changed } = push;
            let default = if is_default_branch { " (default)" } else { "" };
            let changed = changed.map_or("?".to_owned(), |files| files.join(","));
            format!("{} {revision}{default} {before}..{after} {changed}", repositories.join(","))
        }
    }
}

#[track_caller]
fn check(list: &[(&str, &str)], body: &str, expected: &str) {
    assert_eq!(told(&headers(list), body), expected);
}

#[test]
fn each_provider_tells_of_its_push() {
    let github = format!("sha256={}", hmac("s3cret", GITHUB));
    let expected = "github.com/acme/web main (default) b1..a1 apps/a.yaml,apps/b.yaml,old";
    check(&[("x-github-event", "push"), ("x-hub-signature-256", &github)], GITHUB, expected);
    let gogs =
        [("x-github-event", "push"), ("x-gogs-event", "push"), ("x-gogs-signature", &hmac("s3cret", GITHUB))];
    check(&gogs, GITHUB, expected);
    let gitlab = [("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "s3cret")];
    check(&gitlab, GITLAB, "gitlab.com/acme/web feature/x b1..a1 ?");
    let login = format!("Basic {}", BASE64.encode(b"s3cret:s3cret"));
    let azure = [("x-vss-activityid", "1"), ("authorization", login.as_str())];
    check(&azure, AZURE, "dev.azure.com/acme/_git/web main (default) b1..a1 ?");
    let bitbucket = [("x-hook-uuid", "s3cret"), ("x-event-key", "repo:push")];
    check(&bitbucket, BITBUCKET, "bitbucket.org/acme/web main (default) ..a1 ?");
    let server = format!("sha256={}", hmac("s3cret", BITBUCKET_SERVER));
    let server = [("x-event-key", "repo:refs_changed"), ("x-hub-signature", server.as_str())];
    check(&server, BITBUCKET_SERVER, "bb.example.com/acme/web v1 (default) b1..a1 ?");
}

#[test]
fn unsigned_forged_and_unknown_are_refused() {
    let wrong = "the signature is missing or wrong";
    check(&[("x-github-event", "push")], GITHUB, wrong);
    check(&[("x-github-event", "push"), ("x-hub-signature-256", &hmac("s3cret", GITHUB))], GITHUB, wrong);
    let other = format!("sha256={}", hmac("other", GITHUB));
    check(&[("x-github-event", "push"), ("x-hub-signature-256", &other)], GITHUB, wrong);
    let changed = format!("sha256={}", hmac("s3cret", GITLAB));
    check(&[("x-github-event", "push"), ("x-hub-signature-256", &changed)], GITHUB, wrong);
    check(&[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "s3cre")], GITLAB, wrong);
    check(&[("x-gitlab-event", "Push Hook")], GITLAB, wrong);
    check(&[("x-vss-activityid", "1"), ("authorization", "Basic !")], AZURE, wrong);
    check(&[("x-unknown", "push")], GITHUB, "the event is not known");
    check(
        &[("x-gitlab-event", "Issue Hook"), ("x-gitlab-token", "s3cret")],
        GITLAB,
        "the event is not known",
    );
    // The signature comes first: whoever has none does not learn whether the body can be read.
    check(&[("x-github-event", "push")], "{", wrong);
    let signed = |body: &str| format!("sha256={}", hmac("s3cret", body));
    for body in ["{", "[]", "null", "{}", r#"{"ref":7}"#, r#"{"ref":"refs/heads/main"}"#] {
        check(
            &[("x-github-event", "push"), ("x-hub-signature-256", &signed(body))],
            body,
            "the body is not what the event says",
        );
    }
    check(&[("x-github-event", "ping"), ("x-hub-signature-256", &signed("x"))], "x", "nothing");
    let huge = " ".repeat(LARGEST_BODY + 1);
    check(&[("x-github-event", "push")], &huge, "the body is longer than 1048576 bytes");
    let unsigned =
        receive(&headers(&[("x-github-event", "push")]), GITHUB.as_bytes(), &WebhookSecrets::default());
    assert!(unsigned.is_ok(), "without a secret nothing is checked");
    let deep = "[".repeat(200_000);
    check(
        &[("x-github-event", "push"), ("x-hub-signature-256", &signed(&deep))],
        &deep,
        "the body is not what the event says",
    );
}

#[test]
fn urls_of_one_repository_have_one_key() {
    let same = [
        "https://github.com/Acme/web",
        "https://me:x@GitHub.com:443/acme/web.git",
        "git@github.com:acme/web.git",
        "ssh://git@ssh.github.com:443/acme/web/",
        "ssh://git@altssh.github.com/acme/web",
        "github.com:22/acme/web",
    ];
    for url in same {
        assert_eq!(repository_key(url), "github.com/acme/web", "{url}");
    }
    assert_ne!(repository_key("https://github.com/acme/web-2"), "github.com/acme/web");
}

#[track_caller]
fn check_affects(url: &str, revision: &str, path: &str, generate_paths: Option<&str>, expected: bool) {
    let source = Source {
        repo_url: url.to_owned(),
        target_revision: revision.to_owned(),
        path: path.to_owned(),
        ..Source::default()
    };
    let signature = format!("sha256={}", hmac("s3cret", GITHUB));
    let headers = headers(&[("x-github-event", "push"), ("x-hub-signature-256", &signature)]);
    let Ok(Received::Push(push)) = receive(&headers, GITHUB.as_bytes(), &secrets()) else {
        panic!("it is a push")
    };
    assert_eq!(
        affects(&source, generate_paths, &push, &NamesOnly),
        expected,
        "{url} {revision} {path} {generate_paths:?}"
    );
}

#[test]
fn a_push_affects_what_it_touches() {
    let url = "git@github.com:acme/web.git";
    for revision in ["", "HEAD", "main", "refs/heads/main"] {
        check_affects(url, revision, "apps", None, true);
    }
    check_affects(url, "other", "apps", None, false);
    check_affects("https://github.com/acme/other", "main", "apps", None, false);
    for paths in
        [".", "/apps", "/apps/a.yaml", "/apps/*.yaml", "/x;/old", "a.yaml", "[ab].yaml", "?.yaml", "../old"]
    {
        check_affects(url, "main", "apps", Some(paths), true);
    }
    for paths in ["/app", "sub", "/apps/sub", "*.yml", "[^ab].yaml", "/a*", "c.yaml;../../x"] {
        check_affects(url, "main", "apps", Some(paths), false);
    }
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(body: Vec<u8>, event in 0usize..6) {
        let names = ["x-vss-activityid", "x-gogs-event", "x-github-event", "x-gitlab-event", "x-hook-uuid", "x-event-key"];
        let list = [(names[event], "push"), ("x-event-key", "repo:push")];
        let _ = receive(&headers(&list[..1 + usize::from(event == 4)]), &body, &WebhookSecrets::default());
    }

    /// Each text, number, list or object of a real body in turn becomes something else.
    #[test]
    fn changed_bodies_never_panic(sample in 0usize..5, at in 0usize..40, kind in 0usize..5, text: String) {
        let samples = [
            ("x-github-event", "push", GITHUB), ("x-gitlab-event", "Push Hook", GITLAB), ("x-vss-activityid", "1", AZURE),
            ("x-hook-uuid", "u", BITBUCKET), ("x-event-key", "repo:refs_changed", BITBUCKET_SERVER),
        ];
        let (name, event, body) = samples[sample];
        let mut body: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
        let mut left = at;
        let new = [serde_json::json!(null), serde_json::json!(7), serde_json::json!(text), serde_json::json!([]), serde_json::json!({})];
        replace(&mut body, &mut left, &new[kind]);
        let list = [(name, event), ("x-event-key", "repo:push")];
        let _ = receive(&headers(&list[..1 + usize::from(sample == 3)]), body.to_string().as_bytes(), &WebhookSecrets::default());
    }

    #[test]
    fn arbitrary_urls_and_paths_never_panic(url: String, paths: String, path: String, files: Vec<String>) {
        repository_key(&url);
        files_are_relevant(Some(&paths), &path, &files);
    }
}

/// Replaces the value that is `left` steps away in a walk.
fn replace(value: &mut serde_json::Value, left: &mut usize, new: &serde_json::Value) {
    if *left == 0 {
        *value = new.clone();
    }
    *left = left.wrapping_sub(1);
    match value {
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| replace(value, left, new)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|value| replace(value, left, new)),
        _ => {}
    }
}
