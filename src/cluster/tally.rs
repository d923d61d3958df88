//! Counts of requests to the API server: by verb for all of them, in detail for each Application.
//!
//! On whose behalf a request is made is known where it is built ([`on_behalf_of`]); what came of it, where it is sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use http::Request;
use kube::client::Body;

/// The Application on whose behalf a request is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whom {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
}

/// What is told apart among an Application's requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// HTTP status; 0 where there was no answer.
    pub code: u16,
    /// One of [`VERBS`].
    pub verb: Verb,
    /// Plural of the kind.
    pub kind: String,
    /// Namespace of the object.
    pub namespace: String,
    /// True for a dry run.
    pub dry_run: bool,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads one object, or something that is none.
    Get,
    /// Reads a collection.
    List,
    /// Follows a collection.
    Watch,
    /// Makes an object.
    Create,
    /// Patches or applies.
    Patch,
    /// Replaces.
    Update,
    /// Deletes.
    Delete,
}

/// All verbs.
pub const VERBS: [Verb; 7] =
    [Verb::Get, Verb::List, Verb::Watch, Verb::Create, Verb::Patch, Verb::Update, Verb::Delete];

impl Verb {
    /// As upstream writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::List => "List",
            Self::Watch => "Watch",
            Self::Create => "Create",
            Self::Patch => "Patch",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

tokio::task_local! {
    static BEHALF: Arc<Whom>;
}

/// Counts the requests that `work` builds for `whom`.
pub async fn on_behalf_of<T>(whom: Arc<Whom>, work: impl Future<Output = T>) -> T {
    BEHALF.scope(whom, work).await
}

/// Notes on a request for whom it is; its sender is another task and cannot tell.
pub(super) fn mark<B>(mut request: Request<B>) -> Request<B> {
    if let Ok(whom) = BEHALF.try_with(Clone::clone) {
        request.extensions_mut().insert(whom);
    }
    request
}

/// Requests made so far.
#[derive(Debug, Default)]
pub struct RequestCounts {
    /// By verb: changes and reads, then dry runs.
    verbs: [[AtomicU64; 2]; VERBS.len()],
    applications: Mutex<HashMap<Arc<Whom>, BTreeMap<Asked, u64>>>,
}

/// What is told apart of one Application's requests at most; the rest is counted without kind and namespace.
const MOST_APART: usize = 200;

impl RequestCounts {
    /// The counts of all requests: verb, whether they were dry runs, and the number.
    pub fn all(&self) -> impl Iterator<Item = (Verb, bool, u64)> + '_ {
        VERBS.into_iter().zip(&self.verbs).flat_map(|(verb, [real, dry])| {
            [(verb, false, real.load(Ordering::Relaxed)), (verb, true, dry.load(Ordering::Relaxed))]
        })
    }

    /// Calls `tell` with each count of each Application.
    pub fn each(&self, mut tell: impl FnMut(&Whom, &Asked, u64)) {
        let applications = self.applications.lock().unwrap_or_else(PoisonError::into_inner);
        for (whom, counts) in applications.iter() {
            counts.iter().for_each(|(asked, number)| tell(whom, asked, *number));
        }
    }

    /// Forgets what was counted for an Application.
    pub fn forget(&self, namespace: &str, name: &str) {
        let mut applications = self.applications.lock().unwrap_or_else(PoisonError::into_inner);
        applications.retain(|whom, _| (whom.namespace.as_str(), whom.name.as_str()) != (namespace, name));
    }

    fn sent(&self, asked: &Asked) {
        let verb = VERBS.iter().position(|verb| *verb == asked.verb).unwrap_or_default();
        self.verbs[verb][usize::from(asked.dry_run)].fetch_add(1, Ordering::Relaxed);
    }

    fn answered(&self, whom: Arc<Whom>, mut asked: Asked) {
        let mut applications = self.applications.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = applications.entry(whom).or_default();
        if counts.len() >= MOST_APART && !counts.contains_key(&asked) {
            (asked.kind, asked.namespace) = (String::new(), String::new());
        }
        *counts.entry(asked).or_default() += 1;
    }
}

impl Asked {
    fn of<B>(request: &Request<B>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let path = request.uri().path().trim_matches('/');
        // `api/v1/...` or `apis/group/version/...`
        let skipped = if path.starts_with("apis/") { 3 } else { 2 };
        let mut names = path.split('/').skip(skipped).peekable();
        let mut namespace = "";
        let mut kind = names.next().unwrap_or_default();
        if kind == "namespaces" && names.clone().nth(1).is_some() {
            namespace = names.next().unwrap_or_default();
            kind = names.next().unwrap_or_default();
        }
        let is_collection = !kind.is_empty() && names.peek().is_none();
        let verb = match request.method().as_str() {
            "GET" if query.contains("watch=true") || query.contains("watch=1") => Verb::Watch,
            "GET" if is_collection => Verb::List,
            "POST" => Verb::Create,
            "PATCH" => Verb::Patch,
            "PUT" => Verb::Update,
            "DELETE" => Verb::Delete,
            _ => Verb::Get,
        };
        Self {
            code: 0,
            verb,
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            dry_run: query.contains("dryRun=All"),
        }
    }
}

/// Counts what goes through a client.
#[derive(Clone)]
pub struct CountLayer(pub Arc<RequestCounts>);

impl<S> tower::Layer<S> for CountLayer {
    type Service = CountService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CountService { inner, counts: self.0.clone() }
    }
}

/// A client's service, counted.
#[derive(Clone)]
pub struct CountService<S> {
    inner: S,
    counts: Arc<RequestCounts>,
}

impl<S, B> tower::Service<Request<Body>> for CountService<S>
where
    S: tower::Service<Request<Body>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut asked = Asked::of(&request);
        self.counts.sent(&asked);
        let Some(whom) = request.extensions().get::<Arc<Whom>>().cloned() else {
            return self.inner.call(request).boxed();
        };
        let counts = self.counts.clone();
        let count = move |outcome: &Result<S::Response, S::Error>| {
            asked.code = outcome.as_ref().map_or(0, |answer| answer.status().as_u16());
            counts.answered(whom, asked);
        };
        self.inner.call(request).inspect(count).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, uri: &str, expected: (Verb, &str, &str, bool)) {
        let request = Request::builder().method(method).uri(uri).body(()).expect("it is a request");
        let Asked { code: _, verb, kind, namespace, dry_run } = Asked::of(&request);
        assert_eq!((verb, kind.as_str(), namespace.as_str(), dry_run), expected, "{method} {uri}");
    }

    #[test]
    fn requests_are_told_apart_by_their_path() {
        let deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
        check("PATCH", &format!("{deployment}?dryRun=All"), (Verb::Patch, "deployments", "shop", true));
        check("GET", deployment, (Verb::Get, "deployments", "shop", false));
        check("GET", "/api/v1/services?limit=500", (Verb::List, "services", "", false));
        check("GET", "/api/v1/services?watch=true&x=1", (Verb::Watch, "services", "", false));
        check("GET", "/api/v1/namespaces/shop", (Verb::Get, "namespaces", "", false));
        check("POST", "/api/v1/namespaces", (Verb::Create, "namespaces", "", false));
        check("DELETE", "/api/v1/namespaces/shop/configmaps/a", (Verb::Delete, "configmaps", "shop", false));
        check("GET", "/version", (Verb::Get, "", "", false));
        check("GET", "/apis", (Verb::Get, "", "", false));
    }

    #[test]
    fn an_applications_counts_are_bounded_and_go_with_it() {
        let counts = RequestCounts::default();
        let whom =
            Arc::new(Whom { namespace: "argocd".into(), name: "shop".into(), project: "default".into() });
        for number in 0..MOST_APART + 5 {
            let asked = Asked {
                code: 200,
                verb: Verb::Patch,
                kind: "configmaps".into(),
                namespace: format!("n{number}"),
                dry_run: false,
            };
            counts.answered(whom.clone(), asked);
        }
        let mut told = Vec::new();
        counts.each(|_, asked, number| told.push((asked.namespace.clone(), number)));
        assert_eq!(told.len(), MOST_APART + 1);
        assert!(told.contains(&(String::new(), 5)));
        counts.forget("argocd", "shop");
        counts.each(|whom, _, _| panic!("{whom:?} is still counted"));
    }
}
