//! The list of steps, read: which one is in progress, and what it asks for.

use model::rollout::{Canary, CanaryStep, RolloutStatus, SetCanaryScale, SetHeaderRoute, SetMirrorRoute};

use model::parts::IntOrString;

/// The step in progress; as many as there are steps at the end, none without steps.
pub(crate) fn index(steps: &[CanaryStep], status: &RolloutStatus) -> Option<usize> {
    if steps.is_empty() {
        return None;
    }
    let index = status.current_step_index.unwrap_or(0);
    Some(usize::try_from(index).unwrap_or(0).min(steps.len()))
}

/// A place in the list as the status says it.
pub(crate) fn as_index(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

/// The step in progress, while one is.
pub(crate) fn current<'a>(steps: &'a [CanaryStep], status: &RolloutStatus) -> Option<&'a CanaryStep> {
    steps.get(index(steps, status)?)
}

/// What counts as all traffic.
pub(crate) fn max_weight(canary: &Canary) -> i32 {
    canary.traffic_routing.as_ref().and_then(|routing| routing.max_traffic_weight).unwrap_or(100)
}

/// The last weight that was set before a place; nothing where none was.
pub(crate) fn weight_before(steps: &[CanaryStep], end: usize) -> i32 {
    steps.iter().take(end).rev().find_map(|step| step.set_weight).unwrap_or(0)
}

/// The weight that the steps ask for now: all past the end.
pub(crate) fn weight(canary: &Canary, status: &RolloutStatus) -> i32 {
    match index(&canary.steps, status) {
        Some(place) if place < canary.steps.len() => weight_before(&canary.steps, place + 1),
        Some(_) | None => max_weight(canary),
    }
}

/// The scale that was set apart from the weight, where it is still in force.
pub(crate) fn scale<'a>(canary: &'a Canary, status: &RolloutStatus) -> Option<&'a SetCanaryScale> {
    let place = index(&canary.steps, status).filter(|place| *place < canary.steps.len())?;
    let set = canary.steps.iter().take(place + 1).rev().find_map(|step| step.set_canary_scale.as_ref())?;
    (!set.match_traffic_weight).then_some(set)
}

/// Header routes that are set by the steps so far.
pub(crate) fn header_routes(steps: &[CanaryStep], place: usize) -> Vec<SetHeaderRoute> {
    let set = steps.iter().take(place + 1).filter_map(|step| step.set_header_route.as_ref());
    in_force(set, |route| &route.name, |route| route.match_headers.is_empty())
}

/// Mirror routes that are set by the steps so far.
pub(crate) fn mirror_routes(steps: &[CanaryStep], place: usize) -> Vec<SetMirrorRoute> {
    let set = steps.iter().take(place + 1).filter_map(|step| step.set_mirror_route.as_ref());
    in_force(set, |route| &route.name, |route| route.match_requests.is_empty())
}

/// The last word on each name; one without a match takes the route away.
fn in_force<'a, T: Clone + 'a>(
    set: impl Iterator<Item = &'a T>,
    name: impl Fn(&T) -> &String,
    removes: impl Fn(&T) -> bool,
) -> Vec<T> {
    let mut routes: Vec<T> = Vec::new();
    for route in set {
        routes.retain(|other| name(other) != name(route));
        if !removes(route) {
            routes.push(route.clone());
        }
    }
    routes
}

/// A step in a few words.
pub(crate) fn words(step: &CanaryStep) -> String {
    if let Some(weight) = step.set_weight {
        return format!("setWeight: {weight}");
    }
    if let Some(pause) = &step.pause {
        return match &pause.duration {
            None => "pause".to_owned(),
            Some(IntOrString::Int(seconds)) => format!("pause: {seconds}"),
            Some(IntOrString::Text(text)) => format!("pause: {text}"),
        };
    }
    if step.experiment.is_some() {
        return "experiment".to_owned();
    }
    if step.analysis.is_some() {
        return "analysis".to_owned();
    }
    if let Some(scale) = &step.set_canary_scale {
        return scale_words(scale);
    }
    let plugin = step.plugin.as_ref().map(|plugin| format!("plugin: {}", plugin.name));
    let header = || step.set_header_route.as_ref().map(|route| format!("setHeaderRoute: {}", route.name));
    let mirror = || step.set_mirror_route.as_ref().map(|route| format!("setMirrorRoute: {}", route.name));
    plugin.or_else(header).or_else(mirror).unwrap_or_else(|| "invalid".to_owned())
}

fn scale_words(scale: &SetCanaryScale) -> String {
    match scale {
        SetCanaryScale { weight: Some(weight), .. } => format!("setCanaryScale{{weight: {weight}}}"),
        SetCanaryScale { match_traffic_weight: true, .. } => {
            "setCanaryScale{matchTrafficWeight: true}".into()
        }
        SetCanaryScale { replicas: Some(replicas), .. } => format!("setCanaryScale{{replicas: {replicas}}}"),
        SetCanaryScale { weight: None, replicas: None, match_traffic_weight: false } => "invalid".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight_step(weight: i32) -> CanaryStep {
        CanaryStep { set_weight: Some(weight), ..CanaryStep::default() }
    }

    fn status(index: i32) -> RolloutStatus {
        RolloutStatus { current_step_index: Some(index), ..RolloutStatus::default() }
    }

    #[test]
    fn the_weight_is_the_last_one_set() {
        let pause = CanaryStep { pause: Some(model::rollout::Pause::default()), ..CanaryStep::default() };
        let steps = vec![pause.clone(), weight_step(10), pause, weight_step(30)];
        let canary = Canary { steps, ..Canary::default() };
        let weights: Vec<i32> = (0..5).map(|place| weight(&canary, &status(place))).collect();
        assert_eq!(weights, [0, 10, 10, 30, 100]);
        assert_eq!(weight_before(&canary.steps, 3), 10);
    }

    #[test]
    fn a_route_stays_until_a_step_takes_it_away() {
        let route = |matches: usize| CanaryStep {
            set_header_route: Some(SetHeaderRoute {
                name: "qa".into(),
                match_headers: vec![model::rollout::HeaderMatch::default(); matches],
            }),
            ..CanaryStep::default()
        };
        let steps = [route(1), weight_step(10), route(0)];
        let count: Vec<usize> = (0..3).map(|place| header_routes(&steps, place).len()).collect();
        assert_eq!(count, [1, 1, 0]);
    }
}
