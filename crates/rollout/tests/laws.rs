//! Laws that every update keeps, whatever happens to it.

use std::time::Duration;

use model::{Object, Time};
use proptest::prelude::*;
use rollout::simulate::{PodRule, World};
use rollout::{Decision, ReplicaSet, decide};
use serde_json::{Value, json};

/// What happens to a Rollout.
#[derive(Clone, Debug)]
enum Happening {
    Run(u64),
    Image(u8),
    Replicas(i32),
    Promote,
    PromoteFull,
    Abort,
    Retry,
    Pause(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1_u64..200).prop_map(Happening::Run),
        3 => (0_u8..4).prop_map(Happening::Image),
        1 => (0_i32..12).prop_map(Happening::Replicas),
        2 => Just(Happening::Promote),
        1 => Just(Happening::PromoteFull),
        1 => Just(Happening::Abort),
        1 => Just(Happening::Retry),
        1 => any::<bool>().prop_map(Happening::Pause),
    ]
}

fn step() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (0_i32..=100).prop_map(|weight| json!({"setWeight": weight})),
        1 => Just(json!({"pause": {}})),
        2 => (0_i32..100).prop_map(|seconds| json!({"pause": {"duration": seconds}})),
    ]
}

#[derive(Clone, Debug)]
struct Plan {
    replicas: i32,
    surge: i32,
    unavailable: i32,
    steps: Vec<Value>,
    routed: bool,
    dynamic: bool,
    happenings: Vec<Happening>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec(step(), 0..6);
    let happenings = prop::collection::vec(happening(), 1..14);
    (1_i32..10, 0_i32..4, 0_i32..3, steps, any::<bool>(), any::<bool>(), happenings).prop_map(
        |(replicas, surge, unavailable, steps, routed, dynamic, happenings)| Plan {
            replicas,
            surge,
            // Both at zero is refused by the validation.
            unavailable: if surge == 0 { unavailable.max(1) } else { unavailable },
            steps,
            routed,
            dynamic: dynamic && routed,
            happenings,
        },
    )
}

fn world(plan: &Plan) -> World {
    let mut canary = json!({"maxSurge": plan.surge, "maxUnavailable": plan.unavailable, "steps": plan.steps});
    if plan.routed {
        canary["canaryService"] = "canary".into();
        canary["stableService"] = "stable".into();
        canary["trafficRouting"] = json!({"istio": {"virtualService": {"name": "web"}}});
        canary["dynamicStableScale"] = plan.dynamic.into();
    }
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {
            "replicas": plan.replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [image(0)]}},
            "strategy": {"canary": canary},
        },
    });
    let start: Time = "2026-01-01T00:00:00Z".parse().expect("it is a time");
    let rollout = Object::from_value(rollout).expect("it is an object");
    let mut world = World::new(vec![rollout], start).expect("there is a Rollout");
    world.pod_rules = vec![PodRule { image: String::new(), after: Some(Duration::from_secs(3)) }];
    world
}

fn image(version: u8) -> Value {
    json!({"name": "web", "image": format!("web:{version}")})
}

fn happen(world: &mut World, happening: &Happening) {
    match happening {
        Happening::Run(seconds) => {
            let start = world.now;
            world.walk(start, Duration::from_secs(*seconds), |_, _| {}).expect("it comes to rest");
        }
        Happening::Image(version) => {
            world.edit(&json!({"spec": {"template": {"spec": {"containers": [image(*version)]}}}}));
        }
        Happening::Replicas(count) => world.edit(&json!({"spec": {"replicas": count}})),
        Happening::Promote => world.edit_status(&json!({"pauseConditions": null})),
        Happening::PromoteFull => world.edit_status(&json!({"promoteFull": true})),
        Happening::Abort => world.edit_status(&json!({"abort": true})),
        Happening::Retry => world.edit_status(&json!({"abort": false})),
        Happening::Pause(paused) => world.edit(&json!({"spec": {"paused": paused}})),
    }
}

/// Everything that holds after each single action.
fn check(world: &World, plan: &Plan, steady: bool) {
    let seen = world.observe().expect("objects can be read");
    let status = &seen.rollout.status;
    let replicas = seen.rollout.spec.replicas.unwrap_or(1);
    let weights = status.canary.as_ref().and_then(|canary| canary.weights.as_ref());
    if let Some(weights) = weights {
        assert_eq!(weights.canary.weight + weights.stable.weight, 100, "weights are a whole");
        assert!((0..=100).contains(&weights.canary.weight));
    }
    let sets: Vec<&ReplicaSet> = seen.replica_sets.iter().collect();
    let by_spec: i32 = sets.iter().map(|set| set.replicas).sum();
    if !plan.routed && steady {
        assert!(by_spec <= replicas + plan.surge, "{by_spec} pods of {replicas} and {} more", plan.surge);
    }
    // No pod breaks in these stories: what is missing was taken away.
    let up = status.conditions.iter().any(|one| one.kind == "Available" && one.status == "True");
    if !plan.routed && steady && up {
        let available: i32 = sets.iter().map(|set| set.available.min(set.replicas)).sum();
        let least = replicas - missing(plan, replicas);
        assert!(available >= least, "{available} pods are available, {least} must be");
    }
    if status.phase == "Healthy" {
        assert_eq!(status.stable_rs, status.current_pod_hash, "healthy is promoted");
    }
}

/// Pods that may be missing.
fn missing(plan: &Plan, replicas: i32) -> i32 {
    if plan.surge == 0 { plan.unavailable.max(1).min(replicas) } else { plan.unavailable.min(replicas) }
}

/// Applies what a decision says, looking after each action.
fn carry_out(world: &mut World, decision: &Decision, plan: &Plan, steady: bool) {
    for action in &decision.actions {
        world.act(action).expect("nothing changed since");
        check(world, plan, steady);
    }
    world.write_status(decision);
    world.pass(Duration::ZERO);
    check(world, plan, steady);
}

fn settle(world: &mut World, plan: &Plan, steady: bool) -> Decision {
    for _ in 0..200 {
        let seen = world.observe().expect("objects can be read");
        let decision = decide(&seen, world.now);
        assert_eq!(decision, decide(&seen, world.now), "the same input gives the same decision");
        if decision.actions.is_empty() && decision.status == seen.rollout.status {
            return decision;
        }
        carry_out(world, &decision, plan, steady);
    }
    panic!("it does not come to rest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_update_keeps_its_bounds_and_ends_or_waits_for_a_named_reason(plan in plan()) {
        let mut world = world(&plan);
        settle(&mut world, &plan, true);
        // Bounds of surge hold while `replicas` does: pods beyond a smaller number go in their turn.
        let steady = !plan.happenings.iter().any(|one| matches!(one, Happening::Replicas(_)));
        for happening in &plan.happenings {
            happen(&mut world, happening);
            settle(&mut world, &plan, steady);
        }
        world.edit(&json!({"spec": {"paused": false}}));
        let start = world.now;
        let end = world.walk(start, Duration::from_hours(2), |_, _| {}).expect("it comes to rest");
        let status = world.observe().expect("objects can be read").rollout.status;
        let named = match end {
            rollout::simulate::End::Done => true,
            rollout::simulate::End::Waits(held) => !held.is_empty(),
            rollout::simulate::End::OutOfTime => false,
        };
        prop_assert!(named, "{status:?}");
        let resting = matches!(status.phase.as_str(), "Healthy" | "Paused" | "Degraded");
        prop_assert!(resting, "{} {}", status.phase, status.message);
    }

    #[test]
    fn a_stop_after_any_action_is_caught_up(plan in plan(), stop in 0_usize..40) {
        let mut whole = world(&plan);
        let mut stopped = world(&plan);
        let mut left = stop;
        for happening in &plan.happenings {
            happen(&mut whole, happening);
            happen(&mut stopped, happening);
            settle(&mut whole, &plan, false);
            interrupted(&mut stopped, &mut left);
            settle(&mut stopped, &plan, false);
        }
        let rest = |world: &mut World| {
            let start = world.now;
            world.walk(start, Duration::from_hours(2), |_, _| {}).expect("it comes to rest");
            let status = world.observe().expect("objects can be read").rollout.status;
            (status.phase, status.current_step_index, status.stable_rs, status.updated_replicas)
        };
        prop_assert_eq!(rest(&mut whole), rest(&mut stopped));
    }
}

/// Carries decisions out until one action before an end is reached: its status is lost.
fn interrupted(world: &mut World, left: &mut usize) {
    for _ in 0..200 {
        let seen = world.observe().expect("objects can be read");
        let decision = decide(&seen, world.now);
        if decision.actions.is_empty() && decision.status == seen.rollout.status {
            return;
        }
        for action in &decision.actions {
            world.act(action).expect("nothing changed since");
            if *left == 0 {
                *left = 7;
                return world.pass(Duration::ZERO);
            }
            *left -= 1;
        }
        world.write_status(&decision);
        world.pass(Duration::ZERO);
    }
}
