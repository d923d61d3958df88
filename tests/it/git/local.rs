//! Local repositories: opened in place, watched, and nothing outside their folders.

use std::collections::BTreeSet;
use std::time::Duration;

use model::tree::{SourceTree, TreePath, list_folder};
use tokio::sync::mpsc;
use windlass::source::git::{GitTree, NamesOnly, Repository, Wanted};
use windlass::source::watch::Watch;

use super::{World, chain, check, text};
use crate::support::git::{Change, TestRepository};

fn tree(repository: &Repository, revision: &str) -> GitTree {
    let found = repository.resolve(Wanted::new(revision), &NamesOnly).expect("it is there");
    repository.tree(found.commit).expect("it can be read")
}

#[test]
fn revisions_of_a_bare_repository() {
    let world = World::new();
    let remote = TestRepository::bare(&world.path("local/web.git"));
    let first = remote.commit("main", &[("app/a.yaml", "one")]);
    remote.tag("v1.0.0", &first, true);
    let second = remote.commit("main", &[("app/a.yaml", "two")]);
    let web = world.find(&remote.url());
    check(&web, "HEAD", "app/a.yaml", "two");
    check(&web, "", "app/a.yaml", "two");
    check(&web, "main", "app/a.yaml", "two");
    check(&web, "v1.0.0", "app/a.yaml", "one");
    check(&web, "refs/tags/v1.0.0", "app/a.yaml", "one");
    check(&web, &first, "app/a.yaml", "one");
    check(&web, &second[..8], "app/a.yaml", "two");
    let resolved = web.resolve(Wanted::new("v1.0.0"), &NamesOnly).expect("it is there");
    assert_eq!(resolved.commit.to_string(), first, "an annotated tag leads to its commit");
    let shown = remote.url();
    check(
        &web,
        "nowhere",
        "x",
        &format!(
            "revision nowhere is not in {shown}: no branch, tag or commit has this name; check targetRevision"
        ),
    );
    let info = web.commit(resolved.commit).expect("it can be read");
    assert_eq!(
        (info.subject.as_str(), info.author.as_str(), info.date.to_string().as_str()),
        ("change files", "Ann Author", "2024-05-01T12:00:00Z")
    );
    let without_suffix = world.find(&shown.replace(".git", ""));
    check(&without_suffix, "main", "app/a.yaml", "two");
}

#[test]
fn a_repository_with_a_work_tree_is_read_from_its_objects() {
    let world = World::new();
    let remote = TestRepository::with_work_tree(&world.path("local/web"));
    remote.commit("main", &[("a.yaml", "one")]);
    std::fs::write(world.path("local/web/a.yaml"), "not committed").expect("it can be written");
    check(&world.find(&remote.folder().display().to_string()), "main", "a.yaml", "one");
}

#[test]
fn an_empty_repository_says_so() {
    let world = World::new();
    let remote = TestRepository::bare(&world.path("local/new.git"));
    let expected = format!(
        "revision HEAD is not in {}: its HEAD names no branch that exists (is it empty?)",
        remote.url()
    );
    check(&world.find(&remote.url()), "HEAD", "a", &expected);
}

#[test]
fn nothing_outside_the_local_folders_is_opened() {
    let world = World::new();
    let outside = TestRepository::bare(&world.path("outside/web.git"));
    outside.commit("main", &[("a", "canary")]);
    std::os::unix::fs::symlink(outside.folder(), world.path("local/link.git")).expect("a link can be made");
    let work_tree = TestRepository::with_work_tree(&world.path("outside/work"));
    std::fs::create_dir(world.path("local/gitfile")).expect("a folder can be made");
    let gitfile = format!("gitdir: {}", work_tree.folder().join(".git").display());
    std::fs::write(world.path("local/gitfile/.git"), gitfile).expect("it can be written");
    let borrowing = TestRepository::bare(&world.path("local/borrowing.git"));
    let alternates = outside.folder().join("objects").display().to_string();
    std::fs::create_dir_all(borrowing.folder().join("objects/info")).expect("a folder can be made");
    std::fs::write(borrowing.folder().join("objects/info/alternates"), alternates)
        .expect("it can be written");
    std::fs::create_dir(world.path("local/plain")).expect("a folder can be made");

    let refused = |path: &str| {
        let error = world.repositories.find(path, "default").err().expect("it is refused");
        chain(&error).replace(&world.folder.path().display().to_string(), "T")
    };
    let path = |below: &str| world.path(below).display().to_string();
    let not_below = |path: &str| {
        format!(
            "{path} is not below a local repository folder: start windlass with --local-repository for it"
        )
    };
    assert_eq!(refused(&path("outside/web.git")), not_below("T/outside/web.git"));
    assert_eq!(refused(&path("local/../outside/web.git")), not_below("T/local/../outside/web.git"));
    assert_eq!(refused(&outside.url()), not_below("T/outside/web.git"));
    assert_eq!(refused(&path("local/link.git")), not_below("T/local/link.git"));
    assert_eq!(refused("/etc"), not_below("/etc"));
    assert_eq!(
        refused(&path("local/gitfile")),
        "T/local/gitfile leads out of its local repository folder through its .git file"
    );
    assert_eq!(
        refused(&path("local/borrowing.git")),
        "T/local/borrowing.git leads out of its local repository folder through objects/info/alternates"
    );
    assert_eq!(refused(&path("local/nothing")), "T/local/nothing is not a Git repository: nothing is there");
    let plain = "T/local/plain is not a Git repository: it holds neither a bare repository nor a .git folder";
    assert_eq!(refused(&path("local/plain")), plain);
}

#[test]
fn trees_are_case_exact_sorted_and_keep_links_inside() {
    let world = World::new();
    let remote = TestRepository::bare(&world.path("local/web.git"));
    let changes = [
        ("App/a.yaml", Change::File("upper")),
        ("app/a.yaml", Change::File("lower")),
        ("app.d/b.yaml", Change::File("b")),
        ("env/link", Change::Link("../app/a.yaml")),
        ("env/out", Change::Link("../../secret")),
        ("env/etc", Change::Link("/etc/passwd")),
    ];
    remote.change("main", &changes, "links");
    let web = world.find(&remote.url());
    check(&web, "main", "App/a.yaml", "upper");
    check(&web, "main", "app/a.yaml", "lower");
    check(&web, "main", "env/link", "lower");
    check(&web, "main", "env/out", "env/out is a link that leads out of the repository");
    check(&web, "main", "env/etc", "env/etc is a link that leads out of the repository");
    let names = list_folder(&tree(&web, "main"), &TreePath::root()).expect("it is a folder");
    let names: Vec<_> = names.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["App", "app", "app.d", "env"]);
}

/// Reads by `read` from one commit, then asks whether that still holds after `changes`.
#[track_caller]
fn check_reads(read: impl Fn(&GitTree), changes: &[(&str, Change<'_>)], expected: bool) {
    let world = World::new();
    let remote = TestRepository::bare(&world.path("local/web.git"));
    remote.commit("main", &[("app/a.yaml", "a"), ("app/sub/b.yaml", "b"), ("other/c.yaml", "c")]);
    let web = world.find(&remote.url());
    let before = tree(&web, "main");
    read(&before);
    let reads = before.into_reads();
    remote.change("main", changes, "next");
    assert_eq!(reads.still_true(&tree(&web, "main")), expected);
}

#[test]
fn a_commit_that_changes_nothing_that_was_read_costs_no_render() {
    let path = |text: &str| TreePath::new(text).expect("it is a path");
    let file = |tree: &GitTree| assert_eq!(text(tree, "app/a.yaml"), "a");
    let folder = |tree: &GitTree| assert_eq!(tree.list(&path("app")).expect("it is a folder").len(), 2);
    let missing =
        |tree: &GitTree| assert_eq!(tree.entry(&path("app/values.yaml")).expect("it can be asked"), None);
    let kind = |tree: &GitTree| assert!(tree.entry(&path("app/a.yaml")).expect("it can be asked").is_some());

    check_reads(file, &[("other/c.yaml", Change::File("new"))], true);
    check_reads(file, &[("app/new.yaml", Change::File("new"))], true);
    check_reads(file, &[("app/a.yaml", Change::File("new"))], false);
    check_reads(file, &[("app/a.yaml", Change::Gone)], false);
    check_reads(folder, &[("app/new.yaml", Change::File("new"))], false);
    check_reads(
        folder,
        &[("app/sub/new.yaml", Change::File("new")), ("app/a.yaml", Change::File("new"))],
        true,
    );
    check_reads(folder, &[("app/a.yaml", Change::Link("x"))], false);
    check_reads(missing, &[("app/a.yaml", Change::File("new"))], true);
    check_reads(missing, &[("app/values.yaml", Change::File("new"))], false);
    check_reads(missing, &[("app/a.yaml", Change::Gone), ("app/sub/b.yaml", Change::Gone)], true);
    check_reads(kind, &[("app/a.yaml", Change::File("new"))], true);
    check_reads(kind, &[("app/a.yaml", Change::Link("x"))], false);
    check_reads(|_| (), &[("app/a.yaml", Change::File("new"))], true);
}

#[test]
fn a_push_is_heard_of() {
    let world = World::new();
    let web = TestRepository::bare(&world.path("local/web.git"));
    let quiet = TestRepository::with_work_tree(&world.path("local/quiet"));
    web.commit("main", &[("a", "1")]);
    let (watched, silent) = (world.find(&web.url()), world.find(&quiet.url()));
    let (moved, mut heard) = mpsc::channel(16);
    let mut watch = Watch::start(moved).expect("the system offers a watch");
    watch.add(&watched).expect("it can be watched");
    watch.add(&silent).expect("it can be watched");
    watch.add(&watched).expect("twice is once");
    let mut next = || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), heard.recv()).await })
    };

    let commit = web.commit("main", &[("a", "2")]);
    assert_eq!(next().expect("a push is heard of").as_ref(), Some(watched.id()));
    check(&watched, "main", "a", "2");
    web.tag("nested/v2", &commit, false);
    assert_eq!(next().expect("a tag is heard of").as_ref(), Some(watched.id()));
    quiet.commit("main", &[("a", "1")]);
    // What is left over of the first repository's moves may come before.
    let mut last = next().expect("a push is heard of");
    while last.as_ref() == Some(watched.id()) {
        last = next().expect("the other repository is heard of, too");
    }
    assert_eq!(last.as_ref(), Some(silent.id()));

    watch.keep(&BTreeSet::from([watched.id().clone()]));
    drop(watch);
    let rest = std::iter::from_fn(|| next().expect("the channel ends with the watch")).count();
    assert!(rest < 5, "{rest} more were heard of");
}
