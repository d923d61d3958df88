//! Which routes of a VirtualService are the Rollout's.

use std::collections::BTreeSet;

use model::rollout::IstioVirtualService;
use serde_json::Value;

use super::super::Split;
use super::super::json::text;

/// The indices of the routes whose weights are the Rollout's, or upstream's words for why there are none.
pub fn select(
    section: &str,
    routes: &[Value],
    settings: &IstioVirtualService,
    split: &Split<'_>,
) -> Result<Vec<usize>, String> {
    match section {
        "http" => http(routes, settings, split),
        "tls" => tls(routes, settings),
        _ => tcp(routes, settings),
    }
}

fn http(routes: &[Value], settings: &IstioVirtualService, split: &Split<'_>) -> Result<Vec<usize>, String> {
    if settings.routes.is_empty() {
        return the_only(routes, split).map(|index| vec![index]);
    }
    let find = |name: &String| {
        let found = routes.iter().position(|route| text(route, "name") == name);
        found.ok_or_else(|| format!("HTTP Route '{name}' is not found in the defined Virtual Service."))
    };
    settings.routes.iter().map(find).collect()
}

/// The one route that steps do not manage. Upstream takes the first without a name and, where all have one, none at
/// all without a word; here the name does not matter.
fn the_only(routes: &[Value], split: &Split<'_>) -> Result<usize, String> {
    let own = |route: &Value| !split.is_managed_route(text(route, "name"));
    let mut free = (0..routes.len()).filter(|index| routes.len() == 1 || own(&routes[*index]));
    match (free.next(), free.next()) {
        (Some(index), None) => Ok(index),
        _ => Err(exactly_one("http", "routes")),
    }
}

fn tls(routes: &[Value], settings: &IstioVirtualService) -> Result<Vec<usize>, String> {
    if settings.tls_routes.is_empty() {
        return one_of(routes, "tls", "tlsRoutes");
    }
    let mut found = Vec::new();
    for wanted in &settings.tls_routes {
        let hosts: BTreeSet<&str> = wanted.sni_hosts.iter().map(String::as_str).collect();
        let complete = hosts.len() == wanted.sni_hosts.len();
        let same = |route: &Value| complete && port(route) == Some(wanted.port) && sni_hosts(route) == hosts;
        found.push(matching(routes, same, "TLS")?);
    }
    Ok(found.concat())
}

fn tcp(routes: &[Value], settings: &IstioVirtualService) -> Result<Vec<usize>, String> {
    if settings.tcp_routes.is_empty() {
        return one_of(routes, "tcp", "tcpRoutes");
    }
    let mut found = Vec::new();
    for wanted in &settings.tcp_routes {
        found.push(matching(routes, |route| port(route) == Some(wanted.port), "TCP")?);
    }
    Ok(found.concat())
}

fn one_of(routes: &[Value], section: &str, setting: &str) -> Result<Vec<usize>, String> {
    if routes.len() == 1 { Ok(vec![0]) } else { Err(exactly_one(section, setting)) }
}

fn exactly_one(section: &str, setting: &str) -> String {
    format!(
        "spec.{section}[] should be set in VirtualService and it must have exactly one route when omitting \
         spec.strategy.canary.trafficRouting.istio.virtualService.{setting}"
    )
}

fn matching(routes: &[Value], same: impl Fn(&Value) -> bool, kind: &str) -> Result<Vec<usize>, String> {
    let found: Vec<usize> = (0..routes.len()).filter(|index| same(&routes[*index])).collect();
    if found.is_empty() {
        return Err(format!("No matching {kind} routes found in the defined Virtual Service."));
    }
    Ok(found)
}

/// The one port that all match blocks name: 0 where none names one, none where they differ.
fn port(route: &Value) -> Option<i64> {
    let ports = matches(route).map(|block| block.get("port").and_then(Value::as_i64).unwrap_or(0));
    let ports: BTreeSet<i64> = ports.collect();
    if ports.len() > 1 { None } else { Some(ports.first().copied().unwrap_or(0)) }
}

fn sni_hosts(route: &Value) -> BTreeSet<&str> {
    let lists = matches(route).filter_map(|block| block.get("sniHosts")?.as_array());
    lists.flatten().filter_map(Value::as_str).collect()
}

fn matches(route: &Value) -> impl Iterator<Item = &Value> {
    route.get("match").and_then(Value::as_array).into_iter().flatten()
}
