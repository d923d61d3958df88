//! Revision -> tree -> Desired, and the old one again where nothing that it was made from has changed.
//!
//! All of this blocks (Git, templates): it runs on a blocking thread, with a deadline.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use model::application::Source;
use model::budget::{Budget, Limits};
use model::settings::Settings;
use model::tree::SourceTree;
use model::{Application, Kinds};
use sync::desired::{Context, Desired, Exclusions, Refused, Tracking};
use sync::diff::normalize;
use sync::plan::Revision;
use sync::project::Cluster;
use sync::render::{
    ChartArchives, ChartWanted, Environment, Incomplete, Problem, Rendered, Request, SourceRender,
    SourceType, render_source,
};

use super::charts::{Charts, Fetched};
use super::clock;
use super::versions::Semver;
use crate::net::{HttpClient, RewriteRule, RewriteRules, chain};
use crate::source::git::{
    CommitId, CommitInfo, GitError, GitTree, ReadSet, Repositories, Repository, Wanted,
};

/// Longest time that one render may take, as upstream's bound.
const LONGEST: Duration = Duration::from_secs(90);
/// Rounds of fetching charts that charts depend on.
const ROUNDS: usize = 8;

/// A complete set and all that it was made from.
pub struct Kept {
    /// The set, or why there is none.
    pub desired: Result<Arc<Desired>, Refused>,
    /// What it was made from.
    pub revision: Revision,
    /// The sources with their commits.
    pub sources: Vec<KeptSource>,
    /// Repositories that the sources are in, also where nothing could be read from them.
    pub repositories: Vec<Arc<Repository>>,
    /// What could not be fetched, in words: it is tried again soon.
    pub unfetched: Option<String>,
    inputs: u64,
    of: u64,
}

/// One source of a set.
pub struct KeptSource {
    /// Its repository; none for a chart of a Helm repository.
    pub repository: Option<Arc<Repository>>,
    /// Its kind; none for a source that only lends its files.
    pub kind: Option<SourceType>,
    /// The revision it was made from.
    pub revision: String,
    /// What the commit says of itself.
    pub commit: Option<CommitInfo>,
    reads: Option<ReadSet>,
}

/// What a render needs beside its application.
pub struct Renderer {
    /// The one HTTP client.
    pub http: HttpClient,
    /// Git.
    pub repositories: Arc<Repositories>,
    /// Helm repositories, and charts kept from earlier renders.
    pub charts: Arc<Charts>,
}

impl Renderer {
    /// Goes by these prefix rules from now on.
    pub fn rewrite(&self, rules: &[(String, String)]) {
        let rules = rules.iter().filter_map(|(from, to)| format!("{from}={to}").parse::<RewriteRule>().ok());
        self.http.set_rewrite(RewriteRules::new(rules));
    }
}

/// What one render is made from.
pub struct Inputs<'a> {
    /// The application.
    pub app: &'a Application,
    /// The sources in force: the spec's, or those of an operation under way.
    pub sources: &'a [Source],
    /// Commits that an operation under way is pinned to, in the order of the sources; empty where there is none.
    pub pinned: &'a [String],
    /// Where it goes.
    pub cluster: &'a Cluster,
    /// What every render depends on.
    pub world: &'a World,
    /// Namespace of the agent.
    pub control_namespace: &'a str,
    /// Ask the remote now, whatever was known.
    pub look: bool,
    /// Render anew whatever is kept.
    pub anew: bool,
}

impl Kept {
    /// No set, with the cause.
    pub fn refused(cause: Refused) -> Self {
        Self {
            desired: Err(cause),
            revision: Revision::default(),
            sources: Vec::new(),
            repositories: Vec::new(),
            unfetched: None,
            inputs: 0,
            of: 0,
        }
    }

    /// What of its sources could not be asked of late, in words.
    pub fn trouble(&self) -> Vec<String> {
        let looked = self.repositories.iter().filter_map(|repository| repository.trouble());
        let mut trouble: Vec<String> =
            looked.map(|error| chain(&error)).chain(self.unfetched.clone()).collect();
        trouble.sort_unstable();
        trouble.dedup();
        trouble
    }

    /// True where the set was made for this spec in this world.
    pub fn is_for(&self, app: &Application, world: &World) -> bool {
        self.of == spec_of(app, world)
    }
}

/// A hash of what decides whether a kept set may serve without a look at its sources.
fn spec_of(app: &Application, world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(&(&app.spec, &app.operation)).unwrap_or_default().hash(&mut hasher);
    world.number.hash(&mut hasher);
    hasher.finish()
}

/// What every render depends on; swapped whole, with another number, when one of its parts changes.
#[derive(Clone, Debug)]
pub struct World {
    /// Counts up with each change.
    pub number: u64,
    /// What the cluster serves.
    pub kinds: Arc<Kinds>,
    /// `group/version` and `group/version/Kind` of that, sorted.
    pub api_versions: Arc<[String]>,
    /// The cluster's Kubernetes version.
    pub kube_version: String,
    /// Settings.
    pub settings: Arc<Settings>,
    /// How objects are marked.
    pub tracking: Tracking,
}

/// The set of `inputs`: the kept one where nothing it was made from has changed.
pub fn render(renderer: &Renderer, inputs: &Inputs<'_>, kept: Option<Kept>) -> Kept {
    let of = spec_of(inputs.app, inputs.world);
    let made = match open(renderer, inputs) {
        Ok(opened) => match kept.filter(|kept| !inputs.anew && is_valid(kept, inputs, &opened)) {
            Some(kept) => moved_on(kept, opened, inputs),
            None => made(renderer, inputs, opened),
        },
        Err(unopened) => stayed(unopened, kept.filter(|kept| kept.of == of && kept.desired.is_ok())),
    };
    Kept { of, repositories: repositories(renderer, inputs), ..made }
}

/// Without its sources a set is refused; the one that was made from them last stays in force while they cannot be
/// asked (fault F07).
fn stayed(unopened: Unopened, last: Option<Kept>) -> Kept {
    let Unopened { why, is_passing } = unopened;
    let unfetched = Some(why.to_string());
    match last.filter(|_| is_passing) {
        Some(last) => Kept { unfetched, ..last },
        None => Kept { unfetched, ..Kept::refused(why) },
    }
}

/// The repositories to be watched or polled, whether or not they can be read now.
fn repositories(renderer: &Renderer, inputs: &Inputs<'_>) -> Vec<Arc<Repository>> {
    let project = inputs.app.spec.project_name();
    let in_git = inputs.sources.iter().filter(|source| source.chart.is_empty());
    in_git.filter_map(|source| renderer.repositories.find(&source.repo_url, project).ok()).collect()
}

/// Why a source could not be opened.
struct Unopened {
    why: Refused,
    /// True where nobody has to do anything but wait.
    is_passing: bool,
}

impl From<GitError> for Unopened {
    fn from(error: GitError) -> Self {
        let step = if error.is_passing() { "it is tried again; check the URL and the network" } else { "" };
        Self { why: Refused::because(chain(&error), step), is_passing: error.is_passing() }
    }
}

impl From<Refused> for Unopened {
    fn from(why: Refused) -> Self {
        Self { why, is_passing: false }
    }
}

/// A source with its files at its revision.
struct Opened {
    revision: String,
    files: Files,
}

enum Files {
    Git { repository: Arc<Repository>, commit: CommitId, tree: Box<GitTree> },
    Chart(Fetched),
}

impl Opened {
    fn repository(&self) -> Option<&Arc<Repository>> {
        match &self.files {
            Files::Git { repository, .. } => Some(repository),
            Files::Chart(_) => None,
        }
    }

    fn is_at(&self, kept: &KeptSource) -> bool {
        self.is_in(kept) && self.revision == kept.revision
    }

    fn is_in(&self, kept: &KeptSource) -> bool {
        self.repository().map(|repository| repository.id())
            == kept.repository.as_ref().map(|repository| repository.id())
    }

    fn tree(&self) -> &dyn SourceTree {
        match &self.files {
            Files::Git { tree, .. } => tree.as_ref(),
            Files::Chart(chart) => chart.tree(),
        }
    }
}

fn open(renderer: &Renderer, inputs: &Inputs<'_>) -> Result<Vec<Opened>, Unopened> {
    if inputs.sources.is_empty() {
        let step = "set spec.source.repoURL and path or chart";
        return Err(Refused::because("spec.source is missing", step).into());
    }
    let pinned =
        |index: usize| inputs.pinned.get(index).map(String::as_str).filter(|pinned| !pinned.is_empty());
    let sources = inputs.sources.iter().enumerate();
    sources.map(|(index, source)| open_one(renderer, inputs, source, pinned(index))).collect()
}

fn open_one(
    renderer: &Renderer,
    inputs: &Inputs<'_>,
    source: &Source,
    pinned: Option<&str>,
) -> Result<Opened, Unopened> {
    let project = inputs.app.spec.project_name();
    if !source.chart.is_empty() {
        let version = pinned.unwrap_or(&source.target_revision);
        let fetched =
            renderer.charts.fetch_source(&source.repo_url, &source.chart, version, project, inputs.look);
        // A version that was there for this very spec is there still, whatever its repository says today.
        let fetched = fetched.map_err(|why| Unopened { why, is_passing: true })?;
        return Ok(Opened { revision: fetched.version().to_owned(), files: Files::Chart(fetched) });
    }
    let repository = renderer.repositories.find(&source.repo_url, project)?;
    if inputs.look && repository.local_folder().is_none() {
        // Where it fails, what was known before stays in force, and the repository tells of its trouble.
        let _ = repository.look();
    }
    let commit = match pinned.and_then(|pinned| pinned.parse().ok()) {
        Some(commit) => commit,
        None => {
            let wanted = Wanted { revision: source.revision(), tag_prefix: &source.tag_prefix };
            repository.resolve(wanted, &Semver)?.commit
        }
    };
    let tree = Box::new(repository.tree(commit)?);
    Ok(Opened { revision: commit.to_string(), files: Files::Git { repository, commit, tree } })
}

/// True where everything that the kept set was made from is the same.
fn is_valid(kept: &Kept, inputs: &Inputs<'_>, opened: &[Opened]) -> bool {
    kept.inputs == fingerprint(inputs)
        && kept.unfetched.is_none()
        && kept.sources.len() == opened.len()
        && kept.sources.iter().zip(opened).all(|(kept, opened)| match (&kept.reads, &opened.files) {
            _ if opened.is_at(kept) => true,
            (Some(reads), Files::Git { tree, .. }) => opened.is_in(kept) && reads.still_true(tree),
            (None, _) | (_, Files::Chart(_)) => false,
        })
}

/// The kept set at a newer revision that says the same.
fn moved_on(mut kept: Kept, opened: Vec<Opened>, inputs: &Inputs<'_>) -> Kept {
    kept.revision = revision_of(&opened, inputs);
    for (source, opened) in kept.sources.iter_mut().zip(opened) {
        if source.revision != opened.revision {
            source.commit = commit_of(&opened);
            source.revision = opened.revision;
        }
    }
    kept
}

fn made(renderer: &Renderer, inputs: &Inputs<'_>, opened: Vec<Opened>) -> Kept {
    let revision = revision_of(&opened, inputs);
    let mut unfetched = None;
    let mut rendered = render_all(renderer, inputs, &opened, &mut unfetched);
    rendered.manifests.iter_mut().for_each(|manifest| normalize::for_apply(&mut manifest.object));
    let kinds: Vec<Option<SourceType>> = rendered.source_types.clone();
    let instance = inputs.app.instance_name(inputs.control_namespace);
    let context = Context {
        instance: &instance,
        namespace: &inputs.app.spec.destination.namespace,
        kinds: &inputs.world.kinds,
        tracking: &inputs.world.tracking,
        exclusions: &Exclusions { settings: &inputs.world.settings, server: &inputs.cluster.server },
    };
    let desired = Desired::from_render(rendered, &context).map(Arc::new);
    let sources =
        opened.into_iter().zip(kinds.into_iter().chain(std::iter::repeat(None))).map(|(opened, kind)| {
            KeptSource {
                commit: commit_of(&opened),
                repository: opened.repository().cloned(),
                kind,
                revision: opened.revision,
                reads: match opened.files {
                    Files::Git { tree, .. } => Some(tree.into_reads()),
                    Files::Chart(_) => None,
                },
            }
        });
    Kept {
        desired,
        revision,
        sources: sources.collect(),
        unfetched,
        inputs: fingerprint(inputs),
        ..Kept::refused(Refused::because("", ""))
    }
}

/// Renders every source. `unfetched` gets the words for a chart that had to be fetched and could not.
fn render_all(
    renderer: &Renderer,
    inputs: &Inputs<'_>,
    opened: &[Opened],
    unfetched: &mut Option<String>,
) -> Rendered {
    let deadline = clock::monotonic() + LONGEST;
    let late = || clock::monotonic() > deadline;
    let budget = Budget::new(Limits::default(), &late);
    let lent = inputs.sources.iter().zip(opened).filter(|(source, _)| !source.reference.is_empty());
    let refs: BTreeMap<String, &dyn SourceTree> =
        lent.map(|(source, opened)| (source.reference.clone(), opened.tree())).collect();
    let mut all = Rendered {
        source_types: Vec::new(),
        manifests: Vec::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    for (index, (source, opened)) in inputs.sources.iter().zip(opened).enumerate() {
        if source.path.is_empty() && source.chart.is_empty() && !source.reference.is_empty() {
            all.source_types.push(None);
            continue;
        }
        let environment = Environment::new(inputs.app, inputs.control_namespace, source, &opened.revision);
        let request = Request {
            source,
            index,
            tree: opened.tree(),
            refs: &refs,
            app_name: &inputs.app.name,
            namespace: &inputs.app.spec.destination.namespace,
            kube_version: &inputs.world.kube_version,
            api_versions: &inputs.world.api_versions,
            environment: &environment,
            charts: &Archives::default(),
            parsed: renderer.charts.as_ref(),
            world: &TemplateWorld,
            budget: &budget,
        };
        match render_one(renderer, inputs, &request, unfetched) {
            Ok(SourceRender { source_type, manifests, warnings }) => {
                all.source_types.push(Some(source_type));
                all.manifests.extend(manifests);
                all.warnings.extend(warnings);
            }
            Err(problems) => {
                all.source_types.push(None);
                all.problems.extend(problems);
            }
        }
    }
    all
}

/// Renders one source, fetching the charts it depends on as they are named.
fn render_one(
    renderer: &Renderer,
    inputs: &Inputs<'_>,
    request: &Request<'_>,
    unfetched: &mut Option<String>,
) -> Result<SourceRender, Vec<Problem>> {
    let mut archives = Archives::default();
    for _ in 0..ROUNDS {
        let wanted = match render_source(&Request { charts: &archives, ..*request }) {
            Ok(render) => return Ok(render),
            Err(Incomplete::Problems(problems)) => return Err(problems),
            Err(Incomplete::NeedsCharts(wanted)) => wanted,
        };
        let mut fetched = Vec::new();
        for wanted in wanted {
            let archive = renderer.charts.fetch_dependency(&wanted, inputs.app.spec.project_name());
            let archive = archive.map_err(|refused| {
                *unfetched = Some(refused.to_string());
                refused.problems
            })?;
            fetched.push((wanted, archive));
        }
        archives.0.extend(fetched);
    }
    Err(Refused::because("its charts depend on charts without end", "break the cycle of dependencies")
        .problems)
}

/// Charts that were fetched for one render.
#[derive(Default)]
struct Archives(HashMap<ChartWanted, Arc<[u8]>>);

impl ChartArchives for Archives {
    fn archive(&self, wanted: &ChartWanted) -> Option<Arc<[u8]>> {
        self.0.get(wanted).cloned()
    }
}

fn revision_of(opened: &[Opened], inputs: &Inputs<'_>) -> Revision {
    match opened {
        [one] if inputs.app.spec.sources.is_empty() => Revision::single(one.revision.as_str()),
        several => Revision {
            revision: String::new(),
            revisions: several.iter().map(|opened| opened.revision.clone()).collect(),
        },
    }
}

fn commit_of(opened: &Opened) -> Option<CommitInfo> {
    match &opened.files {
        Files::Git { repository, commit, .. } => repository.commit(*commit).ok(),
        Files::Chart(_) => None,
    }
}

/// A hash of all that a render is made from besides its files.
fn fingerprint(inputs: &Inputs<'_>) -> u64 {
    let Inputs { app, sources, pinned: _, cluster, world, control_namespace: _, look: _, anew: _ } = inputs;
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(sources).unwrap_or_default().hash(&mut hasher);
    (app.namespace.as_str(), app.name.as_str(), app.spec.destination.namespace.as_str()).hash(&mut hasher);
    (app.spec.project_name(), cluster.server.as_str(), world.number).hash(&mut hasher);
    hasher.finish()
}

/// Clock, time zone and randomness of templates.
struct TemplateWorld;

impl gotemplate::World for TemplateWorld {
    fn now(&self) -> jiff::Timestamp {
        clock::now().0
    }

    fn local_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        clock::fill_random(bytes);
    }
}
