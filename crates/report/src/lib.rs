//! What happened, told to people: the report of each application, and the page that shows it.
//!
//! A report is a value that the agent swaps whole; the page reads it and can change nothing.

pub mod application;
pub mod looks;
pub mod page;
pub mod status;

pub use application::AppReport;
