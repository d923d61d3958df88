//! `.argocd-source.yaml`: the options of a source's tool, changed in the repository itself (reference section 2.8).

use std::borrow::Cow;

use model::application::Source;
use model::tree::{TreeError, read_file};
use serde_json::{Map, Value};

use super::{Problem, Request, detect};

/// The source with what its folder says of it: for everyone first, then for this Application alone. Where it comes
/// from cannot be changed there.
///
/// # Errors
/// Where such a file cannot be read, or makes no source.
pub(super) fn overridden<'a>(request: &Request<'a>) -> Result<Cow<'a, Source>, Problem> {
    let folder = detect::folder(request)?;
    let own = format!(".argocd-source-{}.yaml", request.environment.instance());
    let mut source = Cow::Borrowed(request.source);
    for name in [".argocd-source.yaml", &own] {
        let Ok(path) = folder.join(name) else { continue };
        let refuse = |line, cause: String| {
            Problem::at(request.index, path.to_string(), line, cause, "correct the file, or take it away")
        };
        let content = match read_file(request.tree, &path) {
            Ok(content) => content,
            Err(TreeError::NotFound { .. }) => continue,
            Err(error) => return Err(refuse(0, error.to_string())),
        };
        let patch = goyaml::to_json(&String::from_utf8_lossy(&content)).map_err(|error| {
            refuse(error.line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0), error.to_string())
        })?;
        source = Cow::Owned(patched(&source, patch).map_err(|error| refuse(0, error.to_string()))?);
    }
    Ok(source)
}

fn patched(source: &Source, patch: Value) -> Result<Source, serde_json::Error> {
    let mut value = serde_json::to_value(source)?;
    merge(&mut value, patch);
    let Source { repo_url, path, chart, target_revision, .. } = source.clone();
    Ok(Source { repo_url, path, chart, target_revision, ..serde_json::from_value(value)? })
}

/// A JSON merge patch (RFC 7386).
fn merge(value: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *value = patch;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else { return };
    for (key, patch) in patch {
        if patch.is_null() {
            map.shift_remove(&key);
        } else {
            merge(map.entry(key).or_insert(Value::Null), patch);
        }
    }
}
