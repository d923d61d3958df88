//! An Application's status as it is written: its times move only with what they belong to.

use model::application::{ApplicationStatus, HealthCode, OperationState, SyncStatusCode};
use model::{Application, Object, Time};
use report::status::{Facts, status};
use serde_json::json;
use sync::plan::{Compared, Plan, Revision};

fn app(status: &ApplicationStatus) -> Application {
    let object = json!({
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"source": {"repoURL": "https://git.example.com/shop.git", "path": "deploy"}, "revisionHistoryLimit": 2},
        "status": status,
    });
    Application::read(&Object::from_value(object).expect("it is a map")).expect("it can be read")
}

fn at(minute: u32) -> Time {
    format!("2026-01-01T12:{minute:02}:00Z").parse().expect("it is a time")
}

/// The status that follows the one before.
fn next(
    before: &ApplicationStatus,
    code: SyncStatusCode,
    health: HealthCode,
    ended: &[OperationState],
    now: Time,
) -> ApplicationStatus {
    let plan = Plan { sync: Compared { status: code, resources: Vec::new() }, ..Plan::default() };
    status(&Facts {
        app: &app(before),
        plan: &plan,
        ended,
        health: (health, String::new()),
        revision: Some(&Revision::single("4f1c2ab")),
        source_types: vec!["Directory".to_owned()],
        images: Vec::new(),
        links: Vec::new(),
        control_namespace: "argocd",
        now,
    })
}

#[test]
fn nothing_new_is_nothing_to_write() {
    use HealthCode::{Degraded, Healthy};
    use SyncStatusCode::{OutOfSync, Synced};
    let first = next(&ApplicationStatus::default(), Synced, Healthy, &[], at(0));
    assert_eq!((first.reconciled_at, first.health.last_transition_time), (Some(at(0)), Some(at(0))));
    assert_eq!(next(&first, Synced, Healthy, &[], at(1)), first, "time alone changes nothing");
    let drifted = next(&first, OutOfSync, Healthy, &[], at(2));
    assert_eq!((drifted.reconciled_at, drifted.health.last_transition_time), (Some(at(2)), Some(at(0))));
    let ill = next(&drifted, OutOfSync, Degraded, &[], at(3));
    assert_eq!((ill.reconciled_at, ill.health.last_transition_time), (Some(at(3)), Some(at(3))));
}

#[test]
fn history_keeps_the_last_whole_syncs() {
    let ended = |revision: &str| -> OperationState {
        serde_json::from_value(json!({
            "phase": "Succeeded", "operation": {"sync": {}}, "startedAt": at(0), "finishedAt": at(1),
            "syncResult": {"revision": revision, "resources": []},
        }))
        .expect("it can be read")
    };
    let mut status = ApplicationStatus::default();
    for revision in ["one", "two", "three"] {
        status = next(&status, SyncStatusCode::Synced, HealthCode::Healthy, &[ended(revision)], at(2));
    }
    let kept: Vec<(i64, &str)> =
        status.history.iter().map(|entry| (entry.id, entry.revision.as_str())).collect();
    assert_eq!(kept, [(1, "two"), (2, "three")]);
    let partial: OperationState = serde_json::from_value(json!({
        "phase": "Succeeded", "operation": {"sync": {"resources": [{"kind": "ConfigMap", "name": "a"}]}},
        "startedAt": at(0), "syncResult": {"revision": "four", "resources": []},
    }))
    .expect("it can be read");
    let after = next(&status, SyncStatusCode::Synced, HealthCode::Healthy, &[partial], at(3));
    assert_eq!(after.history, status.history, "a sync of some objects is no version to go back to");
}
