//! Which sources a push touches (reference sections 8.3 and 8.4).

use model::application::Source;
use model::tree::TreePath;

use super::Push;
use crate::source::git::Versions;

/// What all URLs of one repository have in common: host and path in lower case, without scheme, user, port,
/// `ssh.`/`altssh.`, `.git`. Keep Applications by it, so that a push to an unknown repository costs one look-up.
pub fn repository_key(url: &str) -> String {
    let url = url.trim();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let scheme = rest.len() != url.len();
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let cut = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // Behind a scheme a colon starts the port, else (`git@host:path`) the path; a number alone is a port in both.
    let (host, port_or_path) = authority.split_once(':').unwrap_or((authority, ""));
    let is_port =
        scheme || (!port_or_path.is_empty() && port_or_path.bytes().all(|byte| byte.is_ascii_digit()));
    let start = if is_port { "" } else { port_or_path };
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("altssh.").or_else(|| host.strip_prefix("ssh.")).unwrap_or(&host);
    let path = format!("{start}{path}").to_lowercase();
    let path = path.trim_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

/// Whether a push touches what a source names. `generate_paths` is the Application's annotation
/// `argocd.argoproj.io/manifest-generate-paths`.
pub fn affects(source: &Source, generate_paths: Option<&str>, push: &Push, versions: &dyn Versions) -> bool {
    let key = repository_key(&source.repo_url);
    push.repositories.contains(&key)
        && is_revision(source, push, versions)
        && push.changed.as_deref().is_none_or(|files| files_are_relevant(generate_paths, &source.path, files))
}

fn is_revision(source: &Source, push: &Push, versions: &dyn Versions) -> bool {
    let wanted = source.target_revision.trim();
    if matches!(wanted, "" | "HEAD") {
        return push.is_default_branch;
    }
    let short =
        wanted.strip_prefix("refs/heads/").or_else(|| wanted.strip_prefix("refs/tags/")).unwrap_or(wanted);
    if short == push.revision {
        return true;
    }
    let tag = push.revision.strip_prefix(source.tag_prefix.as_str());
    tag.is_some_and(|tag| {
        !versions.is_version(wanted) && matches!(versions.newest(wanted, &[tag]), Some(Some(_)))
    })
}

/// Whether one of the changed files concerns a source in `path`, by the paths that its Application lists (`;`
/// between them, `/` in front: from the repository's root). Without a list every file does.
pub fn files_are_relevant(generate_paths: Option<&str>, path: &str, files: &[String]) -> bool {
    let Some(listed) = generate_paths.filter(|listed| !listed.trim().is_empty()) else { return true };
    if files.is_empty() {
        return true;
    }
    let base = TreePath::new(path).unwrap_or_default();
    let listed = listed.split(';').map(str::trim).filter(|path| !path.is_empty());
    let wanted: Vec<TreePath> = listed
        .filter_map(|path| match path.strip_prefix('/') {
            Some(from_root) => TreePath::new(from_root.trim_start_matches('/')).ok(),
            None => base.join(path).ok(),
        })
        .collect();
    files.iter().any(|file| {
        // A name that is no path of a tree cannot be told from any other: it counts.
        let Ok(file) = TreePath::new(file) else { return true };
        wanted.iter().any(|wanted| file.below(wanted).is_some() || matches(wanted, &file))
    })
}

/// Go's `filepath.Match`: the same number of names, each matching its own pattern.
fn matches(pattern: &TreePath, file: &TreePath) -> bool {
    let (mut patterns, mut names) = (pattern.names(), file.names());
    loop {
        match (patterns.next(), names.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if name_matches(pattern, name) => {}
            _ => return false,
        }
    }
}

/// `*`, `?`, `[a-z]` and `[^a-z]` in one name; a malformed pattern matches nothing. Steps back to the last star
/// only, so the time is at most the product of the lengths.
fn name_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, in_name));
            at += 1;
            continue;
        }
        if at == pattern.len() && in_name == name.len() {
            return true;
        }
        let step = name.get(in_name).and_then(|char| one(&pattern[at..], *char));
        match (step, star) {
            (Some(step), _) => {
                at += step;
                in_name += 1;
            }
            (None, Some((after, taken))) if taken < name.len() => {
                star = Some((after, taken + 1));
                (at, in_name) = (after, taken + 1);
            }
            _ => return false,
        }
    }
}

/// How much of the pattern matches one character; none where it does not.
fn one(pattern: &[char], char: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == char).then_some(2),
        ['[', rest @ ..] => {
            let end = rest.iter().skip(1).position(|c| *c == ']')? + 1;
            let negated = rest.first() == Some(&'^');
            let class = &rest[usize::from(negated)..end];
            (in_class(class, char) != negated).then_some(end + 2)
        }
        [plain, ..] => (*plain == char).then_some(1),
        [] => None,
    }
}

fn in_class(class: &[char], char: char) -> bool {
    match class {
        [low, '-', high, rest @ ..] => (*low..=*high).contains(&char) || in_class(rest, char),
        [one, rest @ ..] => *one == char || in_class(rest, char),
        [] => false,
    }
}
