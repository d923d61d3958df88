//! Where a value lies in an object: to show, to find and to take away.

use std::fmt;

use serde_json::{Map, Value};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A field of a map.
    Key(String),
    /// A place in a list.
    Index(usize),
    /// An item of a list that is known by its key fields, as text such as `name=web`.
    Item(String),
}

/// A path from an object's root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// Reads an RFC 6901 pointer; none where it does not start with `/`.
    ///
    /// Numbers become [`Step::Key`]: whether they are a list's index shows only when the path is followed.
    pub fn from_pointer(pointer: &str) -> Option<Self> {
        let steps = pointer.strip_prefix('/')?.split('/');
        Some(Self(steps.map(|step| Step::Key(step.replace("~1", "/").replace("~0", "~"))).collect()))
    }

    /// The first step, where it is a field.
    pub fn first_key(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The value that lies there.
    pub fn find<'a>(&self, root: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        let Step::Key(first) = first else { return None };
        rest.iter().try_fold(root.get(first)?, |value, step| child(value, step))
    }

    /// Takes the value away that lies there; nothing happens where none does.
    pub fn remove(&self, root: &mut Map<String, Value>) {
        let Some((last, parents)) = self.0.split_last() else { return };
        let Some((first, between)) = parents.split_first() else {
            if let Step::Key(key) = last {
                root.shift_remove(key);
            }
            return;
        };
        let Step::Key(first) = first else { return };
        let parent = root.get_mut(first).and_then(|value| between.iter().try_fold(value, child_mut));
        match (parent, last) {
            (Some(Value::Object(map)), Step::Key(key)) => {
                map.shift_remove(key);
            }
            (Some(Value::Array(list)), step) => {
                if let Some(index) = index(step).filter(|index| *index < list.len()) {
                    list.remove(index);
                }
            }
            _ => {}
        }
    }

    /// Puts a value there, making the maps on the way; false where a list or scalar is in the way.
    pub fn set(&self, root: &mut Map<String, Value>, value: Value) -> bool {
        let Some((Step::Key(first), rest)) = self.0.split_first() else { return false };
        let mut place = root.entry(first.as_str()).or_insert(Value::Null);
        for step in rest {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            place = match (place, step) {
                (Value::Object(map), Step::Key(key)) => map.entry(key.as_str()).or_insert(Value::Null),
                (Value::Array(list), step) => match index(step).and_then(|index| list.get_mut(index)) {
                    Some(item) => item,
                    None => return false,
                },
                _ => return false,
            };
        }
        *place = value;
        true
    }
}

/// Takes several values away, whatever the order of the paths: deeper and later ones go first, so that no
/// removal moves what another path names.
pub fn remove_all(root: &mut Map<String, Value>, mut paths: Vec<FieldPath>) {
    for path in &mut paths {
        // A pointer writes an index as text; as a number it sorts where it lies.
        for step in &mut path.0 {
            if let (Step::Key(_), Some(at)) = (&*step, index(step)) {
                *step = Step::Index(at);
            }
        }
    }
    paths.sort_unstable_by(|a, b| b.cmp(a));
    paths.dedup();
    for path in paths {
        path.with_text_keys(root).remove(root);
    }
}

impl FieldPath {
    /// Turns indices back into keys where the object has a map.
    fn with_text_keys(&self, root: &Map<String, Value>) -> Self {
        let mut at = None;
        let steps = self.0.iter().enumerate().map(|(depth, step)| {
            let in_map = if depth == 0 { true } else { at.is_some_and(Value::is_object) };
            let step = match step {
                Step::Index(index) if in_map => Step::Key(index.to_string()),
                other => other.clone(),
            };
            at = match (&step, depth) {
                (Step::Key(key), 0) => root.get(key),
                _ => at.and_then(|value| child(value, &step)),
            };
            step
        });
        Self(steps.collect())
    }
}

/// The child of `value` that a step names.
fn child<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match (value, step) {
        (Value::Object(map), Step::Key(key)) => map.get(key),
        (Value::Array(list), step) => list.get(index(step)?),
        _ => None,
    }
}

fn child_mut<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match (value, step) {
        (Value::Object(map), Step::Key(key)) => map.get_mut(key),
        (Value::Array(list), step) => list.get_mut(index(step)?),
        _ => None,
    }
}

/// RFC 6901: a list's index has no sign and no leading zero.
fn index(step: &Step) -> Option<usize> {
    match step {
        Step::Index(index) => Some(*index),
        Step::Key(text) if text == "0" || !text.starts_with(['0', '+', '-']) => text.parse().ok(),
        Step::Key(_) | Step::Item(_) => None,
    }
}

impl fmt::Display for FieldPath {
    /// `spec.containers[name=web].image`; keys that are not plain words stand in brackets and quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if is_plain(key) => {
                    f.write_str(if place == 0 { "" } else { "." })?;
                    f.write_str(key)?;
                }
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Item(keys) => write!(f, "[{keys}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("it is a map")
    }

    #[track_caller]
    fn check_removed(before: Value, pointers: &[&str], after: Value) {
        let mut root = map(before);
        let paths = pointers.iter().filter_map(|pointer| FieldPath::from_pointer(pointer)).collect();
        remove_all(&mut root, paths);
        assert_eq!(Value::Object(root), after);
    }

    #[test]
    fn pointers_remove_in_any_order() {
        check_removed(json!({"a": [0, 1, 2, 3]}), &["/a/1", "/a/2"], json!({"a": [0, 3]}));
        check_removed(json!({"a": [0, 1, 2, 3]}), &["/a/2", "/a/1"], json!({"a": [0, 3]}));
        check_removed(json!({"a": {"b": {"c": 1, "d": 2}}}), &["/a/b/c", "/a/b"], json!({"a": {}}));
        check_removed(
            json!({"a": {"1": 1, "x/y": 2, "~": 3}}),
            &["/a/1", "/a/x~1y", "/a/~0"],
            json!({"a": {}}),
        );
        check_removed(json!({"1": 1}), &["/1"], json!({}));
    }

    #[test]
    fn what_is_not_there_stays_away() {
        let same = json!({"a": [1], "b": {"c": 1}});
        check_removed(same.clone(), &["/a/1", "/a/01", "/a/-", "/b/x/y", "/x", "a", ""], same);
    }

    #[test]
    fn paths_are_made_to_be_read() {
        let steps = vec![
            Step::Key("metadata".into()),
            Step::Key("annotations".into()),
            Step::Key("a.b/c".into()),
            Step::Index(1),
            Step::Item("name=web".into()),
            Step::Key("image".into()),
        ];
        assert_eq!(FieldPath(steps).to_string(), "metadata.annotations[\"a.b/c\"][1][name=web].image");
    }

    #[test]
    fn setting_makes_the_way() {
        let mut root = map(json!({"a": {"l": [{"x": 1}]}}));
        assert!(FieldPath::from_pointer("/a/b/c").expect("a pointer").set(&mut root, json!(1)));
        assert!(FieldPath::from_pointer("/a/l/0/x").expect("a pointer").set(&mut root, json!(2)));
        assert!(!FieldPath::from_pointer("/a/l/1/x").expect("a pointer").set(&mut root, json!(2)));
        assert_eq!(Value::Object(root), json!({"a": {"l": [{"x": 2}], "b": {"c": 1}}}));
    }
}
