//! Managed fields against desired fields: most objects need no request to know that nothing would change.
//!
//! An object is the same when our field manager's Apply entry owns exactly the fields the manifest has, and each of
//! them has the manifest's value. Where anything is in doubt the answer is [`Local::Ask`]: a server-side dry-run
//! decides. `Same` is therefore never said where an apply would change a field.

use model::Object;
use serde_json::{Map, Value};

use super::fields::{self, Child, Fields, ListShape, Operation, is_item, same_scalar};
use super::ignore::{IgnoreRules, Ignored};
use super::normalize::{self, SERVER_METADATA};
use super::quantity::nano_units;
use super::{MAX_DEPTH, takeover};

/// The field manager that windlass applies with; upstream's, so that a take-over finds its fields.
pub const MANAGER: &str = "argocd-controller";

/// What can be said without asking the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// An apply would change nothing that is compared.
    Same,
    /// Only a dry-run can tell.
    Ask,
}

/// Lists longer than this are left to the API server: items are searched by their keys.
const LONGEST_LIST: usize = 4096;

/// Decides without a request whether `desired` (made fit by [`normalize::for_apply`]) is what is live.
pub fn decide(desired: &Object, live: &Object, rules: &IgnoreRules) -> Local {
    if desired.api_version() != live.api_version() || desired.kind() != live.kind() || takeover::is_due(live)
    {
        return Local::Ask;
    }
    let mut entries = fields::entries(live, MANAGER, Operation::Apply);
    let (Some(entry), None) = (entries.next(), entries.next()) else { return Local::Ask };
    if entry.api_version != desired.api_version() {
        return Local::Ask;
    }
    let roles = rules.ignores_aggregated_roles();
    let (left, right) = (normalize::for_compare(desired, roles), normalize::for_compare(live, roles));
    let ignored = rules.ignored(&left, &right, live);
    let matching = Matching {
        ignored: &ignored,
        built_in: normalize::is_built_in(desired.group()),
        status: !rules.ignores_status(desired),
        rules_left_out: left.get("rules").is_none() && desired.get("rules").is_some(),
    };
    if matching.root(left.fields(), right.fields(), entry.fields) { Local::Same } else { Local::Ask }
}

struct Matching<'a> {
    ignored: &'a Ignored<'a>,
    /// A kind whose types the API server defines: empty and null fields vanish there.
    built_in: bool,
    /// `status` is compared.
    status: bool,
    /// A role's rules say nothing or are filled by aggregation: who owns them does not matter.
    rules_left_out: bool,
}

impl<'a> Matching<'a> {
    fn root(&self, desired: &'a Map<String, Value>, live: &'a Map<String, Value>, owned: Fields<'_>) -> bool {
        let skip = |key: &str| match key {
            "apiVersion" | "kind" => true,
            "metadata" => true,
            "status" => !self.status,
            "rules" => self.rules_left_out,
            _ => false,
        };
        self.map(desired, live, owned, &skip, "", 0) && self.metadata(desired, live, owned)
    }

    /// Identity and what the server writes are owned by nobody.
    fn metadata(
        &self,
        desired: &'a Map<String, Value>,
        live: &'a Map<String, Value>,
        owned: Fields<'_>,
    ) -> bool {
        let skip = |key: &str| matches!(key, "name" | "namespace") || SERVER_METADATA.contains(&key);
        let desired = desired.get("metadata").and_then(Value::as_object);
        let live = live.get("metadata").and_then(Value::as_object);
        match (desired, live, owned.field("metadata")) {
            (None, _, None) => true,
            (Some(desired), _, None) => {
                desired.iter().all(|(key, value)| skip(key) || self.ignored.contains(value))
            }
            (Some(desired), Some(live), Some(owned)) => self.map(desired, live, owned, &skip, "metadata", 1),
            (None, _, Some(_)) | (Some(_), None, Some(_)) => false,
        }
    }

    /// Every owned field stands in the manifest with the live value, and every field of the manifest is owned.
    fn map(
        &self,
        desired: &'a Map<String, Value>,
        live: &'a Map<String, Value>,
        owned: Fields<'_>,
        skip: &dyn Fn(&str) -> bool,
        name: &str,
        depth: usize,
    ) -> bool {
        let mut matched = 0;
        for (key, node) in owned.each_field().filter(|(key, _)| !skip(key)) {
            let there = live.get(key);
            let same = match desired.get(key) {
                Some(value) => {
                    matched += 1;
                    self.value(value, there, node, Place { key, parent: name, depth: depth + 1 })
                }
                // Ours, but no longer in the manifest: an apply would take it away.
                None => there.is_some_and(|there| self.ignored.contains(there)),
            };
            if !same {
                return false;
            }
        }
        let mut unowned = desired.iter().filter(|(key, _)| !skip(key));
        if owned.children().any(|(child, _)| !matches!(child, Child::Field(_))) {
            return false;
        }
        matched == desired.len()
            || unowned
                .all(|(key, value)| owned.field(key).is_some() || self.needs_no_owner(value, live.get(key)))
    }

    /// Empty lists by key and null fields are owned by nobody.
    fn needs_no_owner(&self, desired: &'a Value, live: Option<&'a Value>) -> bool {
        let ignored = |value| self.ignored.contains(value);
        match desired {
            value if ignored(value) || live.is_some_and(ignored) => true,
            Value::Null => self.built_in && live.is_none_or(Value::is_null),
            Value::Array(list) => {
                list.is_empty() && live.and_then(Value::as_array).is_some_and(Vec::is_empty)
            }
            _ => false,
        }
    }

    fn value(
        &self,
        desired: &'a Value,
        live: Option<&'a Value>,
        owned: Fields<'_>,
        place: Place<'_>,
    ) -> bool {
        if self.ignored.contains(desired) || live.is_some_and(|live| self.ignored.contains(live)) {
            return true;
        }
        if place.depth > MAX_DEPTH {
            return false;
        }
        let leaf = owned.is_leaf();
        match (desired, live) {
            // What is empty may vanish in the server's types; it is ours all the same.
            (Value::Null, None | Some(Value::Null)) => leaf,
            (Value::Array(list), None | Some(Value::Null)) => leaf && list.is_empty() && self.built_in,
            (Value::Object(map), None | Some(Value::Null)) => leaf && map.is_empty() && self.built_in,
            (_, None) => false,
            (_, Some(live)) if leaf => {
                self.whole(desired, live, place.depth) || place.same_quantity(desired, live, self.built_in)
            }
            (Value::Object(desired), Some(Value::Object(live))) => {
                self.map(desired, live, owned, &|_| false, place.key, place.depth)
            }
            (Value::Array(desired), Some(Value::Array(live))) => self.list(desired, live, owned, place),
            _ => false,
        }
    }

    fn list(&self, desired: &'a [Value], live: &'a [Value], owned: Fields<'_>, place: Place<'_>) -> bool {
        if desired.len() > LONGEST_LIST || live.len() > LONGEST_LIST {
            return false;
        }
        match owned.list_shape() {
            ListShape::Keyed | ListShape::Set => self.items(desired, live, owned, place),
            ListShape::Atomic | ListShape::Unknown => false,
        }
    }

    /// Items one to one between manifest, field set and live list, in the manifest's order.
    fn items(&self, desired: &'a [Value], live: &'a [Value], owned: Fields<'_>, place: Place<'_>) -> bool {
        let mut places: Vec<Option<usize>> = vec![None; desired.len()];
        for (child, node) in owned.children() {
            let is_it = |item: &Value| match &child {
                Child::Item(keys) => is_item(item, keys),
                Child::Member(member) => same_scalar(item, member),
                Child::Field(_) | Child::Other => false,
            };
            let (Some(at), Some(there)) = (desired.iter().position(is_it), live.iter().position(is_it))
            else {
                return false;
            };
            if places[at].replace(there).is_some() {
                return false;
            }
            let below = Place { depth: place.depth + 1, ..place };
            let same = match child {
                Child::Member(_) => true,
                _ => self.value(&desired[at], Some(&live[there]), node, below),
            };
            if !same {
                return false;
            }
        }
        places.iter().all(Option::is_some) && places.is_sorted()
    }

    /// Equal as a whole: nothing more and nothing less, but for nulls and what is ignored.
    fn whole(&self, desired: &'a Value, live: &'a Value, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let counts = |value: &&'a Value| !value.is_null() && !self.ignored.contains(value);
        match (desired, live) {
            (Value::Object(desired), Value::Object(live)) => {
                desired.values().filter(counts).count() == live.values().filter(counts).count()
                    && desired.iter().filter(|(_, value)| counts(value)).all(|(key, value)| {
                        live.get(key).is_some_and(|live| {
                            self.ignored.contains(live) || self.whole(value, live, depth + 1)
                        })
                    })
            }
            (Value::Array(desired), Value::Array(live)) => {
                let kept = |value: &&'a Value| !self.ignored.contains(value);
                desired.iter().filter(kept).count() == live.iter().filter(kept).count()
                    && desired
                        .iter()
                        .filter(kept)
                        .zip(live.iter().filter(kept))
                        .all(|(desired, live)| self.whole(desired, live, depth + 1))
            }
            _ => same_scalar(desired, live),
        }
    }
}

/// Where a value stands: its field and the field above.
#[derive(Clone, Copy)]
struct Place<'a> {
    key: &'a str,
    parent: &'a str,
    depth: usize,
}

impl Place<'_> {
    /// Resource quantities of built-in kinds come back in canonical form: `1000m` as `1`, the number `1` as a text.
    fn same_quantity(self, desired: &Value, live: &Value, built_in: bool) -> bool {
        built_in
            && matches!(self.parent, "limits" | "requests" | "hard")
            && nano_units(desired).is_some_and(|quantity| Some(quantity) == nano_units(live))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::application::IgnoreDifferences;
    use model::settings::Settings;
    use serde_json::json;

    fn rules(pointers: &[&str]) -> IgnoreRules {
        let rule = IgnoreDifferences {
            group: "*".into(),
            kind: "*".into(),
            json_pointers: pointers.iter().map(|pointer| (*pointer).to_owned()).collect(),
            ..IgnoreDifferences::default()
        };
        IgnoreRules::compile(&[rule], &Settings::default()).0
    }

    fn deployment(spec: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": {"x": "y"}}, "spec": spec})
    }

    fn owned(mut live: Value, spec: Value) -> Value {
        live["metadata"]["uid"] = "u".into();
        live["metadata"]["resourceVersion"] = "5".into();
        live["status"] = json!({"replicas": 1});
        live["metadata"]["managedFields"] = json!([{
            "manager": MANAGER, "operation": "Apply", "apiVersion": live["apiVersion"].clone(), "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": spec},
        }]);
        live
    }

    #[track_caller]
    fn check_with(pointers: &[&str], desired: Value, live: Value, expected: Local) {
        let mut desired = Object::from_value(desired).expect("it is a map");
        normalize::for_apply(&mut desired);
        let live = Object::from_value(live).expect("it is a map");
        assert_eq!(decide(&desired, &live, &rules(pointers)), expected);
    }

    #[track_caller]
    fn check(desired: Value, live: Value, fields: Value, expected: Local) {
        check_with(&[], deployment(desired), owned(deployment(live), fields), expected);
    }

    #[test]
    fn defaults_and_other_owners_fields_are_not_ours() {
        let fields = json!({"f:replicas": {}, "f:selector": {}, "f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}, "f:ports": {
                "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}});
        let desired = json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": [{"name": "web", "image": "i", "ports": [{"containerPort": 80}]}]}}});
        let live = |image: &str| {
            json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "paused": false,
            "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [
                {"name": "injected", "image": "x"},
                {"name": "web", "image": image, "imagePullPolicy": "Always", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}}})
        };
        check(desired.clone(), live("i"), fields.clone(), Local::Same);
        check(desired, live("other"), fields, Local::Ask);
    }

    #[test]
    fn a_field_more_or_less_on_either_side_asks() {
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"f:a": {}}), Local::Same);
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"f:a": {}, "f:b": {}}), Local::Ask);
        check(json!({"a": 1, "b": 2}), json!({"a": 1, "b": 2}), json!({"f:a": {}}), Local::Ask);
        check(
            json!({"a": {"c": 1}}),
            json!({"a": {"c": 1}}),
            json!({"f:a": {"f:c": {}, "f:d": {}}}),
            Local::Ask,
        );
        check(json!({"a": 1}), json!({"a": 1}), json!({"f:a": {"f:b": {}}}), Local::Ask);
    }

    #[test]
    fn atomic_lists_and_maps_are_equal_as_a_whole() {
        let fields = json!({"f:l": {}, "f:m": {}});
        let is = |l: Value, m: Value| json!({"l": l, "m": m});
        check(
            is(json!([1, 2]), json!({"a": 1})),
            is(json!([1, 2]), json!({"a": 1})),
            fields.clone(),
            Local::Same,
        );
        check(
            is(json!([{"a": 1}]), json!({"a": 1})),
            is(json!([{"a": 1, "b": 2}]), json!({"a": 1})),
            fields.clone(),
            Local::Ask,
        );
        check(
            is(json!([1]), json!({"a": 1})),
            is(json!([1]), json!({"a": 1, "b": 2})),
            fields.clone(),
            Local::Ask,
        );
        check(is(json!([2, 1]), json!({"a": 1})), is(json!([1, 2]), json!({"a": 1})), fields, Local::Ask);
    }

    #[test]
    fn sets_and_keyed_lists_keep_the_manifests_order() {
        let set = json!({"f:s": {"v:\"a\"": {}, "v:\"b\"": {}}});
        check(json!({"s": ["a", "b"]}), json!({"s": ["a", "x", "b"]}), set.clone(), Local::Same);
        check(json!({"s": ["b", "a"]}), json!({"s": ["a", "b"]}), set.clone(), Local::Ask);
        check(json!({"s": ["a"]}), json!({"s": ["a", "b"]}), set, Local::Ask);
        let keyed = json!({"f:l": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}}, "k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}});
        let l =
            |names: &[&str]| json!({"l": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
        check(l(&["a", "b"]), l(&["a", "b"]), keyed.clone(), Local::Same);
        check(l(&["b", "a"]), l(&["a", "b"]), keyed.clone(), Local::Ask);
        check(l(&["a", "b", "b"]), l(&["a", "b"]), keyed.clone(), Local::Ask);
        check(l(&["a"]), l(&["a", "b"]), keyed, Local::Ask);
    }

    #[test]
    fn what_is_empty_or_null_vanishes_in_built_in_kinds() {
        check(json!({"a": {}, "n": null}), json!({}), json!({"f:a": {}}), Local::Same);
        check(json!({"a": []}), json!({"a": []}), json!({}), Local::Same);
        check(json!({"a": []}), json!({}), json!({}), Local::Ask);
        check(json!({"a": {}}), json!({}), json!({}), Local::Ask);
        check(json!({"a": {}}), json!({"a": {"b": 1}}), json!({"f:a": {}}), Local::Ask);
    }

    #[test]
    fn quantities_of_resources_are_canonical() {
        let fields = json!({"f:resources": {"f:limits": {"f:cpu": {}, "f:memory": {}}}});
        let limits =
            |cpu: Value, memory: &str| json!({"resources": {"limits": {"cpu": cpu, "memory": memory}}});
        check(limits(json!("1000m"), "1024Mi"), limits(json!("1"), "1Gi"), fields.clone(), Local::Same);
        check(limits(json!(1), "1Gi"), limits(json!("1"), "1Gi"), fields.clone(), Local::Same);
        check(limits(json!("0.5"), "1Gi"), limits(json!("500m"), "1Gi"), fields.clone(), Local::Same);
        check(limits(json!("1001m"), "1Gi"), limits(json!("1"), "1Gi"), fields, Local::Ask);
        check(json!({"a": "1000m"}), json!({"a": "1"}), json!({"f:a": {}}), Local::Ask);
        check(json!({"a": 1}), json!({"a": 1.0}), json!({"f:a": {}}), Local::Same);
    }

    #[test]
    fn ignored_fields_are_passed_over_whoever_owns_them() {
        let desired = deployment(json!({"replicas": 1, "a": 1}));
        let live = deployment(json!({"replicas": 7, "a": 1}));
        let both = json!({"f:replicas": {}, "f:a": {}});
        check_with(&["/spec/replicas"], desired.clone(), owned(live.clone(), both.clone()), Local::Same);
        check_with(
            &["/spec/replicas"],
            desired.clone(),
            owned(live.clone(), json!({"f:a": {}})),
            Local::Same,
        );
        check_with(
            &["/spec/replicas"],
            deployment(json!({"a": 1})),
            owned(live.clone(), both.clone()),
            Local::Same,
        );
        check_with(&["/spec/a"], desired, owned(live, both), Local::Ask);
    }

    #[test]
    fn without_our_entry_or_with_anothers_to_take_over_the_server_is_asked() {
        let spec = json!({"a": 1});
        let live = || owned(deployment(spec.clone()), json!({"f:a": {}}));
        check_with(&[], deployment(spec.clone()), live(), Local::Same);
        let mut other = live();
        other["metadata"]["managedFields"][0]["manager"] = "kubectl".into();
        check_with(&[], deployment(spec.clone()), other, Local::Ask);
        let mut version = live();
        version["metadata"]["managedFields"][0]["apiVersion"] = "apps/v1beta1".into();
        check_with(&[], deployment(spec.clone()), version, Local::Ask);
        let mut earlier = live();
        let entry = json!({"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {"f:a": {}}}});
        earlier["metadata"]["managedFields"].as_array_mut().expect("a list").push(entry);
        check_with(&[], deployment(spec.clone()), earlier, Local::Ask);
        check_with(&[], deployment(spec.clone()), deployment(spec), Local::Ask);
    }
}
