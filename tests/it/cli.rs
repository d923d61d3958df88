//! The command line as a user has it: the real program, its output, its exit codes.

mod diff;
mod health;
mod help;
mod hostile;
mod output;
mod readme;
mod render_app;
mod render_helm;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::git::TestRepository;

/// A folder with what a test's commands work on.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// What a command has come to.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder can be made") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file; its path.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        std::fs::write(&path, content).expect("it can be written");
        path.to_str().expect("it is text").to_owned()
    }

    /// A bare repository.
    pub fn repository(&self, name: &str) -> TestRepository {
        TestRepository::bare(&self.path(name))
    }

    /// The program with nothing of this machine's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("WINDLASS_CACHE_DIR", self.path("cache"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Done {
        let output = self.command(arguments).output().expect("the program can be run");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        Done {
            code: output.status.code().expect("it ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs the program below this folder's repositories.
    #[track_caller]
    pub fn run_here(&self, arguments: &[&str]) -> Done {
        let folder = self.folder.path().to_str().expect("it is text").to_owned();
        self.run(&[arguments, &["--local-repository", &folder]].concat())
    }
}

impl Done {
    /// Standard output of a command that went well.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// What is said on standard error by a command that printed nothing and ended with `code`.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.stderr
    }
}

/// An Application of one Git source.
pub fn application(url: &str, rest: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: argocd}}
spec:
  project: default
  destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}
  source: {{repoURL: '{url}', path: deploy{rest}}}
"
    )
}

/// The URL of a folder.
pub fn file_url(path: &Path) -> String {
    format!("file://{}", path.display())
}
