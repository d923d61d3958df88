//! Laws of plans: whatever the set, the cluster and the stops in between.

mod plan_world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::application::SyncStatusCode;
use model::key::ObjectKey;
use plan_world::World;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync::desired::Refused;
use sync::plan::Action;

/// A scenario as the world reads it.
fn scenarios() -> impl Strategy<Value = Value> {
    let wanted = prop::collection::btree_map((kinds(), 0..6u8), wanted_fields(), 0..8);
    let live = prop::collection::btree_map((kinds(), 0..8u8), live_fields(), 0..6);
    (
        wanted,
        live,
        prop::option::weighted(0.3, 0..6u8),
        prop::option::weighted(0.3, 0..6u8),
        any::<[bool; 4]>(),
    )
        .prop_map(|(wanted, live, refused, refused_late, [prune, create, allow_empty, heal])| {
            let named = |((kind, name), mut fields): ((&str, u8), Value)| {
                fields["kind"] = kind.into();
                fields["name"] = format!("n{name}").into();
                fields
            };
            let words =
                |name: Option<u8>| name.map_or(json!({}), |name| json!({format!("n{name}"): "refused"}));
            let options: &[&str] = if create { &["CreateNamespace=true"] } else { &[] };
            json!({
                "app": {"spec": {"syncPolicy": {
                    "automated": {"prune": prune, "allowEmpty": allow_empty, "selfHeal": heal},
                    "syncOptions": options, "retry": {"limit": 2},
                }}},
                "namespaces": if create { json!([]) } else { json!(["prod"]) },
                "want": wanted.into_iter().map(named).collect::<Vec<_>>(),
                "live": live.into_iter().map(named).collect::<Vec<_>>(),
                "refuse": words(refused), "refuseApply": words(refused_late),
                "others": ["other"],
                "comesUp": {"n0": "Degraded", "n1": "Progressing"},
            })
        })
}

fn kinds() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ConfigMap", "Service", "Deployment", "Job", "ClusterRole", "Thing"])
}

fn wanted_fields() -> impl Strategy<Value = Value> {
    let hook = prop::option::weighted(
        0.2,
        prop::sample::select(vec!["PreSync", "Sync", "PostSync", "SyncFail", "Skip"]),
    );
    let policy = prop::sample::select(vec!["BeforeHookCreation", "HookSucceeded", "HookFailed"]);
    (-1..3i64, hook, policy, 0..3u8).prop_map(|(wave, hook, policy, data)| {
        let mut fields = json!({"wave": wave, "data": data.to_string(), "deletePolicy": policy});
        if let Some(hook) = hook {
            fields["hook"] = hook.into();
        }
        fields
    })
}

fn live_fields() -> impl Strategy<Value = Value> {
    let owner = prop::sample::select(vec!["shop", "shop", "none", "other", "shop:/ConfigMap:prod/elsewhere"]);
    let options = prop::sample::select(vec!["", "Prune=false", "Prune=confirm", "PruneLast=true"]);
    let verdict = prop::sample::select(vec!["Synced", "OutOfSync"]);
    (owner, options, verdict, -1..3i64, any::<bool>()).prop_map(|(owner, options, verdict, wave, held)| {
        let finalizers: &[&str] = if held { &["example.com/held"] } else { &[] };
        let healthy = "Healthy";
        json!({
            "owner": owner, "options": options, "verdict": verdict, "wave": wave, "health": healthy,
            "finalizers": finalizers, "creationTimestamp": "2025-01-01T00:00:00Z",
        })
    })
}

fn world(scenario: &Value) -> World {
    let mut world = World::read(&scenario.to_string());
    // What is not ours by its mark may not be deleted: the world refuses it loudly.
    let tracking = world.tracking();
    for stored in world.cluster.values_mut() {
        stored.tracked = tracking.owner(&stored.object) == Some("shop");
    }
    world
}

/// The cluster as far as a sync decides it.
fn picture(world: &World) -> BTreeMap<ObjectKey, (Option<u64>, bool)> {
    world.cluster.iter().map(|(key, stored)| (key.clone(), (stored.hash, stored.deleting))).collect()
}

fn untracked(world: &World) -> BTreeSet<ObjectKey> {
    let foreign = world.cluster.iter().filter(|(_, stored)| !stored.tracked);
    foreign.map(|(key, _)| key.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every run comes to rest; what is not synced then has a reason, and another look finds nothing to do.
    #[test]
    fn every_run_ends_or_waits_for_a_named_reason(scenario in scenarios()) {
        let mut world = world(&scenario);
        let before = untracked(&world);
        let rest = world.settle();
        let again = world.plan();
        prop_assert!(again.batches.is_empty(), "carried out, yet there is more to do:\n{}", again);
        prop_assert_eq!(again.operation, None);
        let is_explained = !rest.held.is_empty() || !rest.conditions.is_empty();
        prop_assert!(rest.sync.status == SyncStatusCode::Synced || is_explained, "no reason given:\n{}", rest);
        for key in before {
            prop_assert!(world.cluster.contains_key(&key), "{} was not ours", key);
        }
    }

    /// A stop after any call, with its status lost, ends where an undisturbed run ends.
    #[test]
    fn a_lost_status_changes_nothing_in_the_end(scenario in scenarios(), stops in prop::collection::vec(0..12usize, 0..4)) {
        let mut calm = world(&scenario);
        calm.settle();
        let mut disturbed = world(&scenario);
        for call in 0..12 {
            let before = disturbed.app["status"].clone();
            disturbed.step();
            if stops.contains(&call) {
                disturbed.app["status"] = before;
                disturbed.answers.clear();
                disturbed.last_write = None;
            }
        }
        disturbed.settle();
        prop_assert_eq!(picture(&calm), picture(&disturbed));
    }

    /// A clock that is set, either way, changes nothing in the end, and nobody waits for the old hour (fault F13).
    #[test]
    fn a_clock_that_is_set_changes_nothing_in_the_end(
        scenario in scenarios(),
        jumps in prop::collection::vec((0..12usize, -7200..7200_i64), 0..4),
    ) {
        let mut calm = world(&scenario);
        calm.settle();
        let mut disturbed = world(&scenario);
        for call in 0..12 {
            for (_, seconds) in jumps.iter().filter(|(at, _)| *at == call) {
                disturbed.set_clock(*seconds);
            }
            let before = disturbed.now;
            if let Some(wake) = disturbed.step().wake {
                prop_assert!(wake.since(before) <= Duration::from_secs(600), "waits until {}", wake);
            }
        }
        disturbed.settle();
        prop_assert_eq!(picture(&calm), picture(&disturbed));
    }

    /// The order in which a source names its objects does not matter: the order of a plan is total.
    #[test]
    fn the_order_is_total(scenario in scenarios(), seed in any::<u64>()) {
        let straight = world(&scenario);
        let mut shuffled = world(&scenario);
        let mut state = seed;
        for place in (1..shuffled.wanted.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.wanted.swap(place, usize::try_from(state >> 33).unwrap_or(0) % (place + 1));
        }
        let batches = |mut world: World| {
            let mut all = Vec::new();
            for _ in 0..12 {
                all.extend(world.step().batches.iter().map(|batch| format!("{batch:?}")));
            }
            all
        };
        prop_assert_eq!(batches(straight), batches(shuffled));
    }

    /// While the render is not complete, nothing is changed, and the inventory keeps every row.
    #[test]
    fn an_incomplete_render_changes_nothing(scenario in scenarios(), calls in 0..6usize) {
        let mut world = world(&scenario);
        for _ in 0..calls {
            world.step();
        }
        let rows = world.application().status.resources.len();
        world.problems = Refused::because("a file cannot be read", "mend it").problems;
        for _ in 0..4 {
            let plan = world.step();
            prop_assert!(plan.batches.is_empty(), "{}", plan);
            prop_assert_eq!(plan.sync.status, SyncStatusCode::Unknown);
            prop_assert!(plan.sync.resources.len() >= rows);
        }
    }

    /// Whatever is applied or deleted is allowed by the project.
    #[test]
    fn the_project_is_never_passed_by(scenario in scenarios()) {
        let mut scenario = scenario;
        scenario["project"] = json!({
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "prod"}],
            "namespaceResourceBlacklist": [{"group": "apps", "kind": "*"}],
        });
        let mut world = world(&scenario);
        for _ in 0..20 {
            for action in world.step().batches.iter().flat_map(|batch| &batch.actions) {
                let Some(key) = action.key() else { continue };
                let is_own_namespace = matches!(action, Action::CreateNamespace { .. });
                prop_assert!(key.group != "apps" && (key.kind != "ClusterRole") || is_own_namespace, "{}", action);
            }
        }
    }
}

/// One plan of 1000 objects costs little, at rest and at work.
#[test]
fn a_thousand_objects_come_to_rest() {
    let want: Vec<Value> =
        (0..1000).map(|at| json!({"kind": "ConfigMap", "name": format!("n{at:04}")})).collect();
    let mut world = World::read(&json!({"want": want}).to_string());
    let rest = world.settle();
    assert_eq!(rest.sync.status, SyncStatusCode::Synced);
    assert_eq!((world.dry_runs, world.writes), (1000, 1000), "one dry run and one write for each new object");
}
