//! From a revision as users write it to a commit (reference section 2.2).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use git2::Oid;

use super::error::GitError;

/// A commit's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub(super) Oid);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CommitId {
    type Err = GitError;

    /// Reads a full id: 40 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, GitError> {
        let full = text.len() == 40 && is_hex(text);
        let id = full.then(|| Oid::from_str(text).ok()).flatten();
        id.map(Self).ok_or_else(|| GitError::BadRevision {
            revision: text.to_owned(),
            why: "a commit id has 40 hexadecimal digits",
        })
    }
}

/// What to resolve.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `targetRevision`; empty means `HEAD`.
    pub revision: &'a str,
    /// `tagPrefix`: only tags with it count for constraints, and it is cut off before versions are compared.
    pub tag_prefix: &'a str,
}

impl<'a> Wanted<'a> {
    /// A revision without a tag prefix.
    pub fn new(revision: &'a str) -> Self {
        Self { revision, tag_prefix: "" }
    }
}

/// How versions are read and compared; the caller brings the rules of Helm's version library.
pub trait Versions {
    /// Whether the text is a version, to be taken literally.
    fn is_version(&self, text: &str) -> bool;

    /// The newest of `tags` that satisfies `constraint`; the outer none where that is no constraint at all.
    fn newest<'t>(&self, constraint: &str, tags: &[&'t str]) -> Option<Option<&'t str>>;
}

/// No version rules: every revision is a name.
pub struct NamesOnly;

impl Versions for NamesOnly {
    fn is_version(&self, _text: &str) -> bool {
        false
    }

    fn newest<'t>(&self, _constraint: &str, _tags: &[&'t str]) -> Option<Option<&'t str>> {
        None
    }
}

/// A commit, and the name that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit; an annotated tag is followed to it.
    pub commit: CommitId,
    /// Full name of the branch or tag (`refs/heads/main`); none where the revision is a commit id.
    pub reference: Option<String>,
}

/// A repository's names, wherever they are looked up.
pub(super) trait References {
    /// The branch HEAD stands for, or nothing where that is no branch or not known.
    fn head(&self) -> Result<Option<(String, Oid)>, GitError>;
    /// The commit of a full name, tags followed.
    fn find(&self, name: &str) -> Result<Option<Oid>, GitError>;
    /// Full names of all tags.
    fn tags(&self) -> Result<Vec<String>, GitError>;
}

/// What a revision turned out to be.
pub(super) enum Meaning {
    /// A name that is there.
    Named(Resolved),
    /// A full commit id, which needs no names.
    Commit(CommitId),
    /// Perhaps the start of a commit id.
    Abbreviated,
    /// Nothing that is there; the words say what to look at.
    Unknown(String),
}

/// The longest revision that is read, in bytes.
const LONGEST: usize = 512;

/// Reads a revision in upstream's order: full id, version, constraint over tags, name, abbreviated id.
pub(super) fn resolve(
    wanted: Wanted<'_>,
    names: &dyn References,
    versions: &dyn Versions,
) -> Result<Meaning, GitError> {
    let revision = checked(wanted.revision)?;
    if let Ok(commit) = revision.parse() {
        return Ok(Meaning::Commit(commit));
    }
    if revision.is_empty() || revision == "HEAD" {
        let head = names.head()?;
        return Ok(match head {
            Some((name, id)) => named(name, id),
            None => Meaning::Unknown("its HEAD names no branch that exists (is it empty?)".to_owned()),
        });
    }
    // Listing tags costs more than asking whether the text is a constraint at all.
    if !versions.is_version(revision) && versions.newest(revision, &[]).is_some() {
        let tags = names.tags()?;
        if let Some(found) = newest(wanted, revision, &tags, versions) {
            return by_constraint(found, names, tags.len());
        }
    }
    for prefix in ["", "refs/heads/", "refs/tags/", "refs/", "refs/remotes/"] {
        let name = format!("{prefix}{revision}");
        if !name.starts_with("refs/") {
            continue;
        }
        if let Some(id) = names.find(&name)? {
            return Ok(named(name, id));
        }
    }
    let abbreviated = revision.len() >= 7 && revision.len() < 40 && is_hex(revision);
    Ok(if abbreviated {
        Meaning::Abbreviated
    } else {
        Meaning::Unknown("no branch, tag or commit has this name; check targetRevision".to_owned())
    })
}

/// The newest tag in range, by its full name.
fn newest<'t>(
    wanted: Wanted<'_>,
    constraint: &str,
    tags: &'t [String],
    versions: &dyn Versions,
) -> Option<Option<&'t str>> {
    let version = |tag: &'t String| tag.strip_prefix("refs/tags/")?.strip_prefix(wanted.tag_prefix);
    let known: Vec<(&str, &String)> = tags.iter().filter_map(|tag| Some((version(tag)?, tag))).collect();
    let texts: Vec<&str> = known.iter().map(|(version, _)| *version).collect();
    let found = versions.newest(constraint, &texts)?;
    Some(
        found
            .and_then(|found| known.iter().find(|(version, _)| *version == found))
            .map(|(_, tag)| tag.as_str()),
    )
}

fn by_constraint(found: Option<&str>, names: &dyn References, tags: usize) -> Result<Meaning, GitError> {
    let id = found.map(|name| names.find(name)).transpose()?.flatten();
    Ok(match (found, id) {
        (Some(name), Some(id)) => named(name.to_owned(), id),
        _ => Meaning::Unknown(format!("none of its {tags} tags is a version in this range")),
    })
}

fn named(name: String, id: Oid) -> Meaning {
    Meaning::Named(Resolved { commit: CommitId(id), reference: Some(name) })
}

/// Nothing windlass does hands a revision to a program; what could only be meant for one is refused all the same.
fn checked(revision: &str) -> Result<&str, GitError> {
    let revision = revision.trim();
    let why = if revision.len() > LONGEST {
        "it is too long"
    } else if revision.chars().any(char::is_control) {
        "it holds a control character"
    } else if revision.starts_with('-') {
        "it starts like an option"
    } else {
        return Ok(revision);
    };
    Err(GitError::BadRevision { revision: revision.chars().take(100).collect(), why })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A remote's names as it last listed them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteRefs {
    /// The branch that HEAD names, where the server says so.
    pub(super) head_name: Option<String>,
    /// The commit of HEAD.
    pub(super) head: Option<Oid>,
    /// Full name to commit, tags followed.
    pub(super) names: BTreeMap<String, Oid>,
}

impl RemoteRefs {
    /// Names that lead to this commit, branches first.
    pub(super) fn leading_to(&self, commit: Oid) -> Option<&str> {
        self.names.iter().find(|(_, id)| **id == commit).map(|(name, _)| name.as_str())
    }

    /// Takes one line of the remote's list; `name^{}` is the commit behind an annotated tag.
    pub(super) fn insert(&mut self, name: &str, id: Oid, symref: Option<&str>) {
        if name == "HEAD" {
            (self.head, self.head_name) = (Some(id), symref.map(str::to_owned));
        } else if let Some(tag) = name.strip_suffix("^{}") {
            self.names.insert(tag.to_owned(), id);
        } else if name.starts_with("refs/") {
            self.names.insert(name.to_owned(), id);
        }
    }
}

impl References for RemoteRefs {
    fn head(&self) -> Result<Option<(String, Oid)>, GitError> {
        // An old server tells HEAD's commit only.
        let name = self.head_name.clone().unwrap_or_else(|| "HEAD".to_owned());
        Ok(self.head.map(|id| (name, id)))
    }

    fn find(&self, name: &str) -> Result<Option<Oid>, GitError> {
        Ok(self.names.get(name).copied())
    }

    fn tags(&self) -> Result<Vec<String>, GitError> {
        let tags = self.names.range("refs/tags/".to_owned()..).map(|(name, _)| name);
        Ok(tags.take_while(|name| name.starts_with("refs/tags/")).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Versions of three numbers, and constraints of the form `>=x`.
    struct Simple;

    impl Versions for Simple {
        fn is_version(&self, text: &str) -> bool {
            numbers(text).is_some()
        }

        fn newest<'t>(&self, constraint: &str, tags: &[&'t str]) -> Option<Option<&'t str>> {
            let least = numbers(constraint.strip_prefix(">=")?)?;
            let fitting = tags
                .iter()
                .filter_map(|tag| Some((numbers(tag)?, *tag)))
                .filter(|(version, _)| *version >= least);
            Some(fitting.max().map(|(_, tag)| tag))
        }
    }

    fn numbers(text: &str) -> Option<Vec<u32>> {
        let parts: Vec<u32> =
            text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        (parts.len() == 3).then_some(parts)
    }

    fn remote() -> RemoteRefs {
        let mut refs = RemoteRefs::default();
        let lines = [
            ("HEAD", 1),
            ("refs/heads/main", 1),
            ("refs/heads/release", 2),
            ("refs/heads/1.0.0", 3),
            ("refs/tags/v1.0.0", 4),
            ("refs/tags/v1.2.0", 9),
            ("refs/tags/v1.2.0^{}", 5),
            ("refs/tags/app-2.0.0", 6),
            ("refs/tags/release", 7),
            ("refs/pull/1/head", 8),
        ];
        for (name, seed) in lines {
            refs.insert(
                name,
                Oid::from_bytes(&[seed; 20]).expect("it has 20 bytes"),
                (name == "HEAD").then_some("refs/heads/main"),
            );
        }
        refs
    }

    #[track_caller]
    fn check(revision: &str, tag_prefix: &str, expected: &str) {
        let found = match resolve(Wanted { revision, tag_prefix }, &remote(), &Simple) {
            Ok(Meaning::Named(found)) => {
                format!("{} {}", found.reference.unwrap_or_default(), &found.commit.to_string()[..2])
            }
            Ok(Meaning::Commit(id)) => format!("commit {}", &id.to_string()[..2]),
            Ok(Meaning::Abbreviated) => "abbreviated".to_owned(),
            Ok(Meaning::Unknown(why)) => why,
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{revision}");
    }

    #[test]
    fn names_and_ids() {
        check("", "", "refs/heads/main 01");
        check("HEAD", "", "refs/heads/main 01");
        check("main", "", "refs/heads/main 01");
        check("refs/heads/main", "", "refs/heads/main 01");
        check("heads/main", "", "refs/heads/main 01");
        check("release", "", "refs/heads/release 02");
        check("refs/tags/release", "", "refs/tags/release 07");
        check("pull/1/head", "", "refs/pull/1/head 08");
        check("1.0.0", "", "refs/heads/1.0.0 03");
        check("v1.2.0", "", "refs/tags/v1.2.0 05");
        check("abababababababababababababababababababab", "", "commit ab");
        check("abababa", "", "abbreviated");
        check("ababab", "", "no branch, tag or commit has this name; check targetRevision");
        check("--upload-pack=id", "", "revision \"--upload-pack=id\" is refused: it starts like an option");
        check("a\nb", "", "revision \"a\\nb\" is refused: it holds a control character");
    }

    #[test]
    fn constraints_look_at_tags_only() {
        check(">=1.0.0", "", "refs/tags/v1.2.0 05");
        check(">=3.0.0", "", "none of its 4 tags is a version in this range");
        check(">=1.0.0", "app-", "refs/tags/app-2.0.0 06");
    }
}
