//! The shape of a pod template, as far as it is checked here.
//!
//! A full one would be larger than all the rest, and the ReplicaSet or Job that is made of it is checked by the API
//! server anyway. What is said is what people get wrong first and what server-side apply must know to merge lists.

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// A pod template: labels are texts, containers have names.
#[derive(JsonSchema)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    pub metadata: Option<PodMetadata>,
    /// The pods.
    pub spec: Option<PodSpec>,
}

/// Metadata of pods.
#[derive(JsonSchema)]
pub struct PodMetadata {
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations.
    pub annotations: Option<BTreeMap<String, String>>,
}

/// The containers of pods.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct PodSpec {
    /// Containers.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<Container>,
    /// Containers that run first.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub init_containers: Option<Vec<Container>>,
}

/// One container.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Environment.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Option<Vec<Variable>>,
    /// Ports.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["containerPort", "protocol"]))]
    pub ports: Option<Vec<Port>>,
    /// Where volumes are seen.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["mountPath"]))]
    pub volume_mounts: Option<Vec<VolumeMount>>,
}

/// One variable.
#[derive(JsonSchema)]
pub struct Variable {
    /// Its name.
    pub name: String,
}

/// One port.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    pub container_port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    #[schemars(extend("x-default" = "TCP"))]
    pub protocol: Option<String>,
}

/// One mount.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct VolumeMount {
    /// Volume.
    pub name: String,
    /// Where.
    pub mount_path: String,
}
