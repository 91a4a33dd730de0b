//! `countersign ledger verify`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of, print_error};
use super::super::{Outcome, load};
use crate::keystore::PublicKey;
use crate::ledger::{Ledger, LedgerError, SignedCheckpoint};
use crate::primitives::Aid;

/// Most bytes of a checkpoint.
const CHECKPOINT_BYTES_MAX: u64 = 16 << 10;

/// Verify that no row was changed, moved or taken away
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verify that every row follows the one before it, that the first is the one that the trust file \
        names, and, against a checkpoint, that the ledger still has every row that the checkpoint saw.\n\nThe chain \
        alone does not show rows taken away at the end, nor a ledger written anew: keep checkpoints elsewhere. The key \
        of a checkpoint comes from its signer's key event log.",
    after_help = "Example:\n  countersign ledger verify --ledger ledger.jsonl --checkpoint march.note \\\n    \
        --by EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU --key DHczsX-yq2PubpXbWF9fYtH_fVtq-APheKZ1ISxxX8IZ\n\n\
        Exit status: 0 nothing was changed, 1 something was, 2 the command could not run, 3 the last row ends early \
        and no checkpoint tells whether rows are missing."
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    which: super::Which,
    /// A checkpoint to compare with
    #[arg(long, value_name = "FILE", requires_all = ["by", "key"])]
    checkpoint: Option<PathBuf>,
    /// AID of who signed the checkpoint
    #[arg(long, value_name = "AID", requires = "checkpoint", value_parser = |text: &str| text.parse::<Aid>())]
    by: Option<Aid>,
    /// Their public key
    #[arg(long, value_name = "KEY", requires = "checkpoint", value_parser = |text: &str| text.parse::<PublicKey>())]
    key: Option<PublicKey>,
    /// Trust file that names the first row; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

/// Something in the ledger or its checkpoint was changed.
const CHANGED: u8 = 1;
/// Nothing shows a change, and nothing shows that there is none.
const UNDECIDED: u8 = 3;

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    match verified(&args, settings) {
        Ok(ledger) => told(&ledger, args.checkpoint.is_some(), terminal),
        Err(CliError::Ledger(error)) if is_a_change(&error) => {
            print_error(&CliError::Ledger(error));
            Ok(CHANGED)
        }
        Err(error) => Err(error),
    }
}

fn verified(args: &Args, settings: &Settings) -> Result<Ledger, CliError> {
    let ledger = args.which.open(settings)?;
    if args.trust.is_some() || settings.trust.is_some() {
        let trust = load::trust(args.trust.as_deref(), settings)?;
        if let Some(genesis) = trust.ledger_genesis {
            ledger.begins_with(&genesis)?;
        }
    }
    if let (Some(path), Some(by), Some(key)) = (&args.checkpoint, &args.by, args.key) {
        let signed = SignedCheckpoint::read(&load::bytes(path, CHECKPOINT_BYTES_MAX)?)?;
        ledger.extends(signed.verified_by(by, key)?)?;
    }
    Ok(ledger)
}

fn told(ledger: &Ledger, compared: bool, terminal: &Terminal) -> Outcome {
    let rows = [
        ["rows".to_owned(), ledger.size().to_string()],
        ["first row".to_owned(), ledger.genesis().to_string()],
        ["tree root".to_owned(), ledger.root().to_string()],
    ];
    terminal.print(&columns_of(&rows))?;
    match ledger.torn() {
        None => Ok(0),
        Some(torn) => {
            print_error(&CliError::Ledger(LedgerError::Torn { path: ledger.path().to_owned(), bytes: torn.bytes }));
            Ok(if compared { 0 } else { UNDECIDED })
        }
    }
}

/// Whether an error is a verdict on the ledger rather than a command that could not run.
fn is_a_change(error: &LedgerError) -> bool {
    match error {
        LedgerError::NotARow { .. }
        | LedgerError::OutOfOrder { .. }
        | LedgerError::BrokenChain { .. }
        | LedgerError::AnotherGenesis { .. }
        | LedgerError::Truncated { .. }
        | LedgerError::Rewritten { .. }
        | LedgerError::CheckpointSignature { .. } => true,
        LedgerError::Missing { .. }
        | LedgerError::Exists { .. }
        | LedgerError::Torn { .. }
        | LedgerError::NoRow { .. }
        | LedgerError::NoPayload { .. }
        | LedgerError::NotACheckpoint { .. }
        | LedgerError::AnotherLedger { .. }
        | LedgerError::NotSignable(_)
        | LedgerError::TooLarge { .. }
        | LedgerError::Unreadable { .. }
        | LedgerError::Write { .. } => false,
    }
}
