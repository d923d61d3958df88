//! Pauses: when one begins, and when it is over.

use std::time::Duration;

use model::Time;
use model::rollout::{CanaryStep, Pause};

use crate::approve;
use crate::decision::HoldReason;
use crate::duration;
use crate::pass::Pass;

/// Reason of a pause step.
pub(crate) const CANARY: &str = "CanaryPauseStep";
/// Reason of the pause before a blue-green promotion.
pub(crate) const BLUE_GREEN: &str = "BlueGreenPause";
/// Reason of a pause because an analysis could not tell.
pub(crate) const INCONCLUSIVE_RUN: &str = "InconclusiveAnalysisRun";
/// Reason of a pause because an experiment could not tell.
pub(crate) const INCONCLUSIVE_EXPERIMENT: &str = "InconclusiveExperiment";

/// Begins the pause of the current step, or says what it waits for.
pub(crate) fn begin(pass: &mut Pass, step: &CanaryStep) {
    let Some(pause) = &step.pause else { return };
    match pass.pause(CANARY).map(|condition| condition.start_time) {
        // Pods that move end the look; the clock starts in the next one.
        None if !pass.before.controller_pause && !pass.scaled => {
            pass.add_pause(CANARY);
            wait(pass, pause, pass.now);
        }
        // Somebody took it away: the step is over.
        None => {}
        Some(start) => wait(pass, pause, pass.exact(start)),
    }
}

/// True where a pause step is over: its time has passed, somebody took the pause away, or a commit approved it.
pub(crate) fn is_over(pass: &Pass, pause: &Pause) -> bool {
    let Some(condition) = pass.pause(CANARY) else { return pass.before.controller_pause };
    let expired = end(pause, pass.exact(condition.start_time)).is_some_and(|end| pass.now >= end);
    expired || approve::is_approved(pass)
}

fn wait(pass: &mut Pass, pause: &Pause, start: Time) {
    let Some(end) = end(pause, start) else {
        return pass.hold(HoldReason::AwaitingPromotion, approve::invitation(pass));
    };
    pass.wake_at(end);
    pass.hold(HoldReason::PauseStep, format!("the pause ends at {end}"));
}

fn end(pause: &Pause, start: Time) -> Option<Time> {
    // Validation refuses a length that cannot be read; should one come this far, it waits for a human.
    let length: Option<Duration> = duration::of_pause(pause).unwrap_or_default();
    length.map(|length| start.plus(length))
}
