//! One file per command.

use std::process::ExitCode;

use crate::config::{Command, RenderCommand};

pub mod agent;
pub mod completion;
pub mod diff;
pub mod files;
pub mod given;
pub mod health;
pub mod live;
pub mod offline;
pub mod output;
pub mod render_app;
pub mod render_helm;
pub mod simulate;

/// Runs one command; what went wrong is on standard error by the time it returns.
pub fn run(command: Command) -> ExitCode {
    match command {
        Command::Agent(args) => agent::run(args),
        Command::Render(RenderCommand::App(args)) => render_app::run(args),
        Command::Render(RenderCommand::Helm(args)) => render_helm::run(&args),
        Command::Diff(args) => diff::run(args),
        Command::Health(args) => health::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Completion(args) => completion::run(&args),
    }
}

/// Prints what a command has come to.
fn printed(text: &str) -> ExitCode {
    match output::print(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Says why a command has failed.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    output::print_error(error);
    ExitCode::FAILURE
}
