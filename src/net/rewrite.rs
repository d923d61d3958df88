//! Mirrors: what windlass asks instead of a URL as written (`--rewrite-url FROM=TO`).

use std::str::FromStr;

use reqwest::Url;

/// One rule: URLs that start with `from` are asked with `to` in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteRule {
    /// Prefix of URLs as users write them.
    pub from: String,
    /// What stands there instead.
    pub to: String,
}

/// Why a text is not a rewrite rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rewrite rule: write FROM=TO, two URL prefixes that are not empty")]
pub struct RewriteError(String);

impl FromStr for RewriteRule {
    type Err = RewriteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The text may hold a password: only its form is shown.
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                Ok(Self { from: from.to_owned(), to: to.to_owned() })
            }
            _ => Err(RewriteError(text.chars().take(100).collect())),
        }
    }
}

/// The rules in force. The longest prefix wins, as with Git's `url.<base>.insteadOf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewriteRules(Vec<RewriteRule>);

/// Where a URL really leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The URL to ask.
    pub url: Url,
    /// True where an operator's rule or configuration names the host, so that it may be near (see `EgressPolicy`)
    /// and credentials of the URL as written may go there.
    pub vouched: bool,
}

impl RewriteRules {
    /// Takes rules in any order; of two with the same prefix the first wins.
    pub fn new(rules: impl IntoIterator<Item = RewriteRule>) -> Self {
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        Self(rules)
    }

    /// The URL after the rules, where one of them matches.
    pub fn apply(&self, url: &str) -> Option<String> {
        self.0.iter().find_map(|rule| Some(format!("{}{}", rule.to, url.strip_prefix(&rule.from)?)))
    }

    /// Where an HTTP URL leads.
    ///
    /// # Errors
    /// When the result is not a URL.
    pub fn target(&self, url: &str) -> Result<Target, super::HttpError> {
        let rewritten = self.apply(url);
        let vouched = rewritten.is_some();
        let text = rewritten.as_deref().unwrap_or(url);
        let url = Url::parse(text).map_err(|why| super::HttpError::NotAUrl { why: why.to_string() })?;
        Ok(Target { url, vouched })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &[&str], url: &str, expected: &str) {
        let rules = RewriteRules::new(rules.iter().map(|rule| rule.parse().expect("it is a rule")));
        assert_eq!(rules.apply(url).as_deref().unwrap_or("(as written)"), expected);
    }

    #[test]
    fn the_longest_prefix_wins() {
        let rules = ["https://github.com/=http://mirror/", "https://github.com/acme/=file:///srv/acme/"];
        check(&rules, "https://github.com/acme/web.git", "file:///srv/acme/web.git");
        check(&rules, "https://github.com/other/web.git", "http://mirror/other/web.git");
        check(&rules, "https://gitlab.com/acme/web.git", "(as written)");
        check(&["git@github.com:=https://mirror/"], "git@github.com:a/b", "https://mirror/a/b");
    }

    #[test]
    fn a_rule_needs_both_sides() {
        for text in ["", "=", "a=", "=b", "https://a"] {
            assert!(text.parse::<RewriteRule>().is_err(), "{text:?} was accepted");
        }
    }
}
