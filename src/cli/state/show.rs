//! `countersign state show`.

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of, print_error};
use super::super::{Outcome, load};
use crate::ledger::{Ledger, LedgerError};
use crate::state;
use crate::store::Store;

/// Show store, ledger and trust file, and what does not fit
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show what the store remembers, which events are reserved and not finished, the rows, first row and \
        root of the ledger, and the trust file; and everything that does not fit between them.",
    after_help = "Example:\n  countersign state show\n\n\
        Exit status: 0 everything fits, 1 something does not or is gone, 2 the command could not run."
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    places: super::Places,
}

/// Something does not fit, or is gone.
const WRONG: u8 = 1;

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.places.trust.as_deref(), settings)?;
    let (store_path, ledger_path) = (args.places.store(settings)?, args.places.ledger(settings)?);
    let mut problems: Vec<CliError> = Vec::new();
    let mut rows = vec![
        ["trust".to_owned(), format!("serial {}, sha256 {}", trust.serial, trust.digest)],
        ["store".to_owned(), store_path.display().to_string()],
    ];
    let mut memory = None;
    match Store::open(store_path, trust.store_initialised).map_err(CliError::Store) {
        Ok(store) => {
            let seen = store.memory()?;
            let none = || "none".to_owned();
            rows.push(["cases".to_owned(), store.cases()?.len().to_string()]);
            rows.push(["lock serial".to_owned(), seen.lock_serial.map_or_else(none, |serial| serial.to_string())]);
            rows.push(["trust serial".to_owned(), seen.trust_serial.map_or_else(none, |serial| serial.to_string())]);
            rows.push(["latest moment".to_owned(), seen.latest.map_or_else(none, |latest| latest.to_string())]);
            rows.extend(store.unfinished()?.iter().map(|reserved| {
                let event = &reserved.reservation;
                ["unfinished".to_owned(), format!("{} number {}: {}", event.group, event.sn, event.said)]
            }));
            memory = Some(seen);
        }
        Err(error) => problems.push(error),
    }
    rows.push(["ledger".to_owned(), ledger_path.display().to_string()]);
    let ledger = Ledger::open(ledger_path).map_err(CliError::Ledger);
    match &ledger {
        Ok(ledger) => {
            rows.push(["rows".to_owned(), ledger.size().to_string()]);
            rows.push(["first row".to_owned(), ledger.genesis().to_string()]);
            rows.push(["tree root".to_owned(), ledger.root().to_string()]);
            let torn = ledger.torn().map(|torn| LedgerError::Torn { path: ledger_path.to_owned(), bytes: torn.bytes });
            problems.extend(torn.map(CliError::Ledger));
        }
        Err(_) => {}
    }
    problems.extend(state::problems(&trust, memory.as_ref(), ledger.as_ref().ok()).into_iter().map(CliError::State));
    problems.extend(ledger.err());
    terminal.print(&columns_of(&rows))?;
    problems.iter().for_each(print_error);
    Ok(if problems.is_empty() { 0 } else { WRONG })
}
