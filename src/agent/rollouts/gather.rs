//! What one Rollout is decided on: itself, and everything it owns or names, out of the one picture of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{GroupKind, Gvk, Object, ObjectKey};
use rollout::observed::ReadError;
use rollout::references::references;
use rollout::traffic::{Live as Routes, Need};
use rollout::{
    AnalysisRun, AnalysisTemplate, Experiment, Observed, Pod, ReplicaSet, Rollout, Service, Workload,
};

use super::progress::{Memory, Shell};
use crate::cluster::apply;
use crate::cluster::cache::{Live, Seen};
use crate::cluster::decision::kinds;

/// Everything that a decision is made on.
pub struct Gathered {
    /// The world of the Rollout.
    pub observed: Observed,
    /// Objects it names.
    pub named: BTreeSet<ObjectKey>,
    /// Everything it was made from; none where something had to be listed that the cache does not follow.
    pub versions: Option<Versions>,
}

/// Which objects, each at which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// UIDs and resource versions.
    all: BTreeSet<(String, String)>,
    /// True where single pods are among them.
    has_pods: bool,
}

/// What was found of what an object names.
#[derive(Default)]
pub struct Found {
    /// Each with what is there.
    pub objects: BTreeMap<ObjectKey, Option<Arc<Object>>>,
    /// True where a list was asked for that the cache does not follow.
    pub is_listed: bool,
}

/// Looks at everything that counts for one Rollout.
///
/// # Errors
/// Where an object of it has an unexpected shape.
pub async fn gather(shell: &Shell, object: &Object, memory: &Memory) -> Result<Gathered, ReadError> {
    let rollout = Rollout::read(object)?;
    let Found { objects: found, is_listed } = find_named(shell, |live| references(&rollout, live)).await;
    let named: BTreeSet<ObjectKey> = found.keys().cloned().collect();
    let sets = replica_sets(shell, object);
    let replica_sets: Vec<ReplicaSet> = sets.iter().map(|set| ReplicaSet::read(set)).collect();
    let has_pods = rollout::looks_at_pods(&rollout, &replica_sets);
    let pods = sets.iter().filter(|_| has_pods).flat_map(|set| children(shell, set.uid(), &kinds::pod()));
    let pods: Vec<_> = pods.collect();
    let runs: Vec<_> = children(shell, object.uid(), &kinds::analysis_run()).collect();
    let experiments: Vec<_> = children(shell, object.uid(), &kinds::experiment()).collect();
    let made_from = [&sets, &pods, &runs, &experiments].into_iter().flatten().chain(found.values().flatten());
    let all = made_from.map(Arc::as_ref).chain([object]).map(version).collect();
    let observed = Observed {
        pods: pods.iter().map(|pod| Pod::read(pod)).collect(),
        workload: workload(&rollout, &found),
        services: of_kind(&found, "", "Service").map(|service| Service::read(service)).collect(),
        analysis_runs: readable(runs.into_iter(), AnalysisRun::seen),
        experiments: readable(experiments.into_iter(), Experiment::read),
        templates: readable(templates(&found), AnalysisTemplate::read),
        routes: rollout::Routes::Seen(
            found.into_values().flatten().map(|object| Object::clone(&object)).collect(),
        ),
        taken: memory.taken.clone(),
        exact: memory.exact.clone(),
        options: shell.options.clone(),
        replica_sets,
        rollout,
    };
    let versions = (!is_listed).then_some(Versions { all, has_pods });
    Ok(Gathered { observed, named, versions })
}

fn version(object: &Object) -> (String, String) {
    (object.uid().to_owned(), object.resource_version().to_owned())
}

impl Versions {
    /// Whether a look would see the same now, by the cache's own word: nothing is read for it.
    pub fn still_hold(&self, shell: &Shell, rollout: &ObjectKey) -> bool {
        let cache = &shell.hand.cache;
        let Seen::Here(itself) = cache.see(&kinds::rollout(), rollout) else { return false };
        let counts = [kinds::replica_set(), kinds::analysis_run(), kinds::experiment()];
        let own = cache.children(&itself.stub.uid).into_iter().filter(|live| counts.contains(&live.gvk));
        let orphans = cache.orphans().into_iter().filter(|set| set.stub.key.namespace == rollout.namespace);
        let own: Vec<Live> = own.chain(orphans).collect();
        let sets = own.iter().filter(|live| self.has_pods && live.gvk == kinds::replica_set());
        let pods = sets.flat_map(|set| cache.children(&set.stub.uid)).filter(|live| live.gvk == kinds::pod());
        let named = cache.references.named_by(rollout).into_iter().filter_map(|named| {
            let gvk = served(shell, &GroupKind { group: named.group.clone(), kind: named.kind.clone() })?;
            if let Seen::Here(live) = cache.see(&gvk, &named) { Some(live) } else { None }
        });
        let all = pods.chain(named).chain([itself]).chain(own.iter().cloned());
        let all = all.map(|live| (live.stub.uid.clone(), live.stub.resource_version.clone()));
        all.collect::<BTreeSet<_>>() == self.all
    }
}

/// What an object names, each with what is there. What that refers to in turn is looked at as well.
pub async fn find_named(shell: &Shell, references: impl Fn(&Routes<'_>) -> Vec<Need>) -> Found {
    let mut found = Found::default();
    let mut asked: BTreeSet<Need> = BTreeSet::new();
    loop {
        let fresh: Vec<Need> = {
            let objects: Vec<&Object> = found.objects.values().flatten().map(Arc::as_ref).collect();
            let needs = references(&Routes::from_iter(objects));
            needs.into_iter().filter(|need| asked.insert(need.clone())).collect()
        };
        if fresh.is_empty() {
            return found;
        }
        for need in fresh {
            found.is_listed |= matches!(need, Need::Labelled { .. });
            found.objects.extend(look(shell, need).await);
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
fn replica_sets(shell: &Shell, rollout: &Object) -> Vec<Arc<Object>> {
    let own = children(shell, rollout.uid(), &kinds::replica_set());
    let orphans = shell.hand.cache.orphans().into_iter();
    let orphans = orphans.filter(|set| set.stub.key.namespace == rollout.namespace());
    own.chain(orphans.filter_map(|live| live.whole).map(|whole| Arc::new(whole.object()))).collect()
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
