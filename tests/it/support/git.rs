//! Real repositories in temporary folders: fixed author and dates, no configuration of the machine.

use std::path::{Path, PathBuf};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Oid, Repository, RepositoryInitOptions, Signature, Time};

/// A bare repository that a test writes to.
pub struct TestRepository {
    repository: Repository,
    folder: PathBuf,
}

/// What a commit does with a path.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// Writes a file.
    File(&'a str),
    /// Writes a link with this target.
    Link(&'a str),
    /// Removes what is there.
    Gone,
}

impl TestRepository {
    /// An empty bare repository in `folder`, whose HEAD is `main`.
    pub fn bare(folder: &Path) -> Self {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).initial_head("main").external_template(false).mkpath(true);
        let repository = Repository::init_opts(folder, &options).expect("the folder can be written");
        Self { repository, folder: folder.to_owned() }
    }

    /// A repository with a work tree (which stays empty) in `folder`.
    pub fn with_work_tree(folder: &Path) -> Self {
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main").external_template(false).mkpath(true);
        let repository = Repository::init_opts(folder, &options).expect("the folder can be written");
        Self { repository, folder: folder.to_owned() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its URL as a local repository.
    pub fn url(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    /// Writes files on top of a branch and moves it.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)]) -> String {
        let changes: Vec<_> = files.iter().map(|(path, text)| (*path, Change::File(text))).collect();
        self.change(branch, &changes, "change files")
    }

    /// Makes changes on top of a branch and moves it.
    pub fn change(&self, branch: &str, changes: &[(&str, Change<'_>)], message: &str) -> String {
        let name = format!("refs/heads/{branch}");
        let parent = self.repository.find_reference(&name).ok().and_then(|found| found.peel_to_commit().ok());
        let commit = self.write(parent.as_ref(), changes, message);
        self.repository.reference(&name, commit, true, "test").expect("the branch can be moved");
        commit.to_string()
    }

    /// Replaces a branch by a commit without a past, as a force-push does.
    pub fn rewrite(&self, branch: &str, files: &[(&str, &str)]) -> String {
        let changes: Vec<_> = files.iter().map(|(path, text)| (*path, Change::File(text))).collect();
        let commit = self.write(None, &changes, "start anew");
        self.repository
            .reference(&format!("refs/heads/{branch}"), commit, true, "test")
            .expect("the branch can be moved");
        commit.to_string()
    }

    fn write(&self, parent: Option<&git2::Commit<'_>>, changes: &[(&str, Change<'_>)], message: &str) -> Oid {
        let mut update = TreeUpdateBuilder::new();
        let blob = |text: &str| self.repository.blob(text.as_bytes()).expect("an object can be written");
        for (path, change) in changes {
            match change {
                Change::File(text) => update.upsert(*path, blob(text), FileMode::Blob),
                Change::Link(target) => update.upsert(*path, blob(target), FileMode::Link),
                Change::Gone => update.remove(*path),
            };
        }
        let empty = self
            .repository
            .treebuilder(None)
            .and_then(|tree| tree.write())
            .expect("an object can be written");
        let before = match parent {
            Some(parent) => parent.tree(),
            None => self.repository.find_tree(empty),
        };
        let tree = update
            .create_updated(&self.repository, &before.expect("the tree is there"))
            .expect("paths are sound");
        let tree = self.repository.find_tree(tree).expect("it was just written");
        let past = parent.map_or(0, |parent| parent.time().seconds() - START + 60);
        let author = Signature::new("Ann Author", "ann@example.com", &Time::new(START + past, 0))
            .expect("it is sound");
        let parents: Vec<_> = parent.into_iter().collect();
        self.repository
            .commit(None, &author, &author, message, &tree, &parents)
            .expect("an object can be written")
    }

    /// Tags a commit, with an object of the tag's own where `annotated`.
    pub fn tag(&self, name: &str, commit: &str, annotated: bool) {
        let id = Oid::from_str(commit).expect("it is an id");
        let object = self.repository.find_object(id, Some(ObjectType::Commit)).expect("it is there");
        let author =
            Signature::new("Ann Author", "ann@example.com", &Time::new(START, 0)).expect("it is sound");
        let made = if annotated {
            self.repository.tag(name, &object, &author, "a release", true)
        } else {
            self.repository.tag_lightweight(name, &object, true)
        };
        made.expect("the tag can be written");
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, branch: &str) {
        let mut reference =
            self.repository.find_reference(&format!("refs/heads/{branch}")).expect("it is there");
        reference.delete().expect("it can be deleted");
    }

    /// Sets one of the repository's own settings.
    pub fn set(&self, key: &str, value: &str) {
        let mut config = self.repository.config().expect("it has a configuration");
        config.set_str(key, value).expect("it can be written");
    }
}

/// The date of a first commit: 2024-05-01T12:00:00Z.
const START: i64 = 1_714_564_800;
