//! Repository URLs as users write them, read once.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;

use crate::net::{Secret, without_user_info};

/// A repository's URL, checked: what it can lead to, and nothing that a Git library could take for an option.
#[derive(Clone)]
pub struct RepositoryUrl {
    place: Place,
    written: Secret,
    shown: String,
}

/// Where a repository is.
#[derive(Clone)]
pub enum Place {
    /// Over HTTP, encrypted or not.
    Http(Url),
    /// Over SSH.
    Ssh(SshPlace),
    /// On this machine.
    Local(PathBuf),
}

/// A repository behind an SSH server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshPlace {
    /// User; `git` where none is written.
    pub user: String,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path as the server is asked for it: absolute, or (short form) relative to the user's home.
    pub path: String,
    /// Written as `user@host:path`.
    pub short: bool,
}

/// Why a text is no repository URL. User info is never part of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "repository URL {shown:?} is refused: {why}; write https://, ssh://, user@host:path, file:// or a path"
)]
pub struct UrlError {
    /// The text as it may be shown.
    pub shown: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl RepositoryUrl {
    /// Reads a URL: `https://`, `http://`, `ssh://`, `user@host:path`, `file://` or an absolute path.
    ///
    /// # Errors
    /// When it has another scheme, or a part that could be taken for an option or a control sequence (T05).
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let written = text.trim();
        let shown = shown(written);
        let place = place(written).map_err(|why| UrlError { shown: shown.clone(), why })?;
        Ok(Self { place, written: Secret::from(written), shown })
    }

    /// Where it leads.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The text as written, which may hold a password: for matching rules, never for showing.
    pub fn as_written(&self) -> &str {
        self.written.expose()
    }

    /// The user info of the URL itself, which decides what the server shows: for telling mirrors apart only.
    pub(super) fn login(&self) -> String {
        match &self.place {
            Place::Http(url) => format!("{}:{}", url.username(), url.password().unwrap_or_default()),
            Place::Ssh(ssh) => ssh.user.clone(),
            Place::Local(_) => String::new(),
        }
    }

    /// What two spellings of one repository have in common (see [`normalised`]).
    pub fn key(&self) -> String {
        normalised(self.as_written())
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for SshPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user: _, host, port, path, short: _ } = self;
        write!(f, "ssh://{host}:{port}/{}", path.trim_start_matches('/'))
    }
}

/// One text for all spellings of a URL that mean the same repository: lower-case host, no user info, no `.git`, no
/// slash at the end, `user@host:path` as `ssh://host/path`. The path's case is kept, as servers tell them apart.
pub fn normalised(url: &str) -> String {
    let url = url.trim();
    let spelt = match split_scp(url) {
        Some((_, host, path)) => {
            format!("ssh://{}/{}", host.to_ascii_lowercase(), path.trim_start_matches('/'))
        }
        None => match Url::parse(url) {
            Ok(mut parsed) if parsed.has_host() => {
                if parsed.scheme() == "ssh" && parsed.port() == Some(22) {
                    let _ = parsed.set_port(None);
                }
                let host = parsed.host_str().map(str::to_ascii_lowercase);
                let _ = parsed.set_host(host.as_deref());
                without_user_info(&parsed)
            }
            _ => url.strip_prefix("file://").unwrap_or(url).to_owned(),
        },
    };
    let spelt = spelt.trim_end_matches('/');
    spelt.strip_suffix(".git").unwrap_or(spelt).trim_end_matches('/').to_owned()
}

/// The URL as upstream writes it in labels of metrics: in lower case, without `.git` and `ssh://`, never with a password.
pub fn label_of(url: &str) -> String {
    let spelt = normalised(url).to_lowercase();
    let spelt = spelt.strip_prefix("ssh://").unwrap_or(&spelt);
    spelt.chars().take(LONGEST_LABEL).collect()
}

/// Longest label, in characters.
const LONGEST_LABEL: usize = 256;

fn place(text: &str) -> Result<Place, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    if text.starts_with('-') {
        return Err("it starts like an option");
    }
    if text.starts_with('/') {
        return Ok(Place::Local(PathBuf::from(text)));
    }
    if let Some((user, host, path)) = split_scp(text) {
        return ssh(user, host, 22, path, true).map(Place::Ssh);
    }
    let url = Url::parse(text).map_err(|_| "it cannot be read")?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(Place::Http(url)),
        "ssh" | "git+ssh" | "ssh+git" => ssh_url(&url).map(Place::Ssh),
        "file" => url.to_file_path().map(Place::Local).map_err(|()| "a file URL needs an absolute path"),
        _ => Err("its scheme is not supported"),
    }
}

/// `[user@]host:path`, Git's short form for SSH: a colon before any slash, and no `//` right behind it.
fn split_scp(text: &str) -> Option<(&str, &str, &str)> {
    let (before, path) = text.split_once(':')?;
    if before.contains('/') || path.starts_with("//") || path.starts_with(':') {
        return None;
    }
    let (user, host) = before.rsplit_once('@').unwrap_or(("", before));
    Some((user, host, path))
}

fn ssh_url(url: &Url) -> Result<SshPlace, &'static str> {
    let host = url.host_str().ok_or("it names no host")?;
    if url.password().is_some_and(|password| !password.is_empty()) {
        return Err("SSH passwords are not supported, use a key");
    }
    ssh(url.username(), host, url.port().unwrap_or(22), url.path(), false)
}

fn ssh(user: &str, host: &str, port: u16, path: &str, short: bool) -> Result<SshPlace, &'static str> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || path.trim_matches('/').is_empty() {
        return Err("it names no host or no path");
    }
    if [user, host, path].iter().any(|part| part.starts_with('-')) {
        return Err("a part of it starts like an option");
    }
    if path.contains(['\'', '"', '`', '\\', '$']) || host.contains(['/', '@', '%']) {
        return Err("it holds a character that is not allowed there");
    }
    let user = if user.is_empty() { "git" } else { user };
    Ok(SshPlace {
        user: user.to_owned(),
        host: host.to_ascii_lowercase(),
        port,
        path: path.to_owned(),
        short,
    })
}

/// The text without user info, whether it can be read or not.
pub fn shown(text: &str) -> String {
    if split_scp(text).is_some() || text.starts_with('/') {
        return text.escape_debug().take(500).collect();
    }
    match Url::parse(text) {
        Ok(url) => without_user_info(&url),
        Err(_) => {
            let after = text.rsplit_once('@').map_or(text, |(_, after)| after);
            after.split(['?', '#']).next().unwrap_or_default().escape_debug().take(500).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = match RepositoryUrl::parse(text) {
            Err(error) => error.why.to_owned(),
            Ok(url) => match url.place() {
                Place::Http(url) => url.to_string(),
                Place::Ssh(ssh) => format!("{}@{} port {} path {}", ssh.user, ssh.host, ssh.port, ssh.path),
                Place::Local(path) => path.display().to_string(),
            },
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn the_usual_spellings_are_read() {
        check("https://github.com/acme/web.git", "https://github.com/acme/web.git");
        check("git@github.com:acme/web.git", "git@github.com port 22 path acme/web.git");
        check("ssh://deploy@Git.example.com:2222/srv/web", "deploy@git.example.com port 2222 path /srv/web");
        check("ssh://git@host/~/web", "git@host port 22 path /~/web");
        check("file:///srv/git/web.git", "/srv/git/web.git");
        check("/srv/git/web.git", "/srv/git/web.git");
    }

    #[test]
    fn what_a_git_program_could_take_for_an_option_is_refused() {
        check("--upload-pack=touch /tmp/x", "it starts like an option");
        check("ext::sh -c id", "its scheme is not supported");
        check("ssh://-oProxyCommand=id/x", "a part of it starts like an option");
        check("git@-oProxyCommand=id:x", "a part of it starts like an option");
        check("git@host:-x", "a part of it starts like an option");
        check("ssh://git@host/a'b", "it holds a character that is not allowed there");
        check("https://host/a\nb", "it holds a control character");
        check("ftp://host/x", "its scheme is not supported");
        check("file://relative/x", "a file URL needs an absolute path");
        check("relative/path", "it cannot be read");
        check("", "it is empty");
    }

    #[test]
    fn spellings_of_one_repository_are_equal() {
        let same = [
            "https://GitHub.com/acme/web.git",
            "https://me:token@github.com/acme/web/",
            "https://github.com:443/acme/web",
        ];
        for url in same {
            assert_eq!(normalised(url), "https://github.com/acme/web", "{url}");
        }
        assert_eq!(normalised("git@github.com:acme/web.git"), normalised("ssh://git@github.com:22/acme/web"));
        assert_eq!(normalised("file:///srv/a.git"), normalised("/srv/a"));
        assert_ne!(normalised("https://github.com/Acme/web"), normalised("https://github.com/acme/web"));
    }

    #[test]
    fn user_info_is_never_shown() {
        let urls = [
            "https://me:hunter2@h/x?token=hunter2",
            "ftp://me:hunter2@h/x",
            "https://me:hunter2@[/x",
            "ssh://me:hunter2@h/x",
        ];
        for url in urls {
            let shown = match RepositoryUrl::parse(url) {
                Ok(url) => format!("{url} {url:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
