//! What a plan is made from: one picture of wanted and seen.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use model::annotations::{self, Options, Role};
use model::application::{Application, HealthStatus, ResourceStatus, SyncStatusCode};
use model::key::{GroupKind, ObjectKey};
use model::kinds::Kinds;
use model::object::Object;
use model::project::AppProject;
use model::time::Time;

use crate::desired::{Desired, DesiredObject, Refused, Tracking};
use crate::project::{Cluster, DestinationProblem, ProjectProblem};

/// Everything a plan is made from. It holds borrows only: gathering costs nothing twice.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The Application with what was recorded of it.
    pub app: &'a Application,
    /// The name its objects are tracked by.
    pub instance: &'a str,
    /// Namespace of the agent.
    pub control_namespace: &'a str,
    /// Its project.
    pub project: Result<&'a AppProject, &'a ProjectProblem>,
    /// The destination cluster.
    pub cluster: Result<&'a Cluster, &'a DestinationProblem>,
    /// What is wanted at `revision`, or why that is not known.
    pub desired: Result<&'a Desired, &'a Refused>,
    /// Wanted and seen, one for each key ([`join`]).
    pub items: &'a [Item<'a>],
    /// What the cluster serves.
    pub kinds: &'a Kinds,
    /// The destination namespace.
    pub namespace: &'a NamespaceSeen,
    /// What `desired` was rendered from.
    pub revision: &'a Revision,
    /// Sources that could not be asked of late, in words: what was last read of them is in force (fault F07).
    pub stale: &'a [String],
    /// What the API server has not taken or answered at several looks in a row, with its words (faults F02, F06).
    pub unanswered: Option<&'a str>,
    /// Revisions that a Rollout gave up, each with the reason, as a sentence without its point.
    pub rejected: &'a [String],
    /// How objects are marked.
    pub tracking: &'a Tracking,
    /// Applications that manage this one, directly or through others, and are managed by it ([`super::cycles`]).
    pub cycle: &'a [ObjectKey],
    /// Whether an Application of this instance name exists.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// When an object of this Application was last written; none after a start.
    pub last_write: Option<Time>,
    /// Waits.
    pub pace: Pace,
    /// The time.
    pub now: Time,
}

/// A resolved revision, as `status` writes it: `revision`, or `revisions` of several sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Of a single source.
    pub revision: String,
    /// Of several sources.
    pub revisions: Vec<String>,
}

impl Revision {
    /// The revision of a single source.
    pub fn single(revision: impl Into<String>) -> Self {
        Self { revision: revision.into(), revisions: Vec::new() }
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.revisions.is_empty() {
            f.write_str(&self.revision)
        } else {
            f.write_str(&self.revisions.join(", "))
        }
    }
}

/// Waits that an operator can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two waves, so that controllers have seen the first; upstream waits 2 s.
    pub wave_delay: Duration,
    /// First wait between two self-heals of one revision.
    pub self_heal_base: Duration,
    /// Factor from wait to wait.
    pub self_heal_factor: u32,
    /// Longest wait between two self-heals.
    pub self_heal_cap: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            wave_delay: Duration::from_secs(2),
            self_heal_base: Duration::from_secs(2),
            self_heal_factor: 3,
            self_heal_cap: Duration::from_secs(300),
        }
    }
}

/// What is known of the destination namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceSeen {
    /// It exists.
    Present,
    /// It is being deleted.
    Terminating,
    /// It does not exist.
    Absent,
    /// It could not be read.
    Unknown(String),
}

/// One object, wanted or seen or both.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Which object.
    pub key: ObjectKey,
    /// As it is wanted.
    pub desired: Option<&'a DesiredObject>,
    /// As it is.
    pub live: Seen<'a>,
    /// The comparison's word where both are there; without one of them it is not read.
    pub verdict: SyncStatusCode,
    /// What the server said to a dry run of this very content on this very live object.
    pub answer: Answer,
}

/// What was seen of an object.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// It does not exist.
    Absent,
    /// It exists.
    Present(&'a Live),
    /// Its kind could not be listed.
    Unknown(&'a str),
}

impl<'a> Seen<'a> {
    /// The object, where it exists.
    pub fn present(self) -> Option<&'a Live> {
        match self {
            Self::Present(live) => Some(live),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// The server's answer to a dry run, valid for one content hash and one live `resourceVersion`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It would be accepted.
    Accepted,
    /// It was refused, in the server's words (cleaned of secrets).
    Refused(String),
}

/// A live object, read once: identity, owner and what bears on a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Which object.
    pub key: ObjectKey,
    /// The API version it was read at.
    pub version: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// When it was made.
    pub created: Option<Time>,
    /// True once its deletion was asked for.
    pub deleting: bool,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// The Application that owns it, by its mark ([`Tracking::owner`]).
    pub owner: Option<String>,
    /// True where another object owns it: such an object is never managed.
    pub owned: bool,
    /// True where its annotations make it a hook or nothing at all.
    pub hook: bool,
    /// True with Helm's `keep`.
    pub keep: bool,
    /// Its sync options.
    pub options: Options,
    /// Its compare options.
    pub compare_options: Options,
    /// Its wave.
    pub wave: i64,
    /// Its health; none where its kind has none.
    pub health: Option<HealthStatus>,
}

impl Live {
    /// Reads a live object once; `health` is the assessor's word.
    pub fn of(object: &Object, tracking: &Tracking, health: Option<HealthStatus>) -> Self {
        let created = object.pointer("/metadata/creationTimestamp").and_then(serde_json::Value::as_str);
        Self {
            key: object.key(),
            version: object.gvk().version,
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            created: created.and_then(|text| text.parse().ok()),
            deleting: object.is_deleting(),
            finalizers: object.finalizers().map(str::to_owned).collect(),
            owner: tracking.owner(object).map(str::to_owned),
            owned: !object.owner_references().is_empty(),
            hook: annotations::role(object) != Role::Resource,
            keep: object.annotation(annotations::HELM_RESOURCE_POLICY).map(str::trim) == Some("keep"),
            options: annotations::sync_options(object),
            compare_options: annotations::compare_options(object),
            wave: annotations::sync_wave(object),
            health,
        }
    }
}

/// Puts wanted and seen together, one item for each key, sorted.
///
/// `live` holds the objects that are tracked by the Application and those that are wanted, however they are
/// tracked. `unlisted` names kinds that could not be listed, with the server's words: their objects (also those
/// that only `inventory` knows) become [`Seen::Unknown`], neither missing nor prunable (fault F05).
pub fn join<'a>(
    desired: Option<&'a Desired>,
    live: impl IntoIterator<Item = &'a Live>,
    unlisted: &'a BTreeMap<GroupKind, String>,
    inventory: &[ResourceStatus],
) -> Vec<Item<'a>> {
    let live = live.into_iter();
    let wanted = desired.map_or(&[][..], Desired::objects);
    let mut items: Vec<Item<'a>> = Vec::with_capacity(wanted.len().max(live.size_hint().0));
    let mut index: HashMap<&'a ObjectKey, usize> = HashMap::with_capacity(items.capacity());
    for object in wanted {
        index.insert(&object.key, items.len());
        items.push(Item::new(object.key.clone(), Some(object), Seen::Absent));
    }
    for live in live {
        let place = *index.entry(&live.key).or_insert(items.len());
        match items.get_mut(place) {
            Some(item) => item.live = Seen::Present(live),
            None => items.push(Item::new(live.key.clone(), None, Seen::Present(live))),
        }
    }
    if !unlisted.is_empty() {
        for row in inventory {
            let key = row.key();
            if unlisted.contains_key(&key.group_kind()) && !index.contains_key(&key) {
                items.push(Item::new(key, None, Seen::Absent));
            }
        }
        for item in &mut items {
            if let Some(why) = unlisted.get(&item.key.group_kind()) {
                item.live = Seen::Unknown(why);
            }
        }
    }
    items.sort_by(|one, other| one.key.cmp(&other.key));
    items
}

impl<'a> Item<'a> {
    fn new(key: ObjectKey, desired: Option<&'a DesiredObject>, live: Seen<'a>) -> Self {
        Self { key, desired, live, verdict: SyncStatusCode::Unknown, answer: Answer::NotAsked }
    }
}
