//! What may be deleted, and why the rest may not (promise S1, threat T14).

use model::annotations::DELETION_APPROVED;
use model::application::Application;
use model::time::Time;

use super::input::{Input, Item, Live, Seen};
use super::options::{Effective, Permission};
use crate::desired::is_crd;
use crate::project;

/// What becomes of an object that the source no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is deleted.
    Prune,
    /// It stays, with upstream's words for its row and ours for the reason.
    Stays { row: &'static str, why: &'static str },
    /// It is deleted once the user has confirmed.
    AfterConfirmation,
}

/// The live object, where the source no longer holds it and it is ours by every rule.
///
/// Ours is what carries a mark that names exactly this Application and this object, and stands in
/// `status.resources` (also upstream's): a mark alone may come from another installation's Application of this name,
/// or from a hand. Never ours: what another
/// object owns, CustomResourceDefinitions, hooks, and what the project does not allow.
pub(super) fn candidate<'a>(input: &Input<'a>, item: &Item<'a>) -> Option<&'a Live> {
    if item.desired.is_some() || input.desired.is_err() {
        return None;
    }
    let Seen::Present(live) = item.live else { return None };
    let ours = is_ours(input, live) && !live.hook && !is_alias(input, live);
    ours.then_some(live)
}

/// Whether a live object belongs to this Application and may be touched by it.
pub(super) fn is_ours(input: &Input<'_>, live: &Live) -> bool {
    live.owner.as_deref() == Some(input.instance)
        && !live.owned
        && !is_crd(&live.key.group, &live.key.kind)
        && is_in_inventory(input, live)
        && is_permitted(input, live)
}

fn is_in_inventory(input: &Input<'_>, live: &Live) -> bool {
    let key = &live.key;
    input.app.status.resources.iter().any(|row| {
        row.name == key.name
            && row.kind == key.kind
            && row.namespace == key.namespace
            && row.group == key.group
    })
}

fn is_permitted(input: &Input<'_>, live: &Live) -> bool {
    let (Ok(project), Ok(cluster)) = (input.project, input.cluster) else { return false };
    let namespaced = !live.key.namespace.is_empty();
    project::decide_object(project, cluster, &live.key, namespaced).is_ok()
}

/// One object under two groups (Ingress of extensions and networking.k8s.io) is the one the source holds.
fn is_alias(input: &Input<'_>, live: &Live) -> bool {
    let is_same = |item: &Item<'_>| {
        item.desired.is_some() && matches!(item.live, Seen::Present(other) if other.uid == live.uid)
    };
    !live.uid.is_empty()
        && input
            .items
            .iter()
            .any(|item| item.key.name == live.key.name && item.key.kind == live.key.kind && is_same(item))
}

/// What becomes of a candidate in an operation.
pub(super) fn fate(
    input: &Input<'_>,
    live: &Live,
    options: &Effective,
    prune: bool,
    since: Option<Time>,
) -> Fate {
    if let Some(why) = kept(input, live, options.create_namespace()) {
        return Fate::Stays { row: "ignored (no prune)", why };
    }
    if !prune {
        return Fate::Stays { row: "ignored (requires pruning)", why: "the sync does not prune" };
    }
    match options.prune(live) {
        Permission::No => Fate::Stays { row: "ignored (no prune)", why: "its options say Prune=false" },
        Permission::AfterConfirmation if !is_approved(input.app, since) => Fate::AfterConfirmation,
        Permission::AfterConfirmation | Permission::Yes => Fate::Prune,
    }
}

/// Why an object is never pruned, whatever the options say.
fn kept(input: &Input<'_>, live: &Live, creates_namespace: bool) -> Option<&'static str> {
    let app = input.app;
    if live.key == app.key() || input.cycle.contains(&live.key) {
        return Some("it manages this very Application");
    }
    if live.key.group.is_empty() && live.key.kind == "Namespace" {
        if live.key.name == app.namespace || live.key.name == input.control_namespace {
            return Some("the Application or its agent lives in it");
        }
        if creates_namespace && live.key.name == app.spec.destination.namespace {
            return Some("CreateNamespace asks for it");
        }
    }
    let allows = |app: &Application| {
        app.spec
            .sync_policy
            .as_ref()
            .and_then(|policy| policy.automated.as_ref())
            .is_some_and(|auto| auto.allow_empty)
    };
    if input.desired.is_ok_and(crate::desired::Desired::is_empty) && !allows(app) {
        return Some("the source holds no object at all; set automated.allowEmpty if that is meant");
    }
    None
}

/// Whether the user has confirmed since the operation (or the deletion) began.
pub(super) fn is_approved(app: &Application, since: Option<Time>) -> bool {
    let approved = app.annotations.get(DELETION_APPROVED).and_then(|text| text.parse::<Time>().ok());
    matches!((approved, since), (Some(approved), Some(since)) if approved >= since.whole_seconds())
}
