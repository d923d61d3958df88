//! The repository rule (reference 6.3).

use std::borrow::Cow;

use model::project::AppProjectSpec;

/// Whether at least one entry matches and no denial hits. A `!x` that does not hit counts as a match.
pub(super) fn permits(spec: &AppProjectSpec, url: &str) -> bool {
    let url = canonical_url(url);
    let mut matched = false;
    for entry in &spec.source_repos {
        let pattern = match entry.strip_prefix('!') {
            Some(rest) => Cow::Owned(format!("!{}", canonical_url(rest))),
            None if entry == "*" => Cow::Borrowed("*"),
            None => Cow::Owned(canonical_url(entry)),
        };
        if super::agrees(&pattern, &url, &['/']) {
            matched = true;
        } else if super::denies(&pattern) {
            return false;
        }
    }
    matched
}

/// A repository URL as upstream compares them: lower case, trimmed, scp form as a path, without `ssh://` and `.git`.
pub fn canonical_url(url: &str) -> String {
    let mut url = url.trim().to_lowercase();
    if !url.starts_with("ssh://")
        && is_scp(&url)
        && let Some(colon) = url.find(':')
    {
        url.replace_range(colon..=colon, "/");
    }
    let url = url.strip_suffix(".git").unwrap_or(&url);
    url.strip_prefix("ssh://").unwrap_or(url).to_owned()
}

/// `user@host:path`: a user without `/` or `:` before the only `@`.
fn is_scp(url: &str) -> bool {
    url.split_once('@')
        .is_some_and(|(user, rest)| !user.contains(['/', ':']) && !rest.is_empty() && !rest.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(repos: &[&str], yes: &[&str], no: &[&str]) {
        let source_repos = repos.iter().map(|repo| (*repo).to_owned()).collect();
        let spec = AppProjectSpec { source_repos, ..AppProjectSpec::default() };
        for url in yes {
            assert!(permits(&spec, url), "{repos:?} should permit {url}");
        }
        for url in no {
            assert!(!permits(&spec, url), "{repos:?} should deny {url}");
        }
    }

    #[test]
    fn urls_are_compared_in_canonical_form() {
        check(
            &["https://Git.example.com/shop.git"],
            &["https://git.example.com/shop", " https://git.example.com/SHOP.git "],
            &["https://git.example.com/shop2", "git.example.com/shop"],
        );
        check(
            &["git@git.example.com:team/shop.git"],
            &["ssh://git@git.example.com/team/shop", "git@git.example.com:team/shop"],
            &["git@git.example.com:team/other"],
        );
    }

    #[test]
    fn a_star_stops_at_a_slash_but_a_lone_one_is_everything() {
        check(&["*"], &["https://a.example/b/c"], &[]);
        check(&["https://a.example/*"], &["https://a.example/b"], &["https://a.example/b/c"]);
        check(&["https://a.example/**"], &["https://a.example/b/c"], &["https://b.example/c"]);
        check(&[], &[], &["https://a.example/b"]);
    }

    #[test]
    fn denials_win_and_alone_they_permit_the_rest() {
        check(&["!https://a.example/bad"], &["https://a.example/good"], &["https://a.example/bad"]);
        check(
            &["*", "!https://a.example/secret*"],
            &["https://a.example/open"],
            &["https://a.example/secrets", "https://A.example/SECRET.git"],
        );
        check(&["*", "![a"], &[], &["https://a.example/anything"]);
    }
}
