//! Who tells when a repository moves: a file watch for local ones, polling and webhooks for remote ones.
//!
//! One look for each repository and interval, not for each Application.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::settings::Settings;
use report::application::AppKey;
use tokio::sync::mpsc;

use super::clock;
use super::event::{Event, Moved};
use super::hurry::Hurry;
use crate::net::chain;
use crate::source::git::Repository;
use crate::source::poll::{Beat, Timetable};
use crate::source::watch::Watch;

/// What the seeking task is told.
pub enum Order {
    /// These are all repositories that count.
    Follow(BTreeMap<Arc<str>, Arc<Repository>>),
    /// How often, and how far apart.
    Pace(Pace),
    /// A webhook has named this repository, and it concerns these Applications: look at it now.
    Look(Arc<str>, BTreeSet<AppKey>),
}

/// How often the sources are asked.
pub struct Pace {
    /// Each remote, and each chart of a Helm repository; zero means never.
    pub interval: Duration,
    /// How far apart remotes are asked.
    pub jitter: Duration,
    /// Everything anew; zero means never.
    pub hard: Duration,
}

impl Pace {
    /// The settings' pace.
    pub fn of(settings: &Settings) -> Self {
        Self { interval: settings.poll_interval, jitter: settings.poll_jitter, hard: settings.hard_interval }
    }
}

/// A look that has ended.
struct Looked {
    repository: Arc<str>,
    /// Whether something has moved; none where the remote did not answer.
    moved: Option<bool>,
    /// Whether trouble with the remote has begun or ended.
    is_news: bool,
    hurried: bool,
}

struct Seeker {
    repositories: BTreeMap<Arc<str>, Arc<Repository>>,
    timetable: Timetable,
    charts: Beat,
    hard: Beat,
    hurry: Hurry,
    watch: Option<Watch>,
    watched: BTreeSet<Arc<str>>,
    events: mpsc::UnboundedSender<Event>,
    looked: mpsc::UnboundedSender<Looked>,
}

/// Starts the task; it ends with the sender of its orders.
pub fn start(events: mpsc::UnboundedSender<Event>, seed: u64) -> mpsc::UnboundedSender<Order> {
    let (orders, incoming) = mpsc::unbounded_channel();
    let (moved, movements) = mpsc::channel(1024);
    let watch =
        Watch::start(moved).inspect_err(|error| tracing::warn!(%error, "local repositories are polled")).ok();
    let (looked, looks) = mpsc::unbounded_channel();
    let timetable = Timetable::new(Duration::ZERO, Duration::ZERO, seed);
    let (charts, hard, hurry) = Default::default();
    let mut seeker = Seeker {
        repositories: BTreeMap::new(),
        timetable,
        charts,
        hard,
        hurry,
        watch,
        watched: BTreeSet::new(),
        events,
        looked,
    };
    seeker.obey(Order::Pace(Pace::of(&Settings::default())));
    tokio::spawn(seeker.follow(incoming, movements, looks));
    orders
}

impl Seeker {
    async fn follow(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        mut movements: mpsc::Receiver<Arc<str>>,
        mut looks: mpsc::UnboundedReceiver<Looked>,
    ) {
        loop {
            let beats = [self.timetable.next(), self.charts.next(), self.hard.next(), self.hurry.next()];
            let next = beats.into_iter().flatten().min();
            let due = async move {
                match next {
                    Some(next) => tokio::time::sleep(next.since(clock::steady())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(id) = movements.recv() => self.moved(&id),
                Some(looked) = looks.recv() => self.has_looked(looked),
                () = due => self.look_at_due(),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Pace(Pace { interval, jitter, hard }) => {
                self.timetable.set(interval, jitter);
                self.charts.set(interval, clock::steady());
                self.hard.set(hard, clock::steady());
            }
            Order::Look(repository, apps) => {
                self.hurry.ask(repository, apps, clock::steady());
                self.look_at_due();
            }
            Order::Follow(repositories) => {
                self.repositories = repositories;
                let all: BTreeSet<Arc<str>> = self.repositories.keys().cloned().collect();
                let mut polled = all.clone();
                if let Some(watch) = &mut self.watch {
                    watch.keep(&all);
                    let before = std::mem::take(&mut self.watched);
                    for (id, repository) in
                        self.repositories.iter().filter(|(_, found)| found.local_folder().is_some())
                    {
                        match watch.add(repository) {
                            Ok(()) => {
                                polled.remove(id);
                                self.watched.insert(id.clone());
                                // It may have moved between the first look and the watch.
                                if !before.contains(id) {
                                    let moved = Moved::Repository(id.to_string());
                                    let _ = self.events.send(Event::SourceMoved(moved));
                                }
                            }
                            Err(error) => tracing::warn!(%error, "repository is polled"),
                        }
                    }
                }
                let now = clock::steady();
                let fresh = self.timetable.keep(&polled, now);
                let troubled = |id: &Arc<str>| {
                    self.repositories.get(id).is_some_and(|repository| repository.trouble().is_some())
                };
                let troubled: Vec<Arc<str>> = fresh.into_iter().filter(troubled).collect();
                troubled.iter().for_each(|id| self.timetable.failed(id, now));
            }
        }
    }

    fn moved(&self, id: &str) {
        let _ = self.events.send(Event::SourceMoved(Moved::Repository(id.to_owned())));
    }

    fn look_at_due(&mut self) {
        let now = clock::steady();
        if self.charts.take(now) {
            let _ = self.events.send(Event::SourceMoved(Moved::Charts));
        }
        if self.hard.take(now) {
            let _ = self.events.send(Event::SourceMoved(Moved::Everything));
        }
        for id in self.timetable.take_due(now) {
            self.look(id, false);
        }
        for id in self.hurry.take_due(now) {
            self.look(id, true);
        }
    }

    fn look(&mut self, id: Arc<str>, hurried: bool) {
        let Some(repository) = self.repositories.get(&id).cloned() else {
            let _ = self.looked.send(Looked { repository: id, moved: Some(false), is_news: false, hurried });
            return;
        };
        let looked = self.looked.clone();
        tokio::task::spawn_blocking(move || {
            let was_well = repository.trouble().is_none();
            let outcome = repository.look();
            if let Err(error) = &outcome {
                let error = chain(error);
                tracing::warn!(repository = repository.shown(), error, "repository could not be looked at");
            }
            let is_news = was_well != outcome.is_ok();
            let _ = looked.send(Looked { repository: id, moved: outcome.ok(), is_news, hurried });
        });
    }

    fn has_looked(&mut self, Looked { repository, moved, is_news, hurried }: Looked) {
        let now = clock::steady();
        match moved {
            Some(_) => self.timetable.looked(&repository, now),
            None => self.timetable.failed(&repository, now),
        }
        // Trouble that begins or ends is news for the Applications too: their conditions say so.
        let concerns_all = is_news || moved == Some(true);
        if hurried {
            let first = self.hurry.done(&repository, moved.is_some(), now);
            let event = Moved::Looked { repository, first, moved: concerns_all };
            let _ = self.events.send(Event::SourceMoved(event));
        } else if concerns_all {
            self.moved(&repository);
        }
    }
}
