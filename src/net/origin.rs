//! Scheme, host and port: what credentials are bound to.

use std::fmt;

use reqwest::Url;

/// Where a request goes. Credentials belong to one origin and never reach another (threat T09).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL; none where it has no host or the scheme has no usual port.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.trim_end_matches('.').to_ascii_lowercase(),
            port: url.port_or_known_default()?,
        })
    }

    /// The host's name or address, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether requests to it are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// The URL as it may be shown: without user, password, query and fragment, any of which can hold a secret.
pub fn without_user_info(url: &Url) -> String {
    let mut shown = url.clone();
    // Refused only by URLs that cannot have a user, and these have nothing to hide there.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Option<Origin> {
        Origin::of(&Url::parse(url).expect("it is a URL"))
    }

    #[test]
    fn usual_ports_and_case_do_not_matter_but_scheme_does() {
        assert_eq!(origin("https://Git.example.com/a"), origin("https://git.example.com.:443/b"));
        assert_ne!(origin("https://git.example.com/"), origin("http://git.example.com/"));
        assert_ne!(origin("https://git.example.com/"), origin("https://git.example.com:8443/"));
        assert_ne!(origin("https://git.example.com/"), origin("https://git.example.com.evil.org/"));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let url = Url::parse("https://me:token@h/p?sig=abc#x").expect("it is a URL");
        assert_eq!(without_user_info(&url), "https://h/p");
    }
}
