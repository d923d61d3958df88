//! One picture of the managed objects, kept by watches.
//!
//! Only kinds that some application manages, and the kinds these own, are watched. Of an object that nobody manages
//! only identity, owner and verdict are kept; values of Secrets are hashed on arrival (rule R5). A kind whose list is
//! not complete is unknown, never empty (promise S2).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use kube::Client;
use model::annotations::IGNORE_HEALTHCHECK;
use model::application::HealthStatus;
use model::kinds::{Lookup, ServedVersion};
use model::{GroupKind, Gvk, Kinds, Object, ObjectKey, links};
use serde_json::{Map, Value};
use sync::diff::takeover;
use sync::plan;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::packed::Packed;
use super::references::References;
use super::watch::{Scope, Watched, watch};

/// What the cache must know to tell whose an object is and how it fares.
pub trait Judge: Send + Sync + 'static {
    /// The application that tracks `object`, by its instance name; none where its mark names another object or
    /// another object owns it.
    fn owner(&self, object: &Object) -> Option<String>;
    /// Its health; none for kinds without an opinion.
    fn health(&self, object: &Object) -> Option<HealthStatus>;
    /// What a plan asks of it.
    fn live(&self, object: &Object, health: Option<HealthStatus>) -> plan::Live;
    /// The object as it may be kept: values of Secrets hashed.
    fn seal(&self, object: Object) -> Object;
    /// True where the whole object is kept whoever tracks it: progressive delivery reads it.
    fn keeps(&self, object: &Object) -> bool;
}

/// A change that may concern an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object that is kept whole was made, changed or deleted.
    Object {
        /// The object.
        key: ObjectKey,
        /// The instance that tracks it, before or after.
        owner: Option<String>,
        /// UID of the object that controls or owns it.
        owner_uid: Option<String>,
    },
    /// A sync has written or deleted an object: it knows, progressive delivery does not.
    Written {
        /// The object.
        key: ObjectKey,
        /// UID of the object that controls or owns it.
        owner_uid: Option<String>,
    },
    /// An object below a managed one was made, changed or deleted.
    Descendant {
        /// The instance that tracks the object at the top.
        owner: String,
    },
    /// A kind's first list is complete, or its watch has failed or recovered.
    Kind(Gvk),
}

/// One object as it is kept.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its kind, at the version it was read.
    pub gvk: Gvk,
    /// The whole, where it is managed.
    pub whole: Option<Whole>,
    /// Its identity and verdict.
    pub stub: Arc<Stub>,
}

/// A managed object.
#[derive(Clone, Debug)]
pub struct Whole {
    packed: Packed,
    /// What a plan asks of it.
    pub live: Arc<plan::Live>,
    /// False where its annotation takes it out of its Application's health.
    pub counts: bool,
    /// True where an earlier client-side manager still owns fields of it.
    pub take_over: bool,
    /// Addresses under which people reach it.
    pub links: Vec<String>,
    /// A hash of all that a comparison depends on: equal hashes, equal verdicts.
    pub state: u64,
}

impl Whole {
    /// An object (values of Secrets hashed already) with what a plan asks of it.
    pub fn of(object: &Object, live: plan::Live) -> Self {
        Self {
            packed: Packed::new(object),
            live: Arc::new(live),
            counts: object.annotation(IGNORE_HEALTHCHECK) != Some("true"),
            take_over: takeover::is_due(object),
            links: links::of(object),
            state: state_of(object),
        }
    }

    /// As the server has it, values of Secrets hashed.
    pub fn object(&self) -> Object {
        self.packed.open()
    }
}

/// Identity, owner and verdict of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Stub {
    /// The object.
    pub key: ObjectKey,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// UID of the object that controls or owns it.
    pub owner_uid: Option<String>,
    /// Its health.
    pub health: Option<HealthStatus>,
    /// Images of its pod.
    pub images: Vec<String>,
    /// When it was made.
    pub created: String,
    /// True once its deletion was asked for.
    pub deleting: bool,
}

/// What the cache knows about one object.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It is there.
    Here(Live),
    /// It is not there: the kind's list is complete.
    Absent,
    /// The kind could not be listed, with the cause.
    Unknown(String),
}

/// The cache. Cheap to share: all methods take `&self`.
pub struct Cache {
    client: Client,
    judge: Arc<dyn Judge>,
    store: Mutex<Store>,
    changes: mpsc::UnboundedSender<Change>,
    moved: Notify,
    /// What the Rollouts it has seen name.
    pub references: Arc<References>,
}

/// What the cache has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Kinds that are watched.
    pub kinds: usize,
    /// Objects that are kept, whole or not.
    pub objects: usize,
    /// Changes that watches have told of, by kind.
    pub events: BTreeMap<GroupKind, u64>,
    /// Kinds that could not be listed.
    pub failed: usize,
}

#[derive(Default)]
struct Store {
    kinds: HashMap<Gvk, KindStore>,
    wanted: HashSet<ObjectKey>,
    places: HashMap<String, (Gvk, ObjectKey)>,
    children: HashMap<String, HashSet<String>>,
    tracked: HashMap<String, HashSet<(Gvk, ObjectKey)>>,
    orphans: HashSet<(Gvk, ObjectKey)>,
}

struct KindStore {
    state: State,
    objects: HashMap<ObjectKey, Live>,
    listing: HashSet<ObjectKey>,
    task: Option<AbortHandle>,
    events: u64,
}

enum State {
    Starting,
    Complete,
    Failed(String),
}

/// Who is told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tell {
    All,
    /// The half of progressive delivery alone: a sync knows what it wrote.
    Delivery,
    Nobody,
}

/// Whether a watch goes on.
#[derive(PartialEq)]
enum Course {
    On,
    Over,
}

impl Live {
    fn owner(&self) -> Option<String> {
        self.whole.as_ref()?.live.owner.clone()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let store = self.store.get_mut().unwrap_or_else(PoisonError::into_inner);
        store.kinds.values().filter_map(|kind| kind.task.as_ref()).for_each(AbortHandle::abort);
    }
}

impl Cache {
    /// An empty cache; changes go to `changes`.
    pub fn new(client: Client, judge: Arc<dyn Judge>, changes: mpsc::UnboundedSender<Change>) -> Arc<Self> {
        Arc::new(Self {
            client,
            judge,
            store: Mutex::default(),
            changes,
            moved: Notify::new(),
            references: Arc::default(),
        })
    }

    /// Watches `gvks` and the kinds they own, and waits until each has been listed or has failed.
    pub async fn ensure(self: &Arc<Self>, gvks: impl IntoIterator<Item = Gvk>, kinds: &Kinds) {
        let mut wanted: Vec<Gvk> = gvks.into_iter().collect();
        let mut next = 0;
        while let Some(gvk) = wanted.get(next).cloned() {
            let owned = owned_kinds(&gvk.group_kind()).filter_map(|kind| preferred(&kind, kinds));
            let fresh: Vec<Gvk> = owned.filter(|owned| !wanted.contains(owned)).collect();
            wanted.extend(fresh);
            next += 1;
        }
        wanted.iter().for_each(|gvk| self.start(gvk, kinds));
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if wanted.iter().all(|gvk| !self.is_starting(gvk)) {
                return;
            }
            moved.await;
        }
    }

    /// Keeps these objects whole from now on, whoever tracks them. True where one is here without its whole: it must
    /// be read once.
    pub fn want(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        self.lock().wanted.extend(keys);
    }

    /// What is known of one object at one version of its kind.
    pub fn see(&self, gvk: &Gvk, key: &ObjectKey) -> Seen {
        let store = self.lock();
        let Some(kind) = store.kinds.get(gvk) else {
            return Seen::Unknown(format!("{gvk} is not watched"));
        };
        match (kind.objects.get(key), &kind.state) {
            (_, State::Failed(why)) => Seen::Unknown(why.clone()),
            (_, State::Starting) => Seen::Unknown(format!("{gvk} has not been listed yet")),
            (Some(live), State::Complete) => Seen::Here(live.clone()),
            (None, State::Complete) => Seen::Absent,
        }
    }

    /// The managed objects that `instance` tracks, of every kind whose list is complete.
    pub fn tracked(&self, instance: &str) -> Vec<Live> {
        let store = self.lock();
        let places = store.tracked.get(instance).into_iter().flatten();
        let known = |gvk: &Gvk| store.kinds.get(gvk).filter(|kind| matches!(kind.state, State::Complete));
        places.filter_map(|(gvk, key)| known(gvk)?.objects.get(key)).cloned().collect()
    }

    /// True where a kind is watched.
    pub fn follows(&self, gvk: &Gvk) -> bool {
        self.lock().kinds.contains_key(gvk)
    }

    /// Forgets kinds, and versions of kinds, that are not served any more (fault F15).
    pub fn keep_served(&self, kinds: &Kinds) {
        let mut store = self.lock();
        let is_gone = |gvk: &&Gvk| matches!(kinds.find(gvk), Lookup::Absent | Lookup::OtherVersions(_));
        let gone: Vec<Gvk> = store.kinds.keys().filter(is_gone).cloned().collect();
        for gvk in gone {
            let objects =
                store.kinds.get(&gvk).map(|kind| kind.objects.values().cloned().collect::<Vec<_>>());
            objects.into_iter().flatten().for_each(|live| store.unlink(&live));
            if let Some(task) = store.kinds.remove(&gvk).and_then(|kind| kind.task) {
                task.abort();
            }
        }
        drop(store);
        self.moved.notify_waiters();
    }

    /// Keeps an object whole that was kept as its identity so far: it was read for that.
    pub fn adopt(&self, gvk: &Gvk, object: Object) {
        self.want([object.key()]);
        self.put_if(gvk, object, Tell::Nobody, |_, _| true);
    }

    /// The objects below the one with this UID, parents first, with the UID of each one's parent.
    pub fn descendants(&self, uid: &str) -> Vec<(String, Live)> {
        let store = self.lock();
        let mut found: Vec<(String, Live)> = Vec::new();
        let mut parents = vec![uid.to_owned()];
        let mut seen: HashSet<String> = parents.iter().cloned().collect();
        while let Some(parent) = parents.pop() {
            for child in store.children.get(&parent).into_iter().flatten() {
                if !seen.insert(child.clone()) {
                    continue;
                }
                if let Some(live) =
                    store.places.get(child).and_then(|(gvk, key)| store.kinds.get(gvk)?.objects.get(key))
                {
                    found.push((parent.clone(), live.clone()));
                    parents.push(child.clone());
                }
            }
        }
        found
    }

    /// The objects that the one with this UID controls, of every kind that is watched.
    pub fn children(&self, uid: &str) -> Vec<Live> {
        let store = self.lock();
        let children = store.children.get(uid).into_iter().flatten();
        children
            .filter_map(|child| {
                let (gvk, key) = store.places.get(child)?;
                store.kinds.get(gvk)?.objects.get(key).cloned()
            })
            .collect()
    }

    /// The objects of one kind that are kept whole.
    pub fn whole(&self, gvk: &Gvk) -> Vec<Arc<Object>> {
        let store = self.lock();
        let objects = store.kinds.get(gvk).into_iter().flat_map(|kind| kind.objects.values());
        objects.filter_map(|live| live.whole.as_ref().map(|whole| Arc::new(whole.object()))).collect()
    }

    /// The ReplicaSets of progressive delivery that nothing controls.
    pub fn orphans(&self) -> Vec<Live> {
        let store = self.lock();
        let live = |(gvk, key): &(Gvk, ObjectKey)| store.kinds.get(gvk)?.objects.get(key).cloned();
        store.orphans.iter().filter_map(live).collect()
    }

    /// Which object has this UID.
    pub fn place(&self, uid: &str) -> Option<ObjectKey> {
        self.lock().places.get(uid).map(|(_, key)| key.clone())
    }

    /// Takes the server's answer to a write of a sync, so that the next look does not wait for the watch. The sync knows
    /// of it; progressive delivery is told.
    pub fn written(&self, gvk: &Gvk, object: Object) {
        self.put(gvk, object, Tell::Delivery);
    }

    /// Takes a deletion by a sync that has already ended.
    pub fn gone(&self, gvk: &Gvk, key: &ObjectKey) {
        self.remove(gvk, key, Tell::Delivery);
    }

    /// Takes the server's answer to a write of progressive delivery.
    pub fn delivered(&self, gvk: &Gvk, object: Object) {
        self.put(gvk, object, Tell::All);
    }

    /// Takes a deletion by progressive delivery that has already ended.
    pub fn undelivered(&self, gvk: &Gvk, key: &ObjectKey) {
        self.remove(gvk, key, Tell::All);
    }

    /// Watches a kind anew: its scope or its definition has changed.
    pub fn restart(self: &Arc<Self>, gvk: &Gvk, kinds: &Kinds) {
        if let Some(task) = self.lock().kinds.remove(gvk).and_then(|kind| kind.task) {
            task.abort();
        }
        self.start(gvk, kinds);
    }

    /// The kinds that are watched, each with the cause where its list is not to be had.
    pub fn watched(&self) -> Vec<(Gvk, Option<String>)> {
        let store = self.lock();
        let why = |state: &State| match state {
            State::Failed(why) => Some(why.clone()),
            State::Starting | State::Complete => None,
        };
        store.kinds.iter().map(|(gvk, kind)| (gvk.clone(), why(&kind.state))).collect()
    }

    /// What it has seen, for the metrics: costs the number of kinds.
    pub fn census(&self) -> Census {
        let store = self.lock();
        let mut events: BTreeMap<GroupKind, u64> = BTreeMap::new();
        for (gvk, kind) in &store.kinds {
            *events.entry(gvk.group_kind()).or_default() += kind.events;
        }
        Census {
            kinds: store.kinds.len(),
            objects: store.kinds.values().map(|kind| kind.objects.len()).sum(),
            events,
            failed: store.kinds.values().filter(|kind| matches!(kind.state, State::Failed(_))).count(),
        }
    }

    /// How many objects are kept: whole, and as identity with verdict.
    pub fn sizes(&self) -> (usize, usize) {
        let store = self.lock();
        let all = store.kinds.values().flat_map(|kind| kind.objects.values());
        all.fold((0, 0), |(whole, stubs), live| match live.whole {
            Some(_) => (whole + 1, stubs),
            None => (whole, stubs + 1),
        })
    }

    /// Takes all objects of a kind that somebody else has read, as a watch would have brought them; all of them whole.
    pub fn given(&self, gvk: &Gvk, objects: Vec<Object>) {
        self.want(objects.iter().map(Object::key));
        let complete = KindStore {
            state: State::Complete,
            objects: HashMap::new(),
            listing: HashSet::new(),
            task: None,
            events: 0,
        };
        self.lock().kinds.entry(gvk.clone()).or_insert(complete);
        objects.into_iter().for_each(|object| self.put(gvk, object, Tell::Nobody));
    }

    fn start(self: &Arc<Self>, gvk: &Gvk, kinds: &Kinds) {
        let mut store = self.lock();
        if store.kinds.contains_key(gvk) {
            return;
        }
        let state = match kinds.find(gvk) {
            Lookup::Served(served) if served.verbs.iter().any(|verb| verb == "watch") => {
                let task = tokio::spawn(Self::follow(Arc::downgrade(self), gvk.clone(), served.clone()));
                let fresh = KindStore {
                    state: State::Starting,
                    objects: HashMap::new(),
                    listing: HashSet::new(),
                    task: Some(task.abort_handle()),
                    events: 0,
                };
                store.kinds.insert(gvk.clone(), fresh);
                return;
            }
            Lookup::Served(_) => format!("{gvk} cannot be watched"),
            Lookup::OtherVersions(_) | Lookup::Absent => return,
            Lookup::Unknown(why) => why.to_owned(),
        };
        tracing::debug!(%gvk, why = state, "kind is not watched");
    }

    /// Follows one kind. A watch that the server has come to refuse ends, and another begins with a list: without one
    /// nobody could tell what was missed.
    async fn follow(cache: std::sync::Weak<Self>, gvk: Gvk, served: ServedVersion) {
        loop {
            let Some(client) = cache.upgrade().map(|cache| cache.client.clone()) else { return };
            let mut events = std::pin::pin!(watch(&client, &gvk, &served, &Scope::default()));
            loop {
                let event = events.next().await;
                let (Some(event), Some(cache)) = (event, cache.upgrade()) else { return };
                if cache.take(&gvk, event) == Course::Over {
                    break;
                }
            }
        }
    }

    fn take(&self, gvk: &Gvk, event: Watched) -> Course {
        match event {
            Watched::ListStarted => self.list_started(gvk),
            Watched::Listed(object) => self.listed(gvk, object),
            Watched::ListEnded => self.list_ended(gvk),
            Watched::Changed(object) => {
                self.count(gvk);
                self.put(gvk, object, Tell::All);
            }
            Watched::Deleted(object) => {
                self.count(gvk);
                self.remove(gvk, &object.key(), Tell::All);
            }
            Watched::Failed { why, refused } => return self.failed(gvk, why, refused),
        }
        Course::On
    }

    fn count(&self, gvk: &Gvk) {
        if let Some(kind) = self.lock().kinds.get_mut(gvk) {
            kind.events += 1;
        }
    }

    fn list_started(&self, gvk: &Gvk) {
        if let Some(kind) = self.lock().kinds.get_mut(gvk) {
            kind.listing.clear();
        }
    }

    fn listed(&self, gvk: &Gvk, object: Object) {
        if let Some(kind) = self.lock().kinds.get_mut(gvk) {
            kind.listing.insert(object.key());
        }
        self.put(gvk, object, Tell::All);
    }

    fn list_ended(&self, gvk: &Gvk) {
        let vanished: Vec<ObjectKey> = {
            let mut store = self.lock();
            let Some(kind) = store.kinds.get_mut(gvk) else { return };
            let listing = std::mem::take(&mut kind.listing);
            kind.state = State::Complete;
            kind.objects.keys().filter(|key| !listing.contains(*key)).cloned().collect()
        };
        vanished.iter().for_each(|key| self.remove(gvk, key, Tell::All));
        self.announce(gvk);
    }

    fn failed(&self, gvk: &Gvk, why: String, refused: bool) -> Course {
        let (news, course) = {
            let mut store = self.lock();
            let Some(kind) = store.kinds.get_mut(gvk) else { return Course::On };
            match &kind.state {
                // A watch that broke after a complete list is taken up again by kube's watcher: what was seen stays in
                // force. Only a server that says no makes the kind unknown, until it has been listed again.
                State::Complete if !refused => (false, Course::On),
                State::Complete => (true, Course::Over),
                State::Starting => (true, Course::On),
                State::Failed(known) => (*known != why, Course::On),
            }
        };
        if news {
            if let Some(kind) = self.lock().kinds.get_mut(gvk) {
                kind.state = State::Failed(why.clone());
            }
            tracing::warn!(%gvk, error = why, "kind could not be listed");
            self.announce(gvk);
        }
        course
    }

    fn announce(&self, gvk: &Gvk) {
        self.moved.notify_waiters();
        let _ = self.changes.send(Change::Kind(gvk.clone()));
    }

    fn put(&self, gvk: &Gvk, object: Object, tell: Tell) {
        self.put_if(gvk, object, tell, is_newer);
    }

    fn put_if(&self, gvk: &Gvk, object: Object, tell: Tell, counts: impl Fn(&Stub, &Stub) -> bool) {
        let owner = self.judge.owner(&object);
        let stub = Arc::new(self.stub(&object));
        let mut store = self.lock();
        let whole = owner.is_some() || store.wanted.contains(&stub.key) || self.judge.keeps(&object);
        let Some(before) = store.kinds.get(gvk).map(|kind| kind.objects.get(&stub.key).cloned()) else {
            return;
        };
        if before.as_ref().is_some_and(|before| !counts(&before.stub, &stub)) {
            return;
        }
        self.references.note(&object);
        let kept = whole.then(|| {
            let live = self.judge.live(&object, stub.health.clone());
            Whole::of(&self.judge.seal(object), live)
        });
        let owner = owner.or(before.as_ref().and_then(Live::owner));
        if let Some(before) = &before {
            store.unlink(before);
        }
        store.link(Live { gvk: gvk.clone(), whole: kept, stub: stub.clone() });
        self.tell(&store, &stub, whole, owner, tell);
    }

    fn remove(&self, gvk: &Gvk, key: &ObjectKey, tell: Tell) {
        let mut store = self.lock();
        let Some(live) = store.kinds.get(gvk).and_then(|kind| kind.objects.get(key)).cloned() else { return };
        self.tell(&store, &live.stub, live.whole.is_some(), live.owner(), tell);
        store.unlink(&live);
        self.references.forget(key);
    }

    fn tell(&self, store: &Store, stub: &Stub, whole: bool, owner: Option<String>, whom: Tell) {
        match whom {
            Tell::Nobody => return,
            Tell::Delivery if whole => {
                let written = Change::Written { key: stub.key.clone(), owner_uid: stub.owner_uid.clone() };
                let _ = self.changes.send(written);
                return;
            }
            Tell::Delivery => return,
            Tell::All => {}
        }
        let root = if owner.is_none() { store.root(stub).and_then(Live::owner) } else { None };
        let own =
            whole.then(|| Change::Object { key: stub.key.clone(), owner, owner_uid: stub.owner_uid.clone() });
        let below = root.map(|owner| Change::Descendant { owner });
        own.into_iter().chain(below).for_each(|change| {
            let _ = self.changes.send(change);
        });
    }

    fn stub(&self, object: &Object) -> Stub {
        let owners = object.owner_references();
        let controller = owners.iter().find(|owner| owner["controller"] == true).or(owners.first());
        Stub {
            key: object.key(),
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            owner_uid: controller.and_then(|owner| owner["uid"].as_str()).map(str::to_owned),
            health: self.judge.health(object),
            deleting: object.is_deleting(),
            images: images(object),
            created: object
                .pointer("/metadata/creationTimestamp")
                .and_then(|time| time.as_str())
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn is_starting(&self, gvk: &Gvk) -> bool {
        self.lock().kinds.get(gvk).is_some_and(|kind| matches!(kind.state, State::Starting))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn link(&mut self, live: Live) {
        let stub = &live.stub;
        let place = (live.gvk.clone(), stub.key.clone());
        self.places.insert(stub.uid.clone(), place.clone());
        if let Some(owner) = &stub.owner_uid {
            self.children.entry(owner.clone()).or_default().insert(stub.uid.clone());
        } else if live.whole.is_some() && live.gvk.kind == "ReplicaSet" {
            self.orphans.insert(place.clone());
        }
        if let Some(instance) = live.owner() {
            self.tracked.entry(instance).or_default().insert(place);
        }
        if let Some(kind) = self.kinds.get_mut(&live.gvk) {
            kind.objects.insert(live.stub.key.clone(), live);
        }
    }

    fn unlink(&mut self, live: &Live) {
        let place = (live.gvk.clone(), live.stub.key.clone());
        self.places.remove(&live.stub.uid);
        self.orphans.remove(&place);
        if let Some(owner) = &live.stub.owner_uid {
            take_out(&mut self.children, owner, &live.stub.uid);
        }
        if let Some(instance) = live.owner() {
            take_out(&mut self.tracked, &instance, &place);
        }
        if let Some(kind) = self.kinds.get_mut(&live.gvk) {
            kind.objects.remove(&live.stub.key);
        }
    }

    /// The managed object at the top of the owners of `stub`.
    fn root(&self, stub: &Stub) -> Option<&Live> {
        let mut owner = stub.owner_uid.as_ref();
        for _ in 0..OWNER_HOPS {
            let (gvk, key) = self.places.get(owner?)?;
            let live = self.kinds.get(gvk)?.objects.get(key)?;
            if live.owner().is_some() {
                return Some(live);
            }
            owner = live.stub.owner_uid.as_ref();
        }
        None
    }
}

/// Takes one member out of a set, and an empty set out of the map.
fn take_out<T: std::hash::Hash + Eq>(sets: &mut HashMap<String, HashSet<T>>, name: &str, member: &T) {
    let Some(set) = sets.get_mut(name) else { return };
    set.remove(member);
    if set.is_empty() {
        sets.remove(name);
    }
}

/// A hash of an object without what changes while nothing changes: status, versions, times of managers.
fn state_of(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (field, value) in object.fields() {
        match (field.as_str(), value) {
            ("status", _) => {}
            ("metadata", Value::Object(metadata)) => hash_metadata(metadata, &mut hasher),
            _ => (field, value).hash(&mut hasher),
        }
    }
    hasher.finish()
}

fn hash_metadata(metadata: &Map<String, Value>, hasher: &mut DefaultHasher) {
    for (field, value) in metadata {
        match (field.as_str(), value) {
            ("resourceVersion" | "generation", _) => {}
            ("managedFields", Value::Array(entries)) => {
                let own = entries.iter().filter(|entry| entry["subresource"].is_null());
                own.for_each(|entry| {
                    (&entry["manager"], &entry["operation"], &entry["fieldsV1"]).hash(hasher)
                });
            }
            _ => (field, value).hash(hasher),
        }
    }
}

/// Owners followed upwards; owner references made by hand can go round.
const OWNER_HOPS: usize = 8;

/// False where `after` is the same state or an older one: the echo of an own write, or a late event.
fn is_newer(before: &Stub, after: &Stub) -> bool {
    if before.uid != after.uid {
        return true;
    }
    match (before.resource_version.parse::<u128>(), after.resource_version.parse::<u128>()) {
        (Ok(before), Ok(after)) => after > before,
        _ => before.resource_version != after.resource_version,
    }
}

/// The kinds whose objects a kind's controller makes.
fn owned_kinds(kind: &GroupKind) -> impl Iterator<Item = GroupKind> + use<> {
    let owned: &[(&str, &str)] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => &[("apps", "ReplicaSet")],
        ("apps", "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => &[("", "Pod")],
        ("batch", "CronJob") => &[("batch", "Job")],
        ("argoproj.io", "Rollout") => {
            &[("apps", "ReplicaSet"), ("argoproj.io", "AnalysisRun"), ("argoproj.io", "Experiment")]
        }
        ("argoproj.io", "Experiment") => &[("apps", "ReplicaSet"), ("argoproj.io", "AnalysisRun")],
        ("argoproj.io", "ApplicationSet") => &[("argoproj.io", "Application")],
        _ => &[],
    };
    owned.iter().map(|(group, kind)| GroupKind::new(*group, *kind))
}

fn preferred(kind: &GroupKind, kinds: &Kinds) -> Option<Gvk> {
    let served = kinds.versions(kind).first()?;
    Some(Gvk { group: kind.group.clone(), version: served.version.clone(), kind: kind.kind.clone() })
}

fn images(object: &Object) -> Vec<String> {
    if object.kind() != "Pod" {
        return Vec::new();
    }
    let lists = ["/spec/initContainers", "/spec/containers"];
    let containers = lists.iter().filter_map(|list| object.pointer(list)?.as_array()).flatten();
    containers.filter_map(|container| container["image"].as_str()).map(str::to_owned).collect()
}
