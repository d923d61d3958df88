//! What holds for every weight and every router.

use proptest::prelude::*;
use serde_json::Value;

use super::super::testing::{World, desired};
use super::super::{Desired, Destination};

const ISTIO: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  http:
  - retries: {attempts: 3}
    route:
    - {destination: {host: web-stable}, weight: 100}
    - {destination: {host: web-canary}, weight: 0}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {rules: [{timeouts: {request: 1s}, backendRefs: [{name: web-stable}, {name: web-canary}]}]}
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: web}
spec: {weighted: {services: [{name: web-stable}, {name: web-canary}]}}";
const ROUTING: &str = "
istio: {virtualService: {name: web}}
traefik: {weightedTraefikServiceName: web}
plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}";

fn sum(destinations: &Value) -> i64 {
    destinations.as_array().into_iter().flatten().filter_map(|one| one["weight"].as_i64()).sum()
}

/// The object with every weight blanked out.
fn without_weights(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.shift_remove("weight");
            map.values_mut().for_each(|inner| *inner = without_weights(inner.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| *inner = without_weights(inner.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

proptest! {
    #[test]
    fn weights_sum_to_100_and_nothing_else_changes(walk in prop::collection::vec(0..=100_i32, 1..8)) {
        let mut world = World::new(ROUTING, ISTIO);
        let spec = |world: &World, kind: &str| without_weights(world.field(kind, "/spec"));
        let kinds = ["VirtualService", "HTTPRoute", "TraefikService"];
        let before = kinds.map(|kind| spec(&world, kind));
        for weight in walk {
            // It also checks that a second pass finds nothing to do.
            world.carry_out(&desired(weight));
            prop_assert_eq!(sum(&world.field("VirtualService", "/spec/http/0/route")), 100);
            prop_assert_eq!(sum(&world.field("HTTPRoute", "/spec/rules/0/backendRefs")), 100);
            prop_assert_eq!(sum(&world.field("TraefikService", "/spec/weighted/services")), 100);
            prop_assert_eq!(&kinds.map(|kind| spec(&world, kind)), &before);
        }
    }

    #[test]
    fn shares_of_an_experiment_come_out_of_the_stable_side(canary in 0..=60_i32, first in 0..=20_i32, second in 0..=20_i32) {
        let mut world = World::new("istio: {virtualService: {name: web}}", ISTIO);
        let versions = [("web-b", first), ("web-a", second)];
        let additional = versions.map(|(service, weight)| Destination { weight, service: service.into(), hash: "x".into() });
        let wanted = Desired { additional: additional.to_vec(), ..desired(canary) };
        world.carry_out(&wanted);
        let route = world.field("VirtualService", "/spec/http/0/route");
        prop_assert_eq!(sum(&route), 100);
        prop_assert_eq!(route[0]["weight"].as_i64(), Some(i64::from(100 - canary - first - second)));
    }

    #[test]
    fn weights_that_do_not_add_up_write_nothing(canary in -50..=200_i32, other in -50..=200_i32) {
        prop_assume!(canary < 0 || other < 0 || canary + other > 100);
        let version = Destination { weight: other, service: "web-a".into(), hash: "x".into() };
        let wanted = Desired { additional: vec![version], ..desired(canary) };
        let written = World::new(ROUTING, ISTIO).written(&wanted);
        prop_assert_eq!(written, format!("error: weights do not add up: canary {canary} and additional {other} of 100"));
    }
}
