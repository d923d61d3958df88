//! Where a Rollout stands, on the screen of its Application.

use model::{ObjectKey, Time};
use rollout::Progress;
use rollout::progress::{MetricProgress, RunProgress, Version};

use super::words::{Badge, ahead};

/// One Rollout.
pub(super) struct Walk<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) progress: &'a Progress,
    pub(super) phase: Badge,
    /// What it waits for, in a sentence.
    pub(super) waits: String,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) versions: Vec<VersionView<'a>>,
    pub(super) runs: Vec<RunView<'a>>,
}

/// One step of a canary.
pub(super) struct Step<'a> {
    pub(super) words: &'a str,
    pub(super) class: &'static str,
    /// How it stands, for those who do not see the class.
    pub(super) standing: &'static str,
}

pub(super) struct VersionView<'a> {
    pub(super) version: &'a Version,
    pub(super) images: String,
}

pub(super) struct RunView<'a> {
    pub(super) run: &'a RunProgress,
    pub(super) phase: Badge,
    pub(super) metrics: Vec<MetricView<'a>>,
}

pub(super) struct MetricView<'a> {
    pub(super) metric: &'a MetricProgress,
    pub(super) phase: Badge,
    /// Such as `1 of 3 tolerated`.
    pub(super) failed: String,
}

impl<'a> Walk<'a> {
    pub(super) fn of(key: &'a ObjectKey, progress: &'a Progress, now: Time) -> Self {
        Self {
            key,
            progress,
            phase: Badge::of_rollout(&progress.phase),
            waits: waits(progress, now),
            steps: steps(progress),
            versions: progress
                .versions
                .iter()
                .map(|version| VersionView { version, images: version.images.join(", ") })
                .collect(),
            runs: progress.runs.iter().map(RunView::of).collect(),
        }
    }
}

/// The steps; none is in progress for a version that was given up.
fn steps(progress: &Progress) -> Vec<Step<'_>> {
    let standing = |place: usize| match progress.steps_done {
        _ if progress.given_up.is_some() => ("ahead", "not taken"),
        done if place < done => ("done", "done"),
        done if place == done => ("current", "in progress"),
        _ => ("ahead", "to come"),
    };
    let steps = progress.steps.iter().enumerate().map(|(place, words)| {
        let (class, standing) = standing(place);
        Step { words, class, standing }
    });
    steps.collect()
}

fn waits(progress: &Progress, now: Time) -> String {
    match (progress.phase.as_str(), progress.pause_ends) {
        ("Paused", Some(end)) => format!("The pause ends at {end}, {}.", ahead(end, now)),
        ("Paused", None) if progress.message == "CanaryPauseStep" || progress.message == "BlueGreenPause" => {
            "It waits for an approval: by a commit, or by hand.".to_owned()
        }
        _ => String::new(),
    }
}

impl<'a> RunView<'a> {
    fn of(run: &'a RunProgress) -> Self {
        let metrics = run.metrics.iter().map(|metric| MetricView {
            metric,
            phase: Badge::of_analysis(&metric.phase),
            failed: match metric.failed {
                (failed, Some(tolerated)) => format!("{failed} of {tolerated} tolerated"),
                (failed, None) => format!("{failed}, any number is tolerated"),
            },
        });
        Self { run, phase: Badge::of_analysis(&run.phase), metrics: metrics.collect() }
    }
}
