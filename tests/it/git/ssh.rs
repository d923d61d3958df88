//! Git over SSH: a real `sshd` on a port of this machine.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use windlass::net::EgressPolicy;
use windlass::source::known_hosts::KnownHosts;

use super::{World, check, content};
use crate::support::git::TestRepository;

/// An SSH server that ends with the test.
struct Sshd {
    server: Child,
    port: u16,
    folder: PathBuf,
}

impl Sshd {
    /// Starts a server that lets `client` in; none (said in one line) where sshd is not installed.
    fn start(folder: &Path) -> Option<Self> {
        let program = ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
        let Some(program) = program else {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "sshd is not here, and CI must have it"
            );
            println!("skipped: sshd is not here");
            return None;
        };
        for name in ["host", "other", "client", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(folder.join(name));
            assert!(keygen.status().expect("ssh-keygen is here").success());
        }
        // Where the test runs as root, sshd insists on this folder.
        let _ = std::fs::create_dir_all("/run/sshd");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a port is free")
            .port();
        let shown = folder.display();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {shown}/host\nAuthorizedKeysFile {shown}/client.pub\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
        );
        std::fs::write(folder.join("sshd_config"), config).expect("it can be written");
        let server = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let started = Self { server, port, folder: folder.to_owned() };
        started.wait();
        Some(started)
    }

    fn wait(&self) {
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("sshd does not answer");
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).expect("it can be read")
    }

    fn known(&self, key: &str) -> Arc<KnownHosts> {
        let line = format!("[127.0.0.1]:{} {}", self.port, self.file(&format!("{key}.pub")));
        Arc::new(KnownHosts::parse(&line))
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn keys_and_host_keys() {
    let world = World::new();
    let Some(sshd) = Sshd::start(world.folder.path()) else { return };
    let remote = TestRepository::bare(&world.path("remote/web.git"));
    remote.commit("main", &[("a.yaml", "one")]);
    let user = Command::new("id").arg("-un").output().expect("id is here").stdout;
    let user = String::from_utf8_lossy(&user).trim().to_owned();
    let url = format!("ssh://{user}@127.0.0.1:{}{}", sshd.port, remote.folder().display());
    let read = || content(&world.find(&url), "main", "a.yaml");
    let log_in = |key: &str| world.log_in(&[("url", &url), ("sshPrivateKey", &sshd.file(key))]);

    log_in("client");
    let unknown = read();
    assert!(
        unknown.contains("known_hosts names no key for 127.0.0.1: add it to ssh_known_hosts"),
        "{unknown}"
    );
    world.repositories.set_known_hosts(sshd.known("other"));
    let changed = read();
    assert!(changed.contains("known_hosts holds another key for 127.0.0.1"), "{changed}");
    world.repositories.set_known_hosts(sshd.known("host"));
    log_in("stranger");
    let refused = read();
    assert!(refused.contains("the SSH key configured was refused"), "{refused}");
    world.repositories.set_credentials(Arc::default());
    let without = read();
    assert!(without.contains("no SSH key is configured: add sshPrivateKey"), "{without}");

    log_in("client");
    assert_eq!(read(), "one");
    let second = remote.commit("main", &[("a.yaml", "two")]);
    let web = world.find(&url);
    assert!(web.look().expect("the remote answers"));
    check(&web, "main", "a.yaml", "two");
    check(&web, &second, "a.yaml", "two");

    // Without a Secret that names the host, this machine may not be connected to.
    let strict = World::with(EgressPolicy::default());
    let direct = content(&strict.find(&url), "main", "a.yaml");
    assert!(direct.contains("which may not be connected to"), "{direct}");
}
