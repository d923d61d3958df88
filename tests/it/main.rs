//! One test program for what needs more than one crate: linked once, not once for each file.
#![expect(clippy::disallowed_methods, reason = "tests start processes and wait for states with a deadline")]

mod architecture;
mod bad_input;
mod browser;
mod cli;
mod cluster;
mod conformance;
mod delivery;
mod faults;
mod git;
mod install;
mod install_crds;
mod page;
mod providers;
mod routers;
mod secrets;
mod story;
mod support;
mod takeover;
mod webhook;
