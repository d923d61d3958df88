//! A pause that a commit approves: an annotation in Git names the step and the version, so that an old approval never
//! promotes another version.

use serde_json::Value;

use crate::pass::Pass;
use crate::steps;

/// Annotation of a Rollout with approvals: `STEP/VERSION`, several separated by commas or spaces. `STEP` is the index
/// of the pause step, or `promotion` for the pause of a blue-green update. `VERSION` is the pod template hash (as in
/// `status.currentPodHash`), or one of the images of the pod template as it is written there, tag or digest and all.
pub const APPROVE: &str = "windlass.dev/approve";

/// True where the pause of this moment is approved for this very version.
pub(crate) fn is_approved(pass: &Pass) -> bool {
    let Some(text) = pass.view.rollout.meta.annotation(APPROVE) else { return false };
    let gate = gate(pass);
    text.split([',', ' ', '\n', '\t']).any(|approval| {
        let parts = approval.trim().split_once('/');
        parts.is_some_and(|(step, version)| step == gate && is_version(pass, version))
    })
}

/// What the page tells people who are asked for an approval.
pub(crate) fn invitation(pass: &Pass) -> String {
    let (gate, hash) = (gate(pass), &pass.view.hash);
    format!("waits to be promoted; in Git: annotation {APPROVE}: \"{gate}/{hash}\"")
}

fn gate(pass: &Pass) -> String {
    match steps::index(pass.view.steps(), &pass.before) {
        Some(place) => place.to_string(),
        None => "promotion".to_owned(),
    }
}

/// An image approves only where it tells versions apart: an image that the stable version has, too, names nothing.
fn is_version(pass: &Pass, version: &str) -> bool {
    if version.is_empty() {
        return false;
    }
    if version == pass.view.hash {
        return true;
    }
    let named = images(&pass.view.template).any(|image| image == version);
    let before =
        pass.view.stable.is_some_and(|stable| images(&stable.template).any(|image| image == version));
    named && !before
}

fn images(template: &Value) -> impl Iterator<Item = &str> {
    let lists = ["/spec/containers", "/spec/initContainers"].into_iter();
    let containers = lists.filter_map(|list| template.pointer(list)?.as_array()).flatten();
    containers.filter_map(|container| container["image"].as_str())
}
