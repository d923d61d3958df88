//! Addresses of people, hosts and documents.

use core::net::Ipv4Addr;

use gotemplate::fmt::quote;
use gotemplate::functions::Address;

use super::{Fault, number, quoted, refused};

/// A mailbox: a local part, quoted or not, and a host or an address in brackets.
pub(super) fn email(text: &str) -> Fault {
    let Some((local, domain)) = text.rsplit_once('@') else { return refused("missing @") };
    if local.len() > 64 {
        return refused("local part more than 64 characters long");
    }
    match local.strip_prefix('"').filter(|rest| !rest.is_empty()) {
        Some(rest) => {
            let inner = &rest[..rest.len() - rest.chars().next_back().map_or(0, char::len_utf8)];
            if inner.contains(['"', '\\']) {
                return refused("backslash and quote are not allowed within quoted local part");
            }
        }
        None => plain_local(local)?,
    }
    let Some(literal) = domain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) else {
        return hostname(domain).map_err(|why| format!("invalid domain: {why}"));
    };
    match literal.strip_prefix("IPv6:") {
        Some(address) => ipv6(address).map_err(|why| format!("invalid ipv6 address: {why}")),
        None => ipv4(literal).map_err(|why| format!("invalid ipv4 address: {why}")),
    }
}

fn plain_local(local: &str) -> Fault {
    if local.starts_with('.') {
        return refused("starts with dot");
    }
    if local.ends_with('.') {
        return refused("ends with dot");
    }
    if local.contains("..") {
        return refused("consecutive dots");
    }
    let fits = |one: &char| one.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(*one);
    match local.chars().find(|one| !fits(one)) {
        Some(other) => Err(format!("invalid character {}", quoted(other))),
        None => Ok(()),
    }
}

/// Labels of letters, digits and hyphens.
pub(super) fn hostname(text: &str) -> Fault {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return refused("more than 253 characters long");
    }
    text.split('.').try_for_each(|label| {
        if !(1..=63).contains(&label.len()) {
            return refused("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return refused("label starts with hyphen");
        }
        if label.ends_with('-') {
            return refused("label ends with hyphen");
        }
        match label.chars().find(|one| !one.is_ascii_alphanumeric() && *one != '-') {
            Some(other) => Err(format!("invalid character {}", quoted(other))),
            None => Ok(()),
        }
    })
}

/// Four decimals.
pub(super) fn ipv4(text: &str) -> Fault {
    let decimals: Vec<&str> = text.split('.').collect();
    if decimals.len() != 4 {
        return refused("expected four decimals");
    }
    decimals.into_iter().try_for_each(|decimal| {
        if decimal.len() > 1 && decimal.starts_with('0') {
            return refused("leading zeros");
        }
        match number(decimal)? {
            0..=255 => Ok(()),
            _ => refused("decimal must be between 0 and 255"),
        }
    })
}

/// Eight groups, or fewer around `::`, the last two perhaps as an IPv4 address.
pub(super) fn ipv6(text: &str) -> Fault {
    if !text.contains(':') {
        return refused("missing colon");
    }
    if text.contains('%') {
        return refused("zone id is not a part of ipv6 address");
    }
    groups(text).map_err(|(words, rest)| {
        let at = if rest.is_empty() { String::new() } else { format!(" (at {})", quote(rest.as_bytes())) };
        format!("ParseAddr({}): {words}{at}", quote(text.as_bytes()))
    })
}

/// What is wrong, and where it begins.
fn groups(text: &str) -> Result<(), (&'static str, &str)> {
    let (mut rest, mut gap) = (text, None);
    if let Some(after) = rest.strip_prefix("::") {
        (rest, gap) = (after, Some(0));
        if rest.is_empty() {
            return Ok(());
        }
    }
    let mut bytes = 0;
    while bytes < 16 {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(("each colon-separated field must have at least one digit", rest));
        }
        let after = &rest[digits..];
        if after.starts_with('.') {
            embedded(rest, bytes, gap.is_some())?;
            (rest, bytes) = ("", bytes + 4);
            break;
        }
        (rest, bytes) = (after, bytes + 2);
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else {
            return Err(("unexpected character, want colon", rest));
        };
        if after.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if gap.is_some() {
                return Err(("multiple :: in address", rest));
            }
            (rest, gap) = (after, Some(bytes));
            if rest.is_empty() {
                break;
            }
        }
    }
    match (rest.is_empty(), bytes, gap) {
        (false, _, _) => Err(("trailing garbage after address", rest)),
        (true, ..16, None) => Err(("address string too short", "")),
        (true, 16.., Some(_)) => Err(("the :: must expand to at least one field of zeros", "")),
        (true, ..16, Some(_)) | (true, 16.., None) => Ok(()),
    }
}

/// An IPv4 address at the end.
fn embedded(rest: &str, bytes: usize, has_gap: bool) -> Result<(), (&'static str, &str)> {
    if !has_gap && bytes != 12 {
        return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
    }
    if bytes + 4 > 16 {
        return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
    }
    if rest.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    let fields: Vec<&str> = rest.split('.').collect();
    let is_large = |field: &&str| field.parse::<u32>().is_ok_and(|value| value > 255);
    let other = rest.find(|one: char| !one.is_ascii_digit() && one != '.');
    Err(match other {
        Some(place) => ("unexpected character", &rest[place..]),
        None if fields.iter().any(is_large) => ("IPv4 field has value >255", ""),
        None if fields.iter().any(|field| field.len() > 1 && field.starts_with('0')) => {
            ("IPv4 field has octet with leading zero", "")
        }
        None if fields.len() < 4 => ("IPv4 address too short", ""),
        None if fields.len() > 4 => ("IPv4 address too long", ""),
        None => ("IPv4 field must have at least one digit", ""),
    })
}

/// A URL with its scheme.
pub(super) fn uri(text: &str) -> Fault {
    if address(text)?.has_scheme { Ok(()) } else { refused("relative url") }
}

/// A URL, or a part of one.
pub(super) fn uri_reference(text: &str) -> Fault {
    if text.contains('\\') {
        return refused("contains \\");
    }
    address(text).map(drop)
}

/// A URL with names in braces in its path.
pub(super) fn uri_template(text: &str) -> Fault {
    let path = address(text)?.path;
    for segment in path.split('/') {
        let mut is_open = false;
        for one in segment.chars().filter(|one| matches!(one, '{' | '}')) {
            if is_open == (one == '{') {
                return refused("nested curly braces");
            }
            is_open = one == '{';
        }
        if is_open {
            return refused("no matching closing brace");
        }
    }
    Ok(())
}

fn address(text: &str) -> Result<Address, String> {
    let address = Address::read(text)?;
    if address.hostname.contains(':') {
        ipv6(&address.hostname).map_err(|why| format!("invalid ipv6 address: {why}"))?;
    }
    Ok(address)
}
