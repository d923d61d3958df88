//! What a Rollout names: what must be read before it can be decided about.

use model::Gvk;

use crate::EPHEMERAL_METADATA;
use crate::observed::{ReplicaSet, Rollout};
use crate::view::Way;

/// What a Rollout names beside the objects of its routers (see [`crate::traffic::needs`]) and its templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Services.
    pub services: Vec<String>,
    /// The object of `workloadRef`.
    pub workload: Option<(Gvk, String)>,
}

/// What a Rollout names.
pub fn of(rollout: &Rollout) -> Needs {
    let services = Way::of(rollout).map(services).unwrap_or_default();
    let workload = rollout.spec.workload_ref.as_ref();
    Needs {
        services: services.into_iter().map(|(_, name)| name.to_owned()).collect(),
        workload: workload
            .map(|workload| (Gvk::new(&workload.api_version, &workload.kind), workload.name.clone())),
    }
}

/// Whether single pods count, and not only their numbers: pods are restarted, or carry metadata for as long as they play
/// a part. `sets` are all ReplicaSets of the Rollout.
pub fn looks_at_pods(rollout: &Rollout, sets: &[ReplicaSet]) -> bool {
    let restarts = rollout.spec.restart_at.is_some_and(|at| rollout.status.restarted_at != Some(at));
    let has_metadata = Way::of(rollout).is_some_and(|way| match way {
        Way::Canary(canary) => canary.canary_metadata.is_some() || canary.stable_metadata.is_some(),
        Way::BlueGreen(blue_green) => {
            blue_green.active_metadata.is_some() || blue_green.preview_metadata.is_some()
        }
    });
    restarts || has_metadata || sets.iter().any(|set| set.meta.annotation(EPHEMERAL_METADATA).is_some())
}

/// Services with the field that names each.
pub(crate) fn services<'a>(way: Way<'a>) -> Vec<(&'static str, &'a str)> {
    let mut names: Vec<(&str, &str)> = match way {
        Way::Canary(canary) => vec![
            ("spec.strategy.canary.canaryService", &canary.canary_service),
            ("spec.strategy.canary.stableService", &canary.stable_service),
        ],
        Way::BlueGreen(blue_green) => vec![
            ("spec.strategy.blueGreen.activeService", &blue_green.active_service),
            ("spec.strategy.blueGreen.previewService", &blue_green.preview_service),
        ],
    };
    if let Some(pair) = way.canary().and_then(|canary| canary.ping_pong.as_ref()) {
        names.push(("spec.strategy.canary.pingPong.pingService", &pair.ping_service));
        names.push(("spec.strategy.canary.pingPong.pongService", &pair.pong_service));
    }
    names.retain(|(_, name)| !name.is_empty());
    names
}
