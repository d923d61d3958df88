//! Shell patterns as Go's `path/filepath.Match` reads them: `*` and `?` stay inside one name.
//!
//! `.helmignore` rules and `--show-only` use them.

/// A pattern that is known to be well formed.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Star,
    One(Matcher),
}

#[derive(Clone, Debug, PartialEq)]
enum Matcher {
    Any,
    Is(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// The pattern cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(crate) struct BadPattern;

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, BadPattern> {
        let mut parts = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            parts.push(match c {
                '*' if parts.last() == Some(&Part::Star) => continue,
                '*' => Part::Star,
                '?' => Part::One(Matcher::Any),
                '[' => Part::One(class(&mut rest)?),
                '\\' => Part::One(Matcher::Is(rest.next().ok_or(BadPattern)?)),
                c => Part::One(Matcher::Is(c)),
            });
        }
        Ok(Self { parts })
    }

    /// True where the whole of `name` matches. Only the last star is ever tried again, so the work is bounded by
    /// the product of both lengths.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut part, mut at) = (0, 0);
        let mut retry = None;
        loop {
            match self.parts.get(part) {
                Some(Part::Star) => {
                    retry = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                Some(Part::One(matcher)) if name.get(at).is_some_and(|c| matcher.fits(*c)) => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                None if at == name.len() => return true,
                _ => {}
            }
            match retry {
                Some((after_star, from)) if name.get(from).is_some_and(|c| *c != '/') => {
                    retry = Some((after_star, from + 1));
                    (part, at) = (after_star, from + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Matcher {
    fn fits(&self, c: char) -> bool {
        match self {
            Matcher::Any => c != '/',
            Matcher::Is(wanted) => c == *wanted,
            Matcher::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads a class after its opening bracket.
fn class(rest: &mut Chars<'_>) -> Result<Matcher, BadPattern> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Matcher::Class { negated, ranges });
        }
        let low = class_char(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_char(rest)? } else { low };
        ranges.push((low, high));
    }
}

fn class_char(rest: &mut Chars<'_>) -> Result<char, BadPattern> {
    let c = match rest.next() {
        None | Some('-' | ']') => return Err(BadPattern),
        Some('\\') => rest.next().ok_or(BadPattern)?,
        Some(c) => c,
    };
    if rest.peek().is_none() { Err(BadPattern) } else { Ok(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: Result<bool, BadPattern>) {
        assert_eq!(Pattern::new(pattern).map(|p| p.matches(name)), expected, "{pattern} on {name}");
    }

    #[test]
    fn patterns_read_as_in_go() {
        check("abc", "abc", Ok(true));
        check("*", "abc", Ok(true));
        check("*c", "abc", Ok(true));
        check("a*", "ab/c", Ok(false));
        check("a*/b", "abc/b", Ok(true));
        check("a*b*c*d*e*/f", "axbxcxdxe/f", Ok(true));
        check("a*b*c*d*e*/f", "axbxcxdxexxx/fff", Ok(false));
        check("a*b?c*x", "abxbbxdbxebxczzx", Ok(true));
        check("ab[c]", "abc", Ok(true));
        check("ab[^b-d]", "abc", Ok(false));
        check("a\\*b", "a*b", Ok(true));
        check("[a-ζ]*", "α", Ok(true));
        check("a[", "a", Err(BadPattern));
        check("[]a]", "]", Err(BadPattern));
        check("[a-", "a", Err(BadPattern));
        check("*x", "xxx", Ok(true));
        check("templates/.?*", "templates/.hidden", Ok(true));
        check("a?b", "a/b", Ok(false));
    }
}
