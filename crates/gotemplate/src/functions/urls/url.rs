//! URLs taken apart and put together as Go's net/url does it.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::escape::{EscapeError, Part, escape, unescape};

/// The parts of a URL; host, path and fragment without escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub scheme: Vec<u8>,
    pub opaque: Vec<u8>,
    pub user: Option<User>,
    /// With its port.
    pub host: Vec<u8>,
    pub path: Vec<u8>,
    pub query: Vec<u8>,
    pub fragment: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// Why a text is not a URL; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse {}: {reason}", crate::fmt::quote(.url))]
pub(super) struct UrlError {
    url: Vec<u8>,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("net/url: invalid control character in URL")]
    ControlCharacter,
    #[error("missing protocol scheme")]
    MissingScheme,
    #[error("first path segment in URL cannot contain colon")]
    ColonInFirstSegment,
    #[error("net/url: invalid userinfo")]
    Userinfo,
    #[error("invalid IP-literal")]
    IpLiteral,
    #[error("missing ']' in host")]
    MissingBracket,
    #[error("invalid port {} after host", crate::fmt::quote(.0))]
    Port(Vec<u8>),
    #[error("invalid host: ParseAddr({}): unable to parse IP", crate::fmt::quote(.0))]
    Address(Vec<u8>),
    #[error(transparent)]
    Escape(#[from] EscapeError),
}

impl Url {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// When a part has bytes or escapes that it must not have.
    pub fn parse(text: &[u8]) -> Result<Self, UrlError> {
        let (before, fragment) = cut(text, b'#');
        let mut url =
            parse_without_fragment(before).map_err(|reason| UrlError { url: before.to_vec(), reason })?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)
            .map_err(|error| UrlError { url: text.to_vec(), reason: error.into() })?;
        Ok(url)
    }

    /// The host without port and brackets.
    pub fn hostname(&self) -> &[u8] {
        let host = match self.host.iter().rposition(|byte| *byte == b':') {
            Some(colon) if is_port(&self.host[colon..]) => &self.host[..colon],
            _ => &self.host,
        };
        host.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(host)
    }

    /// Puts the parts together.
    pub fn join(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if !self.scheme.is_empty() {
            text.extend([&self.scheme, b":".as_slice()].concat());
        }
        if self.opaque.is_empty() {
            self.join_hierarchy(&mut text);
        } else {
            text.extend(&self.opaque);
        }
        if !self.query.is_empty() {
            text.extend([b"?", self.query.as_slice()].concat());
        }
        if !self.fragment.is_empty() {
            text.extend([b"#".as_slice(), &escape(&self.fragment, Part::Fragment)].concat());
        }
        text
    }

    fn join_hierarchy(&self, text: &mut Vec<u8>) {
        let has_authority = !self.host.is_empty() || self.user.is_some();
        if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
            text.extend(b"//");
        }
        if let Some(user) = &self.user {
            text.extend([&user.escaped(), b"@".as_slice()].concat());
        }
        text.extend(escape(&self.host, Part::Host));
        // A lone asterisk stays as it is.
        let path = if self.path == b"*" { b"*".to_vec() } else { escape(&self.path, Part::Path) };
        if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
            text.push(b'/');
        }
        if text.is_empty() && first_segment(&path).contains(&b':') {
            text.extend(b"./");
        }
        text.extend(path);
    }
}

impl User {
    /// As it stands in a URL.
    pub fn escaped(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend(escape(password, Part::User));
        }
        text
    }
}

/// Reads `name:password` as it stands in a URL.
///
/// # Errors
/// As [`Url::parse`]; the text in the error is a URL made for the purpose, as in Sprig.
pub(super) fn parse_userinfo(text: &[u8]) -> Result<Option<User>, UrlError> {
    Ok(Url::parse(&[b"proto://".as_slice(), text, b"@host"].concat())?.user)
}

fn parse_without_fragment(text: &[u8]) -> Result<Url, Reason> {
    if text.iter().any(u8::is_ascii_control) {
        return Err(Reason::ControlCharacter);
    }
    let mut url = Url::default();
    if text == b"*" {
        url.path = text.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = split_scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = cut(rest, b'?');
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if first_segment(rest).contains(&b':') {
            return Err(Reason::ColonInFirstSegment);
        }
    }
    let mut path = rest;
    let has_authority = !scheme.is_empty() || !rest.starts_with(b"///");
    if let Some(authority) = rest.strip_prefix(b"//").filter(|_| has_authority) {
        let end = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
        (url.user, url.host) = parse_authority(&url.scheme, &authority[..end])?;
        path = &authority[end..];
    }
    url.path = unescape(path, Part::Path)?;
    Ok(url)
}

/// The text before the first such byte, and that behind it.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

fn first_segment(path: &[u8]) -> &[u8] {
    cut(path, b'/').0
}

/// The scheme without its colon, possibly empty, and the rest.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err(Reason::MissingScheme),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok((b"", text))
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<User>, Vec<u8>), Reason> {
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
        return Ok((None, parse_host(scheme, authority)?));
    };
    let host = parse_host(scheme, &authority[at + 1..])?;
    let userinfo = &authority[..at];
    if !userinfo.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte)) {
        return Err(Reason::Userinfo);
    }
    let (name, password) = cut(userinfo, b':');
    let name = unescape(name, Part::User)?;
    let password = password.map(|password| unescape(password, Part::User)).transpose()?;
    Ok((Some(User { name, password }), host))
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, Reason> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return parse_ip_literal(host),
        Some(_) => return Err(Reason::IpLiteral),
        None => {}
    }
    if let Some(first) = host.iter().position(|byte| *byte == b':') {
        // Databases list several hosts with ports, so only http is strict about colons.
        let strict = scheme == b"http" || scheme == b"https";
        let last = host.iter().rposition(|byte| *byte == b':').unwrap_or(first);
        let port = &host[if strict { first } else { last }..];
        if !is_port(port) {
            return Err(Reason::Port(port.to_vec()));
        }
    }
    Ok(unescape(host, Part::Host)?)
}

/// `[fe80::1%25en0]:80`
fn parse_ip_literal(host: &[u8]) -> Result<Vec<u8>, Reason> {
    let close = host.iter().rposition(|byte| *byte == b']').ok_or(Reason::MissingBracket)?;
    let port = &host[close + 1..];
    if !port.is_empty() && !is_port(port) {
        return Err(Reason::Port(port.to_vec()));
    }
    let inner = &host[1..close];
    let address = match inner.windows(3).position(|window| window == b"%25") {
        Some(zone) => [unescape(&inner[..zone], Part::Host)?, unescape(&inner[zone..], Part::Zone)?].concat(),
        None => unescape(inner, Part::Host)?,
    };
    check_ip6(&address)?;
    let port = unescape(port, Part::Host)?;
    Ok([b"[".as_slice(), &address, b"]", &port].concat())
}

fn check_ip6(address: &[u8]) -> Result<(), Reason> {
    let (numbers, zone) = cut(address, b'%');
    let numbers = std::str::from_utf8(numbers).unwrap_or_default();
    if zone.is_none() && numbers.parse::<Ipv4Addr>().is_ok() {
        return Err(Reason::IpLiteral);
    }
    let sound = numbers.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(|zone| !zone.is_empty());
    if sound { Ok(()) } else { Err(Reason::Address(address.to_vec())) }
}

/// A colon and digits, possibly none.
fn is_port(text: &[u8]) -> bool {
    text.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}
