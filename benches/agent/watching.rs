//! The moment at which the cluster shows something, by a watch of the measurement's own.

use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A watch that is under way.
pub struct Sight(JoinHandle<Instant>);

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(300);

impl Sight {
    /// The moment at which it was seen.
    pub async fn at(self) -> Instant {
        let seen = tokio::time::timeout(PATIENCE, self.0).await;
        seen.expect("it is seen in time").expect("the watch does not panic")
    }
}

/// Watches until `is_it` says yes to an object; answers once the watch is live.
pub async fn watch(
    api: Api<DynamicObject>,
    config: watcher::Config,
    mut is_it: impl FnMut(&DynamicObject) -> bool + Send + 'static,
) -> Sight {
    let (live, is_live) = oneshot::channel();
    let mut live = Some(live);
    let seen = tokio::spawn(async move {
        let mut events = std::pin::pin!(watcher(api, config));
        while let Some(event) = events.next().await {
            match event.expect("the watch holds") {
                Event::Apply(object) | Event::InitApply(object) if is_it(&object) => return Instant::now(),
                Event::InitDone => drop(live.take().map(|live| live.send(()))),
                Event::Apply(_) | Event::InitApply(_) | Event::Delete(_) | Event::Init => {}
            }
        }
        unreachable!("a watch does not end")
    });
    let _ = is_live.await;
    Sight(seen)
}

/// The objects of one kind in a namespace.
pub fn objects(
    client: &Client,
    namespace: &str,
    api_version: &str,
    kind: &str,
    plural: &str,
) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    };
    Api::namespaced_with(client.clone(), namespace, &resource)
}
