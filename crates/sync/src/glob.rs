//! Two glob dialects: gobwas as Argo CD's settings use it, and Go's `filepath.Match` as kind rules use it.
//!
//! Both become one small automaton that is run over a text state set by state set, so that no pattern can take
//! more than pattern length times text length steps (rule R3).

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    states: Vec<State>,
}

/// Why a pattern cannot be read. Callers take the safe side: an allowance does not match, a denial does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern '{pattern}' cannot be read: {why}")]
pub struct BadPattern {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Longest pattern that is read, in characters.
const LONGEST: usize = 4096;
/// Deepest nesting of `{}` that is read.
const DEEPEST: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// One character of a class, then the next state.
    One(Class),
    /// Any number of characters of a class, then the next state.
    Any(Class),
    /// Goes on in several places without reading.
    Split(Vec<usize>),
    /// Goes on elsewhere without reading.
    Jump(usize),
    /// The text must end here.
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Class {
    Exactly(char),
    Anything,
    Except(Vec<char>),
    OneOf { ranges: Vec<(char, char)>, negated: bool },
}

impl Class {
    fn holds(&self, found: char) -> bool {
        match self {
            Self::Exactly(wanted) => *wanted == found,
            Self::Anything => true,
            Self::Except(separators) => !separators.contains(&found),
            Self::OneOf { ranges, negated } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&found)) != *negated
            }
        }
    }
}

impl Glob {
    /// Reads a gobwas pattern: `*` and `?` stop at a separator, `**` does not, `{a,b}` are alternatives,
    /// `[abc]`, `[a-z]` and `[!a-z]` are classes, `\` escapes.
    ///
    /// # Errors
    /// Where a class or an alternative is not closed, or the pattern is beyond its limits.
    pub fn gobwas(pattern: &str, separators: &[char]) -> Result<Self, BadPattern> {
        Reader::new(pattern)?.gobwas(separators)
    }

    /// Reads a `filepath.Match` pattern: `*` and `?` stop at `/`, `[a-z]` and `[^a-z]` are classes, `\` escapes.
    ///
    /// # Errors
    /// Where a class is not closed or empty, or the pattern is too long.
    pub fn filepath(pattern: &str) -> Result<Self, BadPattern> {
        Reader::new(pattern)?.filepath()
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut now = Set::new(self.states.len());
        let mut next = Set::new(self.states.len());
        self.enter(0, &mut now);
        for found in text.chars() {
            next.clear();
            for index in 0..now.list.len() {
                self.read(now.list[index], found, &mut next);
            }
            std::mem::swap(&mut now, &mut next);
        }
        now.list.iter().any(|state| self.states[*state] == State::End)
    }

    fn read(&self, state: usize, found: char, next: &mut Set) {
        match &self.states[state] {
            State::One(class) if class.holds(found) => self.enter(state + 1, next),
            State::Any(class) if class.holds(found) => self.enter(state, next),
            State::One(_) | State::Any(_) | State::Split(_) | State::Jump(_) | State::End => {}
        }
    }

    /// Adds a state and all that is reached from it without reading.
    fn enter(&self, state: usize, set: &mut Set) {
        let mut waiting = vec![state];
        while let Some(state) = waiting.pop() {
            if !set.add(state) {
                continue;
            }
            match &self.states[state] {
                State::Any(_) => waiting.push(state + 1),
                State::Split(targets) => waiting.extend(targets),
                State::Jump(target) => waiting.push(*target),
                State::One(_) | State::End => {}
            }
        }
    }
}

/// gobwas as upstream's settings use it where no separator is given: `*` matches all. A pattern that cannot be
/// read matches nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    matches_within(pattern, text, &[])
}

/// gobwas with separators. A pattern that cannot be read matches nothing.
pub fn matches_within(pattern: &str, text: &str, separators: &[char]) -> bool {
    if is_plain(pattern) {
        return pattern == text;
    }
    Glob::gobwas(pattern, separators).is_ok_and(|glob| glob.matches(text))
}

/// `filepath.Match`. A pattern that cannot be read matches nothing.
pub fn matches_filepath(pattern: &str, text: &str) -> bool {
    if is_plain(pattern) {
        return pattern == text;
    }
    if pattern == "*" {
        return !text.contains('/');
    }
    Glob::filepath(pattern).is_ok_and(|glob| glob.matches(text))
}

/// True where a text says the same in every dialect: most rules are plain names and cost no automaton.
fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', ']', '{', '}', '\\', ','])
}

/// States in force, each once.
struct Set {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl Set {
    fn new(states: usize) -> Self {
        Self { list: Vec::with_capacity(states), seen: vec![false; states] }
    }

    fn add(&mut self, state: usize) -> bool {
        let new = !std::mem::replace(&mut self.seen[state], true);
        if new {
            self.list.push(state);
        }
        new
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}

struct Reader<'a> {
    pattern: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    states: Vec<State>,
}

/// One `{` that is not closed yet.
struct Open {
    split: usize,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(pattern: &'a str) -> Result<Self, BadPattern> {
        let reader = Self { pattern, rest: pattern.chars().peekable(), states: Vec::new() };
        if pattern.chars().nth(LONGEST).is_some() { Err(reader.bad("it is too long")) } else { Ok(reader) }
    }

    fn bad(&self, why: &'static str) -> BadPattern {
        BadPattern { pattern: self.pattern.chars().take(200).collect(), why }
    }

    fn gobwas(mut self, separators: &[char]) -> Result<Glob, BadPattern> {
        let inside =
            || if separators.is_empty() { Class::Anything } else { Class::Except(separators.to_vec()) };
        let mut open: Vec<Open> = Vec::new();
        while let Some(found) = self.rest.next() {
            match found {
                '*' if self.rest.next_if_eq(&'*').is_some() => self.states.push(State::Any(Class::Anything)),
                '*' => self.states.push(State::Any(inside())),
                '?' => self.states.push(State::One(inside())),
                '[' => self.gobwas_class()?,
                '{' if open.len() == DEEPEST => return Err(self.bad("its alternatives are nested too deep")),
                '{' => {
                    self.states.push(State::Split(Vec::new()));
                    let split = self.states.len() - 1;
                    open.push(Open { split, starts: vec![split + 1], ends: Vec::new() });
                }
                ',' if !open.is_empty() => self.alternative(&mut open),
                '}' if !open.is_empty() => self.close(&mut open),
                '\\' => self.escaped()?,
                plain => self.states.push(State::One(Class::Exactly(plain))),
            }
        }
        if !open.is_empty() {
            return Err(self.bad("a { is not closed"));
        }
        Ok(self.end())
    }

    fn filepath(mut self) -> Result<Glob, BadPattern> {
        while let Some(found) = self.rest.next() {
            match found {
                '*' => self.states.push(State::Any(Class::Except(vec!['/']))),
                '?' => self.states.push(State::One(Class::Except(vec!['/']))),
                '[' => self.filepath_class()?,
                '\\' => self.escaped()?,
                plain => self.states.push(State::One(Class::Exactly(plain))),
            }
        }
        Ok(self.end())
    }

    fn end(mut self) -> Glob {
        self.states.push(State::End);
        Glob { states: self.states }
    }

    fn escaped(&mut self) -> Result<(), BadPattern> {
        let plain = self.rest.next().ok_or_else(|| self.bad("it ends with a backslash"))?;
        self.states.push(State::One(Class::Exactly(plain)));
        Ok(())
    }

    fn alternative(&mut self, open: &mut [Open]) {
        let Some(group) = open.last_mut() else { return };
        group.ends.push(self.states.len());
        self.states.push(State::Jump(0));
        group.starts.push(self.states.len());
    }

    fn close(&mut self, open: &mut Vec<Open>) {
        let Some(group) = open.pop() else { return };
        let after = self.states.len();
        for end in group.ends {
            self.states[end] = State::Jump(after);
        }
        self.states[group.split] = State::Split(group.starts);
    }

    /// `[abc]`, `[a-z]` or their negation: gobwas takes one range or one list, not both.
    fn gobwas_class(&mut self) -> Result<(), BadPattern> {
        let negated = self.rest.next_if_eq(&'!').is_some();
        let mut listed: Vec<char> = Vec::new();
        loop {
            match self.rest.next() {
                None => return Err(self.bad("a [ is not closed")),
                Some(']') => break,
                Some('\\') => listed.push(self.rest.next().ok_or_else(|| self.bad("a [ is not closed"))?),
                Some(plain) => listed.push(plain),
            }
        }
        let ranges = match listed[..] {
            [] => return Err(self.bad("a class is empty")),
            [low, '-', high] if low <= high => vec![(low, high)],
            [_, '-', _, ..] => return Err(self.bad("a class is one range or one list of characters")),
            _ => listed.iter().map(|plain| (*plain, *plain)).collect(),
        };
        self.states.push(State::One(Class::OneOf { ranges, negated }));
        Ok(())
    }

    fn filepath_class(&mut self) -> Result<(), BadPattern> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        while ranges.is_empty() || self.rest.next_if_eq(&']').is_none() {
            let low = self.class_character()?;
            let high = if self.rest.next_if_eq(&'-').is_some() { self.class_character()? } else { low };
            ranges.push((low, high));
        }
        self.states.push(State::One(Class::OneOf { ranges, negated }));
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, BadPattern> {
        match self.rest.next() {
            None => Err(self.bad("a [ is not closed")),
            Some('-' | ']') => Err(self.bad("a class holds a bare - or ]")),
            Some('\\') => self.rest.next().ok_or_else(|| self.bad("it ends with a backslash")),
            Some(plain) => Ok(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, separators: &[char], yes: &[&str], no: &[&str]) {
        let glob = Glob::gobwas(pattern, separators).expect("the pattern reads");
        for text in yes {
            assert!(glob.matches(text), "{pattern} should match {text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn without_separators_a_star_crosses_everything() {
        check("team-*", &[], &["team-", "team-a/b"], &["a-team-", "tea"]);
        check("*", &[], &["", "a/b"], &[]);
        check("{a,b{c,d},}x", &[], &["ax", "bcx", "bdx", "x"], &["bx", "abx"]);
        check("?[a-c][!xy]", &[], &["zbz"], &["zdz", "zbx", "zb"]);
        check("a\\*b,c}", &[], &["a*b,c}"], &["axb,c}"]);
    }

    #[test]
    fn with_separators_only_two_stars_cross_them() {
        check(
            "https://git.example.com/*",
            &['/'],
            &["https://git.example.com/a"],
            &["https://git.example.com/a/b"],
        );
        check(
            "https://git.example.com/**",
            &['/'],
            &["https://git.example.com/a/b"],
            &["https://git.other.com/a"],
        );
        check("a?c", &['/'], &["abc"], &["a/c"]);
    }

    #[test]
    fn filepath_classes_are_lists_of_ranges() {
        for (pattern, text, expected) in [
            ("*.example.com", "a.example.com", true),
            ("*", "a/b", false),
            ("[a-cx]*", "xyz", true),
            ("[^a]", "b", true),
            ("Cluster{Role}", "Cluster{Role}", true),
            ("[]", "a", false),
        ] {
            assert_eq!(matches_filepath(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn broken_patterns_match_nothing_and_say_why() {
        for pattern in ["[a", "{a", "a\\", "[]", "[a-zA-Z]"] {
            assert!(Glob::gobwas(pattern, &[]).is_err(), "{pattern} should be refused");
            assert!(!matches(pattern, pattern));
        }
        assert!(Glob::gobwas(&"{".repeat(100), &[]).is_err());
        assert!(Glob::gobwas(&"a".repeat(5000), &[]).is_err());
    }

    #[test]
    fn many_stars_cost_no_more_than_pattern_times_text() {
        let glob = Glob::gobwas(&"*a".repeat(500), &[]).expect("the pattern reads");
        assert!(!glob.matches(&"a".repeat(499)));
        assert!(glob.matches(&"a".repeat(2000)));
    }
}
