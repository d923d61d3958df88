//! The globs of `.Files.Glob`: `/` separates names, `*` and `?` stay inside one, `**` crosses them anywhere.

use regex::Regex;

/// A compiled glob. A text that is no glob matches everything, as in Helm.
pub(crate) struct Glob(Option<Regex>);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let pattern = translate(pattern).unwrap_or_else(|| "(?s).*".to_owned());
        Self(Regex::new(&format!("^(?:{pattern})$")).ok())
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(path))
    }
}

/// Longest glob that is translated: a longer one is no glob.
const LONGEST: usize = 4096;
/// Deepest nesting of alternatives.
const DEEPEST: usize = 50;

/// The regular expression of a glob; none where it is malformed.
fn translate(pattern: &str) -> Option<String> {
    if pattern.len() > LONGEST {
        return None;
    }
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut depth = 0;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => out.push_str("(?s:.*)"),
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => out.push_str(&class(&mut rest)?),
            '{' if depth < DEEPEST => {
                depth += 1;
                out.push_str("(?:");
            }
            '{' => return None,
            ',' if depth > 0 => out.push('|'),
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            '\\' => out.extend(rest.next().map(escaped)),
            c => out.push_str(&escaped(c)),
        }
    }
    // An alternative that is left open ends with the text.
    out.extend(std::iter::repeat_n(')', depth));
    Some(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A class after its opening bracket: either one range or a list of characters, never both.
fn class(rest: &mut Chars<'_>) -> Option<String> {
    let negated = rest.next_if_eq(&'!').is_some();
    let first = rest.next()?;
    let inside = if rest.next_if_eq(&'-').is_some() {
        let last = rest.next()?;
        if last < first || rest.next() != Some(']') {
            return None;
        }
        format!("{}-{}", class_char(first), class_char(last))
    } else {
        list(first, rest)?
    };
    Some(format!("[{}{inside}]", if negated { "^" } else { "" }))
}

fn list(first: char, rest: &mut Chars<'_>) -> Option<String> {
    let mut inside = String::new();
    let mut next = Some(first);
    loop {
        match next? {
            ']' => break,
            '\\' => inside.push_str(&class_char(rest.next()?)),
            c => inside.push_str(&class_char(c)),
        }
        next = rest.next();
    }
    (!inside.is_empty()).then_some(inside)
}

fn class_char(c: char) -> String {
    if c.is_alphanumeric() { c.to_string() } else { format!("\\x{{{:x}}}", c as u32) }
}

fn escaped(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(Glob::new(pattern).matches(path), expected, "{pattern} on {path}");
    }

    #[test]
    fn globs_read_as_gobwas_reads_them() {
        check("*.yaml", "a.yaml", true);
        check("*.yaml", "a/b.yaml", false);
        check("**.yaml", "a/b.yaml", true);
        check("**", "a/b/c", true);
        check("a/**/c", "a/b/b/c", true);
        check("a?c", "a/c", false);
        check("[a-c].txt", "b.txt", true);
        check("[!a-c].txt", "b.txt", false);
        check("[xyz]", "y", true);
        check("{a,b}/*.{yaml,yml}", "b/x.yml", true);
        check("a.b", "axb", false);
        check("a\\*b", "a*b", true);
        check("[a", "whatever", true);
        check("conf/{x,y}.*", "conf/y.yml", true);
        check("~/`x`<y>&z%#@!$^()+|", "~/`x`<y>&z%#@!$^()+|", true);
    }
}
