//! A client for the cluster: the mounted ServiceAccount in a pod, a kubeconfig elsewhere.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::BoxError;

use super::fence::{Fence, FenceLayer};
use super::tally::{CountLayer, RequestCounts};
use crate::config::ClusterArgs;

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig cannot be used.
    #[error("could not use the kubeconfig {path}; check --kubeconfig and --context")]
    Kubeconfig {
        /// The file.
        path: String,
        /// The reader's words.
        source: kube::config::KubeconfigError,
    },
    /// There is neither a kubeconfig nor a ServiceAccount.
    #[error("found no cluster: give --kubeconfig FILE, or run in a pod with a ServiceAccount")]
    Infer(#[source] kube::config::InferConfigError),
    /// The client could not be built.
    #[error("could not prepare a client for {url}")]
    Client {
        /// The API server.
        url: String,
        /// The library's words.
        source: kube::Error,
    },
}

/// Longest wait for the beginning of an answer, with the tries again that a busy server asks for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest silence in the middle of an answer. The server ends each watch within a minute, so this is a connection that
/// died without a word (fault F04).
const SILENCE: Duration = Duration::from_secs(90);
/// Longest wait for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Makes a client that writes only while `fence` is open, and the counts of its requests.
pub async fn connect(
    args: &ClusterArgs,
    fence: &Arc<Fence>,
) -> Result<(Client, Arc<RequestCounts>), ConnectError> {
    let mut config = config(args).await?;
    config.read_timeout = Some(SILENCE);
    config.connect_timeout = Some(CONNECT_WITHIN);
    let url = config.cluster_url.to_string();
    let counts = Arc::new(RequestCounts::default());
    let builder = ClientBuilder::try_from(config).map_err(|source| ConnectError::Client { url, source })?;
    let builder = builder.with_layer(&PatienceLayer).with_layer(&CountLayer(counts.clone()));
    let builder = builder.with_layer(&FenceLayer(fence.clone()));
    Ok((builder.build(), counts))
}

async fn config(args: &ClusterArgs) -> Result<Config, ConnectError> {
    let options = KubeConfigOptions { context: args.context.clone(), ..Default::default() };
    match &args.kubeconfig {
        Some(path) => {
            let refuse = |source| ConnectError::Kubeconfig { path: path.display().to_string(), source };
            let kubeconfig = Kubeconfig::read_from(path).map_err(refuse)?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(refuse)
        }
        None if args.context.is_some() => Config::from_kubeconfig(&options)
            .await
            .map_err(|source| ConnectError::Kubeconfig { path: "in its usual place".to_owned(), source }),
        None => Config::infer().await.map_err(ConnectError::Infer),
    }
}

/// Bounds the wait for an answer.
#[derive(Clone)]
struct PatienceLayer;

impl<S> tower::Layer<S> for PatienceLayer {
    type Service = PatienceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PatienceService(inner)
    }
}

#[derive(Clone)]
struct PatienceService<S>(S);

impl<S> tower::Service<http::Request<Body>> for PatienceService<S>
where
    S: tower::Service<http::Request<Body>, Error = BoxError>,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        // A connection that died without a word must not hold anybody up for ever (fault F01).
        Box::pin(async move {
            tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(NoAnswer.into()))
        })
    }
}

/// The server is silent.
#[derive(Debug, thiserror::Error)]
#[error("the API server did not answer within {} s", PATIENCE.as_secs())]
struct NoAnswer;
