//! `countersign ledger`: what was decided, and proofs that nobody changed it.

mod checkpoint;
mod prove;
mod show;
mod verify;

use std::path::PathBuf;

use super::Outcome;
use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use crate::ledger::Ledger;

/// Show, verify and prove what was decided
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign ledger verify --ledger ledger.jsonl")]
pub(super) enum Command {
    /// List the rows
    Show(show::Args),
    /// Verify that no row was changed, moved or taken away
    Verify(verify::Args),
    /// Print the proof that a row stands in the ledger
    Prove(prove::Args),
    /// Sign what the ledger is now, for others to keep
    Checkpoint(checkpoint::Args),
}

/// Which ledger
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Which {
    /// The ledger; default: the settings'
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

impl Which {
    /// Opens it.
    ///
    /// # Errors
    /// `no_ledger`: none is named; the ledger's own.
    fn open(&self, settings: &Settings) -> Result<Ledger, CliError> {
        let path = self.ledger.as_deref().or(settings.ledger.as_deref()).ok_or(CliError::NoLedger)?;
        Ok(Ledger::open(path)?)
    }
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Show(args) => show::run(args, settings, terminal),
        Command::Verify(args) => verify::run(args, settings, terminal),
        Command::Prove(args) => prove::run(args, settings, terminal),
        Command::Checkpoint(args) => checkpoint::run(args, settings, terminal),
    }
}
