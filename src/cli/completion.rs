//! `windlass completion`: a completion script for a shell.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::config::Args;

/// `windlass completion`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass completion bash > /etc/bash_completion.d/windlass
  windlass completion zsh > \"${fpath[1]}/_windlass\"
  source <(windlass completion bash)")]
pub struct CompletionArgs {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Prints the script.
pub fn run(args: &CompletionArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "windlass", &mut script);
    super::printed(&String::from_utf8_lossy(&script))
}
