//! `countersign state init`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use crate::ledger::{Entry, Kind, Ledger, LedgerError};
use crate::primitives::Duration;
use crate::state::StateError;
use crate::store::{Memory, Store, StoreError};
use crate::trust::{Trust, TrustChange};

/// Make store and ledger, once, and the trust file that says so
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make the store and the ledger of this installation, and the next trust file, which names the first \
        row of the ledger and says that the store was made. From when it is in force, a store or ledger that is gone \
        is never made again but by a recovery of the officers.",
    after_help = "Example:\n  countersign state init next.json --trust trust.json --store store.db --ledger ledger.jsonl \\\n    \
        --log kel-officer-1.cesr --log kel-officer-2.cesr"
)]
pub(in super::super) struct Args {
    /// File for the next trust file; nothing is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    places: super::Places,
    /// A key event log of an officer or policy key, for the trust file; repeat for each
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.places.trust.as_deref(), settings)?;
    let logs = load::logs(&args.log)?;
    if trust.store_initialised || trust.ledger_genesis.is_some() {
        return Err(CliError::State(StateError::Initialised { serial: trust.serial }));
    }
    if super::is_there(&args.file) {
        return Err(CliError::Exists { path: args.file });
    }
    let (store_path, ledger_path) = (args.places.store(settings)?, args.places.ledger(settings)?);
    let now = clock::now()?;
    // A run that was interrupted goes on with what it made, and with nothing else.
    let ledger = match super::ledger_if_any(ledger_path)? {
        Some(ledger) if begun_here(&ledger, &trust) => ledger,
        Some(_) => return Err(CliError::Ledger(LedgerError::Exists { path: ledger_path.to_owned() })),
        None => {
            if super::is_there(store_path) {
                return Err(CliError::Store(StoreError::Exists { path: store_path.to_owned() }));
            }
            let actor = trust.qvi_aid.clone();
            Ledger::begin(ledger_path, Entry { at: now, actor, kind: Kind::Genesis, payload: trust.digest })?
        }
    };
    let mut store = match super::is_there(store_path) {
        true => Store::open(store_path, false)?,
        false => super::make_store(store_path)?,
    };
    if !(store.history()?.is_empty() && store.cases()?.is_empty()) {
        return Err(CliError::Store(StoreError::Exists { path: store_path.to_owned() }));
    }
    let seen = Memory { lock_serial: None, trust_serial: Some(trust.serial), latest: Some(now) };
    store.remember(&seen, Duration::from_seconds(0))?;
    let change =
        TrustChange { ledger_genesis: Some(ledger.genesis()), store_initialised: true, logs, ..TrustChange::none(now) };
    let (bytes, next) = trust.changed(&change)?;
    write::atomically(&args.file, &bytes, Existing::Keep)?;
    terminal.print(&format!(
        "made the store {} and the ledger {}, first row {}\n{}",
        store_path.display(),
        ledger_path.display(),
        ledger.genesis(),
        super::super::trust::made(&args.file, &next)
    ))?;
    Ok(0)
}

/// Whether a ledger holds nothing but that it began under this trust file.
fn begun_here(ledger: &Ledger, trust: &Trust) -> bool {
    let first = ledger.rows().first().map(|row| (row.entry.kind, row.entry.payload));
    ledger.size() == 1 && first == Some((Kind::Genesis, trust.digest))
}
