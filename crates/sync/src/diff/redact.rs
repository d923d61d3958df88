//! Secrets never leave in clear: objects, changes and error texts are masked before anybody sees them (rule R5).
//!
//! Values become plus signs: eight for the first distinct value of a key, four more for each further one, so that
//! equality stays visible while content and length do not (reference section 3.12).

use model::Object;
use serde_json::{Map, Value};

use super::compare::Change;
use super::normalize::{LAST_APPLIED, fold_secret, is_secret};
use super::path::Step;

pub use super::errors::clean_error;
pub use super::seal::seal;

/// A pair of objects that may be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Masked {
    /// The manifest, or what an apply would make.
    pub target: Option<Object>,
    /// The live object.
    pub live: Option<Object>,
}

/// Masks a pair of objects: the data of Secrets, and of any kind the annotations in `annotations`
/// (`resource.sensitive.mask.annotations`), also inside the last-applied annotation.
pub fn mask(target: Option<Object>, live: Option<Object>, annotations: &[String]) -> Masked {
    let mut sides = [target.map(Side::new), live.map(Side::new)];
    let secret = sides.iter().flatten().any(|side| is_secret(&side.object));
    if secret || !annotations.is_empty() {
        if secret {
            sides.iter_mut().flatten().for_each(Side::fold);
            mask_maps(&mut sides, |fields| fields.get_mut("data"));
            sides.iter_mut().flatten().for_each(Side::mask_the_rest);
        }
        mask_annotations(&mut sides, annotations);
        sides.iter_mut().flatten().for_each(|side| side.put_back(secret, annotations));
    }
    let [target, live] = sides.map(|side| side.map(|side| side.object));
    Masked { target, live }
}

/// Masks one object by itself.
pub fn mask_one(object: Object, annotations: &[String]) -> Object {
    let Masked { target, live: _ } = mask(Some(object), None, annotations);
    target.expect("what goes in comes out")
}

/// Masks what a comparison of Secrets found.
pub(super) fn changes(object: &Object, changes: &mut [Change]) {
    if !is_secret(object) {
        return;
    }
    for change in changes {
        if !change.path.first_key().is_some_and(|key| matches!(key, "metadata" | "type" | "immutable")) {
            let both = change.before.is_some() && change.after.is_some();
            change.after.iter_mut().for_each(|value| mask_scalars(value, 8));
            change.before.iter_mut().for_each(|value| mask_scalars(value, if both { 12 } else { 8 }));
        }
    }
}

/// Masks changes of the listed annotations (`resource.sensitive.mask.annotations`), of whatever kind.
pub fn mask_annotation_changes(changes: &mut [Change], annotations: &[String]) {
    for change in changes {
        let listed = |key: &str| annotations.iter().any(|listed| listed == key);
        let both = change.before.is_some() && change.after.is_some();
        let sides = [(&mut change.after, 8), (&mut change.before, if both { 12 } else { 8 })];
        for (value, count) in sides.into_iter().filter_map(|(value, count)| Some((value.as_mut()?, count))) {
            match change.path.0.as_slice() {
                [Step::Key(metadata), Step::Key(field), Step::Key(key), ..]
                    if metadata == "metadata" && field == "annotations" && listed(key) =>
                {
                    mask_scalars(value, count);
                }
                [Step::Key(metadata), Step::Key(field)]
                    if metadata == "metadata" && field == "annotations" =>
                {
                    let all = value.as_object_mut().into_iter().flatten();
                    all.filter(|(key, _)| listed(key)).for_each(|(_, value)| mask_scalars(value, count));
                }
                _ => {}
            }
        }
    }
}

/// One object with its last-applied annotation read.
struct Side {
    object: Object,
    /// None where there is no such annotation.
    applied: Option<Result<Map<String, Value>, ()>>,
}

impl Side {
    fn new(object: Object) -> Self {
        let applied = object.annotation(LAST_APPLIED).map(|text| serde_json::from_str(text).map_err(|_| ()));
        Self { object, applied }
    }

    fn documents(&mut self) -> [Option<&mut Map<String, Value>>; 2] {
        let applied = self.applied.as_mut().and_then(|applied| applied.as_mut().ok());
        [Some(self.object.fields_mut()), applied]
    }

    fn fold(&mut self) {
        self.documents().into_iter().flatten().for_each(fold_secret);
    }

    /// Whatever else stands in a Secret (a mistyped `stringdata`, say) is as secret as its data.
    fn mask_the_rest(&mut self) {
        let open = ["apiVersion", "kind", "metadata", "type", "immutable", "data", "status"];
        for document in self.documents().into_iter().flatten() {
            let rest = document.iter_mut().filter(|(key, _)| !open.contains(&key.as_str()));
            rest.for_each(|(_, value)| mask_scalars(value, 8));
        }
    }

    /// Writes the masked last-applied annotation back; one that cannot be read is masked as a whole.
    fn put_back(&mut self, secret: bool, annotations: &[String]) {
        let Some(applied) = self.applied.take() else { return };
        let listed = annotations.iter().any(|listed| listed == LAST_APPLIED);
        let text = match applied {
            Ok(document) if !listed => Value::Object(document).to_string(),
            Err(()) if !listed && !secret => return,
            Ok(_) | Err(()) => plus(8),
        };
        self.object.set_annotation(LAST_APPLIED, &text);
    }
}

fn mask_annotations(sides: &mut [Option<Side>; 2], listed: &[String]) {
    for key in listed.iter().filter(|key| *key != LAST_APPLIED) {
        mask_maps_where(
            sides,
            |fields| fields.get_mut("metadata")?.get_mut("annotations"),
            |name| name == key,
        );
    }
}

fn mask_maps(sides: &mut [Option<Side>; 2], of: impl Fn(&mut Map<String, Value>) -> Option<&mut Value>) {
    mask_maps_where(sides, of, |_| true);
}

/// Masks the chosen keys of one map in all four documents, in upstream's order: target, live, what was last
/// applied to the target, what was last applied to the live object.
fn mask_maps_where(
    sides: &mut [Option<Side>; 2],
    of: impl Fn(&mut Map<String, Value>) -> Option<&mut Value>,
    chosen: impl Fn(&str) -> bool,
) {
    let mut objects = Vec::new();
    let mut applied = Vec::new();
    for side in sides.iter_mut().flatten() {
        let [object, last_applied] = side.documents();
        objects.extend(object.and_then(&of));
        applied.extend(last_applied.and_then(&of));
    }
    let mut seen: Map<String, Value> = Map::new();
    for value in objects.into_iter().chain(applied) {
        match value {
            Value::Null => {}
            Value::Object(map) => {
                for (key, value) in map.iter_mut().filter(|(key, _)| chosen(key)) {
                    let known = seen.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
                    let Value::Array(known) = known else { continue };
                    let place = known.iter().position(|known| known == value).unwrap_or_else(|| {
                        known.push(value.clone());
                        known.len() - 1
                    });
                    *value = Value::String(plus(8 + 4 * place));
                }
            }
            other => mask_scalars(other, 8),
        }
    }
}

/// A scalar without quotes.
pub(super) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn plus(count: usize) -> String {
    "+".repeat(count)
}

/// Masks every scalar in a value, whatever its type; nulls stay.
fn mask_scalars(value: &mut Value, count: usize) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => *value = Value::String(plus(count)),
        Value::Array(list) => list.iter_mut().for_each(|value| mask_scalars(value, count)),
        Value::Object(map) => map.values_mut().for_each(|value| mask_scalars(value, count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        Object::from_value(value).expect("it is a map")
    }

    fn secret(data: Value) -> Object {
        object(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": data}))
    }

    #[track_caller]
    fn check(target: Option<Object>, live: Option<Object>, expected: [Value; 2]) {
        let masked = mask(target, live, &["secret/note".to_owned()]);
        let data = |object: Option<Object>| {
            object.map_or(Value::Null, |object| object.get("data").cloned().unwrap_or(Value::Null))
        };
        assert_eq!([data(masked.target), data(masked.live)], expected);
    }

    #[test]
    fn equality_stays_visible_and_nothing_else() {
        check(
            Some(secret(json!({"same": "eA==", "other": "eA==", "new": "eA=="}))),
            Some(secret(json!({"same": "eA==", "other": "eQ==", "old": "eg=="}))),
            [
                json!({"same": "++++++++", "other": "++++++++", "new": "++++++++"}),
                json!({"same": "++++++++", "other": "++++++++++++", "old": "++++++++"}),
            ],
        );
        check(
            Some(secret(json!(null))),
            Some(secret(json!({"n": 12, "m": {"a": 1}}))),
            [json!(null), json!({"n": "++++++++", "m": "++++++++"})],
        );
        check(Some(secret(json!("text"))), None, [json!("++++++++"), Value::Null]);
    }

    #[test]
    fn what_was_last_applied_is_masked_with_the_same_count() {
        let mut live = secret(json!({"a": "eA=="}));
        live.set_annotation(
            LAST_APPLIED,
            &json!({"data": {"a": "eQ=="}, "stringData": {"b": "clear"}}).to_string(),
        );
        let masked = mask(None, Some(live), &[]).live.expect("it is there");
        let applied = masked.annotation(LAST_APPLIED).expect("it is there");
        assert_eq!(applied, json!({"data": {"a": "++++++++++++", "b": "++++++++"}}).to_string());
        let mut broken = secret(json!({}));
        broken.set_annotation(LAST_APPLIED, "{clear");
        assert_eq!(mask_one(broken, &[]).annotation(LAST_APPLIED), Some("++++++++"));
    }

    #[test]
    fn listed_annotations_are_masked_on_any_kind() {
        let mut map = object(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}}),
        );
        map.set_annotation("secret/note", "clear");
        map.set_annotation(
            LAST_APPLIED,
            &json!({"metadata": {"annotations": {"secret/note": "clear"}}}).to_string(),
        );
        let masked = mask_one(map.clone(), &["secret/note".to_owned()]);
        assert_eq!(masked.annotation("secret/note"), Some("++++++++"));
        assert!(!masked.to_value().to_string().contains("clear"));
        assert_eq!(masked.get("data"), map.get("data"));
        assert_eq!(mask_one(map, &[LAST_APPLIED.to_owned()]).annotation(LAST_APPLIED), Some("++++++++"));
    }
}
