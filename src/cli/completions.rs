//! `countersign completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::error::CliError;
use super::{Arguments, Outcome, terminal::Terminal};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign completions bash > ~/.local/share/bash-completion/completions/countersign"
)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "countersign", &mut script);
    let script = String::from_utf8(script).map_err(|_| CliError::Internal { what: "the completion script" })?;
    Terminal::of_stdout().print(&script)?;
    Ok(0)
}
