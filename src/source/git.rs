//! Git repositories: revisions resolved, and their trees read out of the object database.
//!
//! [`Repositories`] hands out one [`Repository`] for each URL (and each set of credentials that may read it). Remote
//! ones are bare mirrors in the cache folder, local ones are opened in place. Nothing is ever checked out.
//!
//! Everything here blocks: call it from threads that may (`tokio::task::spawn_blocking`), never from a thread that
//! drives the runtime.

mod commit;
mod error;
mod library;
mod local;
mod mirror;
mod object;
mod reads;
mod remote;
mod repositories;
mod repository;
mod resolve;
mod room;
mod ssh;
mod store;
mod talk;
mod transport;
mod tree;
mod turn;

pub use commit::CommitInfo;
pub use error::GitError;
pub use reads::ReadSet;
pub use repositories::{GitOptions, Repositories};
pub use repository::Repository;
pub use resolve::{CommitId, NamesOnly, Resolved, Versions, Wanted};
pub use talk::{Conversation, Observer, Talk};
pub use tree::{BudgetedTree, GitTree};
