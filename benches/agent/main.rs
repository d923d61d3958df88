//! The whole agent on the real control plane: what it costs, next to the least that any agent must do.
//!
//! `cargo bench --profile release --bench agent [-- [applications|rollouts] [NUMBER]]`; how it is measured: docs/performance.md.
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
mod rollouts;
mod stages;
mod table;
mod watching;

use fleet::Fleet;
use remote::Remote;
use stages::Stage;
use support::controlplane::{self, ControlPlane};
use table::Table;

/// Applications of the fleet, where the command line names no number.
const APPLICATIONS: usize = 200;
/// Rollouts at once, likewise.
const ROLLOUTS: usize = 100;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = words.iter().find_map(|word| word.parse().ok());
    let has = |word: &str| words.iter().any(|given| given == word);
    let plane = controlplane::shared();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async {
        if !has("rollouts") {
            applications(plane, number.unwrap_or(APPLICATIONS)).await;
        }
        if !has("applications") {
            rollouts(plane, number.unwrap_or(ROLLOUTS)).await;
        }
    });
    ExitCode::SUCCESS
}

async fn applications(plane: &'static ControlPlane, number: usize) {
    let what = format!("{number} Applications with 4 objects each, on the local control plane");
    let mut table = Table::new(what, "Argo CD");
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
}

async fn rollouts(plane: &'static ControlPlane, number: usize) {
    let what = format!("{number} Rollouts of 5 pods each, on the local control plane");
    let mut table = Table::new(what, "Argo Rollouts");
    let stage = rollouts::Stage::new(plane, number).await;
    stage.walk(&mut table).await;
    stage.promote(&mut table).await;
    stage.pause(&mut table).await;
    print!("{table}");
}
