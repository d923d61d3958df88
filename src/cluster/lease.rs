//! Who leads: one Lease, renewed by its holder; a late holder finds that it no longer leads and writes nothing.

use http::Method;
use kube::Client;
use model::Time;
use serde_json::{Value, json};
use std::time::Duration;

use super::request;

/// Name of the Lease in the agent's namespace; a process that only drives Rollouts holds upstream's instead.
pub const NAME: &str = "windlass";
/// How the paths of all Leases begin.
pub const GROUP_PATH: &str = "/apis/coordination.k8s.io/";
/// A lease that was not renewed for this long may be taken.
pub const LENGTH: Duration = Duration::from_secs(15);
/// How often the holder renews.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the answer to one look.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What one look at the Lease came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This agent leads until its lease runs out.
    Leads,
    /// Another one does.
    Follows {
        /// Its name.
        holder: String,
    },
}

/// Takes, renews or waits for the Lease: one look, at most one write.
///
/// # Errors
/// Where the server does not answer; the caller then stops writing once [`LENGTH`] has passed since the last success.
pub async fn stand(
    client: &Client,
    namespace: &str,
    name: &str,
    identity: &str,
    now: Time,
) -> Result<Standing, kube::Error> {
    let collection = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    let path = format!("{collection}/{name}");
    let found = match client.request::<Value>(request::get(&path)).await {
        Ok(lease) => Some(lease),
        Err(error) if request::code(&error) == Some(404) => None,
        Err(error) => return Err(error),
    };
    let (method, path, body) = match found {
        None => (
            Method::POST,
            collection,
            taken(&json!({"metadata": {"name": name, "namespace": namespace}}), identity, now),
        ),
        Some(lease) => match held_by_another(&lease, identity, now) {
            Some(holder) => return Ok(Standing::Follows { holder }),
            None => (Method::PUT, path, taken(&lease, identity, now)),
        },
    };
    match client.request::<Value>(request::json(method, &path, "application/json", &body)).await {
        Ok(_) => Ok(Standing::Leads),
        Err(error) if request::code(&error) == Some(409) => {
            Ok(Standing::Follows { holder: "another agent".to_owned() })
        }
        Err(error) => Err(error),
    }
}

/// Gives the Lease back at the end, so that another agent need not wait. Nothing is lost where it fails.
pub async fn give_back(client: &Client, namespace: &str, name: &str, identity: &str) {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}");
    let Ok(mut lease) = client.request::<Value>(request::get(&path)).await else { return };
    if lease["spec"]["holderIdentity"] != identity {
        return;
    }
    lease["spec"]["holderIdentity"] = "".into();
    let _ = client.request::<Value>(request::json(Method::PUT, &path, "application/json", &lease)).await;
}

/// Who holds a lease, where that is somebody else and it has not run out.
pub fn held_by_another(lease: &Value, identity: &str, now: Time) -> Option<String> {
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    let renewed: Option<Time> = lease["spec"]["renewTime"].as_str().and_then(|time| time.parse().ok());
    let length = lease["spec"]["leaseDurationSeconds"].as_u64().map_or(LENGTH, Duration::from_secs);
    let alive = renewed.is_some_and(|renewed| renewed.plus(length) > now);
    (!holder.is_empty() && holder != identity && alive).then(|| holder.to_owned())
}

fn taken(lease: &Value, identity: &str, now: Time) -> Value {
    let mut lease = lease.clone();
    let moment = format!("{:.6}", now.0);
    let spec = &mut lease["spec"];
    if spec["holderIdentity"] != identity {
        let times = spec["leaseTransitions"].as_u64().map_or(0, |times| times + 1);
        spec["leaseTransitions"] = times.into();
        spec["acquireTime"] = moment.as_str().into();
    }
    spec["holderIdentity"] = identity.into();
    spec["leaseDurationSeconds"] = LENGTH.as_secs().into();
    spec["renewTime"] = moment.into();
    lease["apiVersion"] = "coordination.k8s.io/v1".into();
    lease["kind"] = "Lease".into();
    lease
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().expect("it is a time")
    }

    #[test]
    fn a_lease_is_respected_until_it_runs_out() {
        let lease = taken(&json!({}), "a", time("2024-05-01T12:00:00Z"));
        assert_eq!(held_by_another(&lease, "b", time("2024-05-01T12:00:14Z")), Some("a".to_owned()));
        assert_eq!(held_by_another(&lease, "b", time("2024-05-01T12:00:16Z")), None);
        assert_eq!(held_by_another(&lease, "a", time("2024-05-01T12:00:01Z")), None);
    }

    #[test]
    fn taking_over_counts_a_transition() {
        let first = taken(&json!({}), "a", time("2024-05-01T12:00:00Z"));
        assert_eq!(taken(&first, "a", time("2024-05-01T12:00:05Z"))["spec"]["leaseTransitions"], 0);
        assert_eq!(taken(&first, "b", time("2024-05-01T12:01:00Z"))["spec"]["leaseTransitions"], 1);
    }
}
