//! A real Prometheus of a test's own.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::agent::ask;
use super::controlplane::wait_for;

/// A running Prometheus; ended when it is dropped.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes these hosts (`127.0.0.1:1234`) each second, and waits until it answers.
    pub fn scraping(targets: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let address = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port is free");
        let config = serde_json::json!({
            "scrape_configs": [{
                "job_name": "test", "scrape_interval": "1s", "static_configs": [{"targets": targets}],
            }],
        });
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config.to_string()).expect("it can be written");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed: scripts/setup.sh does that");
        let prometheus = Self { child, address, _folder: folder };
        wait_for("Prometheus to be up", || match ask(address, "GET", "/-/ready", "", "") {
            Ok((200, _)) => Ok(()),
            Ok((code, body)) => Err(format!("{code} {body}")),
            Err(error) => Err(error),
        });
        prometheus
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
