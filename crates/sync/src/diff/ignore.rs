//! `ignoreDifferences`: which fields are nobody's drift (reference section 3.5).
//!
//! Rules are compiled once per Application. What they name on a pair of objects is an [`Ignored`]: a set of places
//! in these two objects, so that comparing copies nothing.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::Object;
use model::application::IgnoreDifferences;
use model::settings::{IgnoreStatus, Settings};
use serde_json::{Map, Value};

use crate::glob::Glob;

use super::fields::{self, Child, Fields, Operation, is_item, same_scalar};
use super::jq::Expression;
use super::path::{FieldPath, Step, remove_all};
use super::{MANAGER, MAX_DEPTH};

/// An Application's rules and the operator's, compiled.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
    status: IgnoreStatus,
    aggregated_roles: bool,
    fingerprint: u64,
}

#[derive(Debug)]
struct Rule {
    group: Glob,
    kind: Glob,
    name: String,
    namespace: String,
    pointers: Vec<FieldPath>,
    expressions: Vec<Expression>,
    managers: Vec<String>,
}

/// Places in two objects that are not compared.
#[derive(Debug, Default)]
pub struct Ignored<'a> {
    places: BTreeSet<*const Value>,
    objects: std::marker::PhantomData<&'a Value>,
}

impl<'a> Ignored<'a> {
    /// True where this very value is not compared.
    pub fn contains(&self, value: &'a Value) -> bool {
        !self.places.is_empty() && self.places.contains(&std::ptr::from_ref(value))
    }

    /// True where everything is compared.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn insert(&mut self, value: Option<&'a Value>) {
        self.places.extend(value.map(std::ptr::from_ref));
    }
}

impl IgnoreRules {
    /// Compiles an Application's rules after the operator's.
    ///
    /// What does not compile is left out and named in a sentence; the rest holds.
    pub fn compile(application: &[IgnoreDifferences], settings: &Settings) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let all = settings.ignore_differences.iter().chain(application);
        let rules = all.filter_map(|rule| Rule::compile(rule, &mut problems)).collect();
        let (status, aggregated_roles) = (settings.ignore_status, settings.ignore_aggregated_roles);
        let mut hasher = DefaultHasher::new();
        format!("{:?}{application:?}{status:?}{aggregated_roles}", settings.ignore_differences)
            .hash(&mut hasher);
        (Self { rules, status, aggregated_roles, fingerprint: hasher.finish() }, problems)
    }

    /// A number for these rules: equal rules have equal ones.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// True where `status` of this object is not compared.
    pub fn ignores_status(&self, object: &Object) -> bool {
        match self.status {
            IgnoreStatus::All => true,
            IgnoreStatus::Crds => {
                object.kind() == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io"
            }
            IgnoreStatus::None => false,
        }
    }

    /// True where the rules that aggregation fills in are not compared.
    pub fn ignores_aggregated_roles(&self) -> bool {
        self.aggregated_roles
    }

    /// True where any rule concerns this object.
    pub fn concern(&self, object: &Object) -> bool {
        self.rules.iter().any(|rule| rule.matches(object))
    }

    /// The places not compared in a pair of objects; `live` (often one of them) says who owns what.
    pub fn ignored<'a>(&self, a: &'a Object, b: &'a Object, live: &Object) -> Ignored<'a> {
        let mut ignored = Ignored::default();
        for rule in self.rules.iter().filter(|rule| rule.matches(live)) {
            for object in [a, b] {
                for path in rule.paths(object) {
                    ignored.insert(path.find(object.fields()));
                }
            }
            rule.owned_by_others(live, |entry| differing(a.fields(), b.fields(), entry, &mut ignored));
        }
        ignored
    }

    /// A manifest without its ignored fields.
    pub fn drop_ignored(&self, desired: &Object) -> Object {
        let mut kept = desired.clone();
        for rule in self.rules.iter().filter(|rule| rule.matches(desired)) {
            let paths = rule.paths(&kept);
            remove_all(kept.fields_mut(), paths);
        }
        kept
    }

    /// A manifest whose ignored fields carry the live object's values (`RespectIgnoreDifferences=true`).
    ///
    /// A field the live object lacks goes from the manifest too. A field that only the live object has stays with
    /// its owner; it is taken up only where it is ours, since leaving it out would remove it.
    pub fn respect(&self, desired: &Object, live: &Object) -> Object {
        let mut wanted = desired.clone();
        for rule in self.rules.iter().filter(|rule| rule.matches(desired)) {
            let mut gone = Vec::new();
            for path in rule.paths(desired) {
                match path.find(live.fields()) {
                    Some(value) => {
                        if path.find(wanted.fields()).is_some() {
                            path.set(wanted.fields_mut(), value.clone());
                        }
                    }
                    None => gone.push(path),
                }
            }
            for path in rule.paths(live) {
                let value = path.find(live.fields());
                if let Some(value) =
                    value.filter(|_| path.find(desired.fields()).is_none() && ours(live, &path))
                {
                    path.set(wanted.fields_mut(), value.clone());
                }
            }
            remove_all(wanted.fields_mut(), gone);
            rule.owned_by_others(live, |entry| carry(wanted.fields_mut(), live.fields(), entry));
        }
        wanted
    }
}

impl Rule {
    fn compile(rule: &IgnoreDifferences, problems: &mut Vec<String>) -> Option<Self> {
        let name = |what: &str| format!("ignoreDifferences for {}/{}: {what}", rule.group, rule.kind);
        let mut glob = |pattern: &str| {
            Glob::gobwas(pattern, &[]).map_err(|error| problems.push(name(&error.to_string()))).ok()
        };
        let (group, kind) = (glob(&rule.group)?, glob(&rule.kind)?);
        let mut pointers = Vec::new();
        for pointer in &rule.json_pointers {
            match FieldPath::from_pointer(pointer) {
                Some(path) => pointers.push(path),
                None => {
                    problems.push(name(&format!("the JSON pointer {pointer:?} does not start with \"/\"")))
                }
            }
        }
        let mut expressions = Vec::new();
        for text in &rule.jq_path_expressions {
            match Expression::compile(text) {
                Ok(expression) => expressions.push(expression),
                Err(error) => problems.push(name(&error.to_string())),
            }
        }
        let managers = rule.managed_fields_managers.clone();
        let (namespace, name) = (rule.namespace.clone(), rule.name.clone());
        Some(Self { group, kind, name, namespace, pointers, expressions, managers })
    }

    fn matches(&self, object: &Object) -> bool {
        (self.name.is_empty() || self.name == object.name())
            && (self.namespace.is_empty() || self.namespace == object.namespace())
            && self.kind.matches(object.kind())
            && self.group.matches(object.group())
    }

    /// The paths that pointers and expressions name in one object; an expression that fails names none.
    fn paths(&self, object: &Object) -> Vec<FieldPath> {
        let mut paths: Vec<FieldPath> =
            self.pointers.iter().filter(|path| path.find(object.fields()).is_some()).cloned().collect();
        if !self.expressions.is_empty() {
            let input = super::jq::Input::new(object);
            paths.extend(self.expressions.iter().flat_map(|expression| expression.paths(&input)));
        }
        paths
    }

    fn owned_by_others<'a>(&self, live: &'a Object, mut each: impl FnMut(Fields<'a>)) {
        for manager in &self.managers {
            for operation in [Operation::Apply, Operation::Update] {
                fields::entries(live, manager, operation).for_each(|entry| each(entry.fields));
            }
        }
    }
}

/// Notes the places below `fields` that both maps hold with different values.
fn differing<'a>(
    a: &'a Map<String, Value>,
    b: &'a Map<String, Value>,
    fields: Fields<'_>,
    ignored: &mut Ignored<'a>,
) {
    for (name, node) in fields.each_field() {
        if let (Some(a), Some(b)) = (a.get(name), b.get(name)) {
            differing_values(a, b, node, ignored, 0);
        }
    }
}

fn differing_values<'a>(
    a: &'a Value,
    b: &'a Value,
    fields: Fields<'_>,
    ignored: &mut Ignored<'a>,
    depth: usize,
) {
    if fields.is_leaf() || depth > MAX_DEPTH {
        if !same_scalar(a, b) {
            ignored.insert(Some(a));
            ignored.insert(Some(b));
        }
        return;
    }
    for (child, node) in fields.children() {
        let pair = match (&child, a, b) {
            (Child::Field(name), Value::Object(a), Value::Object(b)) => a.get(*name).zip(b.get(*name)),
            (Child::Item(keys), Value::Array(a), Value::Array(b)) => {
                let item = |list: &'a [Value]| list.iter().find(|item| is_item(item, keys));
                item(a).zip(item(b))
            }
            _ => None,
        };
        if let Some((a, b)) = pair {
            differing_values(a, b, node, ignored, depth + 1);
        }
    }
}

/// Copies the live values of another manager's fields into a manifest that says something else there.
fn carry(wanted: &mut Map<String, Value>, live: &Map<String, Value>, fields: Fields<'_>) {
    for (name, node) in fields.each_field() {
        if let (Some(wanted), Some(live)) = (wanted.get_mut(name), live.get(name)) {
            carry_value(wanted, live, node, 0);
        }
    }
}

fn carry_value(wanted: &mut Value, live: &Value, fields: Fields<'_>, depth: usize) {
    if fields.is_leaf() || depth > MAX_DEPTH {
        wanted.clone_from(live);
        return;
    }
    for (child, node) in fields.children() {
        match (&child, &mut *wanted, live) {
            (Child::Field(name), Value::Object(wanted), Value::Object(live)) => {
                if let (Some(wanted), Some(live)) = (wanted.get_mut(*name), live.get(*name)) {
                    carry_value(wanted, live, node, depth + 1);
                }
            }
            (Child::Item(keys), Value::Array(wanted), Value::Array(live)) => {
                let wanted = wanted.iter_mut().find(|item| is_item(item, keys));
                if let (Some(wanted), Some(live)) = (wanted, live.iter().find(|item| is_item(item, keys))) {
                    carry_value(wanted, live, node, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// True where our manager's applied fields hold this path or something below it.
fn ours(live: &Object, path: &FieldPath) -> bool {
    fields::entries(live, MANAGER, Operation::Apply).any(|entry| {
        let mut node = entry.fields;
        for step in &path.0 {
            if node.is_leaf() {
                return true;
            }
            let Step::Key(key) = step else { return false };
            match node.field(key) {
                Some(child) => node = child,
                None => return false,
            }
        }
        true
    })
}
