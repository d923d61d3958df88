//! APISIX: weights of the backends of an ApisixRoute, and routes of their own for requests with certain headers.

use model::rollout::{ApisixRouting, HeaderMatch, SetHeaderRoute};
use model::{Gvk, Object, ObjectKey};
use serde_json::{Map, Value, json};

use super::draft::{Draft, told};
use super::error::RouteError;
use super::json::{self, map_mut, set_weight, text};
use super::live::{Live, Need, key};
use super::owned;
use super::written::{Written, hold_weight};
use super::{Desired, Router, Split};

const SETTING: &str = "trafficRouting.apisix.route.name";

/// APISIX for one Rollout.
pub struct Apisix<'a> {
    split: Split<'a>,
    apisix: &'a ApisixRouting,
}

impl<'a> Apisix<'a> {
    /// APISIX as the Rollout sets it up.
    pub fn new(split: Split<'a>, apisix: &'a ApisixRouting) -> Self {
        Self { split, apisix }
    }

    fn key(&self) -> ObjectKey {
        self.key_of(self.apisix.route.as_ref().map(|route| &*route.name).unwrap_or_default())
    }

    fn key_of(&self, name: &str) -> ObjectKey {
        key(&route(), &self.split.owner.namespace, name)
    }

    /// Names of the rules that are split: the one named like the route where none is given.
    fn rules(&self) -> Vec<&'a str> {
        let Some(route) = &self.apisix.route else { return Vec::new() };
        if route.rules.is_empty() {
            vec![&*route.name]
        } else {
            route.rules.iter().map(String::as_str).collect()
        }
    }

    fn is_meant(&self, rule: &Value) -> bool {
        self.rules().contains(&text(rule, "name"))
    }

    fn weigh(&self, object: &mut Object, key: &ObjectKey, weights: &[(&str, i32)]) -> Result<(), RouteError> {
        let fail = |what: String| RouteError::field(key, "spec.http", what);
        let rules = json::list_mut(object, &["spec", "http"])
            .ok_or_else(|| fail("spec.http was not found in Apisix Route manifest".to_owned()))?;
        for name in self.rules() {
            let rule = rules.iter_mut().find(|rule| text(rule, "name") == name);
            let rule = rule.ok_or_else(|| fail(format!("Apisix http route rule {name} not found")))?;
            let backends = rule.get_mut("backends").and_then(Value::as_array_mut);
            let backends = backends.ok_or_else(|| fail("Apisix http route backends not found".to_owned()))?;
            for (service, weight) in weights {
                let backend = backends.iter_mut().find(|backend| text(backend, "serviceName") == *service);
                let missing = || fail(format!("apisix route {service} backend was not found"));
                set_weight(backend.ok_or_else(missing)?, *weight);
            }
        }
        Ok(())
    }

    /// The whole route under another name, with the new version alone and one more match.
    fn header_route(
        &self,
        wanted: &SetHeaderRoute,
        base: &Object,
        desired: &Desired,
    ) -> Result<Object, RouteError> {
        let made = json!({
            "apiVersion": base.api_version(), "kind": base.kind(),
            "metadata": {
                "name": wanted.name, "namespace": self.split.owner.namespace,
                "ownerReferences": [owned::reference(self.split.owner)],
            },
            "spec": base.get("spec"),
        });
        let mut made = Object::from_value(made).expect("it is written as a map above");
        self.weigh(&mut made, &self.key(), &[(&desired.canary.service, 100), (&desired.stable.service, 0)])?;
        let rules = json::list_mut(&mut made, &["spec", "http"]).into_iter().flatten();
        for rule in rules.filter(|rule| self.is_meant(rule)) {
            if let Some(backends) = rule.get_mut("backends").and_then(Value::as_array_mut) {
                backends.retain(|backend| text(backend, "serviceName") != desired.stable.service);
            }
            rule["priority"] = (rule.get("priority").and_then(Value::as_i64).unwrap_or(0) + 1).into();
            let exprs: Vec<Value> = wanted.match_headers.iter().flat_map(expressions).collect();
            match rule.get_mut("match").and_then(Value::as_object_mut) {
                Some(own) => {
                    own.insert("exprs".to_owned(), exprs.into());
                }
                None => rule["match"] = json!({"exprs": exprs}),
            }
        }
        Ok(made)
    }

    fn set_header_routes(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let base = draft.live().get(&self.key());
        for wanted in &desired.header_routes {
            let (key, Some(base)) = (self.key_of(&wanted.name), base) else { continue };
            let made = self.header_route(wanted, base, desired)?;
            let Some(there) = draft.live().get(&key) else {
                draft.create(
                    made,
                    told("ApisixRouteCreated", format!("ApisixRoute `{}` created", wanted.name)),
                );
                continue;
            };
            let what = format!("duplicate ApisixRoute [{}] already exists", wanted.name);
            owned::check(there, self.split.owner, &key, what)?;
            let spec = made.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
            let now = there.get("spec").cloned().unwrap_or_default();
            if !json::covers(&now, &Value::Object(spec.clone())) {
                replace(draft.change(&key, "setHeaderRoute.name")?, spec);
            }
        }
        self.remove_header_routes(draft, desired);
        Ok(())
    }

    fn remove_header_routes(&self, draft: &mut Draft<'_>, desired: &Desired) {
        for managed in &self.split.routing.managed_routes {
            let wanted = desired.header_routes.iter().any(|route| route.name == managed.name);
            let key = self.key_of(&managed.name);
            let own =
                draft.live().get(&key).is_some_and(|there| owned::is_controlled(there, self.split.owner));
            if own && !wanted {
                draft.delete(&key);
            }
        }
    }
}

impl Router for Apisix<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let own = self.key();
        let managed = self.split.routing.managed_routes.iter();
        let managed =
            managed.map(|managed| Need::optional(&route(), &self.split.owner.namespace, &managed.name));
        std::iter::once(Need::required(&route(), &own.namespace, &own.name)).chain(managed).collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_percent("apisix")?;
        let key = self.key();
        let object = draft.change(&key, SETTING)?;
        let weights = [(&*desired.canary.service, desired.canary.weight), (&*desired.stable.service, stable)];
        self.weigh(object, &key, &weights)?;
        self.set_header_routes(draft, desired)
    }

    fn written(&self) -> Vec<Written> {
        let services = [&self.split.canary.canary_service, &self.split.canary.stable_service];
        let weights = self
            .rules()
            .into_iter()
            .flat_map(|rule| services.map(|service| format!("spec.http[{rule}].backends[{service}].weight")));
        let managed =
            self.split.routing.managed_routes.iter().map(|one| Written::whole(self.key_of(&one.name)));
        weights.map(|field| Written::new(self.key(), field)).chain(managed).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, _experiments: &[String]) {
        if git.key() != self.key() {
            return;
        }
        let Some(now) = json::list(live, &["spec", "http"]) else { return };
        let rules = json::list_mut(git, &["spec", "http"]).into_iter().flatten();
        for rule in rules.filter(|rule| self.is_meant(rule)) {
            let counterpart = now.iter().find(|one| text(one, "name") == text(rule, "name"));
            let Some(counterpart) = counterpart.and_then(|one| one.get("backends")?.as_array()) else {
                continue;
            };
            let own = rule.get_mut("backends").and_then(Value::as_array_mut).into_iter().flatten();
            for backend in own.filter(|one| self.split.is_own_service(text(one, "serviceName"))) {
                hold_weight(backend, counterpart, |a, b| text(a, "serviceName") == text(b, "serviceName"));
            }
        }
    }
}

fn route() -> Gvk {
    Gvk::new("apisix.apache.org/v2", "ApisixRoute")
}

fn replace(object: &mut Object, wanted: Map<String, Value>) {
    if let Some(spec) = map_mut(object, &["spec"]) {
        *spec = wanted;
    }
}

fn expressions(header: &HeaderMatch) -> Vec<Value> {
    let value = &header.header_value;
    let parts = [
        ("Equal", &value.exact, value.exact.clone()),
        ("RegexMatch", &value.regex, value.regex.clone()),
        ("RegexMatch", &value.prefix, format!("^{}.*", value.prefix)),
    ];
    let set = parts.into_iter().filter(|(_, written, _)| !written.is_empty());
    let subject = json!({"scope": "Header", "name": header.header_name});
    set.map(|(op, _, value)| json!({"subject": subject, "op": op, "value": value})).collect()
}
