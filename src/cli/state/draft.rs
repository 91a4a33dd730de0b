//! `countersign state draft`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use crate::ledger::{LedgerError, SignedCheckpoint};
use crate::state::{self, LedgerThen, Lost, Recovery, StateError};

/// Most bytes of a checkpoint.
const CHECKPOINT_BYTES_MAX: u64 = 16 << 10;

/// Write a recovery record for officers to sign
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write a record of what is gone, store or ledger or both, and of what must not be forgotten: the \
        highest serial of a policy lock, that of the trust file, the latest moment. They come from the ledger, from a \
        checkpoint that somebody kept, from the lock in use and from `--lock-serial`; the officers vouch for them.\n\n\
        With the store, the memory of what was signed and not yet published is gone. Before you sign, ask both QARs \
        and the witnesses whether there is such an event, and publish it.",
    after_help = "Example:\n  countersign state draft recovery.json --reason \"disk of the signing machine failed\" \\\n    \
        --checkpoint march.note"
)]
pub(in super::super) struct Args {
    /// File to write; nothing is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    places: super::Places,
    /// What happened
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// A checkpoint of the ledger that was kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The highest serial of a policy lock that was in force
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1 << 53))]
    lock_serial: Option<u64>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.places.trust.as_deref(), settings)?;
    let (store, ledger_path) = (args.places.store(settings)?, args.places.ledger(settings)?);
    let ledger = super::ledger_if_any(ledger_path)?;
    if let (Some(ledger), Some(genesis)) = (&ledger, &trust.ledger_genesis) {
        ledger.begins_with(genesis)?;
    }
    let lost = [(Lost::Store, !super::is_there(store)), (Lost::Ledger, ledger.is_none())];
    let lost: BTreeSet<Lost> = lost.into_iter().filter(|(_, lost)| *lost).map(|(what, _)| what).collect();
    if lost.is_empty() {
        return Err(CliError::State(StateError::NothingLost { what: "state" }));
    }
    let signed = match &args.checkpoint {
        Some(path) => Some(SignedCheckpoint::read(&load::bytes(path, CHECKPOINT_BYTES_MAX)?)?),
        None => None,
    };
    let checkpoint = signed.as_ref().map(SignedCheckpoint::unverified);
    match (&ledger, checkpoint, &trust.ledger_genesis) {
        (Some(ledger), Some(checkpoint), _) => ledger.extends(checkpoint)?,
        (None, Some(checkpoint), Some(genesis)) if checkpoint.origin != crate::ledger::Checkpoint::origin(genesis) => {
            let expected = crate::ledger::Checkpoint::origin(genesis);
            let found = checkpoint.origin.clone();
            return Err(CliError::Ledger(LedgerError::AnotherLedger { found, expected }));
        }
        (Some(_) | None, None, _) | (None, Some(_), _) => {}
    }
    let of_lock = match &settings.lock {
        Some(path) if path.exists() => Some(load::lock(None, settings)?.terms().serial),
        Some(_) | None => None,
    };
    let now = clock::now()?;
    let remembered = state::remembered(&trust, ledger.as_ref(), checkpoint, args.lock_serial.max(of_lock), now);
    let then = ledger.as_ref().map(LedgerThen::of);
    let record = Recovery::draft(&trust, lost, then, remembered, &args.reason, now)?;
    write::atomically(&args.file, &record.write(), Existing::Keep)?;
    let path = args.file.display();
    let lost: Vec<&str> = record.lost().iter().map(|what| what.as_str()).collect();
    let serial = remembered.lock_serial.map_or("none".to_owned(), |serial| serial.to_string());
    terminal.print(&format!(
        "wrote {path}: lost {}; highest lock serial {serial}, latest moment {}\n\
         have the officers read and sign it, then carry it out:\n\
         \x20 countersign state sign {path} --sign-with NAME --log FILE\n\
         \x20 countersign state recover {path}\n",
        lost.join(" and "),
        remembered.latest
    ))?;
    Ok(0)
}
