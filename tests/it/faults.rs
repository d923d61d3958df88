//! Faults: the API server, Git, the agent itself and what tenants write fail in turn, and nothing is lost. Each test
//! ends by comparing with what an undisturbed run makes.

mod admission;
mod clock;
mod disk;
mod git;
mod kills;
mod kinds;
mod leaders;
mod pace;
mod server;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::agent::Setup;
use crate::support::controlplane::ControlPlane;
use crate::support::faults::FaultProxy;
use crate::support::git::TestRepository;

/// An agent's namespace with a proxy before its API server and a repository that it may read.
struct Stage {
    setup: Setup,
    proxy: FaultProxy,
    repository: TestRepository,
}

impl Stage {
    fn new(plane: &ControlPlane, namespace: &str) -> Self {
        let setup = Setup::new(plane, namespace);
        let (proxy, kubeconfig) = behind_proxy(&setup.kubeconfig);
        let repository = TestRepository::bare(&setup.folder.join("source/shop.git"));
        let folder = setup.folder.join("source").to_str().expect("it is text").to_owned();
        // A fixed name: an agent that comes back need not wait for its own lease to run out.
        let setup =
            Setup { kubeconfig, ..setup }.with(&["--local-repository", &folder, "--identity", "stage"]);
        Self { setup, proxy, repository }
    }
}

fn behind_proxy(kubeconfig: &Path) -> (FaultProxy, std::path::PathBuf) {
    let proxy = FaultProxy::start(&std::fs::read_to_string(kubeconfig).expect("the kubeconfig is there"));
    let kubeconfig = proxy.kubeconfig(kubeconfig);
    (proxy, kubeconfig)
}

/// What there is in a namespace, without what differs from run to run: names, labels, annotations and contents.
fn contents(plane: &ControlPlane, namespace: &str) -> BTreeMap<String, Value> {
    let kinds = "configmaps,services,serviceaccounts,deployments,limitranges";
    let list = plane.must(&["get", kinds, "-n", namespace, "-o", "json"]);
    let list: Value = serde_json::from_str(&list).expect("it is JSON");
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let made_by_us = items.into_iter().filter(|item| {
        item.pointer("/metadata/annotations")
            .is_some_and(|all| all.get("argocd.argoproj.io/tracking-id").is_some())
    });
    made_by_us
        .map(|mut item| {
            let kind = item["kind"].as_str().unwrap_or_default();
            let name = format!("{kind}/{}", item["metadata"]["name"].as_str().unwrap_or_default());
            item["metadata"] = item["metadata"]["labels"].take();
            let fields = item.as_object_mut().expect("it is a map");
            fields.retain(|field, _| !matches!(field.as_str(), "status" | "secrets"));
            for field in ["clusterIP", "clusterIPs", "ipFamilies"] {
                if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
                    spec.remove(field);
                }
            }
            (name, item)
        })
        .collect()
}
