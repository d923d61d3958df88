//! Addresses under which people reach an object, as upstream finds them (reference section 3.11).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::Object;

/// Start of the annotations whose value is a link.
pub const LINK: &str = "link.argocd.argoproj.io/";
/// Leaves out what is found without annotations.
const IGNORE_DEFAULT: &str = "argocd.argoproj.io/ignore-default-links";

/// The links of one object, sorted: values of its link annotations, and of an Ingress its rules' addresses.
pub fn of(object: &Object) -> Vec<String> {
    let mut links: BTreeSet<String> = BTreeSet::new();
    if is_ingress(object) && object.annotation(IGNORE_DEFAULT) != Some("true") {
        links.extend(addresses(object));
    }
    let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let named = annotations.into_iter().flatten().filter(|(name, _)| name.starts_with(LINK));
    links.extend(named.filter_map(|(_, link)| link.as_str()).map(str::to_owned));
    links.into_iter().collect()
}

fn is_ingress(object: &Object) -> bool {
    let gvk = object.gvk();
    gvk.kind == "Ingress" && matches!(gvk.group.as_str(), "networking.k8s.io" | "extensions")
}

/// One address for each path of each rule; a rule without a host has the load balancer's.
fn addresses(ingress: &Object) -> Vec<String> {
    let balancer = list(ingress.pointer("/status/loadBalancer/ingress")).find_map(|entry| {
        [&entry["hostname"], &entry["ip"]].into_iter().filter_map(Value::as_str).find(|name| !name.is_empty())
    });
    let mut found = Vec::new();
    for rule in list(ingress.pointer("/spec/rules")) {
        let own = rule["host"].as_str().filter(|host| !host.is_empty());
        let Some(host) = own.or(balancer) else { continue };
        let scheme = if is_encrypted(ingress, host) { "https" } else { "http" };
        for path in list(rule.pointer("/http/paths")) {
            let path = path["path"].as_str().unwrap_or_default();
            found.push(format!("{scheme}://{host}{}", path.strip_suffix('*').unwrap_or(path)));
        }
    }
    found
}

/// Upstream asks for a secret anywhere in the list, whichever hosts it is for.
fn is_encrypted(ingress: &Object, host: &str) -> bool {
    list(ingress.pointer("/spec/tls")).any(|tls| !tls["secretName"].is_null() || tls["host"] == host)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(object: Value, expected: &[&str]) {
        assert_eq!(of(&Object::from_value(object).expect("it is an object")), expected);
    }

    fn ingress(annotations: Value, spec: Value) -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": spec,
            "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}},
        })
    }

    #[test]
    fn an_ingress_has_an_address_for_each_path() {
        let rules = json!([
            {"host": "shop.example.com", "http": {"paths": [{"path": "/"}, {"path": "/api/*"}]}},
            {"http": {"paths": [{"path": "/status"}, {}]}},
            {"host": "nothing.example.com"},
        ]);
        check(
            ingress(json!({}), json!({"rules": rules})),
            &[
                "http://10.0.0.9",
                "http://10.0.0.9/status",
                "http://shop.example.com/",
                "http://shop.example.com/api/",
            ],
        );
        let one = json!([{"host": "a.example", "http": {"paths": [{"path": "/"}]}}]);
        check(
            ingress(
                json!({}),
                json!({"rules": one, "tls": [{"hosts": ["b.example"], "secretName": "cert"}]}),
            ),
            &["https://a.example/"],
        );
        check(
            ingress(json!({}), json!({"rules": one, "tls": [{"hosts": ["a.example"]}]})),
            &["http://a.example/"],
        );
    }

    #[test]
    fn annotations_add_links_and_can_take_the_others_away() {
        let one = json!({"rules": [{"host": "a.example", "http": {"paths": [{"path": "/"}]}}]});
        let own = json!({
            "link.argocd.argoproj.io/graphs": "https://graphs.example/d/1", "argocd.argoproj.io/ignore-default-links": "true"
        });
        check(ingress(own, one), &["https://graphs.example/d/1"]);
        check(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "annotations": {
                "link.argocd.argoproj.io/x": "https://x.example/"}}}),
            &["https://x.example/"],
        );
    }

    #[test]
    fn odd_fields_have_no_links() {
        for spec in [
            json!(null),
            json!({"rules": 1}),
            json!({"rules": [1, {"host": 2, "http": {"paths": [3]}}]}),
            json!([]),
        ] {
            let found = of(&Object::from_value(ingress(json!("x"), spec)).expect("it is an object"));
            assert!(found.iter().all(|link| link == "http://10.0.0.9"), "{found:?}");
        }
    }
}
