//! Whom requests reach: a VirtualService's destinations, through the selectors of their Services, to pods.

use serde_json::Value;

use super::apps::text;
use super::journal::Moment;

/// Where some part of all requests goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Service.
    pub service: String,
    /// Percent.
    pub weight: u64,
    /// Images of the pods that are ready, one for each pod.
    pub images: Vec<String>,
}

/// The shares of a VirtualService's first route.
pub fn shares(moment: &Moment, virtual_service: &str) -> Vec<Share> {
    let route = &moment.get("VirtualService", virtual_service)["spec"]["http"][0]["route"];
    let share = |part: &Value| {
        let service = text(part, "/destination/host").to_owned();
        let selector = moment.get("Service", &service)["spec"]["selector"].clone();
        let weight = part["weight"].as_u64().unwrap_or(100);
        let pods = moment.all("Pod").filter(|pod| is_ready(pod) && is_selected(pod, &selector));
        let images = pods.map(|pod| text(pod, "/spec/containers/0/image").to_owned()).collect::<Vec<_>>();
        Share { service, weight, images }
    };
    route.as_array().into_iter().flatten().map(share).collect()
}

/// Whether a pod takes requests, as the endpoints of a Service see it.
pub fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|condition| condition["type"] == "Ready");
    pod["metadata"]["deletionTimestamp"].is_null() && ready.any(|condition| condition["status"] == "True")
}

fn is_selected(pod: &Value, selector: &Value) -> bool {
    let Some(selector) = selector.as_object().filter(|selector| !selector.is_empty()) else { return false };
    selector.iter().all(|(key, value)| pod["metadata"]["labels"].get(key) == Some(value))
}
