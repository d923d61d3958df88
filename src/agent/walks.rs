//! Where the Rollouts of an Application stand, and which of its commits they gave up.

use std::sync::Arc;

use model::application::RevisionHistory;
use model::{Application, Object, ObjectKey, Time};
use report::application::HistoryLine;
use rollout::progress::GivenUp;
use rollout::{AnalysisRun, Progress, ReplicaSet, Rollout};

use super::observe::Observed;
use super::tell::Teller;
use crate::cluster::cache::Cache;
use crate::cluster::decision::kinds;

/// Where each Rollout among the objects stands, by key. One that cannot be read says so in its own status.
pub fn walks(cache: &Cache, observed: &Observed) -> Vec<(ObjectKey, Arc<Progress>)> {
    let is_rollout = |key: &ObjectKey| key.group == "argoproj.io" && key.kind == "Rollout";
    let rollouts = observed.whole.iter().filter(|(key, _)| is_rollout(key));
    let mut walks: Vec<_> = rollouts
        .filter_map(|(key, (_, whole))| {
            let rollout = Rollout::read(&whole.object()).ok()?;
            let below: Vec<Object> = below(cache, &rollout.meta.uid);
            let of = |kind: &'static str| below.iter().filter(move |object| object.kind() == kind);
            let sets: Vec<ReplicaSet> = of("ReplicaSet").map(ReplicaSet::read).collect();
            let runs: Vec<AnalysisRun> =
                of("AnalysisRun").filter_map(|run| AnalysisRun::seen(run).ok()).collect();
            Some((key.clone(), Arc::new(Progress::of(&rollout, &sets, &runs))))
        })
        .collect();
    walks.sort_by(|(one, _), (other, _)| one.cmp(other));
    walks
}

/// What the Rollout has made and the cache keeps whole: all of it where this agent drives Rollouts.
fn below(cache: &Cache, uid: &str) -> Vec<Object> {
    let kinds = [kinds::replica_set(), kinds::analysis_run()];
    let own = cache.children(uid).into_iter().filter(|live| kinds.contains(&live.gvk));
    own.filter_map(|live| live.whole).map(|whole| whole.object()).collect()
}

/// Which commits were given up, and why, each in a sentence. What an Application itself is made of may have moved: then
/// the commit is that of the Application that made it.
pub fn rejected(app: &Application, walks: &[(ObjectKey, Arc<Progress>)], teller: &Teller) -> Vec<String> {
    let given_up = walks.iter().filter_map(|(key, progress)| Some((key, progress.given_up.as_ref()?)));
    let told = given_up.map(|(key, given_up)| {
        let verdict = verdict(key, given_up);
        // Said already: what is known now may be less, after a start.
        let is_it = |message: &str| message.trim_end_matches('.').ends_with(&verdict);
        let said = app.status.conditions.iter().find(|condition| is_it(&condition.message));
        said.map_or_else(
            || format!("{} {verdict}", culprit(app, given_up.since, teller)),
            |said| said.message.trim_end_matches('.').to_owned(),
        )
    });
    told.collect()
}

fn verdict(key: &ObjectKey, given_up: &GivenUp) -> String {
    let (images, why) = (given_up.images.join(", "), given_up.why.trim_end_matches('.'));
    format!(
        "is rejected by Rollout {}/{} ({images}): {why}. The version before it serves until Git moves",
        key.namespace, key.name,
    )
}

/// One sync of an Application.
struct Deployed {
    revision: String,
    began: Option<Time>,
}

/// Applications that made each other, one above the other, which are looked at.
const MOST_PARENTS: usize = 8;

/// The revision that brought what was made at a time.
fn culprit(app: &Application, made: Option<Time>, teller: &Teller) -> String {
    let joined = |entry: &RevisionHistory| {
        if entry.revisions.is_empty() { entry.revision.clone() } else { entry.revisions.join(", ") }
    };
    let deployed =
        |entry: &RevisionHistory| Deployed { revision: joined(entry), began: entry.deploy_started_at };
    let own: Vec<Deployed> = app.status.history.iter().rev().map(deployed).collect();
    let mut parent = teller.parent(app);
    let Some(mut found) = made.and_then(|made| brought(&own, made)) else {
        return format!("Revision {}", app.status.sync.revision);
    };
    let mut whose = String::new();
    for _ in 0..MOST_PARENTS {
        if found.has_moved {
            break;
        }
        let Some((key, report)) =
            parent.take().and_then(|key| Some((key.clone(), teller.reports().get(&key)?)))
        else {
            break;
        };
        let line = |line: &HistoryLine| Deployed { revision: line.revision.clone(), began: line.started_at };
        let above: Vec<Deployed> = report.history.iter().map(line).collect();
        let Some(next) = made.and_then(|made| brought(&above, made)) else { break };
        (found, whose) = (next, format!(" of Application {key}"));
        parent.clone_from(&report.parent);
    }
    format!("Revision {}{whose}", found.revision)
}

/// What was in force at a time.
#[derive(Debug, PartialEq, Eq)]
struct Brought {
    revision: String,
    /// False where the sync before had the same revision: something else made the difference.
    has_moved: bool,
}

/// The last sync that had begun by then; `history` is newest first.
fn brought(history: &[Deployed], made: Time) -> Option<Brought> {
    let has_begun = |sync: &Deployed| sync.began.is_some_and(|began| began.whole_seconds() <= made);
    let place = history.iter().position(has_begun)?;
    let revision = history[place].revision.clone();
    let has_moved = history.get(place + 1).is_none_or(|before| before.revision != revision);
    Some(Brought { revision, has_moved })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(made: &str, expected: Option<(&str, bool)>) {
        let time = |text: &str| text.parse::<Time>().expect("it is a time");
        let deployed = |revision: &str, began: &str| Deployed {
            revision: revision.to_owned(),
            began: Some(time(began)),
        };
        let history = [
            deployed("b", "2024-05-01T12:20:00Z"),
            deployed("b", "2024-05-01T12:10:00Z"),
            deployed("a", "2024-05-01T12:00:00Z"),
        ];
        let expected =
            expected.map(|(revision, has_moved)| Brought { revision: revision.to_owned(), has_moved });
        assert_eq!(brought(&history, time(made)), expected);
    }

    #[test]
    fn the_sync_that_had_begun_brought_it_and_not_a_later_one() {
        check("2024-05-01T12:10:00Z", Some(("b", true)));
        check("2024-05-01T12:09:59Z", Some(("a", true)));
        check("2024-05-01T11:00:00Z", None);
    }

    #[test]
    fn the_same_revision_again_did_not_move() {
        check("2024-05-01T12:21:00Z", Some(("b", false)));
    }
}
