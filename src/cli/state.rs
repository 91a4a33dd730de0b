//! `countersign state`: store and ledger of an installation, made once, and recovered by officers only.

mod draft;
mod init;
mod recover;
mod show;
mod sign;

use std::path::{Path, PathBuf};

use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use super::{Outcome, load};
use crate::ledger::Ledger;
use crate::state::Recovery;
use crate::store::Store;

/// Most bytes of a recovery record, with the logs of its signers.
const RECOVERY_BYTES_MAX: u64 = 4 << 20;

/// Make store and ledger once, look at them, and recover them with the officers
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign state show")]
pub(super) enum Command {
    /// Make store and ledger, once, and the trust file that says so
    Init(init::Args),
    /// Show store, ledger and trust file, and what does not fit
    Show(show::Args),
    /// Write a recovery record for officers to sign
    Draft(draft::Args),
    /// Add an officer's signature to a recovery record
    Sign(sign::Args),
    /// Carry out a recovery that the officers signed
    Recover(recover::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, settings, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
        Command::Draft(args) => draft::run(args, settings, terminal),
        Command::Sign(args) => sign::run(args, settings, terminal),
        Command::Recover(args) => recover::run(args, settings, terminal),
    }
}

/// Where state lies
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Places {
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The store; default: the settings'
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// The ledger; default: the settings'
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

impl Places {
    fn store<'p>(&'p self, settings: &'p Settings) -> Result<&'p Path, CliError> {
        self.store.as_deref().or(settings.store.as_deref()).ok_or(CliError::NoStore)
    }

    fn ledger<'p>(&'p self, settings: &'p Settings) -> Result<&'p Path, CliError> {
        self.ledger.as_deref().or(settings.ledger.as_deref()).ok_or(CliError::NoLedger)
    }
}

fn recovery(path: &Path) -> Result<Recovery, CliError> {
    Ok(Recovery::read(&load::bytes(path, RECOVERY_BYTES_MAX)?)?)
}

/// The ledger, if something is there.
fn ledger_if_any(path: &Path) -> Result<Option<Ledger>, CliError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Ok(_) | Err(_) => Ok(Some(Ledger::open(path)?)),
    }
}

/// Makes a store where nothing of an earlier one is left: the database would take its pages for the new one's.
fn make_store(path: &Path) -> Result<Store, CliError> {
    for ending in ["-wal", "-shm", "-journal"] {
        let mut left = path.as_os_str().to_owned();
        left.push(ending);
        let left = PathBuf::from(left);
        if is_there(&left) {
            return Err(CliError::Exists { path: left });
        }
    }
    Ok(Store::init(path)?)
}

/// Whether something is at a place.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
