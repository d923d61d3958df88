//! One real control plane for all tests: started by the first that asks, ended with the test program.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A running control plane.
pub struct ControlPlane {
    /// Kubeconfig of an administrator: for set-up only.
    pub kubeconfig: PathBuf,
    /// The multi-call program.
    pub program: PathBuf,
    folder: PathBuf,
    /// Its supervisor, where it is one test's own.
    supervisor: Option<Child>,
}

static SHARED: OnceLock<ControlPlane> = OnceLock::new();

/// The control plane that all tests share. `WINDLASS_TEST_KUBECONFIG` names an existing cluster instead.
pub fn shared() -> &'static ControlPlane {
    SHARED.get_or_init(|| {
        let program = build();
        let plane = match std::env::var_os("WINDLASS_TEST_KUBECONFIG") {
            Some(kubeconfig) => {
                let folder = std::env::temp_dir();
                ControlPlane { kubeconfig: kubeconfig.into(), program, folder, supervisor: None }
            }
            None => {
                let mut plane = start(program, &[]);
                // The child's pipe must stay open as long as this process lives.
                std::mem::forget(plane.supervisor.take());
                plane
            }
        };
        plane.install_definitions();
        plane
    })
}

fn build() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/controlplane/build.sh");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("build.sh can be run");
    assert!(output.status.success(), "the control plane could not be built");
    let text = String::from_utf8(output.stdout).expect("a path is text");
    PathBuf::from(text.trim().lines().last().expect("build.sh prints the program's path"))
}

/// A control plane of one test's own, for what changes the whole cluster; it ends when it is dropped.
pub fn fresh() -> ControlPlane {
    let plane = bare(&[]);
    plane.install_definitions();
    plane
}

/// As [`fresh`], without any definitions and with further arguments (`key=value`) of the API server.
pub fn bare(api_server: &[&str]) -> ControlPlane {
    start(build(), api_server)
}

/// Starts a control plane whose supervisor ends it when this process is gone: its standard input closes then.
fn start(program: PathBuf, api_server: &[&str]) -> ControlPlane {
    let folder =
        tempfile::Builder::new().prefix("windlass-plane-").tempdir().expect("a temporary folder").keep();
    let mut child = Command::new(&program)
        .args(["up", "--supervise", "--dir"])
        .arg(&folder)
        .args(api_server.iter().flat_map(|pair| ["--apiserver-arg", pair]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the control plane starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut line).expect("it prints the kubeconfig's path");
    assert!(!line.trim().is_empty(), "the control plane did not start; its words are above");
    ControlPlane { kubeconfig: line.trim().into(), program, folder, supervisor: Some(child) }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            drop(supervisor.stdin.take());
            let _ = supervisor.wait();
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl ControlPlane {
    /// Runs kubectl as the administrator; its output, or its complaint.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.program)
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("kubectl can be run");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Runs kubectl and fails the test with its complaint.
    #[track_caller]
    pub fn must(&self, arguments: &[&str]) -> String {
        match self.kubectl(arguments) {
            Ok(output) => output,
            Err(complaint) => panic!("kubectl {}: {complaint}", arguments.join(" ")),
        }
    }

    /// Applies manifests given as text.
    #[track_caller]
    pub fn apply(&self, manifests: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), manifests).expect("it can be written");
        let path = file.path().to_str().expect("it is text").to_owned();
        self.must(&["apply", "--server-side", "--force-conflicts", "-f", &path])
    }

    /// One object as JSON; none where it is not there.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<serde_json::Value> {
        let mut arguments = vec!["get", kind, name, "-o", "json", "--ignore-not-found"];
        if !namespace.is_empty() {
            arguments.extend(["-n", namespace]);
        }
        let text = self.kubectl(&arguments).ok()?;
        if text.trim().is_empty() { None } else { serde_json::from_str(&text).ok() }
    }

    /// A kubeconfig with a ServiceAccount's own token and rights.
    #[track_caller]
    pub fn kubeconfig_of(&self, namespace: &str, account: &str) -> String {
        let output = Command::new(&self.program)
            .args(["kubeconfig", "--service-account", &format!("{namespace}/{account}"), "--dir"])
            .arg(&self.folder)
            .output()
            .expect("the program can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a kubeconfig is text")
    }

    fn install_definitions(&self) {
        let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/crds");
        let folder = crds.to_str().expect("it is text");
        self.must(&["apply", "--server-side", "--force-conflicts", "-k", folder]);
        let istio = Command::new(&self.program).args(["crds", "istio"]).output().expect("it can be run");
        self.apply(&String::from_utf8(istio.stdout).expect("YAML is text"));
        self.must(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    }
}

/// Waits until `look` finds something; fails with its last words after two minutes.
#[track_caller]
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Result<T, String>) -> T {
    wait_within(Duration::from_secs(120), what, look)
}

/// The same, for what takes its time.
#[track_caller]
pub fn wait_within<T>(most: Duration, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + most;
    loop {
        let words = match look() {
            Ok(found) => return found,
            Err(words) => words,
        };
        assert!(Instant::now() < end, "waited in vain for {what}: {words}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
