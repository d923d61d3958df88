//! What an Experiment comes to.

use super::Look;
use crate::runs::is_done;

/// Sets phase and message.
pub(super) fn conclude(look: &mut Look) {
    let before = look.seen.experiment.status.phase.clone();
    if is_done(&before) {
        return;
    }
    let (phase, message) = verdict(look);
    if phase == "Running" && look.decision.status.available_at.is_none() {
        look.decision.status.available_at = Some(look.now);
    }
    if let Some(end) = look.end().filter(|end| *end > look.now) {
        look.wake_at(end);
    }
    if before != phase {
        let bad = matches!(phase.as_str(), "Failed" | "Error" | "Inconclusive");
        let mut words = format!("Experiment transitioned from {before} -> {phase}");
        if !message.is_empty() {
            words = format!("{words}: {message}");
        }
        look.tell(bad, format!("Experiment{phase}"), words);
    }
    look.decision.status.phase = phase;
    look.decision.status.message = message;
}

fn verdict(look: &Look) -> (String, String) {
    let status = &look.decision.status;
    let words = |phase: &str, message: &str| (phase.to_owned(), message.to_owned());
    let failed =
        status.template_statuses.iter().find(|one| matches!(one.status.as_str(), "Failed" | "Error"));
    if let Some(version) = failed {
        return words(&version.status, &version.message);
    }
    let worst = status.analysis_runs.iter().filter(|run| is_done(&run.phase) && run.phase != "Successful");
    if let Some(run) = worst.max_by_key(|run| severity(&run.phase)) {
        return words(&run.phase, &run.message);
    }
    let running = status.template_statuses.iter().all(|one| one.status == "Running")
        && !status.template_statuses.is_empty();
    if !look.is_ending() {
        let begun = status.available_at.is_some() || running;
        return words(if begun { "Running" } else { "Pending" }, "");
    }
    // What must be done for it to end well is waited for, whatever the duration.
    let spec = &look.seen.experiment.spec;
    let open = spec.analyses.iter().filter(|analysis| analysis.required_for_completion).any(|analysis| {
        let run = status.analysis_runs.iter().find(|run| run.name == analysis.name);
        run.is_none_or(|run| run.phase != "Successful")
    });
    if open && !spec.terminate && status.available_at.is_some() {
        return words("Running", "");
    }
    words("Successful", "")
}

fn severity(phase: &str) -> u8 {
    match phase {
        "Failed" => 3,
        "Error" => 2,
        "Inconclusive" => 1,
        _ => 0,
    }
}
