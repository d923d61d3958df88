//! Log subscriber and metrics.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

pub mod cluster;
pub mod delivery;
pub mod metrics;
pub mod process;
pub mod rollouts;
pub mod tallies;
mod text;

pub use metrics::Metrics;

/// Starts logging to standard error; a filter that cannot be read is said and replaced by `info`.
pub fn start(filter: &str, format: LogFormat) {
    let (filter, problem) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    if let Some(error) = problem {
        tracing::warn!(%error, "--log cannot be read, info is used");
    }
}
