//! An agent of a test's own: the real program with its real rights, in a namespace of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::controlplane::{ControlPlane, wait_for};

/// A running agent; ended when it is dropped.
pub struct Agent {
    child: Child,
    /// Where its page is.
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

/// What an agent is started with.
pub struct Setup {
    /// Namespace of its objects.
    pub namespace: String,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Kubeconfig file; its own ServiceAccount's.
    pub kubeconfig: PathBuf,
    /// Folder of its caches.
    pub folder: PathBuf,
    /// The command that becomes the agent (`env`, `unshare`), with its arguments; none where it is started as it is.
    pub launcher: Vec<String>,
}

impl Setup {
    /// Makes a namespace with the roles of `manifests/` (named after it, since tests share the cluster).
    pub fn new(plane: &ControlPlane, namespace: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("windlass-agent-").tempdir().expect("a folder").keep();
        plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"));
        for file in ["rbac.yaml", "apply-role.yaml"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests").join(file);
            let manifests = std::fs::read_to_string(path).expect("the manifest is there");
            plane.apply(&renamed(&manifests, namespace));
        }
        let kubeconfig = folder.join("kubeconfig");
        std::fs::write(&kubeconfig, plane.kubeconfig_of(namespace, "windlass")).expect("it can be written");
        Self {
            namespace: namespace.to_owned(),
            arguments: Vec::new(),
            kubeconfig,
            folder,
            launcher: Vec::new(),
        }
    }

    /// Adds arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Starts it through a command that becomes it.
    pub fn through(mut self, launcher: &[&str]) -> Self {
        self.launcher = launcher.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Only the sync half where a test asks for no other: the tests share one cluster, and Rollouts have one driver.
    fn halves(&self) -> &'static [&'static str] {
        let is_chosen = self.arguments.iter().any(|argument| argument.starts_with("--controllers"));
        if is_chosen { &[] } else { &["--controllers=sync"] }
    }

    /// Starts the agent and waits until it is ready.
    pub fn start(&self) -> Agent {
        self.start_with_log(&std::env::var("WINDLASS_LOG").unwrap_or_else(|_| "info".to_owned()))
    }

    /// The same, with another log filter.
    pub fn start_with_log(&self, filter: &str) -> Agent {
        let address = free_address();
        let program = env!("CARGO_BIN_EXE_windlass").to_owned();
        let words: Vec<&String> = self.launcher.iter().chain([&program]).collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args([
                "agent",
                "--namespace",
                &self.namespace,
                "--listen",
                &address.to_string(),
                "--allow-loopback",
            ])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.folder.join("cache"))
            .args(self.halves())
            .args(&self.arguments)
            .env("WINDLASS_LOG", filter)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the agent starts");
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().expect("it is piped"));
        let sink = log.clone();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut text = sink.lock().expect("nobody panics with it");
                text.push_str(&line);
                text.push('\n');
            }
        });
        let agent = Agent { child, address, log };
        wait_for("the agent to be ready", || match agent.page("/readyz") {
            Ok((200, _)) => Ok(()),
            Ok((code, body)) => Err(format!("{code} {body}\n{}", agent.log())),
            Err(error) => Err(format!("{error}\n{}", agent.log())),
        });
        agent
    }
}

fn renamed(manifests: &str, namespace: &str) -> String {
    manifests
        .replace("namespace: argocd", &format!("namespace: {namespace}"))
        .replace("name: windlass-read", &format!("name: windlass-read-{namespace}"))
        .replace("name: windlass-apply", &format!("name: windlass-apply-{namespace}"))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

impl Agent {
    /// Fetches a page: status code and body.
    pub fn page(&self, path: &str) -> Result<(u16, String), String> {
        self.request("GET", path, "", "")
    }

    /// Sends a request with headers (each ended by CRLF) and a body.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, String), String> {
        ask(self.address, method, path, headers, body)
    }

    /// Ends it as a kubelet does: it gives its lease back, so that the next need not wait.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "it runs");
        let ended = self.child.wait().expect("it can be waited for");
        assert!(ended.success(), "{ended}\n{}", self.log());
    }

    /// True while its process lives.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill can be run");
        assert!(sent.success(), "signal {name}");
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").clone()
    }
}

/// Sends one request to a server: status code and body.
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<(u16, String), String> {
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let code = text.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("no status line")?;
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((code, body))
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the agent's log:\n{}", self.log());
        }
    }
}
