//! What a commit says about itself.

use git2::Oid;
use jiff::Timestamp;
use model::time::Time;

use super::store::Handle;

/// A commit's own words, for the page. All of it is untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// First line of the message, at most 200 characters.
    pub subject: String,
    /// Name of the author.
    pub author: String,
    /// When it was committed.
    pub date: Time,
}

/// Characters of a text that are kept.
const SHOWN: usize = 200;

impl CommitInfo {
    pub(super) fn read(handle: &Handle, commit: Oid) -> Result<Self, git2::Error> {
        let commit = handle.find_commit(commit)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let subject = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
        let date = Timestamp::from_second(commit.time().seconds()).unwrap_or_default();
        Ok(Self { subject: shown(subject), author: shown(&author), date: Time(date) })
    }
}

/// The text without control characters, cut to what a page can show.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
