//! Plain manifests in a folder (reference section 2.4).

use model::tree::{EntryKind, TreePath, list_folder, read_file, resolve};

use super::documents::{exceeded, read_documents, unroll};
use super::{Manifest, Origin, Problem, Request, SourceRender, SourceType, detect};
use crate::glob::Glob;

/// A file with this text anywhere is not rendered.
const SKIP_MARK: &str = "+argocd:skip-file-rendering";
/// Most bytes of manifests in one source, as upstream's default.
const MOST_BYTES: usize = 10 << 20;
/// Deepest nesting of folders that is walked.
const DEEPEST: usize = 64;

/// Reads every manifest of the folder.
///
/// # Errors
/// All problems at once, each with its file and line.
pub fn render(request: &Request<'_>) -> Result<SourceRender, Vec<Problem>> {
    let folder = detect::folder(request).map_err(|problem| vec![problem])?;
    let pick = Pick::new(request).map_err(|problem| vec![problem])?;
    let mut walk =
        Walk { request, pick, base: folder.clone(), bytes: 0, render: empty(), problems: Vec::new() };
    walk.folder(&folder, 0);
    if walk.problems.is_empty() { Ok(walk.render) } else { Err(walk.problems) }
}

fn empty() -> SourceRender {
    SourceRender { source_type: SourceType::Directory, manifests: Vec::new(), warnings: Vec::new() }
}

struct Walk<'a> {
    request: &'a Request<'a>,
    pick: Pick,
    base: TreePath,
    bytes: usize,
    render: SourceRender,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &TreePath, depth: usize) {
        let entries = match list_folder(self.request.tree, folder) {
            Ok(entries) => entries,
            Err(error) => {
                return self.problem(folder, 0, error.to_string(), "push the folder to this revision");
            }
        };
        for entry in entries {
            let Ok(path) = folder.join(&entry.name) else { continue };
            match entry.kind {
                EntryKind::Folder if self.pick.recurse && depth < DEEPEST => self.folder(&path, depth + 1),
                EntryKind::Folder | EntryKind::Submodule => {}
                EntryKind::File => self.file(&path),
                EntryKind::Link => self.link(&path),
            }
        }
    }

    /// A link to a file counts as that file; one that leads nowhere is passed over with a warning.
    fn link(&mut self, path: &TreePath) {
        match resolve(self.request.tree, path) {
            Ok(Some((_, EntryKind::File))) => self.file(path),
            Ok(Some(_)) => {}
            Ok(None) => self.render.warnings.push(format!("{path} is a link to a file that does not exist")),
            Err(error) => self.problem(path, 0, error.to_string(), "keep links inside the repository"),
        }
    }

    fn file(&mut self, path: &TreePath) {
        let Some(relative) = path.below(&self.base) else { return };
        if !self.pick.takes(relative, path.file_name()) {
            return;
        }
        let content = match read_file(self.request.tree, path) {
            Ok(content) => content,
            Err(error) => {
                return self.problem(path, 0, error.to_string(), "keep links inside the repository");
            }
        };
        self.bytes += content.len();
        if self.bytes > MOST_BYTES {
            let cause = format!("the manifests of this source have more than {MOST_BYTES} bytes");
            return self.problem(path, 0, cause, "split the source into several Applications");
        }
        let origin = Origin { source: self.request.index, file: path.to_string(), line: 1 };
        if let Err(error) =
            self.request.budget.read(content.len()).and_then(|()| self.request.budget.tick(1000))
        {
            return self.problems.push(exceeded(&origin, &error));
        }
        match decode(&content) {
            Some(text) if text.contains(SKIP_MARK) => {}
            Some(text) => self.text(path, &text, &origin),
            None => {
                self.problem(path, 0, "it is neither UTF-8 nor UTF-16 text".to_owned(), "save it as UTF-8")
            }
        }
    }

    fn text(&mut self, path: &TreePath, text: &str, origin: &Origin) {
        let name = path.file_name();
        if name.ends_with(".jsonnet") {
            let next = "render it in a pipeline and commit the result";
            return self.problem(path, 0, "Jsonnet is not built in yet".to_owned(), next);
        }
        let json = name.ends_with(".json");
        let (manifests, problems) = if json {
            read_json(text, origin, self.request)
        } else {
            read_documents(text, origin, self.request.budget)
        };
        if !json && manifests.is_empty() && !problems.is_empty() && !looks_like_a_manifest(text) {
            return;
        }
        self.render.manifests.extend(manifests);
        self.problems.extend(problems);
    }

    fn problem(&mut self, path: &TreePath, line: u32, cause: String, next_step: &str) {
        self.problems.push(Problem::at(self.request.index, path.to_string(), line, cause, next_step));
    }
}

/// A YAML file that cannot be read is an error only where it looks like a manifest, as upstream has it: folders hold
/// other YAML, too.
fn looks_like_a_manifest(text: &str) -> bool {
    ["apiVersion:", "kind:", "metadata:"].iter().all(|field| text.contains(field))
        || text.trim_start().starts_with('{')
}

fn read_json(text: &str, origin: &Origin, request: &Request<'_>) -> (Vec<Manifest>, Vec<Problem>) {
    let mut manifests = Vec::new();
    let outcome = match serde_json::from_str(text) {
        Ok(value) => unroll(value, origin, request.budget, &mut manifests),
        Err(error) => Err(Problem {
            origin: Origin { line: u32::try_from(error.line()).unwrap_or(0), ..origin.clone() },
            cause: format!("it is not JSON: {error}"),
            next_step: "correct the file; it must hold one object".to_owned(),
        }),
    };
    (manifests, outcome.err().into_iter().collect())
}

/// UTF-8, or UTF-16 with a byte order mark.
fn decode(content: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match content {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        rest => std::str::from_utf8(rest).ok().map(str::to_owned),
    }
}

/// Which files of the folder are manifests.
struct Pick {
    recurse: bool,
    any_extension: bool,
    include: Option<Glob>,
    exclude: Option<Glob>,
}

impl Pick {
    fn new(request: &Request<'_>) -> Result<Self, Problem> {
        let Some(options) = &request.source.directory else {
            return Ok(Self { recurse: false, any_extension: false, include: None, exclude: None });
        };
        let glob = |field: &str, pattern: &str| match pattern {
            "" => Ok(None),
            pattern => Glob::gobwas(pattern, &[]).map(Some).map_err(|error| {
                Problem::at(
                    request.index,
                    format!("spec.source.directory.{field}"),
                    0,
                    error.to_string(),
                    "correct the pattern",
                )
            }),
        };
        Ok(Self {
            recurse: options.recurse,
            any_extension: options.disable_extension_filter,
            include: glob("include", &options.include)?,
            exclude: glob("exclude", &options.exclude)?,
        })
    }

    fn takes(&self, relative: &str, name: &str) -> bool {
        let extension = [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|end| name.ends_with(end));
        (extension || self.any_extension)
            && !self.exclude.as_ref().is_some_and(|glob| glob.matches(relative))
            && self.include.as_ref().is_none_or(|glob| glob.matches(relative))
    }
}
