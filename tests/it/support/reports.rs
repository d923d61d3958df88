//! Reports as an agent makes them, for tests of the page.

use std::net::SocketAddr;
use std::sync::Arc;

use model::application::{Condition, HealthCode, OperationPhase, SyncStatusCode};
use model::{ObjectKey, Time};
use report::application::{
    AppKey, AppReport, CommitLine, HistoryLine, LastSync, ResourceLine, SourceLine, TreeNode,
};
use rollout::Progress;
use rollout::progress::{MetricProgress, RunProgress, Version, Weight};
use tokio::sync::watch;
use windlass::server::{Front, Hosts};

/// The time in most of a report's fields.
pub const WHEN: &str = "2024-05-01T12:00:00Z";

/// A front for a listener on this machine, and what stops it.
pub fn front() -> (Front, watch::Sender<bool>) {
    let (stop, stopping) = watch::channel(false);
    let listener = SocketAddr::from(([127, 0, 0, 1], 8080));
    (Front::new(Hosts::for_listener(listener, &[]), stopping), stop)
}

/// The key of an application in the usual namespace.
pub fn key(name: &str) -> AppKey {
    AppKey { namespace: "argocd".to_owned(), name: name.to_owned() }
}

fn time(text: &str) -> Time {
    text.parse().expect("it is a time")
}

/// A canary in the middle of its steps.
fn rollout(text: &impl Fn(&str) -> String) -> (ObjectKey, Arc<Progress>) {
    let version = |role, revision, available| Version {
        role,
        hash: text("5d7df7c7b7"),
        revision,
        images: vec![text("registry.example.com/shop:1.0.0")],
        wanted: 3,
        available,
    };
    let metric = MetricProgress {
        name: text("success-rate"),
        phase: text("Running"),
        last: text("[0.97]"),
        condition: text("success where result[0] >= 0.95"),
        failed: (1, Some(3)),
        count: 5,
        dry_run: false,
    };
    let run = RunProgress {
        name: text("shop-5d7df7c7b7-2"),
        phase: text("Running"),
        message: text(""),
        metrics: vec![metric],
    };
    let progress = Progress {
        strategy: "canary",
        phase: text("Paused"),
        message: text("CanaryPauseStep"),
        steps: ["setWeight: 10", "pause: 2m", "setWeight: 30"].map(text).into(),
        steps_done: 1,
        weight: Some(Weight { asked: 10, in_force: 10 }),
        pause_ends: Some(time("2024-05-02T12:01:10Z")),
        versions: vec![version("canary", 2, 1), version("stable", 1, 3)],
        runs: vec![run],
        given_up: None,
    };
    let key = ObjectKey::new("argoproj.io", "Rollout", text("shop"), text("web"));
    (key, Arc::new(progress))
}

/// An application that is well; every string of it goes through `text`.
pub fn report(name: &str, text: impl Fn(&str) -> String) -> AppReport {
    let when = Some(time(WHEN));
    let commit = CommitLine { subject: text("Raise the limits"), author: text("Ann Author"), date: when };
    let revision = text("0123456789abcdef0123456789abcdef01234567");
    AppReport {
        key: AppKey { namespace: "argocd".to_owned(), name: text(name) },
        parent: Some(AppKey { namespace: text("argocd"), name: text("production") }),
        project: text("default"),
        sources: vec![SourceLine {
            repository: text("https://git.example.com/team/shop.git"),
            place: text("charts/shop"),
            kind: text("Helm"),
            target_revision: text("main"),
            revision: revision.clone(),
            commit: Some(commit.clone()),
        }],
        destination: text("https://kubernetes.default.svc"),
        destination_namespace: text("shop"),
        sync: SyncStatusCode::Synced,
        health: HealthCode::Healthy,
        health_message: text(""),
        cause: None,
        automated: true,
        deleting: false,
        last_sync: Some(LastSync {
            phase: OperationPhase::Succeeded,
            message: text("successfully synced (all tasks run)"),
            revision: revision.clone(),
            started_at: when,
            finished_at: when,
            retries: 1,
        }),
        conditions: vec![Condition {
            kind: text("SharedResourceWarning"),
            message: text("ConfigMap/shop/settings is part of applications argocd/shop and blog"),
            last_transition_time: when,
        }],
        resources: vec![deployment(&text), config_map(&text), child(&text)],
        rollouts: vec![rollout(&text)],
        history: vec![HistoryLine {
            id: 0,
            revision,
            started_at: when,
            deployed_at: when,
            initiated_by: text("automated"),
            commit: Some(commit),
        }],
        images: vec![text("registry.example.com/shop:1.0.0")],
        links: vec![text("https://shop.example.com/"), text("not a link")],
        observed_at: time(WHEN),
    }
}

fn line(key: ObjectKey, text: &impl Fn(&str) -> String) -> ResourceLine {
    ResourceLine {
        key,
        version: text("v1"),
        sync: Some(SyncStatusCode::Synced),
        health: None,
        health_message: text(""),
        wave: 0,
        hook: false,
        requires_pruning: false,
        note: text("serverside-applied"),
        held_by: text(""),
        diff: None,
        origin: text("charts/shop/templates/all.yaml:7"),
        children: Vec::new(),
    }
}

fn deployment(text: &impl Fn(&str) -> String) -> ResourceLine {
    let pod = TreeNode {
        key: ObjectKey::new("", "Pod", text("shop"), text("web-6d4cf56db6-x2x7k")),
        health: Some(HealthCode::Healthy),
        health_message: text(""),
        created: text(WHEN),
        images: vec![text("registry.example.com/shop:1.0.0")],
        children: Vec::new(),
    };
    let replica_set = TreeNode {
        key: ObjectKey::new("apps", "ReplicaSet", text("shop"), text("web-6d4cf56db6")),
        health: Some(HealthCode::Healthy),
        health_message: text(""),
        created: text(WHEN),
        images: Vec::new(),
        children: vec![pod],
    };
    ResourceLine {
        health: Some(HealthCode::Healthy),
        wave: 2,
        children: vec![replica_set],
        ..line(ObjectKey::new("apps", "Deployment", text("shop"), text("web")), text)
    }
}

fn config_map(text: &impl Fn(&str) -> String) -> ResourceLine {
    let diff = text("--- live\n+++ desired\n@@ -1,3 +1,3 @@\n data:\n-  colour: red\n+  colour: blue");
    ResourceLine {
        sync: Some(SyncStatusCode::OutOfSync),
        diff: Some(Arc::from(diff)),
        ..line(ObjectKey::new("", "ConfigMap", text("shop"), text("settings")), text)
    }
}

fn child(text: &impl Fn(&str) -> String) -> ResourceLine {
    line(ObjectKey::new("argoproj.io", "Application", text("argocd"), text("shop-database")), text)
}

/// One application of each standing, as they come.
pub fn several() -> Vec<AppReport> {
    let plain = |name: &str| AppReport {
        rollouts: Vec::new(),
        conditions: Vec::new(),
        resources: vec![deployment(&str::to_owned), child(&str::to_owned)],
        ..report(name, str::to_owned)
    };
    let broken = Condition {
        kind: "ComparisonError".to_owned(),
        message: "templates/web.yaml:12: function \"includ\" not defined".to_owned(),
        last_transition_time: Some(time(WHEN)),
    };
    let unreadable = AppReport {
        parent: None,
        project: String::new(),
        sources: Vec::new(),
        destination: String::new(),
        destination_namespace: String::new(),
        sync: SyncStatusCode::Unknown,
        health: HealthCode::Unknown,
        cause: Some("spec.project: it is a number; correct the field".to_owned()),
        last_sync: None,
        resources: Vec::new(),
        rollouts: Vec::new(),
        history: Vec::new(),
        images: Vec::new(),
        links: Vec::new(),
        ..plain("unreadable")
    };
    vec![
        plain("shop"),
        AppReport {
            sync: SyncStatusCode::Unknown,
            cause: Some(broken.message.clone()),
            conditions: vec![broken],
            ..plain("blog")
        },
        AppReport {
            health: HealthCode::Progressing,
            cause: Some(
                "Deployment/shop/web is Progressing: 1 of 3 updated replicas are available".to_owned(),
            ),
            ..plain("database")
        },
        AppReport { sync: SyncStatusCode::OutOfSync, automated: false, ..plain("reports") },
        AppReport { deleting: true, ..plain("retired") },
        unreadable,
    ]
}
