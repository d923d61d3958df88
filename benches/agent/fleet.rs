//! The fleet: Applications with four objects each, all in one repository.

use serde_json::{Value, json};

use crate::cluster::{self, applications, create};
use crate::remote::Remote;
use crate::support::agent::{Agent, Setup};
use crate::support::controlplane::ControlPlane;
use crate::support::git::TestRepository;

/// Namespace of the agent and of the Applications.
pub const NAMESPACE: &str = "bench";
/// Namespace that everything goes to.
pub const TARGET: &str = "bench-fleet";

/// Applications, their repository, and how their agent is started.
pub struct Fleet {
    /// How many Applications, besides the remote one.
    pub number: usize,
    /// Where all but one Application are in: a local repository, watched.
    pub repository: TestRepository,
    /// Where that one is in: a repository over HTTP, told by webhooks.
    pub remote: Remote,
    setup: Setup,
}

impl Fleet {
    /// Makes repositories and namespaces; no Application yet.
    pub async fn new(plane: &ControlPlane, number: usize) -> Self {
        let setup = Setup::new(plane, NAMESPACE);
        plane.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {TARGET}}}\n"));
        let repository = TestRepository::bare(&setup.folder.join("local/fleet.git"));
        let files: Vec<(String, String)> =
            (0..number).map(|index| (file(index), manifests(&name(index), "first"))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        repository.commit("main", &files);
        let remote = Remote::serve(&setup.folder.join("remote"));
        let local = setup.folder.join("local").display().to_string();
        let rule = remote.rule();
        let setup = setup.with(&["--local-repository", &local, "--rewrite-url", &rule]);
        Self { number, repository, remote, setup }
    }

    /// The kubeconfig of the agent's own rights.
    pub fn kubeconfig(&self) -> &std::path::Path {
        &self.setup.kubeconfig
    }

    /// Starts the agent and waits until it is ready.
    pub fn start(&self) -> Agent {
        self.setup.start()
    }

    /// Makes the Applications in a namespace.
    pub async fn make_applications(&self, client: &kube::Client, namespace: &str, target: &str) {
        let collection = applications(namespace);
        cluster::for_each(0..self.number, |index| {
            let app = application(namespace, target, &name(index), &self.repository.url(), &folder(index));
            let collection = &collection;
            async move {
                create(client, collection, &app).await;
            }
        })
        .await;
    }

    /// Makes the Application whose repository is remote.
    pub async fn make_remote_application(&self, client: &kube::Client) {
        let app = application(NAMESPACE, TARGET, Remote::NAME, Remote::URL, "deploy");
        create(client, &applications(NAMESPACE), &app).await;
    }
}

/// Name of one Application.
pub fn name(index: usize) -> String {
    format!("app-{index:04}")
}

/// The file that holds its manifests.
pub fn file(index: usize) -> String {
    format!("{}/all.yaml", folder(index))
}

fn folder(index: usize) -> String {
    format!("apps/{}", name(index))
}

/// Four objects as YAML; `word` stands in the ConfigMap.
pub fn manifests(name: &str, word: &str) -> String {
    let texts: Vec<String> = objects(name, "", word).iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}

/// The four objects of one Application.
pub fn objects(name: &str, namespace: &str, word: &str) -> [Value; 4] {
    let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "fleet"});
    let mut metadata = json!({"name": name, "labels": labels});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    let container = json!({
        "name": "web", "image": "registry.example.com/web:1.0.0", "ports": [{"name": "http", "containerPort": 8080}],
        "envFrom": [{"configMapRef": {"name": name}}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    });
    [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"word": word}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {
            "selector": {"app.kubernetes.io/name": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels},
                "spec": {"serviceAccountName": name, "containers": [container]}}}}),
    ]
}

fn application(namespace: &str, target: &str, name: &str, url: &str, path: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": target},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    })
}
