//! Requests of the measurement itself: objects made, patched and read by a plain client.

use std::path::Path;

use futures::stream::{self, StreamExt};
use http::Method;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

/// Requests at once where many are made.
pub const AT_ONCE: usize = 32;

/// A client of its own for a kubeconfig.
pub async fn client(kubeconfig: &Path) -> Client {
    let read = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig can be read");
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("the kubeconfig is complete")).expect("a client can be made")
}

/// One request; its answer.
pub async fn send(client: &Client, method: Method, path: &str, content_type: &str, body: &Value) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .body(body.to_string().into_bytes())
        .expect("the path is well formed");
    client.request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Creates an object in a collection.
pub async fn create(client: &Client, collection: &str, body: &Value) -> Value {
    send(client, Method::POST, collection, "application/json", body).await
}

/// Merges a patch into an object.
pub async fn merge(client: &Client, path: &str, patch: &Value) -> Value {
    send(client, Method::PATCH, path, "application/merge-patch+json", patch).await
}

/// Reads an object or a collection.
pub async fn read(client: &Client, path: &str) -> Value {
    send(client, Method::GET, path, "application/json", &Value::Null).await
}

/// Does `work` for many, several at once.
pub async fn for_each<T, F: Future<Output = ()>>(all: impl IntoIterator<Item = T>, work: impl Fn(T) -> F) {
    stream::iter(all).map(work).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// The collection of Applications of a namespace.
pub fn applications(namespace: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications")
}
