//! What `manifests/deployment.yaml` says, read by a test that does exactly that.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// The agent's container, with what its pod says of it.
pub struct Container {
    /// The pod's service account.
    pub account: String,
    /// Namespace of the pod.
    pub namespace: String,
    /// Arguments.
    pub arguments: Vec<String>,
    /// Environment by name and value.
    pub environment: Vec<(String, String)>,
    /// `user:group`.
    pub user: u32,
    /// Its group.
    pub group: u32,
    /// Where empty, writable folders are mounted.
    pub folders: Vec<PathBuf>,
    /// The one port it names.
    pub port: u16,
    /// Paths of its probes.
    pub probes: [String; 2],
}

/// A folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The YAML documents of a file of the project.
pub fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(project(path)).expect("the manifest is there");
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).expect("the manifest can be read"))
        .collect()
}

impl Container {
    /// Reads the Deployment; `pod` is the name its pod has.
    pub fn read(pod: &str) -> Self {
        let documents = documents("manifests/deployment.yaml");
        let deployment = documents.iter().find(|one| one["kind"] == "Deployment").expect("there is one");
        let template = &deployment["spec"]["template"]["spec"];
        let containers = template["containers"].as_array().expect("it has containers");
        let [container] = containers.as_slice() else { panic!("it has one container") };
        hardened(template, container);
        let ports = container["ports"].as_array().expect("it names its ports");
        let [port] = ports.as_slice() else { panic!("it names one port") };
        Self {
            account: text(&template["serviceAccountName"]),
            namespace: text(&deployment["metadata"]["namespace"]),
            arguments: list(&container["args"]).iter().map(text).collect(),
            environment: list(&container["env"]).iter().map(|one| variable(one, pod)).collect(),
            user: number(&template["securityContext"]["runAsUser"]),
            group: number(&template["securityContext"]["runAsGroup"]),
            folders: list(&container["volumeMounts"]).iter().map(|mount| folder(template, mount)).collect(),
            port: u16::try_from(number(&port["containerPort"])).expect("it is a port"),
            probes: ["livenessProbe", "readinessProbe"].map(|probe| {
                let asked = &container[probe]["httpGet"];
                assert_eq!(asked["port"], port["name"], "{probe} asks the port that is named");
                text(&asked["path"])
            }),
        }
    }
}

/// What the pod of the test goes by without looking again.
fn hardened(template: &Value, container: &Value) {
    let (pod, own) = (&template["securityContext"], &container["securityContext"]);
    assert_eq!(pod["runAsNonRoot"], true);
    assert_eq!(pod["fsGroup"], pod["runAsGroup"]);
    assert_eq!(own["readOnlyRootFilesystem"], true);
    assert_eq!(own["allowPrivilegeEscalation"], false);
    assert_eq!(own["capabilities"]["drop"], serde_json::json!(["ALL"]));
}

/// An `emptyDir` volume's place.
fn folder(template: &Value, mount: &Value) -> PathBuf {
    let volume = list(&template["volumes"]).iter().find(|volume| volume["name"] == mount["name"]);
    assert!(volume.is_some_and(|volume| volume["emptyDir"].is_object()), "{mount} is an emptyDir");
    PathBuf::from(text(&mount["mountPath"]))
}

fn variable(variable: &Value, pod: &str) -> (String, String) {
    let value = match variable.pointer("/valueFrom/fieldRef/fieldPath") {
        Some(path) => {
            assert_eq!(path, "metadata.name", "the test knows this field of a pod");
            pod.to_owned()
        }
        None => text(&variable["value"]),
    };
    (text(&variable["name"]), value)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn number(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_else(|| panic!("{value} is no number"))
}
