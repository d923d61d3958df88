//! The seed's repositories, unpacked into a folder of the test's own and served as their hosts serve them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::git_http::{GitBackend, HttpServer, Reply};
use crate::support::shared::shared;

/// The Helm repository that a chart of the seed names.
const HELM_REPOSITORY: &str = "https://prometheus-community.github.io/helm-charts";

/// Running servers, and the environment repository's clone that the story is played in.
pub struct Seed {
    material: PathBuf,
    folder: TempDir,
    server: HttpServer,
}

impl Seed {
    /// Unpacks and serves the seed; none where it is not there.
    pub fn serve() -> Option<Self> {
        let material = shared("seed")?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().join("git");
        std::fs::create_dir(&root).expect("a folder can be made");
        for archive in files(&material.join("git")) {
            run(Command::new("tar").arg("-xzf").arg(&archive).arg("--no-same-owner").arg("-C").arg(&root));
        }
        let (git, charts) = (GitBackend::new(&root), material.join("helm-repo"));
        let server = HttpServer::start(move |request| match request.path.strip_prefix("/helm-repo/") {
            Some(file) => static_file(&charts, file),
            None => git.answer(request),
        });
        let seed = Self { material, folder, server };
        let origin = seed.folder.path().join("git/vfarcic/argocd-production.git");
        run(seed.git().arg("clone").arg("--quiet").arg(origin).arg(seed.environment()));
        Some(seed)
    }

    /// Prefix rules that lead the story's URLs here, as `--rewrite-url` takes them.
    pub fn rewrite_rules(&self) -> [String; 2] {
        let root = self.server.url("");
        let charts = self.server.url("helm-repo");
        [format!("https://github.com/={root}"), format!("{HELM_REPOSITORY}={charts}")]
    }

    /// The clone of the environment repository.
    pub fn environment(&self) -> PathBuf {
        self.folder.path().join("environment")
    }

    /// Plays one of the story's scripts: it commits and pushes.
    #[track_caller]
    pub fn play(&self, script: &str) {
        let script = self.material.join("story").join(script);
        run(clean(Command::new("sh").arg(script).arg(self.environment()), self.folder.path()));
    }

    /// The folder of what a step expects of an application.
    pub fn expected(&self, step: &str, application: &str) -> PathBuf {
        self.material.join("expected").join(step).join(application)
    }

    /// A file of what is expected of the whole.
    pub fn expected_file(&self, name: &str) -> String {
        read(&self.material.join("expected").join(name))
    }

    fn git(&self) -> Command {
        let mut git = Command::new("git");
        clean(&mut git, self.folder.path());
        git
    }
}

/// Without the machine's settings.
fn clean<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0")
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().expect("it can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
}

/// The text of a file that must be there.
#[track_caller]
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn static_file(folder: &Path, name: &str) -> Reply {
    let is_plain = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    match std::fs::read(folder.join(name)) {
        Ok(content) if is_plain => Reply::ok("application/octet-stream", content),
        Ok(_) | Err(_) => Reply::status(404),
    }
}
