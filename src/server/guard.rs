//! What every request passes: the name it calls the server by, and the headers that let nothing else in (rule R8).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Front;

/// Nothing from elsewhere, nothing inline, no frames, no forms.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names by which the server may be called.
///
/// A page from elsewhere can make its own name lead to a listener on this machine (DNS rebinding, threat T18); it
/// cannot make the browser send another `Host`. Addresses cannot be rebound, so they are always admitted.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    any: bool,
    names: Vec<String>,
}

impl Hosts {
    /// On a loopback listener, or where `names` are given, only these and this machine's own; else any: whoever can
    /// reach the pod can read the page anyway.
    pub fn for_listener(listener: SocketAddr, names: &[String]) -> Self {
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { any: names.is_empty() && !listener.ip().is_loopback(), names }
    }

    /// Whether a request with this `Host` is answered.
    pub fn admit(&self, host: &str) -> bool {
        if self.any {
            return true;
        }
        let name = without_port(host.trim()).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let is_own = name == "localhost" || name.ends_with(".localhost");
        is_own || bare.parse::<IpAddr>().is_ok() || self.names.contains(&name)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

/// Refuses strangers' names, and dresses every answer.
pub async fn guard(State(front): State<Front>, request: Request, next: Next) -> Response {
    let mut response = if is_admitted(&front.hosts, &request) {
        next.run(request).await
    } else {
        let words =
            "this name is not known here: use localhost or the address, or start the agent with --allow-host";
        (StatusCode::MISDIRECTED_REQUEST, words).into_response()
    };
    dress(response.headers_mut());
    response
}

fn is_admitted(hosts: &Hosts, request: &Request) -> bool {
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let asked = request.uri().authority().map(|authority| authority.as_str());
    let mut all = named.chain(asked).peekable();
    // HTTP/1.0 may leave the name out; browsers never do.
    all.peek().is_some() && all.all(|host| hosts.admit(host)) || hosts.any
}

/// The headers of every answer.
fn dress(headers: &mut HeaderMap) {
    let every: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in every {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hosts: &Hosts, host: &str, expected: bool) {
        assert_eq!(hosts.admit(host), expected, "{host}");
    }

    #[test]
    fn a_loopback_listener_answers_to_its_own_names_only() {
        let hosts = Hosts::for_listener(([127, 0, 0, 1], 8080).into(), &["windlass.example.com".into()]);
        for own in [
            "localhost",
            "localhost:8080",
            "LOCALHOST:1",
            "a.localhost:80",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "10.0.0.7",
            "Windlass.example.com:8080",
        ] {
            check(&hosts, own, true);
        }
        for strange in
            ["evil.example.com", "localhost.evil.example.com:8080", "127.0.0.1.evil.example.com", "", "a:b:c"]
        {
            check(&hosts, strange, false);
        }
    }

    #[test]
    fn a_listener_for_all_answers_to_all_unless_names_are_given() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 8080));
        check(&Hosts::for_listener(everywhere, &[]), "windlass.argocd.svc", true);
        check(&Hosts::for_listener(everywhere, &["a.example".into()]), "windlass.argocd.svc", false);
    }
}
