//! Ways of connecting: what the connections of one pool have in common.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Url;
use sha2::{Digest, Sha256};

use super::access::{Access, ClientCertificate};
use super::client::HttpOptions;
use super::egress::{GuardedResolver, Reach};
use super::error::HttpError;
use super::origin::Origin;

/// All that connections of one pool have in common.
pub(super) struct Way<'a> {
    host: String,
    encrypted: bool,
    reach: Reach,
    ca: Option<String>,
    shown: Option<&'a ClientCertificate>,
    insecure: bool,
    proxy: &'a str,
    no_proxy: &'a str,
}

impl<'a> Way<'a> {
    /// The way to `url`; the client certificate and `insecure` count at home only.
    pub fn new(
        url: &Url,
        access: &'a Access,
        at_home: bool,
        reach: Reach,
        trusted: &RwLock<Arc<HashMap<String, String>>>,
    ) -> Self {
        let host = Origin::of(url).map(|origin| origin.host().to_owned()).unwrap_or_default();
        let encrypted = url.scheme() == "https";
        let ca = encrypted
            .then(|| trusted.read().unwrap_or_else(PoisonError::into_inner).get(&host).cloned())
            .flatten();
        Self {
            encrypted,
            reach,
            ca,
            shown: access.client_certificate.as_ref().filter(|_| at_home && encrypted),
            insecure: access.insecure && at_home && encrypted,
            proxy: &access.proxy,
            no_proxy: &access.no_proxy,
            host,
        }
    }

    /// Equal for equal ways.
    pub fn key(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([u8::from(self.encrypted), self.reach as u8, u8::from(self.insecure)]);
        let shown = self.shown.map_or(["", ""], |shown| [&shown.certificate, shown.key.expose()]);
        for text in [self.ca.as_deref().unwrap_or_default(), shown[0], shown[1], self.proxy, self.no_proxy] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }

    /// A pool for this way.
    ///
    /// # Errors
    /// When certificates or the proxy's URL cannot be read.
    pub fn connect(&self, options: &HttpOptions) -> Result<reqwest::Client, HttpError> {
        let refuse = |what| {
            move |why: reqwest::Error| HttpError::Certificates {
                what,
                host: self.host.clone(),
                why: why.to_string(),
            }
        };
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .dns_resolver(Arc::new(GuardedResolver(self.reach)));
        if let Some(ca) = &self.ca {
            let bundle = reqwest::Certificate::from_pem_bundle(ca.as_bytes()).map_err(refuse("CA bundle"))?;
            builder = builder.tls_certs_only(bundle);
        } else if !self.encrypted {
            // Nothing is encrypted, so the system's certificates need not even exist.
            builder = builder.tls_certs_only([]);
        }
        if let Some(shown) = self.shown {
            let pem = format!("{}\n{}", shown.certificate, shown.key.expose());
            let identity =
                reqwest::Identity::from_pem(pem.as_bytes()).map_err(refuse("client certificate"))?;
            builder = builder.identity(identity);
        }
        if self.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if !self.proxy.is_empty() {
            let proxy = reqwest::Proxy::all(self.proxy).map_err(refuse("proxy URL"))?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(self.no_proxy)));
        }
        builder.build().map_err(refuse("certificates"))
    }
}
