//! Trust over HTTPS: own CAs by host, client certificates, and nothing trusted by accident.

use std::collections::HashMap;

use rcgen::ExtendedKeyUsagePurpose;

use super::{World, check, content};
use crate::support::authority::Authority;
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer};

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
