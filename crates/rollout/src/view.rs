//! What is what: the template that is wanted, and which ReplicaSet plays which part.

use model::parts::{IntOrString, LabelSelector};
use model::rollout::{BlueGreen, Canary, CanaryStep, RolloutStatus};
use serde_json::Value;

use crate::observed::{Observed, ReplicaSet, Rollout, Workload};
use crate::replicas::Bounds;
use crate::template::{self, Injected};
use crate::{EPHEMERAL_METADATA, hash};

/// The parts of one Rollout.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    pub rollout: &'a Rollout,
    pub way: Way<'a>,
    /// `spec.replicas`.
    pub replicas: i32,
    /// The pod template that is wanted, as written.
    pub template: Value,
    /// Selects the pods of all versions.
    pub selector: LabelSelector,
    /// Hash of the version that is wanted: that of its ReplicaSet, or the one it will get.
    pub hash: String,
    /// Revision of the version that is wanted: the highest of all.
    pub revision: i64,
    /// Hash of the steps.
    pub step_hash: String,
    /// All ReplicaSets that are the Rollout's and not on their way out.
    pub own: Vec<&'a ReplicaSet>,
    /// The version that is wanted.
    pub new: Option<&'a ReplicaSet>,
    /// The version that was last promoted.
    pub stable: Option<&'a ReplicaSet>,
    /// All the rest, newest revision first.
    pub others: Vec<&'a ReplicaSet>,
}

/// How a new version takes over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    Canary(&'a Canary),
    BlueGreen(&'a BlueGreen),
}

/// Why there is nothing to view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoView {
    Strategy,
    Template,
    Selector,
}

impl<'a> View<'a> {
    /// Finds the parts. `status` is the one to go by, which may be newer than the one that was read.
    pub fn new(seen: &'a Observed, status: &RolloutStatus) -> Result<Self, NoView> {
        let rollout = &seen.rollout;
        let way = Way::of(rollout).ok_or(NoView::Strategy)?;
        let template = template_of(seen).ok_or(NoView::Template)?;
        let selector = selector_of(seen).ok_or(NoView::Selector)?;
        let mut own: Vec<&ReplicaSet> = seen.replica_sets.iter().filter(|set| is_own(rollout, set)).collect();
        own.sort_by_key(|set| (set.meta.created, set.meta.name.clone()));
        let computed = hash::of_template(&template, status.collision_count);
        let new = find_new(&own, &template, &computed);
        let stable = own
            .iter()
            .copied()
            .find(|set| !status.stable_rs.is_empty() && set.meta.hash() == status.stable_rs);
        let is_other = |set: &&ReplicaSet| {
            ![new, stable].into_iter().flatten().any(|role| role.meta.name == set.meta.name)
        };
        let mut others: Vec<&ReplicaSet> = own.iter().copied().filter(is_other).collect();
        others.sort_by_key(|set| std::cmp::Reverse(set.meta.revision()));
        let latest = others
            .iter()
            .chain(stable.iter())
            .filter(|set| new.is_none_or(|new| new.meta.name != set.meta.name));
        let latest = latest.map(|set| set.meta.revision()).max().unwrap_or(0);
        Ok(Self {
            revision: new.map_or(0, |set| set.meta.revision()).max(latest + 1),
            rollout,
            way,
            replicas: rollout.spec.replicas.unwrap_or(1),
            hash: new.map_or(computed, |set| set.meta.hash().to_owned()),
            step_hash: way.canary().map_or_else(String::new, |canary| hash::of_steps(&canary.steps)),
            template,
            selector,
            own,
            new,
            stable,
            others,
        })
    }

    /// The new version, where it is not the stable one, too.
    pub fn stable_apart(&self) -> Option<&'a ReplicaSet> {
        let new = self.new.map(|set| &set.meta.name);
        self.stable.filter(|set| Some(&set.meta.name) != new)
    }

    /// What bounds the counts of a canary without a router.
    pub fn bounds(&self) -> Bounds {
        Bounds { replicas: self.replicas, surge: self.surge(), unavailable: self.unavailable() }
    }

    /// Available pods of all versions.
    pub fn available(&self) -> i32 {
        self.own.iter().map(|set| set.available).sum()
    }

    /// Pods that may be missing.
    pub fn unavailable(&self) -> i32 {
        let value = match self.way {
            Way::Canary(canary) => canary.max_unavailable.as_ref(),
            Way::BlueGreen(blue_green) => blue_green.max_unavailable.as_ref(),
        };
        if self.replicas == 0 {
            return 0;
        }
        let missing = part_of(value, self.replicas, Rounding::Down);
        let surge = match self.way {
            Way::Canary(_) => self.surge(),
            // Only a canary needs room to move in.
            Way::BlueGreen(_) => 1,
        };
        let missing = if missing == 0 && surge == 0 { 1 } else { missing };
        missing.min(self.replicas)
    }

    fn surge(&self) -> i32 {
        let value = self.way.canary().and_then(|canary| canary.max_surge.as_ref());
        part_of(value, self.replicas, Rounding::Up)
    }

    /// Steps of the canary; none of a blue-green update.
    pub fn steps(&self) -> &'a [CanaryStep] {
        self.way.canary().map_or(&[], |canary| canary.steps.as_slice())
    }
}

impl<'a> Way<'a> {
    /// The strategy of a Rollout, where exactly one is given.
    pub fn of(rollout: &'a Rollout) -> Option<Self> {
        let strategy = rollout.spec.strategy.as_ref()?;
        match (&strategy.canary, &strategy.blue_green) {
            (Some(canary), None) => Some(Self::Canary(canary)),
            (None, Some(blue_green)) => Some(Self::BlueGreen(blue_green)),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// The canary, where it is one.
    pub fn canary(self) -> Option<&'a Canary> {
        match self {
            Self::Canary(canary) => Some(canary),
            Self::BlueGreen(_) => None,
        }
    }

    /// The blue-green update, where it is one.
    pub fn blue_green(self) -> Option<&'a BlueGreen> {
        match self {
            Self::Canary(_) => None,
            Self::BlueGreen(blue_green) => Some(blue_green),
        }
    }
}

/// The pod template that is wanted.
pub(crate) fn template_of(seen: &Observed) -> Option<Value> {
    match &seen.workload {
        Workload::Own => seen.rollout.spec.template.clone(),
        Workload::Missing => None,
        Workload::Found(object) if object.kind() == "PodTemplate" => object.get("template").cloned(),
        Workload::Found(object) => object.pointer("/spec/template").cloned(),
    }
}

/// The selector of the Rollout, or of its workload where it has none.
pub(crate) fn selector_of(seen: &Observed) -> Option<LabelSelector> {
    let own = seen.rollout.spec.selector.clone();
    own.or_else(|| match &seen.workload {
        Workload::Own | Workload::Missing => None,
        Workload::Found(object) => serde_json::from_value(object.pointer("/spec/selector")?.clone()).ok(),
    })
}

/// Labels and annotations that a ReplicaSet says were put on its pods.
pub(crate) fn injected(set: &ReplicaSet) -> Injected {
    let read =
        set.meta.annotation(EPHEMERAL_METADATA).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let texts = |field: &str| {
        let map = read.as_ref().and_then(|value| value.get(field)?.as_object());
        let texts = map.into_iter().flatten();
        texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    Injected { labels: texts("labels"), annotations: texts("annotations") }
}

fn is_own(rollout: &Rollout, set: &ReplicaSet) -> bool {
    set.meta.controller == rollout.meta.uid && !set.meta.deleting
}

/// By its hash, else the oldest whose template means the same: so a version that another controller began keeps its
/// pods.
fn find_new<'a>(own: &[&'a ReplicaSet], template: &Value, hash: &str) -> Option<&'a ReplicaSet> {
    let by_hash = own.iter().copied().find(|set| set.meta.hash() == hash && means(set, template));
    by_hash.or_else(|| own.iter().copied().find(|set| means(set, template))).or_else(|| {
        // The template was pruned or changed by an admission webhook on its way: the hash is all there is to go by.
        own.iter().copied().find(|set| set.meta.hash() == hash)
    })
}

fn means(set: &ReplicaSet, template: &Value) -> bool {
    template::same(template, &set.template, &injected(set))
}

#[derive(Clone, Copy)]
enum Rounding {
    Up,
    Down,
}

/// A number of pods, or a percentage of `replicas`: every text is one. 25% where absent.
fn part_of(value: Option<&IntOrString>, replicas: i32, rounding: Rounding) -> i32 {
    let percent = match value {
        Some(IntOrString::Int(count)) => return i32::try_from(*count).unwrap_or(i32::MAX),
        Some(IntOrString::Text(text)) => text.trim_end_matches('%').parse().unwrap_or(0_i64),
        None => 25,
    };
    let product = percent * i64::from(replicas);
    let rounded = match rounding {
        Rounding::Up => (product + 99).div_euclid(100),
        Rounding::Down => product.div_euclid(100),
    };
    i32::try_from(rounded).unwrap_or(i32::MAX)
}
