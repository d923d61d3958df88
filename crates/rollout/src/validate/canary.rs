//! What is wrong with a strategy by itself.

use model::parts::IntOrString;
use model::rollout::{AntiAffinity, BlueGreen, Canary, CanaryStep, ExperimentStep, TrafficRouting};

use crate::duration;
use crate::observed::Rollout;

/// Problems of a canary.
pub(super) fn problems(canary: &Canary) -> Vec<String> {
    let at = "spec.strategy.canary";
    let mut problems = Vec::new();
    let mut refuse = |what: String| problems.push(format!("{at}.{what}"));
    let routing = canary.traffic_routing.as_ref();
    let same = !canary.canary_service.is_empty() && canary.canary_service == canary.stable_service;
    if same {
        refuse(format!(
            "stableService: Invalid value: \"{}\": This rollout uses the same service for the stable and canary services, but two different services are required.",
            canary.stable_service
        ));
    }
    if let Some(routing) = routing {
        needs_services(canary, routing).into_iter().for_each(&mut refuse);
        for name in unknown_plugins(routing) {
            refuse(format!(
                "trafficRouting.plugins.{name}: no such router: plugins are not supported, but argoproj-labs/gatewayAPI is built in"
            ));
        }
    } else {
        if canary.scale_down_delay_seconds.is_some() {
            refuse("scaleDownDelaySeconds: Invalid value: Canary scaleDownDelaySeconds can only be used with traffic routing".into());
        }
        if canary.dynamic_stable_scale {
            refuse("dynamicStableScale: Invalid value: true: Canary dynamicStableScale can only be used with traffic routing".into());
        }
        if canary.ping_pong.is_some() {
            refuse("pingPong: Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only".into());
        }
    }
    if canary.dynamic_stable_scale && canary.scale_down_delay_seconds.is_some() {
        refuse("dynamicStableScale: Invalid value: true: Canary dynamicStableScale cannot be used with scaleDownDelaySeconds".into());
    }
    ping_pong(canary).into_iter().for_each(&mut refuse);
    bounds(canary).into_iter().for_each(&mut refuse);
    anti_affinity(canary.anti_affinity.as_ref()).into_iter().for_each(&mut refuse);
    threshold(canary).into_iter().for_each(&mut refuse);
    for (place, step) in canary.steps.iter().enumerate() {
        step_problems(canary, step).into_iter().for_each(|what| refuse(format!("steps[{place}]{what}")));
    }
    problems
}

/// Problems of a blue-green update.
pub(super) fn of_blue_green(blue_green: &BlueGreen, rollout: &Rollout) -> Vec<String> {
    let at = "spec.strategy.blueGreen";
    let mut problems = Vec::new();
    if blue_green.active_service.is_empty() {
        problems.push(format!("Rollout has missing field '.{at}.activeService'"));
    } else if blue_green.active_service == blue_green.preview_service {
        problems.push(format!(
            "{at}.previewService: Invalid value: \"{}\": This rollout uses the same service for the active and preview services, but two different services are required.",
            blue_green.preview_service
        ));
    }
    let history = rollout.spec.revision_history_limit.unwrap_or(10);
    if blue_green.scale_down_delay_revision_limit.is_some_and(|limit| limit > history) {
        problems.push(format!("{at}.scaleDownDelayRevisionLimit: This rollout's revision history limit can not be smaller than the rollout's scale down limit"));
    }
    problems.extend(anti_affinity(blue_green.anti_affinity.as_ref()).map(|what| format!("{at}.{what}")));
    problems
}

fn needs_services(canary: &Canary, routing: &TrafficRouting) -> Option<String> {
    let by_name = routing.nginx.is_some()
        || routing.smi.is_some()
        || routing.apisix.is_some()
        || routing.ambassador.is_some()
        || routing.app_mesh.is_some()
        || routing.traefik.is_some()
        || (routing.alb.is_some() && canary.ping_pong.is_none())
        || routing
            .istio
            .as_ref()
            .is_some_and(|istio| istio.destination_rule.is_none() && canary.ping_pong.is_none());
    let there = !canary.canary_service.is_empty() && !canary.stable_service.is_empty();
    (by_name && !there).then(|| {
        "trafficRouting: Invalid value: Canary service and Stable service must to be set to use Traffic Routing".into()
    })
}

fn unknown_plugins(routing: &TrafficRouting) -> Vec<&String> {
    let plugins = routing.plugins.iter().flatten();
    plugins.map(|(name, _)| name).filter(|name| *name != "argoproj-labs/gatewayAPI").collect()
}

fn ping_pong(canary: &Canary) -> Option<String> {
    let pair = canary.ping_pong.as_ref()?;
    if pair.ping_service.is_empty() || pair.pong_service.is_empty() {
        return Some(
            "pingPong: Ping service and Pong service must to be set to use Ping-Pong feature".into(),
        );
    }
    if pair.ping_service == pair.pong_service {
        return Some("pingPong: This rollout uses the same service for the ping and pong services, but two different services are required.".into());
    }
    let alb = canary.traffic_routing.as_ref().and_then(|routing| routing.alb.as_ref());
    alb.filter(|alb| alb.root_service.is_empty()).map(|_| {
        "trafficRouting.alb.rootService: Root service field is required for the configuration with ALB and ping-pong feature enabled".into()
    })
}

fn bounds(canary: &Canary) -> Vec<String> {
    let fields = [("maxSurge", &canary.max_surge), ("maxUnavailable", &canary.max_unavailable)];
    let is_zero = |value: &Option<IntOrString>| match value {
        Some(IntOrString::Int(count)) => *count == 0,
        Some(IntOrString::Text(text)) => text.trim_end_matches('%') == "0",
        None => false,
    };
    let mut problems: Vec<String> = Vec::new();
    for (name, value) in fields {
        let bad = match value {
            Some(IntOrString::Int(count)) => *count < 0,
            Some(IntOrString::Text(text)) => text.trim_end_matches('%').parse::<u32>().is_err(),
            None => false,
        };
        if bad {
            problems.push(format!("{name}: Invalid value: must be a number of pods or a percentage"));
        }
    }
    if is_zero(&canary.max_surge) && is_zero(&canary.max_unavailable) {
        problems.push("maxUnavailable: Invalid value: may not be 0 when `maxSurge` is 0".into());
    }
    problems
}

fn anti_affinity(rule: Option<&AntiAffinity>) -> Option<String> {
    let rule = rule?;
    match (&rule.preferred, &rule.required) {
        (Some(preferred), None) if !(1..=100).contains(&preferred.weight) => Some(format!(
            "antiAffinity: Invalid value: {}: AntiAffinity weight must be between 1-100",
            preferred.weight
        )),
        (Some(_), None) | (None, Some(_)) => None,
        (None, None) | (Some(_), Some(_)) => {
            Some("antiAffinity: AntiAffinity must have exactly one strategy listed".into())
        }
    }
}

fn threshold(canary: &Canary) -> Option<String> {
    let threshold = canary.replica_progress_threshold.as_ref()?;
    let good = match threshold.kind.as_str() {
        "Percent" => (0..=100).contains(&threshold.value),
        "Pods" => threshold.value >= 0,
        _ => false,
    };
    (!good).then(|| "replicaProgressThreshold: Invalid value: type must be Percent (0 to 100) or Pods".into())
}

fn step_problems(canary: &Canary, step: &CanaryStep) -> Vec<String> {
    let CanaryStep {
        set_weight,
        pause,
        set_canary_scale,
        analysis,
        experiment,
        set_header_route,
        set_mirror_route,
        plugin,
    } = step;
    let keys = [
        set_weight.is_some(),
        pause.is_some(),
        set_canary_scale.is_some(),
        analysis.is_some(),
        experiment.is_some(),
        set_header_route.is_some(),
        set_mirror_route.is_some(),
        plugin.is_some(),
    ];
    if keys.into_iter().filter(|key| *key).count() != 1 {
        let words = ": Invalid value: Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause";
        return vec![words.into()];
    }
    let mut problems = Vec::new();
    let max = crate::steps::max_weight(canary);
    if let Some(weight) = set_weight.filter(|weight| !(0..=max).contains(weight)) {
        problems
            .push(format!(".setWeight: Invalid value: {weight}: SetWeight needs to be between 0 and {max}"));
    }
    if pause.as_ref().is_some_and(|pause| duration::of_pause(pause).is_err()) {
        problems.push(".pause.duration: Invalid value: Duration needs to be greater than 0".into());
    }
    if set_canary_scale.is_some() && canary.traffic_routing.is_none() {
        problems
            .push(".setCanaryScale: Invalid value: SetCanaryScale requires TrafficRouting to be set".into());
    }
    if let Some(plugin) = plugin {
        let name = &plugin.name;
        problems.push(format!(".plugin: Invalid value: \"{name}\": step plugins are not supported; use an analysis step with a job or web metric"));
    }
    let header = set_header_route.as_ref().map(|route| ("setHeaderRoute", &route.name));
    let mirror = set_mirror_route.as_ref().map(|route| ("setMirrorRoute", &route.name));
    if let Some((kind, name)) = header.or(mirror) {
        problems.extend(managed_route(canary, kind, name));
    }
    problems.extend(experiment.iter().flat_map(|step| of_experiment(canary, step)));
    problems
}

fn managed_route(canary: &Canary, kind: &str, name: &str) -> Option<String> {
    let Some(routing) = &canary.traffic_routing else {
        return Some(format!(".{kind}: Invalid value: {kind} requires TrafficRouting to be set"));
    };
    if routing.managed_routes.iter().all(|route| route.name != name) {
        return Some(format!(
            ".{kind}: Invalid value: \"{name}\": the route is not in trafficRouting.managedRoutes"
        ));
    }
    let known = routing.istio.is_some()
        || routing.plugins.is_some()
        || (kind == "setHeaderRoute" && (routing.alb.is_some() || routing.apisix.is_some()));
    (!known).then(|| format!(".{kind}: Invalid value: \"{name}\": this router has no such routes"))
}

fn of_experiment(canary: &Canary, step: &ExperimentStep) -> Vec<String> {
    let mut problems = Vec::new();
    let can_weigh = canary.traffic_routing.as_ref().is_some_and(|routing| {
        routing.istio.is_some() || routing.alb.is_some() || routing.smi.is_some() || routing.plugins.is_some()
    });
    for (place, template) in step.templates.iter().enumerate() {
        let at = format!(".experiment.templates[{place}]");
        if !matches!(template.spec_ref.as_str(), "canary" | "stable") {
            problems.push(format!(
                "{at}.specRef: Invalid value: \"{}\": must be canary or stable",
                template.spec_ref
            ));
        }
        if template.weight.is_some() && !can_weigh {
            problems.push(format!("{at}.weight: Invalid value: Experiment template weight is only available for TrafficRouting with SMI, ALB, and Istio at this time"));
        }
    }
    problems
}
