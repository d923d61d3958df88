//! Live objects in, actions out.

pub mod apply;
pub mod cache;
pub mod carry_out;
pub mod connect;
pub mod decision;
pub mod default_project;
pub mod discovery;
pub mod events;
pub mod fence;
pub mod lease;
pub mod packed;
pub mod references;
pub mod request;
pub mod seal;
pub mod snapshot;
pub mod status;
pub mod tally;
pub mod upstream;
pub mod watch;
