//! From a remote to a tree: repositories of Git and Helm, their credentials, and what tells that they moved.

pub mod credentials;
pub mod git;
pub mod helm_repository;
pub mod known_hosts;
pub mod poll;
pub mod url;
pub mod watch;
pub mod webhook;
