//! Which kinds exist, and their scope.

use kube::Client;
use model::kinds::ServedVersion;
use model::{GroupKind, Kinds};
use serde::Deserialize;

use super::request;

/// Asks the API server for all kinds in two requests (aggregated discovery). A group whose own server does not
/// answer is noted as silent (fault F05).
pub async fn discover(client: &Client) -> Result<Kinds, kube::Error> {
    let (core, groups) = tokio::try_join!(ask(client, "/api"), ask(client, "/apis"))?;
    let mut kinds = Kinds::default();
    for group in core.items.into_iter().chain(groups.items) {
        read_group(&mut kinds, group);
    }
    Ok(kinds)
}

/// The server's version, such as `v1.33.4`.
pub async fn server_version(client: &Client) -> Result<String, kube::Error> {
    Ok(client.apiserver_version().await?.git_version)
}

async fn ask(client: &Client, path: &str) -> Result<Groups, kube::Error> {
    let mut asked = request::get(path);
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                  application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    asked.headers_mut().insert("accept", http::HeaderValue::from_static(accept));
    client.request(asked).await
}

fn read_group(kinds: &mut Kinds, group: Group) {
    for version in group.versions {
        if version.freshness == "Stale" {
            kinds.silent(group.metadata.name.as_str(), "its API server does not answer (stale discovery)");
        }
        for resource in version.resources {
            let Some(kind) = resource.response_kind else { continue };
            let group_name = if kind.group.is_empty() { group.metadata.name.clone() } else { kind.group };
            kinds.insert(
                GroupKind::new(group_name, kind.kind),
                ServedVersion {
                    version: version.version.clone(),
                    plural: resource.resource,
                    namespaced: resource.scope == "Namespaced",
                    verbs: resource.verbs,
                },
            );
        }
    }
}

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize, Default)]
struct GroupName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    group: String,
    #[serde(default)]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Gvk;
    use model::kinds::Lookup;

    #[test]
    fn groups_are_read_and_stale_ones_are_silent() {
        let groups: Groups = serde_json::from_value(serde_json::json!({"items": [
            {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "freshness": "Current", "resources": [
                {"resource": "deployments", "scope": "Namespaced", "verbs": ["get"],
                 "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"}}]}]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
        ]}))
        .expect("it is a discovery document");
        let mut kinds = Kinds::default();
        groups.items.into_iter().for_each(|group| read_group(&mut kinds, group));
        assert!(
            matches!(kinds.find(&Gvk::new("apps/v1", "Deployment")), Lookup::Served(found) if found.namespaced)
        );
        assert!(matches!(kinds.find(&Gvk::new("metrics.k8s.io/v1beta1", "PodMetrics")), Lookup::Unknown(_)));
    }
}
