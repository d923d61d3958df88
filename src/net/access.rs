//! What a request brings along: credentials, certificates, proxy.

use http::HeaderName;

use super::secret::Secret;

/// What a request may show to the host it was made for.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who asks; nobody where absent.
    pub credential: Option<Credential>,
    /// Certificate that windlass shows.
    pub client_certificate: Option<ClientCertificate>,
    /// Takes any certificate of the host. The status of what uses it says so (threat T22).
    pub insecure: bool,
    /// Proxy URL of this repository; none where empty. The environment's proxies are not read.
    pub proxy: String,
    /// Hosts asked without the proxy: names, `.domain` suffixes, addresses, CIDR blocks, by comma.
    pub no_proxy: String,
    /// Sends the credentials to every host (Helm's `passCredentials`).
    pub pass_credentials: bool,
    /// An operator's configuration names this host: it may be in a private network.
    pub vouched: bool,
    /// Further headers that are secret: the host the request was made for sees them, and no other.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Private networks may be asked, whatever holds for sources: metric providers live beside what they measure.
    pub near: bool,
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Credential {
    /// User and password, or a token in the password's place.
    Basic {
        /// User name.
        user: String,
        /// Password or token.
        password: Secret,
    },
    /// A bearer token.
    Bearer(Secret),
}

/// A certificate that windlass shows, in PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate chain.
    pub certificate: String,
    /// Its private key.
    pub key: Secret,
}
