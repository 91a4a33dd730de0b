//! `countersign ledger checkpoint`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::keys::{self, Folder};
use super::super::passphrase::Source;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, load};
use crate::keystore::{Embedded, KeyName};
use crate::ledger::Checkpoint;
use crate::store::Store;

/// Sign what the ledger is now, for others to keep
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign the size and the root of the ledger as a note (C2SP signed-note, tlog-checkpoint), with the \
        latest instant of its rows and the highest serial of a policy lock that the store remembers. Kept elsewhere, \
        by an auditor or a witness, it shows later whether rows were taken away.",
    after_help = "Example:\n  countersign ledger checkpoint --ledger ledger.jsonl --sign-with qar-2 --keys keys \
        --out march.note"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    which: super::Which,
    /// Name of the keys that sign
    #[arg(long, value_name = "NAME", value_parser = keys::name)]
    sign_with: KeyName,
    #[command(flatten)]
    folder: Folder,
    /// File to write; nothing is replaced. Default: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: Source,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let ledger = args.which.open(settings)?;
    let lock_serial = match &settings.store {
        Some(path) => {
            let initialised = match settings.trust {
                Some(_) => load::trust(None, settings)?.store_initialised,
                None => false,
            };
            Store::open(path, initialised)?.memory()?.lock_serial
        }
        None => None,
    };
    let file = args.folder.keystore(settings)?.read(&args.sign_with)?;
    let passphrase = args.passphrase.existing(args.sign_with.as_str())?;
    let signer = Embedded::locked(file, || Ok(passphrase.clone()));
    let note = Checkpoint::of(&ledger, lock_serial).sign(&signer).map_err(CliError::Signer)?.write();
    match &args.out {
        Some(path) => write::atomically(path, note.as_bytes(), Existing::Keep)?,
        None => terminal.print(&note)?,
    }
    Ok(0)
}
