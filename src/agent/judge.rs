//! What the cache must know to tell whose an object is and how it fares.

use std::sync::Arc;

use model::Object;
use model::application::HealthStatus;
use model::settings::Settings;
use sync::desired::Tracking;
use sync::health::{Scripts, assess};
use sync::plan;

use crate::cluster::cache;
use crate::cluster::seal::Seal;
use crate::cluster::snapshot::Snapshot;

/// Tracking and health by the settings in force.
pub struct Judge {
    rules: Snapshot<Rules>,
    seal: Seal,
    delivers: bool,
}

struct Rules {
    tracking: Tracking,
    scripts: Scripts,
}

impl Rules {
    fn of(settings: &Settings) -> Self {
        Self { tracking: Tracking::from_settings(settings), scripts: Scripts::compile(settings).0 }
    }
}

impl Judge {
    /// A judge by `settings`; `delivers` keeps what progressive delivery reads.
    pub fn new(settings: &Settings, seal: Seal, delivers: bool) -> Arc<Self> {
        Arc::new(Self { rules: Snapshot::new(Rules::of(settings)), seal, delivers })
    }

    /// Goes by other settings from now on.
    pub fn set(&self, settings: &Settings) {
        self.rules.set(Rules::of(settings));
    }
}

impl cache::Judge for Judge {
    fn owner(&self, object: &Object) -> Option<String> {
        self.rules.get().tracking.owner(object).map(str::to_owned)
    }

    fn health(&self, object: &Object) -> Option<HealthStatus> {
        let health = assess(object, &self.rules.get().scripts)?;
        Some(HealthStatus { status: Some(health.code), message: health.message, last_transition_time: None })
    }

    fn live(&self, object: &Object, health: Option<HealthStatus>) -> plan::Live {
        plan::Live::of(object, &self.rules.get().tracking, health)
    }

    fn seal(&self, object: Object) -> Object {
        self.seal.seal(object)
    }

    fn keeps(&self, object: &Object) -> bool {
        match (object.group(), object.kind()) {
            // Whoever drives it: a sync leaves what it holds.
            ("argoproj.io", "Rollout") => true,
            _ if !self.delivers => false,
            (
                "argoproj.io",
                "AnalysisRun" | "Experiment" | "AnalysisTemplate" | "ClusterAnalysisTemplate",
            ) => true,
            ("", "Service") => object.annotation(rollout::MANAGED_BY).is_some(),
            ("apps", "ReplicaSet") | ("", "Pod") => object.label(rollout::HASH_LABEL).is_some(),
            _ => false,
        }
    }
}
