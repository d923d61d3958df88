//! The client itself: rewriting, policy, redirects, and who sees which credentials.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Url;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::access::{Access, Credential};
use super::egress::{EgressPolicy, Reach};
use super::error::HttpError;
use super::origin::{Origin, without_user_info};
use super::pool::Way;
use super::reply::HttpReply;
use super::rewrite::{RewriteRules, Target};
use super::secret::Secret;

/// What holds for every request.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where connections may go.
    pub egress: EgressPolicy,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Redirects followed for one request.
    pub redirects: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { egress: EgressPolicy::default(), connect_timeout: Duration::from_secs(10), redirects: 5 }
    }
}

/// What one answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of its body.
    pub bytes: u64,
    /// From the request to the last byte.
    pub time: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { bytes: 100 << 20, time: Duration::from_secs(60) }
    }
}

/// What is sent.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// A GET without a body.
    #[default]
    None,
    /// A POST.
    Post {
        /// Its content type.
        content_type: &'static str,
        /// Its bytes, shared so that a redirect costs no copy.
        bytes: Arc<[u8]>,
    },
    /// Any verb.
    Verb {
        /// The verb.
        method: Method,
        /// Its content type; none where empty.
        content_type: String,
        /// Its bytes; none where empty.
        bytes: Arc<[u8]>,
    },
}

/// One request.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest<'a> {
    /// GET, or POST with its bytes.
    pub body: Body,
    /// More headers; none of them secret, as they go to every host the request is redirected to.
    pub headers: &'a [(HeaderName, &'a str)],
    /// Limits of the answer.
    pub limits: HttpLimits,
    /// Hands over every answer: what is no success may tell why in its body.
    pub any_status: bool,
}

/// The one HTTP client (rule R4). Cloning shares it.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    runtime: Handle,
    rewrite: RwLock<Arc<RewriteRules>>,
    trusted: RwLock<Arc<HashMap<String, String>>>,
    /// One connection pool for each way of connecting, by the hash of what it takes.
    pools: Mutex<HashMap<[u8; 32], reqwest::Client>>,
}

/// Pools kept at the same time: a handful of CAs and client certificates in any real installation.
const POOLS: usize = 64;

impl HttpClient {
    /// A client whose connections live on `runtime`.
    pub fn new(options: HttpOptions, runtime: Handle) -> Self {
        // Fails only where a provider is installed already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self(Arc::new(Inner {
            options,
            runtime,
            rewrite: RwLock::default(),
            trusted: RwLock::default(),
            pools: Mutex::default(),
        }))
    }

    /// Swaps the rewrite rules.
    pub fn set_rewrite(&self, rules: RewriteRules) {
        *self.0.rewrite.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The rewrite rules in force.
    pub fn rewrite(&self) -> Arc<RewriteRules> {
        self.0.rewrite.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Swaps the certificates of `argocd-tls-certs-cm`: host name to PEM bundle. A host named here is trusted by
    /// its own bundle alone, as upstream does.
    pub fn set_trusted(&self, bundles: HashMap<String, String>) {
        let bundles = bundles.into_iter().map(|(host, pem)| (host.to_ascii_lowercase(), pem)).collect();
        *self.0.trusted.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(bundles);
    }

    /// The policy in force.
    pub fn egress(&self) -> &EgressPolicy {
        &self.0.options.egress
    }

    /// Asks for a URL as written: the rewrite rules are applied here.
    ///
    /// # Errors
    /// When no answer arrives, or one that is neither a success nor 304.
    pub async fn get(
        &self,
        url: &str,
        access: &Access,
        request: HttpRequest<'_>,
    ) -> Result<HttpReply, HttpError> {
        self.send(self.rewrite().target(url)?, access, request).await
    }

    /// Asks for a URL as it is, following redirects; `access` is shown to its origin only.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn send(
        &self,
        target: Target,
        access: &Access,
        request: HttpRequest<'_>,
    ) -> Result<HttpReply, HttpError> {
        let deadline = Instant::now() + request.limits.time;
        let home = Origin::of(&target.url);
        let mut target = Target { vouched: target.vouched || access.vouched, ..target };
        for _ in 0..=self.0.options.redirects {
            let at_home = Origin::of(&target.url) == home;
            let response = self.send_once(&target, access, at_home, &request, deadline).await?;
            let Some(next) = redirect(&target.url, &response, &request.body)? else {
                if !request.any_status {
                    refuse(&response, &target.url, access, at_home)?;
                }
                return accept(response, target.url, &request.limits, deadline);
            };
            let vouched = target.vouched && Origin::of(&next) == Origin::of(&target.url);
            let moved = self.rewrite().target(next.as_str())?;
            target = Target { vouched: moved.vouched || vouched, url: moved.url };
        }
        Err(HttpError::Redirect { host: host_of(&target.url), why: "too many times".to_owned() })
    }

    /// As [`Self::send`], for threads that may block (never on a thread that drives the runtime).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn send_blocking(
        &self,
        target: Target,
        access: &Access,
        request: HttpRequest<'_>,
    ) -> Result<HttpReply, HttpError> {
        self.0.runtime.block_on(self.send(target, access, request))
    }

    /// The next piece of an answer, for threads that may block.
    ///
    /// # Errors
    /// As [`HttpReply::chunk`].
    pub fn chunk_blocking(&self, reply: &mut HttpReply) -> Result<Option<Vec<u8>>, HttpError> {
        self.0.runtime.block_on(reply.chunk())
    }

    /// The whole answer, for threads that may block.
    ///
    /// # Errors
    /// As [`HttpReply::bytes`].
    pub fn bytes_blocking(&self, reply: HttpReply) -> Result<Vec<u8>, HttpError> {
        self.0.runtime.block_on(reply.bytes())
    }

    async fn send_once(
        &self,
        target: &Target,
        access: &Access,
        at_home: bool,
        request: &HttpRequest<'_>,
        deadline: Instant,
    ) -> Result<reqwest::Response, HttpError> {
        let near = if access.near && at_home { Reach::Private } else { Reach::Public };
        let reach = self.0.options.egress.reach(target.vouched).max(near);
        self.permit(&target.url, reach)?;
        let client = self.pool(&target.url, access, at_home, reach)?;
        let mut url = target.url.clone();
        // User info is a credential: it travels in the header, to its own origin only.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let mut outgoing = match &request.body {
            Body::None => client.request(Method::GET, url),
            Body::Post { content_type, bytes } => {
                client.request(Method::POST, url).header(CONTENT_TYPE, *content_type).body(bytes.to_vec())
            }
            Body::Verb { method, content_type, bytes } => {
                let outgoing = client.request(method.clone(), url).body(bytes.to_vec());
                if content_type.is_empty() { outgoing } else { outgoing.header(CONTENT_TYPE, content_type) }
            }
        };
        outgoing = outgoing.header(USER_AGENT, concat!("windlass/", env!("CARGO_PKG_VERSION")));
        outgoing = outgoing.header(ACCEPT_ENCODING, "identity").headers(extra(request.headers));
        if at_home || access.pass_credentials {
            outgoing = authorise(outgoing, &target.url, access).headers(hidden(&access.headers));
        }
        let sent = tokio::time::timeout_at(deadline, outgoing.send()).await;
        let host = host_of(&target.url);
        let limit = request.limits.time;
        sent.map_err(|_| HttpError::TooSlow { host: host.clone(), limit })?
            .map_err(|error| HttpError::of_request(&host, &error, self.0.options.connect_timeout))
    }

    /// Scheme, host list and, where the host is an address, the address: names are checked by the resolver.
    fn permit(&self, url: &Url, reach: Reach) -> Result<(), HttpError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpError::Scheme { scheme: url.scheme().to_owned() });
        }
        let host = host_of(url);
        if !self.0.options.egress.allows_host(&host) {
            return Err(HttpError::Forbidden {
                host,
                why: "it is not in the list of allowed hosts".to_owned(),
            });
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) if !reach.allows(address) => {
                let why = format!("{address} may not be connected to");
                Err(HttpError::Forbidden { host, why })
            }
            _ => Ok(()),
        }
    }

    /// The connection pool for this way of connecting, made when first needed.
    fn pool(
        &self,
        url: &Url,
        access: &Access,
        at_home: bool,
        reach: Reach,
    ) -> Result<reqwest::Client, HttpError> {
        let way = Way::new(url, access, at_home, reach, &self.0.trusted);
        let mut pools = self.0.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let key = way.key();
        if let Some(client) = pools.get(&key) {
            return Ok(client.clone());
        }
        let client = way.connect(&self.0.options)?;
        if pools.len() >= POOLS {
            pools.clear();
        }
        pools.insert(key, client.clone());
        Ok(client)
    }
}

/// Where a redirect leads; none where the answer is no redirect.
fn redirect(from: &Url, response: &reqwest::Response, body: &Body) -> Result<Option<Url>, HttpError> {
    let keeps_body = match response.status().as_u16() {
        301..=303 => false,
        307 | 308 => true,
        _ => return Ok(None),
    };
    let refuse = |why: &str| HttpError::Redirect { host: host_of(from), why: why.to_owned() };
    let has_body = match body {
        Body::None => false,
        Body::Post { .. } => true,
        Body::Verb { method, .. } => *method != Method::GET,
    };
    if has_body && !keeps_body {
        return Err(refuse("a request with a body to another place as a GET"));
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| refuse("to nowhere"))?;
    let next = from.join(location).map_err(|_| refuse("to something that is not a URL"))?;
    if from.scheme() == "https" && next.scheme() != "https" {
        return Err(refuse("from https to a place that is not encrypted"));
    }
    Ok(Some(next))
}

/// Refuses what is neither a success nor "not modified".
fn refuse(response: &reqwest::Response, url: &Url, access: &Access, at_home: bool) -> Result<(), HttpError> {
    let status = response.status().as_u16();
    match status {
        200..=299 | 304 => Ok(()),
        401 | 403 => {
            let with_credentials = at_home && (access.credential.is_some() || url.password().is_some());
            Err(HttpError::Unauthorised { host: host_of(url), status, with_credentials })
        }
        _ => Err(HttpError::Status { url: without_user_info(url), status }),
    }
}

fn accept(
    response: reqwest::Response,
    url: Url,
    limits: &HttpLimits,
    deadline: Instant,
) -> Result<HttpReply, HttpError> {
    let too_large = response.content_length().is_some_and(|length| length > limits.bytes);
    if too_large {
        return Err(HttpError::TooLarge { url: without_user_info(&url), limit: limits.bytes });
    }
    Ok(HttpReply { response, url, left: limits.bytes, limit: limits.bytes, deadline, time: limits.time })
}

/// Puts the credentials on: the ones configured, else what the URL itself holds.
fn authorise(outgoing: reqwest::RequestBuilder, url: &Url, access: &Access) -> reqwest::RequestBuilder {
    match &access.credential {
        Some(Credential::Basic { user, password }) => outgoing.basic_auth(user, Some(password.expose())),
        Some(Credential::Bearer(token)) => match HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        {
            Ok(mut value) => {
                value.set_sensitive(true);
                outgoing.header(AUTHORIZATION, value)
            }
            Err(_) => outgoing,
        },
        None if url.username().is_empty() && url.password().is_none() => outgoing,
        None => outgoing.basic_auth(decoded(url.username()), url.password().map(decoded)),
    }
}

/// Percent-encoded text as bytes meant it; broken escapes stay as they are.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn extra(headers: &[(HeaderName, &str)]) -> HeaderMap {
    let readable =
        headers.iter().filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)));
    readable.collect()
}

/// Secret headers: marked so that nothing prints them.
fn hidden(headers: &[(HeaderName, Secret)]) -> HeaderMap {
    let readable = headers.iter().filter_map(|(name, secret)| {
        let mut value = HeaderValue::from_str(secret.expose()).ok()?;
        value.set_sensitive(true);
        Some((name.clone(), value))
    });
    readable.collect()
}

fn host_of(url: &Url) -> String {
    Origin::of(url).map(|origin| origin.host().to_owned()).unwrap_or_default()
}
