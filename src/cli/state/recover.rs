//! `countersign state recover`.

use std::path::{Path, PathBuf};

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use crate::ledger::{Entry, Kind, Ledger};
use crate::primitives::Duration;
use crate::state::{Lost, Recovery, StateError};
use crate::store::{Memory, Store};
use crate::trust::TrustChange;

/// Carry out a recovery that the officers signed
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make the store or the ledger again, if the officers' threshold signed the record, and begin with \
        what it says must not be forgotten. The ledger gets a row about it, and the record serves no second time.\n\n\
        A new ledger has another first row, which the next trust file names: give a file for it with `--next`, and \
        have the officers sign that too.",
    after_help = "Example:\n  countersign state recover recovery.json"
)]
pub(in super::super) struct Args {
    /// The record, signed
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    places: super::Places,
    /// File for the next trust file, where the ledger was lost; nothing is replaced
    #[arg(long, value_name = "FILE")]
    next: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.places.trust.as_deref(), settings)?;
    let record = super::recovery(&args.file)?;
    let (store_path, ledger_path) = (args.places.store(settings)?, args.places.ledger(settings)?);
    let now = clock::now()?;
    let ledger = super::ledger_if_any(ledger_path)?;
    record.allowed(&trust, ledger.as_ref(), now)?;
    let next = match (record.lost().contains(&Lost::Ledger), args.next) {
        (true, None) => return Err(CliError::NoNext),
        (true, Some(path)) if super::is_there(&path) => return Err(CliError::Exists { path }),
        (true, Some(path)) => Some(path),
        (false, _) => None,
    };
    // The store first: a row about a recovery that did not happen would keep it from happening.
    let mut store = store(store_path, &record)?;
    store.remember(&record.remembered().memory(), Duration::from_seconds(0))?;
    let actor = trust.officers.aids.first().unwrap_or(&trust.qvi_aid).clone();
    let entry = Entry { at: now, actor, kind: Kind::Recovery, payload: record.digest() };
    let ledger = match ledger {
        Some(mut ledger) if next.is_none() => {
            ledger.append(entry)?;
            ledger
        }
        // Begun by a run that did not come to its end.
        Some(ledger) => ledger,
        None => Ledger::begin(ledger_path, entry)?,
    };
    let lost: Vec<&str> = record.lost().iter().map(|what| what.as_str()).collect();
    let mut text = format!("recovered: {}\n", lost.join(" and "));
    if let Some(next) = &next {
        let change = TrustChange { ledger_genesis: Some(ledger.genesis()), ..TrustChange::none(now) };
        let (bytes, trust) = trust.changed(&change)?;
        write::atomically(next, &bytes, Existing::Keep)?;
        text.push_str(&super::super::trust::made(next, &trust));
    }
    terminal.print(&text)?;
    Ok(0)
}

/// The store that is made again, or the one that is there.
fn store(path: &Path, record: &Recovery) -> Result<Store, CliError> {
    if !record.lost().contains(&Lost::Store) {
        return Ok(Store::open(path, true)?);
    }
    if !super::is_there(path) {
        return super::make_store(path);
    }
    // Made by a run that did not come to its end, or never lost.
    let store = Store::open(path, true)?;
    let memory = store.memory()?;
    let fresh = memory == Memory::default() || memory == record.remembered().memory();
    match fresh && store.history()?.is_empty() && store.cases()?.is_empty() {
        true => Ok(store),
        false => Err(CliError::State(StateError::NothingLost { what: Lost::Store.as_str() })),
    }
}
