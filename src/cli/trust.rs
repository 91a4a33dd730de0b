//! `countersign trust`: the installation's trust file.

mod init;
mod show;

use super::Outcome;
use super::config::Settings;
use super::terminal::Terminal;

/// Make and look at the installation's trust file
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign trust show --trust trust.json")]
pub(super) enum Command {
    /// Write a new trust file
    Init(init::Args),
    /// Show what a trust file says, and its digest
    Show(show::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
    }
}
