//! Where the Rollouts of an Application stand, and which of its commits they gave up.

use std::sync::Arc;

use model::{Application, Object, ObjectKey, Time};
use rollout::progress::GivenUp;
use rollout::{AnalysisRun, Progress, ReplicaSet, Rollout};

use super::observe::Observed;
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

/// Which commits were given up, and why, each in a sentence.
pub fn rejected(app: &Application, walks: &[(ObjectKey, Arc<Progress>)]) -> Vec<String> {
    let given_up = walks.iter().filter_map(|(key, progress)| Some((key, progress.given_up.as_ref()?)));
    given_up.map(|(key, given_up)| sentence(app, key, given_up)).collect()
}

fn sentence(app: &Application, key: &ObjectKey, given_up: &GivenUp) -> String {
    let commit = given_up.since.and_then(|since| revision_at(app, since));
    let commit = commit.unwrap_or_else(|| app.status.sync.revision.clone());
    let why = given_up.why.trim_end_matches('.');
    format!(
        "Revision {commit} is rejected by Rollout {}/{} ({}): {why}. The version before it serves until Git moves",
        key.namespace,
        key.name,
        given_up.images.join(", "),
    )
}

/// The revision that was in force when something was made: of the last sync that had begun by then.
fn revision_at(app: &Application, made: Time) -> Option<String> {
    let began = |start: Option<Time>| start.is_some_and(|start| start.whole_seconds() <= made);
    let last = app.status.history.iter().rev().find(|entry| began(entry.deploy_started_at))?;
    Some(if last.revisions.is_empty() { last.revision.clone() } else { last.revisions.join(", ") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(since: &str, expected: &str) {
        let entry = |id: i64, revision: &str, start: &str| json!({"id": id, "revision": revision, "deployStartedAt": start, "deployedAt": start});
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {"project": "default", "source": {"repoURL": "https://git.example.com/shop"}, "destination": {}},
            "status": {"sync": {"status": "Synced", "revision": "ccc"}, "history": [
                entry(1, "aaa", "2024-05-01T12:00:00Z"), entry(2, "bbb", "2024-05-01T12:10:00Z"),
                entry(3, "ccc", "2024-05-01T12:20:00Z")]}});
        let app = Application::read(&Object::from_value(object).expect("it is a map")).expect("it reads");
        let given_up = GivenUp {
            revision: 2,
            images: vec!["web:2".into()],
            why: "too many errors.".into(),
            since: Some(since.parse().expect("it is a time")),
        };
        let walk = Arc::new(Progress { given_up: Some(given_up), ..Progress::default() });
        let key = ObjectKey::new("argoproj.io", "Rollout", "prod", "web");
        assert_eq!(rejected(&app, &[(key, walk)]), [expected]);
    }

    #[test]
    fn the_commit_that_brought_the_version_is_named_and_not_a_later_one() {
        check(
            "2024-05-01T12:10:00Z",
            "Revision bbb is rejected by Rollout prod/web (web:2): too many errors. The version before it serves until \
             Git moves",
        );
        check(
            "2024-05-01T11:00:00Z",
            "Revision ccc is rejected by Rollout prod/web (web:2): too many errors. The version before it serves until \
             Git moves",
        );
    }
}
