//! Versions as Helm reads them: a leading `v` and missing parts are allowed.

use std::cmp::Ordering;
use std::fmt;

use super::parts::{Partial, compare_prerelease, is_identifier_byte};

/// The longest text that is read as a version, in bytes.
pub const MAX_VERSION_LENGTH: usize = 256;

/// A semantic version, and the text it was read from.
///
/// Equality and order are those of precedence: build metadata and spelling do not count.
#[derive(Debug, Clone, Default)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: String,
    metadata: String,
    original: String,
}

/// Why a text is not a version. The texts are those of Helm's own library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text has not the form of a version at all.
    #[error("invalid semantic version")]
    Invalid,
    /// The text is empty (strict reading only).
    #[error("version string empty")]
    Empty,
    /// A part of the core holds something else than digits (strict reading only).
    #[error("invalid characters in version")]
    InvalidCharacters,
    /// A numeric part starts with a zero.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// The part after `-` is not a list of identifiers.
    #[error("invalid prerelease string")]
    InvalidPrerelease,
    /// The part after `+` is not a list of identifiers.
    #[error("invalid metadata string")]
    InvalidMetadata,
    /// The text is longer than [`MAX_VERSION_LENGTH`].
    #[error("version string is too long (max {MAX_VERSION_LENGTH} bytes)")]
    TooLong,
    /// A number of the core does not fit 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing \"{segment}\": value out of range")]
    OutOfRange {
        /// The digits as written.
        segment: String,
    },
}

impl Version {
    /// Reads a version; `v1`, `1.2` and `01.2` are fine.
    ///
    /// # Errors
    /// When the text has another form, is too long, or a pre-release number has a leading zero.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.len() > MAX_VERSION_LENGTH {
            return Err(VersionError::TooLong);
        }
        let (partial, rest) =
            Partial::scan(text, |byte| byte.is_ascii_digit()).ok_or(VersionError::Invalid)?;
        if !rest.is_empty() {
            return Err(VersionError::Invalid);
        }
        let version = Self {
            major: segment(partial.major)?,
            minor: partial.minor.map_or(Ok(0), segment)?,
            patch: partial.patch.map_or(Ok(0), segment)?,
            prerelease: partial.prerelease.to_owned(),
            metadata: partial.metadata.to_owned(),
            original: text.to_owned(),
        };
        check_prerelease(&version.prerelease)?;
        Ok(version)
    }

    /// Reads a version that has all three parts and no leading `v`.
    ///
    /// # Errors
    /// As [`Version::parse`], and for missing parts, leading zeros and a leading `v`.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        if text.len() > MAX_VERSION_LENGTH {
            return Err(VersionError::TooLong);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VersionError::Invalid);
        };
        let (rest, metadata) = cut(rest, '+', check_metadata)?;
        let (patch, prerelease) = cut(rest, '-', check_prerelease)?;
        Ok(Self {
            major: strict_segment(major)?,
            minor: strict_segment(minor)?,
            patch: strict_segment(patch)?,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        })
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number, 0 where it was not written.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number, 0 where it was not written.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// What stood after `-`, without it; often empty.
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// What stood after `+`, without it; often empty.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The text as it was written.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The next patch version; of a pre-release, the release itself.
    pub fn next_patch(&self) -> Option<Self> {
        let patch = if self.prerelease.is_empty() { self.patch.checked_add(1)? } else { self.patch };
        Some(self.release(self.major, self.minor, patch))
    }

    /// The next minor version.
    pub fn next_minor(&self) -> Option<Self> {
        Some(self.release(self.major, self.minor.checked_add(1)?, 0))
    }

    /// The next major version.
    pub fn next_major(&self) -> Option<Self> {
        Some(self.release(self.major.checked_add(1)?, 0, 0))
    }

    /// The same version with another pre-release part.
    ///
    /// # Errors
    /// When the text is not a list of identifiers.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, VersionError> {
        check_prerelease(prerelease)?;
        Ok(Self { prerelease: prerelease.to_owned(), ..self.clone() }.respelled())
    }

    /// The same version with other build metadata.
    ///
    /// # Errors
    /// When the text is not a list of identifiers.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, VersionError> {
        check_metadata(metadata)?;
        Ok(Self { metadata: metadata.to_owned(), ..self.clone() }.respelled())
    }

    fn release(&self, major: u64, minor: u64, patch: u64) -> Self {
        Self {
            major,
            minor,
            patch,
            prerelease: String::new(),
            metadata: String::new(),
            original: self.original.clone(),
        }
        .respelled()
    }

    /// Writes `original` anew; a leading `v` is kept.
    fn respelled(mut self) -> Self {
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{prefix}{self}");
        self
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(out, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prerelease(&self.prerelease, &other.prerelease))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

fn segment(digits: &str) -> Result<u64, VersionError> {
    // Only digits come here, so the one way to fail is a number beyond 64 bits.
    digits.parse().map_err(|_| VersionError::OutOfRange { segment: digits.to_owned() })
}

fn strict_segment(digits: &str) -> Result<u64, VersionError> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VersionError::InvalidCharacters);
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(VersionError::LeadingZero);
    }
    if digits.is_empty() {
        return Err(VersionError::Invalid);
    }
    segment(digits)
}

/// Cuts at `mark` and checks what stands behind it.
fn cut(
    text: &str,
    mark: char,
    check: impl Fn(&str) -> Result<(), VersionError>,
) -> Result<(&str, &str), VersionError> {
    match text.split_once(mark) {
        Some((_, "")) if mark == '+' => Err(VersionError::InvalidMetadata),
        Some((_, "")) => Err(VersionError::InvalidPrerelease),
        Some((before, behind)) => check(behind).map(|()| (before, behind)),
        None => Ok((text, "")),
    }
}

fn check_prerelease(text: &str) -> Result<(), VersionError> {
    if text.is_empty() {
        return Ok(());
    }
    for identifier in text.split('.') {
        if identifier.is_empty() || !identifier.bytes().all(is_identifier_byte) {
            return Err(VersionError::InvalidPrerelease);
        }
        let numeric = identifier.bytes().all(|byte| byte.is_ascii_digit());
        if numeric && identifier.len() > 1 && identifier.starts_with('0') {
            return Err(VersionError::LeadingZero);
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), VersionError> {
    let sound = |identifier: &str| !identifier.is_empty() && identifier.bytes().all(is_identifier_byte);
    if text.is_empty() || text.split('.').all(sound) { Ok(()) } else { Err(VersionError::InvalidMetadata) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = match Version::parse(text) {
            Ok(version) => version.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn loose_spellings_are_completed() {
        check("v1", "1.0.0");
        check("1.2", "1.2.0");
        check("01.002.3", "1.2.3");
        check("1.2.3-alpha.1+b.7", "1.2.3-alpha.1+b.7");
        check("1-2", "1.0.0-2");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "abc", "1.", "1.2.3.4", "1.2.3-", "1.2.3+", " 1.2.3", "V1", "1.2.3-a..b", "1.2.3-é"]
        {
            check(text, "invalid semantic version");
        }
        check("1.2.3-01", "version segment starts with 0");
        check(&"1".repeat(257), "version string is too long (max 256 bytes)");
        check(
            "99999999999999999999",
            "error parsing version segment: strconv.ParseUint: parsing \"99999999999999999999\": value out of range",
        );
    }

    #[test]
    fn strict_reading_wants_three_parts() {
        let strict = |text| Version::parse_strict(text).map(|version| version.to_string());
        assert_eq!(strict("1.2.3-a+b"), Ok("1.2.3-a+b".to_owned()));
        assert_eq!(strict("1.2"), Err(VersionError::Invalid));
        assert_eq!(strict("v1.2.3"), Err(VersionError::InvalidCharacters));
        assert_eq!(strict("1.02.3"), Err(VersionError::LeadingZero));
        assert_eq!(strict("1.2.3-"), Err(VersionError::InvalidPrerelease));
    }

    #[test]
    fn precedence_follows_semver() {
        let rising = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.1",
            "2",
        ];
        for pair in rising.windows(2) {
            let [low, high] = [Version::parse(pair[0]).unwrap(), Version::parse(pair[1]).unwrap()];
            assert!(low < high, "{low} < {high}");
        }
        assert_eq!(Version::parse("1.2.3+a").unwrap(), Version::parse("v1.2.3+b").unwrap());
    }

    #[test]
    fn next_versions_keep_the_prefix() {
        let version = Version::parse("v1.2.3-rc.1+x").unwrap();
        assert_eq!(version.next_patch().unwrap().original(), "v1.2.3");
        assert_eq!(version.next_minor().unwrap().original(), "v1.3.0");
        assert_eq!(version.next_major().unwrap().original(), "v2.0.0");
        assert_eq!(version.with_prerelease("a").unwrap().original(), "v1.2.3-a+x");
    }
}
