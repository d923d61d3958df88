//! Object -> Health: is it working, on its way, or broken (reference section 5).
//!
//! A verdict comes from the first that has one: deletion, the users' own checks ([`lua`]), the checks here. The tables
//! in `workloads`, `batch`, `network`, `storage`, `argo` and `kinds` say which function judges which kind; a
//! kind in none of them has no health and takes no part in its application's. Messages are upstream's, word for
//! word, since people search for them.

mod aggregate;
mod argo;
mod batch;
mod kinds;
pub mod lua;
mod network;
mod read;
mod storage;
mod workloads;

use std::borrow::Cow;

use model::Object;
use model::annotations::{self, Role};
use model::application::HealthCode;

pub use aggregate::{Part, aggregate};
pub use lua::Scripts;

/// The health of one object or application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// The verdict.
    pub code: HealthCode,
    /// Why, often empty when healthy.
    pub message: String,
}

/// A verdict that borrows its words from the object.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict<'a> {
    /// The verdict.
    pub code: HealthCode,
    /// Why.
    pub message: Cow<'a, str>,
}

impl From<Verdict<'_>> for Health {
    fn from(verdict: Verdict<'_>) -> Self {
        Self { code: verdict.code, message: verdict.message.into_owned() }
    }
}

impl PartialEq<Health> for Verdict<'_> {
    fn eq(&self, health: &Health) -> bool {
        self.code == health.code && self.message == health.message
    }
}

/// The finalizers with which hooks are kept until the sync has seen their end.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// A built-in check; none where it has no opinion on this very object.
type Check = for<'a> fn(&'a Object) -> Option<Verdict<'a>>;

/// A table of checks: group, kind, check.
type Table = &'static [(&'static str, &'static str, Check)];

/// The health of an object; none where its kind has no check or the check has no opinion.
pub fn assess(object: &Object, scripts: &Scripts) -> Option<Health> {
    judge(object, scripts).map(Health::from)
}

/// As [`assess`], without copying words.
pub fn judge<'a>(object: &'a Object, scripts: &Scripts) -> Option<Verdict<'a>> {
    if object.is_deleting() && !object.finalizers().any(|finalizer| finalizer == HOOK_FINALIZER) {
        return verdict(HealthCode::Progressing, "Pending deletion");
    }
    if !scripts.is_empty()
        && let Some(own) = scripts.find(object.group(), object.kind())
    {
        return own.judge(object);
    }
    check_for(object.group(), object.kind()).and_then(|check| check(object))
}

/// True where objects of a kind have a health at all, by a built-in check or the user's.
pub fn is_known(group: &str, kind: &str, scripts: &Scripts) -> bool {
    check_for(group, kind).is_some() || scripts.find(group, kind).is_some()
}

/// The built-in check of a kind: by its exact name, then by wildcard.
fn check_for(group: &str, kind: &str) -> Option<Check> {
    let exact = |table: Table| {
        table.iter().find(|(of, name, _)| *of == group && *name == kind).map(|(_, _, check)| *check)
    };
    let built_in = match group {
        "apps" => workloads::TABLE,
        "batch" | "autoscaling" | "policy" => batch::TABLE,
        "" => exact_core(kind),
        "networking.k8s.io" | "extensions" | "gateway.networking.k8s.io" | "projectcontour.io" => {
            network::TABLE
        }
        "snapshot.storage.k8s.io" => storage::TABLE,
        "argoproj.io" => argo::TABLE,
        _ => {
            return kinds::TABLES.iter().find_map(|table| exact(table)).or_else(|| kinds::by_wildcard(group));
        }
    };
    exact(built_in).or_else(|| if group == "extensions" { exact(workloads::EXTENSIONS) } else { None })
}

/// The core group's kinds stand with their families.
fn exact_core(kind: &str) -> Table {
    match kind {
        "Pod" => workloads::TABLE,
        "Service" => network::TABLE,
        _ => storage::TABLE,
    }
}

fn is_hook(object: &Object) -> bool {
    !matches!(annotations::role(object), Role::Resource)
}

fn verdict<'a>(code: HealthCode, message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    Some(Verdict { code, message: message.into() })
}

fn healthy<'a>(message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    verdict(HealthCode::Healthy, message)
}

fn progressing<'a>(message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    verdict(HealthCode::Progressing, message)
}

fn degraded<'a>(message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    verdict(HealthCode::Degraded, message)
}

fn suspended<'a>(message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    verdict(HealthCode::Suspended, message)
}

fn unknown<'a>(message: impl Into<Cow<'a, str>>) -> Option<Verdict<'a>> {
    verdict(HealthCode::Unknown, message)
}
