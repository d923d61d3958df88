//! What is kept of an application between two runs. All of it can be thrown away: the next run makes it anew.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use model::application::SyncStatusCode;
use model::{Application, Gvk, ObjectKey, Time};
use sync::plan::{Answer, Apply};

use super::compare::Rules;
use super::queue::Depth;
use super::render::Kept;
use crate::source::git::Repository;

/// What one application's runs hand on to each other.
#[derive(Default)]
pub struct Memory {
    /// The last complete render.
    pub render: Option<Kept>,
    /// Verdicts of comparisons and answers to dry runs.
    pub answers: HashMap<ObjectKey, Remembered>,
    /// What is not compared.
    pub rules: Option<Arc<Rules>>,
    /// When an object was last written; none after a start.
    pub last_write: Option<Time>,
    /// Kinds that its objects have.
    pub gvks: HashSet<Gvk>,
    /// Until when a status that says nothing new but the revision may be put off, by [`super::clock::steady`].
    pub owed: Option<Time>,
    /// Runs in a row that the server did not answer.
    pub unanswered: u32,
    /// What it did not answer at the last one, in words.
    pub refusal: Option<String>,
    /// Runs in a row whose sources could not be fetched.
    pub unfetched: u32,
}

/// The last word about one object, valid for one content of its manifest and one state of the live object.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Hash of the manifest.
    pub desired: u64,
    /// State of the live object; 0 where there was none.
    pub live: u64,
    /// The comparison's word.
    pub verdict: SyncStatusCode,
    /// The server's word.
    pub answer: Answer,
    /// The difference as text, Secrets masked.
    pub diff: Option<Arc<str>>,
}

impl Remembered {
    /// True where the word still holds.
    pub fn holds(&self, desired: u64, live: u64) -> bool {
        (self.desired, self.live) == (desired, live)
    }
}

impl Memory {
    /// Keeps the server's answer to a dry run of an object that did not exist, or of one that the plan saw.
    pub fn answered(&mut self, apply: &Apply, live: u64, answer: Answer) {
        match self.answers.get_mut(&apply.key).filter(|known| known.holds(apply.hash, live)) {
            Some(known) => known.answer = answer,
            None => {
                let verdict = SyncStatusCode::OutOfSync;
                let fresh = Remembered { desired: apply.hash, live, verdict, answer, diff: None };
                self.answers.insert(apply.key.clone(), fresh);
            }
        }
    }
}

/// What a run came to, for the loop.
pub struct Outcome {
    /// For the next run.
    pub memory: Memory,
    /// The Application as last read or written.
    pub app: Arc<Application>,
    /// When to look again at the latest, by the wall clock, and how deep.
    pub wake: Option<(Time, Depth)>,
    /// When to write a status that can wait, by [`super::clock::steady`].
    pub owed: Option<Time>,
    /// True where there is no set of what is wanted: what changes around the sources may bring one.
    pub is_refused: bool,
    /// Repositories that its sources are in.
    pub repositories: Vec<Arc<Repository>>,
    /// Objects it wants: a change to one of them concerns it, whoever tracks them.
    pub wanted: BTreeSet<ObjectKey>,
    /// True where what the cluster serves may have changed.
    pub definitions_changed: bool,
}
