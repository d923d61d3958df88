//! Which crate may depend on which, and what is banned from `crates/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The doors: a crate sees these of the project's own crates and no others.
const DOORS: [(&str, &[&str]); 7] = [
    ("goyaml", &[]),
    ("gotemplate", &[]),
    ("helm", &["gotemplate", "goyaml"]),
    ("model", &["goyaml"]),
    ("rollout", &["model"]),
    ("sync", &["goyaml", "helm", "model"]),
    ("report", &["model", "rollout", "sync"]),
];

/// Words that reach for the world.
const BANNED: [&str; 14] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "tokio",
    "git2",
    "notify::",
    "axum",
    "kube::",
    "async fn",
    "tracing::",
    "println!",
];

#[test]
fn crates_see_only_what_their_doors_allow() {
    for (name, allowed) in DOORS {
        let manifest = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml"))
            .expect("it is there");
        let dependencies = manifest
            .split("[dependencies]")
            .nth(1)
            .unwrap_or_default()
            .split("\n[")
            .next()
            .unwrap_or_default();
        let own: BTreeSet<&str> = DOORS.iter().map(|(name, _)| *name).collect();
        let seen: BTreeSet<&str> = dependencies
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| own.contains(name))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(
            seen.difference(&allowed).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{name} opens a door of its own"
        );
    }
    let crates: BTreeSet<String> = folders(&root().join("crates"));
    assert_eq!(
        crates,
        DOORS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        "a crate is missing from the table"
    );
}

#[test]
fn crates_never_touch_the_world() {
    let mut found = Vec::new();
    for (name, _) in DOORS {
        for file in sources(&root().join("crates").join(name).join("src")) {
            let text = std::fs::read_to_string(&file).expect("it can be read");
            let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (line, text) in code {
                if let Some(word) = BANNED.iter().find(|word| text.contains(**word)) {
                    found.push(format!("{}:{}: {word}", file.display(), line + 1));
                }
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn nothing_is_ever_run_as_a_process() {
    let files = sources(&root().join("src"));
    assert!(files.len() > 50, "the sources were not found");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        for word in ["process::Command", "process::{", "Command::new(\"", "libc::", "execv"] {
            assert!(!text.contains(word), "{}: {word}", file.display());
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folders(path: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(path).expect("it is a folder").filter_map(Result::ok);
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn sources(path: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(path).expect("it is a folder").filter_map(Result::ok).map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let tests =
        |path: &PathBuf| path.file_name().is_some_and(|name| name == "tests.rs" || name == "testing.rs");
    let own =
        files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs") && !tests(path));
    own.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}
