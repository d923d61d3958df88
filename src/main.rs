//! Reads arguments, starts telemetry, runs one command.

use std::process::ExitCode;

use clap::Parser;
use windlass::config::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    windlass::telemetry::start(args.log(), args.log_format);
    windlass::cli::run(args.command)
}
