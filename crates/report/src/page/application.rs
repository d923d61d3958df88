//! The screen of one application.

use askama::Template;
use model::application::{Condition, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, SyncStatusCode};
use model::{ObjectKey, Time};

use super::home::Parent;
use super::text::{is_web_address, segment};
use super::tree::{self, Step};
use super::walk::Walk;
use super::words::{Badge, Moment, Standing, cause, is_error, short};
use super::{Scene, written};
use crate::AppReport;
use crate::application::{AppKey, HistoryLine, LastSync, SourceLine};

/// Lines of one difference that the page shows.
const MOST_LINES: usize = 2_000;

/// The screen of one application.
pub fn application(app: &AppReport, scene: &Scene<'_>) -> String {
    let now = scene.now;
    let (steps, unshown) = tree::steps(&app.resources, now);
    written(&Application {
        app,
        notice: scene.notice,
        parent: Parent::of(app),
        standing: Standing::of(app),
        sync: Badge::of_sync(app.sync),
        health: Badge::of_health(app.health),
        cause: cause(app),
        sources: SourceView::all(app, scene),
        destination: destination(app),
        last: LastView::of(app, now),
        observed: Moment::seen(app.observed_at, now),
        conditions: app.conditions.iter().map(|line| ConditionView::of(line, now)).collect(),
        steps,
        unshown,
        rollouts: app.rollouts.iter().map(|(key, walk)| Walk::of(key, walk, now)).collect(),
        differences: differences(app),
        history: app.history.iter().map(|line| HistoryView::of(line, now)).collect(),
        links: app.links.iter().map(|text| Link { text, safe: is_web_address(text) }).collect(),
    })
}

/// Where an application's screen is.
pub(super) fn address(key: &AppKey) -> String {
    format!("/applications/{}/{}", segment(&key.namespace), segment(&key.name))
}

#[derive(Template)]
#[template(path = "application.html")]
struct Application<'a> {
    app: &'a AppReport,
    notice: Option<&'a str>,
    parent: Option<Parent<'a>>,
    standing: Standing,
    sync: Badge,
    health: Badge,
    cause: Option<&'a str>,
    sources: Vec<SourceView<'a>>,
    destination: &'a str,
    last: Option<LastView<'a>>,
    observed: Moment,
    conditions: Vec<ConditionView<'a>>,
    steps: Vec<Step<'a>>,
    unshown: usize,
    rollouts: Vec<Walk<'a>>,
    differences: Vec<Difference<'a>>,
    history: Vec<HistoryView<'a>>,
    links: Vec<Link<'a>>,
}

/// A source and its revision as people quote it.
pub(super) struct SourceView<'a> {
    pub(super) line: &'a SourceLine,
    /// The repository without what every URL has.
    pub(super) repository: &'a str,
    /// True where the repository's URL may be a link.
    pub(super) is_link: bool,
    pub(super) revision: &'a str,
    /// When the commit was authored.
    pub(super) committed: Option<Moment>,
    /// When the remote was last asked.
    pub(super) looked: Option<Moment>,
    /// Since when it has not answered, and why.
    pub(super) silent: Option<Silent<'a>>,
}

/// A remote that does not answer.
pub(super) struct Silent<'a> {
    pub(super) why: &'a str,
    /// When it last did; none where it never has.
    pub(super) answered: Option<Moment>,
}

impl<'a> SourceView<'a> {
    pub(super) fn all(app: &'a AppReport, scene: &Scene<'a>) -> Vec<Self> {
        app.sources.iter().map(|line| Self::of(line, scene)).collect()
    }

    fn of(line: &'a SourceLine, scene: &Scene<'a>) -> Self {
        let look = scene.looks.at(&line.repository);
        let moment = |at: Time| Moment::seen(at, scene.now);
        Self {
            line,
            repository: plain(&line.repository),
            is_link: is_web_address(&line.repository),
            revision: short(&line.revision),
            committed: line.commit.as_ref().and_then(|commit| commit.date).map(moment),
            looked: look.map(|look| moment(look.at)),
            silent: look.and_then(|look| {
                Some(Silent { why: look.failure.as_deref()?, answered: look.answered_at.map(moment) })
            }),
        }
    }
}

/// A repository's URL without scheme and `.git`.
fn plain(url: &str) -> &str {
    let plain = url.split_once("://").map_or(url, |(_, rest)| rest);
    plain.strip_suffix(".git").unwrap_or(plain)
}

/// The destination as people call it.
pub(super) fn destination(app: &AppReport) -> &str {
    match app.destination.trim_end_matches('/') {
        IN_CLUSTER_SERVER => IN_CLUSTER_NAME,
        other => other,
    }
}

/// The last or running sync.
pub(super) struct LastView<'a> {
    pub(super) line: &'a LastSync,
    pub(super) phase: Badge,
    pub(super) revision: &'a str,
    /// When it ended, or started where it has not ended.
    pub(super) when: Option<Moment>,
}

impl<'a> LastView<'a> {
    pub(super) fn of(app: &'a AppReport, now: Time) -> Option<Self> {
        let line = app.last_sync.as_ref()?;
        let when = line.finished_at.or(line.started_at).map(|at| Moment::seen(at, now));
        Some(Self { line, phase: Badge::of_phase(line.phase), revision: short(&line.revision), when })
    }
}

struct ConditionView<'a> {
    line: &'a Condition,
    class: &'static str,
    when: Option<Moment>,
}

impl<'a> ConditionView<'a> {
    fn of(line: &'a Condition, now: Time) -> Self {
        let class = if is_error(&line.kind) { "bad" } else { "warn" };
        Self { line, class, when: line.last_transition_time.map(|at| Moment::seen(at, now)) }
    }
}

struct HistoryView<'a> {
    line: &'a HistoryLine,
    revision: &'a str,
    when: Option<Moment>,
}

impl<'a> HistoryView<'a> {
    fn of(line: &'a HistoryLine, now: Time) -> Self {
        let when = line.deployed_at.map(|at| Moment::seen(at, now));
        Self { line, revision: short(&line.revision), when }
    }
}

struct Link<'a> {
    text: &'a str,
    safe: bool,
}

/// What differs in one object.
struct Difference<'a> {
    key: &'a ObjectKey,
    added: usize,
    removed: usize,
    lines: Vec<Line<'a>>,
    unshown: usize,
}

struct Line<'a> {
    mark: Mark,
    text: &'a str,
}

/// What a line of a unified diff says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Added,
    Removed,
    /// Where the change is: a file or a range.
    Place,
    Same,
}

/// The differences of all objects that are not as desired.
fn differences(app: &AppReport) -> Vec<Difference<'_>> {
    let differs = app.resources.iter().filter(|line| line.sync == Some(SyncStatusCode::OutOfSync));
    differs
        .filter_map(|line| Some((&line.key, line.diff.as_deref()?)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| Difference::of(key, text))
        .collect()
}

impl<'a> Difference<'a> {
    fn of(key: &'a ObjectKey, text: &'a str) -> Self {
        let lines = lines(text);
        let count = |wanted: Mark| lines.iter().filter(|line| line.mark == wanted).count();
        Self {
            key,
            added: count(Mark::Added),
            removed: count(Mark::Removed),
            unshown: text.lines().count().saturating_sub(MOST_LINES),
            lines,
        }
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    // Only what stands before the first range is a file's name; after it, `---` is a removed line.
    let mut in_header = text.contains("\n@@ ");
    let mark = |text: &str| {
        in_header &= !text.starts_with("@@");
        match text.as_bytes().first() {
            Some(b'@') => Mark::Place,
            Some(b'+' | b'-') if in_header => Mark::Place,
            Some(b'+') => Mark::Added,
            Some(b'-') => Mark::Removed,
            _ => Mark::Same,
        }
    };
    let marks: Vec<Mark> = text.lines().take(MOST_LINES).map(mark).collect();
    marks.into_iter().zip(text.lines()).map(|(mark, text)| Line { mark, text }).collect()
}
