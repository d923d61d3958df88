//! Which kind of source: what the Application says, else what the folder holds (reference section 2.3).

use model::tree::{EntryKind, TreePath, list_folder};

use super::{Problem, Request, SourceType};

/// Finds the kind of the source.
///
/// # Errors
/// Where the path is no folder of the tree, or several tools are configured at once.
pub fn detect(request: &Request<'_>) -> Result<SourceType, Problem> {
    let source = request.source;
    let mut named = Vec::new();
    // Options that say nothing name no tool: upstream drops them from the Application.
    named.extend(says_something(source.helm.as_ref()).then_some(SourceType::Helm));
    named.extend(says_something(source.kustomize.as_ref()).then_some(SourceType::Kustomize));
    named.extend(says_something(source.directory.as_ref()).then_some(SourceType::Directory));
    named.extend(source.plugin.is_some().then_some(SourceType::Plugin));
    let found = look(request)?;
    match named.as_slice() {
        [] if source.chart.is_empty() => Ok(found),
        [] => Ok(SourceType::Helm),
        [one] => Ok(*one),
        several => {
            let names: Vec<_> = several.iter().map(|kind| kind.as_str()).collect();
            Err(Problem::at(
                request.index,
                "spec.source",
                0,
                format!("multiple application sources defined: {}", names.join(",")),
                "keep the options of one tool",
            ))
        }
    }
}

fn says_something<T: Default + PartialEq>(options: Option<&T>) -> bool {
    options.is_some_and(|options| *options != T::default())
}

/// The folder of the source in its tree.
pub(super) fn folder(request: &Request<'_>) -> Result<TreePath, Problem> {
    let refuse = |cause: String| {
        let next = "correct spec.source.path: it is relative to the repository's root";
        Problem::at(request.index, "", 0, cause, next)
    };
    if request.source.path.starts_with('/') {
        return Err(refuse(format!("{}: app path is absolute", request.source.path)));
    }
    TreePath::new(&request.source.path).map_err(|error| refuse(error.to_string()))
}

fn look(request: &Request<'_>) -> Result<SourceType, Problem> {
    let folder = folder(request)?;
    let entries = list_folder(request.tree, &folder).map_err(|error| {
        let cause = format!("{}: app path does not exist: {error}", request.source.path);
        let next = "correct spec.source.path, or push the folder to this revision";
        Problem::at(request.index, "", 0, cause, next)
    })?;
    let files = || entries.iter().filter(|entry| entry.kind != EntryKind::Folder);
    // Upstream walks the folder and lets the last find win: `kustomization.yaml` sorts behind `Chart.yaml`.
    let kustomization = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    if files().any(|entry| kustomization.contains(&entry.name.as_str())) {
        return Ok(SourceType::Kustomize);
    }
    Ok(if files().any(|entry| entry.name.ends_with("Chart.yaml")) {
        SourceType::Helm
    } else {
        SourceType::Directory
    })
}
