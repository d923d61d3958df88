//! Earlier client-side managers: their fields become ours once, so that what Git drops is dropped in the cluster.
//!
//! Client-side apply (kubectl's, and upstream's own) leaves its fields to a manager with the operation `Update`.
//! Server-side apply never removes another manager's fields, so before our first one their ownership moves
//! (reference section 4.6). Writes of our own that are not applies must therefore use another manager's name.

use model::Object;
use serde_json::{Map, Value, json};

use super::MANAGER;
use super::fields::{self, Child, Fields, Operation, is_item};
use super::normalize::LAST_APPLIED;
use super::path::{FieldPath, Step};

/// The managers whose `Update` fields are taken over.
pub const CLIENT_SIDE_MANAGERS: [&str; 2] = ["kubectl-client-side-apply", MANAGER];

/// True where a client-side manager still owns something.
pub fn is_due(live: &Object) -> bool {
    earlier(live).next().is_some()
}

/// The JSON patch that moves the earlier managers' fields to ours; none where nothing is to move.
///
/// It names the resourceVersion it was made for, so that a newer object refuses it.
pub fn patch(live: &Object) -> Option<Value> {
    let mut union = Map::new();
    let mut newest: Option<&Value> = None;
    let mut kept = Vec::new();
    let mut due = false;
    for entry in live.managed_fields() {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let main = text("subresource").is_empty();
        let moves = main && text("operation") == "Update" && CLIENT_SIDE_MANAGERS.contains(&text("manager"));
        let ours = main && text("operation") == "Apply" && text("manager") == MANAGER;
        if !moves && !ours {
            kept.push(entry.clone());
            continue;
        }
        due |= moves;
        newest = newest
            .filter(|newest| {
                newest.get("time").map(Value::to_string) >= entry.get("time").map(Value::to_string)
            })
            .or(Some(entry));
        if let Some(Value::Object(fields)) = entry.get("fieldsV1") {
            join(&mut union, fields, 0);
        }
    }
    let newest = newest.filter(|_| due)?;
    forget_last_applied(&mut union);
    kept.push(json!({
        "manager": MANAGER, "operation": "Apply", "apiVersion": newest.get("apiVersion").cloned(),
        "time": newest.get("time").cloned(), "fieldsType": "FieldsV1", "fieldsV1": union,
    }));
    Some(json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": live.resource_version()},
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
    ]))
}

/// Fields of earlier managers that `kept` (our fields after the apply) no longer holds: the take-over removes them.
pub(super) fn stale<'a>(live: &'a Object, kept: Option<Fields<'_>>) -> Vec<(FieldPath, &'a Value)> {
    let mut found = Vec::new();
    for fields in earlier(live) {
        for (name, node) in fields.each_field().filter(|(name, _)| !matches!(*name, "status" | "operation")) {
            let Some(value) = live.get(name) else { continue };
            let path = vec![Step::Key(name.to_owned())];
            leaves(value, node, kept.and_then(|kept| kept.field(name)), path, &mut found);
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.dedup_by(|(a, _), (b, _)| a == b);
    found
}

fn earlier(live: &Object) -> impl Iterator<Item = Fields<'_>> {
    CLIENT_SIDE_MANAGERS
        .into_iter()
        .flat_map(move |manager| fields::entries(live, manager, Operation::Update))
        .map(|entry| entry.fields)
}

/// Leaves of `fields` with a live value that `kept` does not hold.
fn leaves<'a>(
    value: &'a Value,
    fields: Fields<'_>,
    kept: Option<Fields<'_>>,
    path: Vec<Step>,
    found: &mut Vec<(FieldPath, &'a Value)>,
) {
    if path.len() > super::MAX_DEPTH || path.last() == Some(&Step::Key(LAST_APPLIED.to_owned())) {
        return;
    }
    if fields.is_leaf() {
        if kept.is_none() {
            found.push((FieldPath(path), value));
        }
        return;
    }
    if kept.is_some_and(Fields::is_leaf) {
        // Ours as a whole.
        return;
    }
    for (child, node) in fields.children() {
        let (step, below) = match (&child, value) {
            (Child::Field(name), Value::Object(map)) => (Step::Key((*name).to_owned()), map.get(*name)),
            (Child::Item(keys), Value::Array(list)) => {
                (item_step(keys), list.iter().find(|item| is_item(item, keys)))
            }
            (Child::Member(member), Value::Array(list)) => {
                (Step::Item(member.to_string()), list.iter().find(|item| *item == member))
            }
            _ => continue,
        };
        let Some(below) = below else { continue };
        let kept =
            kept.and_then(|kept| kept.children().find(|(other, _)| *other == child)).map(|(_, node)| node);
        let mut path = path.clone();
        path.push(step);
        leaves(below, node, kept, path, found);
    }
}

/// Shows the keys of a list item: `name=web`, `containerPort=80,protocol=TCP`.
pub(super) fn item_step(keys: &Map<String, Value>) -> Step {
    let shown = keys.iter().map(|(key, value)| match value {
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    Step::Item(shown.collect::<Vec<_>>().join(","))
}

/// Adds one field set to another.
fn join(union: &mut Map<String, Value>, more: &Map<String, Value>, depth: usize) {
    for (key, node) in more {
        match (union.get_mut(key), node) {
            (Some(Value::Object(union)), Value::Object(node)) if depth < super::MAX_DEPTH => {
                join(union, node, depth + 1)
            }
            (Some(_), _) => {}
            (None, node) => {
                union.insert(key.clone(), node.clone());
            }
        }
    }
}

/// The annotation stays on the object, owned by nobody: whoever goes back to client-side apply finds it.
fn forget_last_applied(fields: &mut Map<String, Value>) {
    let Some(Value::Object(metadata)) = fields.get_mut("f:metadata") else { return };
    let Some(Value::Object(annotations)) = metadata.get_mut("f:annotations") else { return };
    annotations.shift_remove(&format!("f:{LAST_APPLIED}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(entries: Value) -> Object {
        Object::from_value(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "resourceVersion": "7", "labels": {"x": "1", "y": "2"}, "managedFields": entries},
            "data": {"k": "v"},
        }))
        .expect("it is a map")
    }

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": "2024-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    #[test]
    fn fields_of_earlier_managers_become_ours() {
        let kubectl = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({
            "f:metadata": {"f:annotations": {format!("f:{LAST_APPLIED}"): {}}, "f:labels": {"f:x": {}}}, "f:data": {"f:k": {}}}),
        );
        let other = entry("kubectl-edit", "Update", json!({"f:data": {"f:z": {}}}));
        let ours = entry(MANAGER, "Apply", json!({"f:metadata": {"f:labels": {"f:y": {}}}}));
        let patch = patch(&live(json!([kubectl, other, ours]))).expect("it is due");
        assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
        let fields = json!({"f:metadata": {"f:annotations": {}, "f:labels": {"f:x": {}, "f:y": {}}}, "f:data": {"f:k": {}}});
        assert_eq!(patch[1]["value"], json!([other, entry(MANAGER, "Apply", fields)]));
    }

    #[test]
    fn nothing_moves_twice() {
        let after = live(json!([entry(MANAGER, "Apply", json!({"f:data": {}}))]));
        assert!(!is_due(&after) && patch(&after).is_none());
    }

    #[test]
    fn what_only_an_earlier_manager_has_is_stale() {
        let earlier = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({
            "f:metadata": {"f:annotations": {format!("f:{LAST_APPLIED}"): {}}, "f:labels": {".": {}, "f:x": {}, "f:y": {}, "f:gone": {}}}}),
        );
        let live = live(json!([earlier]));
        let kept = json!({"f:metadata": {"f:labels": {"f:x": {}}}});
        let stale = stale(&live, Fields::new(&kept));
        assert_eq!(stale.len(), 1);
        assert_eq!((stale[0].0.to_string().as_str(), stale[0].1), ("metadata.labels.y", &json!("2")));
    }
}
