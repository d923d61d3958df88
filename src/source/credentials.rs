//! Repository and repo-creds Secrets, and which of them a URL gets (reference section 7.1).

use std::collections::BTreeMap;

use reqwest::Url;

use super::url::normalised;
use crate::net::{Access, ClientCertificate, Credential, Secret};

/// The label whose value tells what a Secret holds.
pub const SECRET_TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";

/// What kind of repository a Secret describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepositoryType {
    /// Git.
    #[default]
    Git,
    /// A Helm repository.
    Helm,
    /// An OCI registry.
    Oci,
}

/// One repository Secret (a repository of its own) or repo-creds Secret (a template for all URLs below its own).
#[derive(Clone, Debug)]
pub struct RepositorySecret {
    /// Name of the Secret.
    pub secret: String,
    /// `url`; user info in it counts as credentials.
    pub url: Secret,
    /// `type`.
    pub kind: RepositoryType,
    /// `name` of a Helm repository, for `@name` and `alias:name` dependencies.
    pub name: String,
    /// `project`: only its Applications may use the Secret; empty means all.
    pub project: String,
    /// What is shown to the server.
    pub login: Login,
    /// `insecure` or `insecureIgnoreHostKey`.
    pub insecure: bool,
    /// `proxy`.
    pub proxy: String,
    /// `noProxy`.
    pub no_proxy: String,
    /// `enableOCI`: the Helm repository is an OCI registry.
    pub enable_oci: bool,
    /// `insecureOCIForceHttp`.
    pub oci_over_http: bool,
    /// `enableLfs`: kept, not used; large files appear as their pointers.
    pub enable_lfs: bool,
    /// `depth`: kept, not used; fetches are as shallow as the server allows.
    pub depth: u32,
}

/// How a Secret logs in.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// `username`.
    pub username: String,
    /// `password`.
    pub password: Secret,
    /// `bearerToken`.
    pub bearer_token: Secret,
    /// `sshPrivateKey`.
    pub ssh_private_key: Secret,
    /// `tlsClientCertData`.
    pub tls_certificate: String,
    /// `tlsClientCertKey`.
    pub tls_key: Secret,
    /// A way of logging in that the Secret asks for and windlass does not have, in words.
    pub unsupported: Option<&'static str>,
}

/// Ways of logging in that are read and refused, by the field that asks for them.
const UNSUPPORTED: [(&str, &str); 4] = [
    ("githubAppPrivateKey", "GitHub App credentials are not supported yet: use a token or an SSH key"),
    (
        "gcpServiceAccountKey",
        "Google Cloud service accounts are not supported yet: use a token or an SSH key",
    ),
    ("useAzureWorkloadIdentity", "Azure workload identity is not supported yet: use a token or an SSH key"),
    (
        "azureServicePrincipalClientSecret",
        "Azure service principals are not supported yet: use a token or an SSH key",
    ),
];

/// Why a Secret is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Secret {secret} is not used: {why}")]
pub struct SecretError {
    /// Name of the Secret.
    pub secret: String,
    /// What is wrong with it.
    pub why: String,
}

impl RepositorySecret {
    /// Reads a Secret's decoded data.
    ///
    /// # Errors
    /// When it names no URL, or a type that does not exist.
    pub fn read(secret: &str, data: &BTreeMap<String, String>) -> Result<Self, SecretError> {
        let refuse = |why: String| SecretError { secret: secret.to_owned(), why };
        let text = |key: &str| data.get(key).map(String::as_str).unwrap_or_default();
        let truth = |key: &str| text(key).trim().eq_ignore_ascii_case("true");
        if text("url").trim().is_empty() {
            return Err(refuse("its field url is missing or empty".to_owned()));
        }
        let kind = match text("type").trim() {
            "" | "git" => RepositoryType::Git,
            "helm" => RepositoryType::Helm,
            "oci" => RepositoryType::Oci,
            other => return Err(refuse(format!("its type {other:?} is none of git, helm, oci"))),
        };
        Ok(Self {
            secret: secret.to_owned(),
            url: Secret::from(text("url").trim()),
            kind,
            name: text("name").to_owned(),
            project: text("project").to_owned(),
            login: Login::read(data),
            insecure: truth("insecure") || truth("insecureIgnoreHostKey"),
            proxy: text("proxy").to_owned(),
            no_proxy: text("noProxy").to_owned(),
            enable_oci: truth("enableOCI"),
            oci_over_http: truth("insecureOCIForceHttp"),
            enable_lfs: truth("enableLfs"),
            depth: text("depth").trim().parse().unwrap_or_default(),
        })
    }

    /// Fills what the Secret leaves open from a template.
    fn filled_from(&self, template: &Self) -> Self {
        let mut filled = self.clone();
        filled.login = template.login.clone();
        filled.insecure |= template.insecure;
        filled.enable_oci |= template.enable_oci;
        filled.oci_over_http |= template.oci_over_http;
        for (own, offered) in
            [(&mut filled.proxy, &template.proxy), (&mut filled.no_proxy, &template.no_proxy)]
        {
            if own.is_empty() {
                own.clone_from(offered);
            }
        }
        filled
    }

    /// What a request over HTTP brings along.
    pub fn access(&self) -> Access {
        Access {
            credential: self.login.credential(),
            client_certificate: self.login.client_certificate(),
            insecure: self.insecure,
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy.clone(),
            vouched: true,
            ..Access::default()
        }
    }
}

impl Login {
    fn read(data: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| data.get(key).map(String::as_str).unwrap_or_default();
        let asked = |key: &&(&str, &str)| !matches!(text(key.0).trim(), "" | "false");
        Self {
            username: text("username").to_owned(),
            password: Secret::from(text("password")),
            bearer_token: Secret::from(text("bearerToken").trim()),
            ssh_private_key: Secret::from(text("sshPrivateKey")),
            tls_certificate: text("tlsClientCertData").to_owned(),
            tls_key: Secret::from(text("tlsClientCertKey")),
            unsupported: UNSUPPORTED.iter().find(asked).map(|(_, words)| *words),
        }
    }

    /// True where nothing is shown to the server.
    pub fn is_empty(&self) -> bool {
        self.credential().is_none()
            && self.ssh_private_key.is_empty()
            && self.tls_certificate.is_empty()
            && self.unsupported.is_none()
    }

    fn credential(&self) -> Option<Credential> {
        if !self.bearer_token.is_empty() {
            return Some(Credential::Bearer(self.bearer_token.clone()));
        }
        let named = !self.username.is_empty() || !self.password.is_empty();
        named.then(|| Credential::Basic { user: self.username.clone(), password: self.password.clone() })
    }

    fn client_certificate(&self) -> Option<ClientCertificate> {
        let given = !self.tls_certificate.is_empty() && !self.tls_key.is_empty();
        given.then(|| ClientCertificate {
            certificate: self.tls_certificate.clone(),
            key: self.tls_key.clone(),
        })
    }
}

/// All repository and repo-creds Secrets; swapped whole when one changes (threat T21).
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    repositories: Vec<(String, RepositorySecret)>,
    templates: Vec<(String, RepositorySecret)>,
}

impl Credentials {
    /// Takes the Secrets labelled `repository` and the ones labelled `repo-creds`.
    pub fn new(
        repositories: impl IntoIterator<Item = RepositorySecret>,
        templates: impl IntoIterator<Item = RepositorySecret>,
    ) -> Self {
        let keyed = |secret: RepositorySecret| (normalised(secret.url.expose()), secret);
        let mut templates: Vec<_> = templates.into_iter().map(keyed).collect();
        // The longest prefix wins; of two for one prefix, the Secret whose name is first.
        templates.sort_by(|(a, one), (b, other)| b.len().cmp(&a.len()).then(one.secret.cmp(&other.secret)));
        let mut repositories: Vec<_> = repositories.into_iter().map(keyed).collect();
        repositories.sort_by(|(_, one), (_, other)| one.secret.cmp(&other.secret));
        Self { repositories, templates }
    }

    /// What an Application of `project` has for `url` as written: the repository's own Secret (the project's before
    /// everybody's), its gaps filled by a template; else a template alone; else nothing.
    pub fn find(&self, url: &str, project: &str) -> Option<RepositorySecret> {
        let key = normalised(url);
        let template =
            || self.templates.iter().find(|(prefix, secret)| allows(secret, project) && covers(prefix, &key));
        match self.own(&key, project) {
            Some(own) if own.login.is_empty() => {
                Some(template().map_or_else(|| own.clone(), |(_, template)| own.filled_from(template)))
            }
            Some(own) => Some(own.clone()),
            None => template().map(|(_, template)| template.clone()),
        }
    }

    /// The Helm repository that dependencies call `@name` or `alias:name`.
    pub fn named(&self, name: &str, project: &str) -> Option<RepositorySecret> {
        let fits = |(_, secret): &&(String, RepositorySecret)| secret.name == name && allows(secret, project);
        let (_, secret) = self.repositories.iter().find(fits)?;
        self.find(secret.url.expose(), project)
    }

    fn own(&self, key: &str, project: &str) -> Option<&RepositorySecret> {
        let same = || self.repositories.iter().filter(|(url, _)| url == key).map(|(_, secret)| secret);
        same()
            .find(|secret| !secret.project.is_empty() && secret.project == project)
            .or_else(|| same().find(|secret| secret.project.is_empty()))
    }
}

/// A Secret of one project is never used for another's Applications.
fn allows(secret: &RepositorySecret, project: &str) -> bool {
    secret.project.is_empty() || secret.project == project
}

/// Whether a template's URL covers `url`: the same scheme, host and port, and a path that ends where a segment ends.
/// Upstream compares plain prefixes, which lets `https://host/org` give its password to `https://host/org-evil`.
fn covers(prefix: &str, url: &str) -> bool {
    let Some(rest) = url.strip_prefix(prefix) else { return false };
    let border = rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/');
    // `https://host` must not cover `https://host.evil.com` or `https://host:8443`; URLs compare their own parts.
    let same_host = match (Url::parse(prefix), Url::parse(url)) {
        (Ok(prefix), Ok(url)) => (prefix.host_str(), prefix.port()) == (url.host_str(), url.port()),
        _ => true,
    };
    border && same_host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, fields: &[(&str, &str)]) -> RepositorySecret {
        let data = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        RepositorySecret::read(name, &data).expect("it can be read")
    }

    fn known() -> Credentials {
        Credentials::new(
            [
                secret("web", &[("url", "https://git.example.com/acme/web.git"), ("password", "own")]),
                secret(
                    "web-team",
                    &[("url", "https://git.example.com/acme/web"), ("password", "team"), ("project", "team")],
                ),
                secret("bare", &[("url", "https://git.example.com/acme/bare"), ("insecure", "true")]),
                secret(
                    "charts",
                    &[("url", "https://charts.example.com"), ("type", "helm"), ("name", "stable")],
                ),
            ],
            [
                secret("org", &[("url", "https://git.example.com/acme"), ("password", "org")]),
                secret("host", &[("url", "https://git.example.com"), ("password", "host")]),
                secret("ssh", &[("url", "git@git.example.com:acme/"), ("sshPrivateKey", "key")]),
                secret(
                    "theirs",
                    &[
                        ("url", "https://git.example.com/acme/secret"),
                        ("password", "x"),
                        ("project", "theirs"),
                    ],
                ),
            ],
        )
    }

    #[track_caller]
    fn check(url: &str, project: &str, expected: &str) {
        let found = known().find(url, project);
        let shown = found.map_or("nobody".to_owned(), |s| {
            let key = if s.login.ssh_private_key.is_empty() { s.login.password.expose() } else { "ssh" };
            format!("{} {key}", s.secret)
        });
        assert_eq!(shown, expected, "{url} for {project}");
    }

    #[test]
    fn the_nearest_secret_wins() {
        check("https://git.example.com/acme/web", "default", "web own");
        check("https://GIT.example.com/acme/web.git/", "default", "web own");
        check("https://git.example.com/acme/web", "team", "web-team team");
        check("https://git.example.com/acme/bare", "default", "bare org");
        check("https://git.example.com/acme/other", "default", "org org");
        check("https://git.example.com/acme/secret", "default", "org org");
        check("https://git.example.com/acme/secret", "theirs", "theirs x");
        check("git@git.example.com:acme/other.git", "default", "ssh ssh");
        check("ssh://git@git.example.com/acme/other.git", "default", "ssh ssh");
        check("https://charts.example.com", "default", "charts ");
    }

    #[test]
    fn templates_end_at_segments_and_hosts() {
        check("https://git.example.com/acme-evil/web", "default", "host host");
        check("https://git.example.com.evil.org/acme/web", "default", "nobody");
        check("https://git.example.com:8443/acme/web", "default", "nobody");
        check("http://git.example.com/acme/web", "default", "nobody");
        check("https://evil.org/https://git.example.com/acme", "default", "nobody");
    }

    #[test]
    fn a_gap_is_filled_and_the_rest_kept() {
        let found = known().find("https://git.example.com/acme/bare", "default").expect("there is one");
        assert!(found.insecure && found.access().vouched);
        assert_eq!(known().named("stable", "default").map(|s| s.secret), Some("charts".to_owned()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let app = secret("app", &[("url", "https://h/x"), ("githubAppPrivateKey", "k")]);
        assert!(app.login.unsupported.is_some_and(|words| words.starts_with("GitHub App")));
        let read = |key: &str, value: &str| {
            let data = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            RepositorySecret::read("s", &data).expect_err("it is refused").to_string()
        };
        assert_eq!(read("url", " "), "Secret s is not used: its field url is missing or empty");
        let printed = format!(
            "{:?}",
            secret(
                "s",
                &[("url", "https://me:hunter2@h/x"), ("password", "hunter2"), ("sshPrivateKey", "hunter2")]
            )
        );
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
