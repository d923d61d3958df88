//! A new version, or other steps: everything starts over, or is skipped where the version is known to be good.

use crate::pass::Pass;
use crate::view::Way;
use crate::{promotion, status, steps};

/// True where the status is about another version or about other steps.
pub(crate) fn is_new(pass: &Pass) -> bool {
    let steps_changed = match pass.view.way {
        Way::Canary(_) => pass.before.current_step_hash != pass.view.step_hash,
        Way::BlueGreen(_) => false,
    };
    pass.before.current_pod_hash != pass.view.hash || steps_changed
}

/// Starts over. The stable version stays what it is.
pub(crate) fn reset(pass: &mut Pass) {
    let status = &mut pass.status;
    status.pause_conditions.clear();
    status.controller_pause = false;
    status.abort = false;
    status.aborted_at = None;
    status.promote_full = false;
    // All pods of a new version are new.
    status.restarted_at = pass.view.rollout.spec.restart_at;
    if let Some(canary) = &mut status.canary {
        canary.current_step_analysis_run_status = None;
        canary.current_background_analysis_run_status = None;
        canary.current_experiment = String::new();
        canary.step_plugin_statuses.clear();
    }
    if let Some(blue_green) = &mut status.blue_green {
        blue_green.pre_promotion_analysis_run_status = None;
        blue_green.post_promotion_analysis_run_status = None;
        blue_green.scale_up_preview_check_point = false;
    }
    let count = pass.view.steps().len();
    let first = first_step(pass, count);
    pass.status.current_step_index = (count > 0).then(|| steps::as_index(first));
    status::finish(pass);
}

/// All steps are skipped on the way back to a version that is known to be good.
fn first_step(pass: &mut Pass, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    if pass.is_fully_promoted() {
        pass.tell("SkipSteps", "Rollback to stable ReplicaSets");
        return count;
    }
    let is_active = pass.view.new.is_some_and(|new| new.replicas > 0);
    if is_active && promotion::is_within_window(pass) {
        pass.tell("SkipSteps", "Rollback to active ReplicaSets within RollbackWindow");
        return count;
    }
    0
}

/// There is nothing to give up about what is promoted already.
pub(crate) fn drop_idle_abort(pass: &mut Pass) {
    let same_version = pass.before.current_pod_hash == pass.view.hash;
    if pass.before.abort && pass.is_fully_promoted() && same_version {
        pass.before.abort = false;
        pass.status.abort = false;
        pass.status.aborted_at = None;
    }
}
