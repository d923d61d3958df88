//! The fence around writes: a client behind it changes nothing unless its agent holds the lease (fault F11).
//!
//! An agent that was frozen in the middle of a run finds the fence shut when it goes on: another one may lead by then.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::{Either, Ready, ready};
use http::{Method, Request};
use kube::client::Body;
use model::Time;
use tower::BoxError;

use super::lease;

/// A moment on both clocks: the monotonic one may stand still while the machine sleeps, the other one may be set.
pub type Moment = (Instant, Time);

/// Whether this agent may write.
pub struct Fence {
    renewed: Mutex<Option<Moment>>,
    now: fn() -> Moment,
}

/// How long after its renewal a lease opens the fence: a write that has begun by then ends before the lease does.
const OPEN_FOR: Duration = Duration::from_secs(lease::LENGTH.as_secs() - 3);

impl Fence {
    /// A fence that is shut, by these clocks.
    pub fn new(now: fn() -> Moment) -> Arc<Self> {
        Arc::new(Self { renewed: Mutex::new(None), now })
    }

    /// The lease was renewed by a request that began at `asked`.
    pub fn open(&self, asked: Moment) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    /// The lease is another's.
    pub fn shut(&self) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// True while the lease is surely held.
    pub fn is_open(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.is_some_and(|renewed| is_fresh(renewed, (self.now)()))
    }
}

fn is_fresh(renewed: Moment, now: Moment) -> bool {
    now.0.duration_since(renewed.0) < OPEN_FOR && renewed.1 <= now.1 && now.1 < renewed.1.plus(OPEN_FOR)
}

/// A write that was not sent.
#[derive(Debug, thiserror::Error)]
#[error("this agent does not hold its lease (any more), so it changes nothing")]
pub struct NotLeading;

/// Puts a client behind the fence. Reads and dry runs pass, and so do the lease's own writes.
#[derive(Clone)]
pub struct FenceLayer(pub Arc<Fence>);

impl<S> tower::Layer<S> for FenceLayer {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fenced { inner, fence: self.0.clone() }
    }
}

/// A client behind the fence.
#[derive(Clone)]
pub struct Fenced<S> {
    inner: S,
    fence: Arc<Fence>,
}

impl<S> tower::Service<Request<Body>> for Fenced<S>
where
    S: tower::Service<Request<Body>, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Either<S::Future, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if is_free(&request) || self.fence.is_open() {
            Either::Left(self.inner.call(request))
        } else {
            Either::Right(ready(Err(NotLeading.into())))
        }
    }
}

fn is_free<B>(request: &Request<B>) -> bool {
    let is_dry_run = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
    request.method() == Method::GET || is_dry_run || request.uri().path().starts_with(lease::GROUP_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_opens_the_fence_until_it_may_have_run_out_on_either_clock() {
        let start: Moment =
            (tokio::time::Instant::now().into_std(), "2024-05-01T12:00:00Z".parse().expect("it is a time"));
        let at = |monotonic: u64, wall: u64| {
            (start.0 + Duration::from_secs(monotonic), start.1.plus(Duration::from_secs(wall)))
        };
        assert!(is_fresh(start, at(11, 11)));
        assert!(!is_fresh(start, at(12, 12)));
        assert!(!is_fresh(start, at(1, 3600)), "the machine has slept, or its clock was set");
        assert!(!is_fresh(at(0, 3600), at(1, 0)), "its clock was set back");
    }

    #[test]
    fn reads_and_the_lease_itself_pass() {
        let request = |method: &str, path: &str| {
            Request::builder().method(method).uri(path).body(()).expect("it is a request")
        };
        assert!(is_free(&request("GET", "/api/v1/pods?watch=true")));
        assert!(is_free(&request("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/windlass")));
        assert!(is_free(&request("PATCH", "/api/v1/namespaces/a/configmaps/b?force=true&dryRun=All")));
        assert!(!is_free(&request("PATCH", "/api/v1/namespaces/a/configmaps/b")));
        assert!(!is_free(&request("POST", "/api/v1/namespaces/a/events")));
    }
}
