//! The parts of a version: how they are written and how they compare.

use std::cmp::Ordering;

/// The parts of a version as written, before they become numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial<'a> {
    pub major: &'a str,
    pub minor: Option<&'a str>,
    pub patch: Option<&'a str>,
    pub prerelease: &'a str,
    pub metadata: &'a str,
}

impl<'a> Partial<'a> {
    /// Reads as much of a version as stands at the start of `text`; `number` tells the bytes of its three parts.
    pub fn scan(text: &'a str, number: impl Fn(u8) -> bool) -> Option<(Self, &'a str)> {
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = split_run(rest, &number)?;
        let (minor, rest) = after('.', rest, |rest| split_run(rest, &number));
        let (patch, rest) = match minor {
            Some(_) => after('.', rest, |rest| split_run(rest, &number)),
            None => (None, rest),
        };
        let (prerelease, rest) = after('-', rest, split_identifiers);
        let (metadata, rest) = after('+', rest, split_identifiers);
        let partial = Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default(),
            metadata: metadata.unwrap_or_default(),
        };
        Some((partial, rest))
    }
}

/// What `read` finds behind `mark`; where either is missing, nothing is consumed.
fn after<'a>(
    mark: char,
    text: &'a str,
    read: impl Fn(&'a str) -> Option<(&'a str, &'a str)>,
) -> (Option<&'a str>, &'a str) {
    match text.strip_prefix(mark).and_then(read) {
        Some((found, rest)) => (Some(found), rest),
        None => (None, text),
    }
}

/// The leading bytes that `wanted` accepts (at least one, all ASCII), and the rest.
fn split_run(text: &str, wanted: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !wanted(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The leading identifiers joined by dots, and the rest.
fn split_identifiers(text: &str) -> Option<(&str, &str)> {
    let (first, mut rest) = split_run(text, is_identifier_byte)?;
    let mut end = first.len();
    while let Some((next, after)) =
        rest.strip_prefix('.').and_then(|rest| split_run(rest, is_identifier_byte))
    {
        end += 1 + next.len();
        rest = after;
    }
    Some(text.split_at(end))
}

/// Letters, digits and dashes.
pub(super) fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A release is higher than its pre-releases; these are compared identifier by identifier.
pub(super) fn compare_prerelease(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_identifiers(one, other),
    }
}

/// As [`compare_prerelease`] without its rule for releases: here nothing is lower than something.
pub(super) fn compare_identifiers(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => compare_identifier(one.unwrap_or_default(), other.unwrap_or_default()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers are lower than words; a number beyond 64 bits counts as a word.
fn compare_identifier(one: &str, other: &str) -> Ordering {
    if one == other || one.is_empty() || other.is_empty() {
        return one.len().cmp(&other.len());
    }
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

fn number(identifier: &str) -> Option<u64> {
    identifier.bytes().all(|byte| byte.is_ascii_digit()).then(|| identifier.parse().ok()).flatten()
}
