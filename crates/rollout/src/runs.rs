//! Which AnalysisRuns exist, and what their verdicts do to an update.

use model::rollout::{AnalysisRunSummary, BackgroundAnalysis, Canary, RolloutAnalysis};

use crate::decision::{Action, HoldReason};
use crate::observed::AnalysisRun;
use crate::pass::{Pass, target};
use crate::view::Way;
use crate::{pauses, promotion, run_spec, steps};

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Background,
    Step,
    PrePromotion,
    PostPromotion,
}

impl Kind {
    /// The word in labels and events.
    fn word(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Step => "Step",
            Self::PrePromotion => "PrePromotion",
            Self::PostPromotion => "PostPromotion",
        }
    }

    /// What a failure of it begins with.
    fn failure(self) -> &'static str {
        match self {
            Self::Background => "Background analysis phase error/failed",
            Self::Step => "Step-based analysis phase error/failed",
            Self::PrePromotion => "Blue/green pre-promotion analysis phase error/failed",
            Self::PostPromotion => "Blue/green post-promotion analysis phase error/failed",
        }
    }
}

/// Begins the runs that must exist, judges those that do, ends and forgets the rest.
pub(crate) fn follow(pass: &mut Pass) {
    let mut current = Vec::new();
    if is_without_analysis(pass) {
        if matches!(pass.view.way, Way::Canary(_)) {
            for kind in [Kind::Background, Kind::Step] {
                *slot(pass, kind) = None;
            }
        }
    } else {
        match pass.view.way {
            Way::Canary(canary) => {
                current.extend(step(pass, canary));
                current.extend(background(pass, canary));
            }
            Way::BlueGreen(_) => {
                current.extend(around_promotion(pass, Kind::PrePromotion));
                current.extend(around_promotion(pass, Kind::PostPromotion));
            }
        }
    }
    end_others(pass, &current);
    forget(pass, &current);
}

/// True where the run of a kind ended well.
pub(crate) fn is_successful(pass: &Pass, kind: Kind) -> bool {
    let summary = read(pass, kind);
    summary.is_some_and(|summary| summary.status == "Successful")
}

fn is_without_analysis(pass: &Pass) -> bool {
    pass.before.stable_rs.is_empty()
        || pass.is_fully_promoted()
        || pass.is_aborted()
        || pass.before.promote_full
        || promotion::is_within_window(pass)
}

/// The run of an analysis step: only while nothing else holds the update.
fn step(pass: &mut Pass, canary: &Canary) -> Option<String> {
    let named = read(pass, Kind::Step).map(|summary| summary.name.clone());
    if !pass.before.pause_conditions.is_empty() {
        return named;
    }
    let place = steps::index(&canary.steps, &pass.before)?;
    let analysis = canary.steps.get(place).and_then(|step| step.analysis.as_ref());
    let index = place.to_string();
    let Some(analysis) = analysis.filter(|analysis| !analysis.templates.is_empty()) else {
        *slot(pass, Kind::Step) = None;
        return None;
    };
    let of_this_step = |run: &&AnalysisRun| run.meta.label("step-index") == Some(index.as_str());
    let run = named.as_deref().and_then(|name| find(pass, name)).filter(of_this_step);
    run_of(pass, Kind::Step, analysis, run, &format!("-{index}"))
}

fn background(pass: &mut Pass, canary: &Canary) -> Option<String> {
    let analysis = canary.analysis.as_ref().filter(|analysis| !analysis.templates.is_empty());
    let place = steps::index(&canary.steps, &pass.before).map_or(i32::MAX, steps::as_index);
    let begun = |analysis: &&BackgroundAnalysis| place >= analysis.starting_step.unwrap_or(0);
    let Some(analysis) = analysis.filter(begun).filter(|_| !pass.before.current_pod_hash.is_empty()) else {
        *slot(pass, Kind::Background) = None;
        return None;
    };
    let named = read(pass, Kind::Background).map(|summary| summary.name.clone());
    let run = named.as_deref().and_then(|name| find(pass, name));
    if pass.pause(pauses::INCONCLUSIVE_RUN).is_some() {
        return note(pass, Kind::Background, run);
    }
    run_of(pass, Kind::Background, &without_start(analysis), run, "")
}

fn without_start(analysis: &BackgroundAnalysis) -> RolloutAnalysis {
    let BackgroundAnalysis {
        starting_step: _,
        templates,
        args,
        dry_run,
        measurement_retention,
        analysis_run_metadata,
    } = analysis.clone();
    RolloutAnalysis { templates, args, dry_run, measurement_retention, analysis_run_metadata }
}

/// The run before a blue-green update takes over, or after it did.
fn around_promotion(pass: &mut Pass, kind: Kind) -> Option<String> {
    let blue_green = pass.view.way.blue_green()?;
    let (analysis, suffix) = match kind {
        Kind::PrePromotion => (blue_green.pre_promotion_analysis.as_ref(), "-pre"),
        Kind::PostPromotion => (blue_green.post_promotion_analysis.as_ref(), "-post"),
        Kind::Background | Kind::Step => return None,
    };
    let named = read(pass, kind).map(|summary| summary.name.clone());
    let run = named.as_deref().and_then(|name| find(pass, name));
    let Some(analysis) = analysis.filter(|analysis| !analysis.templates.is_empty()) else {
        *slot(pass, kind) = None;
        return None;
    };
    if !is_due(pass, kind, run.is_some()) {
        return None;
    }
    if pass.pause(pauses::INCONCLUSIVE_RUN).is_some() {
        return note(pass, kind, run);
    }
    run_of(pass, kind, analysis, run, suffix)
}

/// Before the promotion while another version serves, after it once this one does; neither begins before the pods are
/// there, and none that began is ended because one of them went.
fn is_due(pass: &Pass, kind: Kind, begun: bool) -> bool {
    let active =
        pass.before.blue_green.as_ref().map(|status| status.active_selector.clone()).unwrap_or_default();
    let serves = active == pass.view.hash;
    let place = match kind {
        Kind::PrePromotion => !active.is_empty() && !serves,
        Kind::PostPromotion => serves,
        Kind::Background | Kind::Step => false,
    };
    place && (begun || crate::blue_green::is_ready(pass))
}

/// The run of a kind: the one there is, or a new one where none is, where a human asked again after an inconclusive
/// one, or where an aborted update is tried again.
fn run_of(
    pass: &mut Pass,
    kind: Kind,
    analysis: &RolloutAnalysis,
    run: Option<&AnalysisRun>,
    suffix: &str,
) -> Option<String> {
    if !needs_new(pass, run) {
        judge(pass, kind, run?);
        return note(pass, kind, run);
    }
    let built = match run_spec::build(pass, kind.word(), analysis, suffix) {
        Ok(built) => built,
        Err(why) => {
            pass.block(HoldReason::InvalidSpec, why);
            return run.map(|run| run.meta.name.clone());
        }
    };
    let name = match built {
        run_spec::Built::There(run) => {
            judge(pass, kind, run);
            return note(pass, kind, Some(run));
        }
        run_spec::Built::New(object) => {
            let name = object.name().to_owned();
            pass.actions.push(Action::CreateAnalysisRun(*object));
            name
        }
    };
    let summary = AnalysisRunSummary { name: name.clone(), ..AnalysisRunSummary::default() };
    *slot(pass, kind) = Some(summary);
    pass.hold(HoldReason::AnalysisRunning, format!("AnalysisRun {name} begins"));
    Some(name)
}

fn needs_new(pass: &Pass, run: Option<&AnalysisRun>) -> bool {
    let Some(run) = run else { return true };
    let other_pause = pass.pause(pauses::CANARY).is_some() || pass.pause(pauses::BLUE_GREEN).is_some();
    if pass.before.controller_pause && !other_pause {
        return run.status.phase == "Inconclusive";
    }
    pass.before.aborted_at.is_some()
}

fn judge(pass: &mut Pass, kind: Kind, run: &AnalysisRun) {
    match run.status.phase.as_str() {
        "Inconclusive" => {
            pass.add_pause(pauses::INCONCLUSIVE_RUN);
            let words = format!("AnalysisRun {} is inconclusive: {}", run.meta.name, run.status.message);
            pass.hold(HoldReason::Inconclusive, words);
        }
        "Failed" | "Error" if run.status.message.is_empty() => pass.give_up(kind.failure().to_owned()),
        "Failed" | "Error" => pass.give_up(format!("{}: {}", kind.failure(), run.status.message)),
        "Successful" => {}
        _ => pass.hold(HoldReason::AnalysisRunning, format!("AnalysisRun {} is running", run.meta.name)),
    }
}

/// Notes a run in the status, and tells when its phase changed.
fn note(pass: &mut Pass, kind: Kind, run: Option<&AnalysisRun>) -> Option<String> {
    let run = run?;
    let (name, phase) = (run.meta.name.clone(), run.status.phase.clone());
    let before = read(pass, kind).filter(|before| before.name == name).cloned();
    let was = before.as_ref().map_or("", |before| before.status.as_str());
    if !phase.is_empty() && was != phase {
        let was = if was.is_empty() { "NoPreviousStatus" } else { was };
        let words = format!("{} Analysis Run '{name}' Status New: '{phase}' Previous: '{was}'", kind.word());
        match phase.as_str() {
            "Failed" | "Error" => pass.warn(&format!("AnalysisRun{phase}"), words),
            _ => pass.tell(&format!("AnalysisRun{phase}"), words),
        }
    }
    let message = run.status.message.clone();
    *slot(pass, kind) = Some(AnalysisRunSummary { name: name.clone(), status: phase, message });
    Some(name)
}

fn find<'a>(pass: &Pass<'a>, name: &str) -> Option<&'a AnalysisRun> {
    pass.seen.analysis_runs.iter().find(|run| run.meta.name == name)
}

fn read<'p>(pass: &'p Pass, kind: Kind) -> Option<&'p AnalysisRunSummary> {
    let canary = pass.status.canary.as_ref();
    let blue_green = pass.status.blue_green.as_ref();
    match kind {
        Kind::Background => canary?.current_background_analysis_run_status.as_ref(),
        Kind::Step => canary?.current_step_analysis_run_status.as_ref(),
        Kind::PrePromotion => blue_green?.pre_promotion_analysis_run_status.as_ref(),
        Kind::PostPromotion => blue_green?.post_promotion_analysis_run_status.as_ref(),
    }
}

fn slot<'p>(pass: &'p mut Pass, kind: Kind) -> &'p mut Option<AnalysisRunSummary> {
    let status = &mut pass.status;
    match kind {
        Kind::Background => &mut status.canary.get_or_insert_default().current_background_analysis_run_status,
        Kind::Step => &mut status.canary.get_or_insert_default().current_step_analysis_run_status,
        Kind::PrePromotion => {
            &mut status.blue_green.get_or_insert_default().pre_promotion_analysis_run_status
        }
        Kind::PostPromotion => {
            &mut status.blue_green.get_or_insert_default().post_promotion_analysis_run_status
        }
    }
}

/// True once a run has its verdict.
pub(crate) fn is_done(phase: &str) -> bool {
    matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive")
}

fn end_others(pass: &mut Pass, current: &[String]) {
    let runs = pass.seen.analysis_runs.iter();
    let running = runs.filter(|run| {
        run.meta.controller == pass.view.rollout.meta.uid
            && !current.contains(&run.meta.name)
            && !is_done(&run.status.phase)
            && !run.spec.terminate
            && !run.meta.deleting
    });
    let ends: Vec<Action> = running.map(|run| Action::TerminateAnalysisRun(target(&run.meta))).collect();
    pass.actions.extend(ends);
}

/// Deletes runs beyond the history, and those of versions that are gone.
fn forget(pass: &mut Pass, current: &[String]) {
    let limits = pass.view.rollout.spec.analysis.clone().unwrap_or_default();
    let mut good = limits.successful_run_history_limit.unwrap_or(5);
    let mut bad = limits.unsuccessful_run_history_limit.unwrap_or(5);
    let kept_names = in_status(pass);
    let runs = pass.seen.analysis_runs.iter().filter(|run| {
        run.meta.controller == pass.view.rollout.meta.uid
            && is_done(&run.status.phase)
            && !run.meta.deleting
            && !current.contains(&run.meta.name)
            && !kept_names.contains(&run.meta.name)
    });
    let mut runs: Vec<&AnalysisRun> = runs.collect();
    runs.sort_by_key(|run| std::cmp::Reverse((run.meta.created, run.meta.name.clone())));
    for run in runs {
        let room = if run.status.phase == "Successful" { &mut good } else { &mut bad };
        let has_version = pass.view.own.iter().any(|set| set.meta.hash() == run.meta.hash());
        if has_version && *room > 0 {
            *room -= 1;
        } else {
            pass.actions.push(Action::DeleteAnalysisRun(target(&run.meta)));
        }
    }
}

/// Runs that the status still names, as a blue-green update does after its end.
fn in_status(pass: &Pass) -> Vec<String> {
    let kinds = [Kind::Background, Kind::Step, Kind::PrePromotion, Kind::PostPromotion];
    kinds.into_iter().filter_map(|kind| read(pass, kind)).map(|summary| summary.name.clone()).collect()
}
