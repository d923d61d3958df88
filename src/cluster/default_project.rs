//! The project of Applications that name none: made where it is missing, as open as upstream makes it.
//!
//! It is not one of the manifests: a client that applies definitions and their objects in one go does not know the
//! new kinds yet.

use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::{Value, json};

use super::request::{self, OWN_MANAGER};

/// Its name.
pub const NAME: &str = "default";

/// Tries to make the project before it is left to the operator.
const TRIES: u32 = 10;
/// Wait between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the project. One that is there already stays as it is.
pub async fn make(client: &Client, namespace: &str) {
    for _ in 0..TRIES {
        if is_settled(client, namespace).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One try. False where the server did not answer: it may later.
async fn is_settled(client: &Client, namespace: &str) -> bool {
    let path =
        format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/appprojects?fieldManager={OWN_MANAGER}");
    let asked = request::json(Method::POST, &path, "application/json", &open(namespace));
    match client.request::<Value>(asked).await {
        Ok(_) => {
            tracing::info!(project = NAME, "project was missing and is made; close it where tenants share");
            true
        }
        Err(error) if request::code(&error) == Some(409) => true,
        Err(error) => {
            tracing::warn!(project = NAME, error = request::words(&error), "project could not be made");
            matches!(request::code(&error), Some(400..=404 | 422))
        }
    }
}

fn open(namespace: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    })
}
