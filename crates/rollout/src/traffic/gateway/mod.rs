//! Gateway API, built in. Its settings stand where upstream's plugin has them.

mod header;
mod settings;
mod weights;

use model::{Object, ObjectKey};
use serde_json::Value;

use super::draft::Draft;
use super::error::RouteError;
use super::json::{self, text};
use super::live::{Live, Need, key, query};
use super::written::{Written, hold_weight};
use super::{Desired, Router, Split};
use settings::{Kind, Settings};

/// Name of the plugin that upstream needs for the Gateway API.
const PLUGIN: &str = "argoproj-labs/gatewayAPI";

/// The router of a plugin's name: one that is not known is a router that refuses by name.
pub fn plugin<'a>(split: Split<'a>, name: &'a str, config: &Value) -> Box<dyn Router + 'a> {
    let setting = format!("trafficRouting.plugins[{name}]");
    if name != PLUGIN {
        let why = format!("this plugin is not supported: only {PLUGIN} is built in");
        return Box::new(Unusable { setting, why });
    }
    match Settings::read(config) {
        Ok(settings) => Box::new(Gateway { split, settings }),
        Err(why) => Box::new(Unusable { setting, why }),
    }
}

/// A plugin that cannot be used, and why.
struct Unusable {
    setting: String,
    why: String,
}

impl Router for Unusable {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        Vec::new()
    }

    fn apply(&self, _draft: &mut Draft<'_>, _desired: &Desired) -> Result<(), RouteError> {
        Err(RouteError::setting(&self.setting, &self.why))
    }

    fn written(&self) -> Vec<Written> {
        Vec::new()
    }

    fn hold(&self, _git: &mut Object, _live: &Object, _experiments: &[String]) {}
}

/// Gateway API for one Rollout.
struct Gateway<'a> {
    split: Split<'a>,
    settings: Settings,
}

/// One route object.
struct Found {
    key: ObjectKey,
    kind: Kind,
    /// Whether header routes are set in it.
    takes_headers: bool,
}

impl Gateway<'_> {
    fn namespace(&self) -> &str {
        let own = &self.split.owner.namespace;
        if self.settings.namespace.is_empty() { own } else { &self.settings.namespace }
    }

    fn named(&self) -> Vec<Found> {
        let all = self.settings.routes.iter();
        let found = all.map(|route| Found {
            key: key(&route.kind.gvk(), self.namespace(), &route.name),
            kind: route.kind,
            takes_headers: route.takes_headers,
        });
        found.collect()
    }

    /// All route objects: those with a name, then those that a selector means, which get no header routes.
    fn found(&self, live: &Live<'_>) -> Vec<Found> {
        let mut found = self.named();
        for (kind, selector) in &self.settings.selectors {
            let gvk = kind.gvk();
            let selected = live.selected(&gvk, self.namespace(), selector).map(Object::key);
            let new: Vec<_> = selected.filter(|key| found.iter().all(|one| one.key != *key)).collect();
            found.extend(new.into_iter().map(|key| Found { key, kind: *kind, takes_headers: false }));
        }
        found
    }

    fn label(&self, object: &mut Object, canary_weight: i32) {
        let Settings { label, label_value, label_disabled, .. } = &self.settings;
        if *label_disabled {
            return;
        }
        if canary_weight > 0 {
            object.set_label(label, label_value);
        } else {
            object.remove_label(label);
        }
    }
}

impl Router for Gateway<'_> {
    fn needs(&self, _live: &Live<'_>) -> Vec<Need> {
        let named = self.named();
        let named =
            named.iter().map(|one| Need::required(&one.kind.gvk(), &one.key.namespace, &one.key.name));
        let selected = self.settings.selectors.iter().map(|(kind, selector)| Need::Labelled {
            kind: kind.gvk(),
            namespace: self.namespace().to_owned(),
            selector: query(selector),
        });
        named.chain(selected).collect()
    }

    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError> {
        let stable = desired.stable_weight()?;
        let found = self.found(draft.live());
        if found.is_empty() {
            return Err(RouteError::setting(
                format!("trafficRouting.plugins[{PLUGIN}]"),
                settings::NO_ROUTES,
            ));
        }
        if !desired.mirror_routes.is_empty() {
            return Err(RouteError::setting(
                "setMirrorRoute",
                "the Gateway API router sets no mirror routes",
            ));
        }
        for Found { key, kind, takes_headers } in found {
            let object = draft.change(&key, "trafficRouting.plugins")?;
            let rules = json::list_mut(object, &["spec", "rules"]);
            let rules = rules.ok_or_else(|| RouteError::field(&key, "spec.rules", kind.backend_missing()))?;
            weights::shift(rules, &self.split, desired, stable, (&key, kind))?;
            if takes_headers {
                header::set(rules, &self.split, desired, (&key, kind))?;
            }
            self.label(object, desired.canary.weight);
        }
        Ok(())
    }

    /// A route follows once every Gateway accepted it as it is now. Upstream's plugin says so at once.
    fn verify(&self, live: &Live<'_>) -> Option<bool> {
        let found = self.found(live);
        let objects = found.iter().filter_map(|one| live.get(&one.key));
        objects.filter_map(followed).reduce(|all, one| all && one)
    }

    fn written(&self) -> Vec<Written> {
        let services = [&self.split.canary.canary_service, &self.split.canary.stable_service];
        let weights = services.map(|name| format!("spec.rules[*].backendRefs[{name}].weight"));
        let managed =
            self.split.routing.managed_routes.iter().map(|route| format!("spec.rules[{}]", route.name));
        let label = format!("metadata.labels[{}]", self.settings.label);
        let fields: Vec<_> = weights.into_iter().chain(managed).chain([label]).collect();
        let selected = self.settings.selectors.iter().map(|(kind, _)| key(&kind.gvk(), self.namespace(), ""));
        let objects = self.named().into_iter().map(|one| one.key).chain(selected);
        objects.flat_map(|key| fields.iter().map(move |field| Written::new(key.clone(), field))).collect()
    }

    fn hold(&self, git: &mut Object, live: &Object, experiments: &[String]) {
        let alone: Live<'_> = std::iter::once(live).collect();
        if self.found(&alone).iter().all(|one| one.key != git.key()) {
            return;
        }
        match live.label(&self.settings.label) {
            Some(value) => git.set_label(&self.settings.label, value),
            None => git.remove_label(&self.settings.label),
        }
        let Some(now) = json::list(live, &["spec", "rules"]) else { return };
        let Some(rules) = json::list_mut(git, &["spec", "rules"]) else { return };
        let by_step = |rule: &&Value| weights::has_managed_name(rule, &self.split);
        rules.retain(|rule| !by_step(&rule));
        let counterparts: Vec<_> = now.iter().filter(|rule| !by_step(rule)).collect();
        for (place, rule) in rules.iter_mut().enumerate() {
            let name = text(rule, "name").to_owned();
            let named = counterparts.iter().find(|one| !name.is_empty() && text(one, "name") == name);
            if let Some(counterpart) = named.or(counterparts.get(place)) {
                hold_rule(rule, counterpart, &self.split, experiments);
            }
        }
        rules.extend(now.iter().filter(by_step).cloned());
    }
}

fn hold_rule(rule: &mut Value, live: &Value, split: &Split<'_>, experiments: &[String]) {
    let Some(now) = live.get("backendRefs").and_then(Value::as_array) else { return };
    let Some(own) = rule.get_mut("backendRefs").and_then(Value::as_array_mut) else { return };
    for backend in own.iter_mut().filter(|one| split.is_own_service(text(one, "name"))) {
        hold_weight(backend, now, |a, b| text(a, "name") == text(b, "name"));
    }
    own.extend(now.iter().filter(|one| experiments.iter().any(|name| text(one, "name") == name)).cloned());
}

/// Whether all Gateways of a route accepted its newest version and found its backends; none where none reports.
fn followed(route: &Object) -> Option<bool> {
    let parents = route.pointer("/status/parents")?.as_array().filter(|parents| !parents.is_empty())?;
    let is_current = |condition: &Value| {
        let seen = condition.get("observedGeneration").and_then(Value::as_i64);
        seen.is_none_or(|seen| seen >= route.generation())
    };
    let holds = |parent: &Value, kind: &str| {
        let conditions = parent.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let mut own = conditions.filter(|condition| text(condition, "type") == kind);
        own.all(|condition| text(condition, "status") == "True" && is_current(condition))
    };
    Some(parents.iter().all(|parent| holds(parent, "Accepted") && holds(parent, "ResolvedRefs")))
}
