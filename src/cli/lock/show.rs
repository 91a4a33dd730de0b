//! `countersign lock show`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of, print_error};
use super::super::trust::quorum_rows;
use super::super::{Outcome, clock, load};
use crate::lock::{SignedLock, Terms};
use crate::primitives::Instant;
use crate::store::Store;
use crate::trust::Trust;

/// Show what a lock says, who signed it, and whether it is in force
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show what a policy lock says, which policy keys signed it, and whether the gate would decide by it \
        now: signatures, dates, the highest serial that the store remembers, the trust file, the engine and the rule \
        book at hand.",
    after_help = "Example:\n  countersign lock show lock.json --trust trust.json\n\n\
        Exit status: 0 in force, 1 not in force, 2 the command could not run."
)]
pub(in super::super) struct Args {
    /// The lock; default: the settings'
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Folder of policies to compare with; default: the settings', else the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The instant to answer for; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    as_of: Option<Instant>,
}

/// The gate would not decide by it.
const NOT_IN_FORCE: u8 = 1;

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let lock = load::lock(args.file.as_deref(), settings)?;
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let now = args.as_of.map_or_else(clock::now, Ok)?;
    let highest = match &settings.store {
        Some(path) if trust.store_initialised || path.exists() => {
            Store::open(path, trust.store_initialised)?.memory()?.lock_serial
        }
        Some(_) | None => None,
    };
    let mut rows = said(&lock);
    if let Ok(quorum) = lock.signed(&trust) {
        rows.extend(quorum_rows(&trust.policy_keys, &quorum, "policy key"));
    }
    let here = super::files(&rule_book);
    let terms = lock.terms();
    let differs = here.iter().filter(|(path, digest)| terms.files.get(*path) != Some(digest)).map(|(path, _)| path);
    let gone = terms.files.keys().filter(|path| !here.contains_key(*path));
    rows.extend(differs.chain(gone).map(|path| ["differs".to_owned(), path.clone()]));
    let problems = problems(&lock, &trust, now, highest, &rule_book.program().digest);
    rows.push(["in force".to_owned(), if problems.is_empty() { "yes" } else { "no" }.to_owned()]);
    terminal.print(&columns_of(&rows))?;
    problems.iter().for_each(print_error);
    Ok(if problems.is_empty() { 0 } else { NOT_IN_FORCE })
}

fn problems(
    lock: &SignedLock,
    trust: &Trust,
    now: Instant,
    highest: Option<u64>,
    policy: &crate::primitives::Sha256,
) -> Vec<CliError> {
    match lock.verified(trust, now, highest) {
        Ok(lock) => lock.pins(policy).err().map(CliError::Lock).into_iter().collect(),
        Err(error) => vec![CliError::Lock(error)],
    }
}

fn said(lock: &SignedLock) -> Vec<[String; 2]> {
    let Terms { id, serial, not_before, expires, minimum_engine, trust_digest, policy_digest, profile, .. } =
        lock.terms();
    let terms = lock.terms();
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let mut rows: Vec<[String; 2]> = [
        ("lock", id.clone()),
        ("serial", serial.to_string()),
        ("digest", lock.digest().to_string()),
        ("holds from", not_before.to_string()),
        ("valid until", expires.to_string()),
        ("engine", format!("{minimum_engine} or later")),
        ("trust", trust_digest.to_string()),
        ("policies", policy_digest.to_string()),
        ("files", format!("{}, {} rules", terms.files.len(), terms.levels.len())),
        ("profile", profile.clone()),
        ("flows", list(terms.flows.iter().cloned().collect())),
        ("report age", format!("at most {}", terms.report_max_age)),
        ("live state age", format!("at most {}", terms.live_max_age)),
        ("clock behind", format!("at most {}", terms.skew)),
    ]
    .map(|(name, value)| [name.to_owned(), value])
    .into();
    rows.extend(terms.parameters.iter().map(|(name, value)| ["parameter".to_owned(), format!("{name} = {value}")]));
    rows.extend(terms.schemas.iter().map(|said| ["schema".to_owned(), said.to_string()]));
    rows.extend(
        terms.documents.iter().map(|(id, versions)| ["document".to_owned(), format!("{id} {}", versions.join(", "))]),
    );
    rows
}
