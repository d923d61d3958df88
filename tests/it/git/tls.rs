//! Trust over HTTPS: own CAs by host, client certificates, and nothing trusted by accident.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::{World, check, content};
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer};

/// An authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("it has no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key can be made"))
                .expect("it signs itself"),
        )
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new([name.to_owned()]).expect("it is a name");
        params.extended_key_usages = vec![purpose];
        (params.signed_by(&key, &self.0).expect("it can be signed"), key)
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server for 127.0.0.1; with `clients` it wants a certificate of theirs.
    fn server(&self, clients: Option<&Self>) -> ServerConfig {
        let (certificate, key) = self.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let builder = builder.expect("the provider has them");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(clients.0.der().to_vec())).expect("it is a certificate");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("it has roots"))
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        builder.with_single_cert(vec![certificate.der().clone()], key).expect("they belong together")
    }
}

fn trust(world: &World, authority: &Authority) {
    world.http.set_trusted(HashMap::from([("127.0.0.1".to_owned(), authority.pem())]));
}

#[test]
fn only_the_authority_of_the_host_is_trusted() {
    let world = World::new();
    let root = world.path("remote");
    TestRepository::bare(&root.join("web.git")).commit("main", &[("a.yaml", "one")]);
    let backend = GitBackend::new(&root);
    let (ours, other) = (Authority::new(), Authority::new());
    let server = HttpServer::start_tls(ours.server(None), move |request| backend.answer(request));
    let url = server.url("web.git").replace("http://", "https://");
    let read = || content(&world.find(&url), "main", "a.yaml");

    let unknown = read();
    assert!(unknown.contains("127.0.0.1 could not be trusted"), "{unknown}");
    assert!(unknown.contains("add its CA to argocd-tls-certs-cm"), "{unknown}");
    trust(&world, &other);
    let wrong = read();
    assert!(wrong.contains("127.0.0.1 could not be trusted"), "{wrong}");
    world.http.set_trusted(HashMap::from([("127.0.0.1".to_owned(), "no certificate".to_owned())]));
    let unreadable = read();
    assert_ne!(unreadable, "one");
    assert!(server.requests().is_empty(), "nothing was asked before the host was trusted");
    trust(&world, &ours);
    assert_eq!(read(), "one");

    trust(&world, &other);
    world.log_in(&[("url", &url), ("insecure", "true")]);
    check(&world.find(&url), "main", "a.yaml", "one");
}

#[test]
fn a_client_certificate_is_shown_to_its_host() {
    let world = World::new();
    let root = world.path("remote");
    TestRepository::bare(&root.join("web.git")).commit("main", &[("a.yaml", "one")]);
    let backend = GitBackend::new(&root);
    let (ours, clients) = (Authority::new(), Authority::new());
    let server = HttpServer::start_tls(ours.server(Some(&clients)), move |request| backend.answer(request));
    let url = server.url("web.git").replace("http://", "https://");
    trust(&world, &ours);
    let without = content(&world.find(&url), "main", "a.yaml");
    assert!(without.contains("127.0.0.1"), "{without}");
    assert!(server.requests().is_empty());
    let (certificate, key) = clients.issue("windlass", ExtendedKeyUsagePurpose::ClientAuth);
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    world.log_in(&[("url", &url), ("tlsClientCertData", &certificate), ("tlsClientCertKey", &key)]);
    check(&world.find(&url), "main", "a.yaml", "one");
}
