//! AWS load balancer controller: a forward action as an annotation of the user's Ingress.

use std::collections::BTreeMap;

use model::rollout::{AlbRouting, HeaderMatch, SetHeaderRoute};
use model::{Gvk, Object, ObjectKey};
use serde::Serialize;
use serde_json::{Value, json};

use super::draft::Draft;
use super::error::RouteError;
use super::json::{list, list_mut};
use super::live::{Live, Need, key};
use super::written::{Written, hold_annotation};
use super::{Desired, Router, Split};

/// Annotation that lists, for each Rollout, the annotations which are its own.
const OWN: &str = "rollouts.argoproj.io/managed-alb-annotations";
const SETTING: &str = "trafficRouting.alb.ingress";

/// ALB for one Rollout.
pub struct Alb<'a> {
    split: Split<'a>,
    alb: &'a AlbRouting,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    r#type: &'static str,
    forward_config: ForwardConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForwardConfig {
    target_groups: Vec<TargetGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_group_stickiness_config: Option<Stickiness>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TargetGroup {
    service_name: String,
    service_port: String,
    weight: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stickiness {
    enabled: bool,
    duration_seconds: i64,
}

impl<'a> Alb<'a> {
    /// ALB as the Rollout sets it up.
    pub fn new(split: Split<'a>, alb: &'a AlbRouting) -> Self {
        Self { split, alb }
    }

    fn keys(&self) -> impl Iterator<Item = ObjectKey> {
        let one = Some(&self.alb.ingress).filter(|_| self.alb.ingresses.is_empty());
        let all = one.into_iter().chain(&self.alb.ingresses);
        all.map(|name| key(&ingress(), &self.split.owner.namespace, name))
    }

    fn annotation(&self, kind: &str, name: &str) -> String {
        let own = &self.alb.annotation_prefix;
        let prefix = if own.is_empty() { "alb.ingress.kubernetes.io" } else { own };
        format!("{prefix}/{kind}.{name}")
    }

    fn stickiness(&self) -> Result<Option<Stickiness>, RouteError> {
        let Some(wanted) = self.alb.stickiness_config.as_ref().filter(|wanted| wanted.enabled) else {
            return Ok(None);
        };
        if !(1..=604_800).contains(&wanted.duration_seconds) {
            let what =
                "TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!";
            return Err(RouteError::setting("trafficRouting.alb.stickinessConfig.durationSeconds", what));
        }
        Ok(Some(Stickiness { enabled: true, duration_seconds: wanted.duration_seconds }))
    }

    fn action(&self, weights: &[(&str, i32)]) -> Result<String, RouteError> {
        let group = |(service, weight): &(&str, i32)| TargetGroup {
            service_name: (*service).to_owned(),
            service_port: self.alb.service_port.to_string(),
            weight: *weight,
        };
        let forward_config = ForwardConfig {
            target_groups: weights.iter().map(group).collect(),
            target_group_stickiness_config: self.stickiness()?,
        };
        Ok(written_out(&Action { r#type: "forward", forward_config }))
    }

    fn weights<'d>(&self, desired: &'d Desired, stable: i32) -> Vec<(&'d str, i32)> {
        let canary = (&*desired.canary.service, desired.canary.weight);
        let additional = desired.additional.iter().map(|version| (&*version.service, version.weight));
        std::iter::once(canary).chain(additional).chain([(&*desired.stable.service, stable)]).collect()
    }

    fn root<'d>(&'d self, stable_service: &'d str) -> &'d str {
        if self.alb.root_service.is_empty() { stable_service } else { &self.alb.root_service }
    }

    /// Sets header routes and takes the managed ones away that are not desired; the annotations that are set.
    fn set_header_routes(&self, object: &mut Object, desired: &Desired) -> Result<Vec<String>, RouteError> {
        let mut own = Vec::new();
        for route in &desired.header_routes {
            let [action, condition] =
                ["actions", "conditions"].map(|kind| self.annotation(kind, &route.name));
            object.set_annotation(&action, &self.action(&[(&desired.canary.service, 100)])?);
            object.set_annotation(&condition, &conditions(route));
            add_path(object, &route.name);
            own.extend([action, condition]);
        }
        for managed in &self.split.routing.managed_routes {
            if desired.header_routes.iter().all(|route| route.name != managed.name) {
                for kind in ["actions", "conditions"] {
                    object.remove_annotation(&self.annotation(kind, &managed.name));
                }
                remove_path(object, &managed.name);
            }
        }
        self.order_paths(object);
        Ok(own)
    }

    /// Managed paths stand before all others: the first that matches wins.
    fn order_paths(&self, object: &mut Object) {
        let managed = &self.split.routing.managed_routes;
        let place = |path: &Value| {
            let name = service_of(path);
            managed.iter().position(|route| route.name == name).unwrap_or(managed.len())
        };
        paths_mut(object, |paths| paths.sort_by_key(place));
    }

    /// Writes down which annotations are this Rollout's; those of others stay as they are.
    fn sign(&self, object: &mut Object, own: Vec<String>) -> Result<(), RouteError> {
        let text = object.annotation(OWN).unwrap_or_default();
        let read = if text.is_empty() { Ok(BTreeMap::new()) } else { serde_json::from_str(text) };
        let mut all: BTreeMap<String, Vec<String>> = read.map_err(|why| {
            RouteError::field(&object.key(), format!("metadata.annotations[{OWN}]"), why.to_string())
        })?;
        all.insert(self.split.owner.name.clone(), own);
        object.set_annotation(OWN, &written_out(&all));
        Ok(())
    }
}

impl Router for Alb<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        self.keys().map(|key| Need::required(&ingress(), &key.namespace, &key.name)).collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("alb")?;
        let root = self.root(&desired.stable.service);
        for key in self.keys() {
            let object = draft.change(&key, SETTING)?;
            if !paths(object).any(|path| service_of(path) == root) {
                let what = format!("ingress does not have service `{root}` in rules");
                return Err(RouteError::field(&key, "spec.rules", what));
            }
            let action = self.annotation("actions", root);
            object.set_annotation(&action, &self.action(&self.weights(desired, stable))?);
            let routes = self.set_header_routes(object, desired)?;
            self.sign(object, std::iter::once(action).chain(routes).collect())?;
            let message =
                format!("Updating Ingress `{}` to desiredWeight '{}'", key.name, desired.canary.weight);
            draft.tell(&key, "PatchingALBIngress", message);
        }
        Ok(())
    }

    fn written(&self) -> Vec<Written> {
        let root = self.root(&self.split.canary.stable_service);
        let managed = self
            .split
            .routing
            .managed_routes
            .iter()
            .flat_map(|route| ["actions", "conditions"].map(|kind| self.annotation(kind, &route.name)));
        let names: Vec<_> = std::iter::once(self.annotation("actions", root))
            .chain(managed)
            .chain([OWN.to_owned()])
            .collect();
        let fields = names.iter().map(|name| format!("metadata.annotations[{name}]"));
        let paths = self.split.routing.managed_routes.iter();
        let paths = paths.map(|route| format!("spec.rules[*].http.paths[{}]", route.name));
        let fields: Vec<_> = fields.chain(paths).collect();
        self.keys().flat_map(|key| fields.iter().map(move |field| Written::new(key.clone(), field))).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, _experiments: &[String]) {
        if self.keys().all(|key| key != git.key()) {
            return;
        }
        let own: BTreeMap<String, Vec<String>> =
            live.annotation(OWN).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        hold_annotation(git, live, OWN);
        own.get(&self.split.owner.name)
            .into_iter()
            .flatten()
            .for_each(|name| hold_annotation(git, live, name));
        for route in &self.split.routing.managed_routes {
            if paths(live).any(|path| service_of(path) == route.name) {
                add_path(git, &route.name);
            }
        }
        self.order_paths(git);
    }
}

fn ingress() -> Gvk {
    Gvk::new("networking.k8s.io/v1", "Ingress")
}

fn written_out(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("maps with texts for keys can be written")
}

fn conditions(route: &SetHeaderRoute) -> String {
    let one = |header: &HeaderMatch| {
        json!({
            "field": "http-header",
            "httpHeaderConfig": {"httpHeaderName": header.header_name, "values": [header.header_value.exact]},
        })
    };
    written_out(&route.match_headers.iter().map(one).collect::<Vec<_>>())
}

fn paths(object: &Object) -> impl Iterator<Item = &Value> {
    let rules = list(object, &["spec", "rules"]).into_iter().flatten();
    rules.filter_map(|rule| rule.pointer("/http/paths")?.as_array()).flatten()
}

fn paths_mut(object: &mut Object, mut change: impl FnMut(&mut Vec<Value>)) {
    for rule in list_mut(object, &["spec", "rules"]).into_iter().flatten() {
        if let Some(paths) = rule.pointer_mut("/http/paths").and_then(Value::as_array_mut) {
            change(paths);
        }
    }
}

fn service_of(path: &Value) -> &str {
    let name = path.pointer("/backend/service/name").or_else(|| path.pointer("/backend/serviceName"));
    name.and_then(Value::as_str).unwrap_or_default()
}

fn add_path(object: &mut Object, name: &str) {
    let path = json!({
        "path": "/*", "pathType": "ImplementationSpecific",
        "backend": {"service": {"name": name, "port": {"name": "use-annotation"}}},
    });
    paths_mut(object, |paths| {
        if paths.iter().all(|path| service_of(path) != name) {
            paths.push(path.clone());
        }
    });
}

fn remove_path(object: &mut Object, name: &str) {
    paths_mut(object, |paths| paths.retain(|path| service_of(path) != name));
}
