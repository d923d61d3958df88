//! The comparison: a live object against what the API server says an apply would make of it.
//!
//! Only what we own counts: a difference is drift where our field manager owns it after the apply, or owned it
//! before. Whatever else the server's answer changes (defaults, admission webhooks, other managers) is not ours.

use std::fmt;

use model::Object;
use serde_json::{Map, Value};

use super::fields::{self, Child, Fields, ListShape, Operation, is_item, same_scalar};
use super::ignore::{IgnoreRules, Ignored};
use super::normalize::{self, LAST_APPLIED, SERVER_METADATA};
use super::path::{FieldPath, Step};
use super::takeover::{self, item_step};
use super::{MANAGER, MAX_DEPTH, predict, redact};

/// How a comparison was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `IncludeMutationWebhook=true`: what webhooks change in the answer counts too.
    pub include_mutations: bool,
}

/// What the API server said to the dry-run.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// The object an apply would make.
    Predicted(&'a Object),
    /// The object that a write from the client's side would make: all of it counts.
    Replaced(&'a Object),
    /// It refused, or was not asked: the apply is worked out here, from the live object's field sets.
    None,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// An apply would change nothing of ours.
    Same,
    /// An apply would change these fields. Values of Secrets are masked.
    Different(Vec<Change>),
}

/// One field that an apply would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where.
    pub path: FieldPath,
    /// The live value; none where there is none.
    pub before: Option<Value>,
    /// The value an apply would leave; none where it would take the field away.
    pub after: Option<Value>,
}

/// More changes than these are not listed.
const MOST_CHANGES: usize = 500;

/// Compares a live object with what an apply of `desired` would make of it.
pub fn compare(
    desired: &Object,
    live: &Object,
    answer: Answer<'_>,
    rules: &IgnoreRules,
    options: Options,
) -> Verdict {
    let worked_out;
    let (predicted, everything) = match answer {
        Answer::Predicted(predicted) => (predicted, options.include_mutations),
        Answer::Replaced(predicted) => (predicted, true),
        Answer::None => {
            worked_out = predict::apply(desired, live);
            (&worked_out, true)
        }
    };
    let roles = rules.ignores_aggregated_roles();
    let (left, right) = (normalize::for_compare(live, roles), normalize::for_compare(predicted, roles));
    let ignored = rules.ignored(&left, &right, live);
    let (old, new) = (ours(live), ours(predicted));
    let owned =
        if everything || (old.is_none() && new.is_none()) { Owned::Whole } else { Owned::Parts { old, new } };

    let mut comparison = Comparison { ignored: &ignored, path: Vec::new(), changes: Vec::new() };
    comparison.root(left.fields(), right.fields(), owned, !rules.ignores_status(live));
    if matches!(answer, Answer::Predicted(_)) {
        comparison.add_stale(&left, takeover::stale(live, new));
    }
    let mut changes = comparison.changes;
    redact::changes(live, &mut changes);
    if changes.is_empty() { Verdict::Same } else { Verdict::Different(changes) }
}

fn ours(object: &Object) -> Option<Fields<'_>> {
    fields::entries(object, MANAGER, Operation::Apply).next().map(|entry| entry.fields)
}

/// What of a value is ours.
#[derive(Clone, Copy)]
enum Owned<'a> {
    /// All of it.
    Whole,
    /// What the field sets name, before and after.
    Parts { old: Option<Fields<'a>>, new: Option<Fields<'a>> },
}

impl<'a> Owned<'a> {
    fn parts(old: Option<Fields<'a>>, new: Option<Fields<'a>>) -> Option<Self> {
        (old.is_some() || new.is_some()).then_some(Self::Parts { old, new })
    }

    fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Whole),
            Self::Parts { old, new } => {
                Self::parts(old.and_then(|old| old.field(name)), new.and_then(|new| new.field(name)))
            }
        }
    }

    /// Below a leaf everything is owned as a whole.
    fn at_leaf(self) -> bool {
        match self {
            Self::Whole => true,
            Self::Parts { old, new } => old.is_some_and(Fields::is_leaf) || new.is_some_and(Fields::is_leaf),
        }
    }

    fn before(self) -> bool {
        matches!(self, Self::Whole | Self::Parts { old: Some(_), .. })
    }

    fn after(self) -> bool {
        matches!(self, Self::Whole | Self::Parts { new: Some(_), .. })
    }
}

struct Comparison<'a> {
    ignored: &'a Ignored<'a>,
    path: Vec<Step>,
    changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    fn root(
        &mut self,
        live: &'a Map<String, Value>,
        predicted: &'a Map<String, Value>,
        owned: Owned<'_>,
        status: bool,
    ) {
        for key in keys(live, predicted) {
            match key {
                "apiVersion" | "kind" => {}
                "status" if !status => {}
                "metadata" => self.metadata(live.get(key), predicted.get(key), owned),
                key => self.field(key, live, predicted, owned),
            }
        }
    }

    fn metadata(&mut self, live: Option<&'a Value>, predicted: Option<&'a Value>, owned: Owned<'_>) {
        let (Some(Value::Object(live)), Some(Value::Object(predicted))) = (live, predicted) else { return };
        let Some(owned) = owned.field("metadata") else { return };
        self.path.push(Step::Key("metadata".to_owned()));
        for key in keys(live, predicted) {
            if !matches!(key, "name" | "namespace") && !SERVER_METADATA.contains(&key) {
                self.field(key, live, predicted, owned);
            }
        }
        self.path.pop();
    }

    fn field(
        &mut self,
        key: &str,
        live: &'a Map<String, Value>,
        predicted: &'a Map<String, Value>,
        owned: Owned<'_>,
    ) {
        if key == LAST_APPLIED {
            return;
        }
        let (live, predicted) = (live.get(key), predicted.get(key));
        // Most fields are equal or not ours: nothing is written down for them.
        if let Some(owned) = owned.field(key)
            && live.map(std::ptr::from_ref) != predicted.map(std::ptr::from_ref)
        {
            self.at(Step::Key(key.to_owned()), live, predicted, owned);
        }
    }

    fn at(&mut self, step: Step, live: Option<&'a Value>, predicted: Option<&'a Value>, owned: Owned<'_>) {
        self.path.push(step);
        self.value(live, predicted, owned);
        self.path.pop();
    }

    fn value(&mut self, live: Option<&'a Value>, predicted: Option<&'a Value>, owned: Owned<'_>) {
        let ignored = |value: Option<&'a Value>| value.is_some_and(|value| self.ignored.contains(value));
        if ignored(live) || ignored(predicted) {
            return;
        }
        match (live.filter(|value| !value.is_null()), predicted.filter(|value| !value.is_null())) {
            (None, None) => {}
            (None, Some(_)) => {
                if owned.after() {
                    self.note(live, predicted);
                }
            }
            (Some(_), None) => {
                if owned.before() {
                    self.note(live, predicted);
                }
            }
            (Some(_), Some(_)) if self.path.len() > MAX_DEPTH => self.note(live, predicted),
            (Some(Value::Object(left)), Some(Value::Object(right))) => {
                let owned = if owned.at_leaf() { Owned::Whole } else { owned };
                for key in keys(left, right) {
                    self.field(key, left, right, owned);
                }
            }
            (Some(Value::Array(left)), Some(Value::Array(right))) => self.lists(left, right, owned),
            (Some(left), Some(right)) => {
                if !same_scalar(left, right) {
                    self.note(live, predicted);
                }
            }
        }
    }

    fn lists(&mut self, live: &'a [Value], predicted: &'a [Value], owned: Owned<'_>) {
        let Owned::Parts { old, new } = owned else { return self.whole_lists(live, predicted) };
        if owned.at_leaf() {
            return self.whole_lists(live, predicted);
        }
        let shapes = [old, new].into_iter().flatten().map(Fields::list_shape);
        if shapes.clone().any(|shape| shape == ListShape::Unknown) {
            return self.whole_lists(live, predicted);
        }
        let mut places = Vec::new();
        for child in list_children(old, new) {
            let is_it = |item: &Value| match &child {
                Child::Item(keys) => is_item(item, keys),
                Child::Member(member) => same_scalar(item, member),
                Child::Field(_) | Child::Other => false,
            };
            let step = match &child {
                Child::Item(keys) => item_step(keys),
                Child::Member(member) => Step::Item(member.to_string()),
                Child::Field(_) | Child::Other => continue,
            };
            let (left, right) = (live.iter().position(is_it), predicted.iter().position(is_it));
            let Some(owned) = item_owned(old, new, &child) else { continue };
            if owned.after() {
                places.extend(left.zip(right));
            }
            self.at(step, left.map(|at| &live[at]), right.map(|at| &predicted[at]), owned);
        }
        places.sort_unstable_by_key(|(_, right)| *right);
        if !places.is_sorted_by_key(|(left, _)| *left) {
            self.note_values(Value::Array(live.to_vec()), Value::Array(predicted.to_vec()));
        }
    }

    fn whole_lists(&mut self, live: &'a [Value], predicted: &'a [Value]) {
        let kept =
            |list: &'a [Value]| list.iter().filter(|item| !self.ignored.contains(item)).collect::<Vec<_>>();
        let (left, right) = (kept(live), kept(predicted));
        for index in 0..left.len().max(right.len()) {
            self.at(Step::Index(index), left.get(index).copied(), right.get(index).copied(), Owned::Whole);
        }
    }

    fn add_stale(&mut self, live: &'a Object, stale: Vec<(FieldPath, &Value)>) {
        for (path, value) in stale {
            let ignored = path.find(live.fields()).is_some_and(|value| self.ignored.contains(value));
            if !ignored && !self.changes.iter().any(|change| path.0.starts_with(&change.path.0)) {
                self.path = path.0;
                self.note(Some(value), None);
            }
        }
        self.path.clear();
    }

    fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        if self.changes.len() < MOST_CHANGES {
            let path = FieldPath(self.path.clone());
            self.changes.push(Change { path, before: before.cloned(), after: after.cloned() });
        }
    }

    fn note_values(&mut self, before: Value, after: Value) {
        self.note(Some(&before), Some(&after));
    }
}

fn item_owned<'f>(old: Option<Fields<'f>>, new: Option<Fields<'f>>, child: &Child<'f>) -> Option<Owned<'f>> {
    let node = |fields: Option<Fields<'f>>| {
        fields.and_then(|fields| fields.children().find(|(other, _)| other == child)).map(|(_, node)| node)
    };
    Owned::parts(node(old), node(new))
}

/// The items that either field set names, each once.
fn list_children<'f>(old: Option<Fields<'f>>, new: Option<Fields<'f>>) -> Vec<Child<'f>> {
    let mut children: Vec<Child<'f>> = Vec::new();
    for (child, _) in [new, old].into_iter().flatten().flat_map(Fields::children) {
        if !children.contains(&child) {
            children.push(child);
        }
    }
    children
}

/// The keys of both maps, each once.
fn keys<'a>(a: &'a Map<String, Value>, b: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    let more = b.keys().filter(|key| !a.contains_key(*key));
    a.keys().chain(more).map(String::as_str)
}

impl fmt::Display for Change {
    /// `spec.replicas: 1 -> 2`, with `nothing` for a value that is not there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, shown(&self.before), shown(&self.after))
    }
}
