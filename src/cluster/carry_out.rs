//! Carries out a plan's actions as they stand: one outcome for each, no choices left.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use model::annotations::SYNC_OPTIONS;
use model::{Gvk, Kinds, Object, ObjectKey};
use serde_json::json;
use sync::plan::{Action, Answer, Apply, Expects, How, Outcome, Removal, object_words};
use tokio::sync::Semaphore;

use super::apply::{self, Deletion, Precondition, Refusal, Write};
use super::cache::{Cache, Seen};
use super::snapshot::Snapshot;
use super::{discovery, status};

/// What writes go through: one for the whole agent, so that their number at once is bounded.
pub struct Hand {
    /// The cluster.
    pub client: Client,
    /// What it serves.
    pub kinds: Arc<Snapshot<Kinds>>,
    /// Where answers go.
    pub cache: Arc<Cache>,
    /// Requests at once.
    pub slots: Semaphore,
}

/// What came of one action.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// A dry run: what the server would make of the object, or why not.
    Asked(Result<Box<Object>, Refusal>),
    /// A change.
    Changed(Outcome),
}

/// What a write from the client's side has made.
pub struct ClientSide {
    /// The live object that the change was worked out from; none where it was not there.
    pub before: Option<Object>,
    /// The object after it.
    pub object: Object,
}

/// Tries of one write that the server does not answer, or that loses a race.
const TRIES: u32 = 3;
/// Wait before the second try; doubled before the third.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest wait for a definition to be established; upstream's bound.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(3);

impl Hand {
    /// Carries out one action. `prepared` is the object as it is sent, where the action sends one; `app` is the
    /// Application whose finalizers may go.
    pub async fn carry_out(&self, action: &Action, prepared: Option<&Object>, app: &ObjectKey) -> Done {
        let Ok(_slot) = self.slots.acquire().await else {
            return Done::Changed(Outcome::Unanswered("the agent stops".to_owned()));
        };
        match action {
            Action::DryRun(apply) => {
                Done::Asked(self.dry_run(apply, prepared.unwrap_or(&apply.object)).await.map(Box::new))
            }
            Action::Apply(apply) => Done::Changed(self.apply(apply, prepared.unwrap_or(&apply.object)).await),
            Action::CreateNamespace { name, labels, annotations } => {
                let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
                if !labels.is_empty() {
                    object["metadata"]["labels"] = json!(labels);
                }
                if !annotations.is_empty() || !labels.is_empty() {
                    object["metadata"]["annotations"] = json!(annotations);
                    object["metadata"]["annotations"][SYNC_OPTIONS] = "ServerSideApply=true".into();
                }
                let object = Object::from_value(object).expect("it is a map");
                Done::Changed(self.write(&object, &ObjectKey::new("", "Namespace", "", name.as_str())).await)
            }
            Action::Prune(removal) | Action::DeleteHook(removal) | Action::Delete(removal) => {
                Done::Changed(self.remove(removal).await)
            }
            Action::RemoveFinalizers { finalizers } => {
                Done::Changed(self.remove_finalizers(app, finalizers).await)
            }
        }
    }

    /// What the server would make of `object`.
    pub async fn dry_run(&self, apply: &Apply, object: &Object) -> Result<Object, Refusal> {
        let how = Write { dry_run: true, strict: apply.validate };
        self.send(apply, object, how).await.map(|(object, _)| object)
    }

    /// Writes the object as the plan says; the answer comes with the words for its row. What server-side apply cannot
    /// read is written from the client's side, and the words say so.
    async fn send(&self, apply: &Apply, object: &Object, how: Write) -> Result<(Object, String), Refusal> {
        let kinds = self.kinds.get();
        let sent = match apply.how {
            How::ServerSide => {
                self.patiently(|| apply::server_side_apply(&self.client, &kinds, object, how)).await
            }
            How::ClientSide | How::Replace => {
                let object = at_expected(object, &apply.expects);
                self.patiently(|| apply::replace(&self.client, &kinds, &object, how)).await
            }
        };
        match sent {
            Ok(object) => Ok((object, words_for(apply).to_owned())),
            Err(Refusal::Unfit(why)) => {
                let is_new = apply.expects == Expects::Absent;
                let ClientSide { object, .. } = self.from_the_client_side(object, is_new, how).await?;
                let why = sync::diff::redact::clean_error(&why, &[&object]);
                Ok((object, format!("applied client-side, for server-side apply refuses it: {why}")))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes the object, or the change that an apply would make, worked out here from the live object's field sets. Where
    /// the object has changed in between it is read and worked out again.
    ///
    /// # Errors
    /// The server's refusal; a conflict where the object changes faster than it can be read.
    pub async fn from_the_client_side(
        &self,
        object: &Object,
        is_new: bool,
        how: Write,
    ) -> Result<ClientSide, Refusal> {
        for _ in 1..TRIES {
            match self.client_side_once(object, is_new, how).await {
                Err(Refusal::Conflict(_)) if !is_new => {}
                outcome => return outcome,
            }
        }
        self.client_side_once(object, is_new, how).await
    }

    async fn client_side_once(
        &self,
        object: &Object,
        is_new: bool,
        how: Write,
    ) -> Result<ClientSide, Refusal> {
        let kinds = self.kinds.get();
        let (gvk, key) = (object.gvk(), object.key());
        let before = match is_new {
            true => None,
            false => self.patiently(|| apply::read(&self.client, &kinds, &gvk, &key)).await?,
        };
        let whole =
            before.as_ref().map_or_else(|| object.clone(), |live| sync::diff::predict::apply(object, live));
        let object = self.patiently(|| apply::replace(&self.client, &kinds, &whole, how)).await?;
        Ok(ClientSide { before, object })
    }

    async fn apply(&self, apply: &Apply, object: &Object) -> Outcome {
        let how = Write { dry_run: false, strict: apply.validate };
        if apply.take_over
            && self.has_earlier_manager(apply)
            && let Err(refusal) = self.take_over(apply).await
        {
            return outcome_of(&refusal);
        }
        match self.send(apply, object, how).await {
            Ok((object, words)) => self.written(&apply.gvk, &apply.key, object, &words).await,
            Err(refusal) if apply.force && cannot_be_changed(&refusal) => {
                self.make_anew(apply, object, how).await
            }
            Err(refusal) => outcome_of(&refusal),
        }
    }

    /// Deletes the object and makes it again (`Force=true`).
    async fn make_anew(&self, apply: &Apply, object: &Object, how: Write) -> Outcome {
        let kinds = self.kinds.get();
        let Expects::Present { uid, resource_version: _ } = &apply.expects else {
            return Outcome::Stale;
        };
        let precondition = Precondition { uid: uid.clone(), resource_version: None };
        let deleted =
            apply::delete(&self.client, &kinds, &apply.gvk, &apply.key, &precondition, "Background").await;
        match deleted {
            Ok(Deletion::Gone) => self.cache.gone(&apply.gvk, &apply.key),
            Ok(Deletion::Waiting) => return Outcome::Stale,
            Err(refusal) => return outcome_of(&refusal),
        }
        match apply::server_side_apply(&self.client, &kinds, object, how).await {
            Ok(object) => self.written(&apply.gvk, &apply.key, object, "force-applied").await,
            Err(refusal) => outcome_of(&refusal),
        }
    }

    async fn write(&self, object: &Object, key: &ObjectKey) -> Outcome {
        let how = Write { dry_run: false, strict: true };
        let kinds = self.kinds.get();
        match self.patiently(|| apply::server_side_apply(&self.client, &kinds, object, how)).await {
            Ok(written) => self.written(&object.gvk(), key, written, "serverside-applied").await,
            Err(refusal) => outcome_of(&refusal),
        }
    }

    async fn written(&self, gvk: &Gvk, key: &ObjectKey, object: Object, words: &str) -> Outcome {
        if gvk.kind == "CustomResourceDefinition" && gvk.group == "apiextensions.k8s.io" {
            self.await_definition(gvk, key).await;
        }
        self.cache.written(gvk, object);
        Outcome::Done(object_words(key, words))
    }

    /// Waits until a definition is established and discovery knows its kind; a kind that comes later is found by the
    /// watch on definitions.
    async fn await_definition(&self, gvk: &Gvk, key: &ObjectKey) {
        let established = async {
            loop {
                let read = apply::read(&self.client, &self.kinds.get(), gvk, key).await;
                if read.ok().flatten().is_some_and(|object| is_established(&object)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = tokio::time::timeout(ESTABLISHED_WITHIN, established).await;
        if let Ok(kinds) = discovery::discover(&self.client).await {
            self.kinds.set(kinds);
        }
    }

    async fn remove(&self, removal: &Removal) -> Outcome {
        let Removal { key, version, uid, resource_version, propagation, phase: _, strip_finalizer } = removal;
        let gvk = Gvk { group: key.group.clone(), version: version.clone(), kind: key.kind.clone() };
        let mut precondition =
            Precondition { uid: uid.clone(), resource_version: Some(resource_version.clone()) };
        if *strip_finalizer {
            match self.strip_hook_finalizer(&gvk, key, &precondition).await {
                Ok(version) => precondition.resource_version = Some(version),
                Err(refusal) => return outcome_of(&refusal),
            }
        }
        let kinds = self.kinds.get();
        let name = propagation.as_str();
        let deleted =
            self.patiently(|| apply::delete(&self.client, &kinds, &gvk, key, &precondition, name)).await;
        match deleted {
            Ok(Deletion::Gone) => {
                self.cache.gone(&gvk, key);
                Outcome::Done("pruned".to_owned())
            }
            Ok(Deletion::Waiting) => Outcome::Done("pruned".to_owned()),
            Err(refusal) => outcome_of(&refusal),
        }
    }

    async fn strip_hook_finalizer(
        &self,
        gvk: &Gvk,
        key: &ObjectKey,
        seen: &Precondition,
    ) -> Result<String, Refusal> {
        let kinds = self.kinds.get();
        let found = apply::read(&self.client, &kinds, gvk, key).await?;
        let object = found.filter(|object| object.uid() == seen.uid);
        let object = object.ok_or_else(|| Refusal::Conflict(format!("{key} has changed")))?;
        let left: Vec<&str> = object.finalizers().filter(|name| *name != HOOK_FINALIZER).collect();
        let patch = json!({"metadata": {"finalizers": left, "resourceVersion": object.resource_version()}});
        let patched = apply::merge_patch(&self.client, &kinds, gvk, key, &patch).await?;
        Ok(patched.resource_version().to_owned())
    }

    async fn remove_finalizers(&self, app: &ObjectKey, finalizers: &[String]) -> Outcome {
        let read = self.client.request::<serde_json::Value>(super::request::get(&status::application(
            &app.namespace,
            &app.name,
        )));
        let object = match read.await.and_then(super::request::object_of) {
            Ok(object) => object,
            Err(error) if super::request::code(&error) == Some(404) => return Outcome::Done(String::new()),
            Err(error) => return Outcome::Unanswered(super::request::words(&error)),
        };
        let left: Vec<&str> =
            object.finalizers().filter(|name| !finalizers.iter().any(|gone| gone == name)).collect();
        let patch = json!({"metadata": {"finalizers": left, "resourceVersion": object.resource_version()}});
        match status::patch_application(&self.client, &app.namespace, &app.name, &patch).await {
            Ok(_) => Outcome::Done(String::new()),
            Err(error) if super::request::code(&error) == Some(409) => Outcome::Stale,
            Err(error) if super::request::code(&error) == Some(404) => Outcome::Done(String::new()),
            Err(error) => Outcome::Refused(super::request::words(&error)),
        }
    }

    /// What the cache knows: nothing is asked for an object that is new, or ours.
    fn has_earlier_manager(&self, apply: &Apply) -> bool {
        match self.cache.see(&apply.gvk, &apply.key) {
            Seen::Here(live) => live.whole.is_none_or(|whole| whole.take_over),
            Seen::Absent => false,
            Seen::Unknown(_) => true,
        }
    }

    /// Takes the fields of earlier client-side managers over, once: later removals in Git then remove them.
    async fn take_over(&self, apply: &Apply) -> Result<(), Refusal> {
        let kinds = self.kinds.get();
        let Some(live) = apply::read(&self.client, &kinds, &apply.gvk, &apply.key).await? else {
            return Ok(());
        };
        let Some(patch) = sync::diff::takeover::patch(&live) else { return Ok(()) };
        apply::json_patch(&self.client, &kinds, &apply.gvk, &apply.key, &patch).await.map(|_| ())
    }

    /// Tries again what the server did not answer.
    async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, Refusal> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match attempt().await {
                Err(refusal) if refusal.is_passing() => tokio::time::sleep(wait).await,
                outcome => return outcome,
            }
            wait *= 2;
        }
        attempt().await
    }
}

/// Upstream's finalizer on hooks.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The word a plan has for the answer to a dry run.
pub fn answer_of(asked: &Result<Box<Object>, Refusal>) -> Answer {
    match asked {
        Ok(_) => Answer::Accepted,
        Err(refusal) if refusal.is_passing() => Answer::NotAsked,
        Err(refusal) => Answer::Refused(sync::diff::redact::clean_error(&refusal.to_string(), &[])),
    }
}

fn outcome_of(refusal: &Refusal) -> Outcome {
    match refusal {
        Refusal::Conflict(_) => Outcome::Stale,
        Refusal::Passing(words) => Outcome::Unanswered(words.clone()),
        Refusal::NotServed(_) | Refusal::NotFound(_) | Refusal::Unfit(_) | Refusal::Refused(_) => {
            Outcome::Refused(sync::diff::redact::clean_error(&refusal.to_string(), &[]))
        }
    }
}

fn cannot_be_changed(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Refused(_) | Refusal::Conflict(_))
}

fn words_for(apply: &Apply) -> &'static str {
    match (apply.how, &apply.expects) {
        (How::ServerSide, _) => "serverside-applied",
        (How::ClientSide | How::Replace, Expects::Absent) => "created",
        (How::ClientSide, Expects::Present { .. }) => "configured",
        (How::Replace, Expects::Present { .. }) => "replaced",
    }
}

fn at_expected(object: &Object, expects: &Expects) -> Object {
    let mut object = object.clone();
    if let Expects::Present { uid: _, resource_version } = expects {
        object.metadata_mut().insert("resourceVersion".into(), resource_version.as_str().into());
    }
    object
}

fn is_established(object: &Object) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(serde_json::Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}
