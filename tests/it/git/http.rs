//! Git over smart HTTP: the real `git http-backend` behind a small server, which can also misbehave.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass::net::{EgressPolicy, RewriteRules};
use windlass::source::credentials::Credentials;
use windlass::source::git::{NamesOnly, Repository, Wanted};

use super::{World, chain, check, content};
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer, Reply, Request, basic};

/// A repository with one commit in the folder that the server serves.
fn served(world: &World) -> (PathBuf, TestRepository) {
    let root = world.path("remote");
    let remote = TestRepository::bare(&root.join("web.git"));
    remote.commit("main", &[("a.yaml", "one")]);
    (root, remote)
}

fn packs(server: &HttpServer) -> usize {
    server.requests().iter().filter(|request| request.method == "POST").count()
}

/// A server that answers packs by `answer` and everything else as Git.
fn misbehaving(
    root: PathBuf,
    answer: impl Fn(&GitBackend, &Request) -> Reply + Send + Sync + 'static,
) -> HttpServer {
    let backend = GitBackend::new(&root);
    HttpServer::start(move |request| match request.method.as_str() {
        "POST" => answer(&backend, request),
        _ => backend.answer(request),
    })
}

fn look_error(repository: &Repository) -> String {
    chain(&repository.look().expect_err("the look fails"))
}

#[test]
fn a_mirror_follows_its_remote() {
    let world = World::new();
    let (root, remote) = served(&world);
    let server = GitBackend::start(&root);
    let web = world.find(&server.url("web.git"));
    check(&web, "main", "a.yaml", "one");
    let again = world.find(&server.url("web"));
    assert!(Arc::ptr_eq(&web, &again), "two spellings share one mirror");

    // Until someone looks, what was known holds and the remote is left alone.
    let second = remote.commit("main", &[("a.yaml", "two")]);
    remote.tag("v1.0.0", &second, true);
    server.take_count();
    check(&web, "main", "a.yaml", "one");
    assert_eq!(server.take_count(), 0);

    assert!(web.look().expect("the remote answers"));
    assert_eq!(server.take_count(), 1, "a look is one request");
    check(&web, "main", "a.yaml", "two");
    check(&web, "HEAD", "a.yaml", "two");
    check(&web, "v1.0.0", "a.yaml", "two");
    check(&web, &second, "a.yaml", "two");
    server.take_count();
    assert!(!web.look().expect("the remote answers"), "nothing moved");
    check(&web, "main", "a.yaml", "two");
    assert_eq!(server.take_count(), 1);
}

#[test]
fn fetches_are_shallow_where_the_server_allows() {
    let world = World::new();
    let (root, remote) = served(&world);
    let old = remote.commit("main", &[("a.yaml", "two"), ("big", &"x".repeat(100_000))]);
    remote.commit("main", &[("a.yaml", "three")]);
    let server = GitBackend::start(&root);
    let web = world.find(&server.url("web.git"));
    check(&web, "main", "a.yaml", "three");
    let mirror =
        std::fs::read_dir(world.path("cache")).expect("it is there").flatten().next().expect("there is one");
    let shallow = std::fs::read_to_string(mirror.path().join("shallow")).expect("the mirror is shallow");
    assert_eq!(shallow.lines().count(), 1);

    // A commit that no name leads to: by its id where the server allows, else with everything.
    check(&web, &old, "a.yaml", "two");
    check(&web, &old[..9], "a.yaml", "two");
    remote.set("uploadpack.allowReachableSHA1InWant", "true");
    let mut other = World::new();
    other.http.set_rewrite(RewriteRules::default());
    check(&other.find(&server.url("web.git")), &old, "a.yaml", "two");
    let mirror =
        std::fs::read_dir(other.path("cache")).expect("it is there").flatten().next().expect("there is one");
    assert!(mirror.path().join("shallow").exists(), "a bare id was fetched alone");
    other.restart();
    let before = packs(&server);
    check(&other.find(&server.url("web.git")), &old, "a.yaml", "two");
    assert_eq!(packs(&server), before, "a full id that is here needs no network");
    check(&world.find(&server.url("web.git")), &old[..9], "a.yaml", "two");
}

#[test]
fn an_abbreviated_id_that_no_name_leads_to_is_found_in_everything() {
    let world = World::new();
    let (root, remote) = served(&world);
    let old = remote.commit("main", &[("a.yaml", "two")]);
    remote.commit("main", &[("a.yaml", "three")]);
    let server = GitBackend::start(&root);
    let web = world.find(&server.url("web.git"));
    check(&web, &old[..9], "a.yaml", "two");
    let shown = server.url("web.git");
    check(
        &web,
        "abcdef1",
        "a",
        &format!("revision abcdef1 is not in {shown}: no branch, tag or commit has this name"),
    );
    let missing = "1234567890123456789012345678901234567890";
    let words = format!(
        "revision {missing} is not in {shown}: no branch or tag of the remote leads to it (any more)"
    );
    check(&web, missing, "a", &words);
}

#[test]
fn force_pushes_are_taken_and_deleted_branches_are_errors() {
    let world = World::new();
    let (root, remote) = served(&world);
    remote.commit("feature", &[("a.yaml", "feature")]);
    let server = GitBackend::start(&root);
    let web = world.find(&server.url("web.git"));
    check(&web, "main", "a.yaml", "one");
    check(&web, "feature", "a.yaml", "feature");
    remote.rewrite("main", &[("b.yaml", "anew")]);
    remote.delete_branch("feature");
    assert!(web.look().expect("the remote answers"));
    check(&web, "main", "b.yaml", "anew");
    let words = "no branch, tag or commit has this name; check targetRevision";
    check(&web, "feature", "a", &format!("revision feature is not in {}: {words}", server.url("web.git")));
}

#[test]
fn a_remote_that_is_away_leaves_what_was_known_in_force() {
    let mut world = World::new();
    let (root, _remote) = served(&world);
    let server = GitBackend::start(&root);
    let url = server.url("web.git");
    check(&world.find(&url), "main", "a.yaml", "one");
    drop(server);
    let error = look_error(&world.find(&url));
    assert!(error.contains("cannot be reached"), "{error}");
    check(&world.find(&url), "main", "a.yaml", "one");
    world.restart();
    check(&world.find(&url), "main", "a.yaml", "one");
}

#[test]
fn logins_are_asked_for_named_and_used() {
    let world = World::new();
    let (root, _remote) = served(&world);
    let backend = GitBackend::new(&root);
    let server = HttpServer::start(move |request| match request.headers.get("authorization") {
        Some(given) if *given == basic("me", "hunter2") => backend.answer(request),
        Some(given) if given == "Bearer token" => backend.answer(request),
        _ => Reply::status(401),
    });
    let url = server.url("web.git");
    let without = content(&world.find(&url), "main", "a.yaml");
    assert!(without.contains("without credentials: add a repository or repo-creds Secret"), "{without}");
    world.log_in(&[("url", &url), ("username", "me"), ("password", "wrong-hunter")]);
    let wrong = content(&world.find(&url), "main", "a.yaml");
    assert!(wrong.contains("they may be wrong, expired or without the right to read"), "{wrong}");
    assert!(!wrong.contains("hunter"), "{wrong}");
    world.log_in(&[("url", &url), ("username", "me"), ("password", "hunter2")]);
    check(&world.find(&url), "main", "a.yaml", "one");
    world.log_in(&[("url", &url), ("bearerToken", "token")]);
    check(&world.find(&url), "main", "a.yaml", "one");

    // Who has no credentials of his own reads nothing through the mirror of who has.
    world.repositories.set_credentials(Arc::new(Credentials::default()));
    assert_ne!(content(&world.find(&url), "main", "a.yaml"), "one");
    let in_url = url.replace("http://", "http://me:hunter2@");
    check(&world.find(&in_url), "main", "a.yaml", "one");
    assert!(!format!("{} {}", world.find(&in_url).shown(), world.find(&in_url).id()).contains("hunter"));

    world.log_in(&[("url", &url), ("githubAppPrivateKey", "key")]);
    let error = world.repositories.find(&url, "default").err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("GitHub App credentials are not supported yet")));
}

#[test]
fn credentials_never_reach_another_host() {
    let world = World::new();
    let (root, _remote) = served(&world);
    let other = GitBackend::start(&root);
    let to = other.url("web.git/info/refs?service=git-upload-pack");
    let backend = GitBackend::new(&root);
    let server = HttpServer::start(move |request| match request.path.as_str() {
        path if path.starts_with("/moved.git/info") => Reply::redirect(&to),
        path if path.starts_with("/renamed.git/info") => {
            Reply::redirect("/web.git/info/refs?service=git-upload-pack")
        }
        "/moved.git/git-upload-pack" => Reply::status(404),
        _ => backend.answer(request),
    });
    let login = [("username", "me"), ("password", "hunter2")];
    let url = server.url("moved.git");
    world.log_in(&[&[("url", url.as_str())][..], &login].concat());
    let read = content(&world.find(&url), "main", "a.yaml");
    assert!(!other.requests().is_empty(), "the redirect was followed: {read}");
    for request in other.requests() {
        assert!(
            !request.headers.contains_key("authorization") && !request.headers.contains_key("cookie"),
            "{request:?}"
        );
        assert!(!format!("{request:?}").contains("hunter2"), "{request:?}");
    }
    assert!(server.requests().iter().all(|request| request.headers.contains_key("authorization")));

    // On the same host a redirect keeps them, and the pack comes from where the list came from.
    let url = server.url("renamed.git");
    world.log_in(&[&[("url", url.as_str())][..], &login].concat());
    check(&world.find(&url), "main", "a.yaml", "one");
    assert!(server.requests().iter().any(|request| request.path == "/web.git/git-upload-pack"));
}

#[test]
fn a_rewritten_url_is_asked_with_the_credentials_of_the_one_written() {
    // No loopback allowed: the operator's rule names the host.
    let world = World::with(EgressPolicy::default());
    let (root, _remote) = served(&world);
    let server = GitBackend::start(&root);
    let rule = format!("https://git.example.com/acme/={}", server.url(""));
    world.http.set_rewrite(RewriteRules::new([rule.parse().expect("it is a rule")]));
    let written = "https://git.example.com/acme/web.git";
    world.log_in(&[("url", written), ("username", "me"), ("password", "hunter2")]);
    let web = world.find(written);
    check(&web, "main", "a.yaml", "one");
    assert_eq!(web.shown(), written);
    let authorization = basic("me", "hunter2");
    assert!(
        server.requests().iter().all(|request| request.headers.get("authorization") == Some(&authorization))
    );

    let direct = content(&world.find(&server.url("web.git")), "main", "a.yaml");
    assert!(direct.contains("may not be connected to"), "{direct}");
}

#[test]
fn rules_may_lead_to_local_repositories() {
    let world = World::new();
    let remote = TestRepository::bare(&world.path("local/web.git"));
    remote.commit("main", &[("a.yaml", "one")]);
    let rule = format!("https://git.example.com/acme/=file://{}/", world.path("local").display());
    world.http.set_rewrite(RewriteRules::new([rule.parse().expect("it is a rule")]));
    let web = world.find("https://git.example.com/acme/web.git");
    check(&web, "main", "a.yaml", "one");
    assert!(web.local_folder().is_some());
}

#[test]
fn transfers_that_break_off_leave_no_half_tree() {
    let world = World::new();
    let (root, _remote) = served(&world);
    let cuts = Arc::new(AtomicUsize::new(0));
    let next = cuts.clone();
    let server = misbehaving(root, move |backend, request| {
        let reply = backend.answer(request);
        let cut_at = next.load(Ordering::Relaxed);
        Reply { cut_at: (cut_at < 10_000).then_some(cut_at.min(reply.body.len().saturating_sub(1))), ..reply }
    });
    let web = world.find(&server.url("web.git"));
    for cut in [0, 1, 8, 40, 60, 100, 150, 200] {
        cuts.store(cut, Ordering::Relaxed);
        let read = content(&web, "main", "a.yaml");
        assert!(read.contains("broke off") || read.starts_with("could not"), "cut at {cut}: {read}");
    }
    cuts.store(usize::MAX, Ordering::Relaxed);
    check(&web, "main", "a.yaml", "one");
}

#[test]
fn a_damaged_mirror_is_thrown_away_and_fetched_anew() {
    let mut world = World::new();
    let (root, _remote) = served(&world);
    let server = GitBackend::start(&root);
    let url = server.url("web.git");
    check(&world.find(&url), "main", "a.yaml", "one");
    let mirror =
        std::fs::read_dir(world.path("cache")).expect("it is there").flatten().next().expect("there is one");
    let packs = std::fs::read_dir(mirror.path().join("objects/pack")).expect("it is there").flatten();
    let pack = packs.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "pack"));
    let pack = pack.expect("there is a pack");
    let sound = std::fs::read(&pack).expect("it can be read");
    let mut at_last = 0;
    // Wherever a byte flips, no wrong content is ever read, and the second try has a sound mirror.
    for at in (12..sound.len() - 20).step_by(7) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        let folder = mirror.path().join("objects/pack");
        if !folder.exists() {
            at_last = at;
            break;
        }
        let _ = std::fs::remove_file(&pack);
        std::fs::write(&pack, damaged).expect("it can be written");
        world.restart();
        let web = world.find(&url);
        let first = content(&web, "main", "a.yaml");
        assert!(first == "one" || first.contains("could not"), "flipped at {at}: {first}");
        check(&web, "main", "a.yaml", "one");
    }
    assert_ne!(at_last, 0, "no flip was noticed");
}

#[test]
fn servers_that_are_no_git_servers_are_named() {
    let world = World::new();
    let server = HttpServer::start(|request| match request.path.as_str() {
        "/page/info/refs" => Reply::ok("text/html", "<html>hello</html>"),
        "/liar/info/refs" => Reply::ok("application/x-git-upload-pack-advertisement", "what?"),
        "/broken/info/refs" => Reply::status(500),
        "/round/info/refs" => Reply::redirect("/round/info/refs"),
        "/metadata/info/refs" => Reply::redirect("http://169.254.169.254/latest"),
        "/file/info/refs" => Reply::redirect("file:///etc/passwd"),
        _ => Reply::status(404),
    });
    let error = |path: &str| look_error(&world.find(&server.url(path))).replace(&server.host(), "HOST");
    assert_eq!(
        error("page"),
        "http://HOST/page does not answer as a Git repository (it answers with text/html): check the URL"
    );
    assert_eq!(
        error("nothing"),
        "http://HOST/nothing does not answer as a Git repository (it answers 404: not found, or not visible without \
         credentials): check the URL"
    );
    assert!(error("liar").starts_with("could not list the references of http://HOST/liar: "));
    assert_eq!(
        error("broken"),
        "could not read http://HOST/broken: http://HOST/broken/info/refs answered 500"
    );
    assert_eq!(error("round"), "could not read http://HOST/round: 127.0.0.1 redirects too many times");
    assert!(error("metadata").contains("169.254.169.254 may not be connected to"), "{}", error("metadata"));
    assert!(error("file").contains("only http and https are"), "{}", error("file"));
}

#[test]
fn the_cache_is_bounded_and_fetched_again_when_needed() {
    let mut world = World::new();
    let (root, _remote) = served(&world);
    let other = TestRepository::bare(&root.join("other.git"));
    other.commit("main", &[("a.yaml", "other")]);
    let server = GitBackend::start(&root);
    check(&world.find(&server.url("web.git")), "main", "a.yaml", "one");
    world.restart();
    check(&world.find(&server.url("other.git")), "main", "a.yaml", "other");
    let mirrors = |world: &World| std::fs::read_dir(world.path("cache")).expect("it is there").count();
    assert_eq!(mirrors(&world), 2);
    world.repositories.sweep();
    assert_eq!(mirrors(&world), 2, "both fit");
    world.restart_with(|options| options.cache_bytes = 1);
    let tree = world.find(&server.url("other.git"));
    let tree = tree
        .tree(tree.resolve(Wanted::new("main"), &NamesOnly).expect("it is there").commit)
        .expect("it is there");
    world.repositories.sweep();
    assert_eq!(mirrors(&world), 1, "the one in use stays until its reader is done");
    drop(tree);
    assert_eq!(mirrors(&world), 0);
    check(&world.find(&server.url("other.git")), "main", "a.yaml", "other");
    check(&world.find(&server.url("web.git")), "main", "a.yaml", "one");
}

#[test]
fn callers_at_the_same_time_share_one_look() {
    let world = World::new();
    let (root, _remote) = served(&world);
    let server = GitBackend::start(&root);
    let web = world.find(&server.url("web.git"));
    let looks = 32;
    std::thread::scope(|scope| {
        for _ in 0..looks {
            scope.spawn(|| {
                web.resolve(Wanted::new("main"), &NamesOnly).expect("it is there");
                web.look().expect("the remote answers");
            });
        }
    });
    let count = server.take_count();
    assert!(count < looks / 2, "{count} looks were made");
}
