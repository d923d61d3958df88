//! `windlass agent`: make the cluster follow Git.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::fail;
use crate::agent;
use crate::config::AgentArgs;

/// Runs the agent until SIGINT or SIGTERM.
pub fn run(args: AgentArgs) -> ExitCode {
    let config = match args.check() {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let outcome = runtime.block_on(agent::run(config, stopped()));
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Ends with the first SIGINT or SIGTERM; never where they cannot be listened for.
async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("told to stop");
}
