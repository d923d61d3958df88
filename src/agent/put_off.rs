//! Which statuses may wait a moment: those that say nothing new but the revision.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use model::Time;
use model::application::ApplicationStatus;

use super::clock;
use super::queue::Depth;
use super::sync::{Progress, Run};

/// A commit moves the revision of every application in its repository. Those that it changes are written first; the
/// others wait this long and up to [`SPREAD`] more, so that no burst of writes holds the change up, and a burst of
/// commits becomes one write.
const QUIET: Duration = Duration::from_millis(250);
/// Over what time the writes are spread.
const SPREAD: Duration = Duration::from_millis(1000);
/// However many commits come, a status does not wait longer than this.
const LONGEST: Duration = Duration::from_secs(5);

/// Until when (by [`clock::steady`]) a status may wait that says nothing new but the revision; none where it is to be
/// written now.
pub fn put_off(run: &mut Run, progress: &Progress, after: &ApplicationStatus) -> Option<Time> {
    let asked = run.refresh_asked || progress.clear_request || !progress.ended.is_empty();
    if asked || !is_only_moved(&run.app.status, after) {
        run.memory.owed = None;
        return None;
    }
    let now = clock::steady();
    if run.depth == Depth::Tree || run.memory.owed.is_some_and(|deadline| deadline <= now) {
        run.memory.owed = None;
        return None;
    }
    run.memory.owed.get_or_insert(now.plus(LONGEST));
    let mut hasher = DefaultHasher::new();
    (&run.app.uid, &after.sync.revision).hash(&mut hasher);
    let fraction = f64::from(u16::try_from(hasher.finish() % 1000).unwrap_or(0)) / 1000.0;
    Some(now.plus(QUIET + SPREAD.mul_f64(fraction)))
}

/// True where a commit that changes nothing else is all that is new.
fn is_only_moved(before: &ApplicationStatus, after: &ApplicationStatus) -> bool {
    let (old, new) = (&before.sync, &after.sync);
    if before.reconciled_at.is_none() || (&old.revision, &old.revisions) == (&new.revision, &new.revisions) {
        return false;
    }
    let mut moved = before.clone();
    moved.reconciled_at = after.reconciled_at;
    moved.sync.revision.clone_from(&new.revision);
    moved.sync.revisions.clone_from(&new.revisions);
    moved == *after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared_to(revision: &str) -> ApplicationStatus {
        let reconciled_at = Some("2026-01-01T12:00:00Z".parse().expect("it is a time"));
        let mut status = ApplicationStatus { reconciled_at, ..ApplicationStatus::default() };
        status.sync.revision = revision.to_owned();
        status
    }

    #[test]
    fn only_a_revision_may_wait() {
        let before = compared_to("a");
        assert!(is_only_moved(&before, &compared_to("b")));
        assert!(!is_only_moved(&before, &before), "nothing is new");
        assert!(!is_only_moved(&ApplicationStatus::default(), &compared_to("b")), "it is the first status");
        let mut worse = compared_to("b");
        worse.health.message = "Deployment/web is Degraded".to_owned();
        assert!(!is_only_moved(&before, &worse));
    }
}
