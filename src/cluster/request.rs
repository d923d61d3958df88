//! URLs of objects, and what an answer of the API server says.

use http::{Method, Request};
use model::kinds::ServedVersion;
use model::{Gvk, Object};
use serde_json::Value;

/// The field manager of everything windlass applies: upstream's, so that a take-over finds its fields.
pub const FIELD_MANAGER: &str = sync::diff::MANAGER;
/// The field manager of windlass' other writes (status, finalizers): they must not count as applied fields.
pub const OWN_MANAGER: &str = "windlass";

/// Path of a kind's collection; `namespace` is empty for all namespaces and for cluster-scoped kinds.
pub fn collection(gvk: &Gvk, served: &ServedVersion, namespace: &str) -> String {
    let root = if gvk.group.is_empty() { "/api" } else { "/apis" };
    let version = gvk.api_version();
    if served.namespaced && !namespace.is_empty() {
        format!("{root}/{version}/namespaces/{namespace}/{}", served.plural)
    } else {
        format!("{root}/{version}/{}", served.plural)
    }
}

/// Path of one object.
pub fn object(gvk: &Gvk, served: &ServedVersion, namespace: &str, name: &str) -> String {
    format!("{}/{}", collection(gvk, served, namespace), encode(name))
}

/// A request with a JSON body (or none).
pub fn json(method: Method, path: &str, content_type: &str, body: &Value) -> Request<Vec<u8>> {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .header("accept", "application/json")
        .body(bytes)
        .expect("paths are built from checked names");
    super::tally::mark(request)
}

/// A GET request.
pub fn get(path: &str) -> Request<Vec<u8>> {
    json(Method::GET, path, "application/json", &Value::Null)
}

/// The object in an answer.
pub fn object_of(answer: Value) -> Result<Object, kube::Error> {
    Object::from_value(answer).map_err(|error| kube::Error::Service(Box::new(error)))
}

/// The HTTP status of a refusal; none where the server did not answer.
pub fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// The server's words of a refusal, or the client's.
pub fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        kube::Error::Api(status) => format!("the API server answered {} {}", status.code, status.reason),
        other => {
            let mut text = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            text
        }
    }
}

/// Percent-encodes what a name may hold beyond DNS characters (RBAC names hold colons).
pub fn encode(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if plain(byte) {
            text.push(byte as char);
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(plural: &str, namespaced: bool) -> ServedVersion {
        ServedVersion { version: "v1".into(), plural: plural.into(), namespaced, verbs: Vec::new() }
    }

    #[test]
    fn paths_follow_group_scope_and_name() {
        let path = object(&Gvk::new("apps/v1", "Deployment"), &served("deployments", true), "shop", "web");
        assert_eq!(path, "/apis/apps/v1/namespaces/shop/deployments/web");
        let role = Gvk::new("rbac.authorization.k8s.io/v1", "ClusterRole");
        let path = object(&role, &served("clusterroles", false), "", "system:view");
        assert_eq!(path, "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:view");
        assert_eq!(collection(&Gvk::new("v1", "Service"), &served("services", true), ""), "/api/v1/services");
        assert_eq!(encode("a/b c"), "a%2Fb%20c");
    }
}
