//! What counts as drift, change by change.

use model::Object;
use model::application::IgnoreDifferences;
use model::settings::Settings;
use serde_json::{Value, json};
use sync::diff::{Answer, IgnoreRules, MANAGER, Options, Verdict, VerdictKey, compare, fingerprint};

fn object(value: Value) -> Object {
    Object::from_value(value).expect("it is a map")
}

fn made(kind: &str, rest: Value, fields: Value) -> Value {
    let mut object =
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "namespace": "b", "uid": "u"}});
    for (key, value) in rest.as_object().expect("a map") {
        object[key.as_str()] = value.clone();
    }
    if !fields.is_null() {
        object["metadata"]["managedFields"] =
            json!([{"manager": MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}]);
    }
    object
}

fn shown(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Same => Vec::new(),
        Verdict::Different(changes) => changes.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn check_rules(rule: IgnoreDifferences, live: Value, predicted: Value, expected: &[&str]) {
    let rule = IgnoreDifferences { group: "*".into(), kind: "*".into(), ..rule };
    let (rules, problems) = IgnoreRules::compile(&[rule], &Settings::default());
    assert_eq!(problems, Vec::<String>::new());
    let (live, predicted) = (object(live), object(predicted));
    let verdict = compare(&predicted, &live, Answer::Predicted(&predicted), &rules, Options::default());
    assert_eq!(shown(&verdict), expected);
}

#[track_caller]
fn check(live: (Value, Value), predicted: (Value, Value), expected: &[&str]) {
    let (live, predicted) = (made("Thing", live.0, live.1), made("Thing", predicted.0, predicted.1));
    check_rules(IgnoreDifferences::default(), live, predicted, expected);
}

#[test]
fn only_what_is_ours_is_drift() {
    let ours = json!({"f:spec": {"f:a": {}}});
    check(
        (json!({"spec": {"a": 1, "b": 1}}), ours.clone()),
        (json!({"spec": {"a": 1, "b": 2}}), ours.clone()),
        &[],
    );
    check(
        (json!({"spec": {"a": 1, "b": 1}}), ours.clone()),
        (json!({"spec": {"a": 2, "b": 2}}), ours.clone()),
        &["spec.a: 1 -> 2"],
    );
    check(
        (json!({"spec": {"a": 1}, "status": {"x": 1}}), ours.clone()),
        (json!({"spec": {"a": 1}}), ours),
        &[],
    );
}

#[test]
fn a_field_that_git_dropped_is_drift_and_a_new_one_too() {
    let a = json!({"f:spec": {"f:a": {}}});
    let both = json!({"f:spec": {"f:a": {}, "f:b": {}}});
    check(
        (json!({"spec": {"a": 1, "b": 2}}), both.clone()),
        (json!({"spec": {"a": 1}}), a.clone()),
        &["spec.b: 2 -> nothing"],
    );
    check(
        (json!({"spec": {"a": 1}}), a.clone()),
        (json!({"spec": {"a": 1, "b": 2}}), both),
        &["spec.b: nothing -> 2"],
    );
    // Made before by somebody without field sets of ours.
    check(
        (json!({"spec": {"a": 1, "x": 1}}), json!({"f:data": {}})),
        (json!({"spec": {"a": 2, "x": 1}}), a),
        &["spec.a: 1 -> 2"],
    );
}

#[test]
fn lists_by_key_are_compared_by_key() {
    let item = |names: &[&str]| {
        let items = names
            .iter()
            .map(|name| (format!("k:{{\"name\":\"{name}\"}}"), json!({".": {}, "f:name": {}, "f:v": {}})));
        json!({"f:l": Value::Object(items.collect())})
    };
    let list = |items: &[(&str, i32)]| json!({"l": items.iter().map(|(name, v)| json!({"name": name, "v": v})).collect::<Vec<_>>()});
    check(
        (list(&[("x", 9), ("a", 1)]), item(&["a"])),
        (list(&[("a", 2), ("x", 8)]), item(&["a"])),
        &["l[name=a].v: 1 -> 2"],
    );
    check(
        (list(&[("a", 1), ("b", 1)]), item(&["a", "b"])),
        (list(&[("a", 1)]), item(&["a"])),
        &["l[name=b]: {\"name\":\"b\",\"v\":1} -> nothing"],
    );
    let swapped = shown_order(&list(&[("a", 1), ("b", 1)]), &list(&[("b", 1), ("a", 1)]));
    check(
        (list(&[("a", 1), ("b", 1)]), item(&["a", "b"])),
        (list(&[("b", 1), ("a", 1)]), item(&["a", "b"])),
        &[&swapped],
    );
}

fn shown_order(before: &Value, after: &Value) -> String {
    format!("l: {} -> {}", before["l"], after["l"])
}

#[test]
fn atomic_lists_and_sets_show_what_changed() {
    let atomic = json!({"f:l": {}});
    check(
        (json!({"l": [1, 2]}), atomic.clone()),
        (json!({"l": [1, 3, 4]}), atomic.clone()),
        &["l[1]: 2 -> 3", "l[2]: nothing -> 4"],
    );
    check(
        (json!({"l": [{"a": 1, "d": 1}]}), atomic.clone()),
        (json!({"l": [{"a": 1, "d": 1}]}), atomic),
        &[],
    );
    let set = |names: &[&str]| json!({"f:l": Value::Object(names.iter().map(|name| (format!("v:\"{name}\""), json!({}))).collect())});
    check(
        (json!({"l": ["a", "x"]}), set(&["a"])),
        (json!({"l": ["a", "x", "b"]}), set(&["a", "b"])),
        &["l[\"b\"]: nothing -> \"b\""],
    );
}

#[test]
fn what_the_server_writes_and_identity_are_no_drift() {
    let meta = |version: &str| json!({"metadata": {"name": "a", "resourceVersion": version, "generation": 2, "labels": {"x": "1"}}});
    check((meta("1"), Value::Null), (meta("2"), Value::Null), &[]);
}

#[test]
fn ignored_fields_are_left_out_on_both_sides() {
    let fields = json!({"f:spec": {"f:hosts": {}, "f:http": {}}});
    let is = |hosts: &str, http: i32| {
        made("Thing", json!({"spec": {"hosts": [hosts], "http": [{"w": http}, {"w": 1}]}}), fields.clone())
    };
    let pointers = |pointers: &[&str]| IgnoreDifferences {
        json_pointers: pointers.iter().map(|pointer| (*pointer).to_owned()).collect(),
        ..IgnoreDifferences::default()
    };
    let jq = |expression: &str| IgnoreDifferences {
        jq_path_expressions: vec![expression.to_owned()],
        ..IgnoreDifferences::default()
    };
    check_rules(pointers(&["/spec/http"]), is("a", 1), is("a", 2), &[]);
    check_rules(pointers(&["/spec/http"]), is("a", 1), is("b", 2), &["spec.hosts[0]: \"a\" -> \"b\""]);
    check_rules(pointers(&["/spec/http/0/w"]), is("a", 1), is("a", 2), &[]);
    check_rules(pointers(&["/spec/http/1/w"]), is("a", 1), is("a", 2), &["spec.http[0].w: 1 -> 2"]);
    check_rules(jq(".spec.http[].w"), is("a", 1), is("a", 2), &[]);
    check_rules(jq(".spec.http[] | select(.w != 1)"), is("a", 3), is("a", 2), &[]);
}

#[test]
fn other_managers_fields_are_left_out_where_a_rule_names_the_manager() {
    let fields = json!({"f:spec": {"f:replicas": {}, "f:a": {}}});
    let mut live = made("Thing", json!({"spec": {"replicas": 5, "a": 1}}), fields.clone());
    live["metadata"]["managedFields"].as_array_mut().expect("a list").push(json!({
        "manager": "hpa", "operation": "Update", "subresource": "", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}));
    let predicted = made("Thing", json!({"spec": {"replicas": 1, "a": 2}}), fields);
    let rule =
        IgnoreDifferences { managed_fields_managers: vec!["hpa".into()], ..IgnoreDifferences::default() };
    check_rules(rule, live.clone(), predicted.clone(), &["spec.a: 1 -> 2"]);
    check_rules(IgnoreDifferences::default(), live, predicted, &["spec.replicas: 5 -> 1", "spec.a: 1 -> 2"]);
}

#[test]
fn secrets_are_masked_before_anybody_sees_them() {
    let fields = json!({"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}});
    let live = made("Secret", json!({"data": {"a": "b2xk", "b": "eA=="}}), fields.clone());
    let predicted = made("Secret", json!({"data": {"a": "bmV3", "c": "eQ=="}}), fields);
    check_rules(
        IgnoreDifferences::default(),
        live,
        predicted,
        &[
            "data.a: \"++++++++++++\" -> \"++++++++\"",
            "data.b: \"++++++++\" -> nothing",
            "data.c: nothing -> \"++++++++\"",
        ],
    );
}

#[test]
fn an_earlier_managers_leftovers_are_drift() {
    let mut live = made("Thing", json!({"spec": {"a": 1, "old": 2}}), Value::Null);
    live["metadata"]["managedFields"] = json!([{"manager": "kubectl-client-side-apply", "operation": "Update",
        "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:a": {}, "f:old": {}}}}]);
    let mut predicted = live.clone();
    predicted["metadata"]["managedFields"].as_array_mut().expect("a list")
        .push(json!({"manager": MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:a": {}}}}));
    check_rules(IgnoreDifferences::default(), live, predicted, &["spec.old: 2 -> nothing"]);
}

#[track_caller]
fn check_worked_out(desired: Value, live: Value, expected: &[&str]) {
    let verdict =
        compare(&object(desired), &object(live), Answer::None, &IgnoreRules::default(), Options::default());
    assert_eq!(shown(&verdict), expected);
}

#[test]
fn without_an_answer_the_apply_is_worked_out_here() {
    let fields = json!({"f:spec": {"f:a": {}, "f:gone": {}, "f:l": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:v": {}}}}});
    let live = made(
        "Thing",
        json!({"spec": {"a": 1, "gone": 1, "default": 1, "l": [{"name": "other"}, {"name": "x", "v": 1, "d": 1}]}}),
        fields,
    );
    let desired =
        |v: i32| made("Thing", json!({"spec": {"a": 1, "l": [{"name": "x", "v": v}]}}), Value::Null);
    check_worked_out(desired(1), live.clone(), &["spec.gone: 1 -> nothing"]);
    check_worked_out(desired(2), live, &["spec.gone: 1 -> nothing", "spec.l[1].v: 1 -> 2"]);
    let bare = made("Thing", json!({"spec": {"l": [{"name": "x", "v": 1, "default": true}]}}), Value::Null);
    check_worked_out(desired(1), bare, &["spec.a: nothing -> 1"]);
}

#[test]
fn a_verdict_is_remembered_for_one_state_of_everything() {
    let live = |version: &str| object(json!({"metadata": {"uid": "u", "resourceVersion": version}}));
    let (a, b) = (object(json!({"a": [1, {"b": null}]})), object(json!({"a": [1, {"b": 0}]})));
    assert_ne!(fingerprint(&a), fingerprint(&b));
    let rules = IgnoreRules::default();
    let key = VerdictKey::new(&live("1"), fingerprint(&a), &rules);
    assert_eq!(key, VerdictKey::new(&live("1"), fingerprint(&a.clone()), &rules));
    assert_ne!(key, VerdictKey::new(&live("2"), fingerprint(&a), &rules));
    let status = Settings { ignore_status: model::settings::IgnoreStatus::None, ..Settings::default() };
    assert_ne!(key, VerdictKey::new(&live("1"), fingerprint(&a), &IgnoreRules::compile(&[], &status).0));
}
