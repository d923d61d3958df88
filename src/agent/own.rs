//! Windlass' own objects: Applications, projects, settings, credentials; nothing starts before all are listed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::application::Condition;
use model::settings::Settings;
use model::{AppProject, Application, Object};
use report::application::AppKey;
use serde_json::Value;
use sync::project::ProjectProblem;

use super::event::OwnKind;
use super::queue::Depth;
use super::{Agent, Entry, clock};
use crate::cluster::default_project;
use crate::cluster::watch::Watched;
use crate::source::credentials::{Credentials, RepositorySecret, SECRET_TYPE_LABEL};
use crate::source::known_hosts::KnownHosts;
use crate::source::webhook::WebhookSecrets;

/// Projects, settings and credentials as last read.
#[derive(Debug, Default)]
pub struct Own {
    listed: HashSet<OwnKind>,
    leaving: BTreeSet<String>,
    listing: BTreeMap<&'static str, HashSet<String>>,
    projects: BTreeMap<String, Result<Arc<AppProject>, String>>,
    config_maps: BTreeMap<String, BTreeMap<String, String>>,
    secrets: BTreeMap<String, Object>,
}

impl Own {
    /// True once every kind has been listed.
    pub fn is_complete(&self) -> bool {
        OwnKind::ALL.iter().all(|kind| self.listed.contains(kind))
    }

    /// One project.
    pub fn project(&self, name: &str) -> Result<Arc<AppProject>, ProjectProblem> {
        match self.projects.get(name) {
            Some(Ok(project)) => Ok(project.clone()),
            Some(Err(why)) => Err(ProjectProblem::Unreadable { name: name.to_owned(), why: why.clone() }),
            None => Err(ProjectProblem::Missing(name.to_owned())),
        }
    }
}

impl Agent {
    /// Takes a change to one of windlass' own objects.
    pub(super) fn own_changed(&mut self, kind: OwnKind, watched: Watched) {
        match watched {
            Watched::ListStarted => {
                self.own.listing.insert(name_of(kind), HashSet::new());
            }
            Watched::Listed(object) => {
                self.own.listing.entry(name_of(kind)).or_default().insert(object.name().to_owned());
                self.changed(kind, object);
            }
            Watched::ListEnded => self.list_ended(kind),
            Watched::Changed(object) => self.changed(kind, object),
            Watched::Deleted(object) => self.deleted(kind, object.name()),
            Watched::Failed { why, refused: _ } => {
                tracing::warn!(kind = name_of(kind), error = why, "own objects could not be watched")
            }
        }
    }

    fn changed(&mut self, kind: OwnKind, object: Object) {
        if !kind.concerns(&object) {
            return;
        }
        match kind {
            OwnKind::Application => self.application_changed(&object),
            OwnKind::Project => self.project_changed(&object),
            OwnKind::ConfigMap => {
                let data = texts(&object, "data");
                self.own.config_maps.insert(object.name().to_owned(), data);
                self.settings_may_have_changed(object.name());
            }
            OwnKind::Secret => {
                self.own.secrets.insert(object.name().to_owned(), object);
                self.credentials_changed();
            }
        }
    }

    fn deleted(&mut self, kind: OwnKind, name: &str) {
        match kind {
            OwnKind::Application => self.application_gone(name),
            OwnKind::Project => {
                self.own.projects.remove(name);
                self.own.leaving.remove(name);
                self.wake_project(name);
            }
            OwnKind::ConfigMap => {
                self.own.config_maps.remove(name);
                self.settings_may_have_changed(name);
            }
            OwnKind::Secret => {
                self.own.secrets.remove(name);
                self.credentials_changed();
            }
        }
    }

    fn list_ended(&mut self, kind: OwnKind) {
        let listed = self.own.listing.remove(name_of(kind)).unwrap_or_default();
        let known: Vec<String> = match kind {
            OwnKind::Application => self.apps.keys().map(|key| key.name.clone()).collect(),
            OwnKind::Project => self.own.projects.keys().cloned().collect(),
            OwnKind::ConfigMap => self.own.config_maps.keys().cloned().collect(),
            OwnKind::Secret => self.own.secrets.keys().cloned().collect(),
        };
        known.iter().filter(|name| !listed.contains(*name)).for_each(|name| self.deleted(kind, name));
        self.own.listed.insert(kind);
        self.ready.store(self.own.is_complete(), Ordering::Relaxed);
        match kind {
            OwnKind::ConfigMap => self.settings_may_have_changed("argocd-cm"),
            OwnKind::Secret => self.credentials_changed(),
            OwnKind::Project => self.make_default_project(),
            OwnKind::Application => self.begin_round(self.apps.keys().cloned().collect()),
        }
    }

    /// The project of Applications that name none, where nobody has made it; once for each process that leads, so that
    /// it can be taken away.
    pub(super) fn make_default_project(&mut self) {
        if self.default_made || !self.leads() || !self.own.listed.contains(&OwnKind::Project) {
            return;
        }
        self.default_made = true;
        if self.own.projects.contains_key(default_project::NAME) {
            return;
        }
        let shell = self.shell.clone();
        tokio::spawn(async move {
            default_project::make(&shell.hand.client, &shell.control_namespace).await;
        });
    }

    fn application_changed(&mut self, object: &Object) {
        let key = AppKey { namespace: object.namespace().to_owned(), name: object.name().to_owned() };
        let read = Application::read(object).map(Arc::new);
        let Some(entry) = self.apps.get_mut(&key) else {
            self.named.set(&key, read.as_deref().ok());
            self.apps.insert(key.clone(), Entry::new(read));
            self.names_changed = true;
            self.queue.push(key.clone(), clock::steady(), Depth::Source);
            self.report_unreadable(&key, object);
            return;
        };
        let before = std::mem::replace(&mut entry.app, read);
        let depth = match (&before, &entry.app) {
            (Ok(before), Ok(after))
                if super::is_older(after, before) && before.resource_version != after.resource_version =>
            {
                entry.app = Ok(before.clone());
                return;
            }
            (Ok(before), Ok(after)) => asks(before, after),
            (Err(_), _) | (_, Err(_)) => Some(Depth::Source),
        };
        self.named.set(&key, entry.app.as_deref().ok());
        if let Some(depth) = depth {
            self.queue.push(key.clone(), clock::steady(), depth);
        }
        self.report_unreadable(&key, object);
    }

    fn application_gone(&mut self, name: &str) {
        let key = AppKey { namespace: self.shell.control_namespace.clone(), name: name.to_owned() };
        let Some(entry) = self.apps.remove(&key) else { return };
        self.queue.forget(&key);
        self.named.set(&key, None);
        self.index(&key, &entry.wanted);
        self.note_circles(&entry.wanted, &key);
        self.names_changed = true;
        if let Some(round) = &mut self.round {
            round.forget(&key);
        }
        self.shell.teller.forget(&key);
        self.release_projects();
    }

    /// Names the instances anew where Applications came or went: once for however many.
    pub(super) fn take_names(&mut self) {
        if !std::mem::take(&mut self.names_changed) {
            return;
        }
        let names = self.apps.values().filter_map(|entry| entry.app.as_ref().ok());
        self.instances =
            Arc::new(names.map(|app| app.instance_name(&self.shell.control_namespace)).collect());
    }

    fn project_changed(&mut self, object: &Object) {
        let project = AppProject::read(object).map(Arc::new).map_err(|error| error.to_string());
        let name = object.name().to_owned();
        let before = self.own.projects.insert(name.clone(), project.clone());
        if before.as_ref() != Some(&project) {
            self.wake_project(&name);
        }
        if object.is_deleting() {
            self.own.leaving.insert(name);
            self.release_projects();
        }
    }

    fn wake_project(&mut self, name: &str) {
        let uses = |entry: &Entry| entry.app.as_ref().is_ok_and(|app| app.spec.project_name() == name);
        let apps: Vec<AppKey> =
            self.apps.iter().filter(|(_, entry)| uses(entry)).map(|(key, _)| key.clone()).collect();
        self.begin_round(apps.clone());
        apps.into_iter().for_each(|key| self.queue.push(key, clock::steady(), Depth::Source));
    }

    /// A project that is being deleted goes once no Application names it.
    fn release_projects(&mut self) {
        if self.own.leaving.is_empty() {
            return;
        }
        let apps: Vec<&Application> =
            self.apps.values().filter_map(|entry| entry.app.as_deref().ok()).collect();
        let is_unused = |name: &&String| sync::project::is_unused(name, apps.iter().copied());
        let unused: Vec<String> = self.own.leaving.iter().filter(is_unused).cloned().collect();
        let shell = self.shell.clone();
        tokio::spawn(async move {
            crate::cluster::status::release_projects(&shell.hand.client, &shell.control_namespace, &unused)
                .await
        });
    }

    fn settings_may_have_changed(&mut self, name: &str) {
        match name {
            "argocd-cm" => {
                let empty = BTreeMap::new();
                let mut settings = Settings::read(self.own.config_maps.get("argocd-cm").unwrap_or(&empty));
                settings.rewrite_urls.extend(self.rewrite_urls.iter().cloned());
                self.shell.renderer.rewrite(&settings.rewrite_urls);
                self.judge.set(&settings);
                self.settings_changed(settings);
            }
            "argocd-ssh-known-hosts-cm" => {
                let text = self.own.config_maps.get(name).and_then(|data| data.get("ssh_known_hosts"));
                let known = KnownHosts::parse(text.map_or("", String::as_str));
                self.shell.renderer.repositories.set_known_hosts(Arc::new(known));
                self.wake_refused();
            }
            "argocd-tls-certs-cm" => {
                let bundles = self.own.config_maps.get(name).cloned().unwrap_or_default();
                self.shell.renderer.http.set_trusted(bundles.into_iter().collect());
                self.wake_refused();
            }
            _ => {}
        }
    }

    fn credentials_changed(&mut self) {
        if !self.own.listed.contains(&OwnKind::Secret) {
            return;
        }
        let credentials = Arc::new(credentials(self.own.secrets.values()));
        self.shell.renderer.charts.set_credentials(credentials.clone());
        self.shell.renderer.repositories.set_credentials(credentials);
        let values = self.own.secrets.get("argocd-secret").map(data_of).unwrap_or_default();
        self.webhook_secrets.set(WebhookSecrets::read(|key| values.get(key).map(String::as_str)));
        self.wake_refused();
    }

    /// An Application that cannot be read gets a report and a condition; nobody else notices (promise S7).
    fn report_unreadable(&mut self, key: &AppKey, object: &Object) {
        let Some(entry) = self.apps.get_mut(key) else { return };
        let Err(error) = &entry.app else { return };
        let condition = self.shell.teller.unreadable(key, error);
        entry.unwritten = with_invalid_spec(object, condition)
            .map(|conditions| serde_json::json!({"status": {"conditions": conditions}}));
        self.write_unwritten();
    }

    /// Writes the conditions of Applications that cannot be read, once this agent leads.
    pub(super) fn write_unwritten(&mut self) {
        if !self.leads() {
            return;
        }
        let waiting =
            self.apps.iter_mut().filter_map(|(key, entry)| Some((key.clone(), entry.unwritten.take()?)));
        for (key, patch) in waiting {
            let shell = self.shell.clone();
            tokio::spawn(async move {
                let client = &shell.hand.client;
                let written =
                    crate::cluster::status::patch_application(client, &key.namespace, &key.name, &patch)
                        .await;
                if let Err(error) = written {
                    let error = crate::cluster::request::words(&error);
                    tracing::warn!(application = %key, error, "condition could not be written");
                }
            });
        }
    }
}

/// The credentials in a namespace's Secrets; a Secret that cannot be read is said and left out.
pub(crate) fn credentials<'a>(secrets: impl Iterator<Item = &'a Object> + Clone) -> Credentials {
    let of_type = |wanted: &str| -> Vec<RepositorySecret> {
        let secrets = secrets.clone().filter(|secret| secret.label(SECRET_TYPE_LABEL) == Some(wanted));
        secrets
            .filter_map(|secret| RepositorySecret::read(secret.name(), &data_of(secret)).map_err(say).ok())
            .collect()
    };
    Credentials::new(of_type("repository"), of_type("repo-creds"))
}

/// `status.conditions` of an Application that cannot be read; none where they say so already.
fn with_invalid_spec(object: &Object, condition: Condition) -> Option<Vec<Value>> {
    let before = object.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_it = |old: &Value| old["type"] == condition.kind.as_str();
    if before.iter().any(|old| is_it(old) && old["message"] == condition.message.as_str()) {
        return None;
    }
    let mut conditions: Vec<Value> = before.into_iter().filter(|old| !is_it(old)).collect();
    conditions.push(serde_json::to_value(condition).ok()?);
    Some(conditions)
}

fn say(error: crate::source::credentials::SecretError) -> crate::source::credentials::SecretError {
    tracing::warn!(%error, "a repository Secret cannot be read");
    error
}

/// What a changed Application asks for; none where only its status has changed.
fn asks(before: &Application, after: &Application) -> Option<Depth> {
    let refresh = model::annotations::REFRESH;
    if after.annotations.contains_key(refresh)
        && after.annotations.get(refresh) != before.annotations.get(refresh)
    {
        return Some(Depth::Refresh);
    }
    let same = before.spec == after.spec
        && before.operation == after.operation
        && before.annotations == after.annotations
        && before.finalizers == after.finalizers
        && before.deletion_timestamp == after.deletion_timestamp;
    let stopped = |app: &Application| app.status.operation_state.as_ref().map(|state| state.phase);
    (!same || stopped(before) != stopped(after)).then_some(Depth::Source)
}

/// What a user has asked for between two states of an Application of which the later one is a run's own write.
pub(super) fn asked_meanwhile(before: &Application, after: &Application) -> Option<Depth> {
    let refresh = model::annotations::REFRESH;
    let asked = after.annotations.get(refresh);
    if asked.is_some() && asked != before.annotations.get(refresh) {
        return Some(Depth::Refresh);
    }
    let rest = |app: &Application| {
        let mut annotations = app.annotations.clone();
        annotations.remove(refresh);
        annotations
    };
    let same = before.spec == after.spec
        && rest(before) == rest(after)
        && before.finalizers == after.finalizers
        && before.deletion_timestamp == after.deletion_timestamp
        && (after.operation.is_none() || before.operation == after.operation);
    (!same).then_some(Depth::Source)
}

/// The texts of one map of an object, such as a ConfigMap's `data`.
pub(crate) fn texts(object: &Object, field: &str) -> BTreeMap<String, String> {
    let map = object.get(field).and_then(Value::as_object);
    let texts =
        map.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

/// `data` of a Secret, decoded; what is no text is left out.
pub(crate) fn data_of(secret: &Object) -> BTreeMap<String, String> {
    let decoded = texts(secret, "data").into_iter().filter_map(|(key, value)| {
        let bytes = data_encoding::BASE64.decode(value.as_bytes()).ok()?;
        Some((key, String::from_utf8(bytes).ok()?))
    });
    decoded.collect()
}

fn name_of(kind: OwnKind) -> &'static str {
    match kind {
        OwnKind::Application => "Application",
        OwnKind::Project => "AppProject",
        OwnKind::ConfigMap => "ConfigMap",
        OwnKind::Secret => "Secret",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_asked_during_a_run_is_not_lost_in_its_own_write() {
        let app = |change: Value| {
            let mut app = json!({"metadata": {"name": "a"}, "spec": {"project": "default"}});
            json_patch::merge(&mut app, &change);
            Application::read(&Object::from_value(app).expect("it is a map")).expect("it can be read")
        };
        let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}});
        let operation = json!({"operation": {"sync": {}}});
        let check = |before: &Value, after: &Value, expected| {
            assert_eq!(
                asked_meanwhile(&app(before.clone()), &app(after.clone())),
                expected,
                "{before} {after}"
            );
        };
        check(&json!({}), &json!({"status": {"sourceType": "Helm"}}), None);
        check(&json!({}), &refresh, Some(Depth::Refresh));
        check(&refresh, &json!({}), None);
        check(&json!({}), &operation, Some(Depth::Source));
        check(&operation, &json!({}), None);
        check(&json!({}), &json!({"spec": {"project": "other"}}), Some(Depth::Source));
    }

    #[test]
    fn an_unreadable_application_is_told_once_and_keeps_its_other_conditions() {
        let condition = |message: &str| Condition {
            kind: "InvalidSpecError".to_owned(),
            message: message.to_owned(),
            last_transition_time: None,
        };
        let app = |conditions: Value| {
            Object::from_value(json!({"metadata": {"name": "a"}, "status": {"conditions": conditions}}))
                .expect("it is a map")
        };
        let before = app(json!([{"type": "OrphanedResourceWarning", "message": "x"},
            {"type": "InvalidSpecError", "message": "old"}]));
        let after = with_invalid_spec(&before, condition("new")).expect("it is news");
        assert_eq!(after[0]["type"], "OrphanedResourceWarning");
        assert_eq!((after.len(), &after[1]["message"]), (2, &json!("new")));
        assert_eq!(with_invalid_spec(&app(json!(after)), condition("new")), None);
    }
}
