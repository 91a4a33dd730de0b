//! `countersign state sign`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::keys::SignAs;
use super::super::terminal::{Terminal, columns_of};
use super::super::trust::quorum_rows;
use super::super::write::{self, Existing};
use super::super::{Outcome, load};
use crate::state::Recovery;

/// Add an officer's signature to a recovery record
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign a recovery record with the key of an officer of the trust file, and write the signature and \
        the officer's key event log into it.",
    after_help = "Example:\n  countersign state sign recovery.json --sign-with officer-1 --keys keys --log kel-officer-1.cesr"
)]
pub(in super::super) struct Args {
    /// The record; the signature is written into it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Key event log of the signer; needed if neither file has it
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    #[command(flatten)]
    sign: SignAs,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let record = super::recovery(&args.file)?;
    let logs = load::logs(&args.log)?;
    // What would be refused anyway is told before a passphrase is asked for.
    record.signed(&trust)?;
    let signed: Recovery = args.sign.with(settings, |signer| Ok(record.sign(&trust, &logs, signer)?))?;
    write::atomically(&args.file, &signed.write(), Existing::Replace)?;
    terminal.print(&columns_of(&quorum_rows(&trust.officers, &signed.signed(&trust)?, "officer")))?;
    Ok(0)
}
