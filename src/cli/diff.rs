//! `windlass diff`: what a sync would change, compared with the cluster as the agent compares.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use model::annotations::Role;
use model::application::{ResourceStatus, SyncStatusCode};
use model::kinds::Lookup;
use model::{AppProject, Kinds};
use sync::desired::{Desired, DesiredObject, Refused, Tracking, crd_kind};
use sync::diff::{redact, text};
use sync::plan::{self, Answer, Input, Pace, Plan};
use sync::project::{Cluster, DestinationProblem, ProjectProblem, in_cluster};

use super::given::{Given, GivenArgs};
use super::live::{Live, LiveError};
use super::output;
use super::render_app::{RenderAppError, Shop, print_refused};
use crate::agent::memory::Memory;
use crate::agent::observe::Observed;
use crate::agent::render::World;
use crate::agent::{clock, compare, held};
use crate::cluster::apply::{self, Refusal, Write};
use crate::config::{ClusterArgs, SourceArgs};

/// `windlass diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass diff --app application.yaml
  windlass diff --app application.yaml --revision my-branch --context production
  windlass diff --app application.yaml --local-repository . --rewrite-url https://github.com/acme/shop=file://$PWD

Exit code: 0 nothing differs, 1 something differs, 2 it could not be told, or a sync would be refused.

Nothing is changed: objects that differ, or are missing, are put to the API server as a dry run. What would be pruned is
taken from the Application's status in the cluster. Values of Secrets are masked.")]
pub struct DiffArgs {
    /// File with the Application; what else is in it counts as given with -f (`-` is standard input).
    #[arg(long, value_name = "APPLICATION.yaml")]
    app: PathBuf,

    #[command(flatten)]
    given: GivenArgs,

    #[command(flatten)]
    cluster: ClusterArgs,

    #[command(flatten)]
    sources: SourceArgs,
}

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
enum DiffError {
    #[error(transparent)]
    Render(#[from] RenderAppError),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error("could not write the difference")]
    Write(#[from] std::io::Error),
}

impl From<super::given::GivenError> for DiffError {
    fn from(error: super::given::GivenError) -> Self {
        RenderAppError::from(error).into()
    }
}

impl From<crate::config::ConfigError> for DiffError {
    fn from(error: crate::config::ConfigError) -> Self {
        RenderAppError::from(error).into()
    }
}

/// What a comparison has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Same,
    Different,
    Unclear,
}

/// Prints what differs.
pub fn run(args: DiffArgs) -> ExitCode {
    match difference(args) {
        Ok(Outcome::Same) => ExitCode::SUCCESS,
        Ok(Outcome::Different) => ExitCode::from(1),
        Ok(Outcome::Unclear) => ExitCode::from(2),
        Err(error) => {
            output::print_error(&error);
            ExitCode::from(2)
        }
    }
}

fn difference(args: DiffArgs) -> Result<Outcome, DiffError> {
    let sources = args.sources.check()?;
    let mut given = Given::read(&args.app, &args.given, &sources.rewrite_urls)?;
    let shop = Shop::open(&sources)?;
    let live = shop.runtime.block_on(Live::open(&args.cluster))?;
    let unread = shop.runtime.block_on(live.complete(&mut given));
    unread.iter().for_each(|warning| output::complain(warning));
    let world = world(&live, &given);
    let cluster = in_cluster(&given.app.spec.destination);
    let mut memory = Memory::default();
    if let Ok(cluster) = &cluster {
        memory.render = Some(shop.render(&given, cluster, &world));
    }
    let seen = shop.runtime.block_on(look(&live, &given, &world, &mut memory));
    let plan = decide(&given, &world, &cluster, &memory, &seen);
    output::print(&differences(&live, &world, &memory, &seen.observed, &plan))?;
    held_by_rollouts(&live, &memory, &seen.observed);
    Ok(told(&memory, &seen, &plan))
}

/// What every render and comparison depends on, as the cluster has it.
fn world(live: &Live, given: &Given) -> World {
    let (kinds, settings) = (live.hand.kinds.get(), given.settings());
    settings.problems.iter().for_each(|problem| output::complain(&format!("Warning: {problem}")));
    World {
        number: 0,
        api_versions: kinds.api_versions().into(),
        kinds,
        kube_version: live.version.clone(),
        tracking: Tracking::from_settings(&settings),
        settings: Arc::new(settings),
    }
}

/// The live side, and what the server says to it.
struct Looked {
    observed: Observed,
    instances: std::collections::HashSet<String>,
    /// Refusals of objects that are not there yet, and what the server has not answered.
    refused: Vec<String>,
}

async fn look(live: &Live, given: &Given, world: &World, memory: &mut Memory) -> Looked {
    let desired = desired(memory);
    let observed = live.observe(&given.app, desired.as_deref(), world).await;
    let unanswered = compare::compare(&live.hand, &live.seal, memory, &given.app, world, &observed).await;
    let mut refused = refused(live, given, world, desired.as_deref(), &observed).await;
    refused.extend(unanswered);
    Looked { observed, instances: live.instances(given).await, refused }
}

fn desired(memory: &Memory) -> Option<Arc<Desired>> {
    memory.render.as_ref()?.desired.as_ref().ok().cloned()
}

/// What the server refuses of the objects that a sync would make.
async fn refused(
    live: &Live,
    given: &Given,
    world: &World,
    desired: Option<&Desired>,
    observed: &Observed,
) -> Vec<String> {
    let Some(desired) = desired else { return Vec::new() };
    let is_new = |object: &&Arc<DesiredObject>| {
        object.role == Role::Resource
            && !observed.whole.contains_key(&object.key)
            && !observed.unlisted.contains_key(&object.key.group_kind())
    };
    let asked: Vec<_> = desired
        .objects()
        .iter()
        .filter(is_new)
        .map(|object| refusal(live, given, world, desired, object))
        .collect();
    stream::iter(asked).buffered(16).filter_map(std::future::ready).collect().await
}

async fn refusal(
    live: &Live,
    given: &Given,
    world: &World,
    desired: &Desired,
    object: &DesiredObject,
) -> Option<String> {
    if !matches!(world.kinds.find(&object.gvk), Lookup::Served(_)) {
        return unserved(given, &world.kinds, desired, object);
    }
    let how = Write { dry_run: true, strict: !object.options.is_false("Validate") };
    match apply::server_side_apply(&live.hand.client, &world.kinds, &object.object, how).await {
        Ok(_) => None,
        Err(Refusal::NotFound(_)) if makes_namespace(given, desired, &object.key.namespace) => None,
        Err(refusal) => {
            let words = redact::clean_error(&refusal.to_string(), &[object.object.as_ref()]);
            Some(format!("{} ({}): {words}", object.key, object.origin))
        }
    }
}

/// A kind the cluster lacks is no obstacle where the set brings its definition, or the object says so.
fn unserved(given: &Given, kinds: &Kinds, desired: &Desired, object: &DesiredObject) -> Option<String> {
    let kind = object.key.group_kind();
    let brought = desired.objects().iter().any(|other| crd_kind(&other.object).as_ref() == Some(&kind));
    let option = "SkipDryRunOnMissingResource";
    if brought || object.options.is_true(option) || given.app.spec.sync_options().is_true(option) {
        return None;
    }
    let (DesiredObject { key, gvk, origin, .. }, versions) = (object, kinds.versions(&kind));
    let step = match versions.first() {
        Some(served) => format!("write it in version {}", served.version),
        None => "install the definition of its kind first".to_owned(),
    };
    Some(format!("{key} ({origin}): the cluster does not serve {gvk}; {step}"))
}

fn makes_namespace(given: &Given, desired: &Desired, namespace: &str) -> bool {
    let created = given.app.spec.sync_options().is_true("CreateNamespace")
        && given.app.spec.destination.namespace == namespace;
    created || desired.get(&model::ObjectKey::new("", "Namespace", "", namespace)).is_some()
}

/// The agent's own verdicts; of its plan only these are read.
fn decide(
    given: &Given,
    world: &World,
    cluster: &Result<Cluster, DestinationProblem>,
    memory: &Memory,
    seen: &Looked,
) -> Plan {
    let nothing = Refused::because("nothing has been rendered", "");
    let kept = memory.render.as_ref();
    let desired = kept.map_or(Err(&nothing), |kept| kept.desired.as_deref());
    let rows = &given.app.status.resources;
    let mut items = plan::join(desired.ok(), seen.observed.live(), &seen.observed.unlisted, rows);
    compare::fill_in(memory, &seen.observed, &mut items);
    let missing = || Err(ProjectProblem::Missing(given.app.spec.project_name().to_owned()));
    let project: Result<AppProject, ProjectProblem> = given.project().unwrap_or_else(missing);
    plan::plan(&Input {
        app: &given.app,
        instance: &given.app.instance_name(&given.control_namespace),
        control_namespace: &given.control_namespace,
        project: project.as_ref(),
        cluster: cluster.as_ref(),
        desired,
        items: &items,
        kinds: &world.kinds,
        namespace: &seen.observed.namespace,
        revision: &kept.map(|kept| kept.revision.clone()).unwrap_or_default(),
        stale: &[],
        unanswered: None,
        rejected: &[],
        tracking: &world.tracking,
        cycle: &[],
        exists: &|instance| seen.instances.contains(instance),
        last_write: None,
        pace: Pace::default(),
        now: clock::now(),
    })
}

/// Says which fields are no drift because a Rollout holds them.
fn held_by_rollouts(live: &Live, memory: &Memory, observed: &Observed) {
    for wanted in desired(memory).iter().flat_map(|desired| desired.objects()) {
        let Some((_, whole)) = observed.whole.get(&wanted.key) else { continue };
        if let Some(words) = held::words(&live.hand.cache, &wanted.object, whole) {
            output::complain(&format!("Note: {} is held {words}", wanted.key));
        }
    }
}

/// A unified diff of each object that differs, is missing, or would be pruned.
fn differences(live: &Live, world: &World, memory: &Memory, observed: &Observed, plan: &Plan) -> String {
    let desired = desired(memory);
    let mut text = String::new();
    for row in plan.sync.resources.iter().filter(|row| row.status == Some(SyncStatusCode::OutOfSync)) {
        let wanted = desired.as_ref().and_then(|desired| desired.get(&row.key()));
        if let Some(lines) = lines(live, world, memory, observed, wanted, row) {
            let ResourceStatus { group, kind, namespace, name, .. } = row;
            text.push_str(&format!("===== {group}/{kind} {namespace}/{name} =====\n{lines}"));
        }
    }
    text
}

fn lines(
    live: &Live,
    world: &World,
    memory: &Memory,
    observed: &Observed,
    wanted: Option<&Arc<DesiredObject>>,
    row: &ResourceStatus,
) -> Option<String> {
    let masked = &world.settings.masked_annotations;
    let there = observed.whole.get(&row.key()).map(|(_, whole)| whole);
    match (wanted, there) {
        (Some(_), Some(_)) => memory.answers.get(&row.key())?.diff.as_deref().map(str::to_owned),
        (Some(wanted), None) => {
            let sealed = live.seal.seal(wanted.object.as_ref().clone());
            Some(text::unified(None, Some(&sealed), masked))
        }
        (None, Some(there)) if there.live.compare_options.has("IgnoreExtraneous") => None,
        (None, Some(there)) => Some(text::unified(Some(&there.object()), None, masked)),
        (None, None) => None,
    }
}

/// Says what is wrong on standard error; the verdict.
fn told(memory: &Memory, seen: &Looked, plan: &Plan) -> Outcome {
    let mut unclear = false;
    let mut say = |words: String| {
        unclear = true;
        output::complain(&format!("Error: {words}"));
    };
    let refused = memory.render.as_ref().and_then(|kept| kept.desired.as_ref().err());
    for condition in &plan.conditions {
        match condition.kind.as_str() {
            "ComparisonError" if refused.is_some() => {}
            "ComparisonError" | "InvalidSpecError" => say(condition.message.clone()),
            kind if kind.ends_with("Warning") => {
                output::complain(&format!("Warning: {}", condition.message));
            }
            _ => {}
        }
    }
    let mut answers: Vec<_> = memory.answers.iter().collect();
    answers.sort_unstable_by_key(|(key, _)| *key);
    for (key, answer) in answers {
        if let Answer::Refused(words) = &answer.answer {
            say(format!("{key}: {words}"));
        }
    }
    seen.refused.iter().cloned().for_each(&mut say);
    for (kind, why) in &seen.observed.unlisted {
        say(format!("{kind} could not be read: {why}"));
    }
    if let Some(refused) = refused {
        print_refused(refused);
        return Outcome::Unclear;
    }
    if unclear {
        return Outcome::Unclear;
    }
    match plan.sync.status {
        SyncStatusCode::Synced => Outcome::Same,
        SyncStatusCode::OutOfSync => Outcome::Different,
        SyncStatusCode::Unknown => Outcome::Unclear,
    }
}
