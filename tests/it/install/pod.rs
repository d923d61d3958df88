//! A pod without a node: the program in the image's root folder, with the user, mounts and network a kubelet gives it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::deployment::Container;
use super::image::Image;

/// Where a service account's token is mounted.
pub const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Arguments: root folder, user:group, triples of mount source, place and `ro` or `rw`, `--`, the program with its own.
/// Once everything is mounted it waits for a line, so that the network can be laid.
const START: &str = r#"
set -eu
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
mount -o remount,bind,ro "$root"
echo ready
read -r go
exec setpriv --no-new-privs chroot --userspec="$user" --groups="${user#*:}" "$root" "$@"
"#;

/// Why this machine cannot run a pod; none where it can.
pub fn unable() -> Option<String> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !root {
        return Some("it needs root (mounts, another user, a network of its own)".to_owned());
    }
    let tried = Command::new("unshare").args(["--mount", "--net", "ip", "link"]).output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// The pod's end of a wire to this machine, and this machine's end.
#[derive(Clone, Copy)]
pub struct Wire {
    near: Ipv4Addr,
    far: Ipv4Addr,
}

impl Wire {
    /// A network of four addresses that this process does not share with another test program.
    pub fn new() -> Self {
        let id = std::process::id();
        let (third, fourth) = ((id >> 6) as u8, ((id << 2) as u8) & 0xfc);
        Self {
            near: Ipv4Addr::new(10, 231, third, fourth | 1),
            far: Ipv4Addr::new(10, 231, third, fourth | 2),
        }
    }

    /// What listens on `port` of this machine's end is really at `target`.
    pub fn forward(&self, port: u16, target: SocketAddr) {
        let listener = TcpListener::bind((self.near, port)).expect("the wire has this address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(other) = TcpStream::connect(target) {
                    join(stream, other);
                }
            }
        });
    }

    /// A URL that leads from the pod to this machine.
    pub fn url(&self, port: u16, path: &str) -> String {
        format!("http://{}:{port}/{path}", self.near)
    }

    /// Lays the wire to the network of a process.
    fn lay(&self, pid: u32) {
        let (name, pid) = (format!("wl{pid}"), pid.to_string());
        let inside = |arguments: &[&str]| {
            run(Command::new("nsenter").args(["-t", &pid, "-n", "ip"]).args(arguments));
        };
        run(Command::new("ip")
            .args(["link", "add", &name, "type", "veth", "peer", "name", "eth0", "netns", &pid]));
        run(Command::new("ip").args(["addr", "add", &format!("{}/30", self.near), "dev", &name]));
        run(Command::new("ip").args(["link", "set", &name, "up"]));
        inside(&["link", "set", "lo", "up"]);
        inside(&["addr", "add", &format!("{}/30", self.far), "dev", "eth0"]);
        inside(&["link", "set", "eth0", "up"]);
    }
}

/// Copies both ways until both sides are at their end.
fn join(one: TcpStream, other: TcpStream) {
    let (Ok(one_again), Ok(other_again)) = (one.try_clone(), other.try_clone()) else { return };
    for (mut from, mut to) in [(one, other), (other_again, one_again)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}

/// A prepared pod.
pub struct Pod<'a> {
    /// Its image.
    pub image: &'a Image,
    /// What runs in it.
    pub container: &'a Container,
    /// A folder for its files.
    pub folder: &'a Path,
    /// Its token's folder.
    pub token: &'a Path,
    /// Its network.
    pub wire: Wire,
}

/// A running pod; ended when it is dropped.
pub struct RunningPod {
    child: Child,
    /// Where its port is.
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Pod<'_> {
    /// Starts it. `laid` is called between the wire and the program: who is to be asked must listen by then.
    pub fn start(&self, laid: impl FnOnce()) -> RunningPod {
        let mut child = self.command().spawn().expect("unshare can be run");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("it can be read");
        if line != "ready\n" {
            let mut words = String::new();
            let _ = child.stderr.take().expect("it is piped").read_to_string(&mut words);
            panic!("the pod could not be prepared: {words}");
        }
        self.wire.lay(child.id());
        laid();
        child.stdin.take().expect("it is piped").write_all(b"go\n").expect("it waits");
        let log = Arc::new(Mutex::new(String::new()));
        let (sink, lines) = (log.clone(), BufReader::new(child.stderr.take().expect("it is piped")));
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut text = sink.lock().expect("nobody panics with it");
                *text += &format!("{line}\n");
            }
        });
        let address = SocketAddrV4::new(self.wire.far, self.container.port).into();
        RunningPod { child, address, log }
    }

    fn command(&self) -> Command {
        let Container { arguments, environment, user, group, .. } = self.container;
        let root = self.root();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--propagation", "private", "sh", "-c", START, "sh"]);
        command.arg(&root).arg(format!("{user}:{group}"));
        for (source, place, how) in self.mounts(&root) {
            command.arg(source).arg(place).arg(how);
        }
        command.arg("--").args(self.image.entrypoint()).args(arguments).env_clear();
        // What a container has beside its own: a path, and the address of the API server.
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
            .env("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
            .env("KUBERNETES_SERVICE_PORT", "443");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The image's root folder, with the files and mount points that a container runtime adds.
    fn root(&self) -> PathBuf {
        let root = self.folder.join("root");
        self.image.unpack(&root);
        for place in ["proc", "dev", "etc", &TOKEN[1..]] {
            std::fs::create_dir_all(root.join(place)).expect("a folder can be made");
        }
        for place in &self.container.folders {
            std::fs::create_dir_all(root.join(below_root(place))).expect("a folder can be made");
        }
        let hosts = format!("127.0.0.1 localhost\n{} kubernetes.default.svc\n", self.wire.near);
        std::fs::write(root.join("etc/hosts"), hosts).expect("it can be written");
        root
    }

    fn mounts(&self, root: &Path) -> Vec<(PathBuf, PathBuf, &'static str)> {
        let same = |place: &str| (PathBuf::from(place), PathBuf::from(place), "rw");
        let mut mounts =
            vec![same("/proc"), same("/dev"), (self.token.to_owned(), PathBuf::from(TOKEN), "ro")];
        for place in &self.container.folders {
            let source = root.with_file_name("volumes").join(below_root(place));
            std::fs::create_dir_all(&source).expect("a folder can be made");
            chown(&source, None, Some(self.container.group)).expect("root may");
            run(Command::new("chmod").arg("2770").arg(&source));
            mounts.push((source, place.clone(), "rw"));
        }
        mounts
    }
}

fn below_root(place: &Path) -> &Path {
    place.strip_prefix("/").expect("a mount's place is absolute")
}

/// Runs a command that must succeed.
#[track_caller]
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl RunningPod {
    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").clone()
    }

    /// A line of `/proc/PID/status`.
    pub fn status(&self, field: &str) -> String {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{field} is not in {status}")).trim().to_owned()
    }

    /// The places that are mounted, with their options.
    pub fn mounted(&self) -> Vec<(String, String)> {
        let mounts = self.proc("mountinfo");
        let words = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        words.map(|words| (words[4].to_owned(), words[5].to_owned())).collect()
    }

    /// Ports that are listened on in its network.
    pub fn ports(&self) -> Vec<u16> {
        let tables = self.proc("net/tcp") + &self.proc("net/tcp6");
        let listening = tables.lines().filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (address, state) = (words.get(1)?, words.get(3)?);
            let port = address.rsplit_once(':')?.1;
            (*state == "0A").then(|| u16::from_str_radix(port, 16).expect("it is a port"))
        });
        listening.collect()
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("it runs")
    }

    /// Asks it to end as a kubelet does, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        self.child.wait().expect("it can be waited for")
    }
}

impl Drop for RunningPod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the pod's log:\n{}", self.log());
        }
    }
}
