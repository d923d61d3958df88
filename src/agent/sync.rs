//! One application, once: gather, decide, act.
//!
//! A run holds no state: what the next one needs goes back in its [`Outcome`], what must survive a stop is in the
//! Application's status.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt};
use model::application::{OperationState, Source};
use model::{AppProject, Application, ObjectKey};
use sync::desired::Refused;
use sync::plan::{self, Action, Input, Pace, Pinned, Plan};
use sync::project::{Cluster, DestinationProblem, ProjectProblem, in_cluster};

use super::clock;
use super::compare::{self, Rules};
use super::memory::{Memory, Outcome};
use super::observe::{Observed, observe};
use super::queue::Depth;
use super::render::{Inputs, Kept, Renderer, World, render};
use super::tell::{Teller, Told};
use super::walks;
use crate::cluster::cache::Seen;
use crate::cluster::carry_out::{Done, Hand, answer_of};
use crate::cluster::tally::{Whom, on_behalf_of};

/// What runs share.
pub struct Shell {
    /// The cluster.
    pub hand: Arc<Hand>,
    /// Sources.
    pub renderer: Renderer,
    /// Status, events, reports, metrics.
    pub teller: Teller,
    /// Namespace of the agent.
    pub control_namespace: String,
    /// Values of Secrets are compared by their hashes.
    pub seal: crate::cluster::seal::Seal,
}

/// One run.
pub struct Run {
    /// The application as last read.
    pub app: Arc<Application>,
    /// Its project.
    pub project: Result<Arc<AppProject>, ProjectProblem>,
    /// What every render depends on.
    pub world: Arc<World>,
    /// Why it is looked at.
    pub depth: Depth,
    /// From the last run.
    pub memory: Memory,
    /// The application with the status as it was last told, for what has changed since.
    pub told: Arc<Application>,
    /// True where a user has asked for this look: the request is taken away with it.
    pub refresh_asked: bool,
    /// Applications that manage each other in a ring with this one.
    pub cycle: Vec<ObjectKey>,
    /// Instance names of all Applications.
    pub instances: Arc<HashSet<String>>,
    /// True once something newer waits: the run ends at the next safe point.
    pub overtaken: Arc<AtomicBool>,
}

/// What has happened in a run so far.
pub struct Progress {
    /// The application with the operation as it stands now.
    pub app: Arc<Application>,
    /// Operations that have ended.
    pub ended: Vec<OperationState>,
    /// True where the request in `operation` is done with.
    pub clear_request: bool,
    /// A change or a dry run that the server did not answer, in words: the run ends.
    pub unanswered: Option<String>,
    /// A comparison that it did not answer, in words: the run goes on with the rest.
    pub uncompared: Option<String>,
    /// True where definitions were written.
    pub definitions_changed: bool,
    /// True once the inventory is on paper.
    recorded: bool,
}

/// Rounds of planning and acting in one run; a run that needs more goes on in the next.
const ROUNDS: usize = 200;
/// Requests of one application at once.
const AT_ONCE: usize = 16;

/// Looks at one application and does what is to be done now.
pub async fn sync(shell: &Arc<Shell>, mut run: Run) -> Outcome {
    let cluster = in_cluster(&run.app.spec.destination);
    gather(shell, &mut run, &cluster).await;
    let mut progress = Progress::new(&run.app);
    for round in 1.. {
        let observed = observe(shell, &mut run.memory, &progress.app, &run.world).await;
        progress.uncompared =
            compare::compare(&shell.hand, &shell.seal, &mut run.memory, &progress.app, &run.world, &observed)
                .await;
        let plan = decide(shell, &run, &observed, &cluster, &progress);
        progress.take(&plan);
        if progress.must_record(&plan) {
            progress.recorded = true;
            shell.teller.record(&mut run, &progress, &plan, &observed).await;
        }
        carry_out(shell, &mut run, &plan, &mut progress).await;
        // Everything is answered again: the next plan no longer says otherwise.
        let is_over = progress.refusal().is_none() && run.memory.refusal.take().is_some();
        let settled = plan.batches.is_empty() && plan.ended.is_none() && !is_over;
        let stop = progress.unanswered.is_some() || round >= ROUNDS || run.overtaken.load(Ordering::Relaxed);
        if settled || stop {
            return finish(shell, run, progress, plan, observed).await;
        }
    }
    unreachable!("the loop ends by returning")
}

/// Renders where the source may have changed; else the kept set stays.
async fn gather(shell: &Arc<Shell>, run: &mut Run, cluster: &Result<Cluster, DestinationProblem>) {
    if run.depth >= Depth::Hard {
        run.memory.answers.clear();
    }
    let kept = run.memory.render.take();
    let fresh =
        run.depth >= Depth::Source || kept.as_ref().is_none_or(|kept| !kept.is_for(&run.app, &run.world));
    run.memory.render = match (&run.project, cluster) {
        (Ok(_), Ok(cluster)) if fresh => Some(render_apart(shell, run, cluster.clone(), kept).await),
        _ => kept,
    };
}

async fn render_apart(shell: &Arc<Shell>, run: &Run, cluster: Cluster, kept: Option<Kept>) -> Kept {
    let (shell, app, world) = (shell.clone(), run.app.clone(), run.world.clone());
    let (look, anew) = (run.depth >= Depth::Refresh, run.depth >= Depth::Hard);
    let rendered = tokio::task::spawn_blocking(move || {
        let pinned = plan::pinned(&app);
        let (sources, commits) = match &pinned {
            Some(pinned) => pinned_sources(&app, pinned),
            None => (app.spec.sources_in_force().to_vec(), Vec::new()),
        };
        let inputs = Inputs {
            app: &app,
            sources: &sources,
            pinned: &commits,
            cluster: &cluster,
            world: &world,
            control_namespace: &shell.control_namespace,
            look,
            anew,
        };
        render(&shell.renderer, &inputs, kept)
    });
    // A panic while rendering marks this application and nobody else (rule R6).
    rendered.await.unwrap_or_else(|_| {
        Kept::refused(Refused::because(
            "the render has failed inside windlass",
            "report it with the source that does it",
        ))
    })
}

/// The sources of an operation that is tied to them, and their commits.
fn pinned_sources(app: &Application, pinned: &Pinned) -> (Vec<Source>, Vec<String>) {
    let Pinned { revision, revisions, source, sources } = pinned;
    let own = if sources.is_empty() { source.iter().cloned().collect() } else { sources.clone() };
    let sources: Vec<Source> = if own.is_empty() { app.spec.sources_in_force().to_vec() } else { own };
    let commits = if revisions.is_empty() { vec![revision.clone()] } else { revisions.clone() };
    (sources, commits)
}

fn decide(
    shell: &Shell,
    run: &Run,
    observed: &Observed,
    cluster: &Result<Cluster, DestinationProblem>,
    progress: &Progress,
) -> Plan {
    let app = &progress.app;
    let nothing = Refused::because("nothing has been rendered yet", "");
    let kept = run.memory.render.as_ref();
    let desired = kept.map_or(Err(&nothing), |kept| kept.desired.as_deref());
    let mut items = plan::join(desired.ok(), observed.live(), &observed.unlisted, &app.status.resources);
    compare::fill_in(&run.memory, observed, &mut items);
    let revision = kept.map(|kept| kept.revision.clone()).unwrap_or_default();
    let stale = kept.map(Kept::trouble).unwrap_or_default();
    plan::plan(&Input {
        app,
        instance: &app.instance_name(&shell.control_namespace),
        control_namespace: &shell.control_namespace,
        project: run.project.as_deref(),
        cluster: cluster.as_ref(),
        desired,
        items: &items,
        kinds: &shell.hand.kinds.get(),
        namespace: &observed.namespace,
        revision: &revision,
        stale: &stale,
        unanswered: run.memory.refusal.as_deref(),
        rejected: &walks::rejected(app, &observed.walks, &shell.teller),
        tracking: &run.world.tracking,
        cycle: &run.cycle,
        exists: &|instance| run.instances.contains(instance),
        last_write: run.memory.last_write,
        pace: Pace::default(),
        now: clock::now(),
    })
}

async fn carry_out(shell: &Shell, run: &mut Run, plan: &Plan, progress: &mut Progress) {
    let app = run.app.key();
    let whom = Whom {
        namespace: app.namespace.clone(),
        name: app.name.clone(),
        project: run.app.spec.project_name().to_owned(),
    };
    let whom = Arc::new(whom);
    let rules = compare::rules(&mut run.memory, &run.app, &run.world);
    for batch in &plan.batches {
        let actions: Vec<_> = batch.actions.iter().map(|action| act(shell, action, &rules, &app)).collect();
        let acting = stream::iter(actions).buffered(AT_ONCE).collect();
        let done: Vec<(&Action, Done)> = on_behalf_of(whom.clone(), acting).await;
        for (action, done) in done {
            let state = state_of(shell, action);
            progress.note(&mut run.memory, action, state, done);
        }
    }
}

async fn act<'a>(shell: &Shell, action: &'a Action, rules: &Rules, app: &ObjectKey) -> (&'a Action, Done) {
    let prepared = prepared(shell, action, rules);
    (action, shell.hand.carry_out(action, prepared.as_deref(), app).await)
}

/// The state of the live object that a dry run was about; 0 where there is none.
fn state_of(shell: &Shell, action: &Action) -> u64 {
    let Action::DryRun(apply) = action else { return 0 };
    match shell.hand.cache.see(&apply.gvk, &apply.key) {
        Seen::Here(live) => live.whole.map_or(0, |whole| whole.state),
        Seen::Absent | Seen::Unknown(_) => 0,
    }
}

/// The object as it is sent: without nulls, and with ignored fields as they are live where the policy says so.
fn prepared<'a>(shell: &Shell, action: &'a Action, rules: &Rules) -> Option<Cow<'a, model::Object>> {
    let (Action::Apply(apply) | Action::DryRun(apply)) = action else { return None };
    Some(compare::prepared(&shell.hand, &apply.object, &apply.gvk, apply.respect_ignore_differences, rules))
}

async fn finish(shell: &Shell, mut run: Run, progress: Progress, plan: Plan, observed: Observed) -> Outcome {
    run.memory.refusal = progress.refusal().map(str::to_owned);
    let patience = run.memory.refusal.is_some();
    run.memory.unanswered = if patience { run.memory.unanswered + 1 } else { 0 };
    let again = patience.then(|| clock::now().plus(backoff(run.memory.unanswered)));
    let (retry, owed) = match shell.teller.tell(&mut run, &progress, &plan, &observed).await {
        Told::Written => (None, None),
        Told::Later(when) => (None, Some(when)),
        Told::Failed => (Some(clock::now().plus(backoff(run.memory.unanswered.max(1)))), None),
    };
    let soon = [plan.wake, again, retry].into_iter().flatten().min().map(|when| (when, Depth::Live));
    let kept = run.memory.render.as_ref();
    let unfetched = kept.is_some_and(|kept| kept.unfetched.is_some());
    run.memory.unfetched = if unfetched { run.memory.unfetched + 1 } else { 0 };
    let fetch =
        unfetched.then(|| (clock::now().plus(patience_with_sources(run.memory.unfetched)), Depth::Source));
    Outcome {
        wake: [soon, fetch].into_iter().flatten().min_by_key(|(when, _)| *when),
        owed,
        is_refused: kept.is_some_and(|kept| kept.desired.is_err()),
        repositories: kept.map(|kept| kept.repositories.clone()).unwrap_or_default(),
        wanted: observed.wanted,
        definitions_changed: progress.definitions_changed,
        app: run.app,
        memory: run.memory,
    }
}

/// Wait before a server that did not answer is asked again: 1 s, doubled to a minute.
fn backoff(times: u32) -> std::time::Duration {
    std::time::Duration::from_secs(1 << times.saturating_sub(1).min(6))
        .min(std::time::Duration::from_secs(60))
}

/// Wait before a source that could not be fetched is tried again: 5 s, doubled to three minutes.
fn patience_with_sources(times: u32) -> std::time::Duration {
    std::time::Duration::from_secs(5 << times.saturating_sub(1).min(6))
        .min(std::time::Duration::from_secs(180))
}

impl Progress {
    fn new(app: &Arc<Application>) -> Self {
        Self {
            app: app.clone(),
            ended: Vec::new(),
            clear_request: false,
            unanswered: None,
            uncompared: None,
            definitions_changed: false,
            recorded: false,
        }
    }

    /// What the server did not answer, in words.
    fn refusal(&self) -> Option<&str> {
        self.unanswered.as_deref().or(self.uncompared.as_deref())
    }

    fn take(&mut self, plan: &Plan) {
        if let Some(operation) = &plan.operation {
            Arc::make_mut(&mut self.app).status.operation_state = Some(operation.clone());
        }
        self.ended.extend(plan.ended.clone());
        if plan.clear_request {
            self.clear_request = true;
            Arc::make_mut(&mut self.app).operation = None;
        }
    }

    /// The inventory is on paper before the first object is made (promise S1, fault F14), and a hook before it runs.
    fn must_record(&self, plan: &Plan) -> bool {
        let changes = plan.batches.iter().flat_map(|batch| &batch.actions).any(|action| match action {
            Action::Apply(_) | Action::Prune(_) | Action::CreateNamespace { .. } => true,
            Action::DryRun(_)
            | Action::DeleteHook(_)
            | Action::Delete(_)
            | Action::RemoveFinalizers { .. } => false,
        });
        plan.record_first || (changes && !self.recorded)
    }

    fn note(&mut self, memory: &mut Memory, action: &Action, state: u64, done: Done) {
        match (action, done) {
            (Action::DryRun(apply), Done::Asked(asked)) => {
                if let Err(refusal) = &asked
                    && refusal.is_passing()
                {
                    self.unanswered = Some(format!("{}: {refusal}", apply.key));
                }
                memory.answered(apply, state, answer_of(&asked));
            }
            (action, Done::Changed(outcome)) => {
                if let plan::Outcome::Unanswered(why) = &outcome {
                    let key = action.key().map(|key| format!("{key}: ")).unwrap_or_default();
                    self.unanswered = Some(format!("{key}{why}"));
                }
                memory.last_write = Some(clock::now());
                self.definitions_changed |=
                    action.key().is_some_and(|key| key.kind == "CustomResourceDefinition");
                if let Some(operation) = &mut Arc::make_mut(&mut self.app).status.operation_state {
                    plan::record(operation, action, &outcome);
                }
            }
            (_, Done::Asked(_)) => {}
        }
    }
}
