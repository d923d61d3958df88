//! `GET /stream`: tells a page which reports have changed, as server-sent events.
//!
//! A reader that falls behind is told to look at everything; one that goes away costs nothing from the next heartbeat
//! on. The events carry names only: what a page shows comes from its own request.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::Front;
use super::reports::Changed;

/// Readers at once; beyond them pages look by themselves once a minute.
pub(super) const MOST: usize = 256;
/// How long changes are gathered into one message.
const GATHER: Duration = Duration::from_millis(100);
/// Names in one message at most; beyond them everything has changed.
const MOST_NAMED: usize = 20;
/// How often a silent stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// When a reader that lost its stream comes back.
const AGAIN: Duration = Duration::from_secs(2);

/// Follows the reports until the reader goes or the agent stops.
pub(super) async fn stream(State(front): State<Front>) -> Response {
    let Ok(seat) = front.seats.streams.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages follow already").into_response();
    };
    let reader = Reader {
        changes: front.reports.changes(),
        stopping: front.stopping,
        ready: VecDeque::from([sse::Event::default().retry(AGAIN).comment("windlass")]),
        _seat: seat,
    };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")).into_response()
}

struct Reader {
    changes: broadcast::Receiver<Changed>,
    stopping: watch::Receiver<bool>,
    ready: VecDeque<sse::Event>,
    _seat: OwnedSemaphorePermit,
}

impl Reader {
    async fn next(&mut self) -> Option<sse::Event> {
        if self.ready.is_empty() {
            let changed = tokio::select! {
                changed = gather(&mut self.changes) => changed?,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            };
            self.ready = changed.iter().map(event).collect();
        }
        self.ready.pop_front()
    }
}

fn event(changed: &Changed) -> sse::Event {
    let application = match changed {
        Changed::Application(key) => Some(key.to_string()),
        Changed::Anything => None,
    };
    sse::Event::default().data(json!({"application": application}).to_string())
}

/// The first change and those that come close behind it; none once the reports are gone.
async fn gather(changes: &mut broadcast::Receiver<Changed>) -> Option<BTreeSet<Changed>> {
    let mut gathered = BTreeSet::from([receive(changes).await?]);
    let mut pause = pin!(tokio::time::sleep(GATHER));
    loop {
        tokio::select! {
            () = &mut pause => break,
            changed = receive(changes) => gathered.insert(changed?),
        };
    }
    let everything = gathered.contains(&Changed::Anything) || gathered.len() > MOST_NAMED;
    Some(if everything { BTreeSet::from([Changed::Anything]) } else { gathered })
}

async fn receive(changes: &mut broadcast::Receiver<Changed>) -> Option<Changed> {
    match changes.recv().await {
        Ok(changed) => Some(changed),
        Err(RecvError::Lagged(_)) => Some(Changed::Anything),
        Err(RecvError::Closed) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use report::application::AppKey;

    fn change(name: &str) -> Changed {
        Changed::Application(AppKey { namespace: "argocd".into(), name: name.into() })
    }

    #[tokio::test]
    async fn changes_close_together_become_one_message_each() {
        let (sender, mut changes) = broadcast::channel(8);
        for name in ["shop", "blog", "shop"] {
            sender.send(change(name)).expect("somebody listens");
        }
        assert_eq!(gather(&mut changes).await, Some(BTreeSet::from([change("blog"), change("shop")])));
        drop(sender);
        assert_eq!(gather(&mut changes).await, None);
    }

    #[tokio::test]
    async fn who_falls_behind_looks_at_everything() {
        let (sender, mut changes) = broadcast::channel(2);
        for number in 0..5 {
            sender.send(change(&number.to_string())).expect("somebody listens");
        }
        assert_eq!(gather(&mut changes).await, Some(BTreeSet::from([Changed::Anything])));
    }
}
