//! `countersign trust replace`: the next trust file comes into force.

use std::fs;
use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use crate::ledger::{Entry, Kind, Ledger};
use crate::primitives::Duration;
use crate::state;
use crate::store::{Memory, Store};

/// Put the next trust file in force
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Put a trust file in the place of the one in force, if the officers' threshold of the one in force \
        signed it and its serial is higher. The ledger gets a row about it, and the store remembers its serial.\n\n\
        A policy lock names the trust file: have a new one made and signed next.",
    after_help = "Example:\n  countersign trust replace next.json --trust trust.json"
)]
pub(in super::super) struct Args {
    /// The next trust file, signed
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trust file in force, which is replaced; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let (trust, path) = load::trust_and_path(args.trust.as_deref(), settings)?;
    let next = load::trust(Some(&args.file), settings)?;
    let now = clock::now()?;
    // After a crash between the steps below, the same command goes on where it stopped.
    let in_force = next.digest == trust.digest;
    if !in_force {
        next.succeeds(&trust, now)?;
    }
    let ledger = match (&settings.ledger, &next.ledger_genesis) {
        (Some(path), Some(genesis)) => {
            let ledger = Ledger::open(path)?;
            ledger.begins_with(genesis)?;
            Some(ledger)
        }
        (Some(path), None) if path.exists() => Some(Ledger::open(path)?),
        (Some(_), None) | (None, None) => None,
        (None, Some(_)) => return Err(CliError::NoLedger),
    };
    let store = match (&settings.store, next.store_initialised) {
        (Some(path), true) => Some(Store::open(path, true)?),
        (None, true) => return Err(CliError::NoStore),
        (Some(_) | None, false) => None,
    };
    if let Some(store) = &store {
        let problem = state::problems(&next, Some(&store.memory()?), None).into_iter().next();
        problem.map_or(Ok(()), Err)?;
    }
    if let Some(mut ledger) = ledger.filter(|ledger| state::trust_of(ledger) != Some(next.digest)) {
        let actor = next.signatures.first().map_or(&next.qvi_aid, |signature| &signature.aid).clone();
        ledger.append(Entry { at: now, actor, kind: Kind::Trust, payload: next.digest })?;
    }
    if !in_force {
        let bytes = fs::read(&args.file)
            .map_err(|source| CliError::Unreadable { path: args.file.clone(), source })
            .and_then(|bytes| match crate::primitives::Sha256::of(&bytes) == next.digest {
                true => Ok(bytes),
                false => Err(CliError::Internal { what: "a trust file that changes while it is read" }),
            })?;
        write::atomically(path, &bytes, Existing::Replace)?;
    }
    if let Some(mut store) = store {
        let seen = Memory { trust_serial: Some(next.serial), ..Memory::default() };
        store.remember(&seen, Duration::from_seconds(0))?;
    }
    terminal.print(&format!(
        "{} is in force: serial {}, sha256 {}\nmake a new policy lock for it: `countersign lock new`\n",
        path.display(),
        next.serial,
        next.digest
    ))?;
    Ok(0)
}
