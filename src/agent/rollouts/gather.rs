//! What one Rollout is decided on: itself, and everything it owns or names, out of the one picture of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{GroupKind, Gvk, Object, ObjectKey};
use rollout::observed::ReadError;
use rollout::references::references;
use rollout::traffic::{Live, Need};
use rollout::{
    AnalysisRun, AnalysisTemplate, Experiment, Observed, Pod, ReplicaSet, Rollout, Routes, Service, Workload,
};

use super::progress::{Memory, Shell};
use crate::cluster::apply;
use crate::cluster::cache::Seen;
use crate::cluster::decision::kinds;

/// Everything that a decision is made on.
pub struct Gathered {
    /// The world of the Rollout.
    pub observed: Observed,
    /// Objects it names.
    pub named: BTreeSet<ObjectKey>,
}

/// Looks at everything that counts for one Rollout.
///
/// # Errors
/// Where an object of it has an unexpected shape.
pub async fn gather(shell: &Shell, object: &Object, memory: &Memory) -> Result<Gathered, ReadError> {
    let rollout = Rollout::read(object)?;
    let found = find_named(shell, |live| references(&rollout, live)).await;
    let named: BTreeSet<ObjectKey> = found.keys().cloned().collect();
    let replica_sets = replica_sets(shell, object);
    let pods = replica_sets.iter().flat_map(|set| children(shell, &set.meta.uid, &kinds::pod()));
    let observed = Observed {
        pods: pods.map(|pod| Pod::read(&pod)).collect(),
        workload: workload(&rollout, &found),
        services: of_kind(&found, "", "Service").map(|service| Service::read(service)).collect(),
        analysis_runs: readable(children(shell, object.uid(), &kinds::analysis_run()), AnalysisRun::seen),
        experiments: readable(children(shell, object.uid(), &kinds::experiment()), Experiment::read),
        templates: readable(templates(&found), AnalysisTemplate::read),
        routes: Routes::Seen(found.into_values().flatten().map(|object| Object::clone(&object)).collect()),
        taken: memory.taken.clone(),
        exact: memory.exact.clone(),
        options: shell.options.clone(),
        replica_sets,
        rollout,
    };
    Ok(Gathered { observed, named })
}

/// What an object names, each with what is there. What that refers to in turn is looked at as well.
pub async fn find_named(
    shell: &Shell,
    references: impl Fn(&Live<'_>) -> Vec<Need>,
) -> BTreeMap<ObjectKey, Option<Arc<Object>>> {
    let mut found: BTreeMap<ObjectKey, Option<Arc<Object>>> = BTreeMap::new();
    let mut asked: BTreeSet<Need> = BTreeSet::new();
    loop {
        let fresh: Vec<Need> = {
            let objects: Vec<&Object> = found.values().flatten().map(Arc::as_ref).collect();
            let needs = references(&Live::from_iter(objects));
            needs.into_iter().filter(|need| asked.insert(need.clone())).collect()
        };
        if fresh.is_empty() {
            return found;
        }
        for need in fresh {
            found.extend(look(shell, need).await);
        }
    }
}

async fn look(shell: &Shell, need: Need) -> Vec<(ObjectKey, Option<Arc<Object>>)> {
    match need {
        Need::Object { kind, namespace, name, required: _ } => {
            let key = ObjectKey::new(kind.group.as_str(), kind.kind.as_str(), namespace, name);
            let object = see(shell, &kind.group_kind(), &key).await;
            vec![(key, object)]
        }
        Need::Labelled { kind, namespace, selector } => {
            let Some(gvk) = served(shell, &kind.group_kind()) else { return Vec::new() };
            let kinds = shell.hand.kinds.get();
            let listed = apply::list(&shell.hand.client, &kinds, &gvk, &namespace, &selector).await;
            let keys =
                listed.unwrap_or_default().into_iter().map(|object| (object.key(), Some(Arc::new(object))));
            keys.collect()
        }
    }
}

/// One object, kept whole from now on; none where it is not there or its kind is not served.
pub async fn see(shell: &Shell, kind: &GroupKind, key: &ObjectKey) -> Option<Arc<Object>> {
    let gvk = served(shell, kind)?;
    let (cache, kinds) = (&shell.hand.cache, shell.hand.kinds.get());
    cache.want([key.clone()]);
    cache.ensure([gvk.clone()], &kinds).await;
    match cache.see(&gvk, key) {
        Seen::Here(live) => match live.whole {
            Some(whole) => Some(Arc::new(whole.object())),
            None => {
                let object = apply::read(&shell.hand.client, &kinds, &gvk, key).await.ok()??;
                cache.adopt(&gvk, object.clone());
                Some(Arc::new(object))
            }
        },
        Seen::Absent => None,
        Seen::Unknown(_) => apply::read(&shell.hand.client, &kinds, &gvk, key).await.ok()?.map(Arc::new),
    }
}

/// The version at which the server prefers a kind.
fn served(shell: &Shell, kind: &GroupKind) -> Option<Gvk> {
    let kinds = shell.hand.kinds.get();
    let version = kinds.versions(kind).first()?.version.clone();
    Some(Gvk { group: kind.group.clone(), version, kind: kind.kind.clone() })
}

/// Those the Rollout controls, and orphans of its namespace.
fn replica_sets(shell: &Shell, rollout: &Object) -> Vec<ReplicaSet> {
    let own = children(shell, rollout.uid(), &kinds::replica_set());
    let orphans = shell.hand.cache.orphans().into_iter().filter(|set| set.namespace() == rollout.namespace());
    own.chain(orphans).map(|set| ReplicaSet::read(&set)).collect()
}

/// The objects of a kind that the one with this UID controls.
pub fn children(shell: &Shell, uid: &str, kind: &Gvk) -> impl Iterator<Item = Arc<Object>> + use<> {
    let kind = kind.clone();
    let children = shell.hand.cache.children(uid).into_iter().filter(move |live| live.gvk == kind);
    children.filter_map(|live| live.whole).map(|whole| Arc::new(whole.object()))
}

fn workload(rollout: &Rollout, found: &BTreeMap<ObjectKey, Option<Arc<Object>>>) -> Workload {
    let Some(named) = &rollout.spec.workload_ref else { return Workload::Own };
    let group = named.api_version.split_once('/').map_or("", |(group, _)| group);
    let key =
        ObjectKey::new(group, named.kind.as_str(), rollout.meta.namespace.as_str(), named.name.as_str());
    match found.get(&key).cloned().flatten() {
        Some(object) => Workload::Found(Object::clone(&object)),
        None => Workload::Missing,
    }
}

fn of_kind<'a>(
    found: &'a BTreeMap<ObjectKey, Option<Arc<Object>>>,
    group: &'a str,
    kind: &'a str,
) -> impl Iterator<Item = &'a Arc<Object>> {
    let of_kind = move |key: &ObjectKey| key.group == group && key.kind == kind;
    found.iter().filter(move |(key, _)| of_kind(key)).filter_map(|(_, object)| object.as_ref())
}

/// The templates among what was found.
pub fn templates(found: &BTreeMap<ObjectKey, Option<Arc<Object>>>) -> impl Iterator<Item = Arc<Object>> {
    let kinds = ["AnalysisTemplate", "ClusterAnalysisTemplate"];
    kinds.into_iter().flat_map(|kind| of_kind(found, "argoproj.io", kind)).cloned()
}

/// What can be read; an object that cannot is as good as missing, and said so once.
pub fn readable<T>(
    objects: impl Iterator<Item = Arc<Object>>,
    read: impl Fn(&Object) -> Result<T, ReadError>,
) -> Vec<T> {
    let read = objects.map(|object| read(&object));
    read.filter_map(|read| read.inspect_err(|error| tracing::warn!(%error, "object is passed over")).ok())
        .collect()
}
