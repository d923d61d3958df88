//! What a render gives: manifests and hooks in Helm's order, and its text as `helm template` prints it.

use std::ops::Range;
use std::sync::Arc;

mod head;
mod heads;
mod kinds;
mod split;

pub(crate) use heads::HeadCache;
pub(crate) use split::is_go_space;

use crate::errors::{Place, RenderError};
use crate::pattern::Pattern;
use crate::{Budget, HelmVersion};
use head::Head;
use kinds::KindOrder;
use split::split;

/// Everything a chart rendered to.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The files of crds/, the chart's own first, each with all its documents as they are.
    pub crds: Vec<Manifest>,
    /// Manifests in the order Helm installs them.
    pub manifests: Vec<Manifest>,
    /// Hooks, by kind.
    pub hooks: Vec<Hook>,
    version: HelmVersion,
}

/// One document of a rendered file. Clones share the file's text.
#[derive(Clone, Debug)]
pub struct Manifest {
    file: Arc<RenderedFile>,
    text: Range<usize>,
    line: usize,
    head: Arc<Head>,
}

#[derive(Debug)]
struct RenderedFile {
    path: String,
    text: String,
}

impl Manifest {
    /// The template it comes from, with the chart's name in front, as the `# Source:` line says.
    pub fn source(&self) -> &str {
        &self.file.path
    }

    /// The line of the rendered file at which it begins, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.file.text[self.text.clone()]
    }

    /// Its kind; empty in a file of crds/, which Helm does not look into.
    pub fn kind(&self) -> &str {
        &self.head.kind
    }

    /// Its name, as far as it has one.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    fn write(&self, out: &mut String) {
        for part in ["---\n# Source: ", self.source(), "\n", self.text(), "\n"] {
            out.push_str(part);
        }
    }
}

/// A manifest that runs at some moment of a release.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its text.
    pub manifest: Manifest,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Its place among the hooks of one event.
    pub weight: i64,
}

/// Moments of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the hook of that name")]
pub enum HookEvent {
    PreInstall,
    PostInstall,
    PreDelete,
    PostDelete,
    PreUpgrade,
    PostUpgrade,
    PreRollback,
    PostRollback,
    Test,
}

impl HookEvent {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_lowercase().as_str() {
            "pre-install" => HookEvent::PreInstall,
            "post-install" => HookEvent::PostInstall,
            "pre-delete" => HookEvent::PreDelete,
            "post-delete" => HookEvent::PostDelete,
            "pre-upgrade" => HookEvent::PreUpgrade,
            "post-upgrade" => HookEvent::PostUpgrade,
            "pre-rollback" => HookEvent::PreRollback,
            "post-rollback" => HookEvent::PostRollback,
            "test" | "test-success" => HookEvent::Test,
            _ => return None,
        })
    }
}

/// What of a render goes to standard output.
#[derive(Clone, Debug, Default)]
pub struct TextOptions {
    /// `--include-crds`
    pub include_crds: bool,
    /// `--skip-tests`
    pub skip_tests: bool,
    /// `--no-hooks`
    pub no_hooks: bool,
    /// `--show-only`: paths of templates below the chart, with `*` and `?`.
    pub show_only: Vec<String>,
}

impl Rendered {
    /// What `helm template` prints.
    pub fn to_text(&self, options: &TextOptions) -> Result<String, RenderError> {
        let mut manifests = String::new();
        if options.include_crds {
            self.crds.iter().for_each(|crd| crd.write(&mut manifests));
        }
        self.manifests.iter().for_each(|manifest| manifest.write(&mut manifests));
        let mut text = manifests.trim_matches(is_go_space).to_owned();
        text.push('\n');
        if !options.no_hooks {
            for hook in &self.hooks {
                if !(options.skip_tests && hook.events.contains(&HookEvent::Test)) {
                    hook.manifest.write(&mut text);
                }
            }
        }
        if options.show_only.is_empty() { Ok(text) } else { only(&text, &options.show_only, self.version) }
    }
}

/// The documents whose source fits one of the patterns, pattern by pattern.
fn only(text: &str, patterns: &[String], version: HelmVersion) -> Result<String, RenderError> {
    let documents = split(text, version);
    let mut out = String::new();
    for asked in patterns {
        let pattern = Pattern::new(asked).ok();
        let mut found = false;
        for document in &documents {
            let Some(path) = below_chart(document.text) else { continue };
            if pattern.as_ref().is_some_and(|pattern| pattern.matches(path)) {
                found = true;
                out += &format!("---\n{}\n", document.text);
            }
        }
        if !found {
            return Err(RenderError::NoSuchTemplate(asked.clone()));
        }
    }
    Ok(out)
}

/// The path behind the chart's name in the first `# Source:` line.
fn below_chart(document: &str) -> Option<&str> {
    document.lines().find_map(|line| {
        let (_, source) = line.split_once("# Source: ")?;
        let (chart, path) = source.split_once('/')?;
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}

/// Collects rendered files and sorts their documents.
pub(crate) struct Collector<'a> {
    version: HelmVersion,
    budget: &'a dyn Budget,
    heads: &'a HeadCache,
    crds: Vec<Manifest>,
    manifests: Vec<Manifest>,
    hooks: Vec<Hook>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(version: HelmVersion, budget: &'a dyn Budget, heads: &'a HeadCache) -> Self {
        Self { version, budget, heads, crds: Vec::new(), manifests: Vec::new(), hooks: Vec::new() }
    }

    pub(crate) fn crd(&mut self, path: String, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        let all = 0..text.len();
        let file = Arc::new(RenderedFile { path, text });
        self.crds.push(Manifest { file, text: all, line: 1, head: Arc::default() });
    }

    /// Adds a rendered file; files come in the order of their paths.
    pub(crate) fn file(&mut self, path: String, text: String) -> Result<(), RenderError> {
        let file = Arc::new(RenderedFile { path, text });
        for document in split(&file.text, self.version) {
            self.budget
                .spend(1, document.text.len() as u64)
                .map_err(|e| RenderError::Budget(e.to_string()))?;
            let head = self.heads.read(document.text).map_err(|error| {
                let line = document.line + error.line.map_or(0, |line| line.saturating_sub(1));
                RenderError::Yaml { place: Place { file: file.path.clone(), line }, why: error.why }
            })?;
            let start = document.text.as_ptr() as usize - file.text.as_ptr() as usize;
            let text = start..start + document.text.len();
            self.sort_in(Manifest { file: file.clone(), text, line: document.line, head });
        }
        Ok(())
    }

    fn sort_in(&mut self, manifest: Manifest) {
        let Some(hook) = manifest.head.annotation("helm.sh/hook") else {
            self.manifests.push(manifest);
            return;
        };
        // A hook that names an unknown moment is dropped, as in Helm.
        let events: Option<Vec<HookEvent>> = hook.split(',').map(HookEvent::parse).collect();
        let weight =
            manifest.head.annotation("helm.sh/hook-weight").and_then(|text| text.parse().ok()).unwrap_or(0);
        if let Some(events) = events {
            self.hooks.push(Hook { manifest, events, weight });
        }
    }

    pub(crate) fn finish(self) -> Rendered {
        let Self { version, budget: _, heads: _, crds, mut manifests, mut hooks } = self;
        manifests.sort_by(|a, b| KindOrder::of(a.kind(), version).cmp(&KindOrder::of(b.kind(), version)));
        hooks.sort_by(|a, b| {
            KindOrder::of(a.manifest.kind(), version).cmp(&KindOrder::of(b.manifest.kind(), version))
        });
        Rendered { crds, manifests, hooks, version }
    }
}
