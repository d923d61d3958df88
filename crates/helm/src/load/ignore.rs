//! `.helmignore`: which entries of a chart folder are left out.

use crate::pattern::{BadPattern, Pattern};

/// The rules of one chart, in order; the first that decides ends the look.
#[derive(Debug, Default)]
pub(crate) struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    negated: bool,
    folders_only: bool,
    whole_path: bool,
}

/// Why a rule file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// Helm knows no `**` here.
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
    /// A rule is no shell pattern.
    #[error("syntax error in pattern")]
    Pattern,
}

impl IgnoreRules {
    /// Reads a rule file; the hidden files of `templates/` are always left out.
    pub(crate) fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Self::default();
        for line in text.lines() {
            rules.add(line)?;
        }
        rules.add("templates/.?*")?;
        Ok(rules)
    }

    fn add(&mut self, line: &str) -> Result<(), IgnoreError> {
        let rule = line.trim();
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(());
        }
        if rule.contains("**") {
            return Err(IgnoreError::DoubleStar);
        }
        Pattern::new(rule).map_err(|BadPattern| IgnoreError::Pattern)?;
        let (negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (folders_only, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let (rooted, rule) = rule.strip_prefix('/').map_or((false, rule), |rest| (true, rest));
        let pattern = Pattern::new(rule).map_err(|BadPattern| IgnoreError::Pattern)?;
        self.rules.push(Rule { pattern, negated, folders_only, whole_path: rooted || rule.contains('/') });
        Ok(())
    }

    /// True where the entry at `path` (relative to the chart) is left out.
    ///
    /// Upstream's reading of a negated rule is kept: whatever it does not match is left out at once.
    pub(crate) fn ignores(&self, path: &str, folder: bool) -> bool {
        for rule in &self.rules {
            if rule.negated {
                if (rule.folders_only && !folder) || !rule.matches(path) {
                    return true;
                }
            } else if (folder || !rule.folders_only) && rule.matches(path) {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        let name = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.pattern.matches(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, path: &str, folder: bool, expected: bool) {
        let rules = IgnoreRules::parse(rules).expect("the rules are well formed");
        assert_eq!(rules.ignores(path, folder), expected, "{path}");
    }

    #[test]
    fn rules_decide_in_order() {
        check("*.txt\n", "docs/a.txt", false, true);
        check("docs/*.txt", "docs/a.txt", false, true);
        check("docs/*.txt", "docs/b/a.txt", false, false);
        check("/a.txt", "b/a.txt", false, false);
        check("docs/", "docs", true, true);
        check("docs/", "docs", false, false);
        check("# note\n\n", "x", false, false);
        check("", "templates/.hidden", false, true);
        check("!a.txt\n*.txt\n", "Chart.yaml", false, true);
        check("!a.txt\n*.txt\n", "a.txt", false, true);
    }

    #[test]
    fn bad_rules_are_refused() {
        assert_eq!(IgnoreRules::parse("**/x").err(), Some(IgnoreError::DoubleStar));
        assert_eq!(IgnoreRules::parse("[a").err(), Some(IgnoreError::Pattern));
    }
}
