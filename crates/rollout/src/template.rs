//! Pod templates: when two mean the same, and what is put into one beside what the user wrote.

use std::collections::BTreeMap;

use model::rollout::AntiAffinity;
use serde_json::{Map, Value, json};

use crate::HASH_LABEL;

/// True where a template as it was written means the one that the API server filled in and keeps in a ReplicaSet. What
/// a rollout itself put there (`injected` names those labels and annotations) does not count.
pub fn same(written: &Value, kept: &Value, injected: &Injected) -> bool {
    let mut kept = kept.clone();
    forget(&mut kept, injected);
    let mut written = written.clone();
    forget_serving(&mut written);
    equal("template", &written, &kept, &Value::Null)
}

/// Labels and annotations that were put on the pods of a ReplicaSet, and the versions they were kept away from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Injected {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The written template with the hash label, ready to be a ReplicaSet's.
pub fn with_hash(written: &Value, hash: &str) -> Value {
    let mut template = written.clone();
    let labels = entry(entry(&mut template, "metadata"), "labels");
    labels[HASH_LABEL] = hash.into();
    template
}

/// The affinity of a template with a term that keeps its pods off the nodes of another version; an older such term is
/// replaced, and `None` only takes it away.
pub fn affinity(template: &Value, wanted: Option<(&AntiAffinity, &str)>) -> Value {
    let mut affinity = template.pointer("/spec/affinity").cloned().unwrap_or(Value::Null);
    strip(&mut affinity);
    let Some((rule, hash)) = wanted else { return affinity };
    if affinity.is_null() {
        affinity = json!({});
    }
    let term = json!({
        "labelSelector": {"matchExpressions": [{"key": HASH_LABEL, "operator": "In", "values": [hash]}]},
        "topologyKey": "kubernetes.io/hostname",
    });
    let pods = entry(&mut affinity, "podAntiAffinity");
    if let Some(preferred) = &rule.preferred {
        let list = entry_list(pods, "preferredDuringSchedulingIgnoredDuringExecution");
        list.push(json!({"weight": preferred.weight, "podAffinityTerm": term}));
    } else if rule.required.is_some() {
        entry_list(pods, "requiredDuringSchedulingIgnoredDuringExecution").push(term);
    }
    affinity
}

/// The version that a template's pods are kept away from.
pub fn kept_away_from(template: &Value) -> Option<&str> {
    let pods = template.pointer("/spec/affinity/podAntiAffinity")?.as_object()?;
    let terms = pods.values().filter_map(Value::as_array).flatten();
    terms.filter_map(own_term).next()
}

/// Hash in a term that a rollout made.
fn own_term(term: &Value) -> Option<&str> {
    let term = term.get("podAffinityTerm").unwrap_or(term);
    let rules = term.pointer("/labelSelector/matchExpressions")?.as_array()?;
    let [rule] = rules.as_slice() else { return None };
    (rule["key"] == HASH_LABEL).then(|| rule.pointer("/values/0")?.as_str()).flatten()
}

fn strip(affinity: &mut Value) {
    let Some(pods) = affinity.get_mut("podAntiAffinity").and_then(Value::as_object_mut) else { return };
    for terms in pods.values_mut().filter_map(Value::as_array_mut) {
        terms.retain(|term| own_term(term).is_none());
    }
    pods.retain(|_, terms| !is_empty(terms));
    let none_left = pods.is_empty();
    if let Some(fields) = affinity.as_object_mut().filter(|_| none_left) {
        fields.shift_remove("podAntiAffinity");
    }
    if is_empty(affinity) {
        *affinity = Value::Null;
    }
}

fn forget(template: &mut Value, injected: &Injected) {
    if let Some(labels) = map_at(template, "labels") {
        labels.shift_remove(HASH_LABEL);
        labels.retain(|key, value| injected.labels.get(key).map(String::as_str) != value.as_str());
    }
    if let Some(annotations) = map_at(template, "annotations") {
        annotations.retain(|key, value| injected.annotations.get(key).map(String::as_str) != value.as_str());
    }
    forget_serving(template);
}

fn forget_serving(template: &mut Value) {
    if let Some(spec) = template.get_mut("spec").and_then(Value::as_object_mut) {
        // An alias of serviceAccountName that the API server fills in.
        spec.shift_remove("serviceAccount");
        if let Some(affinity) = spec.get_mut("affinity") {
            strip(affinity);
        }
    }
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("creationTimestamp");
    }
}

fn map_at<'a>(template: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    template.get_mut("metadata")?.get_mut(field)?.as_object_mut()
}

/// `parent` is the kept map that holds the kept value, for defaults that depend on a neighbour.
fn equal(key: &str, written: &Value, kept: &Value, parent: &Value) -> bool {
    if is_empty(written) && is_empty(kept) {
        return true;
    }
    match (written, kept) {
        (Value::Object(left), Value::Object(right)) => maps_equal(key, left, right, kept),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal(key, left, right, parent))
        }
        (left, right) => left == right || (is_amount(key, parent) && amounts_equal(left, right)),
    }
}

fn maps_equal(key: &str, written: &Map<String, Value>, kept: &Map<String, Value>, whole: &Value) -> bool {
    let missing = Value::Null;
    let amounts = is_amounts(key);
    let ours = written.iter().all(|(name, value)| {
        let other = kept.get(name).unwrap_or(&missing);
        equal(if amounts { "amount" } else { name }, value, other, whole)
            || (other.is_null() && is_go_zero(name, value))
    });
    let theirs = kept.iter().filter(|(name, _)| written.get(*name).is_none_or(Value::is_null));
    ours && theirs.into_iter().all(|(name, value)| is_empty(value) || is_default(key, name, value, whole))
}

/// What Go leaves out when it writes: null, and empty texts, lists and maps.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Fields whose zero Go leaves out, too: they are no pointers in its types.
fn is_go_zero(name: &str, value: &Value) -> bool {
    const FLAGS: [&str; 7] = ["hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly"];
    const NUMBERS: [&str; 2] = ["hostPort", "initialDelaySeconds"];
    (value == &Value::Bool(false) && FLAGS.contains(&name))
        || (value.as_i64() == Some(0) && NUMBERS.contains(&name))
}

/// What the API server fills into a pod template.
fn is_default(parent: &str, name: &str, value: &Value, whole: &Value) -> bool {
    let number = value.as_i64();
    match name {
        "restartPolicy" => value == "Always",
        "terminationGracePeriodSeconds" => number == Some(30),
        "dnsPolicy" => value == "ClusterFirst",
        "schedulerName" => value == "default-scheduler",
        "enableServiceLinks" => value == &Value::Bool(true),
        "terminationMessagePath" => value == "/dev/termination-log",
        "terminationMessagePolicy" => value == "File",
        "imagePullPolicy" => value == default_pull_policy(whole),
        "protocol" => value == "TCP",
        "timeoutSeconds" | "successThreshold" => number == Some(1),
        "periodSeconds" => number == Some(10),
        "failureThreshold" => number == Some(3),
        "scheme" => value == "HTTP",
        "path" => value == "/",
        "apiVersion" => value == "v1",
        "defaultMode" => number == Some(0o644),
        "expirationSeconds" => number == Some(3600),
        "divisor" => value == "0" || number == Some(0),
        "volumeMode" => value == "Filesystem",
        "hostPort" => value == &whole["containerPort"],
        "requests" => *value == whole["limits"],
        _ => parent == "requests" && value.is_string(),
    }
}

/// `Always` for `latest` and for no tag at all.
fn default_pull_policy(container: &Value) -> &'static str {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or(image);
    let pinned = image.contains('@') || name.split_once(':').is_some_and(|(_, tag)| tag != "latest");
    if pinned { "IfNotPresent" } else { "Always" }
}

fn is_amounts(key: &str) -> bool {
    matches!(key, "limits" | "requests" | "overhead")
}

fn is_amount(key: &str, _parent: &Value) -> bool {
    matches!(key, "amount" | "sizeLimit" | "divisor" | "storage")
}

fn amounts_equal(left: &Value, right: &Value) -> bool {
    match (amount(left), amount(right)) {
        (Some(left), Some(right)) => left == right,
        (None, _) | (_, None) => false,
    }
}

/// A Kubernetes quantity in thousandths of its unit.
fn amount(value: &Value) -> Option<i128> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let factor: i128 = match suffix {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some(digits.checked_mul(factor)? / scale)
}

/// A field of a map, made a map where it is none.
fn entry<'a>(value: &'a mut Value, field: &str) -> &'a mut Value {
    if !value[field].is_object() {
        value[field] = json!({});
    }
    &mut value[field]
}

fn entry_list<'a>(value: &'a mut Value, field: &str) -> &'a mut Vec<Value> {
    if !value[field].is_array() {
        value[field] = json!([]);
    }
    value[field].as_array_mut().expect("it was made a list above")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::rollout::{PreferredAntiAffinity, RequiredAntiAffinity};

    fn written() -> Value {
        json!({
            "metadata": {"labels": {"app": "web"}, "creationTimestamp": null},
            "spec": {"containers": [{
                "name": "web", "image": "shop/web:1", "stdin": false,
                "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                "readinessProbe": {"httpGet": {"port": 80}},
                "env": [{"name": "A", "value": ""}],
            }], "serviceAccountName": "shop"},
        })
    }

    fn kept() -> Value {
        json!({
            "metadata": {"labels": {"app": "web", HASH_LABEL: "abc", "role": "canary"}},
            "spec": {
                "containers": [{
                    "name": "web", "image": "shop/web:1", "imagePullPolicy": "IfNotPresent",
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    "resources": {
                        "limits": {"cpu": "1000m", "memory": "1024Mi"},
                        "requests": {"cpu": "1000m", "memory": "1024Mi"},
                    },
                    "readinessProbe": {
                        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
                    },
                    "env": [{"name": "A"}],
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                }],
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                "securityContext": {}, "schedulerName": "default-scheduler",
                "serviceAccount": "shop", "serviceAccountName": "shop",
            },
        })
    }

    fn injected() -> Injected {
        Injected { labels: [("role".to_owned(), "canary".to_owned())].into(), ..Injected::default() }
    }

    #[test]
    fn what_the_server_fills_in_is_no_difference() {
        assert!(same(&written(), &kept(), &injected()));
    }

    #[test]
    fn every_other_difference_is_one() {
        let changes: [(&str, Value); 7] = [
            ("/spec/containers/0/image", json!("shop/web:2")),
            ("/spec/containers/0/imagePullPolicy", json!("Always")),
            ("/spec/terminationGracePeriodSeconds", json!(0)),
            ("/spec/containers/0/resources/limits/cpu", json!("2")),
            ("/spec/containers/0/ports/0/protocol", json!("UDP")),
            ("/metadata/labels/role", json!("stable")),
            ("/spec/serviceAccountName", json!("other")),
        ];
        for (pointer, value) in changes {
            let mut other = kept();
            *other.pointer_mut(pointer).expect("it is there") = value;
            assert!(!same(&written(), &other, &injected()), "{pointer}");
        }
        let mut other = kept();
        other["spec"]["automountServiceAccountToken"] = json!(false);
        assert!(!same(&written(), &other, &injected()));
    }

    #[test]
    fn the_term_that_keeps_versions_apart_is_no_difference_and_is_replaced() {
        let rule = AntiAffinity { preferred: Some(PreferredAntiAffinity { weight: 5 }), required: None };
        let mut apart = kept();
        apart["spec"]["affinity"] = affinity(&apart, Some((&rule, "old")));
        assert_eq!(kept_away_from(&apart), Some("old"));
        assert!(same(&written(), &apart, &injected()));

        let rule = AntiAffinity { required: Some(RequiredAntiAffinity {}), preferred: None };
        apart["spec"]["affinity"] = affinity(&apart, Some((&rule, "new")));
        assert_eq!(kept_away_from(&apart), Some("new"));
        assert_eq!(affinity(&apart, None), Value::Null);
    }
}
