//! The text of one file -> objects, each with its line; lists are unrolled (reference sections 2.4 and 2.9).

use model::Object;
use model::budget::{Budget, Exceeded};
use serde_json::Value;

use super::{Manifest, Origin, Problem};

/// Reads the YAML (or JSON) documents of `text`. Empty documents are dropped, lists become their items.
///
/// # Errors
/// The first problem of each document; what was read before a problem is handed out beside it.
pub fn read_documents(text: &str, origin: &Origin, budget: &Budget<'_>) -> (Vec<Manifest>, Vec<Problem>) {
    let (mut manifests, mut problems) = (Vec::new(), Vec::new());
    for document in goyaml::documents(text) {
        let document = match document {
            Ok(document) => document,
            Err(error) => {
                let line = origin.line + line_inside(&error, text);
                problems.push(unreadable(&error, Origin { line, ..origin.clone() }));
                break;
            }
        };
        let line = origin.line + u32::try_from(document.line).unwrap_or(u32::MAX).saturating_sub(1);
        let here = Origin { line: line + first_line(document.text), ..origin.clone() };
        let outcome = match goyaml::to_json(document.text) {
            Ok(value) => unroll(value, &here, budget, &mut manifests),
            Err(error) => {
                let line = line + line_inside(&error, document.text);
                Err(unreadable(&error, Origin { line, ..origin.clone() }))
            }
        };
        problems.extend(outcome.err());
    }
    (manifests, problems)
}

/// Lines before the one the reader stumbled over. What is missing at the end is missing on the last line.
fn line_inside(error: &goyaml::ReadError, text: &str) -> u32 {
    let last = text.lines().count().max(1);
    error.line.map_or(0, |line| u32::try_from(line.min(last)).unwrap_or(1).saturating_sub(1))
}

fn unreadable(error: &goyaml::ReadError, origin: Origin) -> Problem {
    Problem { origin, cause: error.to_string(), next_step: "correct the YAML".to_owned() }
}

/// Lines before the first that says something.
fn first_line(text: &str) -> u32 {
    let silent =
        |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---";
    u32::try_from(text.lines().take_while(silent).count()).unwrap_or(0)
}

/// Adds the objects of one value: nothing for an empty document, the items for a list.
pub(super) fn unroll(
    value: Value,
    origin: &Origin,
    budget: &Budget<'_>,
    manifests: &mut Vec<Manifest>,
) -> Result<(), Problem> {
    match value {
        Value::Null => Ok(()),
        Value::Object(ref map) if map.is_empty() => Ok(()),
        Value::Object(mut map) if map.get("items").is_some_and(Value::is_array) => {
            let items = map.remove("items").expect("it was just seen");
            let Value::Array(items) = items else { return Ok(()) };
            items.into_iter().try_for_each(|item| unroll(item, origin, budget, manifests))
        }
        Value::Object(map) if map.get("items").is_some_and(Value::is_null) && is_bare_list(&map) => Ok(()),
        value => {
            budget.made(1).map_err(|error| exceeded(origin, &error))?;
            let object = Object::manifest(value).map_err(|error| Problem {
                origin: origin.clone(),
                cause: error.to_string(),
                next_step: "give every manifest apiVersion, kind and metadata.name".to_owned(),
            })?;
            manifests.push(Manifest { object, origin: origin.clone() });
            Ok(())
        }
    }
}

fn is_bare_list(map: &serde_json::Map<String, Value>) -> bool {
    !map.contains_key("spec") && !map.contains_key("status")
}

/// The problem of a render that has spent its budget.
pub(super) fn exceeded(origin: &Origin, error: &Exceeded) -> Problem {
    Problem {
        origin: origin.clone(),
        cause: error.to_string(),
        next_step: "split the source into several Applications".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::budget::Limits;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let late = || false;
        let budget = Budget::new(Limits::default(), &late);
        let origin = Origin { source: 0, file: "a.yaml".into(), line: 1 };
        let (manifests, problems) = read_documents(text, &origin, &budget);
        let shown = manifests.iter().map(|found| format!("{} {}", found.origin, found.object.key()));
        let shown: Vec<_> = shown.chain(problems.iter().map(ToString::to_string)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn documents_have_lines_and_lists_are_unrolled() {
        check(
            "# head\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n---\n# more\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n",
            &["a.yaml:2 Service a", "a.yaml:8 Secret b"],
        );
        check("", &[]);
        check("---\n# nothing\n---\n", &[]);
    }

    #[test]
    fn every_document_has_its_own_problem() {
        check(
            "kind: A\n---\napiVersion: v1\nkind: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
            &[
                "a.yaml:6 Service a",
                "a.yaml:1: Object 'apiVersion' is missing; give every manifest apiVersion, kind and metadata.name",
                "a.yaml:4: yaml: line 2: did not find expected node content; correct the YAML",
            ],
        );
    }
}
