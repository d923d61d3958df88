//! Helm repositories: their index, and the chart archives it names.
//!
//! Choosing a version is `helm`'s ([`helm::Index`]); here the bytes are fetched, checked and kept. Everything blocks,
//! as in [`super::git`].

mod cache;
mod error;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use data_encoding::HEXLOWER;
use helm::Index;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use sha2::{Digest, Sha256};

use self::cache::ChartCache;
pub use self::error::HelmRepositoryError;
use super::credentials::{Credentials, RepositorySecret, RepositoryType};
use super::url::normalised;
use crate::net::{
    Access, HttpClient, HttpError, HttpLimits, HttpReply, HttpRequest, Origin, Url, without_user_info,
};

/// Where archives are kept, and what fetching may cost.
#[derive(Clone, Debug)]
pub struct HelmOptions {
    /// Folder for archives; made when missing. Everything in it can be thrown away at any time.
    pub cache: PathBuf,
    /// Bytes all archives may take on disk; beyond it the oldest are thrown away.
    pub cache_bytes: u64,
    /// The longest index that is read, in bytes.
    pub index_bytes: u64,
    /// The largest archive that is fetched, in bytes.
    pub chart_bytes: u64,
    /// Longest time for one answer.
    pub time: Duration,
}

impl HelmOptions {
    /// Usual limits.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            cache_bytes: 512 << 20,
            index_bytes: 100 << 20,
            chart_bytes: 100 << 20,
            time: Duration::from_secs(60),
        }
    }
}

/// What is asked for: an Application's chart, or a dependency of one.
#[derive(Clone, Copy, Debug)]
pub struct ChartRequest<'a> {
    /// The repository's URL as written.
    pub repository: &'a str,
    /// Name of the chart.
    pub chart: &'a str,
    /// Version, or range of versions; empty means the newest that is no pre-release.
    pub version: &'a str,
    /// Project of the Application that asks.
    pub project: &'a str,
    /// Shows the repository's credentials to other hosts, too (`helm.passCredentials`).
    pub pass_credentials: bool,
}

/// The chart that a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenChart {
    /// Its exact version.
    pub version: String,
    /// Where its archive lies, as the index has it.
    address: String,
    /// SHA-256 of the archive in hex, where the index has it.
    pub digest: Option<String>,
}

/// All Helm repositories: an index each, kept by what it was fetched with, and the archives.
pub struct HelmRepositories {
    options: HelmOptions,
    http: HttpClient,
    charts: ChartCache,
    credentials: RwLock<Arc<Credentials>>,
    known: Mutex<HashMap<String, Arc<Mutex<Option<KnownIndex>>>>>,
}

/// An index as last fetched.
#[derive(Clone)]
struct KnownIndex {
    index: Arc<Index>,
    digest: [u8; 32],
    etag: Option<String>,
    modified: Option<String>,
}

/// Whether an index that is known will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As last looked at, if ever.
    Known,
    /// Asked for now; the repository may answer that nothing changed.
    Now,
}

impl HelmRepositories {
    /// Nothing known yet.
    pub fn new(options: HelmOptions, http: HttpClient) -> Self {
        let charts = ChartCache::new(options.cache.clone(), options.cache_bytes);
        Self { options, http, charts, credentials: RwLock::default(), known: Mutex::default() }
    }

    /// Swaps the credentials.
    pub fn set_credentials(&self, credentials: Arc<Credentials>) {
        *self.credentials.write().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    /// The URL that `@name` or `alias:name` means to a project's Applications.
    pub fn alias(&self, name: &str, project: &str) -> Option<String> {
        Some(self.credentials().named(name, project)?.url.expose().to_owned())
    }

    /// Looks at a repository's index; true where it changed.
    ///
    /// # Errors
    /// When it cannot be fetched; what was known stays in force.
    pub fn look(&self, repository: &str, project: &str) -> Result<bool, HelmRepositoryError> {
        let source = self.source(repository, project)?;
        let known = self.slot(&source);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.as_ref().map(|known| known.digest);
        let fetched = self.fetch_index(&source, known.as_ref())?;
        Ok(Some(known.insert(fetched).digest) != before)
    }

    /// The version of the chart that a request means.
    ///
    /// # Errors
    /// When the index cannot be fetched or has no such version.
    pub fn choose(
        &self,
        request: ChartRequest<'_>,
        freshness: Freshness,
    ) -> Result<ChosenChart, HelmRepositoryError> {
        let source = self.source(request.repository, request.project)?;
        let index = self.index(&source, freshness)?;
        let entry =
            index.choose(request.chart, request.version).map_err(|why| HelmRepositoryError::Choose {
                repository: source.shown.clone(),
                chart: request.chart.to_owned(),
                version: request.version.to_owned(),
                source: why,
            })?;
        let address = entry.address(request.repository).ok_or_else(|| HelmRepositoryError::NoAddress {
            repository: source.shown.clone(),
            chart: request.chart.to_owned(),
            version: entry.version.clone(),
        })?;
        let digest =
            entry.digest.as_deref().map(|digest| digest.trim_start_matches("sha256:").to_ascii_lowercase());
        Ok(ChosenChart {
            version: entry.version.clone(),
            address,
            digest: digest.filter(|digest| !digest.is_empty()),
        })
    }

    /// The archive of a chosen chart, from the cache where it is there.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not the one that the index describes.
    pub fn archive(
        &self,
        request: ChartRequest<'_>,
        chosen: &ChosenChart,
    ) -> Result<Vec<u8>, HelmRepositoryError> {
        let source = self.source(request.repository, request.project)?;
        // What the index vouches for is the same for everybody; the rest belongs to who may fetch it.
        let key = chosen
            .digest
            .clone()
            .unwrap_or_else(|| hex(format!("{} {}", source.key, chosen.address).as_bytes()));
        if let Some(archive) = self.charts.get(&key, chosen.digest.is_some()) {
            return Ok(archive);
        }
        let archive = self.fetch_archive(&source, request, chosen)?;
        let found = hex(&archive);
        if let Some(wanted) = chosen.digest.as_ref().filter(|wanted| **wanted != found) {
            return Err(HelmRepositoryError::Digest {
                chart: request.chart.to_owned(),
                version: chosen.version.clone(),
                address: shown(&chosen.address),
                found: found.into(),
                wanted: wanted.as_str().into(),
            });
        }
        self.charts.put(&key, &archive);
        Ok(archive)
    }

    fn fetch_archive(
        &self,
        source: &Source,
        request: ChartRequest<'_>,
        chosen: &ChosenChart,
    ) -> Result<Vec<u8>, HelmRepositoryError> {
        // The index may name any host: the repository's credentials stay with its own (threat T09).
        let home =
            origin(request.repository).is_some() && origin(request.repository) == origin(&chosen.address);
        let access = match home || request.pass_credentials {
            true => Access { pass_credentials: request.pass_credentials, ..source.access.clone() },
            false => Access::default(),
        };
        let access = Access { vouched: access.vouched && home, ..access };
        let reply = self.get(&chosen.address, &access, &[], self.options.chart_bytes);
        let bytes = reply.and_then(|reply| self.http.bytes_blocking(reply));
        bytes.map_err(|why| HelmRepositoryError::FetchChart {
            chart: request.chart.to_owned(),
            version: chosen.version.clone(),
            address: shown(&chosen.address),
            source: Box::new(why),
        })
    }

    fn index(&self, source: &Source, freshness: Freshness) -> Result<Arc<Index>, HelmRepositoryError> {
        let slot = self.slot(source);
        let mut known = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(known), Freshness::Known) = (known.as_ref(), freshness) {
            return Ok(known.index.clone());
        }
        let fetched = self.fetch_index(source, known.as_ref())?;
        Ok(known.insert(fetched).index.clone())
    }

    /// Asks for the index; `known` stands where the repository says that it has not changed.
    fn fetch_index(
        &self,
        source: &Source,
        known: Option<&KnownIndex>,
    ) -> Result<KnownIndex, HelmRepositoryError> {
        let fail = |why| HelmRepositoryError::FetchIndex { repository: source.shown.clone(), source: why };
        let url = index_url(&source.url).map_err(fail)?;
        let mut headers = Vec::new();
        if let Some(known) = known {
            headers.extend(known.etag.as_deref().map(|etag| (IF_NONE_MATCH, etag)));
            headers.extend(known.modified.as_deref().map(|modified| (IF_MODIFIED_SINCE, modified)));
        }
        let reply = self.get(&url, &source.access, &headers, self.options.index_bytes).map_err(fail)?;
        if let (304, Some(known)) = (reply.status(), known) {
            return Ok(known.clone());
        }
        let header = |name: http::HeaderName| reply.header(name.as_str()).map(str::to_owned);
        let (etag, modified) = (header(ETAG), header(LAST_MODIFIED));
        let bytes = self.http.bytes_blocking(reply).map_err(fail)?;
        let digest = Sha256::digest(&bytes).into();
        let index = match known.filter(|known| known.digest == digest) {
            Some(known) => known.index.clone(),
            None => Arc::new(self.read_index(source, &bytes)?),
        };
        Ok(KnownIndex { index, digest, etag, modified })
    }

    fn read_index(&self, source: &Source, bytes: &[u8]) -> Result<Index, HelmRepositoryError> {
        let text = String::from_utf8_lossy(bytes);
        let refuse = |why| HelmRepositoryError::ReadIndex { repository: source.shown.clone(), source: why };
        Index::parse(&text).map_err(refuse)
    }

    fn get(
        &self,
        url: &str,
        access: &Access,
        headers: &[(http::HeaderName, &str)],
        bytes: u64,
    ) -> Result<HttpReply, HttpError> {
        let limits = HttpLimits { bytes, time: self.options.time };
        let target = self.http.rewrite().target(url)?;
        self.http.send_blocking(target, access, HttpRequest { headers, limits, ..HttpRequest::default() })
    }

    fn credentials(&self) -> Arc<Credentials> {
        self.credentials.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn source(&self, repository: &str, project: &str) -> Result<Source, HelmRepositoryError> {
        let secret = self.credentials().find(repository, project);
        let source = Source::new(repository, secret.as_ref());
        let oci =
            secret.as_ref().is_some_and(|secret| secret.enable_oci || secret.kind == RepositoryType::Oci);
        if oci || !repository.contains("://") || repository.starts_with("oci://") {
            return Err(HelmRepositoryError::Oci { repository: source.shown });
        }
        match secret.and_then(|secret| secret.login.unsupported) {
            Some(why) => Err(HelmRepositoryError::Credentials { repository: source.shown, why }),
            None => Ok(source),
        }
    }

    fn slot(&self, source: &Source) -> Arc<Mutex<Option<KnownIndex>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(source.key.clone()).or_default().clone()
    }
}

/// A repository with what may be shown to it.
struct Source {
    url: String,
    shown: String,
    /// Tells apart what was fetched with different credentials.
    key: String,
    access: Access,
}

impl Source {
    fn new(repository: &str, secret: Option<&RepositorySecret>) -> Self {
        let by = secret.map(|secret| secret.secret.as_str()).unwrap_or_default();
        Self {
            url: repository.to_owned(),
            shown: shown(repository),
            key: format!("{} as {by}", normalised(repository)),
            access: secret.map(RepositorySecret::access).unwrap_or_default(),
        }
    }
}

fn index_url(repository: &str) -> Result<String, HttpError> {
    let mut url = Url::parse(repository).map_err(|why| HttpError::NotAUrl { why: why.to_string() })?;
    let path = format!("{}/index.yaml", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url.into())
}

fn origin(url: &str) -> Option<Origin> {
    Origin::of(&Url::parse(url).ok()?)
}

fn shown(url: &str) -> String {
    Url::parse(url)
        .map_or_else(|_| url.rsplit('@').next().unwrap_or_default().to_owned(), |url| without_user_info(&url))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
