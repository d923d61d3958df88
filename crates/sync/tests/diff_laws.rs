//! Laws of comparing: what is applied is not drift, rules mean the same twice, and no secret survives.

use model::Object;
use model::application::IgnoreDifferences;
use model::settings::Settings;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sync::diff::{self, Answer, IgnoreRules, Local, MANAGER, Options, Verdict, normalize, redact};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from)
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map("[a-e]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn manifest() -> impl Strategy<Value = Object> {
    (btree_map("[a-e]", tree(), 0..4), btree_map("[a-e]", "[a-z]{0,4}", 1..4)).prop_map(|(spec, labels)| {
        let mut object = json!({"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a", "labels": labels}});
        object["spec"] = Value::Object(spec.into_iter().collect());
        Object::from_value(object).expect("it is a map")
    })
}

/// The fields a server-side apply of a value owns, every list as a whole.
fn owned(value: &Value) -> Value {
    match value {
        Value::Object(map) if !map.is_empty() => {
            Value::Object(map.iter().map(|(key, value)| (format!("f:{key}"), owned(value))).collect())
        }
        _ => json!({}),
    }
}

/// What the server makes of an apply: the manifest, defaults beside it, and who owns what.
fn applied(desired: &Object) -> Object {
    let mut fields = Map::new();
    for key in ["spec", "metadata"] {
        let mut value = desired.get(key).cloned().unwrap_or_default();
        value.as_object_mut().expect("a map").shift_remove("name");
        fields.insert(format!("f:{key}"), owned(&value));
    }
    let mut live = desired.clone();
    let spec = live.fields_mut().get_mut("spec").expect("it has one");
    add_defaults(spec);
    let entry =
        json!({"manager": MANAGER, "operation": "Apply", "apiVersion": "example.org/v1", "fieldsV1": fields});
    let metadata = live.metadata_mut();
    metadata.insert("managedFields".into(), json!([entry]));
    metadata.insert("uid".into(), "u".into());
    live.fields_mut().insert("status".into(), json!({"ready": true}));
    live
}

fn add_defaults(value: &mut Value) {
    if let Value::Object(map) = value {
        let empty = map.is_empty();
        map.values_mut().for_each(add_defaults);
        if !empty {
            map.insert("defaulted".into(), json!(1));
        }
    }
}

/// Changes the first scalar it finds; false where there is none.
fn spoil(value: &mut Value) -> bool {
    match value {
        Value::Array(list) => list.iter_mut().any(spoil),
        Value::Object(map) => {
            map.iter_mut().filter(|(key, _)| *key != "defaulted").any(|(_, value)| spoil(value))
        }
        scalar => {
            *scalar = json!("something else");
            true
        }
    }
}

fn rules(pointers: &[&str], expressions: &[&str]) -> IgnoreRules {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rule = IgnoreDifferences {
        group: "*".into(),
        kind: "*".into(),
        json_pointers: texts(pointers),
        jq_path_expressions: texts(expressions),
        ..IgnoreDifferences::default()
    };
    let (rules, problems) = IgnoreRules::compile(&[rule], &Settings::default());
    assert_eq!(problems, Vec::<String>::new());
    rules
}

fn some_rules() -> IgnoreRules {
    // No index: the first item of a list is another one once it is taken away.
    rules(&["/spec/a", "/spec/b/x", "/metadata/labels/c"], &[".spec.c[]?", ".spec | .. | .d?"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_was_applied_is_no_drift(desired in manifest()) {
        let live = applied(&desired);
        let none = IgnoreRules::default();
        prop_assert_eq!(diff::decide(&desired, &live, &none), Local::Same);
        prop_assert_eq!(diff::compare(&desired, &live, Answer::Predicted(&live), &none, Options::default()), Verdict::Same);
        prop_assert_eq!(diff::compare(&desired, &live, Answer::None, &none, Options::default()), Verdict::Same);
        let rules = some_rules();
        prop_assert_eq!(diff::decide(&desired, &live, &rules), Local::Same);
        prop_assert_eq!(diff::compare(&desired, &live, Answer::None, &rules, Options::default()), Verdict::Same);
    }

    #[test]
    fn what_somebody_changed_is_drift(desired in manifest()) {
        let mut live = applied(&desired);
        let spoiled = live.fields_mut().get_mut("spec").is_some_and(spoil);
        prop_assume!(spoiled);
        prop_assert_eq!(diff::decide(&desired, &live, &IgnoreRules::default()), Local::Ask);
        let verdict = diff::compare(&desired, &live, Answer::None, &IgnoreRules::default(), Options::default());
        prop_assert!(matches!(verdict, Verdict::Different(_)), "{:?}", verdict);
    }

    #[test]
    fn an_apply_worked_out_here_is_complete(desired in manifest(), earlier in manifest()) {
        let live = applied(&earlier);
        let predicted = diff::predict::apply(&desired, &live);
        let again = diff::predict::apply(&desired, &predicted);
        prop_assert_eq!(&again, &predicted);
    }

    #[test]
    fn rules_mean_the_same_twice(desired in manifest(), live in manifest()) {
        let rules = some_rules();
        let kept = rules.drop_ignored(&desired);
        prop_assert_eq!(&rules.drop_ignored(&kept), &kept);
        let respected = rules.respect(&desired, &live);
        prop_assert_eq!(&rules.respect(&respected, &live), &respected);
        prop_assert_eq!(rules.drop_ignored(&respected), kept);
    }

    #[test]
    fn making_fit_once_is_enough(mut object in manifest()) {
        normalize::for_apply(&mut object);
        let once = object.clone();
        normalize::for_apply(&mut object);
        prop_assert_eq!(object, once);
    }

    #[test]
    fn no_marker_survives(keys in btree_map("[a-z]{1,5}", 0..6_u8, 1..6), wrong in any::<bool>()) {
        let marker = "MARKER-s3cr3t-value";
        let encoded = data_encoding::BASE64.encode(marker.as_bytes());
        let part = |place: u8| -> Map<String, Value> {
            keys.iter().filter(|(_, at)| **at == place).map(|(key, _)| (key.clone(), Value::from(marker))).collect()
        };
        let coded: Map<String, Value> = part(0).into_iter().map(|(key, _)| (key, encoded.clone().into())).collect();
        let applied = json!({"data": coded.clone(), "stringData": part(1), "x": part(2)}).to_string();
        let mut secret = Object::from_value(json!({"apiVersion": "v1", "kind": "Secret", "data": coded,
            "stringData": part(3), "stringdata": part(4), "metadata": {"name": "a", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": if wrong { marker.to_owned() } else { applied }, "listed": marker}}})).expect("a map");
        let listed = ["listed".to_owned()];
        let masked = redact::mask_one(secret.clone(), &listed).to_value().to_string();
        prop_assert!(!masked.contains("MARKER") && !masked.contains(&encoded), "{}", masked);
        let shown = diff::text::unified(None, Some(&secret), &listed);
        prop_assert!(!shown.contains("MARKER") && !shown.contains(&encoded), "{}", shown);
        let error = redact::clean_error(&format!("no {marker} {encoded} map[a:{marker}]"), &[&secret]);
        prop_assert!(!keys.values().any(|place| matches!(place, 0 | 3) || *place == 1 && !wrong) || !error.contains("MARKER"), "{}", error);
        redact::seal(&mut secret, b"key");
        let data = secret.get("data").map(Value::to_string).unwrap_or_default();
        prop_assert!(!data.contains("MARKER") && !data.contains(&encoded), "{}", data);
    }
}
