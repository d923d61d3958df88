//! App Mesh: weights in the routes of a VirtualRouter, hashes in the pod selectors of two VirtualNodes.

use model::rollout::AppMeshRouting;
use model::{Gvk, Object, ObjectKey};
use serde_json::Value;

use super::draft::Draft;
use super::error::RouteError;
use super::json::{self, map_mut, set_weight, text};
use super::live::{Live, Need, key};
use super::written::{Written, hold_weight};
use super::{Desired, Router, Split};
use crate::HASH_LABEL;

/// Kinds of routes that have weighted targets, as they stand in a route.
const KINDS: [&str; 4] = ["httpRoute", "tcpRoute", "http2Route", "grpcRoute"];
const SETTING: &str = "trafficRouting.appMesh.virtualService.name";

/// App Mesh for one Rollout.
pub struct AppMesh<'a> {
    split: Split<'a>,
    mesh: &'a AppMeshRouting,
}

impl<'a> AppMesh<'a> {
    /// App Mesh as the Rollout sets it up.
    pub fn new(split: Split<'a>, mesh: &'a AppMeshRouting) -> Self {
        Self { split, mesh }
    }

    fn service_key(&self) -> ObjectKey {
        let name = self.mesh.virtual_service.as_ref().map(|service| &*service.name).unwrap_or_default();
        key(&kind("VirtualService"), &self.split.owner.namespace, name)
    }

    /// The router behind the VirtualService; none where it has none or was not read yet.
    fn router_key(&self, live: &Live<'_>) -> Option<ObjectKey> {
        let service = live.get(&self.service_key())?;
        let reference = service.pointer("/spec/provider/virtualRouter/virtualRouterRef")?;
        let namespace = Some(text(reference, "namespace")).filter(|own| !own.is_empty());
        let namespace = namespace.unwrap_or(&self.split.owner.namespace);
        Some(key(&kind("VirtualRouter"), namespace, text(reference, "name")))
    }

    /// Names of the VirtualNodes of the new and the old version.
    fn nodes(&self) -> Option<(&'a str, &'a str)> {
        let group = self.mesh.virtual_node_group.as_ref()?;
        Some((&group.canary_virtual_node_ref.name, &group.stable_virtual_node_ref.name))
    }

    fn node_key(&self, name: &str) -> ObjectKey {
        key(&kind("VirtualNode"), &self.split.owner.namespace, name)
    }

    /// Two nodes may not select the same pods: where the hashes are equal, they are the old version's.
    fn point(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let Some((canary, stable)) = self.nodes() else { return Ok(()) };
        let stable_hash =
            Some(&*desired.stable.hash).filter(|hash| !hash.is_empty()).unwrap_or("stable-hash");
        let own = Some(&*desired.canary.hash).filter(|hash| !hash.is_empty() && *hash != stable_hash);
        for (name, hash) in [(stable, stable_hash), (canary, own.unwrap_or("canary-hash"))] {
            let key = self.node_key(name);
            let node = draft.change(&key, "trafficRouting.appMesh.virtualNodeGroup")?;
            let labels = map_mut(node, &["spec", "podSelector", "matchLabels"]);
            let labels =
                labels.ok_or_else(|| RouteError::field(&key, "spec.podSelector", "not well-formed"))?;
            labels.insert(HASH_LABEL.to_owned(), hash.into());
        }
        Ok(())
    }

    fn shift(&self, draft: &mut Draft<'_>, canary: i32, stable: i32) -> Result<(), RouteError> {
        let service = self.service_key();
        if draft.live().get(&service).is_none() {
            return Err(RouteError::missing(&service, SETTING));
        }
        let what = "Virtual-service is not associated with virtual-router";
        let key = self.router_key(draft.live());
        let key = key.ok_or_else(|| RouteError::field(&service, "spec.provider.virtualRouter", what))?;
        let router = draft.change(&key, SETTING)?;
        let routes = json::list_mut(router, &["spec", "routes"]);
        let routes = routes.ok_or_else(|| RouteError::field(&key, "spec.routes", "No routes found"))?;
        let Some((canary_node, stable_node)) = self.nodes() else { return Ok(()) };
        for (index, route) in routes.iter_mut().enumerate().filter(|(_, route)| self.is_meant(route)) {
            let malformed = || RouteError::field(&key, format!("spec.routes[{index}]"), "not well-formed");
            for target in targets_mut(route).ok_or_else(malformed)? {
                match self.node(target) {
                    Some(name) if name == canary_node => set_weight(target, canary),
                    Some(name) if name == stable_node => set_weight(target, stable),
                    Some(_) | None => {}
                }
            }
        }
        Ok(())
    }

    fn is_meant(&self, route: &Value) -> bool {
        let named = self.mesh.virtual_service.iter().flat_map(|service| &service.routes);
        let named: Vec<_> = named.collect();
        named.is_empty() || named.iter().any(|name| *name == text(route, "name"))
    }

    /// The node that a weighted target names; none where it is in another namespace.
    fn node(&self, target: &Value) -> Option<String> {
        let reference = target.get("virtualNodeRef")?;
        let namespace = text(reference, "namespace");
        let own = namespace.is_empty() || namespace == self.split.owner.namespace;
        own.then(|| text(reference, "name").to_owned())
    }
}

impl Router for AppMesh<'_> {
    fn needs(&self, live: &Live<'_>) -> Vec<Need> {
        let service = self.service_key();
        let service = Need::required(&kind("VirtualService"), &service.namespace, &service.name);
        let router = self.router_key(live);
        let router = router.map(|key| Need::required(&kind("VirtualRouter"), &key.namespace, &key.name));
        let nodes = self.nodes().into_iter().flat_map(|(canary, stable)| [stable, canary]);
        let nodes = nodes.map(|name| Need::required(&kind("VirtualNode"), &self.split.owner.namespace, name));
        std::iter::once(service).chain(router).chain(nodes).collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("appMesh")?;
        self.point(draft, desired)?;
        self.shift(draft, desired.canary.weight, stable)
    }

    fn written(&self) -> Vec<Written> {
        let label = format!("spec.podSelector.matchLabels[{HASH_LABEL}]");
        let nodes = self.nodes().into_iter().flat_map(|(canary, stable)| [canary, stable]);
        let nodes = nodes.map(|name| Written::new(self.node_key(name), &*label));
        let routers = key(&kind("VirtualRouter"), &self.split.owner.namespace, "");
        let weights = "spec.routes[*].*.action.weightedTargets[*].weight";
        nodes.chain([Written::new(routers, weights)]).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, _experiments: &[String]) {
        let own = git.key();
        let nodes = self.nodes().map(|(canary, stable)| [self.node_key(canary), self.node_key(stable)]);
        if nodes.is_some_and(|nodes| nodes.contains(&own)) {
            hold_node(git, live);
        }
        if own.group_kind() == kind("VirtualRouter").group_kind() {
            self.hold_router(git, live);
        }
    }
}

impl AppMesh<'_> {
    /// A router is recognised by its targets: the VirtualService that names it is another object.
    fn hold_router(&self, git: &mut Object, live: &Object) {
        let Some((canary, stable)) = self.nodes() else { return };
        let now = json::list(live, &["spec", "routes"]).cloned().unwrap_or_default();
        let routes = json::list_mut(git, &["spec", "routes"]).into_iter().flatten();
        for route in routes.filter(|route| self.is_meant(route)) {
            let counterpart = now.iter().find(|one| text(one, "name") == text(route, "name"));
            let Some(counterpart) = counterpart.and_then(targets) else { continue };
            for target in targets_mut(route).into_iter().flatten() {
                if self.node(target).is_some_and(|name| name == canary || name == stable) {
                    hold_weight(target, counterpart, |a, b| self.node(a) == self.node(b));
                }
            }
        }
    }
}

fn hold_node(git: &mut Object, live: &Object) {
    let labels = live.pointer("/spec/podSelector/matchLabels");
    let hash = labels.and_then(|labels| labels.get(HASH_LABEL)).cloned();
    let own = map_mut(git, &["spec", "podSelector", "matchLabels"]);
    if let (Some(hash), Some(own)) = (hash, own) {
        own.insert(HASH_LABEL.to_owned(), hash);
    }
}

fn kind(kind: &str) -> Gvk {
    Gvk::new("appmesh.k8s.aws/v1beta2", kind)
}

fn targets(route: &Value) -> Option<&Vec<Value>> {
    let found = KINDS.iter().find_map(|kind| route.get(kind))?;
    found.pointer("/action/weightedTargets")?.as_array()
}

fn targets_mut(route: &mut Value) -> Option<&mut Vec<Value>> {
    let kind = KINDS.iter().find(|kind| route.get(kind).is_some())?;
    route.get_mut(kind)?.pointer_mut("/action/weightedTargets")?.as_array_mut()
}
