//! The loop that joins shells to crates: events in, at most one run for each application out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::sync::desired::Tracking;
use ::sync::plan::cycles;
use model::application::ReadApplicationError;
use model::settings::Settings;
use model::{Application, ObjectKey, Time};
use report::application::AppKey;
use tokio::sync::mpsc;

pub mod charts;
pub mod clock;
pub mod compare;
pub mod event;
pub mod health;
pub mod held;
mod hurry;
pub mod judge;
pub mod memory;
mod moved;
pub mod observe;
pub mod own;
pub mod put_off;
pub mod queue;
pub mod render;
pub mod rollouts;
pub mod round;
pub mod seek;
pub mod start;
pub mod sync;
pub mod tell;
pub mod versions;
mod walks;

use crate::cluster::cache::Change;
use crate::cluster::lease::Standing;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::upstream::Upstream;
use crate::server::{Half, Pushes};
use crate::source::git::Repository;
use crate::source::webhook::WebhookSecrets;
use event::{Event, Moved};
use judge::Judge;
use memory::{Memory, Outcome};
use moved::{Moves, Named};
use own::Own;
use queue::{Depth, Queue};
use render::World;
use round::Round;
use seek::{Order, Pace};
use sync::{Run, Shell};

pub use start::{StartError, run};

/// All that the loop knows. Nobody else has it: runs get snapshots and hand their memory back.
pub struct Agent {
    shell: Arc<Shell>,
    events: mpsc::UnboundedSender<Event>,
    queue: Queue<AppKey>,
    apps: BTreeMap<AppKey, Entry>,
    named: Named,
    moves: Moves,
    pushes: Arc<Pushes>,
    own: Own,
    world: Arc<World>,
    instances: Arc<HashSet<String>>,
    names_changed: bool,
    default_made: bool,
    round: Option<Round>,
    wanted_by: HashMap<ObjectKey, BTreeSet<AppKey>>,
    circles: Vec<Vec<ObjectKey>>,
    standing: Option<Standing>,
    upstream: Upstream,
    judge: Arc<Judge>,
    seek: mpsc::UnboundedSender<Order>,
    repositories: BTreeMap<Arc<str>, (Arc<Repository>, BTreeSet<AppKey>)>,
    ready: Arc<AtomicBool>,
    rewrite_urls: Vec<(String, String)>,
    webhook_secrets: Arc<Snapshot<WebhookSecrets>>,
}

/// One application.
struct Entry {
    app: Result<Arc<Application>, ReadApplicationError>,
    memory: Memory,
    overtaken: Arc<AtomicBool>,
    wanted: BTreeSet<ObjectKey>,
    repositories: BTreeSet<Arc<str>>,
    /// How many moves of repositories there had been when its last run began.
    moves_before: u64,
    is_refused: bool,
    /// Conditions of an Application that cannot be read, as they are to be written.
    unwritten: Option<serde_json::Value>,
}

impl Entry {
    fn new(app: Result<Arc<Application>, ReadApplicationError>) -> Self {
        Self {
            app,
            memory: Memory::default(),
            overtaken: Arc::default(),
            wanted: BTreeSet::new(),
            repositories: BTreeSet::new(),
            moves_before: 0,
            is_refused: false,
            unwritten: None,
        }
    }
}

/// What an agent is made of.
struct Parts {
    shell: Arc<Shell>,
    events: mpsc::UnboundedSender<Event>,
    world: World,
    judge: Arc<Judge>,
    seek: mpsc::UnboundedSender<Order>,
    ready: Arc<AtomicBool>,
    rewrite_urls: Vec<(String, String)>,
    webhook_secrets: Arc<Snapshot<WebhookSecrets>>,
    pushes: Arc<Pushes>,
}

/// Runs at once: waiting for the server costs nothing, rendering is bounded by the blocking threads.
const RUNS: usize = 32;
/// How long changes below a managed object are gathered before the page is told.
const GATHER: Duration = Duration::from_millis(500);
/// How long changes to managed objects are gathered: a controller's burst becomes one look.
const SETTLE: Duration = Duration::from_millis(20);

impl Agent {
    fn new(parts: Parts) -> Self {
        let Parts { shell, events, world, judge, seek, ready, rewrite_urls, webhook_secrets, pushes } = parts;
        Self {
            shell,
            events,
            queue: Queue::default(),
            apps: BTreeMap::new(),
            named: Named::default(),
            moves: Moves::default(),
            pushes,
            own: Own::default(),
            world: Arc::new(world),
            instances: Arc::default(),
            names_changed: false,
            default_made: false,
            round: None,
            wanted_by: HashMap::new(),
            standing: None,
            upstream: Upstream::Unknown("its pods have not been listed yet".to_owned()),
            circles: Vec::new(),
            judge,
            seek,
            repositories: BTreeMap::new(),
            ready,
            rewrite_urls,
            webhook_secrets,
        }
    }

    /// Takes events and starts what is due until `stop` ends.
    async fn follow(mut self, mut events: mpsc::UnboundedReceiver<Event>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let pushes = self.pushes.clone();
        loop {
            self.start_due();
            let due = self.until_due();
            tokio::select! {
                () = &mut stop => return,
                event = events.recv() => match event {
                    Some(event) => self.take(event),
                    None => return,
                },
                push = pushes.next() => self.take(Event::SourceMoved(Moved::Push(Box::new(push)))),
                () = due => {}
            }
            while let Ok(event) = events.try_recv() {
                self.take(event);
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Own(kind, watched) => self.own_changed(kind, watched),
            Event::LiveChanged(change) => self.live_changed(change),
            Event::SourceMoved(moved) => self.source_moved(&moved),
            Event::DefinitionsChanged => self.definitions_changed(),
            Event::RunEnded(key, outcome) => self.run_ended(&key, *outcome),
            Event::RunFailed(key) => self.run_failed(&key),
            Event::Standing(standing) => self.stand(Some(standing), self.upstream.clone()),
            Event::Upstream(upstream) => self.stand(self.standing.clone(), upstream),
        }
    }

    /// Starts what is due, as many runs at once as there may be.
    fn start_due(&mut self) {
        if !self.leads() || !self.own.is_complete() {
            return;
        }
        self.take_names();
        let now = clock::steady();
        while self.queue.sizes().1 < RUNS {
            let due = self.queue.next_due();
            let Some((key, depth)) = self.queue.pop(now) else { break };
            match self.prepare(&key, depth) {
                Some(run) => {
                    self.shell.teller.metrics().begun(due.map_or(Duration::ZERO, |due| now.since(due)));
                    self.start(key, run);
                }
                None => {
                    self.queue.done(&key);
                    self.looked_at(&key);
                }
            }
        }
        let is_full = self.queue.sizes().1 >= RUNS;
        self.shell.teller.metrics().waiting(if is_full { self.queue.due(now) } else { 0 });
    }

    fn prepare(&mut self, key: &AppKey, depth: Depth) -> Option<Run> {
        if let Some(round) = &mut self.round {
            round.begun(key);
        }
        let entry = self.apps.get_mut(key)?;
        let app = entry.app.as_ref().ok()?.clone();
        if app.annotations.get(model::annotations::SKIP_RECONCILE).map(String::as_str) == Some("true") {
            return None;
        }
        let asked = app.annotations.get(model::annotations::REFRESH).map(String::as_str);
        let depth = match asked {
            Some("hard") => Depth::Hard,
            Some(_) => depth.max(Depth::Refresh),
            None => depth,
        };
        entry.overtaken = Arc::default();
        entry.moves_before = self.moves.count();
        Some(Run {
            project: self.own.project(app.spec.project_name()),
            told: app.clone(),
            refresh_asked: asked.is_some(),
            app,
            world: self.world.clone(),
            depth,
            memory: std::mem::take(&mut entry.memory),
            cycle: circle_of(&self.circles, &key.object()),
            instances: self.instances.clone(),
            overtaken: entry.overtaken.clone(),
        })
    }

    fn start(&mut self, key: AppKey, run: Run) {
        let (shell, events) = (self.shell.clone(), self.events.clone());
        let span = tracing::info_span!("run", application = %key);
        tracing::debug!(application = %key, depth = ?run.depth, "a run begins");
        // On the heap from the start: a run is large, and would be moved from hand to hand.
        let run = Box::pin(async move {
            let (app, begun) = (run.app.clone(), clock::monotonic());
            let outcome = sync::sync(&shell, run).await;
            shell.teller.metrics().reconciled(&app, clock::monotonic().duration_since(begun));
            outcome
        });
        let task = tokio::spawn(tracing::Instrument::instrument(run, span));
        tokio::spawn(async move {
            // A panic ends this run and nothing else (rule R6); its memory is gone, and the next run makes it anew.
            let outcome = task.await.ok();
            if let Some(outcome) = outcome {
                let _ = events.send(Event::RunEnded(key, Box::new(outcome)));
            } else {
                let _ = events.send(Event::RunFailed(key));
            }
        });
    }

    fn run_ended(&mut self, key: &AppKey, outcome: Outcome) {
        self.queue.done(key);
        self.looked_at(key);
        let Outcome { memory, app, wake, owed, is_refused, wanted, definitions_changed, repositories } =
            outcome;
        tracing::debug!(application = %key, ?wake, ?owed, "a run has ended");
        self.follow_repositories(key, repositories);
        if definitions_changed {
            self.definitions_changed();
        }
        let Some(entry) = self.apps.get_mut(key) else {
            // It went while this run told of it for the last time.
            return self.shell.teller.reports().remove(key);
        };
        entry.memory = memory;
        entry.is_refused = is_refused;
        if let Ok(known) = &entry.app
            && is_older(known, &app)
        {
            // What a user has asked for while the run was under way came back with its own write.
            if let Some(depth) = own::asked_meanwhile(known, &app) {
                self.queue.push(key.clone(), clock::steady(), depth);
            }
            entry.app = Ok(app);
        }
        self.named.set(key, entry.app.as_deref().ok());
        let before = std::mem::replace(&mut entry.wanted, wanted);
        self.index(key, &before);
        self.note_circles(&before, key);
        if let Some((when, depth)) = wake {
            self.queue.push(key.clone(), clock::steady_at(when), depth);
        }
        if let Some(owed) = owed {
            self.queue.push(key.clone(), owed, Depth::Tree);
        }
    }

    /// Keeps the list of repositories that count, and of who is in which.
    fn follow_repositories(&mut self, key: &AppKey, found: Vec<Arc<Repository>>) {
        let Some(entry) = self.apps.get_mut(key) else { return };
        let ids: BTreeSet<Arc<str>> = found.iter().map(|repository| repository.id().clone()).collect();
        if ids == entry.repositories {
            return;
        }
        let followed: Vec<Arc<str>> = self.repositories.keys().cloned().collect();
        let before = std::mem::replace(&mut entry.repositories, ids.clone());
        let moves_before = entry.moves_before;
        for gone in before.difference(&ids) {
            if let Some((_, apps)) = self.repositories.get_mut(gone) {
                apps.remove(key);
            }
        }
        for repository in found {
            let known = self
                .repositories
                .entry(repository.id().clone())
                .or_insert_with(|| (repository, BTreeSet::new()));
            known.1.insert(key.clone());
        }
        self.repositories.retain(|_, (_, apps)| !apps.is_empty());
        self.moves.keep(|id| self.repositories.contains_key(id));
        if ids.difference(&before).any(|fresh| self.moves.since(fresh, moves_before)) {
            self.wake(key.clone(), clock::steady(), Depth::Source);
        }
        if self.repositories.keys().ne(followed.iter()) {
            let all = self.repositories.iter().map(|(id, (repository, _))| (id.clone(), repository.clone()));
            let _ = self.seek.send(Order::Follow(all.collect()));
        }
    }

    /// Says when a look at everything is over.
    fn looked_at(&mut self, key: &AppKey) {
        let Some(round) = &mut self.round else { return };
        round.ended(key);
        if let Some(took) = round.took(clock::monotonic()) {
            let (applications, milliseconds) = (round.size(), took.as_secs_f64() * 1000.0);
            self.round = None;
            tracing::info!(applications, milliseconds, "all applications have been compared");
        }
    }

    fn begin_round(&mut self, apps: Vec<AppKey>) {
        if !apps.is_empty() {
            self.round = Some(Round::new(apps, clock::monotonic()));
        }
    }

    fn run_failed(&mut self, key: &AppKey) {
        self.looked_at(key);
        tracing::error!(application = %key, "a run has failed inside windlass; the application is tried again in a minute");
        self.shell.teller.metrics().retried();
        self.queue.done(key);
        self.queue.push(key.clone(), clock::steady().plus(Duration::from_secs(60)), Depth::Source);
    }

    /// Keeps the list of who wants which object.
    fn index(&mut self, key: &AppKey, before: &BTreeSet<ObjectKey>) {
        let empty = BTreeSet::new();
        let after = self.apps.get(key).map_or(&empty, |entry| &entry.wanted);
        if before == after {
            return;
        }
        for gone in before.difference(after) {
            if let Some(apps) = self.wanted_by.get_mut(gone) {
                apps.remove(key);
                if apps.is_empty() {
                    self.wanted_by.remove(gone);
                }
            }
        }
        for fresh in after.difference(before) {
            self.wanted_by.entry(fresh.clone()).or_default().insert(key.clone());
        }
    }

    /// Keeps the circles of Applications that manage each other.
    fn note_circles(&mut self, before: &BTreeSet<ObjectKey>, key: &AppKey) {
        let after = self.apps.get(key).map(|entry| &entry.wanted);
        if applications(before).eq(after.into_iter().flat_map(applications)) {
            return;
        }
        let edges = self.apps.iter().map(|(key, entry)| {
            (key.object(), applications(&entry.wanted).cloned().collect::<BTreeSet<_>>())
        });
        let circles = cycles(&edges.filter(|(_, children)| !children.is_empty()).collect());
        let known = std::mem::replace(&mut self.circles, circles);
        let changed = known.iter().filter(|circle| !self.circles.contains(circle));
        let changed = changed.chain(self.circles.iter().filter(|circle| !known.contains(circle)));
        let members: BTreeSet<AppKey> = changed.flatten().map(AppKey::of).collect();
        members.into_iter().for_each(|member| self.wake(member, clock::steady(), Depth::Live));
    }

    fn live_changed(&mut self, change: Change) {
        let now = clock::steady();
        match change {
            Change::Object { key, owner, owner_uid: _ } => {
                let owner = owner.map(|owner| self.app_of(&owner));
                let wanted = self.wanted_by.get(&key).into_iter().flatten().cloned();
                let apps: BTreeSet<AppKey> = wanted.chain(owner).collect();
                for app in apps {
                    self.wake(app, now.plus(SETTLE), Depth::Live);
                }
            }
            Change::Written { .. } => {}
            Change::Descendant { owner } => {
                let app = self.app_of(&owner);
                self.wake(app, now.plus(GATHER), Depth::Tree);
            }
            Change::Kind(gvk) => {
                let concerned = |entry: &Entry| {
                    entry.memory.gvks.contains(&gvk) || entry.wanted.iter().any(|key| key.kind == gvk.kind)
                };
                let apps: Vec<AppKey> = self
                    .apps
                    .iter()
                    .filter(|(_, entry)| concerned(entry))
                    .map(|(key, _)| key.clone())
                    .collect();
                apps.into_iter().for_each(|app| self.wake(app, now.plus(SETTLE), Depth::Live));
            }
        }
    }

    /// The application behind an instance name.
    fn app_of(&self, instance: &str) -> AppKey {
        let own = AppKey { namespace: self.shell.control_namespace.clone(), name: instance.to_owned() };
        match instance.split_once('_') {
            Some((namespace, name)) if !self.apps.contains_key(&own) => {
                AppKey { namespace: namespace.into(), name: name.into() }
            }
            _ => own,
        }
    }

    fn wake(&mut self, app: AppKey, when: Time, depth: Depth) {
        if self.apps.contains_key(&app) {
            self.queue.push(app, when, depth);
        }
    }

    fn definitions_changed(&mut self) {
        let kinds = self.shell.hand.kinds.get();
        self.shell.hand.cache.keep_served(&kinds);
        if *kinds != *self.world.kinds {
            self.change_world(|world| {
                world.api_versions = kinds.api_versions().into();
                world.kinds = kinds;
            });
        }
    }

    fn change_world(&mut self, change: impl FnOnce(&mut World)) {
        let mut world = World::clone(&self.world);
        change(&mut world);
        world.number += 1;
        self.world = Arc::new(world);
        self.wake_all(Depth::Source);
    }

    /// Looks again at applications without a set of what is wanted: credentials or trust have changed.
    fn wake_refused(&mut self) {
        let refused = self.apps.iter().filter(|(_, entry)| entry.is_refused);
        let refused: Vec<AppKey> = refused.map(|(key, _)| key.clone()).collect();
        refused.into_iter().for_each(|key| self.queue.push(key, clock::steady(), Depth::Refresh));
    }

    fn wake_all(&mut self, depth: Depth) {
        let now = clock::steady();
        let all: Vec<AppKey> = self.apps.keys().cloned().collect();
        self.begin_round(all.clone());
        all.into_iter().for_each(|key| self.queue.push(key, now, depth));
    }

    fn settings_changed(&mut self, settings: Settings) {
        for problem in &settings.problems {
            tracing::warn!(problem, "a setting cannot be read");
        }
        if settings != *self.world.settings {
            let _ = self.seek.send(Order::Pace(Pace::of(&settings)));
            self.change_world(|world| {
                world.tracking = Tracking::from_settings(&settings);
                world.settings = Arc::new(settings);
            });
        }
    }

    fn leads(&self) -> bool {
        self.upstream == Upstream::Gone && self.standing == Some(Standing::Leads)
    }

    fn stand(&mut self, standing: Option<Standing>, upstream: Upstream) {
        let led = self.leads();
        (self.standing, self.upstream) = (standing, upstream);
        self.shell.teller.reports().set_notice(Half::Sync, notice(self.standing.as_ref(), &self.upstream));
        if self.leads() && !led {
            tracing::info!("this agent leads");
            self.make_default_project();
            self.wake_all(Depth::Source);
            self.write_unwritten();
        } else if led && !self.leads() {
            tracing::info!(upstream = ?self.upstream, standing = ?self.standing, "this agent stands by");
            self.apps.values().for_each(|entry| entry.overtaken.store(true, Ordering::Relaxed));
        }
    }

    async fn until_due(&self) {
        let due = if self.leads() && self.own.is_complete() && self.queue.sizes().1 < RUNS {
            self.queue.next_due()
        } else {
            None
        };
        match due {
            Some(due) => tokio::time::sleep(due.since(clock::steady())).await,
            None => std::future::pending().await,
        }
    }
}

/// Why nothing is done, for the page; none where this agent leads.
fn notice(standing: Option<&Standing>, upstream: &Upstream) -> Option<String> {
    match (upstream, standing) {
        (Upstream::Alive(pod), _) => Some(format!(
            "Standing by: Argo CD's own controller ({pod}) is alive in this namespace. Windlass takes over when it is gone."
        )),
        (Upstream::Unknown(why), _) => Some(format!(
            "Standing by: whether Argo CD's own controller is alive in this namespace is not known ({why})."
        )),
        (Upstream::Gone, Some(Standing::Follows { holder })) => Some(format!("Standing by: {holder} leads.")),
        (Upstream::Gone, Some(Standing::Leads)) => None,
        (Upstream::Gone, None) => Some("Waiting for the lease.".to_owned()),
    }
}

/// The Applications among objects.
fn applications(objects: &BTreeSet<ObjectKey>) -> impl Iterator<Item = &ObjectKey> {
    objects.iter().filter(|key| key.group == "argoproj.io" && key.kind == "Application")
}

fn circle_of(circles: &[Vec<ObjectKey>], app: &ObjectKey) -> Vec<ObjectKey> {
    circles.iter().find(|circle| circle.contains(app)).cloned().unwrap_or_default()
}

fn is_older(known: &Application, read: &Application) -> bool {
    let number = |app: &Application| app.resource_version.parse::<u128>().unwrap_or(0);
    number(known) <= number(read)
}

/// Whether a source is a chart of a Helm repository.
fn has_chart(entry: &Entry) -> bool {
    let sources = entry.app.iter().flat_map(|app| app.spec.sources_in_force());
    sources.into_iter().any(|source| !source.chart.is_empty())
}
