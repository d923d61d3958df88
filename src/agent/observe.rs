//! What is there: the live objects of one application, and what could not be seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use model::kinds::Lookup;
use model::{Application, GroupKind, Gvk, Kinds, ObjectKey};
use rollout::Progress;
use sync::plan::{Live, NamespaceSeen};

use super::memory::Memory;
use super::render::World;
use super::sync::Shell;
use super::walks;
use crate::cluster::apply;
use crate::cluster::cache::{Seen, Whole};

/// The live side of one application.
pub struct Observed {
    /// Live objects by key, whole.
    pub whole: HashMap<ObjectKey, (Gvk, Whole)>,
    /// Kinds that could not be listed, with the cause.
    pub unlisted: BTreeMap<GroupKind, String>,
    /// The destination namespace.
    pub namespace: NamespaceSeen,
    /// Objects that the application wants.
    pub wanted: BTreeSet<ObjectKey>,
    /// Where its Rollouts stand.
    pub walks: Vec<(ObjectKey, Arc<Progress>)>,
}

impl Observed {
    /// The live objects as a plan reads them.
    pub fn live(&self) -> impl Iterator<Item = &Live> {
        self.whole.values().map(|(_, whole)| whole.live.as_ref())
    }
}

/// Looks at everything that `app` wants or tracks.
pub async fn observe(shell: &Arc<Shell>, memory: &mut Memory, app: &Application, world: &World) -> Observed {
    let kinds = shell.hand.kinds.get();
    let places = places(memory, app, &kinds);
    let is_new = |gvk: &Gvk| !memory.gvks.contains(gvk) || !shell.hand.cache.follows(gvk);
    let fresh: Vec<Gvk> = places.values().filter(|gvk| is_new(gvk)).cloned().collect();
    if !fresh.is_empty() {
        shell.hand.cache.want(places.keys().cloned());
        shell.hand.cache.ensure(fresh.iter().cloned(), &kinds).await;
        let served = fresh.into_iter().filter(|gvk| matches!(kinds.find(gvk), Lookup::Served(_)));
        memory.gvks.extend(served);
    }
    let mut observed = Observed {
        whole: HashMap::with_capacity(places.len()),
        unlisted: BTreeMap::new(),
        namespace: namespace(shell, &app.spec.destination.namespace),
        wanted: places.keys().cloned().collect(),
        walks: Vec::new(),
    };
    shell.hand.cache.want(places.keys().cloned());
    for (key, gvk) in &places {
        see(shell, &mut observed, gvk, key).await;
    }
    let instance = app.instance_name(&shell.control_namespace);
    for live in shell.hand.cache.tracked(&instance) {
        if let Some(whole) = live.whole {
            observed.whole.entry(live.stub.key.clone()).or_insert((live.gvk, whole));
        }
    }
    let _ = world;
    observed.walks = walks::walks(&shell.hand.cache, &observed);
    observed
}

/// Every object that counts, with the version it is looked at: the wanted ones, then the inventory.
fn places(memory: &Memory, app: &Application, kinds: &Kinds) -> BTreeMap<ObjectKey, Gvk> {
    let rows = app.status.resources.iter().map(|row| {
        let gvk = Gvk { group: row.group.clone(), version: row.version.clone(), kind: row.kind.clone() };
        (row.key(), at_served_version(gvk, kinds))
    });
    let mut places: BTreeMap<ObjectKey, Gvk> = rows.collect();
    let desired = memory.render.as_ref().and_then(|kept| kept.desired.as_ref().ok());
    let wanted = desired.iter().flat_map(|desired| desired.objects());
    places.extend(wanted.map(|object| (object.key.clone(), object.gvk.clone())));
    places
}

/// An object outlives the version it was written in: it is looked at in one that is served (fault F15).
fn at_served_version(gvk: Gvk, kinds: &Kinds) -> Gvk {
    match kinds.find(&gvk) {
        Lookup::OtherVersions(versions) => match versions.first() {
            Some(version) => Gvk { version: (*version).to_owned(), ..gvk },
            None => gvk,
        },
        Lookup::Served(_) | Lookup::Absent | Lookup::Unknown(_) => gvk,
    }
}

async fn see(shell: &Shell, observed: &mut Observed, gvk: &Gvk, key: &ObjectKey) {
    match shell.hand.cache.see(gvk, key) {
        Seen::Here(live) => match live.whole {
            Some(whole) => {
                observed.whole.insert(key.clone(), (gvk.clone(), whole));
            }
            None => adopt(shell, observed, gvk, key).await,
        },
        Seen::Absent => {}
        Seen::Unknown(why) => {
            // A kind that is not served has no objects; the plan's validation names it.
            if matches!(shell.hand.kinds.get().find(gvk), Lookup::Served(_) | Lookup::Unknown(_)) {
                observed.unlisted.insert(key.group_kind(), why);
            }
        }
    }
}

/// Reads an object that was kept as its identity so far.
async fn adopt(shell: &Shell, observed: &mut Observed, gvk: &Gvk, key: &ObjectKey) {
    match apply::read(&shell.hand.client, &shell.hand.kinds.get(), gvk, key).await {
        Ok(Some(object)) => {
            shell.hand.cache.adopt(gvk, object);
            if let Seen::Here(live) = shell.hand.cache.see(gvk, key)
                && let Some(whole) = live.whole
            {
                observed.whole.insert(key.clone(), (gvk.clone(), whole));
            }
        }
        Ok(None) => {}
        Err(refusal) => {
            observed.unlisted.insert(key.group_kind(), refusal.to_string());
        }
    }
}

fn namespace(shell: &Shell, name: &str) -> NamespaceSeen {
    let key = ObjectKey::new("", "Namespace", "", name);
    match shell.hand.cache.see(&Gvk::new("v1", "Namespace"), &key) {
        _ if name.is_empty() => NamespaceSeen::Absent,
        Seen::Here(live) if live.stub.deleting => NamespaceSeen::Terminating,
        Seen::Here(_) => NamespaceSeen::Present,
        Seen::Absent => NamespaceSeen::Absent,
        Seen::Unknown(why) => NamespaceSeen::Unknown(why),
    }
}
