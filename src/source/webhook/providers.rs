//! Who sends webhooks, how to tell them apart, and where each puts what is needed.

use std::collections::BTreeSet;

use http::HeaderMap;
use serde_json::Value;

use super::{Push, Received, WebhookError, repository_key};

/// Who sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    /// Azure DevOps.
    Azure,
    /// Gogs and Gitea.
    Gogs,
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Server and Data Center.
    BitbucketServer,
}

/// Tells the provider by its header, in upstream's order: Gitea sends GitHub's headers, too, so it is asked first.
pub(super) fn recognise(headers: &HeaderMap) -> Option<Provider> {
    let by_header = [
        ("x-vss-activityid", Provider::Azure),
        ("x-gogs-event", Provider::Gogs),
        ("x-github-event", Provider::GitHub),
        ("x-gitlab-event", Provider::GitLab),
        ("x-hook-uuid", Provider::Bitbucket),
        ("x-event-key", Provider::BitbucketServer),
    ];
    by_header.into_iter().find(|(header, _)| headers.contains_key(*header)).map(|(_, provider)| provider)
}

impl Provider {
    /// The header that names the event.
    pub fn event_header(self) -> &'static str {
        match self {
            Self::Azure => "x-vss-activityid",
            Self::Gogs => "x-gogs-event",
            Self::GitHub => "x-github-event",
            Self::GitLab => "x-gitlab-event",
            Self::Bitbucket | Self::BitbucketServer => "x-event-key",
        }
    }

    /// Whether the event can be a push. Azure tells in its body only.
    pub fn is_push(self, event: &str) -> bool {
        match self {
            Self::Azure => true,
            Self::Gogs | Self::GitHub => event == "push",
            Self::GitLab => matches!(event, "Push Hook" | "Tag Push Hook" | "System Hook"),
            Self::Bitbucket => event == "repo:push",
            Self::BitbucketServer => event == "repo:refs_changed",
        }
    }

    /// Whether the event is known and moves nothing.
    pub fn is_other(self, event: &str) -> bool {
        matches!(
            (self, event),
            (Self::GitHub | Self::Gogs, "ping") | (Self::BitbucketServer, "diagnostics:ping")
        )
    }
}

/// The longest list of changed files that is kept.
const MOST_FILES: usize = 10_000;

/// Reads the body of an event that can be a push.
pub(super) fn read(provider: Provider, body: &Value) -> Result<Received, WebhookError> {
    let push = match provider {
        Provider::GitHub | Provider::Gogs => pushed(body, "repository"),
        Provider::GitLab if moves_nothing(body) => return Ok(Received::Nothing),
        Provider::GitLab => pushed(body, "project"),
        Provider::Azure if at(body, &["eventType"]) != "git.push" => return Ok(Received::Nothing),
        Provider::Azure => azure(body),
        Provider::Bitbucket => bitbucket(body),
        Provider::BitbucketServer => bitbucket_server(body),
    };
    push.filter(|push| !push.repositories.is_empty()).map(Received::Push).ok_or(WebhookError::Malformed)
}

/// System hooks of GitLab tell of users and projects, too.
fn moves_nothing(body: &Value) -> bool {
    let kind = [at(body, &["object_kind"]), at(body, &["event_name"])];
    !kind.iter().any(|kind| matches!(*kind, "push" | "tag_push"))
}

/// GitHub, Gogs, Gitea and GitLab agree on all but the names of the URLs.
fn pushed(body: &Value, repository: &str) -> Option<Push> {
    let urls = ["html_url", "clone_url", "ssh_url", "web_url", "git_http_url", "git_ssh_url", "git_url"];
    let revision = short(at(body, &["ref"]))?;
    Some(Push {
        repositories: keys(urls.iter().map(|name| at(body, &[repository, name]))),
        before: at(body, &["before"]).to_owned(),
        after: at(body, &["after"]).to_owned(),
        is_default_branch: at(body, &[repository, "default_branch"]) == revision,
        changed: changed(body),
        revision,
    })
}

fn azure(body: &Value) -> Option<Push> {
    let update = body.pointer("/resource/refUpdates/0")?;
    let name = at(update, &["name"]);
    Some(Push {
        repositories: keys([at(body, &["resource", "repository", "remoteUrl"])].into_iter()),
        revision: short(name)?,
        before: at(update, &["oldObjectId"]).to_owned(),
        after: at(update, &["newObjectId"]).to_owned(),
        is_default_branch: at(body, &["resource", "repository", "defaultBranch"]) == name,
        changed: None,
    })
}

fn bitbucket(body: &Value) -> Option<Push> {
    let change = body.pointer("/push/changes/0")?;
    // A deleted branch has nothing new.
    let name = [at(change, &["new", "name"]), at(change, &["old", "name"])];
    Some(Push {
        repositories: keys([at(body, &["repository", "links", "html", "href"])].into_iter()),
        revision: name.into_iter().find(|name| !name.is_empty())?.to_owned(),
        before: at(change, &["old", "target", "hash"]).to_owned(),
        after: at(change, &["new", "target", "hash"]).to_owned(),
        // It is not told, and asking costs a request: upstream assumes it, too.
        is_default_branch: true,
        changed: None,
    })
}

fn bitbucket_server(body: &Value) -> Option<Push> {
    let change = body.pointer("/changes/0")?;
    let clones = body.pointer("/repository/links/clone").and_then(Value::as_array)?;
    Some(Push {
        repositories: keys(clones.iter().map(|link| at(link, &["href"]))),
        revision: short(at(change, &["ref", "id"])).or_else(|| short(at(change, &["refId"])))?,
        before: at(change, &["fromHash"]).to_owned(),
        after: at(change, &["toHash"]).to_owned(),
        is_default_branch: true,
        changed: None,
    })
}

/// `refs/heads/a/b` as `a/b`.
fn short(name: &str) -> Option<String> {
    let (_, rest) = name.strip_prefix("refs/")?.split_once('/')?;
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn keys<'a>(urls: impl Iterator<Item = &'a str>) -> Vec<String> {
    let keys: BTreeSet<String> = urls.filter(|url| !url.is_empty()).take(16).map(repository_key).collect();
    keys.into_iter().filter(|key| !key.is_empty()).collect()
}

/// The union of what the commits change; none where the provider tells only some of them.
fn changed(body: &Value) -> Option<Vec<String>> {
    let commits = body.get("commits")?.as_array()?;
    let told = body.get("total_commits_count").or_else(|| body.get("total_commits")).and_then(Value::as_u64);
    if told.is_some_and(|told| told > commits.len() as u64) {
        return None;
    }
    let mut files = BTreeSet::new();
    for list in
        commits.iter().flat_map(|commit| ["added", "modified", "removed"].map(|kind| commit.get(kind)))
    {
        // Some providers leave a list out when it is empty; a list of another type tells nothing.
        for file in list.filter(|list| !list.is_null()).map(Value::as_array).into_iter().flatten().flatten() {
            files.insert(file.as_str()?);
        }
    }
    let known = !files.is_empty() && files.len() <= MOST_FILES;
    known.then(|| files.into_iter().map(str::to_owned).collect())
}

/// A text inside objects; empty where it is missing or of another type.
fn at<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    path.iter().try_fold(value, |value, name| value.get(*name)).and_then(Value::as_str).unwrap_or_default()
}
