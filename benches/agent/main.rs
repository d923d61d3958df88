//! The whole agent on the real control plane: what it costs, next to the least that any agent must do.
//!
//! `cargo bench --profile release --bench agent [-- APPLICATIONS]`; how it is measured: docs/performance.md.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock and starts processes")]

use std::process::ExitCode;

#[path = "../../tests/it/support/mod.rs"]
mod support;

mod cluster;
mod fleet;
mod floor;
mod process;
mod remote;
mod requests;
mod stages;
mod table;
mod watching;

use fleet::Fleet;
use remote::Remote;
use stages::Stage;
use support::controlplane;
use table::Table;

/// Applications of the fleet, where the command line names no number.
const APPLICATIONS: usize = 200;

fn main() -> ExitCode {
    let number = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(APPLICATIONS);
    let plane = controlplane::shared();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async {
        let mut table = Table::new(number);
        let fleet = Fleet::new(plane, number).await;
        let mut stage = Stage::new(plane, fleet).await;
        stage.first_sync(&mut table).await;
        stage.restart(&mut table).await;
        stage.push_seen_by_notify(&mut table).await;
        if Remote::is_listened_to(stage.agent()) {
            stage.push_told_by_webhook(&mut table).await;
        }
        stage.hand_edit(&mut table).await;
        stage.refresh_by_request(&mut table).await;
        stage.refresh_by_project(&mut table).await;
        stage.refresh_by_settings(&mut table).await;
        stage.idle(&mut table).await;
        print!("{table}");
    });
    ExitCode::SUCCESS
}
