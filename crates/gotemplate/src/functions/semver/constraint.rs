//! Constraints on versions, in the grammar of Helm's version library.

use std::borrow::Cow;

use super::Version;
use super::parts::{Partial, compare_identifiers};

/// The longest text that is read as a constraint, in bytes.
pub const MAX_CONSTRAINT_LENGTH: usize = 512;
/// How many groups `||` may join.
pub const MAX_CONSTRAINT_GROUPS: usize = 32;

/// A condition on versions such as `>=1.2 <2 || ~3.1`.
///
/// Commas and blanks are "and", `||` is "or"; `1.2 - 1.4` is a range; `x`, `X`, `*` and missing parts are wild
/// cards. A group without a pre-release part in it never matches a pre-release version.
#[derive(Debug, Clone)]
pub struct Constraint {
    groups: Vec<Group>,
}

/// Why a text is not a constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// The text, or this part of it, is not in the grammar.
    #[error("improper constraint: {}", crate::fmt::quote(.part.as_bytes()))]
    Improper {
        /// The part between two `||`.
        part: String,
    },
    /// A part has the form of a version but is none, such as `1x.2`.
    #[error("constraint parser error")]
    NotAVersion,
    /// The text is longer than [`MAX_CONSTRAINT_LENGTH`].
    #[error("constraint string is too long (max {MAX_CONSTRAINT_LENGTH} bytes)")]
    TooLong,
    /// There are more than [`MAX_CONSTRAINT_GROUPS`] groups.
    #[error("too many constraint groups (max {MAX_CONSTRAINT_GROUPS})")]
    TooManyGroups,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// When a part is not in the grammar, or the text is too long.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > MAX_CONSTRAINT_LENGTH {
            return Err(ConstraintError::TooLong);
        }
        let text = spell_out_ranges(text);
        let parts: Vec<&str> = text.split("||").collect();
        if parts.len() > MAX_CONSTRAINT_GROUPS {
            return Err(ConstraintError::TooManyGroups);
        }
        let groups = parts.into_iter().map(Group::parse).collect::<Result<_, _>>()?;
        Ok(Self { groups })
    }

    /// Whether the version satisfies the constraint.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| group.check(version))
    }
}

/// Bounds that must all hold.
#[derive(Debug, Clone)]
struct Group {
    bounds: Vec<Bound>,
    admits_prereleases: bool,
}

impl Group {
    fn parse(text: &str) -> Result<Self, ConstraintError> {
        let written = scan_group(text).ok_or_else(|| ConstraintError::Improper { part: text.to_owned() })?;
        let bounds: Vec<Bound> = written
            .into_iter()
            .map(|(operator, partial)| Bound::new(operator, partial))
            .collect::<Result<_, _>>()?;
        let admits_prereleases = bounds.iter().any(|bound| !bound.version.prerelease().is_empty());
        Ok(Self { bounds, admits_prereleases })
    }

    fn check(&self, version: &Version) -> bool {
        (self.admits_prereleases || version.prerelease().is_empty())
            && self.bounds.iter().all(|bound| bound.check(version))
    }
}

/// The bounds of one group as written; nothing where the text is not in the grammar.
fn scan_group(text: &str) -> Option<Vec<(Operator, Partial<'_>)>> {
    let mut bounds = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    loop {
        let (operator, partial, behind) = scan_bound(rest)?;
        bounds.push((operator, partial));
        rest = next_bound(behind)?;
        if rest.is_empty() {
            return Some(bounds);
        }
    }
}

/// Steps over what stands between two bounds: blanks, or one comma with blanks round it; nothing else.
fn next_bound(text: &str) -> Option<&str> {
    let trimmed = text.trim_start_matches(is_blank);
    match trimmed.strip_prefix(',') {
        Some(rest) => Some(rest.trim_start_matches(is_blank)).filter(|rest| !rest.is_empty()),
        None if trimmed.is_empty() || trimmed.len() < text.len() => Some(trimmed),
        None => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// Longer spellings first, so that none hides behind its own start.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("~", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];

fn scan_bound(text: &str) -> Option<(Operator, Partial<'_>, &str)> {
    let (operator, rest) =
        OPERATORS.iter().find_map(|(spelling, operator)| Some((*operator, text.strip_prefix(spelling)?)))?;
    let (partial, rest) = Partial::scan(rest.trim_start_matches(is_blank), is_number_byte)?;
    Some((operator, partial, rest))
}

/// One operator and its version; which parts of the version were left open.
#[derive(Debug, Clone)]
struct Bound {
    operator: Operator,
    version: Version,
    open: Open,
}

/// From where on a version was left open, by a wild card or by leaving parts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    /// `*` alone: the numbers are zero and nothing else is known.
    Major,
}

impl Bound {
    fn new(operator: Operator, partial: Partial<'_>) -> Result<Self, ConstraintError> {
        let (open, core) = match partial {
            Partial { major, .. } if is_wild(major) => (Open::Major, "0.0.0".to_owned()),
            Partial { major, minor: Some(minor), patch: Some(patch), .. }
                if !is_wild(minor) && !is_wild(patch) =>
            {
                (Open::Nothing, format!("{major}.{minor}.{patch}"))
            }
            Partial { major, minor: Some(minor), .. } if !is_wild(minor) => {
                (Open::Patch, format!("{major}.{minor}.0"))
            }
            Partial { major, .. } => (Open::Minor, format!("{major}.0.0")),
        };
        let text = match partial.prerelease {
            "" => core,
            prerelease => format!("{core}-{prerelease}"),
        };
        let version = Version::parse(&text).map_err(|_| ConstraintError::NotAVersion)?;
        Ok(Self { operator, version, open })
    }

    fn check(&self, version: &Version) -> bool {
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => *version == self.version,
            Operator::Equal | Operator::Tilde => self.check_tilde(version),
            Operator::NotEqual => self.check_not_equal(version),
            Operator::Greater => self.check_greater(version),
            Operator::Less => *version < self.version,
            Operator::GreaterOrEqual => *version >= self.version,
            Operator::LessOrEqual => self.check_less_or_equal(version),
            Operator::Caret => self.check_caret(version),
        }
    }

    /// `!=1.2` refuses all of 1.2, `!=1` all of 1.
    fn check_not_equal(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing => *version != self.version,
            _ if version.major() != self.version.major() => true,
            Open::Minor => false,
            _ if version.minor() != self.version.minor() => true,
            Open::Patch => {
                compare_identifiers(version.prerelease(), self.version.prerelease())
                    != std::cmp::Ordering::Equal
            }
            Open::Major => version.patch() != self.version.patch() || *version != self.version,
        }
    }

    /// `>11` starts at 12 and `>11.1` at 11.2.
    fn check_greater(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing => *version > self.version,
            _ if version.major() != self.version.major() => version.major() > self.version.major(),
            Open::Minor => false,
            Open::Patch => version.minor() > self.version.minor(),
            Open::Major => *version > self.version,
        }
    }

    /// `<=11` ends with the last 11.x and `<=11.1` with the last 11.1.x.
    fn check_less_or_equal(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing => *version <= self.version,
            _ if version.major() > self.version.major() => false,
            Open::Minor => true,
            Open::Patch | Open::Major => {
                version.major() < self.version.major() || version.minor() <= self.version.minor()
            }
        }
    }

    /// `~1.2.3` stays in 1.2, `~1` in 1.
    fn check_tilde(&self, version: &Version) -> bool {
        if *version < self.version {
            return false;
        }
        // `~0.0.0` and `~*` accept all that follows.
        let zero = (self.version.major(), self.version.minor(), self.version.patch()) == (0, 0, 0);
        if zero && matches!(self.open, Open::Nothing | Open::Major) {
            return true;
        }
        version.major() == self.version.major()
            && (self.open == Open::Minor || version.minor() == self.version.minor())
    }

    /// `^1.2.3` stays in 1; below 1.0 the first number that is not zero must stay.
    fn check_caret(&self, version: &Version) -> bool {
        if *version < self.version {
            return false;
        }
        let same_major = version.major() == self.version.major();
        if self.version.major() > 0 || self.open == Open::Minor {
            return same_major;
        }
        let same_minor = version.minor() == self.version.minor();
        if self.version.minor() > 0 || self.open == Open::Patch {
            return same_major && same_minor;
        }
        same_major && same_minor && version.patch() == self.version.patch()
    }
}

/// Writes each range `1.2 - 1.4` as `>= 1.2, <= 1.4 `.
fn spell_out_ranges(text: &str) -> Cow<'_, str> {
    let mut spelled = Cow::Borrowed(text);
    // Only a dash behind a blank can belong to a range.
    if !text.as_bytes().windows(2).any(|pair| is_blank(pair[0].into()) && pair[1] == b'-') {
        return spelled;
    }
    let mut at = 0;
    while at < text.len() {
        match scan_range(&text[at..]) {
            Some((from, to, length)) => {
                let written = &text[at..at + length];
                spelled = spelled.replacen(written, &format!(">= {from}, <= {to} "), 1).into();
                at += length;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    spelled
}

/// The two ends of a range at the start of `text`, and its length with the blanks round it.
fn scan_range(text: &str) -> Option<(&str, &str, usize)> {
    let start = text.trim_start_matches(is_blank);
    let (_, behind) = Partial::scan(start, is_number_byte)?;
    let from = &start[..start.len() - behind.len()];
    let dash = blanks(behind)?.strip_prefix('-')?;
    let end = blanks(dash)?;
    let (_, behind) = Partial::scan(end, is_number_byte)?;
    let to = &end[..end.len() - behind.len()];
    Some((from, to, text.len() - behind.trim_start_matches(is_blank).len()))
}

/// Steps over at least one blank.
fn blanks(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(is_blank);
    (rest.len() < text.len()).then_some(rest)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

/// A bar counts as part of a number in the upstream grammar; it then fails as a version.
fn is_number_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
}

fn is_wild(part: &str) -> bool {
    matches!(part, "x" | "X" | "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `matching` and `others` are versions separated by blanks.
    #[track_caller]
    fn check(constraint: &str, matching: &str, others: &str) {
        let constraint = Constraint::parse(constraint).expect("the constraint is sound");
        for (texts, expected) in [(matching, true), (others, false)] {
            for text in texts.split(' ').filter(|text| !text.is_empty()) {
                let version = Version::parse(text).expect("the version is sound");
                assert_eq!(constraint.check(&version), expected, "{text}");
            }
        }
    }

    #[test]
    fn plain_bounds() {
        check(">=1.21.0", "1.21.0 v1.22", "1.20.9 1.24.5-gke.1");
        check(">=1.21-0", "1.21.0 1.24.5-gke.1 1.21.0-alpha", "1.20.9");
        check(">1.2", "1.3.0 2", "1.2.9 1.2");
        check("<=1", "1.9.9 0.1", "2.0.0");
        check("!=1.2", "1.3.0 1.1", "1.2.0 1.2.9");
        check("=>1.0", "1 2", "0.9");
    }

    #[test]
    fn tildes_and_carets() {
        check("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2");
        check("~>1", "1.0.0 1.9", "2.0");
        check("^0.2.3", "0.2.3 0.2.9", "0.3.0");
        check("^0", "0.0.1 0.9", "1.0");
        check("^1.2.3-alpha", "1.2.3-beta 1.9.0", "2.0.0 1.2.3-a");
    }

    #[test]
    fn wild_cards_and_ranges() {
        check("*", "0.0.1 99", "1.0.0-a");
        check("1.2.x", "1.2.0 1.2.9", "1.3.0");
        check("1.2 - 1.4", "1.2.0 1.4.0 1.4.9", "1.5.0 1.1.9");
        check("1 - 2 || 4", "1.5 2.9 4.1", "3.0");
    }

    #[test]
    fn groups() {
        check(">=1.0, <2.0", "1.5", "2.0");
        check(">=1.0 <2.0 || >=3", "1.5 3", "2.5");
        check(">=1.0 , <2.0-0", "1.5 1.5.0-a", "2.0");
    }

    #[test]
    fn other_texts_are_refused() {
        let refused =
            |text: &str| Constraint::parse(text).expect_err("the constraint is not sound").to_string();
        for (text, part) in [
            ("", ""),
            ("bad", "bad"),
            ("1 || ", " "),
            ("1,", "1,"),
            ("1.2.3.4", "1.2.3.4"),
            ("> = 1", "> = 1"),
        ] {
            assert_eq!(refused(text), format!("improper constraint: {part:?}"));
        }
        assert_eq!(refused("1x"), "constraint parser error");
        assert_eq!(refused(&"1||".repeat(33)), "too many constraint groups (max 32)");
        assert_eq!(refused(&" ".repeat(513)), "constraint string is too long (max 512 bytes)");
    }
}
